"""Amounts of money as callers say them: "two point five lakh", "dhai hazaar", "ஐநூறு ரூபாய்". Words in, decimal numbers out; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache

from nlu.cardinals import HUNDRED, cardinal
from nlu.negated import clauses
from nlu.slot_words import Token, doubtful_units, fold, numeral, tokens, word_set
from nlu.spoken_atoms import COUNTED

RUPEES = """
    rupee rupees rs inr rupay rupaye rupaiye rupiya rupaya rupye bucks रुपये रुपए रूपये रुपया रूपए रूपया रुपयों रु ரூபாய் ரூபாய்க்கு ரூபா ரூ
"""
_PAISE = "paise paisa पैसे पैसा பைசா"
_POINT = "point dot decimal दशमलव पॉइंट प्वाइंट पाइंट புள்ளி பாயிண்ட்"
_HALF_MORE = "sadhe saadhe साढ़े"  # "sadhe teen": 3.5
_QUARTER_MORE = "sava sawa savva सवा"  # "sava lakh": 1.25 lakh, "sava do": 2.25
_QUARTER_LESS = "paune paun pauna पौने पौन"  # "paune do": 1.75
_FRACTIONS = """
    1.5 dedh derh डेढ़ ஒன்றரை ஒன்னரை
    2.5 dhai adhai dhaai ढाई अढ़ाई இரண்டரை ரெண்டரை
    3.5 மூன்றரை மூணரை
    4.5 நாலரை நான்கரை
    5.5 ஐந்தரை அஞ்சரை
    6.5 ஆறரை
    7.5 ஏழரை
    0.5 half aadha adha आधा அரை
    0.25 quarter கால்
    0.75 முக்கால்
    1.25 ஒன்றேகால்
