"""A crowd of callers in one thread: recorded words, raw sockets, and an ear for gaps in what the bot says. It costs little, so that one
machine can hold the bot and its callers."""

from __future__ import annotations

import json
import random
import select
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.wire import Wire, framed
from simulator.playback import FIRST_PREBUFFER_MS, GAP_MS, NEXT_PREBUFFER_MS, is_loud

RATE, FRAME_MS = 16_000, 20
FRAME_BYTES = RATE * 2 * FRAME_MS // 1000
TICK_S = 0.002  # so often some of the callers speak
NOISE_DB = -65.0
REST = 2  # silences as long as the words: so a third of the time is speech


@dataclass(slots=True)
class Heard:
    """What the crowd saw of the bot between two looks."""

    gaps_ms: list[float] = field(default_factory=list)
    reply_ms: list[float] = field(default_factory=list)
    unanswered: int = 0
    kills: int = 0
    sound_s: float = 0.0
    dropped: int = 0  # frames that the bot's machine did not take
    lag_ms: list[float] = field(default_factory=list)  # of the crowd itself


class Ear:
    """The far end's buffers (simulator/playback.py says how they are), reckoned when sound arrives instead of every 20 ms."""

    def __init__(self) -> None:
        self._waiting_ms, self._threshold_ms = 0.0, float(FIRST_PREBUFFER_MS)
        self._plays_until: float | None = None  # s; None before the first sound and after a kill
        self._ends_loud = False

    def hear(self, pcm: bytes, now: float) -> float:
        """The length (ms) of the gap in a sentence that this sound ended; 0 for none."""
        self._waiting_ms += len(pcm) * 1000 / (2 * RATE)
        if self._waiting_ms < self._threshold_ms:
            return 0.0
        since, self._threshold_ms = self._plays_until, float(NEXT_PREBUFFER_MS)
        gap_ms = (now - since) * 1000 if since is not None and self._ends_loud else 0.0
        self._plays_until = max(now, since or now) + self._waiting_ms / 1000
        self._waiting_ms, self._ends_loud = 0.0, is_loud(np.frombuffer(pcm[-FRAME_BYTES:], np.int16))
        return gap_ms if 0 < gap_ms <= GAP_MS else 0.0

    def kill(self) -> None:
        self._plays_until = None


class Caller:
    """Says its words again and again, and is silent twice as long."""

    def __init__(self, wire: Wire, words: Sequence[Sequence[bytes]], silence: Sequence[bytes], seed: int, heard: Heard) -> None:
        self.wire, self.heard = wire, heard
        self._dice, self._ear = random.Random(seed), Ear()
        self._words, self._silence = words, silence
        self._frames: list[bytes] = [self._dice.choice(silence) for _ in range(self._dice.randrange(50, 350))]
        self._at, self._speaking = 0, False
        self._ended_at: float | None = None  # the last words' end, until they are answered

    def speak(self, now: float) -> None:
        """The next frame."""
        if self._at == len(self._frames):
            self._turn(now)
        self.wire.send(self._frames[self._at])
        self._at += 1

    def _turn(self, now: float) -> None:
        if self._speaking:
            self._ended_at = now
            self._frames = [self._dice.choice(self._silence) for _ in range(REST * len(self._frames))]
        else:
            self.heard.unanswered += self._ended_at is not None
            self._ended_at, self._frames = None, list(self._dice.choice(self._words))
        self._speaking, self._at = not self._speaking, 0

    def listen(self, now: float) -> None:
        for message in self.wire.read():
            if isinstance(message, bytes):
                self._hear(message, now)
            elif json.loads(message).get("type") == "killAudio":
                self._ear.kill()
                self.heard.kills += 1

    def _hear(self, pcm: bytes, now: float) -> None:
        self.heard.sound_s += len(pcm) / (2 * RATE)
        if gap_ms := self._ear.hear(pcm, now):
            self.heard.gaps_ms.append(gap_ms)
        if self._ended_at is not None and is_loud(np.frombuffer(pcm[: len(pcm) // 2 * 2], np.int16)):
            self.heard.reply_ms.append((now - self._ended_at) * 1000)
            self._ended_at = None


class Crowd:
    """`run` lets all callers speak and listen; `heard` is what came of it since `forget`."""

    def __init__(self, sentences: Sequence[np.ndarray[tuple[int], np.dtype[np.int16]]]) -> None:
        noise = np.random.default_rng(1).normal(0, 32768 * 10 ** (NOISE_DB / 20), RATE * 4)
        self._silence = frames_of(noise)
        self._words = [frames_of(sound + noise[: len(sound)]) for sound in sentences]
        self.callers: list[Caller] = []
        self.heard = Heard()
        self.left = 0  # callers whose sockets the bot has ended
        self._poll = select.epoll()
        self._by_number: dict[int, Caller] = {}

    def join(self, wire: Wire) -> None:
        caller = Caller(wire, self._words, self._silence, len(self.callers) + self.left, self.heard)
        self.callers.append(caller)
        self._by_number[wire.sock.fileno()] = caller
        self._poll.register(wire.sock, select.EPOLLIN)

    def forget(self) -> None:
        self.heard = Heard()
        for caller in self.callers:
            caller.heard = self.heard
            caller.wire.dropped = 0

    def run(self, seconds: float, newcomers: Callable[[], Wire | None] = lambda: None) -> None:
        """For so long; whom `newcomers` brings joins meanwhile."""
        began = time.monotonic()
        ticks = round(FRAME_MS / 1000 / TICK_S)
        for number in range(round(seconds / TICK_S)):
            due = began + number * TICK_S
            while (now := time.monotonic()) < due:
                self._listen(due - now)
            self.heard.lag_ms.append((now - due) * 1000)
            for caller in self.callers[number % ticks :: ticks]:
                caller.speak(now)
            self._listen(0)
            if number % ticks == 0:
                self._see_off()
                if wire := newcomers():
                    self.join(wire)
        self.heard.dropped = sum(caller.wire.dropped for caller in self.callers)

    def _listen(self, timeout_s: float) -> None:
        for number, _ in self._poll.poll(timeout_s):
            self._by_number[number].listen(time.monotonic())

    def _see_off(self) -> None:
        for caller in [caller for caller in self.callers if caller.wire.ended]:
            self.callers.remove(caller)
            self._part(caller)
            self.left += 1

    def _part(self, caller: Caller) -> None:
        number = caller.wire.sock.fileno()
        self._poll.unregister(number)
        del self._by_number[number]
        caller.wire.close()

    def close(self) -> None:
        for caller in self.callers:
            self._part(caller)
        self.callers.clear()
        self._poll.close()


def frames_of(sound: np.ndarray[tuple[int], np.dtype[np.floating]]) -> list[bytes]:
    pcm = np.clip(np.round(sound), -32768, 32767).astype("<i2").tobytes()
    return [framed(pcm[at : at + FRAME_BYTES]) for at in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)]
