"""Is a frame the caller's speech? WebRTC's detector AND louder than the line's noise AND louder than our own echo, no tone, nobody else's.

Each alone is fooled: WebRTC's by keypad tones and sudden noise, a level by anything loud. Frames are the only clock.
"""

from __future__ import annotations

import math
import warnings
from collections import deque

import numpy as np
import webrtcvad
from numpy.typing import NDArray

from stream.bystanders import Bystanders

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.13 leaves it to the package audioop-lts
    import audioop

SILENT_DB = -100.0  # dBFS of digital silence
LITTLE_ENDIAN = np.dtype("<i2")


class WebRtcDetector:
    """`calls.ports.SpeechDetector`: one per call. Frames of 20 ms are usual; others are cut, a rest below 10 ms is ignored.

    `sample_rate`: 8000, 16000, 32000 or 48000 Hz, else ValueError. `aggressiveness`: 0..3, WebRTC's own."""

    def __init__(self, sample_rate: int, *, aggressiveness: int = 2) -> None:
        if sample_rate not in (8000, 16_000, 32_000, 48_000):
            raise ValueError(f"WebRTC's detector does not know {sample_rate} Hz")
        self._rate, self._usual_bytes = sample_rate, sample_rate * 2 // 50
        self._vad = webrtcvad.Vad(aggressiveness)
        self._noise, self._echo, self._tones, self._bystanders = NoiseFloor(), EchoGuard(), ToneDetector(sample_rate), Bystanders()

    def is_speech(self, pcm: bytes, *, bot_db: float | None) -> bool:
        """`bot_db`: the loudest sound of ours (dBFS) whose echo may be in this frame; None if there can be none. Never raises."""
        if len(pcm) == self._usual_bytes:
            return self._hear(pcm, bot_db)
        verdicts = [self._hear(frame, bot_db) for frame in self._cut(pcm)]
        return any(verdicts)

    def _cut(self, pcm: bytes) -> list[bytes]:
        """Frames of 20 ms, and one of 10 ms from what is left."""
        half = self._usual_bytes // 2
        whole = [pcm[at : at + 2 * half] for at in range(0, len(pcm) - 2 * half + 1, 2 * half)]
        rest = pcm[len(whole) * 2 * half :]
        return [*whole, rest[:half]] if len(rest) >= half else whole

    def _hear(self, frame: bytes, bot_db: float | None) -> bool:
        level_db = level(frame)
        voiced = self._vad.is_speech(frame, self._rate)  # asked for every frame, as it learns the noise too
        loud = self._noise.exceeded(level_db)
        ours = self._echo.explains(level_db, bot_db)
        is_speech = voiced and loud and not ours and not self._tones.found(frame, level_db)
        theirs = not ours and self._bystanders.explain(level_db, is_speech)  # below our own voice nobody is heard, and nobody is gone
        return is_speech and not theirs


class NoiseFloor:
    """The level of the line when nobody speaks: the quietest frame of the last second.

    So it falls at once and rises slowly; no one speaks for that long without a gap between two sounds. Measured on
    speech without pauses: nothing is lost against a memory of two seconds, and sudden noise is known twice as soon."""

    OPENS_DB, HOLDS_DB = 9.0, 6.0  # above the floor
    LEAST_DB = -60.0  # a line that suppresses silence has no noise to measure

    def __init__(self, frames: int = 50) -> None:
        self._frames, self._at = frames, 0
        self._quiet: deque[tuple[int, float]] = deque()  # (frame, level) of those that nothing behind them is quieter than
        self._open = False

    def exceeded(self, level_db: float) -> bool:
        """Whether the frame is clearly above the noise; once it is, a little less keeps it so."""
        floor_db = max(self._quietest(level_db), self.LEAST_DB)
        self._open = level_db > floor_db + (self.HOLDS_DB if self._open else self.OPENS_DB)
        return self._open

    def _quietest(self, level_db: float) -> float:
        quiet, self._at = self._quiet, self._at + 1
        while quiet and quiet[-1][1] >= level_db:
            quiet.pop()
        quiet.append((self._at, level_db))
        if quiet[0][0] <= self._at - self._frames:
            quiet.popleft()
        return quiet[0][1]


