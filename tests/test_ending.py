"""Whether a caller who is silent has said all: by language, by question, by what a number still lacks."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from calls.call import Completeness, Intent, Question, Transcript, Turn
from calls.settings import Settings
from nlu.ending import Ending

COMPLETE, OPEN, UNFINISHED = Completeness.COMPLETE, Completeness.OPEN, Completeness.UNFINISHED
SHIPPED = Path(__file__).parents[1] / "jambonz-app.json"
SERIAL, GSTIN = "712345689", "27AAPFU0939F1ZV"


@pytest.fixture(scope="module")
def ending() -> Ending:
    """As shipped, with slots of every other kind beside it."""
    tree = json.loads(SHIPPED.read_text(encoding="utf-8"))
    words = {"en": "value"}
    more = {"phone": {}, "date": {}, "amount": {}, "order_id": {"min_length": 6, "max_length": 12}}
    tree["intents"]["training"]["slots"] = {kind: {"kind": kind, "label": words, "ask": words, **sizes} for kind, sizes in more.items()}
    return Ending(Settings.model_validate(tree), now=lambda: datetime(2026, 11, 21, 9, 0, tzinfo=UTC))


def asked(question: Question, slot: str = "") -> list[Turn]:
    return [Turn(0, said=["..."], asked=question, asked_slot=slot)]


def read_back(slot: str, value: str) -> list[Turn]:
    told = Turn(
        1, heard=value, intent=Intent("details", slots={slot: value}), said=["right?"], asked=Question.CONFIRM_SLOT, asked_slot=slot
    )
    return [*asked(Question.SLOT, slot), told]


def told(ending: Ending, text: str, turns: list[Turn], language: str = "en", confidence: float = 1.0) -> Completeness:
    return ending(Transcript(text, language, confidence), turns, language)


# -- how words end, after an open question --------------------------------------------------------
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "we bought tally last year but"),
        ("en", "there is something wrong with the"),
        ("en", "my accountant says that my"),
        ("en", "i have to file the return and um"),
        ("en", "it stops because"),
        ("en", "i would like"),
        ("en", "our silver licence"),
        ("en", "could you send the invoice to"),
        ("en", "I was trying to install it..."),
        ("en", "so"),
        ("hi", "मेरा कंप्यूटर बदल गया और"),
        ("hi", "पोर्टल पर लॉगिन होता है मगर"),
        ("hi", "मतलब"),
        ("hi", "अपने ऑफिस के लिए एक"),
        ("hi", "मैंने कल"),
        ("hi", "बैकअप लेने के बाद"),
        ("hi", "mera computer badal gaya aur"),
        ("hi", "portal khulta hai lekin"),
        ("hi", "hamare office ka"),
        ("hi", "invoice banate samay matlab"),
        ("hi", "mujhe do din se"),
        ("ta", "கம்ப்யூட்டர் மாத்தினேன் ஆனா"),
        ("ta", "எங்க ஆபீஸ்ல ஒரு"),
        ("ta", "எனக்கு"),
        ("ta", "என்னோட லைசென்ஸ்"),
        ("ta", "பில் வரல ஏன்னா"),
        ("ta", "நேத்து அப்டேட் பண்ணோம் அப்புறம்"),
    ],
)
def test_more_must_come(ending: Ending, language: str, text: str) -> None:
    assert told(ending, text, asked(Question.OPEN), language) is UNFINISHED


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "i want to talk to somebody from your team please"),
        ("en", "we have forgotten the administrator password"),
        ("en", "how can i renew our tally licence"),
        ("hi", "टैली का लाइसेंस रिन्यू करवाना है"),
        ("hi", "हम पासवर्ड भूल गए हैं"),
        ("hi", "किसी आदमी से बात करवाइए"),
        ("hi", "licence renew karwana hai"),
        ("hi", "hum password bhool gaye hain"),
        ("ta", "டேலி லைசென்ஸ் ரினியூ பண்ணணும்"),
        ("ta", "பாஸ்வேர்ட் மறந்துட்டேன்"),
        ("ta", "யாராவது ஆளோட பேசணும்"),
        ("en", "thank you very much"),
        ("hi", "धन्यवाद"),
        ("ta", "நன்றி"),
    ],
)
def test_a_whole_wish_and_a_goodbye_are_complete(ending: Ending, language: str, text: str) -> None:
    assert told(ending, text, asked(Question.OPEN), language) is COMPLETE


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "good morning"),  # an introduction goes on
        ("en", "the weather was terrible in the hills yesterday"),  # a whole sentence that says nothing to a helpdesk
        ("en", "gst return"),
        ("en", "i want to renew"),
        ("hi", "नमस्ते"),
        ("hi", "कंपनी ओपन नहीं हो"),  # "हो रही" may be meant
        ("ta", "வணக்கம்"),
        ("ta", "ஜிஎஸ்டி"),
        ("en", ""),
    ],
)
def test_the_words_may_not_tell(ending: Ending, language: str, text: str) -> None:
    assert told(ending, text, asked(Question.OPEN), language) is OPEN


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "what are you calling about"),  # a question's preposition may stand last
        ("hi", "training chahiye hamare staff ko"),  # said behind the verb
        ("hi", "sab log aaye the"),  # Hindi's "the" is a verb
        ("en", "i think so"),
    ],
)
def test_a_small_word_may_end_a_sentence(ending: Ending, language: str, text: str) -> None:
    assert told(ending, text, asked(Question.OPEN), language) is not UNFINISHED


# -- after a question that yes or no answers --------------------------------------------------------
@pytest.mark.parametrize("question", [Question.OFFER_HUMAN, Question.OFFER_CALLBACK, Question.ABOUT_TICKET, Question.SOLVED])
@pytest.mark.parametrize(
    ("language", "text"), [("en", "yes"), ("en", "no"), ("hi", "जी हाँ"), ("hi", "nahi"), ("ta", "ஆமாம்"), ("ta", "வேண்டாம்")]
)
def test_yes_and_no_are_complete(ending: Ending, question: Question, language: str, text: str) -> None:
    assert told(ending, text, asked(question), language) is COMPLETE


def test_yes_says_little_where_nothing_was_asked(ending: Ending) -> None:
    assert told(ending, "yes", asked(Question.OPEN)) is OPEN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no", COMPLETE),
        ("no that is all", COMPLETE),
        ("yes", UNFINISHED),  # now comes what
        ("no wait my", UNFINISHED),
    ],
)
def test_anything_else(ending: Ending, text: str, expected: Completeness) -> None:
    assert told(ending, text, asked(Question.ANYTHING_ELSE)) is expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "yes but", UNFINISHED),
        ("en", "yes it is", COMPLETE),
        ("en", "no it still shows the old date", COMPLETE),
        ("hi", "नहीं अभी तक नहीं आया है", COMPLETE),
        ("hi", "haan lekin", UNFINISHED),
        ("ta", "இல்லை எனக்கு", UNFINISHED),
        ("ta", "சரி சீக்கிரம் கூப்பிடுங்க", COMPLETE),
    ],
)
def test_an_answer_with_more_behind_it(ending: Ending, language: str, text: str, expected: Completeness) -> None:
    assert told(ending, text, asked(Question.SOLVED), language) is expected


# -- while a number is being read out ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("slot", "language", "text", "expected"),
    [
        ("serial", "en", "712345689", COMPLETE),
        ("serial", "en", "seven one two three four five six eight nine", COMPLETE),
        ("serial", "en", "my serial number is seven one two", UNFINISHED),
        ("serial", "en", "71234568", UNFINISHED),
        ("serial", "hi", "सात एक दो तीन चार पाँच छह आठ नौ", COMPLETE),
        ("serial", "hi", "सात एक दो तीन चार", UNFINISHED),
        ("serial", "ta", "ஏழு ஒண்ணு ரெண்டு மூணு நாலு அஞ்சு ஆறு எட்டு ஒம்பது", COMPLETE),
        ("serial", "ta", "ஏழு ஒண்ணு ரெண்டு", UNFINISHED),
        ("serial", "en", "the number is", UNFINISHED),
        ("serial", "en", "yes", OPEN),
        ("serial", "en", "one moment please", OPEN),
        ("serial", "en", "i do not know it", COMPLETE),
        ("serial", "hi", "मुझे पता नहीं", COMPLETE),
        ("serial", "ta", "ஞாபகம் இல்லை", COMPLETE),
        ("gstin", "en", "2 7 a a p f u 0 9 3 9 f 1 z v", COMPLETE),
        ("gstin", "en", "2 7 a a p f u 0 9 3 9 f 1 z w", OPEN),  # the check digit is another: perhaps more is coming
        ("gstin", "en", "2 7 a a p f u", UNFINISHED),
        ("phone", "en", "98765 43210", COMPLETE),
        ("phone", "en", "98765", UNFINISHED),
        ("phone", "en", "91 98765 432", OPEN),  # ten digits, or the country and eight of ten
        ("phone", "en", "91 98765 43210", COMPLETE),
        ("order_id", "en", "od1234", OPEN),  # may be longer
        ("date", "en", "on the 15th of march", COMPLETE),
        ("amount", "en", "1250 rupees", COMPLETE),
        ("amount", "en", "12000", OPEN),  # "... and five hundred"
    ],
)
def test_a_number_is_complete_when_it_is_whole(ending: Ending, slot: str, language: str, text: str, expected: Completeness) -> None:
    assert told(ending, text, asked(Question.SLOT, slot), language) is expected


def test_another_wish_is_no_number(ending: Ending) -> None:
    assert told(ending, "please connect me to an agent", asked(Question.SLOT, "serial")) is COMPLETE


def test_a_piece_that_was_understood_before_counts(ending: Ending) -> None:
    piece = Turn(
        1, heard="712345", intent=Intent("details", slots={"serial": "712345"}), said=["go on"], asked=Question.SLOT, asked_slot="serial"
    )
    turns = [*asked(Question.SLOT, "serial"), piece]
    assert told(ending, "689", turns) is COMPLETE
    assert told(ending, "68", turns) is UNFINISHED


def test_words_that_were_cut_off_belong_to_those_that_follow(ending: Ending) -> None:
    """The caller went on before anything of our answer was heard."""
    assert told(ending, "689", [*asked(Question.SLOT, "serial"), Turn(1, heard="712345")]) is COMPLETE
    assert told(ending, "my licence", asked(Question.OPEN)) is UNFINISHED
    assert told(ending, "my licence", [*asked(Question.OPEN), Turn(1, heard="i want to renew")]) is COMPLETE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yes that is right", COMPLETE),
        ("no", OPEN),  # the right one may follow
        ("no the last digit is seven", COMPLETE),
        ("no it is", UNFINISHED),
    ],
)
def test_a_value_that_is_read_back(ending: Ending, text: str, expected: Completeness) -> None:
    assert told(ending, text, read_back("serial", SERIAL)) is expected


# -- what is not certain --------------------------------------------------------------------------
def test_words_that_the_recogniser_doubts_end_nothing(ending: Ending) -> None:
    wish, hanging = "how can i renew our tally licence", "there is something wrong with the"
    assert [told(ending, wish, asked(Question.OPEN), confidence=sure) for sure in (0.9, 0.3)] == [COMPLETE, OPEN]
    assert [told(ending, hanging, asked(Question.OPEN), confidence=sure) for sure in (0.4, 0.2)] == [UNFINISHED, OPEN]


def test_digits_are_held_against_their_number_and_not_against_the_recognisers_doubts(ending: Ending) -> None:
    assert told(ending, "27AAPFU0939F1ZV", asked(Question.SLOT, "gstin"), confidence=0.3) is COMPLETE


def test_it_costs_little(ending: Ending) -> None:
    """Processor time of this thread: other work on the machine does not count."""
    texts = ["how can i renew our tally licence", "मेरा कंप्यूटर बदल गया और", "டேலி லைசென்ஸ் ரினியூ பண்ணணும்", "yes"] * 25
    began = time.thread_time()
    for text in texts:
        told(ending, text, asked(Question.OPEN))
    assert (time.thread_time() - began) / len(texts) < 0.01, "it is a fraction of a millisecond; ten would be another order"
