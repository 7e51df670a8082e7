"""Understanding without a model: the phrases of jambonz-app.json, weighed word by word.

Deterministic, needs nothing but its settings, and takes well under a millisecond an utterance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from calls.call import Call, Intent, Outcome, Question, Say, Turn
from calls.settings import Settings
from nlu import everyday, language
from nlu.dialogue import Dialogue, standing_question
from nlu.evidence import Evidence, Score
from nlu.humans import Anybody, always, utc_now

OTHER = "other"

# A logistic curve through (clues, likeness, explained, clues * explained). Fitted on some 4,000 sentences of a grammar of
# helpdesk calls and 37 that are about something else; what it is worth on other sentences is measured in tests/test_rules.py.
_BIAS, _CLUES, _LIKENESS, _EXPLAINED, _TOGETHER = -7.23, 4.10, 3.94, 2.37, 3.30

_OWN_WISH = 0.4  # clues of an intent that stand apart from those of the best: a wish of its own ...
_MOST_WISHES = 2  # ... and more than these in one breath are a salad of words
_ALIKE_ENOUGH = 0.6  # unless the sentence is much like a known one
_SALAD = 0.5
_WANT_AN_ANSWER = (Question.OFFER_HUMAN, Question.OFFER_CALLBACK, Question.STILL_THERE)


class Rules:
    """The engine "rules" (calls.ports.Understanding). Keeps nothing between calls."""

    def __init__(self, settings: Settings, *, anybody: Anybody = always, now: Callable[[], datetime] = utc_now) -> None:
        """`anybody(intent, language)`: whether a human could take such a call at this moment."""
        self._settings = settings
        self._evidence = Evidence(
            {name: [text for texts in intent.phrases.values() for text in texts] for name, intent in settings.intents.items()}
        )
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
        words = language.words(heard)
        small_talk = everyday.read(words)
        if small_talk.leaves_nothing:
            return Intent(_everyday(small_talk.intents, asked), small_talk.confidence)
        wish = max(self._wish(words), self._wish(small_talk.without_names), key=lambda wish: wish.confidence)
        if small_talk.confidence > max(wish.confidence, self._settings.understanding.threshold):
            return Intent(_everyday(small_talk.intents, asked), small_talk.confidence)
        return wish

    def _wish(self, words: list[str]) -> Intent:
        """The helpdesk intent that the words speak for best, unless a more urgent one is spoken of in the same breath."""
        scores = self._evidence.weigh(words)
        if not scores:
            return Intent(OTHER, 0.0)
        name, sure = self._urgent(words, scores) or (scores[0].intent, confidence(scores[0], scores))
        if sure < self._settings.understanding.threshold:
            return Intent(OTHER, sure, {"nearest": name})
        return Intent(name, sure)

    def _urgent(self, words: list[str], scores: Sequence[Score]) -> tuple[str, float] | None:
        """The first urgent wish that is sure by itself, weighed without the words of the others."""
        wishes = _wishes(scores)
        for wish in wishes[1:]:
            taken = {at for other in wishes if other is not wish for at in other.positions}
            own = self._evidence.weigh([word for at, word in enumerate(words) if at not in taken])
            sure = max((confidence(score, own) for score in own if score.intent == wish.intent), default=0.0)
            if self._is_urgent(wish) and not self._is_urgent(scores[0]) and sure >= self._settings.understanding.threshold:
                return wish.intent, sure
        return None

    def _is_urgent(self, score: Score) -> bool:
        return self._settings.intents[score.intent].priority == "high"


def confidence(score: Score, scores: Sequence[Score]) -> float:
    """How often an intent with such a score is right, 0..1."""
    fit = (
        _BIAS + _CLUES * score.clues + _LIKENESS * score.likeness + _EXPLAINED * score.explained + _TOGETHER * score.clues * score.explained
    )
    sure = 1 / (1 + math.exp(-fit))
    sure = round(sure, 3)
    return sure * _SALAD if len(_wishes(scores)) > _MOST_WISHES and score.likeness < _ALIKE_ENOUGH else sure


def _wishes(scores: Sequence[Score]) -> list[Score]:
    """The best score, and those whose clues stand elsewhere in the sentence."""
    wishes: list[Score] = []
    for score in scores:
        apart = all(not score.positions & wish.positions for wish in wishes)
        if not wishes or (score.clues >= _OWN_WISH and score.positions and apart):
            wishes.append(score)
    return wishes


def _everyday(intents: tuple[str, ...], asked: Question) -> str:
    """One of several: "no thank you" is a goodbye, unless a question waits for its yes or no."""
    if {everyday.NO, everyday.THANKS} <= {*intents} and asked not in _WANT_AN_ANSWER:
        return everyday.GOODBYE
    return intents[0]
