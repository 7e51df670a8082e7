"""Recognisers one behind the other: when one fails, the next hears the same utterance, and the caller notices nothing."""

from __future__ import annotations

import logging
import threading
from typing import Any

from calls.call import Transcript, Utterance, Wanted
from calls.errors import EngineError
from calls.ports import NEEDED, Recognizer

log = logging.getLogger(__name__)


class LadderRecognizer:
    """`calls.ports.Recognizer`. All are asked for every utterance, from the first on: one that rests says so at once, and when it has
    recovered it hears again. Those further down may know fewer languages; they then hear what they can."""

    def __init__(self, *rungs: Recognizer) -> None:
        self._rungs = rungs
        self.languages = rungs[0].languages
        self.at_once: int = max(getattr(rung, "at_once", 1) for rung in rungs)  # threads that may ask it: whoever hears, none waits outside
        self._lock, self._rung, self._fell = threading.Lock(), 0, 0
        self._heard, self._failures = [0] * len(rungs), [0] * len(rungs)
        self._last = ["untried"] * len(rungs)

    def describe(self) -> dict[str, Any]:
        """For /readyz and the log: the engine that heard last (`rung`, counted from 1), how many utterances one further down has heard
        (`fell`), and all engines. Of each: how many it `heard`, how many `failed`, how the `last` went: "untried", "heard", or why not."""
        rungs: list[dict[str, Any]] = [dict(getattr(rung, "describe", dict)()) for rung in self._rungs]
        with self._lock:
            for at, rung in enumerate(rungs):
                rung.update(heard=self._heard[at], failed=self._failures[at], last=self._last[at])
            return {**rungs[self._rung], "rung": self._rung + 1, "fell": self._fell, "rungs": rungs}

    def warm_up(self) -> float:
        """All. Returns seconds. Raises EngineError when the last can't hear: the first may be down, the last is what is relied on."""
        return sum(float(rung.warm_up()) for rung in self._rungs if hasattr(rung, "warm_up"))

    def transcribe(self, utterance: Utterance, *, language: str | None, wanted: Wanted = NEEDED) -> Transcript:
        """See `calls.ports.Recognizer`. Raises the last one's EngineError when none can; its `why` says what is wrong with that."""
        last = len(self._rungs) - 1
        for at, rung in enumerate(self._rungs):
            try:
                transcript = rung.transcribe(utterance, language=language, wanted=wanted)
            except EngineError as error:
                self._failed(at, error.why)
                if at == last:
                    raise
            else:
                self._stand_on(at)
                return transcript
        raise EngineError("a ladder without rungs")

    def close(self) -> None:
        for rung in self._rungs:
            if close := getattr(rung, "close", None):
                close()

    def _failed(self, at: int, why: str) -> None:
        with self._lock:
            self._failures[at] += 1
            self._last[at] = why

    def _stand_on(self, at: int) -> None:
        with self._lock:
            before, self._rung = self._rung, at
            self._heard[at], self._last[at] = self._heard[at] + 1, "heard"
            self._fell += at > 0
            why = self._last[before]
        if at > before:
            log.warning("a recogniser failed; one further down hears", extra={"rung": at + 1, "why": why})
        elif at < before:
            log.info("a recogniser further up hears again", extra={"rung": at + 1})
