"""Understanding without a model: what the phrases of jambonz-app.json taught, and what callers say in any call.

Deterministic, needs nothing but its settings, and takes about half a millisecond an utterance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from calls.call import Call, Intent, Outcome, Question, Say, Turn
from calls.settings import Settings
from calls.standing import standing_question
from nlu import everyday, language
from nlu.dialogue import Dialogue
from nlu.humans import Anybody, always, utc_now
from nlu.language_wish import requested
from nlu.lexicon import Lexicon
from nlu.noticing import Noticing
from nlu.variations import Variations
from nlu.wanting import Wanting

_SURE = 0.97
_ANYTHING = "how can i see my licence number 12 என் कैसे"
_SPEAKING, _AROUND = frozenset({"TALK", "TELL"}), 3  # what else, so near to a language's name, belongs to the request for it
_WANT_AN_ANSWER = (Question.OFFER_HUMAN, Question.OFFER_CALLBACK, Question.STILL_THERE)


class Rules:
    """The engine "rules" (calls.ports.Understanding). Keeps nothing between calls."""

    ahead = True  # may be asked before the caller has finished for certain: it costs nothing and does nothing

    def __init__(self, settings: Settings, *, anybody: Anybody = always, now: Callable[[], datetime] = utc_now) -> None:
        """Learns from the phrases, which takes seconds the first time (nlu/shelf.py). `anybody(intent, language)`: whether a human could
        take such a call at this moment. Raises EngineUnavailable."""
        self._settings = settings
        self._variations = Variations(settings.understanding.variations)
        self._wanting, self._lexicon = Wanting(settings), Lexicon.load()
        self._dialogue, self._noticing = Dialogue(settings, anybody=anybody, now=now), Noticing(settings, now=now)
        self.complete(self.understand(_ANYTHING), Turn(0, heard=_ANYTHING), [])  # reads all word lists now, not while a caller waits

    def complete(self, intent: Intent, turn: Turn, history: Sequence[Turn]) -> Intent:
        """What our rules notice beside an intent, whoever understood it: see nlu.noticing."""
        return self._noticing.complete(intent, turn, history)

    def respond(self, turn: Turn, history: Sequence[Turn], call: Call) -> Iterator[Intent | Say | Outcome]:
        """See calls.ports.Understanding. A key press comes with its intent and without words."""
        pressed = turn.intent if not turn.heard else None
        intent = pressed or self.complete(self.understand(turn.heard, standing_question(history)), turn, history)
        yield intent
        yield from self._dialogue.answer(intent, turn, history)

    def understand(self, heard: str, asked: Question = Question.NONE) -> Intent:
        """What the words mean, `asked` being what the bot has just asked. Not understood: "other" with a low confidence."""
        words = self._variations.meant(language.words(heard))
        wished = requested(" ".join(words), self._settings.languages)
        if not wished:
            return self._meant(words, asked)
        wish = self._meant(self._without_request(words), asked)
        if wish.name in self._settings.intents and wish.confidence >= self._settings.understanding.threshold:
            return replace(wish, slots={**wish.slots, "language": wished})
        return Intent(everyday.LANGUAGE, _SURE, {"language": wished})

    def _meant(self, words: list[str], asked: Question) -> Intent:
        small_talk = everyday.read(words)
        if small_talk.leaves_nothing:
            return Intent(_everyday(small_talk.intents, asked), small_talk.confidence)
        wish = self._wanting.of(words)
        if len(small_talk.without_names) < len(words):
            wish = max(wish, self._wanting.of(small_talk.without_names), key=lambda wish: wish.confidence)
        if small_talk.confidence > max(wish.confidence, self._settings.understanding.threshold):
            return Intent(_everyday(small_talk.intents, asked), small_talk.confidence)
        return wish

    def _without_request(self, words: list[str]) -> list[str]:
        """Without the words that ask for the language: "my licence expired [hindi mein boliye]"."""
        spoken = [not _SPEAKING.isdisjoint(concepts) for concepts in self._lexicon.concepts(words)]
        named = [at for at, word in enumerate(words) if requested(word, self._settings.languages)]
        around = {at for name in named for at in range(name - _AROUND, name + _AROUND + 1)}
        return [
            word
            for at, word in enumerate(words)
            if at not in named and not (at in around and (spoken[at] or language.is_function_word(language.stem(word))))
        ]


def _everyday(intents: tuple[str, ...], asked: Question) -> str:
    """One of several: "no thank you" is a goodbye, unless a question waits for its yes or no."""
    if {everyday.NO, everyday.THANKS} <= {*intents} and asked not in _WANT_AN_ANSWER:
        return everyday.GOODBYE
    return intents[0]
