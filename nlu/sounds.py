"""How a word sounds, whatever its script and spelling: what "licence", "laisens", "लाइसेंस" and "லைசென்ஸ்" have in common.

`sound` keeps the vowels, roughly; `skeleton` keeps only the classes of consonants that a telephone and three alphabets
leave apart (Tamil writes k and g, t and d, p and b alike).
"""

from __future__ import annotations

import re
from functools import lru_cache

# The blocks of Indian scripts are laid out alike: one table of offsets serves Devanagari and Tamil.
_BLOCKS = ((0x0900, 0x097F), (0x0B80, 0x0BFF))
_VIRAMA = 0x4D
_VOWEL_SOUNDS = "a a i i u u ri l e e e ai o o o au"
_CONSONANT_SOUNDS = "k k g g n ch ch j j n t t d d n t t d d n n p f b b m y r r l l l v s s s h"
_SIGN_SOUNDS = "a i i u u ri ri e e e ai o o o au"
_VOWELS = dict(enumerate(_VOWEL_SOUNDS.split(), start=0x05))
_CONSONANTS = dict(enumerate(_CONSONANT_SOUNDS.split(), start=0x15))
_SIGNS = dict(enumerate(_SIGN_SOUNDS.split(), start=0x3E))
_NASALS = {0x01: "n", 0x02: "n"}

_LATIN = (
    (r"tion|sion|cian", "san"),
    (r"ck|q", "k"),
    (r"x", "ks"),
    (r"ch", "C"),
    (r"sh", "s"),
    (r"c(?=[eiy])", "s"),
    (r"c", "k"),
    (r"ph", "f"),
    (r"dge?(?=[eiy]|$)", "j"),
    (r"([kgtdbjp])h", r"\1"),
    (r"w", "v"),
    (r"z", "j"),
    (r"aa+", "a"),
    (r"ee+|ie+|y\b", "i"),
    (r"oo+|ou", "u"),
    (r"([^\W\d])\1+", r"\1"),
    (r"(?<=\w\w)[eh]$", ""),
    (r"C", "ch"),
)
_SPELLINGS = tuple((re.compile(pattern), heard) for pattern, heard in _LATIN)
_CLASSES = str.maketrans("gcqzjdbfmw", "ksksstppnv", "aeiouyh")
_REPEATED = re.compile(r"(.)\1+")


@lru_cache(maxsize=20_000)
def sound(word: str) -> str:
    """The word in plain Latin letters, one way to write what sounds alike. Digits and other scripts stay as they are."""
    heard = word if word.isascii() else _in_latin(word)
    for spelling, plain in _SPELLINGS:
        heard = spelling.sub(plain, heard)
    return heard


@lru_cache(maxsize=20_000)
def skeleton(word: str) -> str:
    """The classes of the word's consonants, in order: "psvrt" for password, पासवर्ड and பாஸ்வேர்ட்; an "a" for a vowel in front."""
    heard = sound(word)
    consonants = _REPEATED.sub(r"\1", heard.translate(_CLASSES))
    return "a" + consonants if heard[:1] in set("aeiou") else consonants


def _in_latin(word: str) -> str:
    """Letter by letter; a consonant without a sign of its own carries an "a", but for the last."""
    heard = ""
    for char in word:
        offset = _offset(char)
        if offset == _VIRAMA or offset in _SIGNS:
            heard = heard.removesuffix("a") + _SIGNS.get(offset, "")
        elif offset in _CONSONANTS:
            heard += _CONSONANTS[offset] + "a"
        else:
            heard += _VOWELS.get(offset) or _NASALS.get(offset) or ("" if offset else char)
    return heard if _offset(word[-1]) in _SIGNS else heard.removesuffix("a")


def _offset(char: str) -> int:
    """The place of a letter in its script's block, 0 for other letters."""
    return next((ord(char) - first for first, last in _BLOCKS if first <= ord(char) <= last), 0)
