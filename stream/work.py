"""The slow work of a call, done on the lanes: every job yields events and touches no state of the call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from calls.call import Call, CallerProfile, Intent, Outcome, Say, Transcript, Turn, Usage, Utterance
from calls.events import CallerKnown, Metered, Replied, Said, Sound, Transcribed, Understood
from calls.ports import Languages, Recognizer, SpeechDetector, Understanding, Voice, never
from stream.manners import Sentence


def as_heard(transcript: Transcript, turns: Sequence[Turn], language: str) -> str:
    """The `languages` of a house that believes its recogniser."""
    return transcript.language


@dataclass(frozen=True, slots=True)
class Engines:
    """What a call works with; all but the detector are shared by all calls."""

    detector: Callable[[int], SpeechDetector]  # sample rate -> one of the call's own
    recognizer: Recognizer
    understanding: Understanding
    voice: Voice
    languages: Languages = as_heard


class Work:
    """Jobs for `Lane.do`."""

    def __init__(self, engines: Engines, profile: Callable[[str], CallerProfile | None], call: Call) -> None:
        self._engines, self._profile, self._call, self._rate = engines, profile, call, call.sample_rate

    def look_up(self, phone: str) -> Iterator[CallerKnown]:
        if profile := self._profile(phone):
            yield CallerKnown(profile)

    def transcribe(self, utterance: Utterance, language: str) -> Iterator[Transcribed]:
        yield Transcribed(utterance, self._engines.recognizer.transcribe(utterance, language=language))

    def answer(self, turn: Turn, history: tuple[Turn, ...]) -> Iterator[Understood | Metered | Sound | Said | Replied]:
        outcome = None
        for part in self._engines.understanding.respond(turn, history, self._call):
            if turn.interrupted.is_set() and not isinstance(part, Usage):
                continue  # the engine sees it too and stops; what the model cost is still told
            match part:
                case Intent():
                    yield Understood(turn, part)
                case Say():
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
