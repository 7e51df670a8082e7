"""Slots: from a caller's words to the values that an intent asks for, and back to words. Pure; well under a millisecond each.

Values travel in their normal form (calls.slots.SlotKind). The usual course of a dialogue:
`read` the words; `check` the value ("too_short": keep it, and `join` what is said next); where a check digit fails, `mend` may know
what was meant; say it with `read_back`; a "no, ..." goes through `correct`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from calls.phones import international, national
from calls.settings import Settings
from calls.slots import SlotKind, SlotSettings
from nlu import gstin
from nlu.amounts import change_amount, is_amount, read_amount
from nlu.dates import change_date, exists, read_date
from nlu.negated import denies, negates
from nlu.slot_codes import CODES, code_fault, find_code, joined, named, read_code
from nlu.slot_corrections import corrected
from nlu.slot_words import warm

_INDIA = "+91"
_PAUSES = {5: (5,), 6: (3, 3), 7: (3, 4), 9: (3, 3, 3), 10: (5, 5)}  # characters -> groups, as people read them; others in fours
_GSTIN_GROUPS = (2, 5, 4, 1, 3)


class SlotReader:
    """Reads the slots of jambonz-app.json. Shared by all calls; keeps nothing of them."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._region = settings, settings.crm.region
        hours = settings.escalation.hours
        self._zone = ZoneInfo(next(iter(hours.values())).time_zone if hours else "Asia/Kolkata")
        warm()  # reads its word lists now, not while a caller waits

    def read(self, heard: str, *, intent: str, language: str, now: datetime, wanted: str = "") -> dict[str, str]:
        """slot -> value: which slots of `intent` the words fill.

        `wanted` is the slot that was asked for: for it a piece or a wrong value counts too (see `check`). The others are filled
        only where the shape leaves no doubt. `now`: aware; dates are read in the callers' own time zone. Keyed digits are words too."""
        slots = self._settings.intents[intent].slots if intent in self._settings.intents else {}
        others = {name: slot for name, slot in slots.items() if name != wanted}
        asked = slots[wanted] if wanted in slots else self._anywhere(wanted)
        value = self._asked(asked, heard, language, now) if asked else ""
        if asked and value and not check(asked, value):
            return {wanted: value}
        found = self._found(others, heard, language, now)
        return found if found or not value else {wanted: value}

    def join(self, slot: SlotSettings, before: str, heard: str, *, language: str, now: datetime) -> str:
        """The value when a first piece `before` goes on with the words `heard`; what the words say alone where they begin again."""
        if slot.kind not in CODES:
            return (
                (before and self.correct(slot, before, heard, language=language, now=now))
                or self._asked(slot, heard, language, now)
                or before
            )
        if before and (negates(heard) or denies(heard)) and (fixed := corrected(slot, before, heard, language, self._region)):
            return fixed
        return joined(slot, before, heard, language, self._region)

    def correct(self, slot: SlotSettings, value: str, heard: str, *, language: str, now: datetime) -> str | None:
        """`value` as the caller puts it right ("no, seven not eleven", "the last digit is four", or all of it anew); None when
        the words do not say how."""
        if slot.kind is SlotKind.DATE:
            return change_date(value, heard, self._today(now), slot.when)
        if slot.kind is SlotKind.AMOUNT:
            return change_amount(value, heard)
        return corrected(slot, value, heard, language, self._region)

    def _asked(self, slot: SlotSettings, heard: str, language: str, now: datetime) -> str:
        if slot.kind is SlotKind.DATE:
            return read_date(heard, self._today(now), slot.when, asked=True)
        if slot.kind is SlotKind.AMOUNT:
            return read_amount(heard, asked=True)
        return read_code(slot, heard, language, self._region)

    def _found(self, slots: Mapping[str, SlotSettings], heard: str, language: str, now: datetime) -> dict[str, str]:
        """What the words say unasked; nothing where two slots would claim the same value."""
        values = {name: self._unasked(slot, heard, language, now) for name, slot in slots.items()}
        claimed = list(values.values())
        return {name: value for name, value in values.items() if value and claimed.count(value) == 1}

    def _unasked(self, slot: SlotSettings, heard: str, language: str, now: datetime) -> str:
        if slot.kind is SlotKind.DATE:
            return read_date(heard, self._today(now), slot.when, asked=False)
        if slot.kind is SlotKind.AMOUNT:
            return read_amount(heard, asked=False)
        value = find_code(slot, heard, language, self._region)
        if value or not named(slot, heard):
            return value
        value = read_code(slot, heard, language, self._region)
        return value if value and not check(slot, value) else ""

    def _anywhere(self, name: str) -> SlotSettings | None:
        """The slot of that name of any intent: a caller may be asked for it while the wish has changed."""
        return next((wish.slots[name] for wish in self._settings.intents.values() if name in wish.slots), None)

    def _today(self, now: datetime) -> date:
        return now.astimezone(self._zone).date()


def check(slot: SlotSettings, value: str) -> str:
    """ "" when `value` can be right, or why it can't: "too_short", "too_long", "shape", "no_such_state", "check_digit",
    "no_such_number", "no_such_date", "no_such_amount"."""
    if slot.kind is SlotKind.DATE:
        return "" if exists(value) else "no_such_date"
    if slot.kind is SlotKind.AMOUNT:
        return "" if is_amount(value) else "no_such_amount"
    return code_fault(slot, value)


def mend(slot: SlotSettings, value: str) -> str | None:
    """The one right value that looks or sounds like the wrong `value` (O for 0, M for N); None where there is none, or several."""
    return gstin.mended(value) if slot.kind is SlotKind.GSTIN and check(slot, value) else None


def read_back(slot: SlotSettings, value: str) -> str:
    """For the voice (tts.speakable), in any language: characters apart, a comma for a pause, dates and amounts as they are written."""
    if slot.kind is SlotKind.DATE:
        return value
    if slot.kind is SlotKind.AMOUNT:
        return f"₹{value}"
    if slot.kind is SlotKind.PHONE and value.startswith("+"):
        return _apart(national(value)) if value.startswith(_INDIA) else international(value)
    if slot.kind is SlotKind.ORDER_ID:
        return ", ".join(_apart(part) for part in re.findall(r"\d+|\D+", value))
    return _apart(value, _GSTIN_GROUPS if slot.kind is SlotKind.GSTIN else ())


def _apart(value: str, groups: tuple[int, ...] = ()) -> str:
    """ "9 8 7 6 5, 4 3 2 1 0"."""
    groups = groups or _PAUSES.get(len(value), ()) or (4,) * -(-len(value) // 4)
    starts = [sum(groups[:number]) for number in range(len(groups))]
    texts = [" ".join(value[start : start + size]) for start, size in zip(starts, groups, strict=True)]
    return ", ".join(text for text in texts if text)
