"""Dates as callers say them: "fifth of march", परसों, நாளை, "next monday", "5/3/2026". Words in, ISO dates out; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from nlu import calendar_words as said
from nlu.cardinals import cardinal
from nlu.negated import clauses
from nlu.ordinals import day_of_month, ordinal
from nlu.relative_days import COMING, PAST, relative_day
from nlu.slot_words import Token, fold, numbered, tokens, word_set
from nlu.spoken_codes import HESITATIONS, LIGHT

_WRITTEN = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)|(?<!\d)(\d{1,2})[-/.](\d{1,2})(?:[-/.](\d{4}|\d{2}))?(?!\d)")
_KEYED = re.compile(r"\s*(\d{2})(\d{2})(\d{4}|\d{2})?\s*")
_YEARS = range(1900, 2100)
_OLD = 50  # a year of two digits from here on is of the last century
_YEARS_AROUND = 8  # in which a day that is not in every year (29 February) is looked for
ANY = "any"


@dataclass(frozen=True, slots=True)
class Said:
    """A date as it was said; what was not said is 0. `side` as in calls.slots."""

    day: int
    month: int
    year: int = 0


def read_date(heard: str, today: date, when: str, *, asked: bool) -> str:
    """ISO 8601 (a day that does not exist too: "2026-02-31"), or "". `when`: "coming", "past" or "any", where the words leave it
    open. A lone day of the month, "today" and keyed digits count only when a date was `asked` for."""
    words = tokens(heard)
    side = _side(words, when)
    if asked and (keyed := _KEYED.fullmatch(fold(heard))):
        return _iso(Said(int(keyed[1]), int(keyed[2]), _full_year(keyed[3])), today, side)
    if written := _WRITTEN.search(fold(heard)):
        return _iso(_from_written(written), today, side)
    dates = (_iso(found, today, side) for found in _named(words, today))
    told = next(dates, "") or relative_day(words, today, side, asked)
    return told or ((_in_numbers(words) or _day_alone(words, today, side)) if asked else "")


def change_date(value: str, heard: str, today: date, when: str) -> str | None:
    """The date that is said instead ("no, the sixth", "april, not march"); what is not said of it stays. None where none is said."""
    for clause in clauses(heard):
        words = tokens(clause)
        changed = read_date(clause, today, when, asked=False) or _changed(value, words)
        if changed and changed != value:
            return changed
    return None


def _changed(value: str, words: Sequence[Token]) -> str:
    """`value` with another day, month or year."""
    old_year, old_month, old_day = (int(part) for part in value.split("-"))
    at = range(len(words))
    months = [numbered(said.MONTHS).get(word.text, old_month) for word in words]
    year = next((year for year in (_year(words, start) for start in at) if year in _YEARS and year != old_year), old_year)
    month = next((month for month in months if month != old_month), old_month)
    days = [day_of_month(words, start)[0] or old_day for start in at] if (year, month) == (old_year, old_month) else []
    return f"{year:04d}-{month:02d}-{next((day for day in days if day != old_day), old_day):02d}"


def exists(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _side(words: Sequence[Token], when: str) -> str:
    """What the words themselves say of past and future goes before what is usual for the slot."""
    past, coming = (any(word.text in word_set(cues) for word in words) for cues in (said.LAST, said.NEXT))
    if past != coming:
        return PAST if past else COMING
    return when


def _from_written(match: re.Match[str]) -> Said:
    if match[1]:
        return Said(int(match[3]), int(match[2]), int(match[1]))
    day, month = int(match[4]), int(match[5])
    if month > 12 >= day:  # as Americans write it
        day, month = month, day
    return Said(day, month, _full_year(match[6]))


def _full_year(text: str | None) -> int:
    year = int(text or 0)
    return year + (2000 if year < _OLD else 1900) if text and len(text) == 2 else year


def _named(words: Sequence[Token], today: date) -> Iterator[Said]:
    """A month by its name, or "next month", with a day beside it."""
    for at, word in enumerate(words):
        month = numbered(said.MONTHS).get(word.text) or _month_from_now(words, at, today)
        if not month:
            continue
        after = at + 1
        while after < len(words) and words[after].text in word_set(f"{said.OF} {said.MONTH}"):
            after += 1
        before, (day, used) = _day_before(words, at), day_of_month(words, after)
        if before:
            yield Said(before, month, _year(words, after))
        elif day:
            yield Said(day, month, _year(words, after + used))


def _month_from_now(words: Sequence[Token], at: int, today: date) -> int:
    """ "next month", "is mahine"."""
    if words[at].text not in word_set(said.MONTH) or not at:
        return 0
    before = words[at - 1].text
    step = 1 if before in word_set(said.NEXT) else -1 if before in word_set(said.LAST) else 0
    named = step or before in word_set(said.THIS)
    return (today.month - 1 + step) % 12 + 1 if named else 0


def _day_before(words: Sequence[Token], at: int) -> int:
    """The day whose words end right before the month, but for "of" and "date"."""
    end = at
    while end and words[end - 1].text in word_set(f"{said.OF} {said.DATE} {said.NEXT} {said.LAST} {said.THIS}"):
        end -= 1
    for start in range(max(0, end - 2), end):
        day, used = day_of_month(words, start)
        if day and end <= start + used <= at:
            return day
    return 0


def _year(words: Sequence[Token], at: int) -> int:
    """ "2026", "two thousand twenty six", "twenty twenty six", "twenty six"."""
    if at >= len(words):
        return 0
    if words[at].text.isdigit():
        return _full_year(words[at].text) if len(words[at].text) in (2, 4) else 0
    value, used, _ = cardinal(words, at)
    rest, more, _ = cardinal(words, at + used) if used else (0, 0, False)
    if value in (19, 20) and more and 10 <= rest < 100:
        return value * 100 + rest
    if value in _YEARS:
        return value
    return 2000 + value if 20 <= value < 100 and used and not more else 0


def _day_alone(words: Sequence[Token], today: date, side: str) -> str:
    """ "on the fifth", "5 tarikh"."""
    for at in range(len(words)):
        number, used = ordinal(words, at)
        dated = any(word.text in word_set(said.DATE) for word in words[at : at + 3])
        counts = at + used < len(words) and words[at + used].text not in word_set(f"{said.OF} {said.DATE} {LIGHT}")
        day = (0 if counts else number) or (day_of_month(words, at)[0] if dated or _is_all(words, at) else 0)
        if day:
            months = [(today.year * 12 + today.month - 1 + step) for step in ((0, -1, -2) if side == PAST else (0, 1, 2))]
            found = [iso for month in months if exists(iso := f"{month // 12:04d}-{month % 12 + 1:02d}-{day:02d}")]
            fitting = [iso for iso in found if (iso <= today.isoformat() if side == PAST else iso >= today.isoformat())]
            return next(iter(fitting), f"{today:%Y-%m}-{day:02d}")
    return ""


def _is_all(words: Sequence[Token], at: int) -> bool:
    """Whether nothing else is said than the day that begins at `at`: "25 ko"."""
    day, used = day_of_month(words, at)
    others = [*words[:at], *words[at + used :]]
    return 1 <= day <= 31 and all(word.text in word_set(f"{said.OF} {LIGHT} {HESITATIONS}") for word in others)


def _in_numbers(words: Sequence[Token]) -> str:
    """ "twelve eleven twenty twenty six", "12 11 1985"."""
    for at in range(len(words)):
        day, used = day_of_month(words, at)
        month, more = day_of_month(words, at + used) if used else (0, 0)
        year = _year(words, at + used + more) if more else 0
        if 1 <= month <= 12 and day <= 31 and year in _YEARS:
            return f"{year:04d}-{month:02d}-{day:02d}"
    return ""


def _iso(found: Said, today: date, side: str) -> str:
    """With the year that was meant where none was said: the next, the last, or the nearest that has such a day."""
    if found.year:
        return f"{found.year:04d}-{found.month:02d}-{found.day:02d}"
    around = range(today.year - _YEARS_AROUND, today.year + _YEARS_AROUND + 1)
    days = [date.fromisoformat(iso) for year in around if exists(iso := f"{year:04d}-{found.month:02d}-{found.day:02d}")]
    days = [day for day in days if side == ANY or (day <= today if side == PAST else day >= today)]
    if not days:
        return f"{today.year:04d}-{found.month:02d}-{found.day:02d}"
    return min(days, key=lambda day: abs(day - today)).isoformat()
