"""Ordinals: "third", "twenty first", "5th", तीसरा, पाँचवाँ, மூன்றாவது. Words in, numbers out; pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from nlu.calendar_words import ENGLISH_ORDINAL, HINDI_ORDINAL, ORDINALS, TAMIL_ORDINAL
from nlu.slot_words import Token, fold, numbered, numeral


def ordinal(tokens: Sequence[Token], at: int) -> tuple[int, int]:
    """(number, tokens used); (0, 0) where no ordinal begins at `at`."""
    word, after = tokens[at].text, tokens[at + 1].text if at + 1 < len(tokens) else ""
    if word.isdigit() and (after in ENGLISH_ORDINAL or (len(after) > 1 and after in _written_endings())):
        return int(word), 2
    if number := _by_word(word):
        return number, 1
    tens = numeral(word)
    if tens and tens.kind == "ten" and 0 < (unit := _by_word(after)) < 10:
        return tens.value + unit, 2
    return 0, 0


@cache
def _written_endings() -> frozenset[str]:
    return frozenset(map(fold, (*HINDI_ORDINAL, "ஆம்", "ஆவது", "ம்", "வது")))


@cache
def _by_word(word: str) -> int:
    if word in numbered(ORDINALS):
        return numbered(ORDINALS)[word]
    for ending in HINDI_ORDINAL:
        if word.endswith(ending) and (known := numeral(word.removesuffix(ending))):
            return known.value
    for ending in TAMIL_ORDINAL:
        if word.endswith(ending) and (known := numeral(word.removesuffix(ending) + "ு")):
            return known.value
    return 0
