"""What holds of every code: said by any of our words it is the same again, and a GSTIN with one wrong character is none."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from nlu import gstin
from nlu.number_words import UNITS
from nlu.slot_codes import read_code
from nlu.slots import check, mend, read_back
from tests.slot_kinds import DIGITS, GSTIN, ORDER, PHONE, SERIAL
from tts.speakable import speakable

LANGUAGES = st.sampled_from(["en", "hi", "ta"])
WORDS = {language: [line.split()[1:] for line in text.strip().splitlines()] for language, text in UNITS.items()}
LETTERS = st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def digits(shortest: int, longest: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=shortest, max_size=longest)


@st.composite
def gstins(draw: st.DrawFn) -> str:
    state, count = draw(st.sampled_from(sorted(gstin.STATES))), draw(st.sampled_from("123456789ABCXYZ"))
    pan = "".join(draw(LETTERS) for _ in range(5)) + draw(digits(4, 4)) + draw(LETTERS)
    first = state + pan + count + "Z"
    return first + gstin.check_character(first)


@given(digits(2, 16), st.data())
def test_digits_in_any_words_of_any_languages(value: str, data: st.DataObject) -> None:
    words = [data.draw(st.sampled_from(WORDS[data.draw(LANGUAGES)][int(digit)])) for digit in value]
    assert read_code(DIGITS, " ".join(words), data.draw(LANGUAGES), "IN") == value


@given(digits(9, 9), LANGUAGES)
def test_a_serial_as_our_voice_reads_it_back(value: str, language: str) -> None:
    assert read_code(SERIAL, speakable(read_back(SERIAL, value), language), language, "IN") == value


@given(st.sampled_from("6789"), digits(9, 9), LANGUAGES)
def test_a_phone_number_as_our_voice_reads_it_back(first: str, rest: str, language: str) -> None:
    value = f"+91{first}{rest}"
    assume(check(PHONE, value) == "")
    assert read_code(PHONE, speakable(read_back(PHONE, value), language), language, "IN") == value


@given(st.text("BCDEFGHJKLMNPQRSTVXYZ", min_size=2, max_size=3), digits(2, 8), LANGUAGES)
def test_an_order_as_our_voice_reads_it_back(letters: str, number: str, language: str) -> None:
    heard = speakable(read_back(ORDER, letters + number), language)
    told_apart = letters if language != "ta" else letters.replace("T", "D").replace("P", "B")  # Tamil writes them alike
    assert read_code(ORDER, heard, language, "IN") == told_apart + number


@given(gstins())
def test_a_gstin_is_taken(value: str) -> None:
    assert check(GSTIN, value) == ""
    assert read_code(GSTIN, " ".join(value.lower()), "en", "IN") == value
    assert mend(GSTIN, value) is None


@given(gstins(), st.sampled_from(["en", "hi"]))
def test_a_gstin_as_our_voice_reads_it_back(value: str, language: str) -> None:
    """Not in Tamil, whose script has one letter for the names of P and B: several numbers may be valid."""
    assert read_code(GSTIN, speakable(read_back(GSTIN, value), language), language, "IN") == value


@given(gstins(), st.integers(0, 14), st.sampled_from(gstin.ALPHABET))
def test_a_gstin_with_a_wrong_character_is_refused(value: str, at: int, character: str) -> None:
    assume(character != value[at])
    assert check(GSTIN, value[:at] + character + value[at + 1 :]) != ""


@given(gstins(), st.integers(0, 14))
def test_what_is_mended_is_valid_and_one_character_away(value: str, at: int) -> None:
    wrong = value[:at] + {"B": "8", "8": "B", "O": "0", "0": "O", "M": "N", "N": "M"}.get(value[at], "K") + value[at + 1 :]
    mended = mend(GSTIN, wrong)
    if mended is not None:
        assert check(GSTIN, mended) == ""
        assert sum(one != other for one, other in zip(mended, wrong, strict=True)) == 1
