"""Slots of every kind, as an admin's file would have them, for the tests of reading them."""

from __future__ import annotations

from calls.slots import SlotKind, SlotSettings


def slot(kind: SlotKind, *, shortest: int = 1, longest: int = 20, label: str = "number") -> SlotSettings:
    return SlotSettings(kind=kind, label={"en": label}, ask={"en": "Which one?"}, min_length=shortest, max_length=longest)


DIGITS = slot(SlotKind.DIGITS, shortest=2, longest=16)
PIN_CODE = slot(SlotKind.DIGITS, shortest=6, longest=6, label="pin code")
SERIAL = slot(SlotKind.SERIAL)
ORDER = slot(SlotKind.ORDER_ID, shortest=4, longest=12)
GSTIN = slot(SlotKind.GSTIN)
PHONE = slot(SlotKind.PHONE)
DATE = slot(SlotKind.DATE)
AMOUNT = slot(SlotKind.AMOUNT)
