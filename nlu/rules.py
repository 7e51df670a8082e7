"""Understanding without a model: what the phrases of jambonz-app.json taught, and what callers say in any call.

Deterministic, needs nothing but its settings, and takes about half a millisecond an utterance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from calls.call import Call, Intent, Outcome, Question, Say, Turn
from calls.settings import Settings
from nlu import everyday, language
from nlu.dialogue import Dialogue
from nlu.humans import Anybody, always, utc_now
from nlu.standing import standing_question
from nlu.variations import Variations
from nlu.wanting import Wanting

_WANT_AN_ANSWER = (Question.OFFER_HUMAN, Question.OFFER_CALLBACK, Question.STILL_THERE)


class Rules:
    """The engine "rules" (calls.ports.Understanding). Keeps nothing between calls."""

    def __init__(self, settings: Settings, *, anybody: Anybody = always, now: Callable[[], datetime] = utc_now) -> None:
        """Learns from the phrases, which takes about a second. `anybody(intent, language)`: whether a human could take such a call
        at this moment."""
        self._settings = settings
        self._variations = Variations(settings.understanding.variations)
        self._wanting = Wanting(settings)
        self._dialogue = Dialogue(settings, anybody=anybody, now=now)
        everyday.read([])  # reads its word lists now, not while a caller waits

    def respond(self, turn: Turn, history: Sequence[Turn], call: Call) -> Iterator[Intent | Say | Outcome]:
        """See calls.ports.Understanding. A key press comes with its intent and without words."""
        pressed = turn.intent if not turn.heard else None
        intent = pressed or self.understand(turn.heard, standing_question(history))
        yield intent
        yield from self._dialogue.answer(intent, turn, history)

    def understand(self, heard: str, asked: Question = Question.NONE) -> Intent:
        """What the words mean, `asked` being what the bot has just asked. Not understood: "other" with a low confidence."""
        words = self._variations.meant(language.words(heard))
        small_talk = everyday.read(words)
        if small_talk.leaves_nothing:
            return Intent(_everyday(small_talk.intents, asked), small_talk.confidence)
        wish = max(self._wanting.of(words), self._wanting.of(small_talk.without_names), key=lambda wish: wish.confidence)
        if small_talk.confidence > max(wish.confidence, self._settings.understanding.threshold):
            return Intent(_everyday(small_talk.intents, asked), small_talk.confidence)
        return wish


def _everyday(intents: tuple[str, ...], asked: Question) -> str:
    """One of several: "no thank you" is a goodbye, unless a question waits for its yes or no."""
    if {everyday.NO, everyday.THANKS} <= {*intents} and asked not in _WANT_AN_ANSWER:
        return everyday.GOODBYE
    return intents[0]
