"""Whether a correction helps: what callers said before is understood with it and without it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache

from calls.call import Intent, Question

Understand = Callable[[str, Question], Intent]  # (words, what the bot had just asked) -> what they mean


class Verdict(StrEnum):
    BETTER = "better"
    EQUAL = "equal"
    WORSE = "worse"
    UNCLEAR = "unclear"  # of a single utterance: understood otherwise, and nobody has said what it meant


@dataclass(frozen=True, slots=True)
class Sample:
    """What a caller once said."""

    heard: str
    language: str
    asked: Question = Question.NONE  # which question it answered
    meant: str = ""  # the intent, "" where it is not known
    said: str = ""  # the words as an agent has put them right, where that is all that is known
    told: bool = False  # an agent told us; else the bot was sure, and nobody contradicted it
    call_sid: str = ""
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """A sample that is understood otherwise with the correction."""

    sample: Sample
    meant: str
    before: Intent
    after: Intent
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Score:
    """`better`, `equal` and `worse` count samples of which the meaning is known, `unclear` changed ones of which it is not."""

    samples: int
    better: int
    equal: int
    worse: int
    unclear: int
    changed: tuple[Changed, ...]

    @property
    def verdict(self) -> Verdict:
        """As much lost as gained is worse: what is lost was right yesterday, and callers rely on it."""
        if self.better > self.worse:
            return Verdict.BETTER
        return Verdict.WORSE if self.worse else Verdict.EQUAL

    def as_dict(self, version: str, at: datetime) -> dict[str, int | float | str]:
        """For calls.corrections.Correction.score: figures, and no caller's words. `version`: of the file that it was scored against."""
        counts = {name: getattr(self, name) for name in ("samples", "better", "equal", "worse", "unclear")}
        return {**counts, "verdict": self.verdict.value, "version": version, "at": at.isoformat()}


def score(samples: Iterable[Sample], before: Understand, after: Understand, *, pause: Callable[[], None] = lambda: None) -> Score:
    """`pause` is called between two samples: calls go on beside it."""
    counts, changed = Counter[Verdict](), list[Changed]()
    before, after = cache(before), cache(after)  # callers say the same again and again
    for sample in samples:
        pause()
        one = compared(sample, before, after)
        counts[one.verdict] += 1
        if one.before.name != one.after.name:
            changed.append(one)
    better, equal, worse = (counts[verdict] for verdict in (Verdict.BETTER, Verdict.EQUAL, Verdict.WORSE))
    unclear = sum(one.verdict is Verdict.UNCLEAR for one in changed)
    return Score(counts.total(), better, equal, worse, unclear, tuple(sorted(changed, key=gravity)))


def compared(sample: Sample, before: Understand, after: Understand) -> Changed:
    meant = sample.meant or (before(sample.said, sample.asked).name if sample.said else "")
    was, is_now = before(sample.heard, sample.asked), after(sample.heard, sample.asked)
    return Changed(sample, meant, was, is_now, verdict_of(meant, was.name, is_now.name))


def verdict_of(meant: str, before: str, after: str) -> Verdict:
    if not meant:
        return Verdict.UNCLEAR
    if (before == meant) is (after == meant):
        return Verdict.EQUAL
    return Verdict.BETTER if after == meant else Verdict.WORSE


def gravity(one: Changed) -> int:
    """What speaks against the correction is read first."""
    return (Verdict.WORSE, Verdict.UNCLEAR, Verdict.EQUAL, Verdict.BETTER).index(one.verdict)
