"""GSTIN, the number of an Indian taxpayer: 2 digits of state, the PAN, a count, "Z", and a check character. Pure.

"27AAPFU0939F1ZV": state 27 (Maharashtra), PAN AAPFU0939F, first registration of it there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nlu.spoken_atoms import Char

LENGTH = 15
SHAPE = "99AAAAA9999A*KX"  # 9 digit, A letter, * digit but 0 or letter, K kind of taxpayer, X any
KINDS = "ZCD"  # Z ordinary, C collects and D deducts tax at source
STATES = frozenset(f"{state:02d}" for state in (*range(1, 39), 96, 97, 99))
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BASE = len(ALPHABET)
ALIKE = ("B8", "O0", "S5", "I1", "Z2", "A8", "MN", "FS", "BD", "BP", "DT", "PT", "59")  # to the eye or the ear
_READINGS = 64  # of one number with several doubtful letters, at most


def check_character(first: str) -> str:
    """The last character that belongs to the first 14."""
    total = 0
    for at, character in enumerate(first):
        product = ALPHABET.index(character) * (1 + at % 2)
        total += product // BASE + product % BASE
    return ALPHABET[-total % BASE]


def fault(value: str) -> str:
    """ "" for a number that can exist; else "too_short", "too_long", "shape", "no_such_state" or "check_digit"."""
    if len(value) != LENGTH:
        return "too_short" if len(value) < LENGTH else "too_long"
    if not all(_fits(character, place) for character, place in zip(value, SHAPE, strict=True)):
        return "shape"
    if value[:2] not in STATES:
        return "no_such_state"
    return "" if check_character(value[:-1]) == value[-1] else "check_digit"


def mended(value: str) -> str | None:
    """The only valid number that is one character away from `value`, by a swap of two that are taken for each other."""
    if len(value) != LENGTH:
        return None
    found = {swapped for swapped in _swaps(value) if not fault(swapped)}
    return found.pop() if len(found) == 1 else None


def _swaps(value: str) -> Iterator[str]:
    for at, character in enumerate(value):
        for pair in ALIKE:
            if character in pair:
                yield value[:at] + pair.replace(character, "") + value[at + 1 :]


def from_chars(chars: Sequence[Char]) -> str:
    """The characters as a GSTIN, or the beginning of one: each place decides between digit and letter. "" where there is none.

    Of several numbers in a longer row a valid one is taken, and of several letters that a word may be those that make it valid."""
    starts = range(max(1, len(chars) - LENGTH + 1))
    readings = [_readings(chars[start : start + LENGTH]) for start in starts]
    valid = (text for texts in readings for text in texts if not fault(text))
    return next(valid, "") or next((texts[0] for texts in readings if texts), "")


def _readings(chars: Sequence[Char]) -> list[str]:
    """Every way to read them, places that do not fit as they are; the likeliest first; none where a place fits too badly."""
    texts, misfits = [""], 0
    for char, place in zip(chars, SHAPE, strict=False):
        meant = [option for option in (char.digit, *char.letters) if option and _fits(option, place)]
        misfits += not meant
        meant = meant or [char.digit or char.letters[:1]]
        texts = [text + option for text in texts for option in meant][:_READINGS]
    return texts if misfits <= 1 else []


def _fits(character: str, place: str) -> bool:
    if place == "9":
        return character.isdigit()
    if place == "A":
        return character.isalpha()
    return {"*": character != "0", "K": character in KINDS, "X": True}[place]
