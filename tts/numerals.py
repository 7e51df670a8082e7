"""Numbers to words of a language, in the Indian grouping of thousand, lakh and crore. ASCII digits in, words out; pure."""

from __future__ import annotations

import re

from indic_numtowords import num2words as indic_words  # type: ignore[import-untyped]
from num2words import num2words as english_words

from tts.wording import WORDINGS

CRORE = 10**7
GROUP_SIZES = {5: 5, 6: 3, 9: 3, 10: 5}  # digits of a number -> of its groups; all others are read in fours
LONG_IDENTIFIER = 5  # letters and digits; shorter ones ("16A", "F12") hold numbers, longer ones digits
HINDI_ORDINALS = {1: "पहला", 2: "दूसरा", 3: "तीसरा", 4: "चौथा", 6: "छठा"}
VOWEL = re.compile(r"[aeiouy]")


def cardinal(number: int, language: str) -> str:
    """ "one lakh twenty thousand"; from a hundred crore on the crores are said as a number of their own."""
    if number >= 100 * CRORE:
        crores, rest = divmod(number, CRORE)
        tail = f" {cardinal(rest, language)}" if rest else ""
        return f"{cardinal(crores, language)} {WORDINGS[language].crore}{tail}"
    if language == "en":
        return str(english_words(number, lang="en_IN")).replace(",", "")
    words = str(indic_words(number, lang=language, variations=False))
    return words.replace("\u200c", "").replace("छः", "छह")


def counted(number: int, language: str) -> str:
    """Before a noun: Tamil says ஒரு and not ஒன்று for one."""
    return WORDINGS[language].one if number == 1 else cardinal(number, language)


def decimal(text: str, language: str) -> str:
    """A written number: "18,500.25" is "eighteen thousand five hundred point two five"."""
    whole, _, fraction = text.replace(",", "").partition(".")
    if len(whole) > 15:
        return in_groups(whole + fraction, language)
    words = cardinal(int(whole), language)
    return f"{words} {WORDINGS[language].point} {digit_by_digit(fraction, language)}" if fraction else words


def digit_by_digit(digits: str, language: str) -> str:
    return " ".join(WORDINGS[language].digits[int(digit)] for digit in digits)


def in_groups(digits: str, language: str) -> str:
    """Digit by digit with a pause (a comma) between groups, as people read a long number."""
    size = GROUP_SIZES.get(len(digits), 4)
    starts = range(0, len(digits), size)
    return ", ".join(digit_by_digit(digits[start : start + size], language) for start in starts)


def character(one: str, language: str) -> str:
    """A digit or a Latin letter so that it can't be taken for another."""
    words = WORDINGS[language]
    return words.digits[int(one)] if one.isdigit() else words.clearer_letters.get(one) or words.letters[one]


def letters(text: str, language: str) -> str:
    """ "GST" is "G S T" (जी एस टी). Other characters than Latin letters are left out."""
    names = WORDINGS[language].letters
    return " ".join(names[letter] for letter in text.upper() if letter in names)


def identifier(text: str, language: str) -> str:
    """ "T-1042" is "T one zero four two"; a small written word in it stays a word ("order1234"). A long one gets pauses."""
    parts = re.findall(r"[0-9]+|[A-Za-z]+", text)
    length = sum(map(len, parts))
    words = ""
    for before, part in zip(["", *parts], parts, strict=False):
        pause = ", " if length >= 2 * LONG_IDENTIFIER and len(before) > 1 else " "
        words += (pause if before else "") + _part(part, language, long=length >= LONG_IDENTIFIER)
    return words


def _part(part: str, language: str, *, long: bool) -> str:
    if not part.isdecimal():
        a_word = len(part) >= 3 and not part.isupper() and VOWEL.search(part.lower())
        return part if a_word else letters(part, language)
    if long or len(part) > 2 or part.startswith("0"):
        return in_groups(part, language)
    return cardinal(int(part), language)


def year(number: int, language: str) -> str:
    return str(english_words(number, lang="en_IN", to="year")) if language == "en" else cardinal(number, language)


def ordinal(number: int, language: str) -> str:
    """ "third", तीसरा, மூன்றாவது: also the day in an English date."""
    if language == "en":
        return str(english_words(number, lang="en_IN", to="ordinal")).replace(",", "")
    if language == "hi":
        return HINDI_ORDINALS.get(number, cardinal(number, "hi") + "वाँ")
    return tamil_ordinal(number, "ாவது")


def tamil_ordinal(number: int, suffix: str) -> str:
    """`suffix`: "ாவது" or "ாம்", which take the place of the number's final u."""
    words = cardinal(number, "ta")
    if words.endswith("ம்"):
        return words.removesuffix("ம்") + "ம" + suffix
    if words.endswith("ு"):
        return words.removesuffix("ு") + suffix
    if words.endswith("ூ"):
        return words + "வ" + suffix
    return words + "ய" + suffix
