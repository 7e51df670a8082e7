"""The threads that own the model: some hear, one watches whether they still do and loads the model anew when they don't."""

from __future__ import annotations

import atexit
import logging
import threading
import weakref
from collections.abc import Callable, Iterable
from typing import Any, Literal

from calls import metrics
from calls.call import Transcript, Wanted
from calls.errors import EngineRefused
from stream.owner_crew import Batch, Crew, Hearing, heard_by, settle
from stream.owner_queue import Job, Waiting

log = logging.getLogger(__name__)
State = Literal["ok", "restarting", "gone"]

LOOK_EVERY_S = 1.0
GONE_AFTER = 5  # loads in a row that fail; it is tried on, but nobody should count on it
LONGEST_PAUSE_S = 60.0
LEAVE_S = 2.0  # at the process's end, for what is just being heard
WELL_AFTER_S = 300.0  # a model that has heard so long is loaded anew without a pause that grows


_HANDS: weakref.WeakSet[threading.Thread] = weakref.WeakSet()


@atexit.register
def _wait_for_hands() -> None:
    """A thread that the process leaves behind in the model's own code takes the process down with it (exit code 134)."""
    for hand in list(_HANDS):
        hand.join(LEAVE_S)


class Owner:
    """Loads the model with `make` at once and whenever it is given up. Raises what `make` raises the first time.

    `hung_after_s`: see RecognizerSettings; `pause_s`: before the first try to load it anew, then twice as long each time."""

    def __init__(
        self, make: Callable[[], Hearing], *, most_waiting: int, hung_after_s: float, clock: Callable[[], float], pause_s: float
    ) -> None:
        self._make, self._hung_after_s, self._clock, self._pause_s = make, hung_after_s, clock, pause_s
        lock = threading.RLock()  # the collector may close it in the midst of its own work
        self._work, self._news = threading.Condition(lock), threading.Condition(lock)
        self._waiting, self._told, self._closing = Waiting(most_waiting), 0, threading.Event()
        self._state: State = "ok"
        self._restarts, self._row = 0, 0
        self.crew = self._hired(make())
        threading.Thread(target=self._watch, name="ear-watch", daemon=True).start()

    def ask(self, job: Job) -> None:
        """Let it wait for its turn; `job.answer` comes. Raises EngineRefused."""
        with self._work:
            if why := self._refusal(job.asked.wanted):
                metrics.RECOGNIZER_REFUSED.labels(why).inc()
                raise EngineRefused(why)
            self._waiting.add(job)
            self._tell()
            self._work.notify()

    def describe(self) -> dict[str, Any]:
        with self._work:
            about = {"state": self._state, "restarts": self._restarts, "waiting": len(self._waiting), "busy": self.crew.busy}
            return about | ({"why": self.crew.given_up} if self.crew.given_up else {})

    def close(self) -> None:
        """Nobody asks any more: the threads end."""
        with self._work:
            self._closing.set()
            self._give_up("closed")

    def _refusal(self, wanted: Wanted) -> str:
        if self._closing.is_set():
            return "closed"
        if self._state != "ok":
            return self._state
        return "" if self._waiting.has_room(wanted) else "full"

    # -- hearing -----------------------------------------------------------------------

    def _hired(self, engine: Hearing) -> Crew:
        crew = Crew(engine, self._clock())
        for _ in range(engine.hands):
            hand = threading.Thread(target=self._hear, args=(crew,), name="ear-model", daemon=True)
            _HANDS.add(hand)
            hand.start()
        return crew

    def _hear(self, crew: Crew) -> None:
        while batch := self._next(crew):
            answers = heard_by(crew.engine, [job.asked for job in batch.jobs])
            with self._work:
                if crew.given_up:
                    return
                crew.at_work.discard(batch)
                crew.count(answers)
                settle(batch, answers)
                self._judge(crew)

    def _next(self, crew: Crew) -> Batch | None:
        """The most urgent utterances, waited for; None when the crew is given up."""
        with self._work:
            while not crew.given_up:
                self._let_go(self._waiting.take_dropped())
                jobs = self._waiting.take_batch(crew.engine.batch)
                self._tell()
                if jobs:
                    return self._begun(crew, jobs)
                self._work.wait()
        return None

    def _begun(self, crew: Crew, jobs: list[Job]) -> Batch:
        batch = Batch(jobs, self._clock())
        crew.at_work.add(batch)
        metrics.RECOGNIZER_BATCH.observe(len(jobs))
        for job in jobs:
            metrics.RECOGNIZER_QUEUE.observe(batch.begun_s - job.since_s)
        return batch

    def _let_go(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            job.answer.set_result(Transcript("", job.asked.language or self.crew.engine.languages[0], 0.0, 0.0, "dropped"))

    def _tell(self) -> None:
        """By how much the queue has changed: there may be a second owner, of changed settings."""
        before, self._told = self._told, len(self._waiting)
        metrics.RECOGNIZER_WAITING.inc(self._told - before)

    # -- watching ----------------------------------------------------------------------

    def _watch(self) -> None:
        while not self._closing.is_set():
            with self._news:
                self._news.wait_for(lambda: self.crew.given_up, min(LOOK_EVERY_S, self._hung_after_s / 4))
                self._judge(self.crew)
            if self.crew.given_up:
                self._restart()

    def _judge(self, crew: Crew) -> None:
        why = crew.verdict(now_s=self._clock(), hung_after_s=self._hung_after_s)
        if why and not crew.given_up:
            log.error("the recogniser's model is given up, and loaded anew", extra={"why": why, "restarts": self._restarts})
            self._give_up(why)

    def _give_up(self, why: str) -> None:
        """Whoever waits is told at once, and asks the next recogniser."""
        self._state, self.crew.given_up = "restarting", why
        left = [*self._waiting.take_all(), *(job for batch in self.crew.at_work for job in batch.jobs)]
        self.crew.at_work.clear()
        self._tell()
        for job in left:
            metrics.RECOGNIZER_REFUSED.labels(why).inc()
            job.answer.set_exception(EngineRefused(why))
        self._work.notify_all()
        self._news.notify_all()

    def _restart(self) -> None:
        """Until it hears again; the pauses grow while it does not, or not for long."""
        self._row = 0 if self._clock() - self.crew.since_s > WELL_AFTER_S else self._row
        failed = 0
        while not self._closing.wait(min(self._pause_s * 2 ** min(self._row, 10), LONGEST_PAUSE_S)):
            self._row += 1
            if engine := self._loaded():
                self._resume(engine)
                return
            failed += 1
            self._state = "gone" if failed >= GONE_AFTER else "restarting"

    def _loaded(self) -> Hearing | None:
        try:
            engine = self._make()
            engine.warm_up()
        except Exception:
            log.exception("the recogniser's model can't be loaded anew")
            return None
        return engine

    def _resume(self, engine: Hearing) -> None:
        with self._work:
            if self._closing.is_set():
                return
            self._state, self._restarts, self.crew = "ok", self._restarts + 1, self._hired(engine)
        metrics.RECOGNIZER_RESTARTS.inc()
        log.warning("the recogniser's model hears again", extra={"restarts": self._restarts})
