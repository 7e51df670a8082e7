"""The lexicon: one concept behind many words, in five ways to write; what it makes of misheard words; its files."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from nlu import language
from nlu.lexicon import Form, Lexicon, languages, read
from nlu.near import Nearest
from nlu.sounds import skeleton, sound

FILES = sorted((Path(__file__).parents[1] / "nlu" / "lexicon").glob("*.tsv"))


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.load()


def found(lexicon: Lexicon, text: str) -> set[str]:
    return set().union(*lexicon.concepts(language.words(text)))


# not the wording of any phrase of jambonz-app.json
SENTENCES = """
LICENCE EXPIRE | our licence lapsed on sunday
LICENCE EXPIRE | the lie sense is expyred
LICENCE EXPIRE | laisens khatam ho gya
LICENCE EXPIRE | लाइसेंज की वैधता पूरी हो गई, एक्सपायर्ड
LICENCE EXPIRE | லைசன்ஸ் முடிஞ்சிடுச்சு
LICENCE EXPIRE | லைசென்ஸ் நாளைக்கு முடியப்போகுது
SUBSCRIPTION RENEW | t s s renewel
SUBSCRIPTION RENEW | सब्स्क्रिप्शन रिन्यू करवाना है
SUBSCRIPTION RENEW | சந்தாவைப் புதுப்பிக்கணும்
PRICE BUY | kitne ka padega naya kharidna hai
PRICE | இது எவ்வளவு ஆகும்
GST | jeem essay tee ka sawaal
GST TAX_RETURN | ஜிஎஸ்டி ரிட்டர்ன்
GSTR | g s t r three b
E_INVOICE | the e in voice does not come
E_INVOICE GENERATE | ई-इनवॉइस जनरेट नहीं हो रहा
E_WAY_BILL CANCEL | இ வே பில் கேன்சல் பண்ணணும்
TALLY | tele prime
PASSWORD FORGET | pass word bhul gaya
PASSWORD FORGET | पासवर्ड याद नहीं आ रहा
PASSWORD FORGET | பாஸ்வேர்டை மறந்துட்டேன்
PASSWORD FORGET | கடவுச்சொல் ஞாபகம் இல்லை
OTP NOT | ओटीपी नहीं मिला
OTP NOT | ஓடிபி வரலை
DATA LOSE | सारा डाटा उड़ गया
DATA LOSE | டேட்டா எல்லாம் காணோம்
DATA CORRUPT | data karapt ho gaya
BACKUP RESTORE | பேக்கப்பை ரீஸ்டோர் பண்ணுங்க
SLOW | bahut dheema chal raha hai
HANG | சிஸ்டம் ஹேங் ஆகுது
NOT_WORK OPEN | டேலி திறக்கல
INSTALL | instalation faild
PRINTER NOT_WORK | प्रिंटर नहीं चल रहा
TEACH STAFF | please train our accountant
TEACH STAFF | ஊழியர்களுக்குப் பயிற்சி
LEARN | टैली सीखनी है
PERSON TALK | kisi insan se baat karwaiye
PERSON TALK | யாராவது மனுஷன்கிட்ட பேசணும்
MACHINE NOT | மெஷினோட பேச மாட்டேன்
MANAGER CONNECT | मैनेजर से कनेक्ट करो
CALL_BACK | please ring me back
ORDER TRACK | mera order kahan pahuncha
PARCEL DELAY | பார்சல் இன்னும் வரல
REFUND | पैसे वापस चाहिए
RETURN_GOODS | i want to send it back
DOCTOR APPOINTMENT | டாக்டர் அப்பாயின்ட்மெண்ட் வேணும்
APPOINTMENT RESCHEDULE | can we postpone the appointment
MEDICAL_REPORT | khoon ki jaanch aayi kya
URGENT | ரொம்ப அவசரம்
COMPLAIN | mujhe shikayat karni hai
NOT WANT | நான் அதை விரும்பவில்லை
"""


@pytest.mark.parametrize(("concepts", "text"), [line.split(" | ") for line in SENTENCES.strip().splitlines()])
def test_it_finds_what_is_spoken_of(lexicon: Lexicon, concepts: str, text: str) -> None:
    assert set(concepts.split()) <= found(lexicon, text)


OTHERWISE = """
DRIVING | driving licence banwana hai | EXPIRE
HUMAN_RESOURCES | i have a question for human resources | PERSON
TRAIN_TICKET | train ticket book karna hai | TEACH
TRAIN_TICKET | ट्रेन कब आएगी | TEACH
OTHER_AGENT | i am a travel agent | PERSON
OTHER_ORDER | put them in alphabetical order | ORDER
CRICKET | match ka score kya hai | LICENCE
WEATHER | will it rain in chennai | TEACH
GYM | is the gym open on sunday | LICENCE
MOBILE_RECHARGE | जियो का रिचार्ज करना है | LICENCE
ELECTRICITY | கரண்ட் பில் கட்டணும் | E_INVOICE
LOAN | home loan chahiye | LICENCE
"""


@pytest.mark.parametrize(("concept", "text", "never"), [line.split(" | ") for line in OTHERWISE.strip().splitlines()])
def test_it_sees_that_something_else_is_meant(lexicon: Lexicon, concept: str, text: str, never: str) -> None:
    concepts = found(lexicon, text)
    assert concept in concepts
    assert never not in concepts


@pytest.mark.parametrize("text", ["", "xqzw", "the weather", "hmm", "person's silence", "निशा", "9876543210"])
def test_words_that_it_does_not_know_mean_nothing_of_a_helpdesk(lexicon: Lexicon, text: str) -> None:
    assert not found(lexicon, text) & {"LICENCE", "EXPIRE", "DATA", "INVOICE", "PASSWORD", "GST", "TEACH"}


def test_every_word_has_its_own_set(lexicon: Lexicon) -> None:
    words = language.words("i forgot my pass word")
    concepts = lexicon.concepts(words)
    assert len(concepts) == len(words)
    assert "FORGET" in concepts[1]
    assert "PASSWORD" in concepts[3]
    assert "PASSWORD" not in concepts[1]


def test_a_form_of_several_words_covers_them_all() -> None:
    lexicon = Lexicon(read("EXPIRE\ten\tran out of time|time*\n"))
    assert lexicon.concepts(["ran", "out", "of", "time"]) == [{"EXPIRE"}] * 4
    assert lexicon.concepts(["ran", "out", "today"]) == [frozenset()] * 3


def test_stars_stand_for_beginnings_and_ends() -> None:
    lexicon = Lexicon(read("RENEW\ten\trenew*\nNOT\tta\t*வில்லை\nSEND\ten\tsend* back*\n"))
    assert lexicon.concepts(["renewals", "திறக்கவில்லை", "newt"]) == [{"RENEW"}, {"NOT"}, frozenset()]
    assert lexicon.concepts(["sending", "backwards"]) == [{"SEND"}] * 2


def test_a_form_that_stands_alone_hides_the_others() -> None:
    lexicon = Lexicon(read("TEACH\ten\ttrain*\nTICKET\ten\tticket\nJOURNEY\ten\t=train ticket\n"))
    assert lexicon.concepts(["train", "ticket"]) == [{"JOURNEY"}] * 2
    assert lexicon.concepts(["train", "staff"]) == [{"TEACH"}, frozenset()]


def test_words_that_only_look_like_others_mean_nothing() -> None:
    lexicon = Lexicon(read("LICENCE\ten\tlicence\n-\ten\tlicense plate|silence\n"))
    assert lexicon.concepts(["lisence", "silence"]) == [{"LICENCE"}, frozenset()]


def test_forms_are_spelled_as_callers_words_are() -> None:
    (form,) = read("LICENCE\ten\tLicenses*\n")
    assert form == Form("LICENCE", "en", ("licences*",))
    joined = [form.patterns for form in read("PASSWORD\ten\tpass word*|g s t|can't open*\n")]
    assert joined == [("password*",), ("gst",), ("can", "not", "open*")]


@pytest.mark.parametrize("line", ["LICENCE en licence", "LICENCE\ten", "LICENCE\ten\tlicence\tmore"])
def test_a_broken_line_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="line 3: expected CONCEPT<TAB>language<TAB>form"):
        list(read(f"# a comment\n\n{line}\n"))


def test_a_form_without_a_word_is_named() -> None:
    with pytest.raises(ValueError, match=r"LICENCE \(en\): '\?!' holds no word"):
        list(read("LICENCE\ten\tlicence|?!\n"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_shipped_files_are_well_formed(path: Path) -> None:
    for form in read(path.read_text(encoding="utf-8")):
        assert form.concept == "-" or form.concept.replace("_", "").isalnum()
        assert form.concept == form.concept.upper()
        assert form.language in {"en", "hi", "hi-Latn", "ta", "ta-Latn"}
        assert all(len(pattern.strip("*")) >= 1 for pattern in form.patterns), form
        assert all(len(pattern) > 2 for pattern in form.patterns if "*" in pattern), form
        if form.language in {"en", "hi-Latn", "ta-Latn"}:
            assert all(pattern.isascii() for pattern in form.patterns), form


def test_every_concept_of_work_is_known_in_three_languages(lexicon: Lexicon) -> None:
    assert len({form.concept for form in lexicon.forms}) >= 400
    assert all(count > 800 for count in languages(lexicon.forms).values())
    spoken = {
        concept: {form.language for form in lexicon.forms if form.concept == concept}
        for concept in {form.concept for form in lexicon.forms}
    }
    lacking = [concept for concept, known in spoken.items() if not {"en", "hi", "ta"} <= known]
    assert lacking == [], "say these in English, Hindi and Tamil too"


def test_sounds_meet_across_scripts() -> None:
    assert len({skeleton(word) for word in ("password", "पासवर्ड", "பாஸ்வேர்ட்")}) == 1
    assert len({skeleton(word) for word in ("licence", "laisens", "लाइसेंस", "லைசென்ஸ்")}) == 1
    assert sound("kharaab") == sound("kharab")
    assert sound("चाबी") == "chabi"
    assert skeleton("invoice").startswith("a")
    assert sound("3b") == "3b"


def test_the_nearest_is_near() -> None:
    nearest = Nearest({"licence", "activat*", "invoice"})
    assert nearest("lisence") == "licence"
    assert nearest("actvation") == "activat"
    assert nearest("लाइसेंस") == "licence"
    assert nearest("லைசென்சுக்கு") == ""  # "licence" has no star: it does not go on
    assert nearest("silence") == ""
    assert nearest("liver") == ""
    assert nearest("9876543") == ""


def test_it_takes_no_time(lexicon: Lexicon) -> None:
    """Twenty words that it has never seen, the best of five; and the same words again."""
    new, again = [], []
    for ending in ("xa", "xe", "xi", "xo", "xu"):
        words = [
            word + ending for word in ("licen", "passwo", "instal", "corrup", "invoi", "subscri", "लाइसें", "பாஸ்வே", "kharab", "gayab") * 2
        ]
        for times in (new, again):
            began = time.perf_counter()
            lexicon.concepts(words)
            times.append(time.perf_counter() - began)
    assert min(new) < 0.003
    assert min(again) < 0.0007
