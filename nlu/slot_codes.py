"""Digits, order ids, serials, GSTINs and phone numbers: the value in an utterance, and whether a value can be right. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import phonenumbers

from calls.phones import e164
from calls.slots import SlotKind, SlotSettings
from nlu import gstin
from nlu.slot_words import fold, tokens, word_set
from nlu.spoken_atoms import Atom, Char
from nlu.spoken_codes import Stretch, spoken_codes

LAKH = 100_000
SERIAL_DIGITS = 9  # of a Tally licence
PHONE_DIGITS = range(10, 15)  # with trunk 0 or country code
CODES = frozenset({SlotKind.DIGITS, SlotKind.ORDER_ID, SlotKind.SERIAL, SlotKind.GSTIN, SlotKind.PHONE})
WITH_LETTERS = frozenset({SlotKind.ORDER_ID, SlotKind.GSTIN})
AGAIN = (
    "start again|start over|start fresh|from the start|from the beginning|once again|again|afresh|शुरू से|फिर से|दोबारा|shuru se"
    "|phir se|fir se|dobara|wapas se|முதலிலிருந்து|முதலில் இருந்து|முதல்ல இருந்து|மறுபடியும்|மறுபடி|திரும்ப|ஆரம்பத்தில் இருந்து"
)
_ANY_NUMBER = "number no id code नंबर नम्बर संख्या कोड எண் நம்பர் கோட்"
_DIGITS_OF_AN_ORDER = 3  # at least, where nobody asked for it


def lengths(slot: SlotSettings) -> range:
    """How many characters a value of it has."""
    if slot.kind is SlotKind.SERIAL:
        return range(SERIAL_DIGITS, SERIAL_DIGITS + 1)
    if slot.kind is SlotKind.GSTIN:
        return range(gstin.LENGTH, gstin.LENGTH + 1)
    return PHONE_DIGITS if slot.kind is SlotKind.PHONE else range(slot.min_length, slot.max_length + 1)


def code_fault(slot: SlotSettings, value: str) -> str:
    """See nlu.slots.check."""
    if slot.kind is SlotKind.GSTIN:
        return gstin.fault(value)
    if slot.kind is SlotKind.PHONE and value.startswith("+"):
        return "" if e164(value) else "no_such_number"
    allowed = lengths(slot)
    if len(value) not in allowed:
        return "too_short" if len(value) < allowed.start else "too_long"
    if slot.kind is SlotKind.PHONE:
        return "no_such_number"
    return "" if value.isdigit() or (slot.kind is SlotKind.ORDER_ID and value.isalnum() and value.isascii()) else "shape"


def read_code(slot: SlotSettings, heard: str, language: str, region: str) -> str:
    """The value that was asked for, right, wrong or a piece of it; "" where the words are about something else."""
    spoken = spoken_codes(heard, language, part_of(slot.kind))
    for stretch in spoken.stretches(2 * lengths(slot)[-1]):
        for value in _values(slot, stretch, region) if spoken.is_said(stretch) else ():
            if not code_fault(slot, value):
                return value
    return normal(slot, spoken.piece(), region)


def joined(slot: SlotSettings, before: str, heard: str, language: str, region: str) -> str:
    """A piece and what is said after it, put together; only the new where the caller begins again or says the whole."""
    if _begins_again(heard):
        return read_code(slot, heard, language, region)
    piece, chars = spoken_codes(heard, language, part_of(slot.kind)).piece(), characters(before)
    whole = normal(slot, chars + piece, region)
    overlaps = (normal(slot, chars + piece[shared:], region) for shared in range(1, len(piece)) if chars[-shared:] == piece[:shared])
    better = (whole, read_code(slot, heard, language, region), *overlaps)
    return next((value for value in better if not code_fault(slot, value)), whole)


def named(slot: SlotSettings, heard: str) -> bool:
    """Whether the words call it by its label; "my order 4567" will do for an "order number"."""
    spoken = {word.text for word in tokens(heard)}
    labels = ({word.text for word in tokens(label)} for label in slot.label.values())
    return any((label - word_set(_ANY_NUMBER) or label) <= spoken for label in labels if label)


def find_code(slot: SlotSettings, heard: str, language: str, region: str) -> str:
    """A value that nobody asked for: only one that is told by its shape alone."""
    spoken = spoken_codes(heard, language, part_of(slot.kind))
    for stretch in spoken.stretches(2 * lengths(slot)[-1]):
        clear = not stretch.doubts or (slot.kind is not SlotKind.ORDER_ID and stretch.telling > 2 * stretch.doubts)
        alone = clear and (stretch.runs == 1 or slot.kind is SlotKind.GSTIN)
        value = normal(slot, stretch.chars, region) if alone else ""
        if value and not code_fault(slot, value) and _unmistakable(slot, value):
            return value
    return ""


def normal(slot: SlotSettings, chars: Sequence[Char], region: str) -> str:
    """Characters in the normal form of their kind."""
    if slot.kind is SlotKind.GSTIN:
        return gstin.from_chars(chars)
    if slot.kind is SlotKind.ORDER_ID:
        return _order_id(chars)
    digits = "".join(char.digit for char in chars)
    return _phone(digits, region) if slot.kind is SlotKind.PHONE else digits


def characters(value: str) -> tuple[Char, ...]:
    """A value as the characters that it was made of."""
    return tuple(Char(char) if char.isdigit() else Char(letters=char) for char in value if char.isalnum())


def part_of(kind: SlotKind) -> Callable[[Atom], bool]:
    """Whether words can be part of a value of that kind: nobody says a serial with a lakh in it."""
    if kind is SlotKind.DIGITS:
        return lambda atom: bool(atom.digits)
    return lambda atom: atom.counted < LAKH and (kind in WITH_LETTERS or bool(atom.digits))


def _values(slot: SlotSettings, stretch: Stretch, region: str) -> Iterator[str]:
    """The stretch's value, or that of its first half where the caller said it twice."""
    chars, half = stretch.chars, len(stretch.chars) // 2
    yield normal(slot, chars, region)
    if half and chars[:half] == chars[half:]:
        yield normal(slot, chars[:half], region)


