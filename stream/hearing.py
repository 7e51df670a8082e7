"""The caller's side of the sound: frames of 20 ms, is it speech, when does it begin and end; and the call's two clocks.

Sound has its own time (`now_ms`, counted in frames): a line that stalls and then delivers in a burst changes nothing
about what was said. The wall clock is needed where the caller waits for us (`since`).
"""

from __future__ import annotations

from collections.abc import Iterator

from calls.call import Completeness, Question
from calls.events import SpeechEnded, SpeechResumed, SpeechStarted
from calls.ports import SpeechDetector
from calls.settings import Listening
from stream.endpointing import FRAME_MS, Endpointing, EndpointingOptions, Framer, Heard
from stream.waiting import Waiting

CUT_IN_MS = 1500  # who goes on so soon after an end had not finished


class Hearing:
    """One per call."""

    def __init__(self, detector: SpeechDetector, listening: Listening, sample_rate: int, now: float) -> None:
        options = EndpointingOptions(
            start_ms=listening.start_ms,
            end_ms=listening.end_of_speech_ms,
            hint_ms=listening.hint_ms,
            pre_roll_ms=listening.pre_roll_ms,
            max_utterance_ms=listening.max_utterance_ms,
        )
        self._detector, self._framer = detector, Framer(sample_rate)
        self._endpointing = Endpointing(options, sample_rate=sample_rate)
        self._waiting = Waiting(listening)
        self._last_frame_at = now
        self._ended_ms: int | None = None  # the last utterance's end
        self.endpoint_ms = 0  # how long after the last speech frame the last endpoint was decided

    @property
    def speaking(self) -> bool:
        return self._endpointing.speaking

    @property
    def now_ms(self) -> int:
        return self._endpointing.now_ms

    @property
    def undecided_frames(self) -> int:
        """So many frames can be taken together, and each decision falls as early as if they were taken one by one."""
        return max(1, self._endpointing.undecided_ms // FRAME_MS)

    def expect(self, asked: Question) -> None:
        """What the caller has been asked: who reads out a number stops to breathe, and to look at it; a yes is soon said."""
        self._waiting.expect(asked)
        self._wait_as_before()

    def words_known(self, completeness: Completeness) -> None:
        """Of the pause that goes on: they tell how long it must last to be the end."""
        self._endpointing.end_ms = self._waiting.with_words_ms(completeness)

    def cut_in(self) -> None:
        """The last end was none: the caller went on, and is waited for longer from now on."""
        if self._ended_ms is not None and 0 < (pause_ms := self._endpointing.began_ms - self._ended_ms) < CUT_IN_MS:
            self._went_on(pause_ms)

    def listen(self, pcm: bytes, *, bot_db: float | None, now: float) -> Iterator[Heard]:
        """Feed sound of any size. `bot_db`: how loud an echo of ours may be in it (see SpeechDetector)."""
        self._last_frame_at = now
        for frame in self._framer.cut(pcm):
            is_speech = self._detector.is_speech(frame, bot_db=bot_db)
            for event in self._endpointing.feed(frame, is_speech):
                self._note(event)
                yield event

    def _note(self, event: Heard) -> None:
        match event:
            case SpeechStarted():
                self._wait_as_before()
            case SpeechResumed(pause_ms):
                self._went_on(pause_ms)
            case SpeechEnded(utterance):
                self._waiting.ended()
                self._ended_ms, self.endpoint_ms = utterance.ended_ms, self.now_ms - utterance.ended_ms

    def _went_on(self, pause_ms: int) -> None:
        self._waiting.went_on(pause_ms)
        self._wait_as_before()

    def _wait_as_before(self) -> None:
        """As long as the words are not known."""
        self._endpointing.end_ms = self._waiting.before_words_ms()

    def flush(self) -> Iterator[SpeechEnded]:
        """The caller has gone in mid-sentence: what there is of it."""
        yield from self._endpointing.flush()

    def since(self, at_ms: int, now: float) -> int:
        """Milliseconds of wall clock since the moment `at_ms` of the sound."""
        return self.now_ms - at_ms + round((now - self._last_frame_at) * 1000)
