"""Settings tried out before anybody calls: what the bot would understand of a sentence, and what it would answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from calls.call import Call, Intent, Outcome, Question, Say, Turn
from calls.settings import Settings
from nlu.rules import Rules

CALL = Call("trial", "", "")
GREETED = Turn(0, said=["..."], asked=Question.OPEN)


@dataclass(frozen=True, slots=True)
class Tried:
    language: str
    intent: str
    confidence: float
    slots: Mapping[str, str]
    also: tuple[str, ...]
    faq: str
    said: tuple[str, ...]  # the answer, sentence by sentence
    then: str = ""  # how the bot's part would end, "escalated" ...
    signals: tuple[str, ...] = field(default=())


class Trial:
    """The rules made of `settings`, which takes a second; `language_of(text)` finds a language that is not given."""

    def __init__(self, settings: Settings, language_of: Callable[[str], str]) -> None:
        self._settings, self._language_of = settings, language_of
        self._rules = Rules(settings)

    def __call__(self, text: str, language: str = "") -> Tried:
        """As the first thing that a caller says."""
        language = language or self._language_of(text)
        turn, said, then = Turn(1, heard=text, language=language), list[str](), ""
        intent = Intent("", 0.0)
        for part in self._rules.respond(turn, [GREETED], CALL):
            match part:
                case Intent():
                    intent = part
                case Say(words):
                    said.append(words)
                case Outcome(kind):
                    then = str(kind)
        facts = {"slots": intent.slots, "also": intent.also, "faq": intent.faq, "signals": intent.signals}
        return Tried(language, intent.name, intent.confidence, said=tuple(said), then=then, **facts)
