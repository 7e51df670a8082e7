"""Whole talks with the rules: numbers in pieces, put right, keyed in; questions that the FAQ knows; languages; care."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from calls.call import OutcomeKind, Question, Transcript
from calls.settings import Settings, load
from calls.urgency import Signal
from nlu.following import Following
from nlu.rules import Rules
from tests.talk_rig import Talk, text

ROOT = Path(__file__).parents[1]
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def shop() -> Rules:
    return Rules(load(ROOT / "examples/shop.json"), now=lambda: NOON)


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load(ROOT / "jambonz-app.json")


@pytest.fixture(scope="module")
def tally(settings: Settings) -> Rules:
    return Rules(settings, now=lambda: NOON)


def last(talk: Talk) -> tuple[Question, str]:
    return talk.turns[-1].asked, talk.turns[-1].asked_slot


def value(talk: Talk) -> str:
    intent = talk.turns[-1].intent
    return intent.slots["order_id"] if intent else ""


def test_an_order_number_is_asked_for_read_back_and_put_right(shop: Rules) -> None:
    talk = Talk()
    talk.says(shop, "where is my order")
    assert last(talk) == (Question.SLOT, "order_id")
    assert "O D, 1 2 3, 4 5 6" in text(talk.says(shop, "o d one two three four five six"))
    assert "O D, 1 2 3, 4 5 7" in text(talk.says(shop, "no seven not six"))
    talk.says(shop, "yes that is right")
    assert last(talk)[0] is Question.ANYTHING_ELSE


def test_one_that_comes_in_pieces_is_put_together(shop: Rules) -> None:
    talk = Talk()
    talk.says(shop, "where is my parcel")
    talk.says(shop, "o d one two")
    assert last(talk) == (Question.SLOT, "order_id")
    talk.says(shop, "three four five six")
    assert (value(talk), last(talk)[0]) == ("OD123456", Question.CONFIRM_SLOT)


def test_who_begins_anew_begins_anew(shop: Rules) -> None:
    talk = Talk()
    talk.says(shop, "where is my parcel")
    talk.says(shop, "o d one two")
    talk.says(shop, "start again")
    assert last(talk) == (Question.SLOT, "order_id")
    talk.says(shop, "o d nine nine eight eight seven seven")
    assert value(talk) == "OD998877"


def test_keys_fill_the_same_slot(shop: Rules) -> None:
    talk = Talk()
    talk.says(shop, "where is my order")
    talk.says(shop, "12345678", keyed=True)
    assert (value(talk), last(talk)[0]) == ("12345678", Question.CONFIRM_SLOT)


@pytest.mark.parametrize("heard", ["i don't have it with me", "i don't know it", "pata nahi", "मेरे पास नहीं है", "ஆர்டர் நம்பர் இல்ல", "no"])
def test_who_does_not_have_it_is_not_asked_thrice(shop: Rules, heard: str) -> None:
    talk = Talk()
    talk.says(shop, "where is my order")
    talk.says(shop, heard)
    assert last(talk) == (Question.OFFER_HUMAN, "")


@pytest.mark.parametrize("heard", ["wrong", "no it is wrong", "not correct", "it is nine not eight", "nahi galat hai", "இல்ல தப்பு"])
def test_what_was_read_back_wrong_is_not_used(shop: Rules, heard: str) -> None:
    talk = Talk()
    talk.says(shop, "where is my order it is od123456")
    talk.says(shop, heard)
    assert last(talk) == (Question.SLOT, "order_id")


@pytest.mark.parametrize("heard", ["two minutes please", "do minute rukiye", "let me find it"])
def test_who_looks_for_it_is_waited_for(shop: Rules, heard: str) -> None:
    talk = Talk()
    talk.says(shop, "where is my order")
    assert talk.says(shop, heard).said == []


@pytest.mark.parametrize("heard", ["i don't want that", "do not connect me", "வேணாம்"])
def test_who_wants_no_human_is_not_connected(tally: Rules, heard: str) -> None:
    talk = Talk()
    talk.says(tally, "this is the worst service about gst")
    talk.says(tally, heard)
    assert (talk.outcome, last(talk)[0]) == (None, Question.ANYTHING_ELSE)


def test_the_serial_is_listened_for(tally: Rules) -> None:
    talk = Talk()
    intent = talk.says(tally, "my licence expired the serial is seven one two three four five six seven eight").intent
    assert intent is not None
    assert (intent.name, intent.slots) == ("license_renewal", {"serial": "712345678"})


@pytest.mark.parametrize(
    ("heard", "language"),
    [("how do i take a backup", "en"), ("backup kaise lete hain", "hi"), ("बैकअप कैसे लें", "hi"), ("பேக்கப் எப்படி எடுப்பது", "ta")],
)
def test_a_question_of_the_faq_is_answered_in_its_language(tally: Rules, settings: Settings, heard: str, language: str) -> None:
    talk = Talk()
    said = text(talk.says(tally, heard, language))
    assert said.startswith(settings.faq["take_backup"].answer[language][:20])
    assert last(talk)[0] is Question.SOLVED


def test_the_third_angry_call_is_offered_a_human(tally: Rules, settings: Settings) -> None:
    talk = Talk()
    turn = talk.says(tally, "this is the worst service i am calling for the third time about gst")
    assert turn.intent is not None
    assert {Signal.ANGER, Signal.REPETITION} <= {*turn.intent.signals}
    assert text(turn) == settings.prompts.upset["en"]
    talk.says(tally, "yes please")
    assert talk.outcome is not None
    assert talk.outcome.kind is OutcomeKind.ESCALATED


def test_a_call_whose_language_changes(tally: Rules, settings: Settings) -> None:
    """As the conversation does it: the language of the turn is decided first."""
    follow, talk = Following(settings), Talk()
    spoken = [
        ("my gst return is not filed", "en"),
        ("hindi mein boliye", "hi"),
        ("password bhool gaya", "hi"),
        ("ok", "hi"),
        ("english please", "en"),
    ]
    for heard, expected in spoken:
        language = follow(Transcript(heard, "en", 0.9, 0.6), talk.turns, talk.language)
        turn = talk.says(tally, heard, language)
        assert turn.language == expected, heard
        if heard == "hindi mein boliye":
            assert settings.intents["gst_query"].answer["hi"][:20] in text(turn)
