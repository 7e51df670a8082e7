"""Why a caller needs care: what is said plainly is found in four languages, and what only looks like it is not."""

from __future__ import annotations

import time

import pytest

from calls.call import Intent, Question, Turn
from calls.settings import load
from calls.urgency import Signal, in_words
from nlu.signals import signals

SAID = {
    Signal.ANGER: """
        your service is pathetic
        i am very angry with this company
        you people are cheating me
        i am fed up of calling you
        i will take you to court
        next step is legal notice from my lawyer
        what kind of service is this
        stop wasting my time
        you stupid machine
        i have lost my patience
        kitni ghatiya service hai
        aap logon ne dhoka diya hai
        dimag kharab kar diya hai tumne
        main consumer court jaunga
        mujhe bahut gussa aa raha hai
        ye software bilkul bakwas hai
        आपकी सर्विस बहुत घटिया है
        आप लोग मुझे बेवकूफ बना रहे हैं
        मैं उपभोक्ता फोरम में जाऊंगा
        मैं तंग आ गया हूँ
        ये तो सीधा धोखा है
        உங்க சர்வீஸ் ரொம்ப மோசம்
        நான் நுகர்வோர் நீதிமன்றம் போவேன்
        எனக்கு கோபம் வருது
        நீங்க எங்களை ஏமாத்துறீங்க
        என்ன சர்வீஸ் இது
        you are all waste fellows
        romba mosamana service
    """,
    Signal.REPETITION: """
        this is the third time i am calling
        i have called five times already
        how many times should i tell you
        same problem again
        nobody called me back
        i am calling again and again for this
        teesri baar phone kar raha hoon
        phir se wahi problem aa rahi hai
        kitni baar bolna padega
        pehle bhi do baar call kiya tha
        मैं चौथी बार कॉल कर रहा हूँ
        फिर वही समस्या आ रही है
        कितनी बार बताऊं आपको
        मैंने कल भी कॉल किया था
        இது மூன்றாவது முறை
        மறுபடியும் அதே பிரச்சனை
        எத்தனை தடவை சொல்றது
    """,
    Signal.DATA_LOSS: """
        all my entries are gone
        we lost all our data last night
        the backup is gone
        my company disappeared from the list
        somebody deleted the vouchers by mistake
        two hundred vouchers are missing
        mera pura data gayab ho gaya
        sara data ud gaya hai
        company list se gayab hai
        data delete ho gaya galti se
        मेरा सारा डेटा उड़ गया
        सारी एंट्री गायब हो गई है
        बैकअप डिलीट हो गया
        எல்லா டேட்டாவும் அழிந்துவிட்டது
        என் தரவு எல்லாம் போய்விட்டது
        பேக்கப் காணவில்லை
    """,
    Signal.DEADLINE: """
        today is the last date
        my return is due tomorrow
        the last day for filing is today
        i have to file the return today
        gst inspection is there tomorrow
        the auditor is coming tomorrow
        deadline is today only
        aaj last date hai
        aaj hi bharna hai return
        kal inspection hai hamare yahan
        आज आखिरी तारीख है
        कल ऑडिट है
        आज रात तक भरना है
        இன்னைக்கு கடைசி நாள்
        நாளைக்கு ஆடிட் இருக்கு
    """,
    Signal.STANDSTILL: """
        our shop is closed because of this
        customers are waiting at the counter
        our billing has stopped
        the whole work is stuck
        we cannot do any work
        my staff is sitting idle since morning
        billing band hai subah se
        sara kaam ruk gaya hai
        customer wait kar rahe hain
        dukaan band padi hai
        बिलिंग बंद है
        सारा काम ठप हो गया है
        ग्राहक खड़े हैं
        வேலை எல்லாம் நின்னு போச்சு
        பில் போட முடியல
        கஸ்டமர் காத்திருக்காங்க
    """,
}

NOTHING = """
    i am not angry
    i am not at all upset with you
    it is not the worst
    i want to play angry birds
    in the worst case i will buy a new one
    how do i remove useless ledgers
    sorry that was a stupid question
    print the court case ledger
    mujhe gussa nahi hai
    मैं नाराज़ नहीं हूँ
    எனக்கு கோபம் இல்லை
    this is the first time i am calling
    can you say it one more time
    the second time it worked
    how many times can i activate the licence
    one licence two times
    ek baar aur boliye
    kitni baar activate kar sakte hain
    फिर से बोलिए
    இன்னொரு தடவை சொல்லுங்க
    how do i delete a voucher
    i want to delete this company
    i do not want to lose my data
    will i lose my data if i update
    there is no data loss
    i lost my password
    data entry is slow
    the licence is gone
    data delete nahi hua hai
    मेरा डेटा गायब नहीं हुआ है
    डेटा बैकअप कैसे लें
    டேட்டா எங்கே இருக்கிறது
    what is the due date for gstr 3b
    when is the last date for the return
    can you call me tomorrow
    i bought it today
    the audit trail is on
    gstr 1 ki last date kya hai
    जीएसटी की आखिरी तारीख क्या है
    ஜிஎஸ்டி கடைசி நாள் என்ன
    my shop is closed on sundays
    we opened a new shop
    the stock of the shop is wrong
    i am waiting
    how do i create a customer
    tally is not working
    kaam ho gaya
    dukaan ka naam badalna hai
    बिलिंग कैसे करें
    வேலை செய்யவில்லை
    my licence has expired
    i want to renew tss
    my data is corrupt
    e invoice is not generated
    connect me to an agent
    yes please
    thank you very much
    no problem at all
    hello good morning
    i need training for my staff
    gst rate galat aa raha hai
    password bhool gaya
    लाइसेंस खत्म हो गया
    जीएसटीआर मैच नहीं हो रहा है
    लेजर कैसे बनाएं
    பாஸ்வேர்ட் மறந்துவிட்டேன்
    லைசென்ஸ் முடிந்துவிட்டது
    show me the balance sheet
    there is a third party software
    salaries of the third month
"""


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


