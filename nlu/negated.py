"""Which part of a correction is said to be wrong: "seven, not eleven", "ग्यारह नहीं, सात". Pure."""

from __future__ import annotations

from nlu.slot_words import tokens, word_set

LEADING = """
    no nope nah sorry wait wrong incorrect nahi nahin nai galat na arre are ji नहीं नही गलत ना अरे जी இல்லை இல்ல இல்லீங்க தப்பு தவறு சார்
    sir oh actually
"""
NO = "no nope nah sorry incorrect ना"
NOT_NEXT = "not isn instead rather न"  # "not eleven"
NOT_BEFORE = "nahi nahin nai galat wrong jagah bajaye badle नहीं नही गलत जगह बजाय बदले இல்லை இல்ல தப்பு தவறு பதிலா பதிலாக"  # "ग्यारह नहीं"


def negates(heard: str) -> bool:
    """Whether something in the words is said to be otherwise."""
    return any(word.text in word_set(f"{NOT_NEXT} {NOT_BEFORE}") for word in tokens(heard))


def denies(heard: str) -> bool:
    """Whether the words begin with a no."""
    return bool(words := tokens(heard)) and words[0].text in word_set(f"{NO} {NOT_BEFORE}")


def clauses(heard: str) -> list[str]:
    """The words around the "not", those that are affirmed first; all of them where there is none."""
    words = [word.text for word in tokens(heard)]
    while words and words[0] in word_set(LEADING):
        words.pop(0)
    at = next((at for at, word in enumerate(words) if word in word_set(f"{NOT_NEXT} {NOT_BEFORE}")), None)
    if at is None:
        return [heard]
    before, behind = " ".join(words[:at]), " ".join(words[at + 1 :])
    return [before, behind] if words[at] in word_set(NOT_NEXT) else [behind, before]
