"""What a server of /v1/audio/transcriptions answers, read and judged. Pure: bytes in, verdicts out.

Servers differ: whole sentences with their probabilities (OpenAI's whisper-1, speaches), probabilities in part or null (vLLM),
only the text (LocalAI, newer models of OpenAI's). What is not told counts as good; the text itself is judged always.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from calls.call import Spent, Transcript
from calls.settings import RecognizerSettings
from stream.remote_languages import code_of
from stream.whisper_guards import rejection

UNTOLD = 0.7  # confidence of words about whose probability the server says nothing
REASONS = ("silence", "no_speech", "low_confidence", "repetition", "prompt_echo", "dropped")  # of Transcript.rejected


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the words; None where the server does not tell."""

    text: str
    avg_logprob: float | None = None  # per token
    no_speech: float | None = None  # probability


@dataclass(frozen=True, slots=True)
class Answer:
    parts: tuple[Part, ...]
    language: str = ""  # its code as told, perhaps none of ours; "" when the server does not tell
    language_probability: float | None = None  # this and what follows our own servers tell beyond the contract
    rejected: str = ""  # why there are no words: one of REASONS
    spent: Spent | None = None

    @property
    def text(self) -> str:
        return " ".join(part.text for part in self.parts if part.text)


def read(body: bytes) -> Answer:
    """Of JSON in any of the contract's forms. Raises ValueError."""
    try:
        tree = json.loads(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(tree, dict) or not isinstance(tree.get("text"), str):
        raise ValueError("no text")
    segments = tree.get("segments")
    parts = tuple(_part(each) for each in segments if isinstance(each, dict)) if isinstance(segments, list) else ()
    language, rejected = tree.get("language"), tree.get("rejected")
    return Answer(
        parts if any(part.text for part in parts) else (Part(_tidy(tree["text"])),),
        code_of(language) if isinstance(language, str) else "",
        _number(tree.get("language_probability")),
        rejected if isinstance(rejected, str) and rejected in REASONS else "",
        _spent(tree.get("spent")),
    )


def judged(answer: Answer, language: str, sure: float, settings: RecognizerSettings, hints: Sequence[str]) -> Transcript:
    """The transcript in `language`, of which we are so `sure` (0..1): without the parts that are inventions, rejected if all are."""
    verdicts = [(part, _rejection((part,), settings, hints)) for part in answer.parts]
    good = [part for part, why in verdicts if not why]
    why = _rejection(good, settings, hints) if good else answer.rejected or verdicts[0][1]
    if why:
        return Transcript("", language, 0.0, sure, why, answer.spent)
    return Transcript(" ".join(part.text for part in good), language, _confidence(good), sure, spent=answer.spent)


def _rejection(parts: Sequence[Part], settings: RecognizerSettings, hints: Sequence[str]) -> str:
    text = " ".join(part.text for part in parts)
    return rejection(text, _mean(parts, "avg_logprob") or 0.0, _mean(parts, "no_speech") or 0.0, settings, hints)


def _confidence(parts: Sequence[Part]) -> float:
    avg_logprob = _mean(parts, "avg_logprob")
    return UNTOLD if avg_logprob is None else math.exp(min(0.0, avg_logprob))


def _mean(parts: Sequence[Part], figure: str) -> float | None:
    """Over the letters of those that tell."""
    told = [(value, len(part.text) or 1) for part in parts if (value := getattr(part, figure)) is not None]
    return sum(value * letters for value, letters in told) / sum(letters for _, letters in told) if told else None


def _part(segment: dict[str, Any]) -> Part:
    text = segment.get("text")
    return Part(_tidy(text if isinstance(text, str) else ""), _number(segment.get("avg_logprob")), _number(segment.get("no_speech_prob")))


def _spent(told: Any) -> Spent | None:
    """Of whole milliseconds only."""
    if not isinstance(told, dict):
        return None
    figures = [told.get(name) for name in ("queue_ms", "encode_ms", "decode_ms")]
    whole = [figure for figure in figures if type(figure) is int and figure >= 0]
    return Spent(*whole) if len(whole) == len(figures) else None


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
