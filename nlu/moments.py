"""A moment as people say it: "tomorrow at 9:30 am", "सोमवार सुबह 9:30 बजे". Pure; the voice says the figures in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

WEEK = 7


@dataclass(frozen=True, slots=True)
class Wording:
    """One language's. `part` is one of `parts`: night, morning, afternoon, evening."""

    today: str
    tomorrow: str
    weekday: str
    date: str
    weekdays: tuple[str, ...]  # Monday first
    time: str
    parts: tuple[str, str, str, str]


WORDINGS: Mapping[str, Wording] = {
    "en": Wording(
        "today at {time}",
        "tomorrow at {time}",
        "on {weekday} at {time}",
        "on {date} at {time}",
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        "{hour}:{minute} {half}",
        ("", "", "", ""),
    ),
    "hi": Wording(
        "आज {time}",
        "कल {time}",
        "{weekday} {time}",
        "{date} को {time}",
        ("सोमवार", "मंगलवार", "बुधवार", "गुरुवार", "शुक्रवार", "शनिवार", "रविवार"),
        "{part} {hour}:{minute} बजे",
        ("रात", "सुबह", "दोपहर", "शाम"),
    ),
    "ta": Wording(
        "இன்று {time}",
        "நாளை {time}",
        "{weekday} {time}",
        "{date} அன்று {time}",
        ("திங்கட்கிழமை", "செவ்வாய்க்கிழமை", "புதன்கிழமை", "வியாழக்கிழமை", "வெள்ளிக்கிழமை", "சனிக்கிழமை", "ஞாயிற்றுக்கிழமை"),
        "{part} {hour}:{minute} மணி",
        ("இரவு", "காலை", "மதியம்", "மாலை"),
    ),
}


def spoken_moment(at: datetime, now: datetime, language: str) -> str:
    """`at` in its own time zone, as said at `now`; "" for a language whose words we do not have."""
    if language not in WORDINGS:
        return ""
    words, days = WORDINGS[language], (at.date() - now.astimezone(at.tzinfo).date()).days
    near = (words.today, words.tomorrow, *[words.weekday] * (WEEK - 2))
    said = near[days] if 0 <= days < WEEK else words.date
    return said.format(time=_time(at, words), weekday=words.weekdays[at.weekday()], date=f"{at:%d-%m-%Y}")


def _time(at: datetime, words: Wording) -> str:
    return words.time.format(
        hour=at.hour % 12 or 12, minute=f"{at.minute:02d}", half="am" if at.hour < 12 else "pm", part=words.parts[_part(at.hour)]
    )


def _part(hour: int) -> int:
    """The quarter of the day that an hour is spoken of in."""
    if 4 <= hour < 12:
        return 1
    if 12 <= hour < 16:
        return 2
    return 3 if 16 <= hour < 20 else 0
