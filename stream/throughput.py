"""How fast a model hears: as much as it can in batches of one size, and what callers wait when so many talk at once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

from calls.call import Utterance
from calls.errors import EngineError
from calls.ports import NEEDED, Recognizer
from calls.settings import RecognizerSettings
from stream.owner_crew import Hearing
from stream.owner_queue import Asked

SHARE = 1 / 3  # of the time a caller speaks; the rest is the bot's, and silence


@dataclass(frozen=True, slots=True)
class Bench:
    """What is measured: a loaded engine, how it is asked, and utterances (of `language`) to hear."""

    engine: Hearing
    settings: RecognizerSettings
    language: str
    sounds: Sequence[Utterance]


@dataclass(slots=True)
class Measured:
    """`latencies_ms`: from an utterance's asking to its words; `refused`: utterances that were not taken, or failed."""

    latencies_ms: list[float] = field(default_factory=list)
    sound_s: float = 0.0  # in what was heard
    took_s: float = 0.0
    refused: int = 0

    def note(self, utterances: Sequence[Utterance], took_s: float) -> None:
        """Of utterances that were heard together."""
        self.latencies_ms += [took_s * 1000] * len(utterances)
        self.sound_s += sum(each.duration_ms for each in utterances) / 1000

    def figures(self) -> dict[str, Any]:
        """Utterances a second, times real time, latency in ms (nearest rank); latencies are None where nothing was heard."""
        ordered = sorted(self.latencies_ms)
        at = {share: round(ordered[min(int(share * len(ordered)), len(ordered) - 1)], 1) if ordered else None for share in (0.5, 0.95)}
        return {
            "utterances": len(ordered),
            "per_second": round(len(ordered) / self.took_s, 2),
            "times_real_time": round(self.sound_s / self.took_s, 1),
            "median_ms": at[0.5],
            "p95_ms": at[0.95],
            "refused": self.refused,
        }


def flat_out(engine: Hearing, sounds: Sequence[Utterance], *, language: str, batch: int, seconds: float) -> Measured:
    """All hands of the engine hear batch after batch for so long. Raises EngineError."""
    left, lock, measured = cycle(sounds), threading.Lock(), Measured()
    began = time.perf_counter()

    def hear() -> None:
        """At least one batch."""
        now_s = began
        while now_s - began < seconds:
            with lock:
                utterances = list(islice(left, batch))
            asked_s = time.perf_counter()
            engine.transcribe_many([Asked(each, language, NEEDED) for each in utterances])
            now_s = time.perf_counter()
            with lock:
                measured.note(utterances, now_s - asked_s)

    with ThreadPoolExecutor(engine.hands) as hands:
        for hand in [hands.submit(hear) for _ in range(engine.hands)]:
            hand.result()
    measured.took_s = time.perf_counter() - began
    return measured


def in_calls(recognizer: Recognizer, sounds: Sequence[Utterance], *, language: str, calls: int, seconds: float, threads: int) -> Measured:
    """So many calls at once, whose callers speak a third of the time, and not in step. `threads`: that may wait for the recogniser."""
    measured, lock = Measured(), threading.Lock()

    def hear(utterance: Utterance, due_s: float) -> None:
        try:
            recognizer.transcribe(utterance, language=language)
        except EngineError:
            with lock:
                measured.refused += 1
            return
        with lock:
            measured.note([utterance], time.perf_counter() - due_s)

    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as ears:
        for utterance, after_s in spoken(sounds, calls=calls, seconds=seconds):
            time.sleep(max(0.0, began + after_s - time.perf_counter()))
            ears.submit(hear, utterance, began + after_s)
    measured.took_s = time.perf_counter() - began
    return measured


def spoken(sounds: Sequence[Utterance], *, calls: int, seconds: float, seed: int = 1) -> Iterator[tuple[Utterance, float]]:
    """Utterances with the second at which each is over: at random, as many as so many callers speak in that time."""
    chance, mean_s = random.Random(seed), sum(each.duration_ms for each in sounds) / 1000 / len(sounds)
    after_s = 0.0
    for utterance in cycle(sounds):
        after_s += chance.expovariate(calls * SHARE / mean_s)
        if after_s > seconds:
            return
        yield utterance, after_s
