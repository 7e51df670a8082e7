"""A code put right by the caller who hears it read back: "no, seven not eleven", "the last digit is four". Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from calls.phones import national
from calls.slots import SlotKind, SlotSettings
from nlu.correction_words import Place, parts_of
from nlu.negated import NOT_BEFORE, NOT_NEXT
from nlu.slot_codes import code_fault, part_of, read_code
from nlu.slot_words import tokens
from nlu.spoken_atoms import Atom, Char
from nlu.spoken_codes import spoken_codes

_FRAGMENT = 3  # characters said again, enough to know the place they belong to


def corrected(slot: SlotSettings, value: str, heard: str, language: str, region: str) -> str | None:
    """The value as the caller wants it; None where the words do not say how, or fit several places."""
    parts = parts_of(slot, tokens(heard), language)
    country, own = _without_country(slot, value)
    for results in (_at_places(own, parts), _exchanged(own, parts)):
        if found := _only(slot, value, country, results):
            return found
    if (anew := read_code(slot, heard, language, region)) and not code_fault(slot, anew):
        return anew
    said_otherwise = any(isinstance(part, str) for part in parts)
    return None if said_otherwise else _only(slot, value, country, _restated(slot, own, heard, language))


def _without_country(slot: SlotSettings, value: str) -> tuple[str, str]:
    """(country code, the rest): a caller counts the digits that were read back."""
    own = national(value) if slot.kind is SlotKind.PHONE and value.startswith("+") else value
    return value.removesuffix(own), own


def _only(slot: SlotSettings, value: str, country: str, results: Iterator[str]) -> str | None:
    """The one result, or the one of several that can be right."""
    found = [country + result for result in dict.fromkeys(results) if country + result != value]
    right = [result for result in found if not code_fault(slot, result)]
    best = right or found
    return best[0] if len(best) == 1 else None


def _at_places(value: str, parts: Sequence[Atom | Place | str]) -> Iterator[str]:
    """Each place with the characters that are said after it, or else before it."""
    places = [at for at, part in enumerate(parts) if isinstance(part, Place)]
    if not places:
        return
    for number, at in enumerate(places):
        place = parts[at]
        end = places[number + 1] if number + 1 < len(places) else len(parts)
        given = _affirmed(parts[at + 1 : end]) or (_affirmed(parts[:at]) if number == 0 else [])
        text = _text(given)
        if not text or not isinstance(place, Place):
            return
        value = _replaced(value, place, text)
    yield value


def _replaced(value: str, place: Place, text: str) -> str:
    length = place.length or len(text)
    start = place.start if place.start >= 0 else len(value) + (place.start if place.length else -length)
    return value[: max(0, start)] + text + value[max(0, start) + length :]


def _affirmed(parts: Sequence[Atom | Place | str]) -> list[Atom]:
    """The atoms without those that are said not to be."""
    kept: list[Atom] = []
    skip = False
    for part in parts:
        if isinstance(part, Atom):
            if not skip:
                kept.append(part)
            skip = False
        elif part == NOT_NEXT:
            skip = True
        elif part == NOT_BEFORE:
            kept = kept[:-1]
    return kept


def _exchanged(value: str, parts: Sequence[Atom | Place | str]) -> Iterator[str]:
    """One thing said to stand where another was heard. In Hindi and Tamil the "not" may stand on either side: what is there tells."""
    atoms = [part for part in parts if isinstance(part, Atom)]
    signs = [at for at, part in enumerate(parts) if isinstance(part, str)]
    if not signs or len(atoms) < 2:
        return
    gap = sum(isinstance(part, Atom) for part in parts[: signs[0]])
    after = parts[signs[0]] == NOT_NEXT
    for pairs in [list(_pairs(atoms, gap, after=side)) for side in ((True,) if after else (False, True))]:
        results = [result for right, wrong in pairs for result in _swapped(value, _text(wrong), _text(right))]
        if results:
            yield from results
            return


def _pairs(atoms: list[Atom], gap: int, *, after: bool) -> Iterator[tuple[list[Atom], list[Atom]]]:
    """(right, wrong), `gap` being how many atoms stand before the "not". With all on one side of it they are split in halves, or
    else anywhere."""
    before, behind = atoms[:gap], atoms[gap:]
    if before and behind:
        yield (before, behind) if after else (behind, before)
        return
    splits = sorted(range(1, len(atoms)), key=lambda at: abs(2 * at - len(atoms)))
    for at in splits[:1] if len(atoms) % 2 == 0 else splits:
        first, second = atoms[:at], atoms[at:]
        yield (second, first) if after else (first, second)


def _swapped(value: str, wrong: str, right: str) -> Iterator[str]:
    at = value.find(wrong) if wrong else -1
    while at >= 0:
        yield value[:at] + right + value[at + len(wrong) :]
        at = value.find(wrong, at + 1)


def _restated(slot: SlotSettings, value: str, heard: str, language: str) -> Iterator[str]:
    """A piece said again with one character otherwise: it belongs where all the others fit."""
    piece = _characters(spoken_codes(heard, language, part_of(slot.kind)).piece())
    if len(piece) < _FRAGMENT or piece in value:
        return
    for at in range(len(value) - len(piece) + 1):
        if sum(old != new for old, new in zip(value[at : at + len(piece)], piece, strict=True)) == 1:
            yield value[:at] + piece + value[at + len(piece) :]


def _text(atoms: Sequence[Atom]) -> str:
    return _characters([char for atom in atoms for char in atom.chars])


def _characters(chars: Sequence[Char]) -> str:
    return "".join(char.digit or char.letters[:1] for char in chars)
