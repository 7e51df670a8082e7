"""What stands for the slots of a template: names, things, numbers, dates, ids; as written and as spoken."""

from __future__ import annotations

import functools
import random

import phrases_en as en
import phrases_hi as hi
import phrases_ta as ta
import spoken_numbers as numbers
from spoken_numbers import DIGIT_EN, ENGLISH_DIGIT_HI, ENGLISH_DIGIT_TA

MONTHS = {"en": en.MONTHS, "hi": hi.HI_MONTHS, "ta": ta.TA_MONTHS}
WORDS = {  # slots that are words: by language
    "name": {"en": en.NAMES, "hi": hi.HI_NAMES, "ta": ta.TA_NAMES},
    "surname": {"en": en.SURNAMES, "hi": hi.HI_SURNAMES, "ta": ta.TA_NAMES},
    "city": {"en": en.CITIES, "hi": hi.HI_CITIES, "ta": ta.TA_CITIES},
    "item": {"en": en.ITEMS, "hi": hi.HI_ITEMS, "ta": ta.TA_ITEMS},
    "day": {"en": en.DAYS, "hi": hi.HI_DAYS, "ta": ta.TA_DAYS},
    "when": {"en": en.WHEN, "hi": hi.HI_WHEN, "ta": ta.TA_WHEN},
    "company": {"en": en.COMPANIES},
    "colour": {"en": en.COLOURS},
}
LENGTHS = {  # of slots that are digits
    "oid": [3, 4, 4, 4, 4, 5, 5, 6],
    "digits": [1, 2, 3, 4, 4, 5, 6],
    "long": [4, 4, 4, 5, 5, 6, 6, 6, 7, 8, 8, 9, 10, 10],
    "d1": [1],
    "serial": [9],
}
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def fill(name: str, rng: random.Random, lang: str) -> tuple[str, str]:
    """(written, spoken) of one slot value."""
    if name in LENGTHS:
        return _number(name, rng, lang)
    if name in WORDS:
        value = rng.choice(WORDS[name].get(lang) or WORDS[name]["en"]).replace("_", " ")
        return value, value
    return _SLOTS[name](rng, lang)


def _number(name: str, rng: random.Random, lang: str) -> tuple[str, str]:
    digits = numbers.digits_of(rng, rng.choice(LENGTHS[name]))
    spoken = numbers.say_digits(rng, digits, lang)
    if name == "oid" and lang == "en" and rng.random() < 0.35:
        prefix = rng.choice(en.PREFIXES)
        return prefix + digits, " ".join(prefix.upper()) + " " + spoken
    return digits, spoken


def _phone(rng: random.Random, lang: str) -> tuple[str, str]:
    digits = numbers.digits_of(rng, 10, first=rng.choice("99887766543210"))
    return digits, numbers.say_digits(rng, digits, lang)


def _gstr(rng: random.Random, lang: str) -> tuple[str, str]:
    written = rng.choice(["1", "3b", "2a", "2b", "9", "4", "9c"])
    digits = {"en": DIGIT_EN, "hi": ENGLISH_DIGIT_HI, "ta": ENGLISH_DIGIT_TA}[lang]
    letters = {"en": " ABC", "hi": ["", "ए", "बी", "सी"], "ta": ["", "ஏ", "பி", "சி"]}[lang]
    return written, digits[int(written[0])] + "".join(" " + letters[" abc".index(c)] for c in written[1:])


def _gstin(rng: random.Random, lang: str) -> tuple[str, str]:
    """State, PAN, entity, Z and a check character, as they are read out."""
    letters = [rng.choice(LETTERS) for _ in range(5)]
    written = (
        f"{rng.randint(1, 37):02d}{''.join(letters)}{rng.randint(0, 9999):04d}{rng.choice(LETTERS)}{rng.randint(1, 9)}z{rng.randint(0, 9)}"
    )
    parts = [DIGIT_EN[int(c)] if c.isdigit() else c.upper() for c in written]
    return written, " ".join(parts[:7]) + " , " + " ".join(parts[7:])


def _counted(values: list[int], rng: random.Random, lang: str) -> tuple[str, str]:
    n = rng.choice(values)
    return str(n), numbers.count(n, lang)


def _spell(rng: random.Random, lang: str) -> tuple[str, str]:
    letters = rng.choice(en.NAMES + en.SURNAMES) if rng.random() < 0.6 else "".join(rng.choices(LETTERS, k=rng.randint(2, 5)))
    return " ".join(letters[:6]), " ".join(letters[:6].upper())


_SLOTS = {
    "phone": _phone,
    "gstr": _gstr,
    "gstin": _gstin,
    "spell": _spell,
    "amount": numbers.amount,
    "hour": numbers.hour,
    "date": lambda rng, lang: numbers.date(rng, lang, MONTHS[lang]),
    "rel": functools.partial(_counted, list(range(1, 7))),
    "count": functools.partial(_counted, list(range(1, 21))),
    "percent": functools.partial(_counted, [5, 12, 18, 28]),
}
