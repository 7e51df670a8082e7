"""How a word sounds, whatever its script and spelling: what "licence", "laisens", "लाइसेंस" and "லைசென்ஸ்" have in common.

`sound` keeps the vowels, roughly; `skeleton` keeps only the classes of consonants that a telephone and three alphabets
leave apart (Tamil writes k and g, t and d, p and b alike).
"""

from __future__ import annotations

import re
from functools import lru_cache

# The blocks of Indian scripts are laid out alike: one table of offsets serves Devanagari and Tamil.
_OFFSETS = {chr(first + offset): offset for first in (0x0900, 0x0B80) for offset in range(0x80)}
_VIRAMA = 0x4D
_VOWEL_SOUNDS = "a a i i u u ri l e e e ai o o o au"
_CONSONANT_SOUNDS = "k k g g n ch ch j j n t t d d n t t d d n n p f b b m y r r l l l v s s s h"
_SIGN_SOUNDS = "a i i u u ri ri e e e ai o o o au"
_VOWELS = dict(enumerate(_VOWEL_SOUNDS.split(), start=0x05))
_CONSONANTS = dict(enumerate(_CONSONANT_SOUNDS.split(), start=0x15))
_SIGNS = dict(enumerate(_SIGN_SOUNDS.split(), start=0x3E))
_NASALS = {0x01: "n", 0x02: "n"}

# how Latin letters are heard; vowels written double, and consonants with an "h" behind, are in `_heard`
_SPELLED = re.compile(r"tion|sion|cian|ck|[qxwz]|ch|sh|ph|c(?=[eiy])|c|dge?(?=[eiy]|$)|[kgtdbjp]h|aa+|ee+|ie+|oo+|ou|y$")
_HEARD = dict.fromkeys(("tion", "sion", "cian"), "san") | {
    "ck": "k",
    "q": "k",
    "x": "ks",
    "w": "v",
    "z": "j",
    "ch": "ch",
    "sh": "s",
    "ph": "f",
}
_HEARD |= {"dg": "j", "dge": "j", "ou": "u", "y": "i"}
_LONG = {"a": "a", "e": "i", "i": "i", "o": "u"}
_SILENT = re.compile(r"([^\W\d])\1+|(?<=\w\w)[eh]$")  # a letter said again, and at the end
_CLASSES = str.maketrans("gcqzjdbfmw", "ksksstppnv", "aeiouyh")
_REPEATED = re.compile(r"(.)\1+")


@lru_cache(maxsize=20_000)
def sound(word: str) -> str:
    """The word in plain Latin letters, one way to write what sounds alike. Digits and other scripts stay as they are."""
    heard = _SPELLED.sub(_heard, word) if word.isascii() else _in_latin(word)
    return _SILENT.sub(r"\1", heard)


@lru_cache(maxsize=20_000)
def skeleton(word: str) -> str:
    """The classes of the word's consonants, in order: "psvrt" for password, पासवर्ड and பாஸ்வேர்ட்; an "a" for a vowel in front."""
    heard = sound(word)
    consonants = _REPEATED.sub(r"\1", heard.translate(_CLASSES))
    return "a" + consonants if heard[:1] in set("aeiou") else consonants


def _heard(spelled: re.Match[str]) -> str:
    letters, behind = spelled[0], spelled.string[spelled.end() : spelled.end() + 1]
    if letters == "c":
        return "s" if behind and behind in "eiy" else "k"
    return _HEARD.get(letters) or _LONG.get(letters[0], letters[0])


def _in_latin(word: str) -> str:
    """Letter by letter; a consonant without a sign of its own carries an "a", but for the last."""
    heard = ""
    for char in word:
        offset = _OFFSETS.get(char, 0)
        if offset == _VIRAMA or offset in _SIGNS:
            heard = heard.removesuffix("a") + _SIGNS.get(offset, "")
        elif offset in _CONSONANTS:
            heard += _CONSONANTS[offset] + "a"
        else:
            heard += _VOWELS.get(offset) or _NASALS.get(offset) or ("" if offset else char)
    return heard if _OFFSETS.get(word[-1]) in _SIGNS else heard.removesuffix("a")
