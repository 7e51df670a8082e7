"""What the bot says: sentences and outcomes for an intent in the light of the turns before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from calls.call import Call, Intent, Outcome, OutcomeKind, Question, Say, Turn
from calls.errors import JournalError
from calls.helpdesk import EscalationSettings
from calls.settings import Settings, load
from nlu.dialogue import Dialogue, standing_question
from nlu.humans import Anybody, always
from nlu.moments import spoken_moment
from nlu.rules import Rules
from nlu.sentences import split

CALL = Call("sid", "+919876500001", "+911140000000")

SHIPPED = Path(__file__).parents[1] / "jambonz-app.json"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)  # a Monday
OPENING = Turn(0, said=["Hello.", "How can I help you?"], asked=Question.OPEN)


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load(SHIPPED)


def reply(
    settings: Settings,
    name: str,
    history: Sequence[Turn] = (OPENING,),
    confidence: float = 0.95,
    language: str = "en",
    anybody: Anybody = always,
    now: datetime = NOON,
) -> tuple[list[Say], Outcome | None]:
    dialogue = Dialogue(settings, anybody=anybody, now=lambda: now)
    items = list(dialogue.answer(Intent(name, confidence), Turn(len(history), heard="...", language=language), history))
    outcome = items.pop() if items and isinstance(items[-1], Outcome) else None
    says = [item for item in items if isinstance(item, Say)]
    assert says == items, "an outcome comes last"
    assert all(say.asks is Question.NONE for say in says[:-1]), "only the last sentence asks"
    return says, outcome if isinstance(outcome, Outcome) else None


def text(says: list[Say]) -> str:
    return " ".join(say.text for say in says)


def asked(question: Question, *, name: str = "", confidence: float = 0.95, said: str = "Well?") -> Turn:
    return Turn(1, heard="..." if name else "", said=[said], asked=question, intent=Intent(name, confidence) if name else None)


def missed(question: Question) -> Turn:
    return asked(question, name="other", confidence=0.2)


def test_a_wish_is_answered_and_the_caller_asked_for_more(settings: Settings) -> None:
    says, outcome = reply(settings, "license_renewal")
    assert text(says) == f"{settings.intents['license_renewal'].answer['en']} {settings.prompts.anything_else['en']}"
    assert len(says) > 3
    assert says[-1].asks is Question.ANYTHING_ELSE
    assert outcome is None


@pytest.mark.parametrize("language", ["hi", "ta"])
def test_answers_in_the_callers_language(settings: Settings, language: str) -> None:
    says, _ = reply(settings, "gst_query", language=language)
    assert text(says).startswith(settings.intents["gst_query"].answer[language])
    assert {say.language for say in says} == {language}


def test_a_language_without_words_gets_the_first_and_says_so(settings: Settings) -> None:
    says, _ = reply(settings, "gst_query", language="fr")
    assert text(says).startswith(settings.intents["gst_query"].answer["en"])
    assert {say.language for say in says} == {"en"}


def test_the_wish_for_a_human_is_granted_at_once(settings: Settings) -> None:
    says, outcome = reply(settings, "transfer_to_human")
    assert text(says) == settings.prompts.connecting["en"]
    assert outcome == Outcome(OutcomeKind.ESCALATED, "transfer_to_human")


def test_asks_again_more_simply_then_offers_a_human_then_connects(settings: Settings) -> None:
    history, heard = [OPENING], []
    for number in range(1, 5):
        says, outcome = reply(settings, "other", history, confidence=0.2)
        heard.append((text(says), says[-1].asks))
        history.append(Turn(number, heard="mumble", intent=Intent("other", 0.2), said=[say.text for say in says], asked=says[-1].asks))
    prompts = settings.prompts
    assert heard == [
        (prompts.again["en"], Question.AGAIN),
        (prompts.again_simpler["en"], Question.AGAIN),
        (prompts.offer_human["en"], Question.OFFER_HUMAN),
        (prompts.connecting["en"], Question.NONE),
    ]
    assert outcome == Outcome(OutcomeKind.ESCALATED, "not_understood")


def test_no_reprompts_at_all_offers_a_human_at_once(settings: Settings) -> None:
    impatient = settings.model_copy(update={"understanding": settings.understanding.model_copy(update={"max_reprompts": 0})})
    says, outcome = reply(impatient, "other", confidence=0.1)
    assert (says[-1].asks, outcome) == (Question.OFFER_HUMAN, None)


def test_being_understood_once_ends_the_row_of_misses(settings: Settings) -> None:
    history = [OPENING, missed(Question.AGAIN), missed(Question.AGAIN), asked(Question.ANYTHING_ELSE, name="gst_query")]
    says, _ = reply(settings, "other", history, confidence=0.1)
    assert text(says) == settings.prompts.again["en"]


@pytest.mark.parametrize("between", ["wait", "repeat", "silence", "trouble"])
def test_a_pause_does_not_end_the_row_of_misses(settings: Settings, between: str) -> None:
    history = [OPENING, missed(Question.AGAIN), asked(Question.AGAIN, name=between)]
    says, _ = reply(settings, "other", history, confidence=0.1)
    assert text(says) == settings.prompts.again_simpler["en"]


def test_yes_to_the_offer_connects_and_no_goes_on(settings: Settings) -> None:
    offered = [OPENING, missed(Question.OFFER_HUMAN)]
    assert reply(settings, "yes", offered)[1] == Outcome(OutcomeKind.ESCALATED, "offered")
    says, outcome = reply(settings, "no", offered)
    assert (text(says), says[-1].asks, outcome) == (settings.prompts.welcome_back["en"], Question.OPEN, None)


def test_an_answer_not_understood_after_an_offer_that_followed_an_answer_is_asked_again(settings: Settings) -> None:
    says, outcome = reply(settings, "other", [OPENING, asked(Question.OFFER_HUMAN, name="gst_query")], confidence=0.1)
    assert (says[-1].asks, outcome) == (Question.OFFER_HUMAN, None)


def test_yes_and_no_to_anything_else(settings: Settings) -> None:
    answered = [OPENING, asked(Question.ANYTHING_ELSE, name="gst_query")]
    assert reply(settings, "yes", answered)[0][-1].asks is Question.OPEN
    says, outcome = reply(settings, "no", answered)
    assert (text(says), outcome) == (settings.prompts.goodbye["en"], Outcome(OutcomeKind.FINISHED, "goodbye"))


def test_yes_i_am_still_there(settings: Settings) -> None:
    says, _ = reply(settings, "yes", [OPENING, asked(Question.STILL_THERE, name="silence")])
    assert text(says) == settings.prompts.welcome_back["en"]


@pytest.mark.parametrize("name", ["yes", "no"])
def test_yes_and_no_where_nothing_was_asked_are_not_understood(settings: Settings, name: str) -> None:
    says, _ = reply(settings, name)
    assert text(says) == settings.prompts.again["en"]
    history = [OPENING, asked(Question.AGAIN, name=name)]
    assert text(reply(settings, name, history)[0]) == settings.prompts.again_simpler["en"]


def test_thanks_ends_the_call_only_after_the_last_question(settings: Settings) -> None:
    assert reply(settings, "thanks")[0][-1].asks is Question.ANYTHING_ELSE
    assert reply(settings, "thanks", [OPENING, asked(Question.ANYTHING_ELSE, name="training")])[1] == Outcome(
        OutcomeKind.FINISHED, "goodbye"
    )


def test_goodbye(settings: Settings) -> None:
    says, outcome = reply(settings, "goodbye", language="hi")
    assert (text(says), outcome) == (settings.prompts.goodbye["hi"], Outcome(OutcomeKind.FINISHED, "goodbye"))


def test_repeats_what_was_heard_in_its_language_with_its_question(settings: Settings) -> None:
    last = Turn(1, language="hi", heard="...", intent=Intent("gst_query"), said=["एक।", "और कुछ?"], asked=Question.ANYTHING_ELSE)
    silent = Turn(2, heard="wait", intent=Intent("wait"))
    says, _ = reply(settings, "repeat", [OPENING, last, silent])
    assert says == [Say("एक।", "hi"), Say("और कुछ?", "hi", Question.ANYTHING_ELSE)]


def test_nothing_to_repeat(settings: Settings) -> None:
    assert text(reply(settings, "repeat", [Turn(0)])[0]) == settings.prompts.nothing_to_repeat["en"]


def test_waits_in_silence_and_keeps_its_question(settings: Settings) -> None:
    offered = [OPENING, missed(Question.OFFER_HUMAN)]
    assert reply(settings, "wait", offered) == ([], None)
    waited = [*offered, Turn(2, heard="one moment", intent=Intent("wait"))]
    assert standing_question(waited) is Question.OFFER_HUMAN
    assert reply(settings, "yes", waited)[1] == Outcome(OutcomeKind.ESCALATED, "offered")


def test_a_greeting_is_greeted(settings: Settings) -> None:
    says, _ = reply(settings, "greeting", [OPENING, missed(Question.AGAIN)])
    assert (text(says), says[-1].asks) == (settings.prompts.welcome_back["en"], Question.OPEN)


def test_the_same_wish_again_is_answered_and_a_human_offered(settings: Settings) -> None:
    says, _ = reply(settings, "gst_query", [OPENING, asked(Question.ANYTHING_ELSE, name="gst_query")])
    assert text(says).startswith(settings.intents["gst_query"].answer["en"])
    assert says[-1].asks is Question.OFFER_HUMAN


def test_something_else_is_asked_for_once_then_a_human_is_offered(settings: Settings) -> None:
    says, _ = reply(settings, "other")
    assert (text(says), says[-1].asks) == (settings.prompts.again_simpler["en"], Question.OPEN)
    says, _ = reply(settings, "other", [OPENING, asked(Question.OPEN, name="other")])
    assert says[-1].asks is Question.OFFER_HUMAN


def test_a_call_that_came_back_twice_is_promised_a_call_back(settings: Settings) -> None:
    handed = asked(Question.NONE, name="transfer_to_human")
    assert reply(settings, "transfer_to_human", [OPENING, handed])[1] == Outcome(OutcomeKind.ESCALATED, "transfer_to_human")
    says, outcome = reply(settings, "transfer_to_human", [OPENING, handed, handed])
    assert (text(says), outcome) == (settings.prompts.no_agent["en"], Outcome(OutcomeKind.CALLBACK, "transfer_to_human"))
    accepted = [OPENING, missed(Question.OFFER_HUMAN), asked(Question.NONE, name="yes")]
    assert reply(settings, "transfer_to_human", [*accepted, handed])[1] == Outcome(OutcomeKind.CALLBACK, "transfer_to_human")


# -- nobody there -----------------------------------------------------------------------------
def nobody(intent: str, language: str) -> bool:
    return False


OFFERED = asked(Question.OFFER_CALLBACK, name="transfer_to_human")
PROMISE = Outcome(OutcomeKind.CALLBACK, "asked")


@pytest.mark.parametrize("language", ["en", "hi", "ta"])
def test_where_nobody_is_there_a_call_back_is_offered_before_anything_is_promised(settings: Settings, language: str) -> None:
    says, outcome = reply(settings, "transfer_to_human", language=language, anybody=nobody)
    assert (text(says), says[-1].asks, outcome) == (settings.prompts.nobody_there[language], Question.OFFER_CALLBACK, None)


def test_the_offer_of_a_human_that_was_accepted_ends_there_too(settings: Settings) -> None:
    offered = [OPENING, missed(Question.OFFER_HUMAN)]
    assert reply(settings, "yes", offered, anybody=nobody)[0][-1].asks is Question.OFFER_CALLBACK
    misses = [OPENING, *[missed(Question.AGAIN)] * 3]
    assert reply(settings, "other", misses, confidence=0.2, anybody=nobody)[0][-1].asks is Question.OFFER_CALLBACK


def test_yes_to_the_call_back_promises_it_and_no_goes_on(settings: Settings) -> None:
    says, outcome = reply(settings, "yes", [OPENING, OFFERED], anybody=nobody)
    assert (text(says), outcome) == (settings.prompts.callback_promised["en"], PROMISE)
    says, outcome = reply(settings, "no", [OPENING, OFFERED], anybody=nobody)
    assert (text(says), says[-1].asks, outcome) == (settings.prompts.anything_else["en"], Question.ANYTHING_ELSE, None)


def test_who_asks_for_a_human_once_more_is_called_back_or_connected_if_one_has_come(settings: Settings) -> None:
    """ "Please call me back" is such an answer."""
    says, outcome = reply(settings, "transfer_to_human", [OPENING, OFFERED], anybody=nobody)
    assert (text(says), outcome) == (settings.prompts.callback_promised["en"], Outcome(OutcomeKind.CALLBACK, "transfer_to_human"))
    assert reply(settings, "transfer_to_human", [OPENING, OFFERED])[1] == Outcome(OutcomeKind.ESCALATED, "transfer_to_human")


def test_an_answer_to_the_offer_that_is_not_understood_is_asked_for_again_and_then_taken_for_a_yes(settings: Settings) -> None:
    says, outcome = reply(settings, "other", [OPENING, OFFERED], confidence=0.2, anybody=nobody)
    assert (text(says), says[-1].asks, outcome) == (settings.prompts.nobody_there["en"], Question.OFFER_CALLBACK, None)
    says, outcome = reply(settings, "other", [OPENING, OFFERED, missed(Question.OFFER_CALLBACK)], confidence=0.2, anybody=nobody)
    assert (text(says), outcome) == (settings.prompts.callback_promised["en"], Outcome(OutcomeKind.CALLBACK, "not_understood"))


def test_another_wish_at_the_offer_is_helped(settings: Settings) -> None:
    assert text(reply(settings, "gst_query", [OPENING, OFFERED], anybody=nobody)[0]).startswith(settings.intents["gst_query"].answer["en"])


def test_a_declined_call_back_may_be_offered_again(settings: Settings) -> None:
    history = [OPENING, OFFERED, asked(Question.ANYTHING_ELSE, name="no")]
    assert reply(settings, "transfer_to_human", history, anybody=nobody)[0][-1].asks is Question.OFFER_CALLBACK


def test_offers_are_no_handovers(settings: Settings) -> None:
    assert reply(settings, "transfer_to_human", [OPENING, OFFERED, OFFERED])[1] == Outcome(OutcomeKind.ESCALATED, "transfer_to_human")


def test_who_was_promised_a_call_back_by_a_handover_that_came_back_is_not_asked_again(settings: Settings) -> None:
    handed = asked(Question.NONE, name="transfer_to_human")
    came_back = Turn(2, said=["Nobody is free.", "Anything else?"], asked=Question.ANYTHING_ELSE)
    says, outcome = reply(settings, "transfer_to_human", [OPENING, handed, came_back], anybody=nobody)
    assert (text(says), outcome) == (settings.prompts.no_agent["en"], Outcome(OutcomeKind.CALLBACK, "transfer_to_human"))


@pytest.mark.parametrize(
    ("intents", "about"),
    [
        ([], "transfer_to_human"),
        (["gst_query"], "gst_query"),
        (["gst_query", "training", "yes"], "training"),
        (["data_corrupt", "training"], "data_corrupt"),
        (["other", "order_pizza"], "transfer_to_human"),
    ],
)
def test_somebody_is_looked_for_who_knows_the_matter_and_the_language(settings: Settings, intents: list[str], about: str) -> None:
    looked_for = []

    def anybody(intent: str, language: str) -> bool:
        looked_for.append((intent, language))
        return True

    history = [OPENING, *(asked(Question.ANYTHING_ELSE, name=name) for name in intents)]
    reply(settings, "transfer_to_human", history, language="hi", anybody=anybody)
    assert looked_for == [(about, "hi")]


def test_an_intent_of_its_own_that_ends_at_a_human_is_looked_for_by_its_name(settings: Settings) -> None:
    looked_for: list[str] = []

    def anybody(intent: str, language: str) -> bool:
        looked_for.append(intent)
        return True

    complaint = settings.intents["training"].model_copy(update={"ends_in": "human"})
    with_complaints = settings.model_copy(update={"intents": {**settings.intents, "complaint": complaint}})
    reply(with_complaints, "complaint", [OPENING, asked(Question.ANYTHING_ELSE, name="gst_query")], anybody=anybody)
    assert looked_for == ["complaint"]


def test_a_presence_that_cannot_be_read_connects(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    def broken(intent: str, language: str) -> bool:
        raise JournalError("down")

    assert reply(settings, "transfer_to_human", anybody=broken)[1] == Outcome(OutcomeKind.ESCALATED, "transfer_to_human")
    assert "could not be found out" in caplog.text


@pytest.mark.parametrize(
    ("heard", "outcome", "asks"),
    [
        ("yes please", PROMISE, Question.NONE),
        ("please call me back", Outcome(OutcomeKind.CALLBACK, "transfer_to_human"), Question.NONE),
        ("no thank you", None, Question.ANYTHING_ELSE),
    ],
)
def test_the_words_that_answer_the_offer(settings: Settings, heard: str, outcome: Outcome | None, asks: Question) -> None:
    *_, say, end = [None, *Rules(settings, anybody=nobody).respond(Turn(2, heard=heard), [OPENING, OFFERED], CALL)]
    if isinstance(end, Say):
        say, end = end, None
    assert isinstance(say, Say)
    assert (end, say.asks) == (outcome, asks)


# -- closed -----------------------------------------------------------------------------------
OFFICE = {"time_zone": "Asia/Kolkata", "week": {day: ["09:30-18:30"] for day in ("mon", "tue", "wed", "thu", "fri")}}
KOLKATA = ZoneInfo("Asia/Kolkata")


def with_hours(settings: Settings) -> Settings:
    escalation = {"target": [{"type": "phone", "number": "+91"}], "target_hours": "office", "hours": {"office": OFFICE}}
    return settings.model_copy(update={"escalation": EscalationSettings.model_validate(escalation)})


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Somebody will be there tomorrow at 9:30 am."),
        ("hi", "हमारे साथी कल सुबह 9:30 बजे से उपलब्ध होंगे।"),
        ("ta", "நாளை காலை 9:30 மணி முதல் எங்கள் ஊழியர்கள் இருப்பார்கள்."),
        ("fr", "Somebody will be there tomorrow at 9:30 am."),
    ],
)
def test_out_of_hours_the_caller_hears_when_somebody_will_be_there(settings: Settings, language: str, said: str) -> None:
    evening = datetime(2026, 5, 4, 20, tzinfo=KOLKATA)
    says, outcome = reply(with_hours(settings), "transfer_to_human", language=language, anybody=nobody, now=evening)
    assert said in [say.text for say in says]
    assert (says[-1].asks, outcome) == (Question.OFFER_CALLBACK, None)
    assert not any("{" in say.text for say in says)


def test_within_hours_everybody_is_only_busy(settings: Settings) -> None:
    says, _ = reply(with_hours(settings), "transfer_to_human", anybody=nobody, now=datetime(2026, 5, 4, 12, tzinfo=KOLKATA))
    assert text(says) == settings.prompts.nobody_there["en"]


@pytest.mark.parametrize(
    ("days", "clock", "said"),
    [
        (0, "21:15", ("today at 9:15 pm", "आज रात 9:15 बजे", "இன்று இரவு 9:15 மணி")),
        (1, "12:00", ("tomorrow at 12:00 pm", "कल दोपहर 12:00 बजे", "நாளை மதியம் 12:00 மணி")),
        (1, "00:00", ("tomorrow at 12:00 am", "कल रात 12:00 बजे", "நாளை இரவு 12:00 மணி")),
        (3, "17:00", ("on Thursday at 5:00 pm", "गुरुवार शाम 5:00 बजे", "வியாழக்கிழமை மாலை 5:00 மணி")),
        (6, "09:00", ("on Sunday at 9:00 am", "रविवार सुबह 9:00 बजे", "ஞாயிற்றுக்கிழமை காலை 9:00 மணி")),
        (7, "09:00", ("on 11-05-2026 at 9:00 am", "11-05-2026 को सुबह 9:00 बजे", "11-05-2026 அன்று காலை 9:00 மணி")),
    ],
)
def test_moments_as_people_say_them(days: int, clock: str, said: tuple[str, str, str]) -> None:
    """Monday, half past eight in the evening; "today" is the other end's, whatever the date is in UTC."""
    now = datetime(2026, 5, 4, 20, 30, tzinfo=KOLKATA)
    at = datetime.fromisoformat(f"2026-05-04T{clock}").replace(tzinfo=KOLKATA) + timedelta(days=days)
    assert tuple(spoken_moment(at, now.astimezone(UTC), language) for language in ("en", "hi", "ta")) == said
    assert spoken_moment(at, now, "fr") == ""


