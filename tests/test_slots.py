"""The slots of jambonz-app.json, from words to values and back to the voice."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import pytest

from calls.settings import Settings, load
from calls.slots import SlotKind, SlotSettings
from nlu.slots import SlotReader, check, mend, read_back
from tests.slot_kinds import AMOUNT, DATE, DIGITS, GSTIN, ORDER, PHONE, SERIAL
from tts.speakable import speakable

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)  # already the 21st, a Saturday, in India
SLOTS: dict[str, dict[str, object]] = {
    "serial": {"kind": "serial", "label": {"en": "serial number"}},
    "gstin": {"kind": "gstin", "label": {"en": "GSTIN"}},
    "pin_code": {"kind": "digits", "label": {"en": "pin code", "hi": "पिन कोड"}, "min_length": 6, "max_length": 6},
    "phone": {"kind": "phone", "label": {"en": "mobile number"}},
    "visit": {"kind": "date", "label": {"en": "day"}, "when": "coming"},
    "bill": {"kind": "amount", "label": {"en": "amount"}},
}


@pytest.fixture(scope="module")
def settings() -> Settings:
    tree = json.loads(Path("jambonz-app.json").read_text(encoding="utf-8"))
    tree["intents"]["training"]["slots"] = {name: {**slot, "ask": {"en": "Which one?"}} for name, slot in SLOTS.items()}
    return Settings.model_validate(tree)


@pytest.fixture(scope="module")
def reader(settings: Settings) -> SlotReader:
    return SlotReader(settings)


SAID = [
    ("", "my serial number is seven one two three four five six seven eight", {"serial": "712345678"}),
    ("serial", "seven one two three four five six seven eight", {"serial": "712345678"}),
    ("serial", "712345678", {"serial": "712345678"}),  # keyed
    ("serial", "seven one two", {"serial": "712"}),
    ("serial", "one two three four five six seven eight nine zero", {"serial": "1234567890"}),
    ("serial", "i have 3 computers", {}),
    ("serial", "my mobile is 98765 43210", {"phone": "+919876543210"}),  # not what was asked, but no doubt what it is
    ("", "98765 43210", {"phone": "+919876543210"}),
    ("pin_code", "six double zero zero one seven", {"pin_code": "600017"}),
    ("", "600017", {}),  # a bare number that nobody asked for
    ("", "the pin code is 600017", {"pin_code": "600017"}),
    ("", "my pin is 600017", {"pin_code": "600017"}),
    ("", "i paid 600017 on monday", {"visit": "2026-11-23"}),
    ("", "पिन कोड छह डबल ज़ीरो ज़ीरो एक सात", {"pin_code": "600017"}),
    ("visit", "today", {"visit": "2026-11-21"}),
    ("", "can they come tomorrow", {"visit": "2026-11-22"}),
    ("", "27AAPFU0939F1ZV and i paid 500 rupees", {"gstin": "27AAPFU0939F1ZV", "bill": "500"}),
    ("bill", "two thousand", {"bill": "2000"}),
    ("", "i want training for my staff", {}),
]


@pytest.mark.parametrize(("wanted", "heard", "values"), SAID)
def test_what_the_words_fill(reader: SlotReader, wanted: str, heard: str, values: dict[str, str]) -> None:
    assert reader.read(heard, intent="training", language="en", now=NOW, wanted=wanted) == values


def test_a_slot_asked_for_is_filled_whatever_the_wish_is_now(reader: SlotReader) -> None:
    heard = "712345678"
    assert reader.read(heard, intent="other", language="en", now=NOW, wanted="serial") == {"serial": heard}
    assert reader.read(heard, intent="other", language="en", now=NOW) == {}
    assert reader.read(heard, intent="none such", language="en", now=NOW, wanted="none such") == {}


def test_two_slots_that_would_claim_one_value_get_none(settings: Settings) -> None:
    tree = settings.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    tree["intents"]["training"]["slots"] = {name: {**SLOTS["phone"], "ask": {"en": "Which one?"}} for name in ("own", "office")}
    reader = SlotReader(Settings.model_validate(tree))
    assert reader.read("98765 43210", intent="training", language="en", now=NOW) == {}
    assert reader.read("98765 43210", intent="training", language="en", now=NOW, wanted="own") == {"own": "+919876543210"}


def test_pieces_and_corrections_of_every_kind(reader: SlotReader) -> None:
    assert reader.join(SERIAL, "712", "three four five six seven eight", language="en", now=NOW) == "712345678"
    assert reader.join(SERIAL, "712", "no one not two", language="en", now=NOW) == "711"
    assert reader.join(SERIAL, "712", "no seven one three", language="en", now=NOW) == "713"
    assert reader.join(DATE, "2026-12-05", "of march", language="en", now=NOW) == "2026-03-05"
    assert reader.join(DATE, "2027-03-05", "हाँ", language="hi", now=NOW) == "2027-03-05"
    assert reader.join(AMOUNT, "500", "five thousand", language="en", now=NOW) == "5000"
    assert reader.correct(SERIAL, "712345678", "no the last digit is nine", language="en", now=NOW) == "712345679"
    assert reader.correct(DATE, "2027-03-05", "no the sixth", language="en", now=NOW) == "2027-03-06"
    assert reader.correct(AMOUNT, "500", "no five thousand", language="en", now=NOW) == "5000"
    assert reader.correct(SERIAL, "712345678", "no", language="en", now=NOW) is None


CHECKED = [
    (SERIAL, "712345678", ""),
    (SERIAL, "71234567", "too_short"),
    (SERIAL, "7123456789", "too_long"),
    (DIGITS, "1", "too_short"),
    (DIGITS, "1" * 17, "too_long"),
    (DIGITS, "12a4", "shape"),
    (ORDER, "OD12", ""),
    (ORDER, "OD", "too_short"),
    (ORDER, "OD-12", "shape"),
    (GSTIN, "27AAPFU0939F1ZV", ""),
    (GSTIN, "27AAPFU0939F1ZW", "check_digit"),
    (GSTIN, "27AAPFU0939F1Z", "too_short"),
    (GSTIN, "27AAPFU0939F1ZVV", "too_long"),
    (GSTIN, "27AAPF00939F1ZV", "shape"),
    (GSTIN, "77AAPFU0939F1ZV", "no_such_state"),
    (PHONE, "+919876543210", ""),
    (PHONE, "+911234567890", ""),  # possible; new ranges come before anybody knows them
    (PHONE, "+9198765", "no_such_number"),
    (PHONE, "98765", "too_short"),
    (PHONE, "1234567890", "no_such_number"),
    (PHONE, "9" * 15, "too_long"),
]


@pytest.mark.parametrize(("slot", "value", "why"), CHECKED)
def test_why_a_value_can_not_be_right(slot: SlotSettings, value: str, why: str) -> None:
    assert check(slot, value) == why


MENDED = [
    ("27AAPFUO939F1ZV", "27AAPFU0939F1ZV"),  # O for 0
    ("27AAPFU0939FIZV", "27AAPFU0939F1ZV"),  # I for 1
    ("27AAPFU0939F12V", "27AAPFU0939F1ZV"),  # 2 for Z
    ("27AAPSU0939F1ZV", "27AAPFU0939F1ZV"),  # S for F
    ("27AAPFU0939F1ZV", None),  # right as it is
    ("27AAPFU0939F1ZW", None),  # no swap makes it right
    ("27AAPFU0939F1Z", None),
]


@pytest.mark.parametrize(("value", "right"), MENDED)
def test_a_gstin_is_mended_where_only_one_can_be_meant(value: str, right: str | None) -> None:
    assert mend(GSTIN, value) == right


READ_BACK = [
    (SERIAL, "712345678", "en", "7 1 2, 3 4 5, 6 7 8", "seven one two, three four five, six seven eight"),
    (SERIAL, "712345678", "hi", "7 1 2, 3 4 5, 6 7 8", "सात एक दो, तीन चार पाँच, छह सात आठ"),
    (SERIAL, "712345678", "ta", "7 1 2, 3 4 5, 6 7 8", "ஏழு ஒன்று இரண்டு, மூன்று நான்கு ஐந்து, ஆறு ஏழு எட்டு"),
    (PHONE, "+919876543210", "en", "9 8 7 6 5, 4 3 2 1 0", "nine eight seven six five, four three two one zero"),
    (PHONE, "+447911123456", "en", "+44 7911 123456", "plus four four, seven nine one one, one two three, four five six"),
    (DIGITS, "4567", "hi", "4 5 6 7", "चार पाँच छह सात"),
    (DIGITS, "12345678", "en", "1 2 3 4, 5 6 7 8", "one two three four, five six seven eight"),
    (ORDER, "OD1234", "en", "O D, 1 2 3 4", "O D, one two three four"),
    (ORDER, "AM5PM", "en", "A M, 5, P M", "eigh M, five, P M"),
    (ORDER, "BD1234", "ta", "B D, 1 2 3 4", "B D, ஒன்று இரண்டு மூன்று நான்கு"),
    (GSTIN, "27AAPFU0939F1ZV", "en", "2 7, A A P F U, 0 9 3 9, F, 1 Z V", "two seven, eigh eigh P F U, zero nine three nine, F, one Z V"),
    (GSTIN, "27AAPFU0939F1ZV", "hi", "2 7, A A P F U, 0 9 3 9, F, 1 Z V", "दो सात, ए ए पी एफ़ यू, शून्य नौ तीन नौ, एफ़, एक ज़ेड वी"),
    (DATE, "2026-11-21", "en", "2026-11-21", "twenty-first November twenty twenty-six"),
    (DATE, "2026-11-21", "hi", "2026-11-21", "इक्कीस नवंबर दो हज़ार छब्बीस"),
    (AMOUNT, "1250.50", "en", "₹1250.50", "one thousand two hundred and fifty rupees and fifty paise"),
    (AMOUNT, "125000", "ta", "₹125000", "ஒரு லட்சத்து இருபத்து ஐந்தாயிரம் ரூபாய்"),
]


@pytest.mark.parametrize(("slot", "value", "language", "text", "spoken"), READ_BACK)
def test_read_back(slot: SlotSettings, value: str, language: str, text: str, spoken: str) -> None:
    assert read_back(slot, value) == text
    assert speakable(f"{text}.", language) == f"{spoken}."


def test_the_slots_of_our_own_file_are_only_listened_for() -> None:
    file = load("jambonz-app.json")
    slots = {(intent, name): slot for intent, wish in file.intents.items() for name, slot in wish.slots.items()}
    assert {place: slot.kind for place, slot in slots.items()} == {
        ("license_renewal", "serial"): SlotKind.SERIAL,
        ("gst_query", "gstin"): SlotKind.GSTIN,
        ("e_invoice", "gstin"): SlotKind.GSTIN,
    }
    for slot in slots.values():
        assert not slot.required
        assert set(slot.ask) == set(slot.label) == set(file.languages)


def test_reading_takes_no_time(reader: SlotReader) -> None:
    heard = "the return for my number two seven double a p f u zero nine three nine f one z v fails since monday"
    took = []
    for _ in range(50):
        begun = time.thread_time()
        assert reader.read(heard, intent="training", language="en", now=NOW, wanted="gstin")["gstin"] == "27AAPFU0939F1ZV"
        took.append(time.thread_time() - begun)
    assert median(took) < 0.003, "three times what it may take: other work runs on this machine"
