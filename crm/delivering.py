"""Delivering one call to one CRM: its adapter's steps in order, each tried until it is done, refused, or given up.

`Attempts.make` is one try of one step; the queue's worker keeps what it returned and calls it again after a wait
(crm/worker.py). Everything that must outlive a crash is in the delivery's row.
"""

from __future__ import annotations

import logging
import random
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from calls import metrics
from calls.crm import FinishedCall, Teller
from calls.errors import CrmBusy, CrmError, CrmRefused
from crm.progress import Progress, Try

log = logging.getLogger(__name__)

Load = Callable[[str, str], FinishedCall | None]


class Next(NamedTuple):
    """What follows a try. A tuple of texts and numbers, as the queue keeps it as JSON."""

    then: Literal["done", "again", "stop"]
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait for the next try of a step, and for how long to try at all."""

    first_s: float = 1.0
    most_s: float = 300.0
    give_up_after_s: float = 86_400.0

    def wait_s(self, attempt: int, retry_after_s: float | None, *, chance: float) -> float:
        """Doubling from try to try, half of it by chance (0..1); what the CRM asked for, and a little more, when it asked."""
        if retry_after_s is not None:
            return min(max(retry_after_s, 0.0), self.give_up_after_s) + chance * self.first_s
        most = min(self.most_s, self.first_s * 2.0 ** min(attempt - 1, 30))
        return most / 2 + chance * most / 2


class Attempts:
    """`load` gives the finished call for a CRM, None for an unknown one; it is read anew for each try and kept nowhere."""

    def __init__(
        self,
        progress: Progress,
        adapters: Mapping[str, Teller],
        load: Load,
        *,
        backoff: Backoff,
        clock: Callable[[], datetime],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._progress, self._adapters, self._load = progress, adapters, load
        self._backoff, self._clock, self._chance = backoff, clock, chance
        self._stopping, self._working, self._changed = threading.Event(), 0, threading.Condition()

    def make(self, call_sid: str, crm: str, step: str, run: str) -> Next:
        """One try. Never raises: what goes wrong is written down and tried again."""
        if self._stopping.is_set():
            return Next("again", self._backoff.first_s)
        with self._at_work():
            try:
                return self._make(call_sid, crm, step, run)
            except Exception as error:  # noqa: BLE001 - whatever it is, the call stays on its way; its text is not logged
                log.error("a delivery's row could not be kept; it is tried again", extra=about(call_sid, crm, step) | fault(error))
                return Next("again", self._backoff.wait_s(4, None, chance=self._chance()))

    def _make(self, call_sid: str, crm: str, step: str, run: str) -> Next:
        tried = self._progress.begin(call_sid, crm, step, run, now=self._clock())
        if tried is None:
            return Next("stop")
        if step in tried.done:  # the process died between the row and the queue
            return Next("done")
        try:
            self._do(call_sid, crm, step, run, tried)
            return Next("done")
        except CrmRefused as error:
            return self._failed(call_sid, crm, step, run, str(error))
        except CrmError as error:
            return self._again(call_sid, crm, step, run, tried, error)

    def _do(self, call_sid: str, crm: str, step: str, run: str, tried: Try) -> None:
        adapter = self._adapters[crm]
        try:
            call = self._load(call_sid, crm)
            if call is None:
                raise CrmRefused("the journal knows no such call")
            result = adapter.do(step, call, tried.done, attempt=tried.attempt)
        except CrmError:
            raise
        except Exception as error:
            log.error("a delivery met a fault of ours", extra=about(call_sid, crm, step) | fault(error))
            raise CrmError(f"a fault of the bot's own ({type(error).__name__}); the log says where") from error
        now, last = self._clock(), step == adapter.steps[-1]
        self._progress.done(call_sid, crm, step, run, result, last=last, now=now)
        if last:
            log.info("a call was delivered", extra=about(call_sid, crm, step))
            metrics.DELIVERY.labels(crm).observe(max(0.0, (now - (call.known_since or now)).total_seconds()))

    def _again(self, call_sid: str, crm: str, step: str, run: str, tried: Try, error: CrmError) -> Next:
        retry_after_s = error.retry_after_s if isinstance(error, CrmBusy) else None
        wait_s, now = self._backoff.wait_s(tried.attempt, retry_after_s, chance=self._chance()), self._clock()
        if (now - tried.since).total_seconds() + wait_s > self._backoff.give_up_after_s:
            return self._failed(call_sid, crm, step, run, f"given up after {tried.attempt} tries: {error}")
        self._progress.again(call_sid, crm, step, run, str(error), wait_s=wait_s, now=now)
        log.warning("a delivery is tried again", extra=about(call_sid, crm, step) | {"error": str(error), "wait_s": round(wait_s, 1)})
        return Next("again", wait_s)

    def _failed(self, call_sid: str, crm: str, step: str, run: str, error: str) -> Next:
        """The alert: an operator watches for this line, or for the metric."""
        self._progress.failed(call_sid, crm, step, run, error, now=self._clock())
        log.error("a delivery has failed for good", extra=about(call_sid, crm, step) | {"error": error})
        metrics.DELIVERY_FAILURES.labels(crm).inc()
        return Next("stop")

    # -- stopping -------------------------------------------------------------------
    @contextmanager
    def _at_work(self) -> Iterator[None]:
        with self._changed:
            self._working += 1
        try:
            yield
        finally:
            with self._changed:
                self._working -= 1
                self._changed.notify_all()

    def stop(self, timeout_s: float) -> bool:
        """Begin no more tries; whether those in progress ended within the time."""
        self._stopping.set()
        with self._changed:
            return self._changed.wait_for(lambda: self._working == 0, timeout_s)


def about(call_sid: str, crm: str, step: str) -> dict[str, str]:
    return {"call_sid": call_sid, "crm": crm, "step": step}


def fault(error: Exception) -> dict[str, str]:
    """Where it happened, without the exception's text, which may hold a caller's words."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return {"error": type(error).__name__, "where": f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"}
