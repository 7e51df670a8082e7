"""Sound on its way from one person to another: resampled, a little ahead of the listener's ear, and never piling up.

Pure but for a lock: the talker's thread puts, the listener's thread takes; the time is an argument.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator

import numpy as np
import soxr

LEAD_S = 0.24  # sent ahead of the ear: covers the far prebuffer of 160 ms (recording 07) and a late frame
WAITING_S = 0.2  # kept here beyond that; what is older is dropped, or a stall of the line would delay the whole talk


class Ear:
    """How far ahead of its listener's ear a line is, by our own clock."""

    def __init__(self, sample_rate: int) -> None:
        self._bytes_per_s = sample_rate * 2
        self._ends_at = 0.0

    def may_take(self, now: float) -> bool:
        return self._ends_at - now < LEAD_S

    def takes(self, pcm: bytes, now: float) -> None:
        self._ends_at = max(self._ends_at, now) + len(pcm) / self._bytes_per_s


class Pipe:
    """One direction of a talk. `wake` rouses the listener's thread when there is something for it."""

    def __init__(self, rate_in: int, rate_out: int, wake: Callable[[], None]) -> None:
        # "LQ" holds 60 ms back, better qualities more; at the same rate nothing is touched
        self._resample = None if rate_in == rate_out else soxr.ResampleStream(rate_in, rate_out, 1, dtype="int16", quality="LQ")
        self._limit = round(rate_out * 2 * WAITING_S)
        self._waiting: deque[bytes] = deque()
        self._lock = threading.Lock()
        self._ear, self.wake = Ear(rate_out), wake
        self.dropped = 0  # frames

    def put(self, pcm: bytes) -> None:
        """A frame of the talker's, 16-bit mono at `rate_in` Hz."""
        sound = pcm if self._resample is None else self._resample.resample_chunk(np.frombuffer(pcm, np.int16)).tobytes()
        if not sound:
            return
        with self._lock:
            self._waiting.append(sound)
            while len(self._waiting) > 1 and sum(map(len, self._waiting)) > self._limit:
                self._waiting.popleft()
                self.dropped += 1
        self.wake()

    def due(self, now: float) -> Iterator[bytes]:
        """What is to be written to the listener's line now."""
        while self._ear.may_take(now) and (sound := self._next()):
            self._ear.takes(sound, now)
            yield sound

    def _next(self) -> bytes:
        with self._lock:
            return self._waiting.popleft() if self._waiting else b""
