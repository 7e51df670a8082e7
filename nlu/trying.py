"""Settings tried out before anybody calls: what the bot would understand of a sentence, and what it would answer."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from calls.call import Call, Intent, Outcome, Question, Say, Turn
from calls.settings import Settings, parsed
from nlu.detecting import detect
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
    signals: tuple[str, ...] = ()


class Trial:
    """The rules made of `settings`, which takes a second."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._rules = settings, Rules(settings)

    def __call__(self, text: str, language: str = "") -> Tried:
        """As the first thing that a caller says; `language`: "" to find it out."""
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
        facts = (intent.name, intent.confidence, intent.slots, intent.also, intent.faq)
        return Tried(language, *facts, said=tuple(said), then=then, signals=intent.signals)

    def _language_of(self, text: str) -> str:
        language, _ = detect(text)
        return language if language in self._settings.languages else self._settings.language


class Trials:
    """The latest trial is kept: one sentence after another is tried on the same draft."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: tuple[str, Trial] | None = None

    def of(self, text: str) -> Trial:
        """Of a jambonz-app.json as text. Raises SettingsError."""
        with self._lock:
            if self._latest is None or self._latest[0] != text:
                self._latest = text, Trial(parsed(text, "the draft"))
            return self._latest[1]
