"""The caller's side of the sound: frames of 20 ms, is it speech, when does it begin and end; and the call's two clocks.

Sound has its own time (`now_ms`, counted in frames): a line that stalls and then delivers in a burst changes nothing
about what was said. The wall clock is needed where the caller waits for us (`since`).
"""

from __future__ import annotations

from collections.abc import Iterator

from calls.events import SpeechEnded, SpeechStarted
from calls.ports import SpeechDetector
from calls.settings import Listening
from stream.endpointing import Endpointing, EndpointingOptions, Framer


class Hearing:
    """One per call."""

    def __init__(self, detector: SpeechDetector, listening: Listening, sample_rate: int, now: float) -> None:
        options = EndpointingOptions(
            start_ms=listening.start_ms,
            end_ms=listening.end_of_speech_ms,
            pre_roll_ms=listening.pre_roll_ms,
            max_utterance_ms=listening.max_utterance_ms,
        )
        self._detector, self._framer = detector, Framer(sample_rate)
        self._endpointing = Endpointing(options, sample_rate=sample_rate)
        self._end_ms, self._digits_end_ms = listening.end_of_speech_ms, listening.digits_end_of_speech_ms
        self._last_frame_at = now
        self.endpoint_ms = 0  # how long after the last speech frame the last endpoint was decided

    @property
    def speaking(self) -> bool:
        return self._endpointing.speaking

    @property
    def now_ms(self) -> int:
        return self._endpointing.now_ms

    def expect_digits(self, expected: bool) -> None:
        """Who reads out a number stops to breathe, and to look at it: then the end of speech is waited for longer."""
        self._endpointing.end_ms = self._digits_end_ms if expected else self._end_ms

    def listen(self, pcm: bytes, *, bot_db: float | None, now: float) -> Iterator[SpeechStarted | SpeechEnded]:
        """Feed sound of any size. `bot_db`: how loud an echo of ours may be in it (see SpeechDetector)."""
        self._last_frame_at = now
        for frame in self._framer.cut(pcm):
            is_speech = self._detector.is_speech(frame, bot_db=bot_db)
            for event in self._endpointing.feed(frame, is_speech):
                if isinstance(event, SpeechEnded):
                    self.endpoint_ms = self.now_ms - event.utterance.ended_ms
                yield event

    def flush(self) -> Iterator[SpeechEnded]:
        """The caller has gone in mid-sentence: what there is of it."""
        yield from self._endpointing.flush()

    def since(self, at_ms: int, now: float) -> int:
        """Milliseconds of wall clock since the moment `at_ms` of the sound."""
        return self.now_ms - at_ms + round((now - self._last_frame_at) * 1000)
