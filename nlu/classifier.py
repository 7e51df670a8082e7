"""Which intent a sentence speaks for, learnt from the phrases of jambonz-app.json: in seconds, once a machine (nlu/shelf.py).

Softmax regression over clues that all languages share (nlu/clues.py). Besides the intents there is NOTHING: sentences that are
none of the helpdesk's business. To learn to do with a part of what there is to see, it also learns each phrase in parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from zlib import crc32

import numpy as np

from nlu import language, pupil, shelf
from nlu.clues import Clues
from nlu.elsewhere import shipped
from nlu.kin import KIN, TOPICS
from nlu.lexicon import Lexicon
from nlu.negation import MARKS, REFUSALS, UNWANTED, mark
from nlu.softmax import Array, Lesson, Row, Softmax, as_bytes, fit, from_bytes

NOTHING = "~"
_NOTHING_COUNTS = 2.0  # all that is elsewhere together, where the phrases of an average intent count 1
_PART_COUNTS = 0.5
_ALONE = "n:"
_VIEWS = {"c": 0, "s": 1, "g": 1, "w": 2, "u": 2}  # by how a clue begins: meaning alone, sound alone, words alone
_TORN, _TORN_NOTHING, _KEPT = 2, 1, 0.3  # times that a phrase is learnt with most of its clues torn out, and how many are left
_OWN_PHRASES, _OWN_SHARE = 4, 0.025  # so many phrases that speak of a topic make it the helpdesk's own
_DEAR, _STEPS = 1e-5, 300  # it comes to rest after about 90

_WEIGHTS = shelf.Form(".npz", as_bytes, from_bytes)
Phrases = tuple[tuple[str, tuple[str, ...]], ...]  # (intent, sentences of all languages)


class Classifier:
    """`weigh(marked)`: how likely each intent is, and NOTHING; they add up to 1. Deterministic."""

    def __init__(self, clues: Clues, learnt: Softmax) -> None:
        self._clues, self.learnt = clues, learnt

    @classmethod
    def taught(cls, phrases: Mapping[str, Iterable[str]], clues: Clues, elsewhere: Sequence[str] | None = None) -> Classifier:
        """`phrases`: intent -> sentences, of all languages. `elsewhere`: what is none of them; else the shipped sentences."""
        return cls(clues, Teaching(clues).of(phrases, shipped() if elsewhere is None else elsewhere))

    def weigh(self, marked: Sequence[str]) -> dict[str, float]:
        """`marked`: words as nlu.negation.mark gives them."""
        row = clues_in(self._clues, marked)
        alone = [clue for clue in row if clue.startswith(_ALONE)]
        if alone and not any(map(self.learnt.knows, alone)):
            return {NOTHING: 1.0}  # all that was said is unwanted, and no phrase is about not wanting it
        return dict(zip(self.learnt.classes, self.learnt.chances(row), strict=True))


def clues_in(clues: Clues, marked: Sequence[str]) -> Row:
    """What is to be seen of words marked by nlu.negation.mark; a refusal that holds nothing else ("I do not want a machine") is a
    clue of its own."""
    row = clues.of(marked)
    meant = [word for word in marked if word not in REFUSALS and not language.is_function_word(language.stem(word.lstrip(MARKS)))]
    if not all(word.startswith(UNWANTED) for word in meant):
        return row
    refused = [clue.removeprefix("u:") for clue in row if clue.startswith("u:")]
    return {**row, **{_ALONE + word: 1.0 for word in refused if not language.is_function_word(word)}}


class Teaching:
    """From sentences to what is learnt of them."""

    def __init__(self, clues: Clues) -> None:
        self._clues = clues

    def of(self, phrases: Mapping[str, Iterable[str]], elsewhere: Sequence[str]) -> Softmax:
        told = [(intent, text) for intent, texts in phrases.items() for text in texts]
        strange = self._foreign(elsewhere, [text for _, text in told])
        share = _NOTHING_COUNTS * len(told) / max(1, len(phrases)) / max(1, len(strange))
        columns: dict[str, int] = {}
        lessons = [lesson for intent, text in told for lesson in self._lessons(intent, text, 1.0, columns)]
        lessons += [lesson for text in strange for lesson in self._lessons(NOTHING, text, share, columns)]
        return fit(lessons, columns, l2=_DEAR, steps=_STEPS)

    def _foreign(self, elsewhere: Sequence[str], phrases: Sequence[str]) -> list[str]:
        """Without what the phrases speak of: to a clinic fevers are no other world."""
        spoken = Counter(topic for text in phrases for topic in self._topics(text))
        own = {topic for topic, count in spoken.items() if count >= max(_OWN_PHRASES, _OWN_SHARE * len(phrases))}
        return [text for text in elsewhere if own.isdisjoint(self._topics(text))]

    def _topics(self, text: str) -> frozenset[str]:
        return TOPICS & self._clues.concepts(language.words(text))

    def _lessons(self, intent: str, text: str, counts: float, columns: dict[str, int]) -> Iterator[Lesson]:
        """The whole sentence, and parts of it. Numbers in `columns` the clues that are new."""
        row = clues_in(self._clues, mark(language.words(text)))
        at = np.array([columns.setdefault(clue, len(columns)) for clue in row], dtype=np.int32)
        strengths = np.fromiter(row.values(), dtype=np.float32, count=len(row))
        yield Lesson(intent, at, strengths, counts)
        for seen in (*_views(row), *_torn(text, len(row), _TORN_NOTHING if intent == NOTHING else _TORN)):
            if seen.sum() > 1:
                yield Lesson(intent, at[seen], strengths[seen], counts * _PART_COUNTS)


def _views(row: Row) -> Iterator[Array]:
    of = np.fromiter((_VIEWS.get(clue[0], -1) for clue in row), dtype=np.int8, count=len(row))
    return (of == view for view in sorted(set(_VIEWS.values())))


def _torn(text: str, length: int, times: int) -> Iterator[Array]:
    """Which clues are left, the same each time for a text."""
    chance = np.random.default_rng(crc32(text.encode()))
    return (chance.random(length) < _KEPT for _ in range(times))


@lru_cache(maxsize=2)
def learnt(phrases: Phrases) -> Classifier:
    """The classifier of these phrases, with the shipped lexicon. What was learnt is kept, here and on the shelf. Raises
    EngineUnavailable."""
    key = shelf.key_of(part for intent, texts in phrases for part in (intent, *texts, ""))
    return Classifier(Clues(Lexicon.load(), KIN), shelf.taken_or_made(key, _WEIGHTS, lambda: pupil.learn(phrases)))
