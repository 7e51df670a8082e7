"""To a human, or else to a promise: what is said when the call shall be handed over, and how it ends then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from calls.call import Intent, Outcome, OutcomeKind, Question, Say, Turn
from calls.settings import Settings
from calls.standing import standing_question
from nlu import everyday
from nlu.humans import Humans
from nlu.speaking import Speaking
from nlu.wishes import is_sure

_PATIENCE_WITH_HUMANS = 2  # so often a call is handed over; then a call back is promised


class Connecting:
    def __init__(self, settings: Settings, speaking: Speaking, humans: Humans) -> None:
        self._settings, self._speaking, self._humans = settings, speaking, humans

    def connect(self, reason: str, intent: Intent, turn: Turn, history: Sequence[Turn]) -> Iterator[Say | Outcome]:
        """To a human, if one is there; else a call back is offered, and promised to a caller who asks once more.

        `intent`: what this turn was understood as. After two handovers that came back to us a call back is promised instead of a third."""
        handed_over = sum(self._was_handed_over(number, history) for number in range(len(history)))
        if handed_over < _PATIENCE_WITH_HUMANS and self._humans.are_there(reason, intent, turn, history):
            return self.end("connecting", Outcome(OutcomeKind.ESCALATED, reason), turn)
        if handed_over:
            return self.promise("no_agent", reason, turn)
        if standing_question(history) is Question.OFFER_CALLBACK:
            return self.promise("callback_promised", reason, turn)
        return self.nobody_there(reason, intent, turn, history)

    def nobody_there(self, reason: str, intent: Intent, turn: Turn, history: Sequence[Turn]) -> Iterator[Say]:
        """Offers a call back; when it is for the hour that nobody is there, the caller hears when somebody will be."""
        language = self._speaking.language_of(self._settings.prompts.closed, turn.language)
        if when := self._humans.come_back(reason, intent, turn, history, language):
            return self._speaking.prompt("closed", turn.language, Question.OFFER_CALLBACK, opening=when)
        return self._speaking.prompt("nobody_there", turn.language, Question.OFFER_CALLBACK)

    def promise(self, prompt: str, reason: str, turn: Turn) -> Iterator[Say | Outcome]:
        return self.end(prompt, Outcome(OutcomeKind.CALLBACK, reason), turn)

    def end(self, prompt: str, outcome: Outcome, turn: Turn) -> Iterator[Say | Outcome]:
        yield from self._speaking.prompt(prompt, turn.language)
        yield outcome

    def _was_handed_over(self, number: int, history: Sequence[Turn]) -> bool:
        intent = history[number].intent
        if intent is None or not is_sure(self._settings, intent) or history[number].asked is Question.OFFER_CALLBACK:
            return False
        accepted = intent.name == everyday.YES and standing_question(history[:number]) is Question.OFFER_HUMAN
        return accepted or wants_human(self._settings, intent)


def wants_human(settings: Settings, intent: Intent) -> bool:
    """Whether the caller asked for a human, alone or beside another wish."""
    return any(name in settings.intents and settings.intents[name].ends_in == "human" for name in (intent.name, *intent.also))
