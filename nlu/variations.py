"""Words that are misheard again and again, put right before anything else reads them ("jeem essay tee" means GST)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nlu import language


class Variations:
    """`meant(words)`: the words with `understanding.variations` of jambonz-app.json put right, the longest first."""

    def __init__(self, variations: Mapping[str, str]) -> None:
        """`variations`: misheard words -> what they mean."""
        self._meant = {tuple(language.words(heard)): language.words(meant) for heard, meant in variations.items()}
        self._longest = max(map(len, self._meant), default=0)

    def meant(self, words: Sequence[str]) -> list[str]:
        right: list[str] = []
        at = 0
        while at < len(words):
            length = self._length(words, at)
            right += self._meant[tuple(words[at : at + length])] if length else [words[at]]
            at += length or 1
        return right

    def _length(self, words: Sequence[str], at: int) -> int:
        lengths = range(min(self._longest, len(words) - at), 0, -1)
        return next((length for length in lengths if tuple(words[at : at + length]) in self._meant), 0)
