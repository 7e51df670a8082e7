"""One caller of bench/dialogues.py heard by one way of ending turns, frame by frame in the sound's own time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from bench.dialogues import BETWEEN_MS, RATE, Caller, Line, Spoken
from bench.ears import Ears
from bench.smart_turn import SmartTurn
from calls.call import Completeness, Intent, Question, Turn
from calls.events import SpeechEnded, SpeechPaused, SpeechResumed
from calls.settings import Listening
from nlu.ending import Ending
from stream.detector import WebRtcDetector
from stream.hearing import Hearing

FRAME_MS = 20
FRAME_BYTES = RATE * 2 * FRAME_MS // 1000
ASKED_AHEAD_MS = 1000  # the question has been heard so long before the caller answers
FIRST_SOUND_MS = 100  # from the endpoint to the bot's first sound: who goes on before it was not interrupted
READ_BACK = {"serial": "720441835", "gstin": "27AAPFU0939F1ZV", "phone": "+919884452211"}


@dataclass(frozen=True, slots=True)
class Policy:
    """A way of ending a turn. `words`: whether what was said counts."""

    name: str
    listening: Listening
    words: Ears | None = None
    smart_turn: SmartTurn | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of one turn."""

    line: Line
    early: int  # endpoints in its pauses
    wait_ms: int | None  # from its real end to the endpoint; None: it was not heard at all


def fixed(ms: int, name: str = "") -> Policy:
    return Policy(name or f"fixed {ms} ms", alike(ms))


def alike(ms: int) -> Listening:
    return Listening(end_of_speech_ms=ms, digits_end_of_speech_ms=ms, answer_end_of_speech_ms=ms, slower_by=0.0)


class Replayed:
    """A `SpeechDetector` that says what the real one said, which does not depend on the policy."""

    def __init__(self, verdicts: Sequence[bool]) -> None:
        self._verdicts = iter(verdicts)

    def is_speech(self, pcm: bytes, *, bot_db: float | None) -> bool:
        return next(self._verdicts)


@cache
def verdicts(caller: Caller) -> tuple[bool, ...]:
    detector = WebRtcDetector(RATE)
    return tuple(detector.is_speech(frame, bot_db=None) for frame in frames(caller))


def frames(caller: Caller) -> Iterator[bytes]:
    whole = len(caller.pcm) // FRAME_BYTES * FRAME_BYTES
    return (caller.pcm[at : at + FRAME_BYTES] for at in range(0, whole, FRAME_BYTES))


class Talk:
    """One caller heard by one policy."""

    def __init__(self, caller: Caller, policy: Policy, ending: Ending, recognition_ms: int) -> None:
        self._caller, self._policy, self._ending, self._recognition_ms = caller, policy, ending, recognition_ms
        self._hearing = Hearing(Replayed(verdicts(caller)), policy.listening, RATE, 0.0)
        self._to_come = list(caller.turns)
        self._turn = self._to_come[0]
        self._told: tuple[int, Completeness] | None = None  # when the words of this pause are known, and what they tell
        self._ends: list[int] = []
        self._before: list[Turn] = []  # what was cut off from the turn that goes on

    def run(self) -> list[Ended]:
        for frame in frames(self._caller):
            self._ask()
            for event in self._hearing.listen(frame, bot_db=None, now=0.0):
                self._hear(event)
            if self._told and self._hearing.now_ms >= self._told[0]:
                self._hearing.words_known(self._told[1])
                self._told = None
        return [ended(turn, self._ends) for turn in self._caller.turns]

    def _ask(self) -> None:
        """The next question, some time before the caller answers it."""
        if self._to_come and self._hearing.now_ms >= self._to_come[0].began_ms - ASKED_AHEAD_MS:
            self._turn = self._to_come.pop(0)
            self._before = []
            self._hearing.expect(self._turn.line.asked)

    def _hear(self, event: object) -> None:
        match event:
            case SpeechPaused(utterance):
                if self._policy.words:
                    transcript = self._policy.words(self._caller, self._turn, utterance)
                    turns = [*standing(self._turn.line), *self._before]
                    told = self._ending(transcript, turns, self._caller.language)
                    self._told = (self._hearing.now_ms + self._recognition_ms, told)
                elif self._policy.smart_turn and self._policy.smart_turn.is_complete(self._caller, utterance):
                    self._told = (self._hearing.now_ms + self._policy.smart_turn.takes_ms, Completeness.COMPLETE)
            case SpeechResumed():
                self._told = None
            case SpeechEnded(utterance):
                self._told = None
                if self._ends and utterance.began_ms - self._ends[-1] < FIRST_SOUND_MS:
                    self._hearing.cut_in()
                self._ends.append(self._hearing.now_ms)
                if self._policy.words:
                    self._before.append(Turn(2, self._policy.words(self._caller, self._turn, utterance).text))


def standing(line: Line) -> list[Turn]:
    """What was said before: the question, and the value that it reads back."""
    question = Turn(1, language=line.language, said=["?"], asked=line.asked, asked_slot=line.slot)
    if line.asked is not Question.CONFIRM_SLOT:
        return [question]
    question.intent = Intent("details", slots={line.slot: READ_BACK[line.slot]})
    return [Turn(0, language=line.language, said=["?"], asked=Question.SLOT, asked_slot=line.slot), question]


def ended(turn: Spoken, ends_ms: Sequence[int]) -> Ended:
    pauses = [(before.ended_ms, after.began_ms) for before, after in pairwise(turn.stretches)]
    early = sum(began <= at <= until for at in ends_ms for began, until in pauses)
    last = next((at for at in ends_ms if at > turn.ended_ms), None)
    wait_ms = last - turn.ended_ms if last is not None and last < turn.ended_ms + BETWEEN_MS else None
    return Ended(turn.line, early, wait_ms)
