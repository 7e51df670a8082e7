"""What each pattern of `speakable` becomes: from a match to words of the language. Pure."""

from __future__ import annotations

import re
from decimal import Decimal

from tts import numerals
from tts.clock import date_words, time_words
from tts.numerals import cardinal, counted, decimal, in_groups
from tts.wording import ENGLISH_MONTHS, WORDINGS

Match = re.Match[str]
PHONE_DIGITS = 10  # so many in groups are a phone number, or else a long identifier: both are read digit by digit
LONG_NUMBER = 5  # digits; a longer one without commas is an identifier


def address(match: Match, language: str) -> str:
    """ "tallysolutions dot com". Scheme and query are left out; digits are left to the later rules."""
    whole = match.group()
    written = whole.rstrip(".,;:!?)'\"")
    words = WORDINGS[language]
    names = {".": words.dot, "@": words.at, "/": words.slash, "-": words.dash, "_": words.underscore, "+": words.plus}
    spoken = re.sub(r"^https?://|[?#].*$|/$", "", written, flags=re.IGNORECASE)
    return re.sub(r"[^\w]|_", lambda found: f" {names.get(found.group(), '')} ", spoken) + whole[len(written) :]


def date(match: Match, language: str) -> str:
    year, gap = int(match["year"]), " " if match.group().endswith("T") else ""
    return date_words(int(match["day"]), int(match["month"]), year if year > 99 else 2000 + year, language) + gap


def date_by_name(match: Match, language: str) -> str:
    month = [name[:3] for name in ENGLISH_MONTHS].index(match["name"].title()[:3]) + 1
    return date_words(int(match["day"]), month, int(match["year"]) if match["year"] else None, language)


def time(match: Match, language: str) -> str:
    return time_words(int(match["hour"]), int(match["minute"] or 0), (match["half"] or "").lower(), language)


def years(match: Match, language: str) -> str:
    """The financial year "2025-26"."""
    until = match["until"]
    last = cardinal(int(until), language) if len(until) == 2 else numerals.year(int(until), language)
    return f"{numerals.year(int(match['since']), language)} {WORDINGS[language].to} {last}"


def money(match: Match, language: str) -> str:
    """ "eighteen thousand five hundred rupees and fifty paise"."""
    sign = f"{WORDINGS[language].minus} " if match["minus"] else ""
    number, multiple = match["number"].replace(",", ""), match["multiple"] or ""
    if multiple in ("k", "K"):
        number, multiple = f"{Decimal(number) * 1000:f}", ""
    whole, _, fraction = number.partition(".")
    if multiple or len(fraction) > 2 or len(whole) > 15:
        return f"{sign}{decimal(number, language)} {multiple} {WORDINGS[language].rupees}"
    return sign + _rupees(int(whole), int(fraction.ljust(2, "0")), language)


def _rupees(rupees: int, paise: int, language: str) -> str:
    words = WORDINGS[language]
    parts = []
    if rupees or not paise:
        parts.append(f"{counted(rupees, language)} {words.rupee if rupees == 1 else words.rupees}")
    if paise:
        parts.append(f"{counted(paise, language)} {words.paisa if paise == 1 else words.paise}")
    return (" and " if language == "en" else " ").join(parts)


def phone(match: Match, language: str) -> str:
    country = numerals.digit_by_digit(match["country"], language)
    return f"{WORDINGS[language].plus} {country}, {_by_groups(match['number'], language)}"


def long_groups(match: Match, language: str) -> str:
    digits = sum(map(str.isdigit, match["number"]))
    return digit_groups(match, language) if digits >= PHONE_DIGITS else match.group()


def digit_groups(match: Match, language: str) -> str:
    return _by_groups(match["number"], language)


def _by_groups(number: str, language: str) -> str:
    return ", ".join(in_groups(group, language) for group in re.findall(r"\d+", number))


def span(match: Match, language: str) -> str:
    return f"{cardinal(int(match['low']), language)} {WORDINGS[language].to} "


def minus(_: Match, language: str) -> str:
    return f"{WORDINGS[language].minus} "


def percent(match: Match, language: str) -> str:
    return f"{decimal(match['number'], language)} {WORDINGS[language].percent}"


def number_sign(_: Match, language: str) -> str:
    return f" {WORDINGS[language].number} "


def code(match: Match, language: str) -> str:
    """A short number that the word before it makes an identifier: "ticket 1042"."""
    return match["before"] + numerals.digit_by_digit(match["number"], language)


def ordinal(match: Match, language: str) -> str:
    return numerals.ordinal(int(match["number"]), language)


def tamil_ordinal(match: Match, language: str) -> str:
    if language != "ta":
        return match.group()
    return numerals.tamil_ordinal(int(match["number"]), "ாம்" if match["suffix"] == "ஆம்" else "ாவது")


def measure(match: Match, language: str) -> str:
    """ "30days", "24-hour"."""
    return f"{cardinal(int(match['number']), language)} "


def identifier(match: Match, language: str) -> str:
    return numerals.identifier(match.group(), language)


def spelled_out(match: Match, language: str) -> str:
    """Characters that were set apart to be said apart, as a code is read back: "O D 1 2, A 7"."""
    return re.sub(r"\w", lambda found: numerals.character(found.group(), language), match.group())


def version(match: Match, language: str) -> str:
    """ "5.1.2", "v2.1"."""
    parts = match["number"].split(".")
    spoken = [in_groups(part, language) if len(part) >= LONG_NUMBER else cardinal(int(part), language) for part in parts]
    return f"{numerals.letters(match['letter'], language)} " + f" {WORDINGS[language].point} ".join(spoken)


def quantity(match: Match, language: str) -> str:
    return decimal(match.group(), language)


def number(match: Match, language: str) -> str:
    digits = match.group()
    if len(digits) >= LONG_NUMBER or (digits.startswith("0") and len(digits) > 1):
        return in_groups(digits, language)
    return numerals.year(int(digits), language) if re.fullmatch("(?:19|20)..", digits) else cardinal(int(digits), language)


def spelled(match: Match, language: str) -> str:
    plural = "'s" if match["plural"] and language == "en" else ""
    return numerals.letters(match["letters"], language) + plural


def symbol(match: Match, language: str) -> str:
    words = WORDINGS[language]
    return {"&": f" {words.both} ", "+": f" {words.plus} ", "@": f" {words.at} ", "/": " "}[match.group()]
