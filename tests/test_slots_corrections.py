"""A value read back, and the caller who puts it right."""

from __future__ import annotations

from datetime import date

import pytest

from calls.slots import SlotSettings
from nlu.amounts import change_amount
from nlu.dates import change_date
from nlu.slot_corrections import corrected
from tests.slot_kinds import GSTIN, ORDER, PHONE, SERIAL

TODAY = date(2026, 11, 21)

CORRECTED = [
    # one for the other
    (SERIAL, "en", "712345678", "no five is wrong it is nine", "712349678"),
    (SERIAL, "en", "712345678", "not five nine", "712349678"),
    (SERIAL, "en", "712345678", "not five, nine", "712349678"),
    (SERIAL, "en", "712345678", "no nine not five", "712349678"),
    (SERIAL, "en", "712345678", "nine instead of five", "712349678"),
    (SERIAL, "en", "712345678", "i said forty nine not forty five", "712349678"),
    (SERIAL, "en", "7123451189", "no, seven not eleven", "712345789"),
    (SERIAL, "en", "712345089", "no double zero not zero", "7123450089"),
    (SERIAL, "hi", "712345678", "पाँच नहीं नौ", "712349678"),
    (SERIAL, "hi", "712345678", "नहीं नौ पाँच नहीं", "712349678"),
    (SERIAL, "hi", "7123451189", "नहीं सात ग्यारह नहीं", "712345789"),
    (SERIAL, "hi", "7123451189", "nahi saat gyarah nahi", "712345789"),
    (SERIAL, "hi", "712345678", "paanch ki jagah nau", "712349678"),
    (SERIAL, "hi", "712345678", "पाँच गलत है नौ है", "712349678"),
    (SERIAL, "hi", "712345678", "नहीं नौ नहीं पाँच", "712349678"),  # the other order, but there is no nine to be replaced
    (SERIAL, "ta", "712345678", "நாலு இல்ல ஒன்பது", "712395678"),
    (SERIAL, "ta", "712345678", "இல்லை அஞ்சு இல்லை ஒன்பது", "712349678"),
    (GSTIN, "en", "27AAPFU0939F1ZW", "v not w", "27AAPFU0939F1ZV"),
    (GSTIN, "en", "27AAPSU0939F1ZV", "not s f for fan", "27AAPFU0939F1ZV"),
    (ORDER, "en", "OB1234", "d for delhi not b for bombay", "OD1234"),
    (SERIAL, "en", "712345678", "replace five with nine", "712349678"),
    (SERIAL, "en", "712345678", "change five to nine", "712349678"),
    (SERIAL, "en", "712345678", "it's double five not single five", "7123455678"),
    (SERIAL, "hi", "712345678", "पाँच को नौ कर दो", "712349678"),
    (SERIAL, "hi", "712345678", "सात एक दो नहीं सात एक तीन", "713345678"),
    (SERIAL, "ta", "712345698", "எட்டு, ஒன்பது இல்லை", "712345688"),
    (SERIAL, "ta", "712345678", "ஐந்துக்கு பதிலா ஒன்பது", "712349678"),
    # at a place
    (SERIAL, "en", "712345678", "the third one is five not two", "715345678"),
    (SERIAL, "en", "712345678", "no no no it should be nine at the end", "712345679"),
    (SERIAL, "en", "712345678", "2nd digit is 3", "732345678"),
    (SERIAL, "hi", "712345678", "नहीं भाई आखिर में चार है", "712345674"),
    (SERIAL, "hi", "712345678", "पहला अंक सात नहीं आठ है", "812345678"),
    (SERIAL, "hi", "712345678", "aakhri number chaar hai aath nahi", "712345674"),
    (SERIAL, "ta", "712345678", "கடைசி ரெண்டு எண் நாலு நாலு", "712345644"),
    (SERIAL, "ta", "712345678", "கடைசி நம்பர் எட்டு இல்ல நாலு", "712345674"),
    (PHONE, "en", "+919876543210", "third digit is nine", "+919896543210"),
    (PHONE, "en", "+919876543211", "no the last digit is four", "+919876543214"),
    (SERIAL, "en", "712345678", "the last digit is four not eight", "712345674"),
    (SERIAL, "en", "712345678", "third digit is five", "715345678"),
    (SERIAL, "en", "712345678", "the last two digits are nine nine", "712345699"),
    (SERIAL, "en", "712345678", "second last digit is four", "712345648"),
    (SERIAL, "en", "712345678", "it ends with nine nine", "712345699"),
    (SERIAL, "en", "712345678", "it starts with nine", "912345678"),
    (SERIAL, "en", "712345678", "first digit is nine and last digit is two", "912345672"),
    (SERIAL, "hi", "712345678", "आखिरी अंक चार", "712345674"),
    (SERIAL, "hi", "712345678", "आख़िरी दो अंक नौ नौ हैं", "712345699"),
    (SERIAL, "hi", "712345678", "तीसरा नंबर पाँच है", "715345678"),
    (SERIAL, "hi", "712345678", "पाँचवाँ अंक नौ है", "712395678"),
    (SERIAL, "hi", "712345678", "aakhri digit chaar hai", "712345674"),
    (SERIAL, "hi", "712345678", "शुरू में नौ", "912345678"),
    (SERIAL, "ta", "712345678", "கடைசி எண் நாலு", "712345674"),
    (SERIAL, "ta", "712345678", "மூன்றாவது எண் அஞ்சு", "715345678"),
    (SERIAL, "ta", "712345678", "முதல் எண் ஒன்பது", "912345678"),
    (GSTIN, "en", "27AAPFU0939F1ZW", "the last letter is v", "27AAPFU0939F1ZV"),
    # all of it, or a piece of it again
    (SERIAL, "en", "712345678", "no it is seven one two three four five six seven nine", "712345679"),
    (SERIAL, "hi", "712345678", "नहीं सात एक दो तीन चार पाँच छह सात नौ", "712345679"),
    (SERIAL, "en", "712345678", "no three four six six", "712346678"),
    (SERIAL, "hi", "712345678", "नहीं तीन चार छह छह", "712346678"),
    (PHONE, "en", "+919876543210", "no it's 98765 43211", "+919876543211"),
]

