"""What the bot says: sentences and outcomes for an intent in the light of the turns before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from calls.call import Intent, Outcome, OutcomeKind, Question, Say, Turn
from calls.settings import Settings, load
from nlu.dialogue import Dialogue, standing_question
from nlu.sentences import split

SHIPPED = Path(__file__).parents[1] / "jambonz-app.json"
OPENING = Turn(0, said=["Hello.", "How can I help you?"], asked=Question.OPEN)


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load(SHIPPED)


def reply(
    settings: Settings, name: str, history: Sequence[Turn] = (OPENING,), confidence: float = 0.95, language: str = "en"
) -> tuple[list[Say], Outcome | None]:
    items = list(Dialogue(settings).answer(Intent(name, confidence), Turn(len(history), heard="...", language=language), history))
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
