"""How strongly an utterance's words speak for each intent, learnt from the phrases of jambonz-app.json alone.

A *clue* is a word or a pair of neighbouring words. It is the stronger, the more of an intent's phrases hold it and
the fewer of the others'. Clues add up as independent witnesses do; beside them stands the likeness to the nearest phrase.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from nlu import language
from nlu.negation import FAILS, MARKS, UNWANTED, mark

_WITNESSES = {1: 1.5, 2: 2.0}  # phrases that a clue must stand in to be half believed, by its length in words
_NEAR, _SHORTEST_NEAR = 80.0, 5  # a misheard word: this much alike (0..100), and no shorter than this
_GRAMMAR_WEIGHT = 0.12  # of a function word, where a word that only one intent has weighs 1
_STRONG = 0.3  # a clue believed this far shows where in the utterance a wish stands
_AROUND = 3  # words beside the strong clues that should fit to them


@dataclass(frozen=True, slots=True)
class Phrase:
    intent: str
    stems: Counter[str]
    weight: float


@dataclass(frozen=True, slots=True)
class Score:
    """What speaks for one intent. All 0..1."""

    intent: str
    clues: float  # the witnesses together
    likeness: float  # to the nearest phrase
    explained: float  # the share of the meaningful words around its clues that the intent knows
    positions: frozenset[int]  # of its strong clues, counted in words

    @property
    def rank(self) -> float:
        return (self.clues + self.likeness) * (0.5 + self.explained)


class Evidence:
    """`weigh(words)` -> a Score for each intent that anything speaks for, best first."""

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        """`phrases`: intent -> sentences, of all languages."""
        told = [(intent, _marked_stems(language.words(text))) for intent, texts in phrases.items() for text in texts]
        self._intents = max(2, len(phrases))
        self._beliefs = _beliefs(told)
        self._vocabulary = {word for _, stems in told for word in stems}
        self._plain = [word for word in {word.lstrip(MARKS) for word in self._vocabulary} if len(word) >= _SHORTEST_NEAR]
        self._phrases = [Phrase(intent, Counter(stems), sum(map(self._weight, stems))) for intent, stems in told if stems]
        self._phrases_with: dict[str, list[Phrase]] = defaultdict(list)
        for phrase in self._phrases:
            for word in phrase.stems:
                self._phrases_with[word].append(phrase)

    def weigh(self, words: list[str]) -> list[Score]:
        stems = [self._recognised(word) for word in _marked_stems(words)]
        weights = [self._weight(word) for word in stems]
        doubts, places = self._witnesses(stems)
        likeness = self._likenesses(stems, sum(weights))
        scores = [
            Score(
                intent,
                1 - doubt,
                likeness.get(intent, 0.0),
                self._explained(intent, stems, weights, places[intent]),
                frozenset(places[intent]),
            )
            for intent, doubt in doubts.items()
        ]
        return sorted(scores, key=lambda score: score.rank, reverse=True)

    def _recognised(self, marked: str) -> str:
        """The known word that a misheard one stands for. Known, short, or quite strange words are themselves."""
        if marked in self._vocabulary:
            return marked
        plain = marked.lstrip(MARKS)
        sign = marked.removesuffix(plain)
        if plain not in self._plain and len(plain) >= _SHORTEST_NEAR and not language.is_function_word(plain):
            found = process.extractOne(plain, self._plain, scorer=fuzz.ratio, score_cutoff=_NEAR)
            plain = found[0] if found and found[0][0] == plain[0] else plain
        as_failing = sign == FAILS and FAILS + plain not in self._vocabulary
        return plain if as_failing else sign + plain

    def _weight(self, stemmed: str) -> float:
        """How much a word means: 1 for one that a single intent has, or none; little for grammar."""
        if _is_grammar(stemmed) or stemmed.startswith(UNWANTED):
            return _GRAMMAR_WEIGHT
        spread = len(self._beliefs.get(stemmed, ())) or 1
        return max(_GRAMMAR_WEIGHT, 1 - math.log(spread) / math.log(self._intents))

    def _witnesses(self, stems: Sequence[str]) -> tuple[dict[str, float], dict[str, set[int]]]:
        """By intent: how likely all its clues deceive us, and where the strong ones stand. Unwanted words speak against."""
        doubts: dict[str, float] = defaultdict(lambda: 1.0)
        places: dict[str, set[int]] = defaultdict(set)
        for clue, spots in _clues(stems).items():
            for intent, belief in self._beliefs.get(clue, {}).items():
                doubts[intent] *= 1 - belief
                if belief > _STRONG:
                    places[intent] |= spots
        for word in stems:
            if word.startswith(UNWANTED):
                for intent, belief in self._beliefs.get(word.removeprefix(UNWANTED), {}).items():
                    doubts[intent] = 1 - (1 - doubts[intent]) * (1 - belief)
        return doubts, places

    def _likenesses(self, stems: Sequence[str], total: float) -> dict[str, float]:
        best: dict[str, float] = {}
        present = Counter(stems)
        near = {id(phrase): phrase for word in present if not _is_grammar(word) for phrase in self._phrases_with.get(word, ())}
        for phrase in near.values():
            shared = sum(self._weight(word) * count for word, count in (present & phrase.stems).items())
            best[phrase.intent] = max(2 * shared / (phrase.weight + total), best.get(phrase.intent, 0.0))
        return best

    def _explained(self, intent: str, stems: Sequence[str], weights: Sequence[float], places: set[int]) -> float:
        around = range(max(0, min(places) - _AROUND), min(len(stems), max(places) + _AROUND + 1)) if places else range(len(stems))
        meant = [at for at in around if not _is_grammar(stems[at]) and not stems[at].startswith(UNWANTED)]
        known = sum(weights[at] for at in meant if intent in self._beliefs.get(stems[at], {}))
        return known / total if (total := sum(weights[at] for at in meant)) else 0.0


def _marked_stems(words: list[str]) -> list[str]:
    marked = mark(words)
    return [word[: len(word) - len(plain)] + language.stem(plain) for word, plain in zip(marked, words, strict=True)]


def _is_grammar(stemmed: str) -> bool:
    return language.is_function_word(stemmed) or any(char.isdigit() for char in stemmed)


def _clues(stems: Iterable[str]) -> dict[str, set[int]]:
    """The meaningful words and the pairs that hold at least one, with the positions where they stand."""
    found: dict[str, set[int]] = defaultdict(set)
    before = ""
    for at, word in enumerate(stems):
        if not _is_grammar(word):
            found[word].add(at)
        if before and not (_is_grammar(word) and _is_grammar(before)):
            found[f"{before} {word}"] |= {at - 1, at}
        before = word
    return found


def _beliefs(told: Sequence[tuple[str, Sequence[str]]]) -> dict[str, dict[str, float]]:
    """clue -> intent -> how far it may be believed: its share of the clue, squared, and how often it was seen."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for intent, stems in told:
        for clue in _clues(stems):
            counts[clue][intent] += 1
    return {clue: {intent: _belief(count, seen.total(), clue) for intent, count in seen.items()} for clue, seen in counts.items()}


def _belief(count: int, total: int, clue: str) -> float:
    witnesses = _WITNESSES[1 + clue.count(" ")]
    return float((count / total) ** 2 * count / (count + witnesses))
