"""What an agent hears before taking a call, and what to say first."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from calls.agents import Customer, ScreenPop
from calls.call import CallRecord, Consent, Question, TurnRecord
from calls.settings import Settings, load
from nlu.briefing import briefing, suggestion
from tts.espeak import EspeakVoice

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
RAVI = Customer("Ravi Kumar", "hubspot", "17")
SUMMARY = (
    '919812345678 called about license renewal: "my licence has expired". '
    'The bot answered: "To renew in TallyPrime, press F1.". The caller asked for a person.'
)
KEYS = "Press 1 to take the call, 2 to decline, 3 to hear this again."


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load(Path(__file__).parents[1] / "jambonz-app.json")


@pytest.fixture(scope="module")
def voice(settings: Settings) -> EspeakVoice:
    return EspeakVoice(names=settings.voice.names, words_per_minute=settings.voice.words_per_minute)


def pop(**changes: Any) -> ScreenPop:
    facts: dict[str, Any] = {
        "call_sid": "c1",
        "agent": "asha",
        "agent_name": "Asha",
        "queue": "helpdesk",
        "at": NOW,
        "phone": "919812345678",
        "customer": None,
        "open_tickets": (),
        "intent": "license_renewal",
        "topic": "licence renewal",
        "confidence": 0.9,
        "language": "en",
        "summary": SUMMARY,
        "transcript": (),
        "last_words": "my licence has expired",
        "ticket_id": "T-1",
        "ticket_url": "",
        "call_url": "",
        "suggestion": "",
    }
    return ScreenPop(**facts | changes)


def test_who_calls_about_what_the_summary_and_the_keys(settings: Settings) -> None:
    assert briefing(pop(customer=RAVI), "en", settings) == [
        ("Call from Ravi Kumar, about licence renewal.", "en"),
        ('The caller called about license renewal: "my licence has expired".', "en"),
        (KEYS, "en"),
    ], "and of the rest only what fits"


@pytest.mark.parametrize("language", ["hi", "ta"])
def test_in_other_languages_the_callers_own_words_are_heard_in_theirs(settings: Settings, language: str) -> None:
    topic = settings.intents["license_renewal"].label[language]
    who, intro, words, keys = briefing(pop(customer=RAVI), language, settings)
    assert who == (settings.prompts.briefing_from[language].format(name="Ravi Kumar", topic=topic), language)
    assert intro == (settings.prompts.briefing_words[language], language)
    assert words == ("my licence has expired", "en")
    assert keys == (settings.prompts.briefing_keys[language], language)


def test_what_the_summary_quotes_in_another_language_is_left_to_its_voice(settings: Settings) -> None:
    heard = "जीएसटी में गलती आ रही है"
    hindi = pop(
        customer=RAVI, intent="gst_query", language="hi", last_words=heard, summary=f'919812345678 called about gst query: "{heard}".'
    )
    assert briefing(hindi, "en", settings)[1:] == [("The caller called about gst query.", "en"), (heard, "hi"), (KEYS, "en")]


@pytest.mark.parametrize(
    ("phone", "called"),
    [
        ("919812345678", "9812345678"),
        ("+919812345678", "9812345678"),
        ("sip:+919812345678@carrier.example.com", "9812345678"),
        ("+4930123456", "+4930123456"),
        ("anonymous", "an unknown number"),
        ("", "an unknown number"),
    ],
)
def test_without_a_name_the_number_is_said_as_at_home(settings: Settings, phone: str, called: str) -> None:
    assert briefing(pop(phone=phone), "en", settings)[0] == (f"Call from {called}, about licence renewal.", "en")
    assert briefing(pop(phone=phone, customer=Customer("", "hubspot", "1")), "en", settings)[0][0].startswith(f"Call from {called},")


@pytest.mark.parametrize("intent", ["transfer_to_human", "other", "order_pizza"])
def test_an_unclear_matter_is_not_made_up(settings: Settings, intent: str) -> None:
    who, *_ = briefing(pop(customer=RAVI, intent=intent), "en", settings)
    assert who == ("Call from Ravi Kumar, who wants to talk to a person.", "en")


def test_a_language_without_prompts_is_briefed_in_the_first(settings: Settings) -> None:
    assert briefing(pop(), "fr", settings) == briefing(pop(), "en", settings)


def test_words_that_no_voice_can_say_are_left_out(settings: Settings) -> None:
    spoken = briefing(pop(language="fr", last_words="ma licence"), "hi", settings)
    assert [language for _, language in spoken] == ["hi", "hi"], "who, and the keys"


def test_a_poor_screen_pop_is_enough(settings: Settings) -> None:
    spoken = briefing(pop(phone="", intent="other", summary="", last_words=""), "en", settings)
    assert spoken == [("Call from an unknown number, who wants to talk to a person.", "en"), (KEYS, "en")]


@pytest.mark.parametrize("name", ["{topic} {keys}", "Ravi\n\tKumar", "R" * 500])
def test_a_name_is_a_name_whatever_it_holds(settings: Settings, name: str) -> None:
    who = briefing(pop(customer=Customer(name)), "en", settings)[0][0]
    assert who == f"Call from {' '.join(name.split())[:60]}, about licence renewal."


LONG = " ".join(["licence"] * 300)


@pytest.mark.parametrize("language", ["en", "hi", "ta"])
@pytest.mark.parametrize("words", ["my licence has expired", LONG])
@pytest.mark.parametrize("customer", [None, RAVI])
def test_it_takes_about_fifteen_seconds_at_most(
    settings: Settings, voice: EspeakVoice, language: str, words: str, customer: Customer | None
) -> None:
    summary = f'919812345678 called about license renewal: "{words}". The bot answered: "{LONG}".'
    spoken = briefing(pop(customer=customer, last_words=words, summary=summary), language, settings)
    seconds = sum(len(pcm) for text, tongue in spoken for pcm in voice.speak(text, language=tongue, sample_rate=8000)) / 16_000
    assert 6 < seconds < 17, seconds
    assert len(spoken) >= 3, "something of the caller is always told"


# -- the first sentence ------------------------------------------------------------------------
def record(*wishes: tuple[str, float]) -> CallRecord:
    turns = tuple(
        TurnRecord(number, "...", 0.9, "en", intent, confidence, {}, ("Well.",), Question.NONE, False, 0, 500, {})
        for number, (intent, confidence) in enumerate(wishes, start=1)
    )
    return CallRecord("c1", "inbound", "+91", "+92", "en", "in-progress", Consent.GIVEN, NOW, None, None, None, turns)


@pytest.mark.parametrize(
    ("customer", "wishes", "language", "said"),
    [
        (RAVI, [("license_renewal", 0.9)], "en", "Hello Ravi Kumar, I see that it is about licence renewal. How can I help you?"),
        (None, [("gst_query", 0.9), ("transfer_to_human", 0.9)], "en", "Hello, I see that it is about GST. How can I help you?"),
        (
            RAVI,
            [("data_corrupt", 0.9), ("training", 0.9)],
            "en",
            "Hello Ravi Kumar, I see that it is about damaged data. How can I help you?",
        ),
        (RAVI, [("gst_query", 0.9)], "hi", "नमस्ते Ravi Kumar, मुझे बताया गया है कि बात जीएसटी के बारे में है। मैं आपकी क्या मदद करूँ?"),
        (RAVI, [("gst_query", 0.9)], "fr", "Hello Ravi Kumar, I see that it is about GST. How can I help you?"),
        (RAVI, [("gst_query", 0.2), ("transfer_to_human", 0.9)], "en", "Hello, thank you for waiting. How can I help you?"),
        (None, [], "ta", "வணக்கம், காத்திருந்ததற்கு நன்றி. நான் எப்படி உதவட்டும்?"),
    ],
)
def test_a_first_sentence(settings: Settings, customer: Customer | None, wishes: list[tuple[str, float]], language: str, said: str) -> None:
    assert suggestion(record(*wishes), customer, settings, language) == said


def test_an_intent_without_a_label_is_called_by_its_name(settings: Settings) -> None:
    bare = settings.intents["training"].model_copy(update={"label": {}})
    renamed = settings.model_copy(update={"intents": {**settings.intents, "field_visit": bare}})
    assert "about field visit." in suggestion(record(("field_visit", 0.9)), None, renamed, "en")
