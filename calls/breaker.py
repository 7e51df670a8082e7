"""Leaves a failing service alone for a while: callers then get the next best thing at once, and do not wait for a timeout each turn."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

_LONGEST_REST_S = 300.0


class Breaker:
    """After `failures` in a row nobody asks for `rest_s`; then one turn tries, and the others go on without until it is known.

    One for a service and a process. `clock` in seconds."""

    def __init__(self, clock: Callable[[], float], *, failures: int = 3, rest_s: float = 20.0) -> None:
        self._clock, self._most, self._rest_s = clock, failures, rest_s
        self._lock, self._row, self._rests_until, self._trying, self._why = threading.Lock(), 0, 0.0, False, ""

    def allows(self) -> bool:
        """Whether to ask the service now. Who was allowed says `succeeded`, `failed` or `left_open` in the end."""
        with self._lock:
            if self._row < self._most and not self._rests_until:
                return True
            if self._trying or self._clock() < self._rests_until:
                return False
            self._trying = True
            return True

    def succeeded(self) -> None:
        with self._lock:
            self._row, self._rests_until, self._trying, self._why = 0, 0.0, False, ""

    def failed(self, why: str, *, rest_s: float | None = None) -> None:
        """`rest_s`: how long the service itself wants to be left alone, then at once."""
        with self._lock:
            self._row, self._trying, self._why = self._row + 1, False, why
            if self._row >= self._most or rest_s:
                self._rests_until = self._clock() + min(max(self._rest_s, rest_s or 0.0), _LONGEST_REST_S)

    def left_open(self) -> None:
        """The caller spoke on, or the answer was no fault of the service's: it tells nothing."""
        with self._lock:
            self._trying = False

    def describe(self) -> dict[str, Any]:
        with self._lock:
            rests_s = max(self._rests_until - self._clock(), 0.0)
            state = "trying" if self._trying else "resting" if rests_s else "failing" if self._row else "well"
            return {"state": state, "failures": self._row, **({"why": self._why, "rests_s": round(rests_s, 1)} if self._row else {})}
