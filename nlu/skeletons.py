"""Words without what their writers disagree on, so that "paintaalees" and "paintalis" are one. Pure."""

from __future__ import annotations

import re

_SPELLINGS: dict[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    "latin": tuple(
        (re.compile(pattern), by)
        for pattern, by in (
            (r"ee|ii|ea", "i"),
            ("oo|uu", "u"),
            ("aa", "a"),
            ("w", "v"),
            ("z", "j"),
            ("chch", "ch"),
            ("anave", "anve"),
            (r"([^aeiou])\1", r"\1"),
        )
    ),
    "devanagari": tuple(
        (re.compile(pattern), by)
        for pattern, by in (
            (r"ं|ः|न्(?=[दत])", ""),
            ("ी", "ि"),
            ("ू", "ु"),
            ("ै", "े"),
            ("ौ", "ो"),
            ("ई", "इ"),
            (r"([क-ह])्\1", r"\1"),
            ("ट्ठ", "ठ"),
            ("च्छ", "छ"),
        )
    ),
    "tamil": tuple(
        (re.compile(pattern), by)
        for pattern, by in (
            (r"([க-ஹ])்\1", r"\1"),
            ("[ழள]", "ல"),
            ("ற", "ர"),
            ("ண", "ன"),
            ("ீ", "ி"),
            ("ூ", "ு"),
            ("ே", "ெ"),
            ("ோ", "ொ"),
            ("ஏ", "எ"),
            ("ஓ", "ஒ"),
        )
    ),
}


def skeleton(word: str) -> str:
    """The word without what its writers disagree on: long or short vowels, doubled consonants, nasals."""
    script = "latin" if word.isascii() else "devanagari" if word[0] < "\u0b80" else "tamil"
    for pattern, by in _SPELLINGS[script]:
        word = pattern.sub(by, word)
    return word