class EchoGuard:
    """How loud our own voice comes back on this line: the 95th percentile of (level in - level out) while we sound.

    What is louder than that is the caller. Frames beyond the guard teach only little, as they are more likely the
    caller's; a line whose echo really is that loud is learnt in about a second and a half. Measured with a reverberant,
    wavering echo at -20 dB: a margin of 4 dB lets 0.6 % of its frames through and finds 19 of 24 callers who speak
    10 dB softer than the bot; 6 dB lets 0.1 % through and finds 13."""

    MARGIN_DB = 4.0
    FALLS_DB, RISES_DB, DOUBTED_DB = 0.05, 0.95, 0.15  # per frame; the first two make it the 95th percentile
    LEAST_DB, MOST_DB = -46.0, 0.0
    AUDIBLE_DB = -45.0  # below this our sound teaches nothing

    def __init__(self, coupling_db: float = -18.0) -> None:
        self.coupling_db = coupling_db

    def explains(self, level_db: float, bot_db: float | None) -> bool:
        """Whether the frame is no louder than our echo would be."""
        if bot_db is None:
            return False
        ratio_db = level_db - bot_db
        explained = ratio_db < self.coupling_db + self.MARGIN_DB
        if bot_db > self.AUDIBLE_DB:
            self._learn(ratio_db, explained)
        return explained

    def _learn(self, ratio_db: float, explained: bool) -> None:
        rise_db = self.RISES_DB if explained else self.DOUBTED_DB
        step_db = rise_db if ratio_db > self.coupling_db else -self.FALLS_DB
        self.coupling_db = min(self.MOST_DB, max(self.LEAST_DB, self.coupling_db + step_db))


class ToneDetector:
    """Keypad tones, beeps and ringing: nearly all power at two frequencies, either high ones or unchanging.

    The murmur of a low vowel is as narrow, but neither as high nor as steady."""

    SHARE, LOW_SHARE = 0.92, 0.98  # of the power
    HIGH_HZ = 600.0
    STEADY_DB = 0.5

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._window: NDArray[np.float32] = np.zeros(0, np.float32)
        self._last_db = SILENT_DB

    def found(self, frame: bytes, level_db: float) -> bool:
        samples = np.frombuffer(frame, LITTLE_ENDIAN)
        steady, self._last_db = abs(level_db - self._last_db) < self.STEADY_DB, level_db
        power = self._power(samples)
        first_hz, first = self._take_peak(power, len(samples))
        if not steady and first_hz <= self.HIGH_HZ:  # as most of speech: the second peak can't change that
            return False
        second_hz, second = self._take_peak(power, len(samples))
        total = first + second + sum(power) or 1.0
        share = (first + second) / total
        lowest_hz = first_hz if second < 0.02 * total else min(first_hz, second_hz)
        return (share > self.LOW_SHARE and steady) or (share > self.SHARE and lowest_hz > self.HIGH_HZ)

    def _power(self, samples: NDArray[np.int16]) -> list[float]:
        if len(self._window) != len(samples):
            self._window = np.hanning(len(samples)).astype(np.float32)
        spectrum = np.fft.rfft(samples * self._window)
        pairs = spectrum.view(np.float32)
        pairs *= pairs
        powers: list[float] = (pairs[::2] + pairs[1::2]).tolist()  # as a list: NumPy's argmax lets other threads in
        return powers

    def _take_peak(self, power: list[float], length: int) -> tuple[float, float]:
        """Frequency and power of the strongest peak, which is taken out."""
        at = power.index(max(power))
        peak = slice(max(0, at - 2), at + 3)
        energy = sum(power[peak])
        power[peak] = [0.0] * len(power[peak])
        return at * self._rate / length, energy


def level(frame: bytes) -> float:
    """RMS level in dBFS of 16-bit samples, to 0.3 dB above -60. NumPy takes seven times as long, and every call asks with each frame."""
    rms = audioop.rms(frame, 2)
    return 20 * math.log10(rms / 32768) if rms else SILENT_DB
