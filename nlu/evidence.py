"""How strongly an utterance's words speak for each intent, learnt from the phrases of jambonz-app.json alone.

A *clue* is a word or a pair of neighbouring words. It is the stronger, the more of an intent's phrases hold it and
the fewer of the others'. Clues add up as independent witnesses do; beside them stands the likeness to the nearest phrase.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from nlu import language, negation

_WITNESSES = {1: 1.5, 2: 1.0}  # phrases that a clue must stand in to be half believed, by its length in words
_NEAR, _SHORTEST_NEAR = 82.0, 5  # a misheard word: this much alike (0..100), and no shorter than this
_GRAMMAR_WEIGHT = 0.12  # of a function word, where a word that only one intent has weighs 1


@dataclass(frozen=True, slots=True)
class Phrase:
    intent: str
    stems: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Score:
    """What speaks for one intent. All 0..1."""

    intent: str
    clues: float  # the witnesses together
    likeness: float  # to the nearest phrase
    explained: float  # the share of the utterance's meaningful words that the intent knows
    positions: frozenset[int]  # where its strong clues stand


class Evidence:
    """`weigh(words)` -> a Score for each intent that anything speaks for, best first."""

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        """`phrases`: intent -> sentences, of all languages."""
        told = [(intent, tuple(_stems(negation.mark(language.words(text))))) for intent, texts in phrases.items() for text in texts]
        told = [(intent, stems) for intent, stems in told if stems]
        self._intents = len(phrases)
        self._strength = _strengths(told)
        self._spread = {clue: len(shares) for clue, shares in self._strength.items()}
        self._phrases = [Phrase(intent, stems, sum(map(self._weight, stems))) for intent, stems in told]
        self._phrases_with: dict[str, list[int]] = defaultdict(list)
        for number, phrase in enumerate(self._phrases):
            for word in set(phrase.stems):
                self._phrases_with[word].append(number)
        self._known = [word for word in self._phrases_with if len(word) >= _SHORTEST_NEAR and not word.startswith(negation.MARK)]

    def weigh(self, words: list[str]) -> list[Score]:
        stems = [self._recognised(word) for word in _stems(negation.mark(words))]
        weights = [self._weight(word) for word in stems]
        doubts, places = self._clues(stems)
        likeness = self._likenesses(stems, sum(weights))
        scores = [
            Score(
                intent,
                clues=1 - doubts[intent],
                likeness=likeness.get(intent, 0.0),
                explained=self._explained(intent, stems, weights),
                positions=frozenset(places[intent]),
            )
            for intent in doubts
        ]
        return sorted(scores, key=lambda score: (score.clues + score.likeness) * (0.5 + score.explained), reverse=True)

    def _recognised(self, stemmed: str) -> str:
        """The known word that a misheard one stands for; a known or quite strange word is itself."""
        if stemmed in self._phrases_with or len(stemmed) < _SHORTEST_NEAR or language.is_function_word(stemmed):
            return stemmed
        found = process.extractOne(stemmed, self._known, scorer=fuzz.ratio, score_cutoff=_NEAR)
        return found[0] if found and found[0][0] == stemmed[0] else stemmed

    def _weight(self, stemmed: str) -> float:
        """How much a word means: 1 for one that a single intent has, or none; little for grammar."""
        if language.is_function_word(stemmed) or stemmed.isdigit():
            return _GRAMMAR_WEIGHT
        spread = self._spread.get(stemmed, 1)
        return max(_GRAMMAR_WEIGHT, math.log(self._intents / spread) / math.log(self._intents)) if self._intents > 1 else 1.0

    def _clues(self, stems: list[str]) -> tuple[dict[str, float], dict[str, set[int]]]:
        """By intent: how likely all its clues deceive us, and where those stand. An unwanted word speaks against."""
        doubts: dict[str, float] = defaultdict(lambda: 1.0)
        places: dict[str, set[int]] = defaultdict(set)
        for clue, spots in _clues_of(stems).items():
            for intent, strength in self._strength.get(clue, {}).items():
                doubts[intent] *= 1 - strength
                if strength > 0.3:
                    places[intent] |= spots
        for word in stems:
            if word.startswith(negation.MARK):
                for intent, strength in self._strength.get(word.removeprefix(negation.MARK), {}).items():
                    doubts[intent] = 1 - (1 - doubts[intent]) * (1 - strength)
        return doubts, places

    def _likenesses(self, stems: list[str], total: float) -> dict[str, float]:
        best: dict[str, float] = {}
        present = Counter(stems)
        for number in {number for word in present for number in self._phrases_with.get(word, ())}:
            phrase = self._phrases[number]
            shared = sum(self._weight(word) * count for word, count in (present & Counter(phrase.stems)).items())
            like = 2 * shared / (phrase.weight + total)
            best[phrase.intent] = max(like, best.get(phrase.intent, 0.0))
        return best

    def _explained(self, intent: str, stems: list[str], weights: list[float]) -> float:
        meant = [(word, weight) for word, weight in zip(stems, weights, strict=True) if weight > _GRAMMAR_WEIGHT]
        known = sum(weight for word, weight in meant if intent in self._strength.get(word, {}))
        return known / total if (total := sum(weight for _, weight in meant)) else 0.0


def _stems(words: list[str]) -> list[str]:
    return [negation.MARK + language.stem(word[1:]) if word.startswith(negation.MARK) else language.stem(word) for word in words]


def _clues_of(stems: Iterable[str]) -> dict[str, set[int]]:
    """The meaningful words and the pairs that hold at least one, with the positions where they stand."""
    found: dict[str, set[int]] = defaultdict(set)
    before = ""
    for at, word in enumerate(stems):
        grammar = language.is_function_word(word) or word.isdigit()
        if not grammar:
            found[word].add(at)
        if before and not (grammar and language.is_function_word(before)):
            found[f"{before} {word}"] |= {at - 1, at}
        before = word
    return found


def _strengths(told: list[tuple[str, tuple[str, ...]]]) -> dict[str, dict[str, float]]:
    """clue -> intent -> how far it may be believed: its share of the clue, squared, and how often it was seen."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for intent, stems in told:
        for clue in _clues_of(stems):
            counts[clue][intent] += 1
    return {clue: {intent: _belief(count, seen.total(), clue) for intent, count in seen.items()} for clue, seen in counts.items()}


def _belief(count: int, total: int, clue: str) -> float:
    witnesses = _WITNESSES[1 + clue.count(" ")]
    return float((count / total) ** 2 * count / (count + witnesses))
