"""Days told from today: "day after tomorrow", "दो दिन पहले", "next monday". Words in, ISO dates out; pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from nlu import calendar_words as said
from nlu.ordinals import day_of_month
from nlu.slot_words import Token, numbered, word_set

COMING, PAST = "coming", "past"


def relative_day(words: Sequence[Token], today: date, side: str, asked: bool) -> str:
    """ISO 8601, or "". `side`: COMING or PAST, where the words leave it open. "today" counts when a date was `asked` for."""
    spoken = [word.text for word in words]
    for phrase, days, open_side in said.relative():
        places = [at for at in range(len(spoken)) if tuple(spoken[at : at + len(phrase)]) == phrase]
        if places and (asked or phrase[0] not in word_set(said.TODAY)):
            return (today + timedelta(days=-days if open_side and side == PAST else days)).isoformat()
    return _counted(words, today, side) or _weekday(words, today, side)


def _counted(words: Sequence[Token], today: date, side: str) -> str:
    """ "in three days", "दो हफ्ते पहले"; a span of time without a side to it is no date."""
    past, coming = (any(word.text in word_set(cues) for word in words) for cues in (said.LAST, f"{said.NEXT} {said.AFTER}"))
    for at in range(1, len(words)):
        unit = 1 if words[at].text in word_set(said.DAYS) else 7 if words[at].text in word_set(said.WEEKS) else 0
        starts = [start for start in range(max(0, at - 2), at) if start + day_of_month(words, start)[1] == at]
        if unit and starts and past != coming:
            days = day_of_month(words, starts[0])[0] * unit
            return (today + timedelta(days=-days if past else days)).isoformat()
    return ""


def _weekday(words: Sequence[Token], today: date, side: str) -> str:
    named = next((numbered(said.WEEKDAYS)[word.text] for word in words if word.text in numbered(said.WEEKDAYS)), None)
    if named is None:
        return ""
    ahead = (named - today.weekday() - 1) % 7 + 1
    back = (today.weekday() - named - 1) % 7 + 1
    return (today + timedelta(days=-back if side == PAST else ahead)).isoformat()
