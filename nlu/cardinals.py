"""Numbers in words, as one counts: "two thousand and five", "ek lakh pachees hazaar", "இருபத்தி ஐந்து". Pure."""

from __future__ import annotations

from collections.abc import Sequence

from nlu.slot_words import Numeral, Token, doubtful_units, numeral, word_set

_AND = word_set("and")
HUNDRED = 100
_WRITTEN = 4  # digits of a written number before "thousand", "lakh"


def cardinal(tokens: Sequence[Token], at: int) -> tuple[int, int, bool]:
    """(value, tokens used, counted) of the number that begins at `at`; nothing used where none does. `counted`: it has a
    hundred, a thousand or more in it, so that it is one number and not digits read in pairs."""
    total, used, limit = 0, 0, 10**9
    while True:
        value, length = _below_thousand(tokens, at + used)
        multiple, step = _multiple(tokens, at + used + length)
        if multiple > HUNDRED and multiple < limit:
            total, used, limit = total + (value if length else 1) * multiple, used + length + step, multiple
        elif length and (not used or value < limit) and not multiple > HUNDRED:
            return total + value, used + length, used > 0 or value >= HUNDRED
        else:
            return total, used, used > 0
        used += _linked(tokens, at + used)


def below_hundred(tokens: Sequence[Token], at: int) -> tuple[int, int]:
    """(value, tokens used) of a unit, a teen, or tens with their unit; of written digits where a multiple follows."""
    word = _numeral(tokens, at)
    if at < len(tokens) and tokens[at].text.isdigit() and _multiple(tokens, at + 1)[1] and len(tokens[at].text) <= _WRITTEN:
        return int(tokens[at].text), 1
    if word is None and _multiple(tokens, at + 1)[1] and at < len(tokens) and tokens[at].text in doubtful_units():
        return doubtful_units()[tokens[at].text], 1
    if word is None or word.kind not in ("unit", "pair", "ten"):
        return 0, 0
    if word.kind == "ten":
        unit = _numeral(tokens, at + 1)
        if unit and unit.kind == "unit" and unit.tongue == word.tongue and unit.value:
            return word.value + unit.value, 2
        if unit is None and (doubt := _doubtful(tokens, at + 1)):
            return word.value + doubt, 2
    return word.value, 1


def _below_thousand(tokens: Sequence[Token], at: int) -> tuple[int, int]:
    word = _numeral(tokens, at)
    if word and word.kind == "hundred":
        hundreds, used = word.value, 1
    elif thousands := _tamil_thousands(tokens, at):
        hundreds, used = thousands
    else:
        value, length = below_hundred(tokens, at)
        if _multiple(tokens, at + length) != (HUNDRED, 1):
            return value, length
        hundreds, used = (value if length else 1) * HUNDRED, length + 1
    used += _linked(tokens, at + used)
    rest, length = _rest(tokens, at + used, hundreds)
    return hundreds + rest, used + length


def _tamil_thousands(tokens: Sequence[Token], at: int) -> tuple[int, int] | None:
    """Thousands in one word with their number, or with its unit after the tens."""
    word, after = _numeral(tokens, at), _numeral(tokens, at + 1)
    if word and word.kind == "ten" and after and after.kind == "thousand" and after.value < 10_000:
        return word.value * 1000 + after.value, 2
    return (word.value, 1) if word and word.kind == "thousand" else None


def _rest(tokens: Sequence[Token], at: int, above: int) -> tuple[int, int]:
    """What follows a hundred or a fused Tamil thousand."""
    if above >= 1000:
        value, length = _below_thousand(tokens, at)
        return (value, length) if value < 1000 else (0, 0)
    value, length = below_hundred(tokens, at)
    if length == 1 and _unit(tokens, at) and _unit(tokens, at + 1):
        return 0, 0  # "one eight hundred, one two three"
    if not length and at < len(tokens) and tokens[at].text.isdigit() and 0 < int(tokens[at].text) < above:
        value, length = int(tokens[at].text), 1
    return (0, 0) if _multiple(tokens, at + length)[0] == HUNDRED else (value, length)


def _linked(tokens: Sequence[Token], at: int) -> int:
    """One, for an "and" between the parts of a number."""
    return int(0 < at < len(tokens) and tokens[at].text in _AND and below_hundred(tokens, at + 1)[1] > 0)


def _multiple(tokens: Sequence[Token], at: int) -> tuple[int, int]:
    word = _numeral(tokens, at)
    return (word.value, 1) if word and word.kind == "multiple" else (1, 0)


def _unit(tokens: Sequence[Token], at: int) -> bool:
    word = _numeral(tokens, at)
    return word is not None and word.kind == "unit"


def _doubtful(tokens: Sequence[Token], at: int) -> int:
    """ "forty to": what sounds like a unit after tens, when nothing but the end or another number follows."""
    if at >= len(tokens) or (at + 1 < len(tokens) and not _numeral(tokens, at + 1) and not tokens[at + 1].text.isdigit()):
        return 0
    return doubtful_units().get(tokens[at].text, 0)


def _numeral(tokens: Sequence[Token], at: int) -> Numeral | None:
    if at >= len(tokens):
        return None
    return numeral(tokens[at].text)
