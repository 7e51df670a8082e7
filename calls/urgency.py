"""Why a caller needs care: signs that a rule found in the words, each explainable to an agent."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Signal(StrEnum):
    ANGER = "anger"  # harsh words, threats to leave or complain
    REPETITION = "repetition"  # "third time I call", or the same wish again and again in this call
    DATA_LOSS = "data_loss"  # books or backups gone
    DEADLINE = "deadline"  # "the return is due today"
    STANDSTILL = "standstill"  # the business can't work
    ASKED_FOR_HUMAN = "asked_for_human"  # more than once


_WORDS = {
    Signal.ANGER: "angry",
    Signal.REPETITION: "not the first call about it",
    Signal.DATA_LOSS: "data is lost",
    Signal.DEADLINE: "a deadline is near",
    Signal.STANDSTILL: "the business stands still",
    Signal.ASKED_FOR_HUMAN: "asked for a person more than once",
}


def in_words(signals: Iterable[str]) -> str:
    """ "angry; data is lost". What is no signal (of a later version's journal) is left out."""
    return "; ".join(_WORDS[Signal(signal)] for signal in signals if signal in {*Signal})
