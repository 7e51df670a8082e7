"""Digits, serials, phone numbers, order ids and GSTINs, out of what callers say in three languages."""

from __future__ import annotations

import pytest

from calls.slots import SlotSettings
from nlu.slot_codes import find_code, joined, read_code
from nlu.slots import check
from tests.slot_kinds import DIGITS, GSTIN, ORDER, PHONE, PIN_CODE, SERIAL

DIGITS_HEARD = [
    # English
    ("en", "four five six", "456"),
    ("en", "double nine", "99"),
    ("en", "triple zero", "000"),
    ("en", "one double two triple three", "122333"),
    ("en", "oh nine oh", "090"),
    ("en", "nought seven nought", "070"),
    ("en", "forty five sixty seven", "4567"),
    ("en", "twenty twenty six", "2026"),
    ("en", "nine eighty one", "981"),
    ("en", "seventy oh five", "7005"),
    ("en", "nine thousand", "9000"),
    ("en", "nine thousand eight hundred seventy six", "9876"),
    ("en", "one eight hundred one two three", "1800123"),
    ("en", "two thousand and five", "2005"),
    ("en", "eighteen hundred", "1800"),
    ("en", "98 765", "98765"),
    ("en", "9 8 7 6 5", "98765"),
    ("en", "98-76-5", "98765"),
    ("en", "double 98", "998"),
    ("en", "double 9 triple 0", "99000"),
    ("en", "three sevens two zeros", "77700"),
    ("en", "three times zero", "000"),
    ("en", "nine twice", "99"),
    ("en", "it is um four five then six", "456"),
    ("en", "to for ate won tree", "24813"),
    ("en", "seven to for ate", "7248"),
    ("en", "nein five won", "951"),
    ("en", "my customer number is four five six seven please", "4567"),
    ("en", "four five six sorry four five seven eight", "4578"),
    ("en", "4567 4567", "45674567"),
    # Hindi, Devanagari
    ("hi", "नौ आठ सात", "987"),
    ("hi", "शून्य एक दो तीन चार पाँच छह सात आठ नौ", "0123456789"),
    ("hi", "पांच पाच छः छे", "5566"),
    ("hi", "डबल नाइन", "99"),
    ("hi", "ट्रिपल ज़ीरो", "000"),
    ("hi", "तीन बार शून्य", "000"),
    ("hi", "वन टू थ्री फोर फाइव सिक्स सेवन एट नाइन ज़ीरो", "1234567890"),
    ("hi", "पैंतालीस सड़सठ", "4567"),
    ("hi", "पैतालिस सरसठ", "4567"),
    ("hi", "उनतीस उनतालीस उनचास उनसठ", "29394959"),
    ("hi", "निन्यानवे निन्यानबे", "9999"),
    ("hi", "एक लाख पच्चीस हज़ार", "125000"),
    ("hi", "नौ हज़ार", "9000"),
    ("hi", "मेरा नंबर चार पाँच छह सात है", "4567"),
    ("hi", "९८ ७६५", "98765"),
    ("hi", "थर्टी फाइव ट्वेंटी", "3520"),
    # Hindi, romanised
    ("hi", "teen shunya", "30"),
    ("hi", "nau aath saat chhe paanch", "98765"),
    ("hi", "ek do teen chaar", "1234"),
    ("hi", "double nau triple shunya", "99000"),
    ("hi", "teen baar zero", "000"),
    ("hi", "nau do baar", "99"),
    ("hi", "ek lakh pachees hazaar", "125000"),
    ("hi", "paintaalees sadsath", "4567"),
    ("hi", "pachchees chalees unnees", "254019"),
    ("hi", "do hazaar paanch sau", "2500"),
    ("hi", "mera number hai nau aath seven six", "9876"),
    ("hi", "ninyanve unsath", "9959"),
    # Tamil
    ("ta", "பூஜ்ஜியம் ஒன்று இரண்டு மூன்று நான்கு ஐந்து ஆறு ஏழு எட்டு ஒன்பது", "0123456789"),
    ("ta", "ஒண்ணு ரெண்டு மூணு நாலு அஞ்சு", "12345"),
    ("ta", "டபுள் ஒன்பது", "99"),
    ("ta", "ட்ரிபிள் ஜீரோ", "000"),
    ("ta", "டபுள் நைன் செவன்", "997"),
    ("ta", "ஒன் டூ த்ரீ ஃபோர் ஃபைவ் சிக்ஸ் செவன் எயிட் நைன் ஜீரோ", "1234567890"),
    ("ta", "இருபத்தி அஞ்சு", "25"),
    ("ta", "இருபத்தைந்து நாற்பத்தேழு", "2547"),
    ("ta", "இருபத்தஞ்சு தொண்ணூத்தெட்டு", "2598"),
    ("ta", "இருபது அஞ்சு", "205"),
    ("ta", "ஐநூறு", "500"),
    ("ta", "இருநூத்தி அம்பது", "250"),
    ("ta", "ரெண்டாயிரத்தி இருபத்தி ஆறு", "2026"),
    ("ta", "ஒன்பதாயிரம்", "9000"),
    ("ta", "ஒரு லட்சம்", "100000"),
    ("ta", "என் நம்பர் நாலு அஞ்சு ஆறு ஏழு", "4567"),
    ("ta", "onnu rendu moonu naalu anju aaru ezhu ettu", "12345678"),
    ("ta", "தொண்ணூற்றொன்பது", "99"),
    # mixed
    ("hi", "नौ eight सात six", "9876"),
    ("ta", "nine எட்டு செவன் ஆறு", "9876"),
    ("en", "nine आठ seven ஆறு", "9876"),
]

