"""Answers to figures: accuracy by intent, confusion, false transfers, calibration, time. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Any

TRANSFER, OTHER = "transfer_to_human", "other"
BINS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0)  # borders of the confidences that are looked at together


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine made of one utterance, and what was right."""

    meant: str
    understood: str
    confidence: float
    ms: float  # of one core
    text: str = ""

    @property
    def right(self) -> bool:
        return self.understood == self.meant


def figures(answers: Sequence[Answer]) -> dict[str, Any]:
    """Of one language."""
    wishes = [answer for answer in answers if answer.meant != TRANSFER]
    return {
        "n": len(answers),
        "accuracy": share(answer.right for answer in answers),
        "intents": {name: of_intent([answer for answer in answers if answer.meant == name]) for name in names(answers)},
        "false_transfers": share(answer.understood == TRANSFER for answer in wishes),
        "other_recognised": share(answer.right for answer in answers if answer.meant == OTHER),
        "confusion": confusion(answers),
        "calibration": calibration(answers),
        "ms": {"median": percentile([answer.ms for answer in answers], 0.5), "p95": percentile([answer.ms for answer in answers], 0.95)},
    }


def names(answers: Iterable[Answer]) -> list[str]:
    """The intents that were meant, in the order of the sheet."""
    return list(dict.fromkeys(answer.meant for answer in answers))


def of_intent(answers: Sequence[Answer]) -> dict[str, Any]:
    return {"n": len(answers), "right": sum(answer.right for answer in answers), "accuracy": share(answer.right for answer in answers)}


def confusion(answers: Iterable[Answer]) -> dict[str, dict[str, int]]:
    """meant -> understood -> how often, the right ones too."""
    table: dict[str, Counter[str]] = {}
    for answer in answers:
        table.setdefault(answer.meant, Counter())[answer.understood] += 1
    return {meant: dict(counts.most_common()) for meant, counts in table.items()}


def calibration(answers: Iterable[Answer]) -> list[dict[str, float]]:
    """Of the wishes that were understood: how sure the engine was, and how often it was right."""
    given = [answer for answer in answers if answer.understood != OTHER]
    rows = []
    for low, high in pairwise(BINS):
        held = [answer for answer in given if low <= answer.confidence < high or answer.confidence == high == BINS[-1]]
        if held:
            sure = fmean(answer.confidence for answer in held)
            rows.append({"from": low, "to": high, "n": len(held), "confidence": round(sure, 3), "right": share(a.right for a in held)})
    return rows


def share(facts: Iterable[bool]) -> float:
    """Of true ones, 0..1; nan of none."""
    held = list(facts)
    return round(sum(held) / len(held), 4) if held else float("nan")


def percentile(values: Sequence[float], part: float) -> float:
    """The value that `part` (0..1) of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(part * len(ordered)))], 2) if ordered else float("nan")
