"""A wish that needs to know something: asked for, read back, put right, given up; the upset, the FAQ, another language."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from calls.call import Intent, OutcomeKind, Question, Say, Turn
from calls.settings import Settings, fill
from calls.urgency import Signal
from nlu import everyday
from nlu.dialogue import Dialogue
from nlu.form import DETAILS
from tests.talk_rig import OPENING, Talk, text

SHIPPED = Path(__file__).parents[1] / "jambonz-app.json"
ORDER = {
    "kind": "digits",
    "label": {"en": "order number", "hi": "ऑर्डर नंबर"},
    "ask": {"en": "What is your order number?", "hi": "आपका ऑर्डर नंबर क्या है?"},
    "required": True,
    "min_length": 4,
    "max_length": 4,
}


@pytest.fixture(scope="module")
def settings() -> Settings:
    """The shipped file, with a training that has to know an order number, and one question of the FAQ."""
    tree: dict[str, Any] = json.loads(SHIPPED.read_text(encoding="utf-8"))
    tree["intents"]["training"]["slots"] = {"order": ORDER}
    tree["intents"]["training"]["answer"] = {"en": "Your order {order} is on its way.", "hi": "आपका ऑर्डर {order} रास्ते में है।"}
    tree["faq"] = {"opening_hours": {"questions": {"en": ["when are you open"]}, "answer": {"en": "From nine to six.", "hi": "नौ से छह।"}}}
    return Settings.model_validate(tree)


@pytest.fixture
def dialogue(settings: Settings) -> Dialogue:
    return Dialogue(settings)


def wish(name: str = "training", **more: Any) -> Intent:
    return Intent(name, 0.95, **more)


def details(value: str) -> Intent:
    return Intent(DETAILS, 0.97, {"order": value})


YES, NO = Intent(everyday.YES, 0.97), Intent(everyday.NO, 0.97)


def asked_for(talk: Talk) -> tuple[Question, str]:
    return talk.turns[-1].asked, talk.turns[-1].asked_slot


def test_what_a_wish_needs_is_asked_for_read_back_and_used(dialogue: Dialogue) -> None:
    talk = Talk()
    assert text(talk.meant(dialogue, wish())) == "What is your order number?"
    assert asked_for(talk) == (Question.SLOT, "order")
    assert text(talk.meant(dialogue, details("4567"))).startswith("I have understood order number 4 5 6 7")
    assert asked_for(talk) == (Question.CONFIRM_SLOT, "order")
    assert text(talk.meant(dialogue, YES)).startswith("Your order 4 5 6 7")
    assert asked_for(talk) == (Question.ANYTHING_ELSE, "")


def test_a_value_in_the_first_breath_is_read_back_at_once(dialogue: Dialogue) -> None:
    talk = Talk()
    talk.meant(dialogue, wish(slots={"order": "4567"}))
    assert asked_for(talk) == (Question.CONFIRM_SLOT, "order")


def test_a_wrong_one_is_put_right_and_read_back_again(dialogue: Dialogue) -> None:
    talk = Talk()
    talk.meant(dialogue, wish(slots={"order": "4567"}))
    assert "4 5 6 1" in text(talk.meant(dialogue, details("4561")))
    assert "Your order 4 5 6 1" in text(talk.meant(dialogue, YES))


def test_a_plain_no_asks_for_it_again(dialogue: Dialogue) -> None:
    talk = Talk()
    talk.meant(dialogue, wish(slots={"order": "4567"}))
    assert "say the order number again" in text(talk.meant(dialogue, NO))
    assert asked_for(talk) == (Question.SLOT, "order")


def test_one_that_is_too_short_is_asked_for_again(dialogue: Dialogue) -> None:
    talk = Talk()
    talk.meant(dialogue, wish())
    assert "say the order number again" in text(talk.meant(dialogue, details("45")))


def test_a_day_is_not_asked_for_digit_by_digit() -> None:
    tree: dict[str, Any] = json.loads(SHIPPED.read_text(encoding="utf-8"))
    tree["intents"]["training"]["slots"] = {"day": {**ORDER, "kind": "date", "ask": {"en": "For which day?"}}}
    talk, dialogue = Talk(), Dialogue(Settings.model_validate(tree))
    talk.meant(dialogue, wish())
    assert text(talk.meant(dialogue, Intent("other", 0.1))) == "For which day?"
    assert asked_for(talk) == (Question.SLOT, "day")


def test_who_does_not_have_it_is_offered_a_human(dialogue: Dialogue) -> None:
    talk = Talk()
    talk.meant(dialogue, wish())
    talk.meant(dialogue, NO)
    assert asked_for(talk) == (Question.OFFER_HUMAN, "")


def test_three_times_in_vain_is_enough(dialogue: Dialogue) -> None:
    talk = Talk()
    questions = [talk.meant(dialogue, intent).asked for intent in (wish(), details("45"), details("4"), details("77"))]
    assert questions == [Question.SLOT, Question.SLOT, Question.SLOT, Question.OFFER_HUMAN]


def test_who_has_found_it_after_all_is_asked_no_human(dialogue: Dialogue) -> None:
    talk = Talk()
    for intent in (wish(), NO, NO):
        talk.meant(dialogue, intent)
    talk.meant(dialogue, wish(slots={"order": "4567"}))
    assert asked_for(talk) == (Question.CONFIRM_SLOT, "order")


@pytest.mark.parametrize("again", [everyday.REPEAT, everyday.GREETING])
def test_the_same_question_said_again_is_not_asked_in_vain(dialogue: Dialogue, again: str) -> None:
    talk = Talk()
    question = text(talk.meant(dialogue, wish()))
    assert [text(talk.meant(dialogue, Intent(again, 0.97))) for _ in range(3)] == [question] * 3
    talk.meant(dialogue, details("45"))
    assert asked_for(talk) == (Question.SLOT, "order")


def test_an_okay_is_not_the_number_yet(dialogue: Dialogue) -> None:
    talk = Talk()
    talk.meant(dialogue, wish())
    assert talk.meant(dialogue, YES).said == []
    talk.meant(dialogue, details("4567"))
    assert asked_for(talk) == (Question.CONFIRM_SLOT, "order")


def test_who_breaks_into_the_question_answers_it(dialogue: Dialogue, settings: Settings) -> None:
    """Whatever sentence of it the caller has heard last."""
    turn = Turn(1, language="en")
    said = [say for say in dialogue.answer(wish(slots={"order": "4567"}), turn, [OPENING]) if isinstance(say, Say)]
    assert len(said) > 1
    assert {(say.asks, say.slot) for say in said} == {(Question.CONFIRM_SLOT, "order")}


def test_another_wish_is_heard_while_a_number_is_asked_for(dialogue: Dialogue, settings: Settings) -> None:
    talk = Talk()
    talk.meant(dialogue, wish())
    assert text(talk.meant(dialogue, wish("gst_query"))).startswith(settings.intents["gst_query"].answer["en"])


def test_words_that_make_no_sense_there_ask_for_the_number_again(dialogue: Dialogue) -> None:
    talk = Talk()
    talk.meant(dialogue, wish())
    talk.meant(dialogue, Intent("other", 0.1))
    assert asked_for(talk) == (Question.SLOT, "order")


# -- the faq ----------------------------------------------------------------------


def test_an_answer_from_the_faq_asks_whether_it_helped(dialogue: Dialogue) -> None:
    talk = Talk()
    said = text(talk.meant(dialogue, wish("other", faq="opening_hours")))
    assert (said, asked_for(talk)) == ("From nine to six. Did that answer your question?", (Question.SOLVED, ""))
    talk.meant(dialogue, YES)
    assert asked_for(talk) == (Question.ANYTHING_ELSE, "")


def test_one_that_did_not_help_leads_to_a_human(dialogue: Dialogue) -> None:
    talk = Talk()
    talk.meant(dialogue, wish("other", faq="opening_hours"))
    talk.meant(dialogue, NO)
    assert asked_for(talk) == (Question.OFFER_HUMAN, "")
    talk.meant(dialogue, YES)
    assert talk.outcome is not None
    assert talk.outcome.kind is OutcomeKind.ESCALATED


def test_the_same_question_again_offers_a_human_with_the_answer(dialogue: Dialogue) -> None:
    talk = Talk()
    talk.meant(dialogue, wish("other", faq="opening_hours"))
    talk.meant(dialogue, wish("other", faq="opening_hours"))
    assert asked_for(talk) == (Question.OFFER_HUMAN, "")


# -- the upset --------------------------------------------------------------------


def test_an_upset_caller_is_offered_a_human_first_and_the_answer_if_he_wants_none(dialogue: Dialogue, settings: Settings) -> None:
    talk = Talk()
    assert text(talk.meant(dialogue, wish("gst_query", signals=(Signal.ANGER,)))) == settings.prompts.upset["en"]
    assert text(talk.meant(dialogue, NO)).startswith(settings.intents["gst_query"].answer["en"])


def test_what_was_put_off_while_he_broke_in_was_not_answered(dialogue: Dialogue, settings: Settings) -> None:
    talk = Talk()
    turn = talk.meant(dialogue, wish("gst_query", signals=(Signal.ANGER,)))
    turn.said, turn.asked = [settings.prompts.upset["en"][:12]], Question.NONE
    talk.meant(dialogue, wish("gst_query"))
    assert asked_for(talk) == (Question.ANYTHING_ELSE, "")


def test_he_is_not_asked_twice(dialogue: Dialogue, settings: Settings) -> None:
    talk = Talk()
    talk.meant(dialogue, wish("gst_query", signals=(Signal.ANGER,)))
    talk.meant(dialogue, NO)
    assert text(talk.meant(dialogue, wish("password_reset", signals=(Signal.ANGER,)))).startswith(
        settings.intents["password_reset"].answer["en"]
    )


def test_lost_data_gets_the_answer_and_a_human(dialogue: Dialogue, settings: Settings) -> None:
    talk = Talk()
    said = text(talk.meant(dialogue, wish("data_corrupt", signals=(Signal.DATA_LOSS,))))
    assert said.startswith(settings.intents["data_corrupt"].answer["en"])
    assert asked_for(talk) == (Question.OFFER_HUMAN, "")


def test_an_upset_caller_who_is_not_understood_is_offered_a_human_at_once(dialogue: Dialogue, settings: Settings) -> None:
    talk = Talk()
    assert text(talk.meant(dialogue, Intent("other", 0.1, signals=(Signal.ANGER,)))) == settings.prompts.upset["en"]


# -- several wishes, and languages -------------------------------------------------


def test_the_second_wish_of_a_breath_is_answered_too(dialogue: Dialogue, settings: Settings) -> None:
    said = text(Talk().meant(dialogue, wish("gst_query", also=("password_reset",))))
    beside = fill(settings.prompts.also_asked["en"], {"topic": "password reset"})
    assert beside + " " + settings.intents["password_reset"].answer["en"] in said


def test_it_is_remembered_while_the_first_one_asks_for_a_number(dialogue: Dialogue, settings: Settings) -> None:
    talk = Talk()
    talk.meant(dialogue, wish(also=("password_reset",), slots={"order": "4567"}))
    assert settings.intents["password_reset"].answer["en"] in text(talk.meant(dialogue, YES))


def test_one_that_needs_a_number_asks_for_it(dialogue: Dialogue) -> None:
    talk = Talk()
    assert "What is your order number?" in text(talk.meant(dialogue, wish("gst_query", also=("training",))))
    assert asked_for(talk) == (Question.SLOT, "order")
    talk.meant(dialogue, details("4567"))
    assert text(talk.meant(dialogue, YES)).startswith("Your order 4 5 6 7 is on its way. Is there")


def test_who_also_wants_a_human_is_connected(dialogue: Dialogue) -> None:
    talk = Talk()
    talk.meant(dialogue, wish("data_corrupt", also=("transfer_to_human",)))
    assert talk.outcome is not None
    assert (talk.outcome.kind, talk.outcome.reason) == (OutcomeKind.ESCALATED, "transfer_to_human")


LANGUAGE = Intent(everyday.LANGUAGE, 0.97, {"language": "hi"})


def test_another_language_says_the_last_answer_again(dialogue: Dialogue, settings: Settings) -> None:
    talk = Talk()
    talk.meant(dialogue, wish("gst_query"))
    said = text(talk.meant(dialogue, LANGUAGE, "hi"))
    assert said.startswith(f"{settings.prompts.language_changed['hi']} {settings.intents['gst_query'].answer['hi']}")
    assert asked_for(talk) == (Question.ANYTHING_ELSE, "")


def test_another_language_asks_the_standing_question_again(dialogue: Dialogue, settings: Settings) -> None:
    talk = Talk()
    talk.meant(dialogue, wish())
    assert text(talk.meant(dialogue, LANGUAGE, "hi")).endswith(ORDER["ask"]["hi"])
    assert asked_for(talk) == (Question.SLOT, "order")
    talk = Talk()
    talk.meant(dialogue, LANGUAGE, "hi")
    assert text(talk.turns[-1]) == f"{settings.prompts.language_changed['hi']} {settings.prompts.welcome_back['hi']}"
