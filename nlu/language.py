"""From a sentence to words that can be compared: one spelling, one form, whatever the script.

English, Hindi (Devanagari and romanised) and Tamil; other languages pass with their words as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

from nlu.wordlists import CONTRACTIONS, FUNCTION_WORDS, JOINED, SPELLINGS

_APOSTROPHES = dict.fromkeys(map(ord, "’‘ʼ`´"), "'")
_UNSEEN = dict.fromkeys([0x200B, 0x200C, 0x200D, 0xFEFF, 0x093C])  # joiners, and the nukta that half of all writers leave out
_WRITTEN_ALIKE = {**_UNSEEN, 0x0901: 0x0902}  # chandrabindu and anusvara are used for each other
_LETTER_PREFIXES = {"e", "ई", "இ"}  # as in e-invoice
_LONGEST_JOIN = max(len(parts.split()) for parts in JOINED)
_FIRST_OF_COMPOUNDS = {parts.split()[0] for parts in JOINED} | _LETTER_PREFIXES
_FEW_SCRIPTS = 2_000  # characters
_NUMBERED_FORM = re.compile(r"^(gstr)(\d+[a-z]?)$")

_ENGLISH_ENDINGS = (
    "izations",
    "ization",
    "ations",
    "ation",
    "iness",
    "ings",
    "ing",
    "ions",
    "ion",
    "ies",
    "als",
    "al",
    "ed",
    "es",
    "s",
    "y",
    "e",
)
_HINDI_ENDINGS = ("ियों", "ाएं", "ाना", "ने", "नी", "ना", "ता", "ती", "ते", "ों", "ें", "ाओ", "ा", "ी", "े", "ो", "ि")
_TAMIL_STEM = 6  # code points: Tamil hangs its grammar on the end of the word


def words(text: str) -> list[str]:
    """The sentence's words, lower case, in the spelling that everything else here uses. No stems yet: see `stem`."""
    return _join(_spelled(_tokens(_plain(text))))


def stems(text: str) -> list[str]:
    """The words without their inflections."""
    return [stem(word) for word in words(text)]


@lru_cache(maxsize=20_000)
def is_function_word(stemmed: str) -> bool:
    """Whether a stem is grammar or courtesy ("the", "please", "है"), and says nothing of what is wanted."""
    return stemmed in _function_stems()


def stem(word: str) -> str:
    """The word without its inflection: "renewal" and "renewed" are "renew". Short words stay as they are."""
    if word.isascii():
        return _english_stem(word)
    if "\u0900" <= word[0] <= "\u097f":
        return _hindi_stem(word)
    if "\u0b80" <= word[0] <= "\u0bff":
        return word[:_TAMIL_STEM]
    return word


def _plain(text: str) -> str:
    if text.isascii():
        return text.lower().replace("`", "'")
    text = unicodedata.normalize("NFD", text.casefold()).translate(_WRITTEN_ALIKE)
    return unicodedata.normalize("NFC", text).translate(_APOSTROPHES)


class _Apart(dict[int, int | str]):
    """For `str.translate`: letters, their marks, digits and apostrophes stay, every other character is a space. Remembers a few scripts."""

    def __missing__(self, point: int) -> int | str:
        char = chr(point)
        kept = point if char == "'" or unicodedata.category(char)[0] in "LMN" else " "
        if len(self) < _FEW_SCRIPTS:
            self[point] = kept
        return kept


_APART = _Apart()


def _tokens(text: str) -> Iterator[str]:
    """Runs of letters, their marks and digits. An apostrophe inside a word belongs to it; "3-b" and "e-mail" are two."""
    return filter(None, (run.strip("'") for run in text.translate(_APART).split(" ")))


def _spelled(tokens: Iterator[str]) -> list[str]:
    return [word for token in tokens for word in _spell(token)]


@lru_cache(maxsize=20_000)
def _spell(token: str) -> tuple[str, ...]:
    """Contractions opened, British and Indian spellings made one, "gstr3b" taken apart."""
    spelled: list[str] = []
    for word in (CONTRACTIONS.get(token) or _opened(token)).split():
        numbered = _NUMBERED_FORM.match(word)
        spelled += numbered.groups() if numbered else [SPELLINGS.get(word, word)]
    return tuple(spelled)


def _opened(token: str) -> str:
    if "'" not in token:
        return token
    for ending, opened in (
        ("n't", " not"),
        ("'re", " are"),
        ("'ve", " have"),
        ("'ll", " will"),
        ("'d", " would"),
        ("'m", " am"),
        ("'s", ""),
    ):
        if token.endswith(ending):
            return token.removesuffix(ending) + opened
    return token.replace("'", "")


def _join(tokens: list[str]) -> list[str]:
    """Compounds made one word: the listed ones, letter prefixes ("e invoice"), and letters spelled out ("g s t")."""
    joined: list[str] = []
    position = 0
    while position < len(tokens):
        if len(token := tokens[position]) > 1 and token not in _FIRST_OF_COMPOUNDS:
            joined.append(token)
            position += 1
            continue
        word, used = _compound(tokens, position)
        joined += word.split()
        position += used
    return joined


def _compound(tokens: list[str], at: int) -> tuple[str, int]:
    for length in range(min(_LONGEST_JOIN, len(tokens) - at), 1, -1):
        if (whole := JOINED.get(" ".join(tokens[at : at + length]))) is not None:
            return whole, length
    if tokens[at] in _LETTER_PREFIXES and at + 1 < len(tokens) and len(tokens[at + 1]) > 1:
        return tokens[at] + tokens[at + 1], 2
    letters = _run_of_letters(tokens, at)
    return ("".join(tokens[at : at + letters]), letters) if letters > 2 else (tokens[at], 1)


def _run_of_letters(tokens: list[str], at: int) -> int:
    end = at
    while end < len(tokens) and len(tokens[end]) == 1 and tokens[end].isascii() and tokens[end].isalpha():
        end += 1
    return end - at


@lru_cache(maxsize=20_000)
def _english_stem(word: str) -> str:
    if len(word) < 4 or any(char.isdigit() for char in word):
        return word
    for ending in _ENGLISH_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith(("ss", "us")):
            return word.removesuffix(ending)
    return word


@lru_cache(maxsize=20_000)
def _hindi_stem(word: str) -> str:
    for ending in _HINDI_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            return word.removesuffix(ending)
    return word


@cache
def _function_stems() -> frozenset[str]:
    return frozenset(stem(word) for line in FUNCTION_WORDS.values() for word in words(line))
