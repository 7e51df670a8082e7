"""The known word that a misheard or freely spelled one stands for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz, process

from nlu.sounds import skeleton, sound

_DIGITS = frozenset("0123456789")
_SHORTEST = 5  # letters, or code points
_ALIKE = 85.0  # 0..100: within one script
_ALIKE_BEGINNING = 6  # letters of a form that goes on ("install*")
_TELLING = 4  # classes of consonants that must agree where the script or the vowels do not
_ALIKE_IN_SOUND = 76.0


class Nearest:
    """`nearest(word)` -> a known word or beginning, or "" when none is near enough. Keeps nothing."""

    def __init__(self, patterns: Iterable[str]) -> None:
        """`patterns`: words, or beginnings of words with a `*` behind."""
        self._whole: dict[str, list[str]] = defaultdict(list)
        self._begun: dict[tuple[str, int], list[str]] = defaultdict(list)
        self._by_sound: dict[str, str] = {}
        self._by_skeleton: dict[str, list[str]] = defaultdict(list)
        for pattern in sorted(patterns):
            self._learn(pattern, pattern.rstrip("*"))

    def _learn(self, pattern: str, word: str) -> None:
        if not _DIGITS.isdisjoint(word):
            return
        if word.isascii() and len(word) >= _SHORTEST - 1:
            self._by_sound.setdefault(sound(word), word)
        if len(skeleton(word)) >= _TELLING:
            self._by_skeleton[skeleton(word)].append(pattern)
        if len(word) >= _SHORTEST and not pattern.endswith("*"):
            self._whole[_first_sound(word)].append(word)
        elif len(word) >= _ALIKE_BEGINNING:
            self._begun[_first_sound(word), len(word)].append(word)

    def __call__(self, word: str) -> str:
        if len(word) < _SHORTEST or not _DIGITS.isdisjoint(word):
            return ""
        if word.isascii():
            return self._by_sound.get(sound(word)) or self._spelled_alike(word)
        return self._spelled_alike(word) or self._sounding_alike(word)

    def _spelled_alike(self, word: str) -> str:
        first = _first_sound(word)
        best, likeness = _most_alike(word, self._whole.get(first, ()))
        for length in range(_ALIKE_BEGINNING, len(word) + 2):
            begun, alike = _most_alike(word[:length], self._begun.get((first, length), ()))
            if alike > likeness:
                best, likeness = begun, alike
        return best

    def _sounding_alike(self, word: str) -> str:
        """For borrowed words in Indian letters: the same consonants, vowels not too different; endings may follow."""
        bones, heard = skeleton(word), sound(word)
        for length in range(len(bones), _TELLING - 1, -1):
            for pattern in self._by_skeleton.get(bones[:length], ()):
                plain, goes_on = sound(pattern.rstrip("*")), length < len(bones)
                if goes_on and not pattern.endswith("*"):
                    continue
                if fuzz.ratio(heard[: len(plain) + 1] if goes_on else heard, plain) >= _ALIKE_IN_SOUND:
                    return pattern.rstrip("*")
        return ""


def _first_sound(word: str) -> str:
    return sound(word)[:1]


def _most_alike(word: str, known: Sequence[str]) -> tuple[str, float]:
    found = process.extractOne(word, known, scorer=fuzz.ratio, score_cutoff=_ALIKE) if known else None
    return (found[0], found[1]) if found else ("", 0.0)
