"""One owner of the model: utterances of all calls wait in one queue, and a model that fails or hangs is loaded anew.

In the queue (`owner_queue.py`) what is sure goes before guesses, and the oldest first. Threads of the owner (`owner_work.py`) take
batches out of it and give them to the engine (`owner_crew.py`); whoever asked waits. While the model is loaded anew, and while too
much waits, it says so at once, so that the next recogniser of the ladder hears.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable
from typing import Any

from calls.call import Transcript, Utterance, Wanted
from calls.ports import NEEDED
from calls.settings import RecognizerSettings
from stream.owner_crew import Hearing
from stream.owner_queue import Asked, Job
from stream.owner_work import Owner

__all__ = ["Hearing", "OwnedRecognizer"]
REFUSED_AT_ONCE = 4  # threads that are there to be told that the queue is full


class OwnedRecognizer:
    """`calls.ports.Recognizer`, of an engine that `make` loads, now and whenever it has to be loaded anew. Raises what `make` raises.

    `clock` in seconds; `pause_s`: before it is loaded anew, growing while that does not help."""

    def __init__(
        self,
        make: Callable[[], Hearing],
        *,
        settings: RecognizerSettings,
        clock: Callable[[], float] = time.monotonic,
        pause_s: float = 1.0,
    ) -> None:
        self._clock = clock
        self._owner = Owner(make, most_waiting=settings.most_waiting, hung_after_s=settings.hung_after_s, clock=clock, pause_s=pause_s)
        engine = self._owner.crew.engine
        self.languages = engine.languages
        self.at_once = settings.most_waiting + engine.hands * engine.batch + REFUSED_AT_ONCE  # threads that may ask it
        self._end = weakref.finalize(self, self._owner.close)  # settings change, and nobody tells who was left behind

    def describe(self) -> dict[str, Any]:
        """For /readyz and the log: the engine; `state` "ok", "restarting" or "gone" (it was loaded in vain several times; it is tried on);
        `restarts`; utterances `waiting` and being heard (`busy`); `why` it was given up."""
        return {**self._owner.crew.engine.describe(), **self._owner.describe()}

    def warm_up(self) -> float:
        """Returns seconds. Raises EngineError."""
        return self._owner.crew.engine.warm_up()

    def transcribe(self, utterance: Utterance, *, language: str | None, wanted: Wanted = NEEDED) -> Transcript:
        """See `calls.ports.Recognizer`. Raises EngineError; its `why` is "full", "broken", "hung", "restarting" or "gone" where
        the utterance itself is not to blame."""
        job = Job(Asked(utterance, language, wanted), self._clock())
        self._owner.ask(job)
        return job.answer.result()

    def close(self) -> None:
        """When no call works with it any more."""
        self._end()
