"""Staying under a limit of requests, so that HubSpot need not tell us."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable

from calls.errors import CrmBusy


class Pace:
    """At most `requests` in any `window_s` seconds of this process; who comes too early sleeps until it is their turn."""

    def __init__(
        self,
        requests: int,
        window_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._window_s, self._clock, self._sleep = window_s, clock, sleep
        self._lock, self._turns = threading.Lock(), deque[float](maxlen=requests)

    def wait(self, at_most_s: float = math.inf) -> float:
        """Takes the next turn and returns how long that took (s). Raises CrmBusy when it would take longer than `at_most_s`."""
        wait_s = self._take(at_most_s)
        if wait_s > 0:
            self._sleep(wait_s)
        return wait_s

    def _take(self, at_most_s: float) -> float:
        with self._lock:
            now = self._clock()
            full = len(self._turns) == self._turns.maxlen
            turn = max(now, self._turns[0] + self._window_s) if full else now
            if turn - now > at_most_s:
                raise CrmBusy("our own pace towards HubSpot leaves no room for this now", retry_after_s=turn - now)
            self._turns.append(turn)
        return turn - now
