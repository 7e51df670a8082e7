"""A caller's sentence cut into words and runs of digits, and what each word can stand for in a number or a code."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from nlu import number_words as tables
from nlu.skeletons import skeleton

# joiners, the nukta and the aytham: half of all writers leave them out
_UNSEEN = dict.fromkeys([0x200B, 0x200C, 0x200D, 0xFEFF, 0x093C, 0x0B83])
_NASAL = {0x0901: 0x0902}  # chandrabindu and anusvara are used for each other
_SHORT = re.compile(r"['’](?:s|m|re|ve|ll|d|t)\b", re.IGNORECASE)  # "it's" has no letter S
_TOKEN = re.compile(r"\d+|(?:[^\W\d_]|[\u0900-\u0963\u0971-\u097f\u0b80-\u0be5])+")
_TAMIL_SUFFIXES = ("க்கு", "தான்")
_SKELETON = 4  # letters; shorter words are too much like others to be known by their skeleton


def fold(text: str) -> str:
    """One spelling: lower case, ASCII digits, no joiners."""
    return _plain(text).casefold()


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFD", text).translate(_UNSEEN).translate(_NASAL)
    text = _SHORT.sub("", unicodedata.normalize("NFC", text))
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    glued: bool = False  # written together with digits beside it: "od1234", "od-1234"
    capitals: bool = False  # several, and not the whole sentence


def tokens(heard: str) -> list[Token]:
    text = _plain(heard)
    found, shouted = list(_TOKEN.finditer(text)), text.isupper()
    words = [match.group() for match in found]
    return [
        Token(word.casefold(), _glued(text, found, at), len(word) > 1 and word.isupper() and not shouted) for at, word in enumerate(words)
    ]


def _glued(text: str, found: list[re.Match[str]], at: int) -> bool:
    if found[at].group().isdigit():
        return False
    joints = [(left, beside) for left, beside in ((at - 1, at - 1), (at, at + 1)) if 0 <= left < len(found) - 1]
    tight = {left for left, _ in joints if text[found[left].end() : found[left + 1].start()] in ("", "-", "/")}
    return any(found[beside].group().isdigit() for left, beside in joints if left in tight)


@dataclass(frozen=True, slots=True)
class Numeral:
    """A word that is a number for sure. `kind`: "unit", "pair" (10..99), "ten" (a unit may follow), "hundred", "thousand", "multiple"."""

    value: int
    kind: str
    tongue: str = ""


@cache
def numerals() -> dict[str, Numeral]:
    """word -> number, the exact spellings."""
    known: dict[str, Numeral] = {}
    for kind, table in (("pair", tables.TEENS), ("ten", tables.TENS), ("unit", tables.UNITS)):
        for tongue, text in table.items():
            known |= {fold(word): Numeral(value, kind, tongue) for value, word in _lines(text)}
    for stem, ending in ((stem, ending) for stem in _lines(tables.TAMIL_TENS) for ending in _lines(tables.TAMIL_ENDINGS)):
        fused = stem[1] + (ending[1] if stem[1].endswith("த்") else "ற" + ending[1][1:])
        known[fold(fused)] = Numeral(stem[0] + ending[0], "pair", "ta")
    stems = [(number.value, word[:-1] + "ா") for word, number in known.items() if word.endswith("ு") and number.kind != "ten"]
    known |= {fold(word): Numeral(value, "hundred", "ta") for value, word in _lines(tables.HUNDREDS)}
    known |= {
        fold(stem + ending): Numeral(value * 1000, "thousand", "ta")
        for value, stem in (*stems, *_lines(tables.THOUSANDS))
        for ending in tables.TAMIL_THOUSAND
    }
    return known | {fold(word): Numeral(value, "multiple") for value, word in _lines(tables.MULTIPLES)}


@cache
def _by_skeleton() -> dict[str, Numeral]:
    """Longer number words are known in any spelling: "paintaalees", "पैतालिस"."""
    longer = {skeleton(word): numeral for word, numeral in numerals().items() if numeral.kind != "unit"}
    return {word: numeral for word, numeral in longer.items() if len(word) >= _SKELETON}


@lru_cache(maxsize=20_000)
def numeral(word: str) -> Numeral | None:
    for suffix in _TAMIL_SUFFIXES:
        if word.endswith(suffix) and word.removesuffix(suffix) in numerals():
            word = word.removesuffix(suffix)
    return numerals().get(word) or (_by_skeleton().get(skeleton(word)) if len(word) >= _SKELETON else None)


@cache
def doubtful_units() -> dict[str, int]:
    return numbered(tables.DOUBTFUL_UNITS)


@cache
def letters() -> dict[str, str]:
    """word -> the letters that it may be, the likeliest first: Tamil writes B and P alike."""
    known: dict[str, str] = {}
    for line in (*tables.LETTERS.strip().splitlines(), *tables.ALPHABET.strip().splitlines()):
        letter, *names = line.split()
        for name in map(fold, names):
            name = name.replace("_", " ")
            known[name] = known.get(name, "") + ("" if letter in known.get(name, "") else letter)
    return known


@cache
def doubtful_letters() -> frozenset[str]:
    alphabet = {fold(word) for line in tables.ALPHABET.strip().splitlines() for word in line.split()[1:]}
    return word_set(tables.DOUBTFUL_LETTERS) | alphabet


@cache
def sounds() -> dict[str, str]:
    """The first character of a word in an Indian script -> the letters that it may be spelled with."""
    pairs = (entry.split(" ", 1) for entry in tables.SOUNDS.replace("\n", "").split("|"))
    return {fold(sound.strip()): letters.replace(" ", "") for sound, letters in pairs}


@cache
def repeats() -> dict[str, int]:
    return numbered(tables.REPEATS)


@cache
def numbered(table: str) -> dict[str, int]:
    """word -> its number, of a table of lines "number form form"."""
    return {fold(word): value for value, word in _lines(table)}


@cache
def word_set(text: str) -> frozenset[str]:
    return frozenset(fold(word) for word in text.split())


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """(number, form), form by form."""
    for line in text.strip().splitlines():
        value, *forms = line.split()
        yield from ((int(value), form) for form in forms)


def warm() -> None:
    """Reads the tables now, not while a caller waits."""
    readers: tuple[Callable[[], object], ...] = (numerals, _by_skeleton, doubtful_units, letters, doubtful_letters, sounds, repeats)
    for read in readers:
        read()