def test_an_intent_without_an_answer_offers_a_human(settings: Settings) -> None:
    mute = settings.intents["training"].model_copy(update={"answer": {}})
    says, _ = reply(settings.model_copy(update={"intents": {**settings.intents, "training": mute}}), "training")
    assert text(says) == settings.prompts.offer_human["en"]


def test_an_intent_that_nobody_configured_is_not_understood(settings: Settings) -> None:
    assert text(reply(settings, "order_pizza")[0]) == settings.prompts.again["en"]


def test_neither_turn_nor_history_is_touched(settings: Settings) -> None:
    turn, history = Turn(1, heard="x"), [OPENING]
    before = (list(OPENING.said), OPENING.asked)
    list(Dialogue(settings).answer(Intent("gst_query"), turn, history))
    assert (turn.said, turn.asked, turn.intent, (OPENING.said, OPENING.asked)) == ([], Question.NONE, None, before)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("The rate is 18.5 percent. It costs Rs. 500 a year.", ["The rate is 18.5 percent.", "It costs Rs. 500 a year."]),
        ("Please file GSTR-3B. Then wait.", ["Please file GSTR-3B.", "Then wait."]),
        ("Ask Mr. A. Kumar of ABC Pvt. Ltd. today.", ["Ask Mr. A. Kumar of ABC Pvt. Ltd. today."]),
        ("यह पहला है। यह दूसरा है?", ["यह पहला है।", "यह दूसरा है?"]),
        ('He said "Stop!" Then he left.', ['He said "Stop!"', "Then he left."]),
        ("Really?! Yes...", ["Really?!", "Yes..."]),
        ("See tallysolutions.com for more", ["See tallysolutions.com for more"]),
        ("Come at 5 p.m. or later.", ["Come at 5 p.m. or later."]),
        ("Is it No? No.", ["Is it No?", "No."]),
        ("  \n ", []),
        ("...", ["..."]),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert split(text) == sentences


def test_every_sentence_of_the_shipped_file_is_short_enough_for_the_phone(settings: Settings) -> None:
    spoken = [words for _, prompt in settings.prompts for words in prompt.values()]
    spoken += [words for intent in settings.intents.values() for words in intent.answer.values()]
    assert all(" ".join(split(words)) == words for words in spoken)
    assert max(len(sentence.split()) for words in spoken for sentence in split(words)) <= 35
