"""Which language a caller speaks: alone, in a call, and when one is asked for."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from calls.call import Transcript, Turn
from calls.settings import Settings, load
from nlu.following import Following, detect, requested

OURS = ("en", "hi", "ta")


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load(Path(__file__).parents[1] / "jambonz-app.json")


@pytest.fixture(scope="module")
def following(settings: Settings) -> Following:
    return Following(settings)


def rows(table: str) -> list[tuple[str, ...]]:
    return [tuple(cell.strip() for cell in line.split("|")) for line in table.strip().splitlines()]


REQUESTS = """
hi | Hindi mein boliye
hi | hindi me baat karo
hi | sir hindi mein bataiye na
hi | हिंदी में बात कीजिए
hi | क्या आप हिंदी में बात कर सकते हैं
hi | Hindi
hi | can we continue in hindi
hi | i want to talk in hindi about my licence
hi | change the language to hindi
hi | why not hindi
hi | mujhe sirf hindi aati hai
hi | mujhe english nahi aati
hi | मुझे अंग्रेजी नहीं आती
hi | no english please, hindi
hi | english nahi aati hindi mein boliye
hi | ஹிந்தியில் பேசுங்க
en | English please
en | talk in english
en | अंग्रेजी में बोलिए
en | इंग्लिश प्लीज़
en | ஆங்கிலத்தில் பேசுங்கள்
en | please speak in english, i do not follow hindi
en | I can't understand, please speak in English
en | i don't understand hindi
en | i am not able to understand hindi
en | speak english not hindi
en | hindi nahi english mein boliye
en | hindi mat boliye
en | hindi nahi samajh aata
ta | can you speak tamil
ta | do you know Tamil?
ta | I know only Tamil
ta | तमिल में
ta | तमिल में बात करें
ta | தமிழில் பேசுங்கள்
ta | தமிழ்ல சொல்லுங்க
ta | தமிழ் தெரியுமா
ta | tamil la pesunga
ta | எனக்கு ஆங்கிலம் தெரியாது
ta | எனக்கு ஹிந்தி தெரியாது
ta | இந்தி வேண்டாம் தமிழ்ல பேசுங்க
ta | don't speak hindi, speak tamil
"""


@pytest.mark.parametrize(("wanted", "text"), rows(REQUESTS))
def test_a_request_is_obeyed_whatever_it_is_said_in(following: Following, wanted: str, text: str) -> None:
    assert requested(text, OURS) == wanted
    for heard_as in OURS:
        for so_far in OURS:
            assert following(Transcript(text, heard_as, 0.3, 0.99), [Turn(1, heard="okay")], so_far) == wanted


NO_REQUESTS = """
my licence has expired
training hindi mein milegi kya
do you have training in tamil
invoice hindi mein print karna hai
english mein likha hua error aa raha hai
my tally shows everything in english
change the language of tally to hindi
i want to learn english
woh sirf english bolta tha
i am calling from tamil nadu
can i talk to someone in tamil nadu
நான் தமிழ்நாட்டிலிருந்து பேசுகிறேன்
can you speak kannada
telugu please
"""


@pytest.mark.parametrize("text", NO_REQUESTS.strip().splitlines())
def test_a_language_is_spoken_of_and_not_asked_for(text: str) -> None:
    assert requested(text, OURS) == ""


def test_only_a_language_of_the_settings_is_obeyed() -> None:
    assert requested("tamil la pesunga", ("en", "hi")) == ""
    assert requested("can you speak kannada", ("en", "kn")) == "kn"
    assert requested("hindi nahi samajh aata", ("hi",)) == ""


TEXTS = """
en | my licence has expired
en | what is the due date for gst
en | i want to talk to someone
en | माय लाइसेंस हैज़ एक्सपायर्ड
en | हाउ कैन आई रीसेट माय पासवर्ड
en | மை லைசென்ஸ் ஹேஸ் எக்ஸ்பயர்ட்
en | வாட் இஸ் தி பிரைஸ்
hi | मेरा लाइसेंस खत्म हो गया
hi | mera licence khatam ho gaya hai
hi | gst ki last date kya hai
hi | password bhool gaya
hi | computer se data gayab ho gaya
hi | முஜே லைசென்ஸ் சாஹியே
ta | என் லைசென்ஸ் முடிஞ்சிடுச்சு
ta | டேலி திறக்கவில்லை
ta | போர்ட்டல்ல லாகின் பண்ண முடியல
ta | enakku password marandhu pochu
ta | tally open aaga maatengudhu
ta | मुडियला एनक्कु वेनुम
"""


@pytest.mark.parametrize(("language", "text"), rows(TEXTS))
def test_a_text_alone_tells_its_language(language: str, text: str) -> None:
    detected, sure = detect(text)
    assert detected == language
    assert sure > 0.5


def test_a_text_that_tells_little_says_so() -> None:
    assert detect("लाइसेंस") == ("hi", 0.5)
    assert detect("license")[1] < 0.5
    assert detect("9 8 7") == ("", 0.0)
    assert detect("") == ("", 0.0)


STAYS = """
en | hi | ok
en | hi | licence
en | hi | लाइसेंस
en | hi | पासवर्ड रीसेट
en | hi | हाँ
en | hi | जी हाँ ठीक है
en | hi | haan ji bilkul
en | hi | नहीं
en | hi | 9 8 7 6
en | hi | नौ आठ सात छह
en | hi | nau aath saat do
en | hi | राजेश कुमार
en | hi | शुक्रिया
en | hi | i want gst kya
en | ta | சரி
en | ta | ஆமா சரி
en | ta | லைசென்ஸ்
en | ta | ஒன்பது எட்டு ஏழு ஆறு
en | ta | பாஸ்வேர்ட் ரீசெட்
en | ta | இல்லை
hi | en | ok
hi | en | yes please
hi | en | password reset
hi | en | licence
hi | en | thank you
hi | en | no no
hi | en | nine eight seven six
hi | en | double nine seven to five
hi | en | GST
hi | en | TallyPrime
hi | en | my licence
hi | en | otp
hi | en | Rajesh Kumar Sharma
hi | en | mera password reset karna hai please help me
hi | ta | லைசென்ஸ்
hi | en | e invoice portal
ta | en | ok thank you
ta | en | serial number
ta | en | 7 1 2 4
ta | en | license renewal panna venum
ta | hi | जीएसटी
"""


@pytest.mark.parametrize(("so_far", "heard_as", "text"), rows(STAYS))
def test_it_does_not_bounce(following: Following, so_far: str, heard_as: str, text: str) -> None:
    """Neither in the middle of a call nor at its beginning, however sure the recogniser is."""
    for turns in ([Turn(0, said=["Hello"])], [Turn(0), Turn(1, heard="okay")]):
        assert following(Transcript(text, heard_as, 0.9, 0.95), turns, so_far) == so_far


FOLLOWS = """
hi | en | hi | मेरा लाइसेंस खत्म हो गया है
hi | en | hi | टैली नहीं खुल रहा है
hi | en | en | mera licence khatam ho gaya hai
hi | en | en | tally nahi khul raha hai
hi | en | en | gst return kaise bhare
ta | en | ta | டேலி திறக்கவில்லை
ta | en | ta | என் லைசென்ஸ் முடிஞ்சிடுச்சு
ta | en | en | enakku password marandhu pochu
ta | en | ta | போர்ட்டல்ல எர்ரர் வருது
en | hi | en | my licence has expired
en | hi | hi | माय लाइसेंस हैज़ एक्सपायर्ड
en | hi | en | how do i file my gst return
ta | hi | ta | எனக்கு பயிற்சி வேண்டும்
en | ta | en | i forgot my password
hi | ta | hi | पासवर्ड भूल गया हूँ
en | ta | ta | ஐ வாண்ட் டு ரினியூ மை லைசென்ஸ்
"""


@pytest.mark.parametrize(("meant", "so_far", "heard_as", "text"), rows(FOLLOWS))
def test_it_follows_a_sentence(following: Following, meant: str, so_far: str, heard_as: str, text: str) -> None:
    assert following(Transcript(text, heard_as, 0.9, 0.8), [Turn(0), Turn(1, heard="okay")], so_far) == meant


# what the recogniser heard (its language, its text) and the language that the answer is in
DIALOGUES = {
    "Hindi with borrowed words": """
        hi | मेरा लाइसेंस एक्सपायर हो गया | hi
        en | ok | hi
        en | TallyPrime Gold | hi
        en | 7 1 2 0 4 | hi
        hi | हाँ सही है | hi
        en | password reset | hi
        hi | और मेरा डेटा भी नहीं खुल रहा | hi
        en | thank you | hi
    """,
    "English, then Hindi, and back": """
        en | hello i have a problem with my licence | en
        hi | जी | en
        hi | मुझे समझ नहीं आ रहा कि रिन्यू कैसे करना है | hi
        en | nine eight seven | hi
        en | no i think i should pay by card | en
        en | yes | en
    """,
    "asks for Tamil in English": """
        en | my data is gone | en
        en | can you speak tamil | ta
        en | ok | ta
        ta | டேட்டா காணவில்லை | ta
        en | backup | ta
        en | i don't understand tamil sorry | en
    """,
    "Hinglish as Latin letters": """
        en | mujhe training chahiye | hi
        en | demo | hi
        en | kitna lagega | hi
        en | english please | en
        en | what is the price of it | en
    """,
    "two short sentences": """
        en | i have a question about the invoice | en
        hi | कैसे बनाएं | en
        hi | कहाँ मिलेगा | hi
    """,
    "Tamil with endings only": """
        ta | லைசென்ஸ் ரினியூ பண்ணணும் | ta
        en | tss | ta
        ta | ஆமா | ta
        hi | ठीक | ta
        ta | டெமோ வேணும் | ta
    """,
}


@pytest.mark.parametrize("dialogue", DIALOGUES.values(), ids=DIALOGUES)
def test_a_whole_call(following: Following, dialogue: str) -> None:
    turns, language = [Turn(0, said=["Hello, how can I help?"])], "en"
    for number, (heard_as, text, meant) in enumerate(rows(dialogue), start=1):
        language = following(Transcript(text, heard_as, 0.9, 0.85), turns, language)
        assert language == meant, text
        turns.append(Turn(number, heard=text, language=language))


def test_what_was_not_heard_changes_nothing(following: Following) -> None:
    assert following(Transcript("", "hi", 0.0, 0.99, "silence"), [], "ta") == "ta"
    assert following(Transcript("मुझे लाइसेंस चाहिए", "hi", 0.2, 0.99, "low_confidence"), [], "ta") == "ta"


def test_a_language_that_is_not_configured_is_not_followed(settings: Settings) -> None:
    english = Following(settings.model_copy(update={"languages": ["en", "ta"]}))
    assert english(Transcript("मेरा लाइसेंस खत्म हो गया है", "hi", 0.9, 0.99), [], "en") == "en"


def test_a_shaky_text_must_say_more(following: Following) -> None:
    turns = [Turn(0), Turn(1, heard="okay")]
    text = "invoice banana mushkil problem"
    assert following(Transcript(text, "hi", 0.9, 0.9), turns, "en") == "hi"
    assert following(Transcript("लाइसेंस वाला नंबर", "hi", 0.2, 0.9), turns, "en") == "en"
    assert following(Transcript("लाइसेंस वाला नंबर", "hi", 0.9, 0.9), turns, "en") == "hi"


def test_a_first_sentence_of_borrowed_words_is_in_the_language_that_the_recogniser_is_sure_of(following: Following) -> None:
    text, first, later = "लाइसेंस रिन्यूअल ट्रेनिंग", [Turn(0)], [Turn(0), Turn(1, heard="okay")]
    assert following(Transcript(text, "hi", 0.9, 0.95), first, "en") == "hi"
    assert following(Transcript(text, "hi", 0.9, 0.6), first, "en") == "en"
    assert following(Transcript(text, "hi", 0.9, 0.95), later, "en") == "en"


def test_it_takes_no_time(following: Following) -> None:
    """Words never seen before: the best of five, since other work shares the machine."""
    sentence, times = "mera licence khatam ho gaya hai kya karun tally mein kuch nahi dikh raha hai", []
    for ending in "xyzuv":
        text = sentence.replace(" ", ending + " ") + ending
        began = time.perf_counter()
        following(Transcript(text, "en", 0.9, 0.9), [Turn(0)], "en")
        times.append(time.perf_counter() - began)
    assert min(times) < 0.01