LONG_NUMBERS = [
    (SERIAL, "en", "my serial number is seven one two three four five six seven eight", "712345678"),
    (SERIAL, "en", "712 345 678", "712345678"),
    (SERIAL, "en", "seventy one twenty three forty five sixty seven eight", "712345678"),
    (SERIAL, "en", "seven one two um three four five and then six seven eight", "712345678"),
    (SERIAL, "en", "it is seven one to three for five six seven ate", "712345678"),
    (SERIAL, "en", "712345678 712345678", "712345678"),
    (SERIAL, "en", "we have 3 computers and the serial is 712345678", "712345678"),
    (SERIAL, "en", "seven one two no sorry seven one three four five six seven eight nine", "713456789"),
    (SERIAL, "en", "seven double one two double three double four five", "711233445"),
    (SERIAL, "hi", "मेरा सीरियल नंबर सात एक दो तीन चार पाँच छह सात आठ है", "712345678"),
    (SERIAL, "hi", "इकहत्तर तेईस पैंतालीस सड़सठ आठ", "712345678"),
    (SERIAL, "hi", "saat ek do, teen chaar paanch, chhe saat aath", "712345678"),
    (SERIAL, "hi", "सात सौ बारह तीन सौ पैंतालीस छह सौ अठहत्तर", "712345678"),
    (SERIAL, "ta", "ஏழு ஒன்று ரெண்டு மூணு நாலு அஞ்சு ஆறு ஏழு எட்டு", "712345678"),
    (SERIAL, "ta", "என் சீரியல் நம்பர் செவன் ஒன் டூ த்ரீ ஃபோர் ஃபைவ் சிக்ஸ் செவன் எயிட்", "712345678"),
    (PHONE, "en", "nine eight seven six five four three two one zero", "+919876543210"),
    (PHONE, "en", "plus nine one nine eight seven six five four three two one zero", "+919876543210"),
    (PHONE, "en", "+91 98765 43210", "+919876543210"),
    (PHONE, "en", "091 98765 43210", "+919876543210"),
    (PHONE, "en", "zero nine eight seven six five four three two one zero", "+919876543210"),
    (PHONE, "en", "ninety eight seven sixty five forty three two ten", "+919876543210"),
    (PHONE, "en", "98765 43210 98765 43210", "+919876543210"),
    (PHONE, "en", "you can call me on double nine double eight double seven double six double five", "+919988776655"),
    (PHONE, "en", "plus four four seven nine one one one two three four five six", "+447911123456"),
    (PHONE, "en", "98 forty 11 22 33", "+919840112233"),
    (PHONE, "en", "nine eight four zero double one double two three three", "+919840112233"),
    (PHONE, "hi", "मेरा मोबाइल नंबर नौ आठ सात छह पाँच चार तीन दो एक शून्य है", "+919876543210"),
    (PHONE, "hi", "अट्ठानवे सात पैंसठ तैंतालीस दो दस", "+919876543210"),
    (PHONE, "hi", "nau aath saat chhe paanch chaar teen do ek zero", "+919876543210"),
    (PHONE, "ta", "ஒன்பது எட்டு ஏழு ஆறு அஞ்சு நாலு மூணு ரெண்டு ஒண்ணு ஜீரோ", "+919876543210"),
    (PHONE, "ta", "தொண்ணூத்தி எட்டு எழுபத்தி ஆறு ஐம்பத்தி நாலு முப்பத்தி ரெண்டு பத்து", "+919876543210"),
    (PIN_CODE, "en", "six double zero zero zero one", "600001"),
    (PIN_CODE, "hi", "ग्यारह शून्य शून्य शून्य एक", "110001"),
    (PIN_CODE, "hi", "एक लाख दस हज़ार एक", "110001"),
    (PIN_CODE, "ta", "ஆறு டபுள் ஜீரோ ஜீரோ ஒன்று ஏழு", "600017"),
]

