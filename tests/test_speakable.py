"""Written sentences in, sentences for the voice out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts.speakable import speakable

ENGLISH = [
    # identifiers
    ("Ticket T-1042.", "Ticket T one zero four two."),
    ("ticket 1042", "ticket one zero four two"),
    ("ord1234", "ord one two three four"),
    ("INV/2026/001", "I N V, two zero two six, zero zero one"),
    ("GSTIN 29ABCDE1234F1Z5", "G S T I N two nine, eigh B C D E, one two three four, F one Z five"),
    ("serial 712345678", "serial seven one two, three four five, six seven eight"),
    ("OTP is 482193", "O T P is four eight two, one nine three"),
    ("code: 0042", "code: zero zero four two"),
    ("ID 12-34-567", "I D one two, three four, five six seven"),
    ("#7 and no. 5", "number seven and number five"),
    # money
    ("Rs. 500", "five hundred rupees"),
    ("Rs.1,00,00,000/- only", "one crore rupees only"),
    ("₹18,500.50", "eighteen thousand five hundred rupees and fifty paise"),
    ("INR 500", "five hundred rupees"),
    ("500/-", "five hundred rupees"),
    ("Rs 18500", "eighteen thousand five hundred rupees"),
    ("₹2.5 lakh", "two point five lakh rupees"),
    ("₹5k", "five thousand rupees"),
    ("₹1 or ₹0.01", "one rupee or one paisa"),
    ("18500 rupees", "eighteen thousand five hundred rupees"),
    ("₹-750", "minus seven hundred and fifty rupees"),
    ("₹1,23,45,678", "one crore twenty-three lakh forty-five thousand six hundred and seventy-eight rupees"),
    # percentages, numbers, spans
    ("18% or 18.5 %", "eighteen percent or eighteen point five percent"),
    ("5-10%", "five to ten percent"),
    ("120 users", "one hundred and twenty users"),
    ("1,20,000 rows", "one lakh twenty thousand rows"),
    ("1,234,567", "twelve lakh thirty-four thousand five hundred and sixty-seven"),
    ("a balance of -500", "a balance of minus five hundred"),
    ("2-3 days", "two to three days"),
    ("a 24-hour wait, 30days", "a twenty-four hour wait, thirty days"),
    ("release 6.6.3", "release six point six point three"),
    ("v2.1", "V two point one"),
    ("the 1st, 22nd and 3rd", "the first, twenty-second and third"),
    # dates and times
    ("2026-11-20", "twentieth November twenty twenty-six"),
    ("20/11/2026", "twentieth November twenty twenty-six"),
    ("11/20/2026", "twentieth November twenty twenty-six"),
    ("20.11.2026", "twentieth November twenty twenty-six"),
    ("20-11-26", "twentieth November twenty twenty-six"),
    ("20 Nov 2026", "twentieth November twenty twenty-six"),
    ("November 3rd, 2026", "third November twenty twenty-six"),
    ("by 31st March", "by thirty-first March"),
    ("99/99/2026", "nine nine, nine nine, two zero two six"),
    ("2026-11-20T10:30:00", "twentieth November twenty twenty-six ten thirty"),
    ("since 1999, in 2026", "since nineteen ninety-nine, in twenty twenty-six"),
    ("FY 2025-26", "FY twenty twenty-five to twenty-six"),
    ("at 10:30", "at ten thirty"),
    ("6 pm", "six P M"),
    ("10.30 a.m. sharp", "ten thirty eigh M sharp"),
    ("18:05 and 9:00", "six oh five P M and nine o'clock"),
    ("I may call 5 may be", "I may call five may be"),
    # phones
    ("+91 98765 43210", "plus nine one, nine eight seven six five, four three two one zero"),
    ("+919876543210", "plus nine one, nine eight seven six five, four three two one zero"),
    ("9876543210", "nine eight seven six five, four three two one zero"),
    ("1800-123-4567", "one eight zero zero, one two three, four five six seven"),
    ("080 12345678", "zero eight zero, one two three four, five six seven eight"),
    # abbreviations, addresses, symbols
    ("GST, TSS and IRN", "G S T, T S S and I R N"),
    ("GSTR-3B", "G S T R three B"),
    ("the API and OTPs", "the eigh P I and O T P's"),
    ("press Alt+F1 or F12", "press Alt plus F one or F twelve"),
    ("form 16A, B2B", "form sixteen eigh, B two B"),
    ("e-invoice and/or GST & e-way", "e-invoice and or G S T and e-way"),
    ("tallysolutions.com.", "tallysolutions dot com."),
    ("https://www.tallysolutions.com/support?a=1", "www dot tallysolutions dot com slash support"),
    ("help_desk@tally-help.co.in!", "help underscore desk at tally dash help dot co dot in!"),
    ("PLEASE CALL", "PLEASE CALL"),
    # mark-up and odd characters
    ("**bold** <break time='1s'/> 😀 `x`\x00\x01\n", "bold x"),
    ("<a>", "a"),
    ("१२ and ５", "twelve and five"),
    ("😀 ...", ""),
    ("", ""),
]
HINDI = [
    ("टिकट T-1042", "टिकट टी एक शून्य चार दो"),
    ("टिकट 1042", "टिकट एक शून्य चार दो"),
    ("₹18,500.50", "अट्ठारह हज़ार पाँच सौ रुपये पचास पैसे"),
    ("500 रुपये", "पाँच सौ रुपये"),
    ("₹1", "एक रुपया"),
    ("₹2.5 लाख", "दो दशमलव पाँच लाख रुपये"),
    ("₹5 करोड़", "पाँच करोड़ रुपये"),
    ("18% GST", "अट्ठारह प्रतिशत जी एस टी"),
    ("20/11/2026 को", "बीस नवंबर दो हज़ार छब्बीस को"),
    ("20 नवंबर 2026", "बीस नवंबर दो हज़ार छब्बीस"),
    ("10:30 बजे", "दस बजकर तीस मिनट"),
    ("6 pm", "शाम छह बजे"),
    ("10 am", "सुबह दस बजे"),
    ("+91 98765 43210", "प्लस नौ एक, नौ आठ सात छह पाँच, चार तीन दो एक शून्य"),
    ("१२३४५", "एक दो तीन चार पाँच"),
    ("GSTR-3B", "जी एस टी आर तीन बी"),
    ("10वीं और 1st", "दसवीं और पहला"),
    ("5-10 दिन", "पाँच से दस दिन"),
    ("1,606", "एक हज़ार छह सौ छह"),
    ("tallysolutions.com", "tallysolutions डॉट com"),
]
TAMIL = [
    ("டிக்கெட் T-1042", "டிக்கெட் டி ஒன்று பூஜ்ஜியம் நான்கு இரண்டு"),
    ("டிக்கெட் 1042", "டிக்கெட் ஒன்று பூஜ்ஜியம் நான்கு இரண்டு"),
    ("₹18,500.50", "பதினெட்டாயிரத்து ஐநூறு ரூபாய் ஐம்பது பைசா"),
    ("500 ரூபாய்", "ஐநூறு ரூபாய்"),
    ("₹1", "ஒரு ரூபாய்"),
    ("₹5 கோடி", "ஐந்து கோடி ரூபாய்"),
    ("18%", "பதினெட்டு சதவீதம்"),
    ("20/11/2026 அன்று", "நவம்பர் இருபது இரண்டாயிரத்து இருபத்து ஆறு அன்று"),
    ("10:30 மணிக்கு", "பத்து முப்பது மணிக்கு"),
    ("6 pm", "மாலை ஆறு மணி"),
    ("+91 98765 43210", "பிளஸ் ஒன்பது ஒன்று, ஒன்பது எட்டு ஏழு ஆறு ஐந்து, நான்கு மூன்று இரண்டு ஒன்று பூஜ்ஜியம்"),
    ("1,20,000", "ஒரு லட்சத்து இருபதாயிரம்"),
    ("3-வது, 20ஆம், 1000வது", "மூன்றாவது, இருபதாம், ஆயிரமாவது"),
    ("500-க்கு", "ஐநூறுக்கு"),
    ("GST OTP", "ஜி எஸ் டி ஓ டி பி"),
    ("tallysolutions.com", "tallysolutions டாட் com"),
]
CASES = [(language, *case) for language, cases in (("en", ENGLISH), ("hi", HINDI), ("ta", TAMIL)) for case in cases]
WRITTEN = st.text() | st.from_regex(r"[\w+₹%./:,@#&<> -]{0,30}", fullmatch=True) | st.from_regex(r"[0-9A-Z./:,+ -]{0,20}", fullmatch=True)


@pytest.mark.parametrize(("language", "written", "spoken"), CASES)
def test_it_says_what_was_written(language: str, written: str, spoken: str) -> None:
    assert speakable(written, language) == spoken


@given(WRITTEN, st.sampled_from(["en", "hi", "ta", "te"]))
def test_nothing_that_can_be_said_is_lost(written: str, language: str) -> None:
    spoken = speakable(written, language)
    assert spoken or not any(character.isalpha() or character.isdecimal() for character in written)
    assert spoken == spoken.strip()
    assert spoken.isprintable() or not written.isprintable() or "\u200c" in spoken or "\u200d" in spoken


@given(WRITTEN, st.sampled_from(["en", "hi", "ta"]))
def test_no_digits_are_left_to_the_voice(written: str, language: str) -> None:
    assert not re.search(r"\d", speakable(written, language))


@given(st.integers(0, 10**18), st.sampled_from(["en", "hi", "ta"]))
def test_every_amount_is_said_in_words(rupees: int, language: str) -> None:
    spoken = speakable(f"₹{rupees}", language)
    assert spoken.endswith(("rupee", "rupees", "रुपया", "रुपये", "ரூபாய்"))
    assert not re.search(r"\d", spoken)


@pytest.mark.parametrize("language", ["en", "hi", "ta"])
def test_different_amounts_sound_different(language: str) -> None:
    amounts = [*range(1200), *range(1200, 10**8, 98_765)]
    assert len({speakable(f"₹{rupees}", language) for rupees in amounts}) == len(amounts)


def test_a_language_without_wording_keeps_its_digits() -> None:
    assert speakable("<b>5</b> రూపాయలు 😀", "te") == "5 రూపాయలు"


@pytest.mark.parametrize(
    "text", ["1" * 5000, "a." * 2500, "1-" * 2500, "1 " * 2500, "<a" * 2500, "A1" * 2500, "1,000" * 1000, "@a." * 1600]
)
@pytest.mark.timeout(30)
def test_a_long_text_takes_no_longer_than_it_should(text: str) -> None:
    assert speakable(text, "en")
