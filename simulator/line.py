"""The caller's telephone line: every 20 ms a frame to the bot and a frame to the caller's ear, both recorded."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulator.audio_socket import AudioSocket
from simulator.caller import Caller
from simulator.playback import FRAME_MS, is_loud
from simulator.result import Pcm, Traffic

SAMPLE_MAX = 32767


@dataclass(frozen=True, slots=True)
class LineSettings:
    """How the line sounds."""

    noise_db: float | None = -65.0  # dBFS of the caller's room; None: digital silence
    echo_db: float | None = None  # the bot's sound comes back so much quieter (20 = by 20 dB); None: no echo
    echo_delay_ms: int = 60  # in steps of 20
    lost_after_kill_ms: float = 5.0  # see Playback


class Line:
    """Ticks from the first stream to the end of the call; `socket` is the audio socket now open, if any."""

    def __init__(
        self, caller: Caller, settings: LineSettings, traffic: Traffic, *, clock_ms: Callable[[], float], hang_up: Callable[[], None]
    ) -> None:
        self.socket: AudioSocket | None = None
        self.began_ms = clock_ms()
        self.heard_bot: list[Pcm] = []
        self.heard_caller: list[Pcm] = []
        self._caller, self._settings, self._traffic = caller, settings, traffic
        self._clock_ms, self._hang_up = clock_ms, hang_up
        self._samples = caller.sample_rate * FRAME_MS // 1000
        self._silence: Pcm = np.zeros(self._samples, np.int16)
        self._noise = comfort_noise(settings.noise_db, self._samples)
        self._echoes: deque[Pcm] = deque([self._silence] * (settings.echo_delay_ms // FRAME_MS))

    @property
    def doing(self) -> str:
        return self._caller.doing

    @property
    def sample_rate(self) -> int:
        return self._caller.sample_rate

    async def run(self) -> None:
        """Tick until cancelled, on an absolute schedule: a late frame is caught up, never dropped."""
        ticks = 0
        while True:
            due_ms = self.began_ms + ticks * FRAME_MS
            late_ms = self._clock_ms() - due_ms
            if late_ms < 0:
                await asyncio.sleep(-late_ms / 1000)
            else:
                self._traffic.latest_frame_ms = max(self._traffic.latest_frame_ms, round(late_ms, 1))
            await self._tick(ticks)
            ticks += 1

    async def _tick(self, tick: int) -> None:
        now_ms, socket = self._clock_ms(), self.socket
        heard = socket.playback.frame(now_ms) if socket else self._silence
        doing = self._caller.tick(now_ms, bot_loud=is_loud(heard), connected=socket is not None)
        spoken = self._mouth(doing.sound, heard, tick)
        self.heard_bot.append(heard)
        self.heard_caller.append(spoken)
        if socket:
            await socket.send(spoken.tobytes(), doing.digit)
        if doing.hangs_up:
            self._hang_up()

    def _mouth(self, sound: Pcm | None, heard: Pcm, tick: int) -> Pcm:
        """What the caller's microphone takes in."""
        parts = [self._noise[tick % len(self._noise)]] if sound is None else [self._noise[tick % len(self._noise)], sound]
        if self._settings.echo_db is not None:
            self._echoes.append(heard)
            parts.append((self._echoes.popleft() * 10 ** (-self._settings.echo_db / 20)).astype(np.int16))
        mixed = parts[0] if len(parts) == 1 else np.clip(sum(part.astype(np.int32) for part in parts), -SAMPLE_MAX, SAMPLE_MAX)
        return np.asarray(mixed, np.int16)


def comfort_noise(level_db: float | None, samples: int, *, frames: int = 101) -> list[Pcm]:
    """Frames of white noise of one level, or of digital silence."""
    if level_db is None:
        return [np.zeros(samples, np.int16)]
    sigma = SAMPLE_MAX * 10 ** (level_db / 20)
    return list(np.random.default_rng(20).normal(0, sigma, (frames, samples)).astype(np.int16))
