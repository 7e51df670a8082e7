"""Why a caller needs care: signs that a rule found in the words, each explainable to an agent."""

from __future__ import annotations

from enum import StrEnum


class Signal(StrEnum):
    ANGER = "anger"  # harsh words, threats to leave or complain
    REPETITION = "repetition"  # "third time I call", or the same wish again and again in this call
    DATA_LOSS = "data_loss"  # books or backups gone
    DEADLINE = "deadline"  # "the return is due today"
    STANDSTILL = "standstill"  # the business can't work
    ASKED_FOR_HUMAN = "asked_for_human"  # more than once
