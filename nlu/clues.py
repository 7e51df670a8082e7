"""What a sentence shows of its meaning, as weighed clues: words, neighbours, concepts, sounds, and which of them fail.

A clue is a string: "w:expir", "c:EXPIRE", "c:NOT_WORK+PRINTER", "s:lsns", "g:pass", and "u:machin" of
an unwanted word. Concepts and sounds are the same in all languages, so that a phrase in one of them speaks for the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Protocol

from nlu import language
from nlu.negation import FAILS, MARKS, UNWANTED
from nlu.sounds import skeleton, sound

_WORD, _GRAMMAR, _NEIGHBOURS, _CONCEPT, _TOGETHER, _SOUND, _LETTERS = 0.4, 0.15, 0.25, 0.7, 0.35, 0.5, 0.23
_SHORTEST_SKELETON = 3
_GRAM = 4
_REACH = 6  # words within which two concepts belong together


class Concepts(Protocol):
    def concepts(self, words: Sequence[str]) -> Sequence[frozenset[str]]:
        """For each word, what it means."""


class Clues:
    """`of(marked)`: the clues of a sentence, as nlu.negation.mark gives its words."""

    def __init__(self, lexicon: Concepts, kin: Mapping[str, Sequence[str]]) -> None:
        """`kin`: concept -> the broader ones that it belongs to."""
        self._lexicon, self._kin = lexicon, kin

    def of(self, marked: Sequence[str]) -> dict[str, float]:
        wanted = [word for word in marked if not word.startswith(UNWANTED)]
        plain = [word.lstrip(MARKS) for word in wanted]
        stems = [language.stem(word) for word in plain]
        found = {f"u:{language.stem(word.lstrip(MARKS))}": _WORD for word in marked if word.startswith(UNWANTED)}
        for clue, strength in self._clues(wanted, plain, stems):
            found[clue] = max(found.get(clue, 0.0), strength)
        return found

    def concepts(self, words: Sequence[str]) -> frozenset[str]:
        """What the words are about, all together."""
        return frozenset[str]().union(*self._lexicon.concepts(words))

    def _clues(self, marked: Sequence[str], plain: Sequence[str], stems: Sequence[str]) -> Iterator[tuple[str, float]]:
        meant = self._concepts(plain)
        yield from _of_words(marked, stems)
        yield from _of_neighbours(stems)
        yield from self._of_concepts(meant)
        for word, stem in zip(plain, stems, strict=True):
            if not language.is_function_word(stem) and not word.isdigit():
                yield from _of_sound(word)

    def _concepts(self, words: Sequence[str]) -> list[frozenset[str]]:
        return [self._with_kin(concepts) for concepts in self._lexicon.concepts(words)]

    def _with_kin(self, concepts: frozenset[str]) -> frozenset[str]:
        return concepts | {broader for concept in concepts for broader in self._kin.get(concept, ())}

    def _of_concepts(self, meant: Sequence[frozenset[str]]) -> Iterator[tuple[str, float]]:
        places = [(at, concept) for at, concepts in enumerate(meant) for concept in sorted(concepts)]
        for number, (at, concept) in enumerate(places):
            yield f"c:{concept}", _CONCEPT
            for other_at, other in places[number + 1 :]:
                if other_at - at > _REACH:
                    break
                if other != concept:
                    yield "c:" + "+".join(sorted((concept, other))), _TOGETHER


def _of_words(marked: Sequence[str], stems: Sequence[str]) -> Iterator[tuple[str, float]]:
    for word, stem in zip(marked, stems, strict=True):
        if any(char.isdigit() for char in stem) and stem.isdigit():
            continue
        yield f"w:{stem}", _GRAMMAR if language.is_function_word(stem) else _WORD
        if word.startswith(FAILS):
            yield f"w:!{stem}", _WORD


def _of_neighbours(stems: Sequence[str]) -> Iterator[tuple[str, float]]:
    for one, other in pairwise(stems):
        yield f"w:{one} {other}", _NEIGHBOURS


def _of_sound(word: str) -> Iterator[tuple[str, float]]:
    bones = skeleton(word)
    if len(bones) >= _SHORTEST_SKELETON:
        yield f"s:{bones}", _SOUND
    heard = f"_{sound(word)}_"
    for at in range(max(1, len(heard) - _GRAM + 1)):
        yield f"g:{heard[at : at + _GRAM]}", _LETTERS