WITH_LETTERS = [
    (ORDER, "en", "o d one two three four", "OD1234"),
    (ORDER, "en", "my order id is o d one two three four", "OD1234"),
    (ORDER, "en", "od1234", "OD1234"),
    (ORDER, "en", "OD-1234", "OD1234"),
    (ORDER, "en", "order number od 12 34", "OD1234"),
    (ORDER, "en", "o for orange d for delhi one two three four", "OD1234"),
    (ORDER, "en", "a as in apple b as in ball seven eight", "AB78"),
    (ORDER, "en", "alpha bravo seven eight", "AB78"),
    (ORDER, "en", "double a double one", "AA11"),
    (ORDER, "en", "b for papa one two three", "P123"),
    (ORDER, "en", "see dee one two three", "CD123"),
    (ORDER, "en", "double u one two three", "W123"),
    (ORDER, "en", "ex why zed nine nine", "XYZ99"),
    (ORDER, "en", "o d one o two o", "OD1020"),
    (ORDER, "en", "b for two one", "B421"),
    (ORDER, "en", "4567", "4567"),
    (ORDER, "en", "it's capital o capital d 1234", "OD1234"),
    (ORDER, "en", "ODR dash 4578 12", "ODR457812"),
    (ORDER, "hi", "ओ डी एक दो तीन चार", "OD1234"),
    (ORDER, "hi", "ओडी 1234", "OD1234"),
    (ORDER, "hi", "मेरा ऑर्डर नंबर ओ डी बारह चौंतीस है", "OD1234"),
    (ORDER, "hi", "ए फॉर एप्पल बी फॉर बॉल सात आठ", "AB78"),
    (ORDER, "hi", "पी फॉर पुणे एम फॉर मुंबई नौ नौ", "PM99"),
    (ORDER, "hi", "a for aam b for bandar saat aath", "AB78"),
    (ORDER, "hi", "डब्ल्यू एक्स वाई जेड एक एक", "WXYZ11"),
    (ORDER, "ta", "ஓ டி ஒன்று இரண்டு மூன்று", "OD123"),
    (ORDER, "ta", "ஏ ஃபார் ஆப்பிள் பி ஃபார் பால் ஏழு எட்டு", "AB78"),
    (ORDER, "ta", "எம் என் ஒன்பது எட்டு", "MN98"),
    (ORDER, "ta", "ஆர்டர் நம்பர் ஓடி 1234", "OD1234"),
    (GSTIN, "en", "two seven double a p f u zero nine three nine f one z v", "27AAPFU0939F1ZV"),
    (GSTIN, "en", "27AAPFU0939F1ZV", "27AAPFU0939F1ZV"),
    (GSTIN, "en", "27 aapfu 0939 f1zv", "27AAPFU0939F1ZV"),
    (GSTIN, "en", "our gst number is twenty seven a a p f u oh nine three nine f one zed v", "27AAPFU0939F1ZV"),
    (GSTIN, "en", "27 AAPFU O939 F1 ZV", "27AAPFU0939F1ZV"),  # a written O where only a digit can be
    (
        GSTIN,
        "en",
        "two seven a for apple a for apple p for pune f u for umbrella 0939 f for fan 1 z for zebra v",
        "27AAPFU0939F1ZV",
    ),
    (GSTIN, "hi", "दो सात ए ए पी एफ यू जीरो नौ तीन नौ एफ वन जेड वी", "27AAPFU0939F1ZV"),
    (GSTIN, "hi", "सत्ताईस डबल ए पी एफ़ यू शून्य नौ उनतालीस एफ़ एक ज़ेड वी", "27AAPFU0939F1ZV"),
    (GSTIN, "hi", "27 एएपीएफयू 0939 एफ 1 जेड वी", "27AAPFU0939F1ZV"),
    (GSTIN, "ta", "இரண்டு ஏழு ஏ ஏ பி எஃப் யூ ஜீரோ ஒன்பது மூன்று ஒன்பது எஃப் ஒன்று இசட் வி", "27AAPFU0939F1ZV"),
    (GSTIN, "ta", "ரெண்டு ஏழு டபுள் ஏ பி எஃப் யூ பூஜ்ஜியம் ஒன்பது மூணு ஒன்பது எஃப் ஒண்ணு ஜெட் வி", "27AAPFU0939F1ZV"),
]

