"""The far end of the line: Jambonz's buffers for the bot's sound. Pure: bytes and times in, what the caller hears out.

Sound waits in a prebuffer until 160 ms have come, later until 80 ms have come, and moves on whole. The far side reads its socket
1,024 bytes at a time; with that the lengths heard come out as recorded at 8 and 16 kHz (a tail of 40 to 52 ms stays behind).
"""

from __future__ import annotations

import numpy as np

from simulator.result import Gap, Pcm

FRAME_MS = 20
FIRST_PREBUFFER_MS = 160
NEXT_PREBUFFER_MS = 80
READ_BYTES = 1024
GAP_MS = 400  # an emptiness longer than this is the end of what was said
LOUD = 300  # absolute sample value: about -41 dBFS


def is_loud(samples: Pcm) -> bool:
    return bool(samples.size) and max(int(samples.max()), -int(samples.min())) > LOUD


class Playback:
    """One socket's buffers. `lost_after_kill_ms`: sound that comes so soon after a kill disappears (0: never)."""

    def __init__(self, sample_rate: int, *, lost_after_kill_ms: float = 5.0) -> None:
        self.gaps: list[Gap] = []
        self._bytes_per_ms = sample_rate * 2 // 1000
        self._lost_after_kill_ms = lost_after_kill_ms
        self._prebuffer = bytearray()
        self._buffer = bytearray()
        self._threshold_ms = FIRST_PREBUFFER_MS
        self._killed_at_ms: float | None = None
        self._empty_since_ms: float | None = None  # None before the first sound, while playing, and after a kill
        self._last_loud = False
        self._loud_before_gap = False
        self._playing = False

    def receive(self, data: bytes, now_ms: float) -> None:
        """A binary message of the bot."""
        if self._killed_at_ms is not None and now_ms - self._killed_at_ms <= self._lost_after_kill_ms:
            return
        for start in range(0, len(data), READ_BYTES):
            self._prebuffer += data[start : start + READ_BYTES]
            if len(self._prebuffer) >= self._threshold_ms * self._bytes_per_ms:
                self._threshold_ms = NEXT_PREBUFFER_MS
                self._buffer += self._prebuffer
                self._prebuffer.clear()

    def kill(self, now_ms: float) -> None:
        """killAudio: silence from the next frame on; the prebuffer keeps what it holds."""
        self._buffer.clear()
        self._killed_at_ms = now_ms
        self._playing, self._empty_since_ms = False, None

    def frame(self, now_ms: float) -> Pcm:
        """The 20 ms that the caller hears from `now_ms` on."""
        wanted = FRAME_MS * self._bytes_per_ms
        taken = bytes(self._buffer[:wanted])
        del self._buffer[:wanted]
        samples = np.frombuffer(taken.ljust(wanted, b"\0"), np.int16)
        loud = is_loud(samples)
        self._watch_gaps(len(taken), wanted, now_ms, loud)
        self._last_loud = loud
        return samples

    def _watch_gaps(self, taken: int, wanted: int, now_ms: float, loud: bool) -> None:
        if taken and not self._playing:
            if self._empty_since_ms is not None and now_ms - self._empty_since_ms <= GAP_MS:
                self.gaps.append(Gap(self._empty_since_ms, now_ms - self._empty_since_ms, self._loud_before_gap))
            self._playing, self._empty_since_ms = True, None
        if self._playing and taken < wanted:
            self._playing, self._loud_before_gap = False, loud or self._last_loud
            self._empty_since_ms = now_ms + taken / self._bytes_per_ms
