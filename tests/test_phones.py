"""Phone numbers as lines and people write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.call import CallRecord, Consent
from calls.phones import E164, e164, far_end, national

MUMBAI_MOBILE = "+919812345678"


@pytest.mark.parametrize(
    "raw",
    [
        "919812345678",
        "+919812345678",
        "+91 98123 45678",
        "+91-98123-45678",
        "09812345678",
        "9812345678",
        "(0)98123 45678",
        "00919812345678",
        " 098123 45678 ",
        "०९८१२३४५६७८",
        "sip:+919812345678@10.0.0.1:5060",
        "sip:%2B919812345678@carrier.example;user=phone",
        '"Anna" <sips:919812345678@carrier.example>',
        "tel:+91-98123-45678",
    ],
)
def test_one_number_in_many_forms(raw: str) -> None:
    assert e164(raw) == MUMBAI_MOBILE


@pytest.mark.parametrize(
    "raw",
    [
        *["", " ", "+", "0", "+0", "+00919812345678", "+91", "911", "12345", "9" * 30, "+" + "9" * 30, "9" * 100_000, "-" * 40],
        *["anonymous", "Restricted", "letters", "+1 800 FLOWERS", "9812345678 or 9812345679", "+91981234\n5678a", "\0", "🙂"],
        *["sip:anonymous@anonymous.invalid", "sip:1001@pbx.example", "sip:@x", "+266696687", "<script>alert(1)</script>"],
    ],
)
def test_what_is_no_number(raw: str) -> None:
    assert e164(raw) is None


def test_without_a_country_code_the_region_decides() -> None:
    assert e164("030 901820", region="DE") == "+4930901820"
    assert e164("030 901820", region="IN") is None
    assert e164("14155552671") == "+14155552671", "a number of another country, its plus lost on the way"


def test_a_new_range_counts_when_it_is_written_in_full() -> None:
    assert e164("+91 55555 55555") == "+915555555555"
    assert e164("55555 55555") is None


@pytest.mark.parametrize(
    ("number", "without_country"),
    [(MUMBAI_MOBILE, "9812345678"), ("+914423456789", "4423456789"), ("+390612345678", "0612345678"), ("", ""), ("anonymous", "")],
)
def test_the_national_part(number: str, without_country: str) -> None:
    assert national(number) == without_country


@given(st.text(alphabet="+0123456789 ()-.sip:@;%", max_size=60) | st.text(max_size=60))
def test_whatever_comes_it_is_e164_or_nothing(raw: str) -> None:
    number = e164(raw)
    assert number is None or (E164.fullmatch(number) and e164(number) == number)


@pytest.mark.parametrize(("direction", "number"), [("inbound", "+911"), ("outbound", "+912")])
def test_the_far_end_is_the_person(direction: str, number: str) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    record = CallRecord("CA1", direction, "+911", "+912", "en", "completed", Consent.GIVEN, now, now, 5, None)
    assert far_end(record) == number
