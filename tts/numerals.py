"""Numbers to words of a language, in the Indian grouping of thousand, lakh and crore. ASCII digits in, words out; pure."""

from __future__ import annotations

import re
from itertools import batched

from indic_numtowords import num2words as indic_words
from num2words import num2words as english_words

from tts.wording import WORDINGS

CRORE = 10**7
GROUP_SIZES = {5: 5, 6: 3, 9: 3, 10: 5}  # digits of a number -> of its groups; all others are read in fours
HINDI_ORDINALS = {1: "पहला", 2: "दूसरा", 3: "तीसरा", 4: "चौथा", 6: "छठा"}


def cardinal(number: int, language: str) -> str:
    """"one lakh twenty thousand"; from a thousand crore on the crores are said as a number of their own."""
    if number >= 100 * CRORE:
        crores, rest = divmod(number, CRORE)
        tail = f" {cardinal(rest, language)}" if rest else ""
        return f"{cardinal(crores, language)} {WORDINGS[language].crore}{tail}"
    if language == "en":
        return str(english_words(number, lang="en_IN")).replace(",", "")
    words: str = indic_words(number, lang=language, variations=False)[0]
    return words.replace("\\u200c", "").replace("छः", "छह")


def decimal(text: str, language: str) -> str:
    """A written number like "18,500.25" as "eighteen thousand five hundred point two five"."""
    whole, _, fraction = text.replace(",", "").partition(".")
    words = cardinal(int(whole), language)
    return f"{words} {WORDINGS[language].point} {digit_by_digit(fraction, language)}" if fraction else words
