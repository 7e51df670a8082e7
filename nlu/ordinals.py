"""Ordinals: "third", "twenty first", "5th", तीसरा, पाँचवाँ, மூன்றாவது; and days of a month. Words in, numbers out; pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

from nlu.calendar_words import DATE, ENGLISH_ORDINAL, HINDI_ORDINAL, ORDINALS, TAMIL_ORDINAL
from nlu.cardinals import below_hundred
from nlu.slot_words import Token, fold, numbered, numeral, word_set


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


@lru_cache(maxsize=20_000)
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


def day_of_month(words: Sequence[Token], at: int) -> tuple[int, int]:
    """(day of the month, words used). Days that no month has are read too: they are told from no day at all."""
    if at >= len(words):
        return 0, 0
    number, used = ordinal(words, at)
    if not number:
        number, used = below_hundred(words, at)
    if not used and words[at].text.isdigit():
        number, used = int(words[at].text), 1
    if not 1 <= number <= 99:
        return 0, 0
    while at + used < len(words) and words[at + used].text in word_set(DATE):
        used += 1
    return number, used