def _begins_again(heard: str) -> bool:
    spoken = f" {' '.join(word.text for word in tokens(heard))} "
    return any(f" {fold(phrase)} " in spoken for phrase in AGAIN.split("|"))


def _unmistakable(slot: SlotSettings, value: str) -> bool:
    if slot.kind is SlotKind.ORDER_ID:
        return not value.isalpha() and not value.isdigit() and sum(map(str.isdigit, value)) >= _DIGITS_OF_AN_ORDER
    if slot.kind is SlotKind.PHONE:
        return phonenumbers.number_type(phonenumbers.parse(value)) in (
            phonenumbers.PhoneNumberType.MOBILE,
            phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
        )
    return slot.kind in (SlotKind.GSTIN, SlotKind.SERIAL)


def _order_id(chars: Sequence[Char]) -> str:
    """ "o" is a letter beside letters, and a zero among digits."""
    text = ""
    for at, char in enumerate(chars):
        beside = [chars[near] for near in (at - 1, at + 1) if 0 <= near < len(chars)]
        a_letter = not char.digit or (char.letters and (at == 0 or any(not near.digit for near in beside)))
        text += char.letters[:1] if a_letter else char.digit
    return text if any(char.isdigit() for char in text) else ""


def _phone(digits: str, region: str) -> str:
    """E.164 of a number with all its digits, else the digits as they are."""
    if len(digits) not in PHONE_DIGITS:
        return digits
    number = e164(digits, region=region) or (e164(digits.lstrip("0"), region=region) if len(digits) > PHONE_DIGITS.start else None)
    national = phonenumbers.parse(number) if number else None
    foreign = national and phonenumbers.region_code_for_number(national) != region
    return digits if number is None or (foreign and len(digits) == PHONE_DIGITS.start) else number
