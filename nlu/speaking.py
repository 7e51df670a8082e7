"""The texts of jambonz-app.json as sentences for the voice, in the caller's language or else in the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from calls.call import ABOUT_A_SLOT, Question, Say
from calls.settings import Settings, fill
from nlu.sentences import split


class Speaking:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def prompt(self, name: str, language: str, asks: Question = Question.NONE, /, *, slot: str = "", **blanks: str) -> Iterator[Say]:
        """One of jambonz-app.json's prompts; `blanks` fill its {names}."""
        return self.spoken(getattr(self._settings.prompts, name), language, asks, slot=slot, **blanks)

    def spoken(
        self, spoken: Mapping[str, str], language: str, asks: Question = Question.NONE, /, *, slot: str = "", **blanks: str
    ) -> Iterator[Say]:
        language = self.language_of(spoken, language)
        return says(split(fill(spoken.get(language, ""), blanks)), language, asks, slot)

    def language_of(self, spoken: Mapping[str, str], language: str) -> str:
        return language if language in spoken else self._settings.language


def says(sentences: list[str], language: str, asks: Question = Question.NONE, slot: str = "") -> Iterator[Say]:
    """The last sentence is the one that asks; about a slot all of them are: the caller may break into the first with the number."""
    for number, sentence in enumerate(sentences, start=1):
        is_asking = number == len(sentences) or asks in ABOUT_A_SLOT
        yield Say(sentence, language, asks if is_asking else Question.NONE, slot if is_asking else "")