def of(heard: str) -> tuple[str, ...]:
    return signals(heard, Intent("gst_query", 0.9), [])


@pytest.mark.parametrize(("signal", "heard"), [(signal, heard) for signal, text in SAID.items() for heard in lines(text)])
def test_what_is_said_plainly_is_found(signal: Signal, heard: str) -> None:
    assert of(heard) == (signal.value,)


@pytest.mark.parametrize("heard", lines(NOTHING))
def test_what_only_looks_like_a_sign_is_none(heard: str) -> None:
    assert of(heard) == ()


def test_no_known_way_to_say_a_wish_is_a_sign_of_anger_or_of_a_second_call() -> None:
    """Lost data, a return that is due and a shop that waits are in some phrases themselves; who wants a person may well be angry."""
    wishes = {name: intent for name, intent in load().intents.items() if intent.ends_in != "human"}
    phrases = [text for intent in wishes.values() for texts in intent.phrases.values() for text in texts]
    found = {text: of(text) for text in phrases if of(text)}
    assert not {text: signals for text, signals in found.items() if {Signal.ANGER, Signal.REPETITION} & {*signals}}


def test_questions_of_the_faq_are_no_signs() -> None:
    questions = [text for entry in load().faq.values() for texts in entry.questions.values() for text in texts]
    assert [text for text in questions if of(text)] == []


def test_several_signs_stand_in_a_fixed_order_and_can_be_told() -> None:
    found = of("our billing has stopped since morning and this is the third time i call, pathetic service")
    assert found == ("anger", "repetition", "standstill")
    assert in_words(found).startswith("angry; ")


# -- what happened in the call ------------------------------------------------------
def turn(number: int, intent: str, confidence: float = 0.9, *, asked: Question = Question.NONE, also: tuple[str, ...] = ()) -> Turn:
    return Turn(number, heard="x", intent=Intent(intent, confidence, also=also), said=["y"], asked=asked)


def test_the_same_wish_for_the_third_time_is_repetition() -> None:
    wish = Intent("gst_query", 0.9)
    assert signals("gst", wish, [turn(1, "gst_query")]) == ()
    assert signals("gst", wish, [turn(1, "gst_query"), turn(2, "no"), turn(3, "gst_query")]) == ("repetition",)
    assert signals("gst", wish, [turn(1, "gst_query"), turn(2, "training", also=("gst_query",))]) == ("repetition",)


def test_what_was_hardly_understood_and_small_talk_do_not_repeat() -> None:
    assert signals("gst", Intent("gst_query", 0.9), [turn(1, "gst_query", 0.3), turn(2, "gst_query")]) == ()
    assert signals("yes", Intent("yes", 0.97), [turn(1, "yes"), turn(2, "yes")]) == ()
    assert signals("hm", Intent("other", 0.9), [turn(1, "other"), turn(2, "other")]) == ()


@pytest.mark.parametrize("question", [Question.SLOT, Question.CONFIRM_SLOT])
def test_answers_to_a_slots_question_ask_for_nothing_again(question: Question) -> None:
    history = [turn(1, "license_renewal", asked=question), turn(2, "license_renewal", asked=question)]
    assert signals("7 1 2", Intent("license_renewal", 0.9), history) == ()


def test_who_asks_for_a_human_again_is_marked() -> None:
    human = Intent("transfer_to_human", 0.9)
    assert signals("agent", human, [turn(1, "gst_query")]) == ()
    assert signals("agent", human, [turn(1, "transfer_to_human"), turn(2, "no")]) == ("asked_for_human",)
    assert signals("agent", human, [turn(1, "transfer_to_human", 0.2)]) == ()
    assert signals("gst, an agent", Intent("gst_query", 0.9, also=("transfer_to_human",)), [turn(1, "transfer_to_human")]) == (
        "asked_for_human",
    )


def test_takes_little_time() -> None:
    """Half a millisecond is the aim; ten times that is a fault on any machine."""
    heard = "my licence has expired and customers are waiting please tell me how do i renew it as today is the last date " * 2
    of(heard)
    began = time.perf_counter()
    for _ in range(50):
        of(heard)
    assert (time.perf_counter() - began) / 50 < 0.005