SAYS_NOT_HOW = [
    (SERIAL, "en", "712345678", "no"),
    (SERIAL, "en", "712345678", "no that is wrong"),
    (SERIAL, "en", "712345678", "yes that is right"),
    (SERIAL, "en", "712345678", "no i want to renew two licences"),
    (SERIAL, "en", "712345678", "last time i called for 2 hours"),
    (SERIAL, "en", "755345678", "not five nine"),  # which of them?
    (SERIAL, "en", "712345698", "no seven not eleven"),  # it has no eleven
    (SERIAL, "hi", "712345678", "नहीं"),
    (SERIAL, "hi", "712345678", "नहीं गलत है"),
    (SERIAL, "hi", "712345678", "nahi demo dikha do pehle"),
    (SERIAL, "ta", "712345678", "இல்லை தப்பு"),
    (SERIAL, "en", "712345678", "hello"),
    (SERIAL, "en", "712345678", "you missed a zero"),
    (SERIAL, "en", "712345678", "the middle one is wrong"),
    (SERIAL, "hi", "712345678", "आप को क्या बता दूँ"),
]

DATES = [
    ("2027-03-05", "no the sixth", "2027-03-06"),
    ("2027-03-05", "sixth not fifth", "2027-03-06"),
    ("2027-03-05", "no april", "2027-04-05"),
    ("2027-03-05", "not march april", "2027-04-05"),
    ("2027-03-05", "no 2026", "2026-03-05"),
    ("2027-03-05", "नहीं छह मार्च", "2027-03-06"),
    ("2027-03-05", "पाँच नहीं छह", "2027-03-06"),
    ("2026-11-22", "no day after tomorrow", "2026-11-23"),
    ("2027-03-05", "இல்லை ஆறாம் தேதி", "2027-03-06"),
    ("2027-03-05", "no", None),
]

AMOUNTS = [
    ("500", "no fifteen hundred not five hundred", "1500"),
    ("500", "not five hundred fifteen hundred", "1500"),
    ("50", "fifteen not fifty", "15"),
    ("500", "नहीं पंद्रह सौ", "1500"),
    ("500", "पाँच सौ नहीं छह सौ", "600"),
    ("500", "ஐநூறு இல்லை அறுநூறு", "600"),
    ("500", "no", None),
]


@pytest.mark.parametrize(("slot", "language", "value", "heard", "right"), CORRECTED)
def test_put_right(slot: SlotSettings, language: str, value: str, heard: str, right: str) -> None:
    assert corrected(slot, value, heard, language, "IN") == right


@pytest.mark.parametrize(("slot", "language", "value", "heard"), SAYS_NOT_HOW)
def test_nothing_is_guessed(slot: SlotSettings, language: str, value: str, heard: str) -> None:
    assert corrected(slot, value, heard, language, "IN") is None


@pytest.mark.parametrize(("value", "heard", "right"), DATES)
def test_a_date_put_right(value: str, heard: str, right: str | None) -> None:
    assert change_date(value, heard, TODAY, "coming") == right


@pytest.mark.parametrize(("value", "heard", "right"), AMOUNTS)
def test_an_amount_put_right(value: str, heard: str, right: str | None) -> None:
    assert change_amount(value, heard) == right
