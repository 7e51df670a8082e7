"""Two recognisers, one behind the other: when the first fails, the second hears the same utterance, and the caller notices nothing."""

from __future__ import annotations

import logging
import threading
from typing import Any

from calls.call import Transcript, Utterance
from calls.errors import EngineError
from calls.ports import Recognizer

log = logging.getLogger(__name__)


class LadderRecognizer:
    """`calls.ports.Recognizer`. The first is asked for every utterance: one that rests says so at once, and when it has recovered
    it hears again. The second may know fewer languages; it then hears what it can."""

    def __init__(self, first: Recognizer, second: Recognizer) -> None:
        self._rungs = (first, second)
        self.languages = first.languages
        self.at_once: int = getattr(first, "at_once", 1)  # utterances that it wants to hear at once
        self._lock, self._rung, self._fell = threading.Lock(), 0, 0

    def describe(self) -> dict[str, Any]:
        """For /readyz and the log: the engine that heard last, how many utterances the second has heard, and both engines."""
        rungs: list[dict[str, Any]] = [dict(getattr(rung, "describe", dict)()) for rung in self._rungs]
        with self._lock:
            return {**rungs[self._rung], "rung": self._rung + 1, "fell": self._fell, "rungs": rungs}

    def warm_up(self) -> float:
        """Both. Returns seconds. Raises EngineError when the second can't hear: the first may be down, the second is what is relied on."""
        return sum(float(rung.warm_up()) for rung in self._rungs if hasattr(rung, "warm_up"))

    def transcribe(self, utterance: Utterance, *, language: str | None) -> Transcript:
        """See `calls.ports.Recognizer`. Raises EngineError when neither can."""
        first, second = self._rungs
        try:
            transcript = first.transcribe(utterance, language=language)
        except EngineError as error:
            why = str(getattr(error, "why", type(error).__name__))
        else:
            self._stand_on(0)
            return transcript
        self._stand_on(1, why)
        return second.transcribe(utterance, language=language)

    def close(self) -> None:
        for rung in self._rungs:
            if close := getattr(rung, "close", None):
                close()

    def _stand_on(self, rung: int, why: str = "") -> None:
        with self._lock:
            before, self._rung = self._rung, rung
            self._fell += rung
        if rung > before:
            log.warning("the first recogniser failed; the second hears", extra={"why": why})
        elif rung < before:
            log.info("the first recogniser hears again")