"""
_GROUPED = re.compile(r"(?<=\d),(?=\d{2,3}(?!\d))")
_DECIMAL = re.compile(r"(?<=\d)\.(?=\d)")
_SIGN = re.compile(r"₹|\brs\.?|रु\.|ரூ\.")
_NORMAL = re.compile(r"\d{1,12}(?:\.\d{2})?")
_MOST = Decimal(10) ** 12
_QUARTER, _HALF = Decimal("0.25"), Decimal("0.5")


def read_amount(heard: str, *, asked: bool) -> str:
    """In rupees, "1250.50" or "125000"; "" where no amount is said. One that was not `asked` for is told by its currency."""
    words = tokens(_GROUPED.sub("", _DECIMAL.sub(" point ", _SIGN.sub(" rs ", fold(heard)))))
    amounts = list(_amounts(words))
    sure = [amount for amount, money in amounts if money]
    plain = [amount for amount, money in amounts if not money] if asked else []
    return next((written(amount) for amount in sure + sorted(plain, reverse=True) if amount < _MOST), "")


def change_amount(value: str, heard: str) -> str | None:
    """The amount that is said instead ("not five hundred, fifteen hundred"), or None."""
    said = (read_amount(clause, asked=True) for clause in clauses(heard))
    return next((amount for amount in said if amount and amount != value), None)


def is_amount(value: str) -> bool:
    return bool(_NORMAL.fullmatch(value))


def written(amount: Decimal) -> str:
    whole = amount == amount.to_integral_value()
    return f"{amount:.0f}" if whole else f"{amount:.2f}"


def _amounts(words: Sequence[Token]) -> Iterator[tuple[Decimal, bool]]:
    """(amount, whether its currency was said)."""
    at = 0
    while at < len(words):
        amount, used = _amount(words, at)
        if not used:
            at += 1
            continue
        money = _is(words, at + used, RUPEES) or (at > 0 and _is(words, at - 1, RUPEES))
        end = at + used + _is(words, at + used, RUPEES)
        paise, more = _paise(words, end)
        if _is(words, end, _PAISE) and not money:
            yield amount / 100, True
        elif money or not _is(words, end, COUNTED):
            yield amount + paise, money
        at = end + more


def _paise(words: Sequence[Token], at: int) -> tuple[Decimal, int]:
    at_number = at + _is(words, at, "and aur और")
    value, used, _ = cardinal(words, at_number)
    word = words[at_number].text if at_number < len(words) else ""
    if not used and (word.isdigit() or word in doubtful_units()):
        value, used = int(word) if word.isdigit() else doubtful_units()[word], 1
    if used and value < HUNDRED and _is(words, at_number + used, _PAISE):
        return Decimal(value) / 100, at_number + used + 1 - at
    return Decimal(0), 0


def _amount(words: Sequence[Token], at: int) -> tuple[Decimal, int]:
    """(amount, words used): of the ways to read what begins at `at` the longer."""
    value, used, _ = cardinal(words, at)
    summed = _summed(words, at)
    return summed if summed[1] >= used else (Decimal(value), used)


def _summed(words: Sequence[Token], at: int) -> tuple[Decimal, int]:
    """Coefficients with ever smaller multiples: "ek lakh dhai hazaar"."""
    total, used, limit = Decimal(0), 0, 10**9
    while True:
        value, length = _coefficient(words, at + used)
        multiple, step = _multiple(words, at + used + length)
        if step and multiple < limit and (length or not used):
            total, used, limit = total + (value if length else 1) * multiple, used + length + step, multiple
        elif length and not step and (not used or value < limit):
            return total + value, used + length
        else:
            return total, used
        used += _is(words, at + used, "and aur और") and bool(_coefficient(words, at + used + 1)[1])


def _coefficient(words: Sequence[Token], at: int) -> tuple[Decimal, int]:
    """What stands before a multiple, or alone: a number with its fraction."""
    if _is(words, at, _HALF_MORE) or _is(words, at, _QUARTER_MORE) or _is(words, at, _QUARTER_LESS):
        step = _HALF if _is(words, at, _HALF_MORE) else _QUARTER if _is(words, at, _QUARTER_MORE) else -_QUARTER
        value, used = _number(words, at + 1)
        return (value + step, used + 1) if used else (1 + step, 1)
    if at < len(words) and words[at].text in _fractions():
        article = _is(words, at + 1, "a an of") and bool(_multiple(words, at + 2)[1])
        return _fractions()[words[at].text], 1 + article
    value, used = _number(words, at)
    if used and _is(words, at + used, "and") and _is(words, at + used + 1, "a") and _is(words, at + used + 2, "half"):
        return value + _HALF, used + 3
    return _with_decimals(words, at, value, used) if used else (value, used)


def _with_decimals(words: Sequence[Token], at: int, value: Decimal, used: int) -> tuple[Decimal, int]:
    """ "two point two five"."""
    if not _is(words, at + used, _POINT):
        return value, used
    decimals, end = "", at + used + 1
    while end < len(words) and (digits := _digits(words, end)):
        decimals, end = decimals + digits, end + 1
    return (value + Decimal(f"0.{decimals}"), end - at) if decimals else (value, used)


def _digits(words: Sequence[Token], at: int) -> str:
    word = words[at].text
    known = numeral(word)
    return word if word.isdigit() else str(known.value) if known and known.kind in ("unit", "pair", "ten") else ""


def _number(words: Sequence[Token], at: int) -> tuple[Decimal, int]:
    """Below a thousand in words, or written; digit by digit ("one two five zero") and in pairs ("four fifty") too."""
    if at >= len(words):
        return Decimal(0), 0
    if words[at].text.isdigit():
        return Decimal(words[at].text), 1
    texts, used = "", 0
    while True:
        value, length = _below_hundred(words, at + used)
        joins = not texts or value >= 10 or (len(texts) == used and length == 1)
        if not length or not joins or (texts and _multiple(words, at + used + length)[1]):
            return Decimal(texts or 0), used
        texts, used = texts + str(value), used + length


def _below_hundred(words: Sequence[Token], at: int) -> tuple[int, int]:
    value, used, counted = cardinal(words[at : at + 2], 0)
    if counted:  # its first word only
        value, used, counted = cardinal(words[at : at + 1], 0)
    if not used and at < len(words) and (_multiple(words, at + 1)[1] or _is(words, at + 1, RUPEES)):
        doubtful = doubtful_units().get(words[at].text)
        return (doubtful, 1) if doubtful else (0, 0)
    return (0, 0) if counted else (value, used)


def _multiple(words: Sequence[Token], at: int) -> tuple[int, int]:
    word = words[at].text if at < len(words) else ""
    if word == "k":
        return 1000, 1
    known = numeral(word)
    return (known.value, 1) if known and known.kind == "multiple" else (1, 0)


@cache
def _fractions() -> dict[str, Decimal]:
    lines = (line.split() for line in _FRACTIONS.strip().splitlines())
    return {fold(word): Decimal(value) for value, *words in lines for word in words}


def _is(words: Sequence[Token], at: int, table: str) -> bool:
    return at < len(words) and words[at].text in word_set(table)
