"""The contacts that this process has just made: search does not know them for some seconds, and the same caller may call again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

REMEMBERED_S = 600.0
PLACES = 16  # locks


class Newcomers:
    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._made: dict[str, tuple[str, float]] = {}  # E.164 -> contact, when
        self._places = [threading.Lock() for _ in range(PLACES)]

    @contextmanager
    def one_at_a_time(self, number: str) -> Iterator[None]:
        """Two calls of one new caller that end at once make one contact. Other numbers seldom wait for each other."""
        with self._places[hash(number) % PLACES]:
            yield

    def made(self, number: str, contact_id: str) -> None:
        with self._lock:
            now = self._clock()
            recent = {known: entry for known, entry in self._made.items() if entry[1] > now - REMEMBERED_S}
            self._made = {**recent, number: (contact_id, now)}

    def contact_of(self, number: str) -> str:
        """ "" when none was made of late."""
        contact_id, made_at = self._made.get(number, ("", 0.0))
        return contact_id if made_at > self._clock() - REMEMBERED_S else ""
