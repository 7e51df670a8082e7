"""What a caller hears while it rings at the other end: India's ringing tone (400 Hz, modulated with 25 Hz), made once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from stream.pipe import Ear

CADENCE_S = ((True, 0.4), (False, 0.2), (True, 0.4), (False, 2.0))
TONE_HZ, BEAT_HZ = 400, 25
LEVEL_DB = -22.0
EDGE_S = 0.005  # faded in and out, or it clicks
FRAME_S = 0.02


@cache
def cadence(sample_rate: int) -> bytes:
    """One ring and its pause (3 s), 16-bit mono at `sample_rate` Hz."""
    parts = [tone(sample_rate, s) if rings else np.zeros(round(sample_rate * s)) for rings, s in CADENCE_S]
    return np.concatenate(parts).astype("<i2").tobytes()


def tone(sample_rate: int, seconds: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    t = np.arange(round(sample_rate * seconds)) / sample_rate
    wave = np.sin(2 * np.pi * TONE_HZ * t) * (0.75 + 0.25 * np.sin(2 * np.pi * BEAT_HZ * t))
    edges = np.clip(np.minimum(t, t[-1] - t) / EDGE_S, 0, 1)
    return np.asarray(wave * edges * 32768 * 10 ** (LEVEL_DB / 20) * np.sqrt(2))


class Ringback:
    """The tone again and again, for one caller; or silence, where that was chosen."""

    def __init__(self, sample_rate: int, *, silent: bool = False) -> None:
        self._sound = b"" if silent else cadence(sample_rate)
        self._step, self._at, self._ear = round(sample_rate * 2 * FRAME_S), 0, Ear(sample_rate)

    def due(self, now: float) -> Iterator[bytes]:
        """What is to be written to the caller's line now."""
        while self._sound and self._ear.may_take(now):
            piece = self._sound[self._at : self._at + self._step]
            self._at = (self._at + self._step) % len(self._sound)
            self._ear.takes(piece, now)
            yield piece
