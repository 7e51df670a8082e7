"""The caller's telephone line: every 20 ms a frame to the bot and a frame to the caller's ear, both recorded."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from simulator.audio_socket import AudioSocket
from simulator.background import SAMPLE_MAX, background, key_tone
from simulator.caller import Caller, Doing
from simulator.network import Network, NetworkSettings
from simulator.playback import FRAME_MS, is_loud
from simulator.result import Pcm, Traffic

COMFORT_DB, COMFORT_MS = -58.0, 400  # of a telephone that suppresses silence: noise of its own, so long on and so long off


@dataclass(frozen=True, slots=True)
class LineSettings:
    """How the line sounds."""

    noise_db: float | None = -65.0  # dBFS of the caller's room; None: digital silence
    noise: str = "white"  # what it sounds like: one of background.NOISES
    snr_db: float | None = None  # instead of noise_db: so much quieter than the caller's own voice
    dtx: bool = False  # the room is heard only with the caller's voice; between words comfort noise comes and goes
    tones: bool = False  # a pressed key is heard as its tones too
    music_db: float | None = None  # hold music instead of the caller and the room ...
    music_after_ms: int = 0  # ... from here on, counted from the first stream
    echo_db: float | None = None  # the bot's sound comes back so much quieter (20 = by 20 dB); None: no echo
    echo_delay_ms: int = 60  # in steps of 20
    lost_after_kill_ms: float = 5.0  # see Playback
    network: NetworkSettings = field(default_factory=NetworkSettings)


class Mouth:
    """What the caller's telephone takes in and sends on, frame by frame. Pure: what the caller does goes in, sound comes out."""

    def __init__(self, settings: LineSettings, *, sample_rate: int, voice_db: float | None) -> None:
        """`voice_db`: how loud the caller speaks (dBFS), None of one who says nothing: then the noise is `noise_db`."""
        self._settings, self._rate, self._samples = settings, sample_rate, sample_rate * FRAME_MS // 1000
        noise_db = settings.noise_db
        if settings.snr_db is not None and voice_db is not None:
            noise_db = voice_db - settings.snr_db
        self._noise = self._loop(settings.noise, noise_db)
        self._comfort = self._loop("white", COMFORT_DB if settings.dtx else None)
        self._music = self._loop("music", settings.music_db)
        self._silence: Pcm = np.zeros(self._samples, np.int16)
        self._echoes: deque[Pcm] = deque([self._silence] * (settings.echo_delay_ms // FRAME_MS))
        self._tone: Pcm = self._silence[:0]

    def frame(self, doing: Doing, heard: Pcm, tick: int) -> Pcm:
        """The 20 ms of tick number `tick`; `heard`: what the caller hears of the bot meanwhile."""
        parts = [self._around(doing, tick)]
        if doing.sound is not None and not self._on_hold(tick):
            parts.append(doing.sound)
        if self._settings.tones:
            parts.append(self._keys(doing.digit))
        if self._settings.echo_db is not None:
            parts.append(self._echo(heard, self._settings.echo_db))
        mixed = parts[0] if len(parts) == 1 else np.clip(sum(part.astype(np.int32) for part in parts), -SAMPLE_MAX, SAMPLE_MAX)
        return np.asarray(mixed, np.int16)

    def _loop(self, kind: str, level_db: float | None) -> tuple[Pcm, ...]:
        return background(kind, level_db, rate=self._rate, samples=self._samples)

    def _on_hold(self, tick: int) -> bool:
        return self._settings.music_db is not None and tick * FRAME_MS >= self._settings.music_after_ms

    def _around(self, doing: Doing, tick: int) -> Pcm:
        if self._on_hold(tick):
            return self._music[tick % len(self._music)]
        if self._settings.dtx and doing.sound is None:
            return self._comfort[tick % len(self._comfort)] if tick * FRAME_MS // COMFORT_MS % 2 else self._silence
        return self._noise[tick % len(self._noise)]

    def _keys(self, digit: str) -> Pcm:
        if digit:
            self._tone = key_tone(digit, self._rate)
        frame, self._tone = self._tone[: self._samples], self._tone[self._samples :]
        return np.pad(frame, (0, self._samples - len(frame)))

    def _echo(self, heard: Pcm, echo_db: float) -> Pcm:
        self._echoes.append(heard)
        return np.asarray(self._echoes.popleft() * 10 ** (-echo_db / 20), np.int16)


class Line:
    """Ticks from the first stream to the end of the call; `socket` is the audio socket now open, if any."""

    def __init__(
        self, caller: Caller, settings: LineSettings, traffic: Traffic, *, clock_ms: Callable[[], float], hang_up: Callable[[], None]
    ) -> None:
        self.socket: AudioSocket | None = None
        self.began_ms = clock_ms()
        self.heard_bot: list[Pcm] = []
        self.heard_caller: list[Pcm] = []
        self._caller, self._traffic, self._clock_ms, self._hang_up = caller, traffic, clock_ms, hang_up
        samples = caller.sample_rate * FRAME_MS // 1000
        self._silence: Pcm = np.zeros(samples, np.int16)
        self._mouth = Mouth(settings, sample_rate=caller.sample_rate, voice_db=caller.voice_db())
        self._network = Network(settings.network, samples)

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
        spoken = self._mouth.frame(doing, heard, tick)
        self.heard_bot.append(heard)
        self.heard_caller.append(spoken)
        await self._deliver(socket, spoken, doing, tick)
        if doing.hangs_up:
            self._hang_up()

    async def _deliver(self, socket: AudioSocket | None, spoken: Pcm, doing: Doing, tick: int) -> None:
        """What the network lets through; a socket that opens later gets nothing of what was on its way."""
        arrived = self._network.through(spoken, tick, doing.digit)
        if socket is None:
            return
        socket.hold(self._network.holds(tick))
        for parcel in arrived:
            await socket.send(parcel.frame.tobytes() if parcel.frame is not None else b"", parcel.digit)
        if doing.drops:
            socket.drop(doing.drops)
