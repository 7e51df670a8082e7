"""The files of examples/: they fit without a warning, speak three languages, and their bots answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from calls.call import OutcomeKind, Question
from calls.checking import check
from calls.routing import rings
from calls.settings import Settings, load
from engines import CHOICES
from nlu.rules import Rules
from tests.talk_rig import Talk, text

EXAMPLES = Path(__file__).parents[1] / "examples"
SHOP, CLINIC = EXAMPLES / "shop.json", EXAMPLES / "clinic.json"
FILES = [pytest.param(path, id=path.name) for path in sorted(EXAMPLES.glob("*.json"))]
LEAST = {"en": 12, "hi": 12, "ta": 8}
ALWAYS = datetime(2026, 11, 25, 7, 0, tzinfo=UTC)  # a Wednesday's noon in India


@cache
def rules(path: Path) -> Rules:
    return Rules(load(path), anybody=lambda intent, language: True)


def first_answer(path: Path, heard: str, language: str) -> tuple[str, str]:
    """(intent, answer) of what a caller says first."""
    turn = Talk().says(rules(path), heard, language)
    assert turn.intent is not None
    return turn.intent.name, text(turn)


def test_both_are_there() -> None:
    assert {path.name for path in EXAMPLES.glob("*.json")} == {"shop.json", "clinic.json"}


@pytest.mark.parametrize("path", FILES)
def test_an_example_fits_without_a_warning(path: Path) -> None:
    checked = check(path.read_text(encoding="utf-8"), engines=CHOICES)
    assert [fault.told(path.name) for fault in (*checked.faults, *checked.warnings)] == []


@pytest.mark.parametrize("path", FILES)
def test_an_example_names_its_schema_and_has_phrases_enough(path: Path) -> None:
    settings: Settings = load(path)
    assert (path.parent / (settings.schema_ or "")).resolve() == EXAMPLES.parent / "jambonz-app.schema.json"
    for name, intent in settings.intents.items():
        counts = {language: len(intent.phrases[language]) for language in settings.languages}
        assert name == "other" or all(counts[language] >= least for language, least in LEAST.items()), (name, counts)


@pytest.mark.parametrize("path", FILES)
def test_an_example_is_written_as_a_person_would(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert max(len(line) for line in lines) < 400
    assert json.loads("\n".join(lines))


@pytest.mark.parametrize("path", FILES)
def test_somebody_is_rung_for_every_intent_in_every_language(path: Path) -> None:
    settings = load(path)
    for intent in settings.intents:
        for language in settings.languages:
            agents = settings.escalation.agents
            assert rings(settings.escalation, intent=intent, language=language, now=ALWAYS, present=agents), (intent, language)


@pytest.mark.parametrize(
    ("path", "heard", "language", "intent"),
    [
        (SHOP, "i would like to send back the shoes", "en", "returns"),
        (SHOP, "my refund has still not come", "en", "payment"),
        (SHOP, "रिफंड अभी तक नहीं आया", "hi", "payment"),
        (SHOP, "mera parcel kab tak aayega", "hi", "order_status"),
        (SHOP, "saman wapas karna hai", "hi", "returns"),
        (SHOP, "ஆர்டர் இன்னும் வரவில்லை", "ta", "order_status"),
        (SHOP, "let me speak to a person", "en", "transfer_to_human"),
        (CLINIC, "i want an appointment with the skin doctor", "en", "appointment"),
        (CLINIC, "when is the clinic open on sunday", "en", "timings"),
        (CLINIC, "ब्लड टेस्ट की रिपोर्ट कब मिलेगी", "hi", "test_report"),
        (CLINIC, "meri dawa khatam ho gayi hai", "hi", "prescription"),
        (CLINIC, "how much are the fees of the doctor", "en", "billing"),
        (CLINIC, "டாக்டரைப் பார்க்க அப்பாயிண்ட்மென்ட் வேண்டும்", "ta", "appointment"),
    ],
)
def test_callers_are_understood_and_answered_in_their_language(path: Path, heard: str, language: str, intent: str) -> None:
    understood, answer = first_answer(path, heard, language)
    assert understood == intent
    letters = {"hi": "\u0900", "ta": "\u0b80"}.get(language)
    assert answer
    assert letters is None or any(letters <= letter <= chr(ord(letters) + 127) for letter in answer)


def test_the_shop_asks_for_the_order_and_answers_when_it_has_it() -> None:
    talk = Talk()
    asked = talk.says(rules(SHOP), "where is my order")
    assert (asked.asked, asked.asked_slot) == (Question.SLOT, "order_id")
    assert "order number" in text(asked)
    read_back = talk.says(rules(SHOP), "4 5 7 8 1 2", keyed=True)
    assert read_back.asked is Question.CONFIRM_SLOT
    answered = talk.says(rules(SHOP), "yes")
    assert "delivery team" in text(answered)


def test_the_shop_answers_a_question_by_itself() -> None:
    talk = Talk()
    answered = talk.says(rules(SHOP), "within how many days can i return it")
    assert "ten days" in text(answered)
    assert answered.asked is Question.SOLVED


@pytest.mark.parametrize(
    ("heard", "language"),
    [("my father has chest pain", "en"), ("saans nahi aa rahi hai", "hi"), ("मेरे पिताजी बेहोश हो गए हैं", "hi"), ("நெஞ்சு வலி அவசரம்", "ta")],
)
def test_an_emergency_goes_to_a_person_at_once(heard: str, language: str) -> None:
    talk = Talk()
    turn = talk.says(rules(CLINIC), heard, language)
    assert turn.intent is not None
    assert turn.intent.name == "emergency"
    assert talk.outcome is not None
    assert talk.outcome.kind is OutcomeKind.ESCALATED
    assert load(CLINIC).intents["emergency"].priority == "high"


def test_the_nurse_is_rung_first_for_an_emergency_at_any_hour() -> None:
    night = datetime(2026, 11, 25, 20, 0, tzinfo=UTC)
    ringing = rings(load(CLINIC).escalation, intent="emergency", language="ta", now=night, present=())
    assert ringing[0].agents == ("nurse",)
