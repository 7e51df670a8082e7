"""What a caller wants, of the intents of jambonz-app.json: the best one, and further ones of the same breath."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from calls.call import Intent
from calls.settings import Settings
from nlu import language
from nlu.classifier import NOTHING, learnt
from nlu.clauses import can_wait, clauses, contrasts, is_in_order
from nlu.negation import mark
from nlu.wishes import OTHER

# How often a wish with such odds is right; fitted on the sentences that come with the bot for tuning (accuracy/*_dev.tsv).
_STEEPNESS, _SHIFT = 0.44, 0.15
_OWN_WISH = 0.9  # a clause that is this sure of its own wish ...
_CLEAR_WISH, _SEEN_IN_ALL = 0.95, 0.1  # ... and so clear, or not contradicted by the whole sentence, leads
_HANDOVER = 0.6
_MOST_WISHES, _SALAD = 3, 0.5
_ALONE = 0.6  # so sure is a word by itself of what it speaks for
_CONTRAST = 0.7  # "not X but Y": so sure of both


@dataclass(frozen=True, slots=True)
class _Reading:
    """What some words speak for. `sure`: 0..1, calibrated."""

    intent: str
    sure: float
    chances: dict[str, float]


class Wanting:
    """`of(words)` -> an Intent. Below the threshold of the settings it is "other", with what came nearest to it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._classifier = learnt(
            tuple((name, tuple(text for texts in intent.phrases.values() for text in texts)) for name, intent in settings.intents.items())
        )

    def of(self, words: Sequence[str]) -> Intent:
        wanted = self._wanted(list(words))
        whole = self._read(wanted)
        wishes = self._several(wanted)
        best = next((wish for wish in wishes if self._leads(wish, whole)), whole)
        if self._is_salad(wanted):
            best = replace(best, sure=best.sure * _SALAD)
        threshold = self._settings.understanding.threshold
        if best.sure < (bar := self._bar(best.intent)):
            return Intent(OTHER, round(best.sure * threshold / bar, 3), {"nearest": best.intent} if best.intent else {})
        return Intent(best.intent, best.sure, also=tuple(wish.intent for wish in wishes if wish.intent != best.intent))

    def _bar(self, intent: str) -> float:
        """How sure an answer must be: to bother a human for nothing is worse than to ask again."""
        threshold, wish = self._settings.understanding.threshold, self._settings.intents.get(intent)
        return max(threshold, _HANDOVER) if wish is not None and wish.ends_in == "human" else threshold

    def _read(self, words: Sequence[str]) -> _Reading:
        chances = self._classifier.weigh(mark(list(words))) if words else {NOTHING: 1.0}
        best = max((intent for intent in chances if intent != NOTHING), key=chances.__getitem__, default="")
        return _Reading(best, calibrated(chances[best]) if best else 0.0, chances)

    def _wanted(self, words: list[str]) -> list[str]:
        """Without what a contrast takes back: "not training, renewal"."""
        for dropped, rest in contrasts(words):
            unwanted, wanted = self._read(dropped), self._read(rest)
            if unwanted.intent != wanted.intent and min(unwanted.sure, wanted.sure) >= _CONTRAST:
                return rest
        return words

    def _several(self, words: Sequence[str]) -> list[_Reading]:
        """The wishes that clauses have of their own, one an intent: urgent ones first, then in the caller's order, what can wait
        last."""
        told = [(can_wait(clause), self._read(clause)) for clause in clauses(words) if not is_in_order(clause)]
        wishes = [(aside, wish) for aside, wish in told if wish.sure >= _OWN_WISH and wish.intent not in (OTHER, "")]
        found: dict[str, _Reading] = {}
        for _, wish in sorted(wishes, key=lambda told: (not self._is_urgent(told[1]), told[0])):
            found.setdefault(wish.intent, wish)
        return list(found.values())

    def _leads(self, wish: _Reading, whole: _Reading) -> bool:
        """Whether a clause's wish is what the caller wants, though the whole sentence may sound otherwise."""
        return self._is_urgent(wish) or wish.sure >= _CLEAR_WISH or whole.chances.get(wish.intent, 0.0) >= _SEEN_IN_ALL

    def _is_salad(self, words: Sequence[str]) -> bool:
        """Words without grammar that speak for many intents, each for its own: nobody talks so."""
        if len(words) <= _MOST_WISHES or any(language.is_function_word(language.stem(word)) for word in words):
            return False
        single = [self._read([word]) for word in words]
        return len({wish.intent for wish in single if wish.sure >= _ALONE}) > _MOST_WISHES

    def _is_urgent(self, wish: _Reading) -> bool:
        return self._settings.intents[wish.intent].priority == "high"


def calibrated(chance: float) -> float:
    """How often an intent is right that has this chance, 0..1."""
    chance = min(max(chance, 1e-6), 1 - 1e-6)
    odds = _STEEPNESS * math.log(chance / (1 - chance)) + _SHIFT
    return round(1 / (1 + math.exp(-odds)), 3)
