"""The slow work of a call, done on the lanes: every job yields events and touches no state of the call."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from calls.call import Call, CallerProfile, Completeness, Intent, Outcome, Say, Transcript, Turn, Usage, Utterance, Wanted
from calls.errors import EngineRefused
from calls.events import CallerKnown, Metered, Replied, Said, Sound, Transcribed, Understood, Unmade, Worded
from calls.ports import Endings, Languages, Recognizer, SpeechDetector, Understanding, Voice, never
from stream.manners import Sentence

log = logging.getLogger(__name__)
Answered = Understood | Worded | Metered | Sound | Said | Replied


def as_heard(transcript: Transcript, turns: Sequence[Turn], language: str) -> str:
    """The `languages` of a house that believes its recogniser."""
    return transcript.language


def untold(transcript: Transcript, turns: Sequence[Turn], language: str) -> Completeness:
    """The `endings` of a house to which words tell nothing of their end."""
    return Completeness.OPEN


@dataclass(frozen=True, slots=True)
class Engines:
    """What a call works with; all but the detector are shared by all calls."""

    detector: Callable[[int], SpeechDetector]  # sample rate -> one of the call's own
    recognizer: Recognizer
    understanding: Understanding
    voice: Voice
    languages: Languages = as_heard
    endings: Endings = untold

    @property
    def ahead(self) -> bool:
        """Whether the understanding may be asked before it is certain that the caller has finished."""
        return bool(getattr(self.understanding, "ahead", False))


class Work:
    """Jobs for `Lane.do`."""

    def __init__(self, engines: Engines, profile: Callable[[str], CallerProfile | None], call: Call) -> None:
        self._engines, self._profile, self._call, self._rate = engines, profile, call, call.sample_rate

    def look_up(self, phone: str) -> Iterator[CallerKnown]:
        if profile := self._profile(phone):
            yield CallerKnown(profile)

    def transcribe(self, utterance: Utterance, language: str, wanted: Wanted) -> Iterator[Transcribed]:
        """What fails at a guess is asked again when it is needed."""
        try:
            transcript = self._engines.recognizer.transcribe(utterance, language=language, wanted=wanted)
        except Exception as error:
            if wanted.sure:
                raise
            if not isinstance(error, EngineRefused):  # which is no fault: the recogniser has enough to do with what is certain
                log.warning("a guess could not be heard", exc_info=True, extra={"call_sid": self._call.sid})
            transcript = Transcript("", language, rejected="dropped")
        yield Transcribed(utterance, transcript)

    def answer_ahead(self, turn: Turn, history: tuple[Turn, ...]) -> Iterator[Answered | Unmade]:
        """What fails here is made again when it is needed."""
        try:
            yield from self.answer(turn, history)
        except Exception:
            if turn.settled.is_set():
                raise
            log.exception("an answer could not be made ahead", extra={"call_sid": self._call.sid})
            yield Unmade(turn)

    def answer(self, turn: Turn, history: tuple[Turn, ...]) -> Iterator[Answered]:
        outcome, worded = None, False
        for part in self._engines.understanding.respond(turn, history, self._call):
            if turn.interrupted.is_set() and not isinstance(part, Usage):
                continue  # the engine sees it too and stops; what the model cost is still told
            match part:
                case Intent():
                    yield Understood(turn, part)
                case Say():
                    if not worded:
                        worded = True
                        yield Worded(turn)
                    yield from self._voice(turn, part)
                case Usage():
                    yield Metered(turn, part)
                case Outcome():
                    outcome = part
        yield Replied(turn, outcome)

    def speak(self, turn: Turn, sentences: Iterable[Sentence], outcome: Outcome | None) -> Iterator[Sound | Said | Replied]:
        for sentence in sentences:
            yield from self._voice(turn, sentence.say, interruptible=sentence.interruptible)
        yield Replied(turn, outcome)

    def _voice(self, turn: Turn, say: Say, *, interruptible: bool = True) -> Iterator[Sound | Said]:
        silenced = turn.interrupted.is_set if interruptible else never
        for pcm in self._engines.voice.speak(say.text, language=say.language, sample_rate=self._rate, cancelled=silenced):
            if silenced():
                return
            yield Sound(turn, say, pcm, interruptible)
        yield Said(turn, say, interruptible)
