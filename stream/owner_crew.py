"""One loaded engine with what is being done on it. It is given up as a whole: what a hung thread still brings is for nobody."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from calls.call import Spent, Transcript
from calls.errors import EngineError
from stream.owner_queue import Asked, Job

log = logging.getLogger(__name__)
NOT_TRIED = ("silence", "dropped")  # transcripts that tell nothing about the model's health
MOST_FAILURES = 3  # in a row; then the model is taken for broken


class Hearing(Protocol):
    """What can be owned: something that hears several utterances together, from several threads."""

    languages: tuple[str, ...]
    batch: int  # utterances that it hears together
    hands: int  # threads that it works in at once

    def transcribe_many(self, asked: Sequence[Asked]) -> list[Transcript]:
        """One transcript an utterance, in their order. Looks at each one's `wanted` between its steps. Raises EngineError."""

    def warm_up(self) -> float:
        """Seconds that it took. Raises EngineError when it can't hear."""

    def describe(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Utterances that are heard together, since `begun_s`."""

    jobs: Sequence[Job]
    begun_s: float


@dataclass(slots=True, eq=False)
class Crew:
    """An engine, the batches that it works on, and how it does."""

    engine: Hearing
    since_s: float
    at_work: set[Batch] = field(default_factory=set)
    failures: int = 0  # utterances in a row
    given_up: str = ""  # why

    @property
    def busy(self) -> int:
        """Utterances that are being heard."""
        return sum(len(batch.jobs) for batch in self.at_work)

    def count(self, answers: Sequence[Transcript | EngineError]) -> None:
        """What was heard tells that the engine lives; what failed, that it may be broken."""
        if any(isinstance(answer, Transcript) and answer.rejected not in NOT_TRIED for answer in answers):
            self.failures = 0
        else:
            self.failures += sum(isinstance(answer, EngineError) for answer in answers)

    def verdict(self, *, now_s: float, hung_after_s: float) -> str:
        """Why it should be given up, or ""."""
        if self.failures >= MOST_FAILURES:
            return "broken"
        return "hung" if any(now_s - batch.begun_s > hung_after_s for batch in self.at_work) else ""


def heard_by(engine: Hearing, asked: Sequence[Asked]) -> list[Transcript | EngineError]:
    """What the engine made of each. What fails together is tried alone, so that one utterance does not cost the others theirs."""
    try:
        return list(engine.transcribe_many(asked))
    except Exception as error:
        log.exception("the recogniser failed", extra={"utterances": len(asked)})
        failure = error if isinstance(error, EngineError) else EngineError("the recogniser failed at an utterance")
    return [failure] if len(asked) == 1 else [heard_by(engine, [each])[0] for each in asked]


def settle(batch: Batch, answers: Sequence[Transcript | EngineError]) -> None:
    """Everybody gets theirs, with the time that it waited."""
    for job, answer in zip(batch.jobs, answers, strict=True):
        if isinstance(answer, EngineError):
            job.answer.set_exception(answer)
        else:
            queue_ms = round((batch.begun_s - job.since_s) * 1000)
            job.answer.set_result(replace(answer, spent=replace(answer.spent or Spent(), queue_ms=queue_ms)))
