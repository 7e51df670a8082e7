"""Dates and amounts as callers say them in three languages; and whatever our own voice says is understood again."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.amounts import read_amount, written
from nlu.dates import read_date
from nlu.slots import check
from tests.slot_kinds import AMOUNT, DATE
from tts.speakable import speakable

TODAY = date(2026, 11, 21)  # a Saturday
LANGUAGES = st.sampled_from(["en", "hi", "ta"])

DATES = [
    # days told from today
    ("today", "any", "2026-11-21"),
    ("tomorrow", "any", "2026-11-22"),
    ("day after tomorrow", "any", "2026-11-23"),
    ("day before yesterday", "any", "2026-11-19"),
    ("in three days", "any", "2026-11-24"),
    ("two days ago", "any", "2026-11-19"),
    ("आज", "any", "2026-11-21"),
    ("kal", "any", "2026-11-22"),
    ("kal", "past", "2026-11-20"),
    ("कल हुआ था", "any", "2026-11-20"),
    ("parso", "coming", "2026-11-23"),
    ("परसों आया था", "any", "2026-11-19"),
    ("दो दिन पहले", "any", "2026-11-19"),
    ("2 hafte baad", "any", "2026-12-05"),
    ("நாளை", "any", "2026-11-22"),
    ("நாளை மறுநாள்", "any", "2026-11-23"),
    ("நேற்று", "any", "2026-11-20"),
    ("இன்னைக்கு", "any", "2026-11-21"),
    # weekdays
    ("monday", "coming", "2026-11-23"),
    ("next friday", "any", "2026-11-27"),
    ("last friday", "any", "2026-11-20"),
    ("सोमवार को", "any", "2026-11-23"),
    ("पिछले मंगलवार", "any", "2026-11-17"),
    ("budhvar ko", "any", "2026-11-25"),
    ("திங்கட்கிழமை", "any", "2026-11-23"),
    ("போன வெள்ளிக்கிழமை", "any", "2026-11-20"),
    # a day and a month
    ("fifth of march", "coming", "2027-03-05"),
    ("fifth of march", "past", "2026-03-05"),
    ("march five twenty twenty six", "any", "2026-03-05"),
    ("5th march", "coming", "2027-03-05"),
    ("twenty first november two thousand twenty five", "any", "2025-11-21"),
    ("21st november", "coming", "2026-11-21"),
    ("thirty first december", "any", "2026-12-31"),
    ("my appointment is on twenty fifth december", "coming", "2026-12-25"),
    ("पाँच मार्च", "coming", "2027-03-05"),
    ("5 मार्च 2027", "any", "2027-03-05"),
    ("मार्च की पाँच तारीख", "coming", "2027-03-05"),
    ("paanch march do hazaar chhabbis", "any", "2026-03-05"),
    ("इक्कीस नवंबर", "any", "2026-11-21"),
    ("மார்ச் ஐந்து", "coming", "2027-03-05"),
    ("மார்ச் 5", "coming", "2027-03-05"),
    ("பிப்ரவரி மூன்றாம் தேதி", "coming", "2027-02-03"),
    ("ஐந்தாம் தேதி மே மாதம் 1990", "any", "1990-05-05"),
    # a day of the month
    ("on the fifth", "coming", "2026-12-05"),
    ("25th", "coming", "2026-11-25"),
    ("5 tarikh", "past", "2026-11-05"),
    ("पाँच तारीख को", "coming", "2026-12-05"),
    ("பத்தாம் தேதி", "coming", "2026-12-10"),
    ("next month fifth", "any", "2026-12-05"),
    ("agle mahine ki paanch tarikh", "any", "2026-12-05"),
    ("25 ko", "any", "2026-11-25"),
    ("first week of december", "any", ""),
    # in numbers alone
    ("twelve eleven twenty twenty six", "any", "2026-11-12"),
    ("12 11 2026", "any", "2026-11-12"),
    ("fifth three nineteen ninety", "any", "1990-03-05"),
    ("पाँच तीन उन्नीस सौ नब्बे", "any", "1990-03-05"),
    ("बारह नवंबर उन्नीस सौ पचासी", "any", "1985-11-12"),
    ("நவம்பர் பன்னிரண்டு ஆயிரத்து தொள்ளாயிரத்து எண்பத்தி ஐந்து", "any", "1985-11-12"),
    ("12.11.85", "any", "1985-11-12"),
    # written and keyed
    ("5/3/2026", "any", "2026-03-05"),
    ("05-03-26", "any", "2026-03-05"),
    ("3/25/2026", "any", "2026-03-25"),
    ("2026-03-05", "any", "2026-03-05"),
    ("05032026", "any", "2026-03-05"),
    # days that are not in every year, or in none
    ("29 february", "coming", "2028-02-29"),
    ("31 february", "any", "2026-02-31"),
    ("thirty first of june", "any", "2026-06-31"),
    # no dates
    ("i have 3 computers", "any", ""),
    ("this may be wrong", "any", ""),
    ("hello", "any", ""),
    ("मुझे नहीं पता", "any", ""),
    ("தெரியாது", "any", ""),
]

AMOUNTS = [
    ("five hundred", "500"),
    ("five hundred rupees and fifty paise", "500.50"),
    ("two thousand three hundred and forty five", "2345"),
    ("fifteen hundred", "1500"),
    ("four fifty", "450"),
    ("twelve fifty", "1250"),
    ("one two five zero", "1250"),
    ("two point five lakh", "250000"),
    ("one and a half lakh", "150000"),
    ("half a crore", "5000000"),
    ("three crore", "30000000"),
    ("hundred rupees", "100"),
    ("fifty paise", "0.50"),
    ("zero", "0"),
    ("₹500", "500"),
    ("rs 18500", "18500"),
    ("1,25,000", "125000"),
    ("1,25,000.50", "125000.50"),
    ("99.99", "99.99"),
    ("1.5 lakh", "150000"),
    ("2 lakh 50 thousand", "250000"),
    ("5k", "5000"),
    ("the bill was 1180 rupees for 2 users", "1180"),
    ("dhai hazaar", "2500"),
    ("sava lakh", "125000"),
    ("dedh sau", "150"),
    ("do hazaar paanch sau", "2500"),
    ("ek lakh pachees hazaar", "125000"),
    ("do lakh dhai hazaar", "202500"),
    ("sau rupaye", "100"),
    ("ढाई सौ रुपये", "250"),
    ("डेढ़ लाख", "150000"),
    ("साढ़े तीन हज़ार", "3500"),
    ("पौने दो लाख", "175000"),
    ("सवा दो करोड़", "22500000"),
    ("सत्रह सौ पचास", "1750"),
    ("पचास पैसे", "0.50"),
    ("ஐநூறு ரூபாய்", "500"),
    ("ரெண்டாயிரத்து ஐநூறு", "2500"),
    ("ஒரு லட்சம்", "100000"),
    ("ஒன்றரை லட்சம்", "150000"),
    ("ரெண்டரை ஆயிரம்", "2500"),
    ("இருபத்தைந்தாயிரம்", "25000"),
    ("சரி நாலாயிரம் ரூபாய்", "4000"),
    ("i have 3 computers", ""),
    ("hello", ""),
    ("मेरे पास दो कंप्यूटर हैं", ""),
    ("எனக்குத் தெரியாது", ""),
]

UNASKED_AMOUNTS = [("i paid five hundred rupees", "500"), ("₹1,180 is too much", "1180"), ("i called at five", ""), ("give me two", "")]
UNASKED_DATES = [("it expired on 5 march", "2026-03-05"), ("today it does not work", ""), ("the second time", ""), ("05032026", "")]


@pytest.mark.parametrize(("heard", "when", "day"), DATES)
def test_dates(heard: str, when: str, day: str) -> None:
    assert read_date(heard, TODAY, when, asked=True) == day


@pytest.mark.parametrize(("heard", "day"), UNASKED_DATES)
def test_a_date_that_nobody_asked_for_is_plainly_one(heard: str, day: str) -> None:
    assert read_date(heard, TODAY, "past", asked=False) == day


@pytest.mark.parametrize(("heard", "amount"), AMOUNTS)
def test_amounts(heard: str, amount: str) -> None:
    assert read_amount(heard, asked=True) == amount


@pytest.mark.parametrize(("heard", "amount"), UNASKED_AMOUNTS)
def test_an_amount_that_nobody_asked_for_has_its_currency(heard: str, amount: str) -> None:
    assert read_amount(heard, asked=False) == amount


@given(st.integers(0, 8000), LANGUAGES)
def test_a_date_as_our_voice_says_it(days: int, language: str) -> None:
    day = (date(2010, 1, 1) + timedelta(days=days)).isoformat()
    assert read_date(speakable(day, language), TODAY, "any", asked=True) == day


@given(st.integers(1, 10**9 - 1), st.integers(0, 99), LANGUAGES)
def test_an_amount_as_our_voice_says_it(rupees: int, paise: int, language: str) -> None:
    value = written(Decimal(rupees) + Decimal(paise) / 100)
    assert check(AMOUNT, value) == ""
    assert read_amount(speakable(f"₹{value}", language), asked=True) == value


def test_what_can_not_be() -> None:
    assert check(DATE, "2026-02-31") == "no_such_date"
    assert check(DATE, "2026-02-28") == ""
    assert [check(AMOUNT, value) for value in ("1250.50", "12.5", "", "1e9")] == ["", *["no_such_amount"] * 3]
