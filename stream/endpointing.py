"""When does the caller begin and finish? A pure state machine: 20 ms frames in, events out. Frames are its clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from calls.call import Utterance
from calls.events import SpeechEnded, SpeechPaused, SpeechResumed, SpeechStarted

FRAME_MS = 20
AFTERGLOW_MS = 100  # of the silence behind the last word this much stays in the utterance


@dataclass(frozen=True, slots=True)
class EndpointingOptions:
    start_ms: int = 120
    end_ms: int = 450
    hint_ms: int = 200  # so long a pause may be the end
    pre_roll_ms: int = 240
    max_utterance_ms: int = 20_000


class Framer:
    """Cuts sound of any size into frames of exactly 20 ms; what is left waits for more."""

    def __init__(self, sample_rate: int) -> None:
        self._size = sample_rate * 2 * FRAME_MS // 1000
        self._rest = b""

    def cut(self, pcm: bytes) -> Iterator[bytes]:
        if not self._rest and len(pcm) == self._size:
            yield pcm  # the usual case
            return
        pcm = self._rest + pcm
        whole = len(pcm) // self._size * self._size
        self._rest = pcm[whole:]
        for at in range(0, whole, self._size):
            yield pcm[at : at + self._size]


Heard = SpeechStarted | SpeechPaused | SpeechResumed | SpeechEnded


class Endpointing:
    """`feed` it every frame with the detector's verdict; `speaking` is true from SpeechStarted until before SpeechEnded.

    In between, every pause of `hint_ms` is told, with the utterance as it would be: if it was the end, SpeechEnded brings the same
    sound; if not, SpeechResumed follows. `end_ms`, how long a pause must last to be the end, may be changed at any time."""

    def __init__(self, options: EndpointingOptions, *, sample_rate: int) -> None:
        self._options, self._rate = options, sample_rate
        self.end_ms = options.end_ms
        self._pre_roll: deque[bytes] = deque(maxlen=max(1, (options.pre_roll_ms + options.start_ms) // FRAME_MS))
        self._sound: list[bytes] = []
        self._voiced_ms = 0  # before the start: a leaky bucket of speech
        self._run_ms = 0  # speech frames in a row
        self._began_ms = self._ended_ms = 0
        self.now_ms = 0
        self.speaking = self.paused = False

    @property
    def began_ms(self) -> int:
        """When the caller last began to speak."""
        return self._began_ms

    @property
    def silence_ms(self) -> int:
        """How long ago the caller's last speech frame ended."""
        return self.now_ms - self._ended_ms

    @property
    def undecided_ms(self) -> int:
        """So much more sound, and no less, is needed before `feed` can tell of a start, a pause or an end; 0 or less: any may do it."""
        if not self.speaking:
            return self._options.start_ms - self._voiced_ms
        pause_ms = self.end_ms if self.paused else min(self.end_ms, self._options.hint_ms)
        return min(pause_ms - self.silence_ms, self._options.max_utterance_ms - len(self._sound) * FRAME_MS)

    def feed(self, frame: bytes, is_speech: bool) -> Iterator[Heard]:
        self.now_ms += FRAME_MS
        self._run_ms = self._run_ms + FRAME_MS if is_speech else 0
        if self.speaking:
            yield from self._listen(frame)
        else:
            yield from self._wait(frame, is_speech)

    def _wait(self, frame: bytes, is_speech: bool) -> Iterator[SpeechStarted]:
        self._pre_roll.append(frame)
        self._voiced_ms = self._voiced_ms + FRAME_MS if is_speech else max(0, self._voiced_ms - FRAME_MS)
        if self._voiced_ms < self._options.start_ms:
            return
        self.speaking = True
        self._began_ms, self._ended_ms = self.now_ms - self._options.start_ms, self.now_ms
        self._sound = list(self._pre_roll)
        yield SpeechStarted(self._began_ms)

    def _listen(self, frame: bytes) -> Iterator[SpeechPaused | SpeechResumed | SpeechEnded]:
        self._sound.append(frame)
        if self._run_ms >= 2 * FRAME_MS:  # a lone click does not keep the caller's turn open
            pause_ms, self._ended_ms = self.silence_ms, self.now_ms
            if self.paused:
                self.paused = False
                yield SpeechResumed(pause_ms - self._run_ms)
        too_long = len(self._sound) * FRAME_MS >= self._options.max_utterance_ms
        if self.silence_ms >= self.end_ms or too_long:
            yield self._end()
        elif self.silence_ms >= self._options.hint_ms and not self.paused:
            self.paused = True
            yield SpeechPaused(self._utterance())

    def flush(self) -> Iterator[SpeechEnded]:
        """The line is gone: the speech so far is an utterance."""
        if self.speaking:
            yield self._end()

    def _end(self) -> SpeechEnded:
        ended = SpeechEnded(self._utterance())
        self._reset()
        return ended

    def _utterance(self) -> Utterance:
        surplus = max(0, (self.silence_ms - AFTERGLOW_MS) // FRAME_MS)
        kept = self._sound[: len(self._sound) - surplus]
        return Utterance(b"".join(kept), self._rate, self._began_ms, self._ended_ms)

    def _reset(self) -> None:
        self.speaking = self.paused = False
        self._voiced_ms = self._run_ms = 0
        self._pre_roll.extend(self._sound[-self._pre_roll.maxlen :] if self._pre_roll.maxlen else [])
        self._sound = []
