"""Who is heard next: utterances of all calls that wait for one recogniser. Pure: no threads, no clock."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from calls.call import Transcript, Utterance, Wanted

BUCKETS_MS = (1500, 3000, 6000, 12_000)  # utterances of one bucket are heard together: the shortest of them pads little
GUESSES = 0.5  # of the places: a guess that is refused costs a moment, a sure utterance costs the caller's words


@dataclass(frozen=True, slots=True)
class Asked:
    """One utterance to be heard; see `calls.ports.Recognizer.transcribe`."""

    utterance: Utterance
    language: str | None
    wanted: Wanted

    @property
    def bucket(self) -> int:
        return bisect_left(BUCKETS_MS, self.utterance.duration_ms)


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Somebody waits for `answer`. `since_s`: when it was asked for; of two that are alike the older is more urgent."""

    asked: Asked
    since_s: float
    answer: Future[Transcript] = field(default_factory=Future)


class Waiting:
    """What has been asked for and not been begun. `most`: so many may wait, guesses fewer."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._jobs: list[Job] = []

    def __len__(self) -> int:
        return len(self._jobs)

    def has_room(self, wanted: Wanted) -> bool:
        """Guesses are turned away before what is sure."""
        return len(self._jobs) < (self._most if wanted.sure else max(1, int(self._most * GUESSES)))

    def add(self, job: Job) -> None:
        self._jobs.append(job)

    def take_dropped(self) -> list[Job]:
        """Those that nobody wants any more leave undone."""
        dropped = [job for job in self._jobs if job.asked.wanted.dropped]
        self._leave(dropped)
        return dropped

    def take_batch(self, most: int) -> list[Job]:
        """The most urgent utterance, and up to `most` in all of about its length; [] if none waits."""
        ordered = by_urgency(self._jobs)
        batch = [job for job in ordered if job.asked.bucket == ordered[0].asked.bucket][:most]
        self._leave(batch)
        return batch

    def take_all(self) -> list[Job]:
        jobs, self._jobs = self._jobs, []
        return jobs

    def _leave(self, jobs: Sequence[Job]) -> None:
        if jobs:
            gone = set(jobs)
            self._jobs = [job for job in self._jobs if job not in gone]


def by_urgency(jobs: Sequence[Job]) -> list[Job]:
    """What is sure, then guesses; the oldest first. Asked anew each time, as a guess may have become sure meanwhile."""
    return sorted(jobs, key=lambda job: (not job.asked.wanted.sure, job.since_s))
