"""Dates and times of day in words. Pure."""

from __future__ import annotations

from tts.numerals import cardinal, digit_by_digit, letters, ordinal, year
from tts.wording import WORDINGS


def date_words(day: int, month: int, year_number: int | None, language: str) -> str:
    """ "twentieth November twenty twenty-six"; a month above twelve was written before its day, as Americans do."""
    if month > 12 >= day:
        day, month = month, day
    if not (1 <= day <= 31 and 1 <= month <= 12):
        numbers = [number for number in (day, month, year_number) if number is not None]
        return ", ".join(digit_by_digit(str(number), language) for number in numbers)
    name = WORDINGS[language].months[month - 1]
    parts = [ordinal(day, "en"), name] if language == "en" else [cardinal(day, language), name]
    if language == "ta":
        parts.reverse()
    return " ".join(parts + ([year(year_number, language)] if year_number is not None else []))


def time_words(hour: int, minute: int, half: str, language: str) -> str:
    """`half`: "a" or "p" for am and pm, "" where it was not written; hours from 13 on tell it by themselves."""
    if half:
        hour = hour % 12 + (12 if half == "p" else 0) if hour <= 12 else hour
    known = bool(half) or hour > 12 or hour == 0
    shown = hour % 12 or 12
    if language == "en":
        return _english_time(shown, minute, ("P M" if hour >= 12 else letters("AM", "en")) if known else "")
    part = f"{day_part(hour, language)} " if known else ""
    return part + (_hindi_time(shown, minute) if language == "hi" else _tamil_time(shown, minute))


def day_part(hour: int, language: str) -> str:
    night, morning, afternoon, evening = WORDINGS[language].day_parts
    if 4 <= hour < 12:
        return morning
    if 12 <= hour < 16:
        return afternoon
    return evening if 16 <= hour < 20 else night


def _english_time(hour: int, minute: int, half: str) -> str:
    if not minute:
        return f"{cardinal(hour, 'en')} " + (half or "o'clock")
    minutes = cardinal(minute, "en") if minute >= 10 else f"oh {cardinal(minute, 'en')}"
    return f"{cardinal(hour, 'en')} {minutes} {half}".strip()


def _hindi_time(hour: int, minute: int) -> str:
    return f"{cardinal(hour, 'hi')} बजकर {cardinal(minute, 'hi')} मिनट" if minute else f"{cardinal(hour, 'hi')} बजे"


def _tamil_time(hour: int, minute: int) -> str:
    return f"{cardinal(hour, 'ta')} {cardinal(minute, 'ta')} மணி" if minute else f"{cardinal(hour, 'ta')} மணி"
