"""Doubles of the ports for tests: a line that is a script, engines that do what they are told, a clock that jumps."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from calls.call import Call, Intent, Outcome, Say, Transcript, Turn, Utterance, Wanted
from calls.events import AudioFrame, HungUp
from calls.ports import NEEDED, never
from stream.owner_queue import Asked

RATE = 16_000
FRAME_S = 0.02


def tone(ms: int, *, db: float = -20.0, rate: int = RATE, hz: float = 300.0) -> bytes:
    """A sine of that level (RMS, dBFS)."""
    t = np.arange(rate * ms // 1000) / rate
    samples = np.sin(2 * np.pi * hz * t) * 32768 * np.sqrt(2) * 10 ** (db / 20)
    return bytes(samples.astype("<i2").tobytes())


LOUD, QUIET = tone(20), bytes(640)


def seconds(sound: bytes, s: float) -> list[Any]:
    return [AudioFrame(sound)] * round(s / FRAME_S)


def speech(s: float) -> list[Any]:
    return seconds(LOUD, s)


def silence(s: float) -> list[Any]:
    return seconds(QUIET, s)


class InlinePool:
    """Does a job at once, on the caller's thread: no threads, no luck."""

    def submit(self, fn: Callable[[], None], /) -> None:
        fn()


@dataclass
class ScriptedLine:
    """Plays a list of events, one a 20 ms frame; then the caller hangs up. Keeps what was sent, with its time."""

    script: Iterable[Any]
    sent: list[tuple[float, bytes | str]] = field(default_factory=list)
    now: float = 0.0

    def __post_init__(self) -> None:
        self._events = iter(self.script)

    def clock(self) -> float:
        return self.now

    def receive(self, timeout: float) -> Any:
        self.now += FRAME_S
        return next(self._events, HungUp())

    def gather(self, frames: int) -> None:
        """Each comes by itself here."""

    def wake(self) -> None:
        """Nobody waits here."""

    def play(self, pcm: bytes) -> None:
        self.sent.append((self.now, pcm))

    def kill_audio(self) -> None:
        self.sent.append((self.now, "kill"))

    def disconnect(self) -> None:
        self.sent.append((self.now, "disconnect"))

    def times(self, what: str) -> list[float]:
        return [at for at, sent in self.sent if sent == what]

    def played_s(self, since: float = 0.0) -> float:
        """Seconds of audible sound sent after `since`."""
        return sum(len(sent) / (2 * RATE) for at, sent in self.sent if isinstance(sent, bytes) and any(sent) and at >= since)


class Loudness:
    """A detector for scripts: whatever is loud is speech."""

    def is_speech(self, pcm: bytes, *, bot_db: float | None) -> bool:
        return bool(np.abs(np.frombuffer(pcm, dtype="<i2")).max(initial=0) > 1000)


class ScriptedRecognizer:
    """Hears the given texts, one an utterance, then nothing. An exception in the list is raised.

    What began at the same moment is the same utterance, heard again after a longer pause."""

    languages = ("en",)

    def __init__(self, *texts: str | Exception | Transcript) -> None:
        self.texts = list(texts)
        self.utterances: list[Utterance] = []
        self.asked = 0

    def transcribe(self, utterance: Utterance, *, language: str | None, wanted: Wanted = NEEDED) -> Transcript:
        self.asked += 1
        if not self.utterances or self.utterances[-1].began_ms != utterance.began_ms:
            self._text = self.texts.pop(0) if self.texts else ""
            self.utterances.append(utterance)
        self.utterances[-1], text = utterance, self._text
        if isinstance(text, Exception):
            raise text
        if isinstance(text, Transcript):
            return text
        return Transcript(text, language or "en", rejected="" if text else "no_speech")


class ScriptedHearing:
    """A model for an owner: hears when each utterance began ("1200"). It hangs while `free` is not set, and fails where `fails` says so."""

    languages = ("en",)

    def __init__(self, *, batch: int = 1, hands: int = 1, fails: Callable[[Asked], bool] = lambda asked: False) -> None:
        self.batch, self.hands, self.fails = batch, hands, fails
        self.free, self.entered = threading.Event(), threading.Semaphore(0)  # `entered`: released whenever it is given a batch
        self.free.set()
        self.batches: list[list[int]] = []  # when their utterances began

    def transcribe_many(self, asked: Sequence[Asked]) -> list[Transcript]:
        self.batches.append([each.utterance.began_ms for each in asked])
        self.entered.release()
        self.free.wait()
        if any(self.fails(each) for each in asked):
            raise RuntimeError("no model today")
        return [Transcript(str(each.utterance.began_ms), "en") for each in asked]

    def warm_up(self) -> float:
        return 0.0

    def describe(self) -> dict[str, Any]:
        return {"model": "scripted"}


class TimedRecognizer:
    """Hears one of `texts` after the other, each in the time that it was told, however many ask at once: for benches of the rest."""

    at_once = 64  # threads that may ask it

    def __init__(self, *, ms: int, texts: Sequence[str], languages: tuple[str, ...]) -> None:
        self.languages = languages
        self._s, self._texts = ms / 1000, itertools.cycle(texts)

    def transcribe(self, utterance: Utterance, *, language: str | None, wanted: Wanted = NEEDED) -> Transcript:
        time.sleep(self._s)
        return Transcript(next(self._texts), language or self.languages[0])


class ScriptedUnderstanding:
    """Answers by the caller's words; words that it does not know get `otherwise`."""

    def __init__(self, replies: dict[str, Sequence[Intent | Say | Outcome]], otherwise: Sequence[Intent | Say | Outcome] = ()) -> None:
        self.replies, self.otherwise = replies, otherwise
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def respond(self, turn: Turn, history: Sequence[Turn], call: Call) -> Iterator[Intent | Say | Outcome]:
        self.asked.append((turn.heard, tuple(earlier.heard for earlier in history)))
        yield from self.replies.get(turn.heard, self.otherwise)


class ToneVoice:
    """A tone of 50 ms a letter."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails

    def speak(self, text: str, *, language: str, sample_rate: int, cancelled: Callable[[], bool] = never) -> Iterator[bytes]:
        if self.fails:
            raise RuntimeError("no voice today")
        for _ in text:
            if cancelled():
                return
            yield tone(50, rate=sample_rate)