PIECES = [
    (SERIAL, "en", "seven one two", "712"),
    (SERIAL, "hi", "सात एक दो", "712"),
    (SERIAL, "ta", "ஏழு ஒன்று ரெண்டு", "712"),
    (SERIAL, "en", "seven", "7"),
    (PHONE, "en", "nine eight seven six five", "98765"),
    (PHONE, "hi", "मेरा नंबर है नौ आठ सात", "987"),
    (GSTIN, "en", "two seven a a p f u", "27AAPFU"),
    (GSTIN, "en", "27 aapfu", "27AAPFU"),
    (ORDER, "en", "o d 1", "OD1"),
]

ABOUT_SOMETHING_ELSE = [
    ("en", "i have 3 computers"),
    ("en", "we have two users and five branches"),
    ("en", "i don't have it"),
    ("en", "to be or not to be"),
    ("en", "what is a serial number"),
    ("en", "how do i find it"),
    ("en", "i want to talk to someone for a minute"),
    ("en", "where is my order"),
    ("en", "do you understand me"),
    ("en", "wait one minute"),
    ("en", "my licence expired 2 days ago"),
    ("en", "yes"),
    ("en", "no"),
    ("en", ""),
    ("hi", "haan do"),
    ("hi", "order id bata do"),
    ("hi", "mujhe nahi pata"),
    ("hi", "एक मिनट रुकिए"),
    ("hi", "मेरे पास तीन कंप्यूटर हैं"),
    ("hi", "मेरे साथ धोखा हुआ है"),
    ("hi", "ek problem hai"),
    ("hi", "do din se band hai"),
    ("hi", "क्या आप हिंदी में बात कर सकते हैं"),
    ("ta", "எனக்குத் தெரியாது"),
    ("ta", "ஒரு நிமிஷம் இருங்க"),
    ("ta", "என்கிட்ட மூணு கம்ப்யூட்டர் இருக்கு"),
    ("ta", "மனிதரிடம் பேசணும்"),
]


@pytest.mark.parametrize(("language", "heard", "value"), DIGITS_HEARD)
def test_digits(language: str, heard: str, value: str) -> None:
    assert read_code(DIGITS, heard, language, "IN") == value


@pytest.mark.parametrize(("asked", "language", "heard", "value"), LONG_NUMBERS + WITH_LETTERS)
def test_a_whole_value(asked: SlotSettings, language: str, heard: str, value: str) -> None:
    assert read_code(asked, heard, language, "IN") == value
    assert check(asked, value) == ""


@pytest.mark.parametrize(("asked", "language", "heard", "piece"), PIECES)
def test_a_piece_is_kept_and_too_short(asked: SlotSettings, language: str, heard: str, piece: str) -> None:
    assert read_code(asked, heard, language, "IN") == piece
    assert check(asked, piece) == "too_short"


@pytest.mark.parametrize(("language", "heard"), ABOUT_SOMETHING_ELSE)
def test_words_about_something_else_fill_nothing(language: str, heard: str) -> None:
    for asked in (SERIAL, PHONE, GSTIN, ORDER, DIGITS):
        assert read_code(asked, heard, language, "IN") == "", asked.kind
        assert find_code(asked, heard, language, "IN") == "", asked.kind


UNASKED = [
    (SERIAL, "en", "my licence 712345678 has expired", "712345678"),
    (SERIAL, "en", "renew serial seven one two three four five six seven eight please", "712345678"),
    (SERIAL, "hi", "सीरियल 712345678 का लाइसेंस रिन्यू करना है", "712345678"),
    (GSTIN, "en", "the return of 27AAPFU0939F1ZV is not accepted", "27AAPFU0939F1ZV"),
    (GSTIN, "ta", "27AAPFU0939F1ZV இந்த ஜிஎஸ்டி எண் வேலை செய்யவில்லை", "27AAPFU0939F1ZV"),
    (PHONE, "en", "call me back on 98765 43210 please", "+919876543210"),
    (ORDER, "en", "where is my order od1234", "OD1234"),
    (ORDER, "hi", "मेरा ऑर्डर OD1234 कहाँ है", "OD1234"),
    # not told by the shape alone
    (SERIAL, "en", "i paid 4567 for the account 12345", ""),
    (SERIAL, "en", "call me on 9876543210", ""),
    (GSTIN, "en", "27AAPFU0939F1ZW", ""),
    (PHONE, "en", "my pin is 600001 and the bill 5400", ""),
    (PHONE, "en", "1234567890", ""),
    (ORDER, "en", "gstr 3b and gstr 1", ""),
    (ORDER, "en", "i paid 5000 a day", ""),
    (DIGITS, "en", "i paid 4567", ""),
    (SERIAL, "en", "is it needed for a turnover of 6 crore", ""),
]

CONTINUED = [
    (PHONE, "en", "98765", "four three two one zero", "+919876543210"),
    (PHONE, "hi", "98765", "चार तीन दो एक शून्य", "+919876543210"),
    (PHONE, "ta", "98765", "நாலு மூணு ரெண்டு ஒண்ணு ஜீரோ", "+919876543210"),
    (SERIAL, "en", "712", "three four five", "712345"),
    (SERIAL, "en", "712345", "six seven eight", "712345678"),
    (SERIAL, "en", "712", "two three four five six seven eight", "712345678"),  # the two was said again
    (SERIAL, "en", "712", "seven one two three four five six seven eight", "712345678"),  # all of it was
    (SERIAL, "en", "712", "start again seven one three four five six seven eight nine", "713456789"),
    (SERIAL, "en", "712", "start again", ""),
    (SERIAL, "hi", "712", "शुरू से सात एक तीन", "713"),
    (SERIAL, "hi", "712", "phir se saat ek teen", "713"),
    (SERIAL, "ta", "712", "முதலில் இருந்து ஏழு ஒன்று மூன்று", "713"),
    (SERIAL, "en", "712", "i have 3 computers", "712"),
    (SERIAL, "en", "712", "hello are you there", "712"),
    (SERIAL, "en", "", "seven one two", "712"),
    (GSTIN, "en", "27AAPFU", "zero nine three nine f one z v", "27AAPFU0939F1ZV"),
    (GSTIN, "hi", "27AAPFU", "शून्य नौ तीन नौ एफ एक जेड वी", "27AAPFU0939F1ZV"),
    (ORDER, "en", "OD", "one two three", "OD123"),
    (PIN_CODE, "en", "600", "double zero one", "600001"),
]


@pytest.mark.parametrize(("unasked", "language", "heard", "value"), UNASKED)
def test_unasked_only_what_its_shape_tells(unasked: SlotSettings, language: str, heard: str, value: str) -> None:
    assert find_code(unasked, heard, language, "IN") == value


@pytest.mark.parametrize(("asked", "language", "before", "heard", "value"), CONTINUED)
def test_a_value_in_pieces(asked: SlotSettings, language: str, before: str, heard: str, value: str) -> None:
    assert joined(asked, before, heard, language, "IN") == value
