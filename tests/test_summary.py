"""What an agent reads of a call."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from calls.agents import AgentLeg, Callback, CallbackState, Customer, Escalation, LegAnswer, WrapUp
from calls.call import CallRecord, Consent, Outcome, OutcomeKind, Question, TurnRecord
from calls.settings import load
from calls.urgency import Signal, in_words
from nlu.sentences import split
from nlu.summary import Summarizer

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def summarize() -> Summarizer:
    return Summarizer(load(Path(__file__).parents[1] / "jambonz-app.json"))


def turn(number: int, heard: str, intent: str, confidence: float = 0.95, **changes: Any) -> TurnRecord:
    facts: dict[str, Any] = {
        "number": number,
        "heard": heard,
        "heard_confidence": 0.9,
        "language": "en",
        "intent": intent,
        "intent_confidence": confidence,
        "slots": {},
        "said": ("Please copy the folder.", "Anything else?"),
        "asked": Question.ANYTHING_ELSE,
        "interrupted": False,
        "began_ms": number * 1000,
        "ended_ms": number * 1000 + 500,
        "timings": {},
    }
    return TurnRecord(**{**facts, **changes})


def call(*turns: TurnRecord, outcome: Outcome | None = None, **changes: Any) -> CallRecord:
    facts: dict[str, Any] = {
        "sid": "c1",
        "direction": "inbound",
        "caller": "+919876543210",
        "called": "1800",
        "language": "en",
        "status": "completed",
        "consent": Consent.GIVEN,
        "started_at": NOON,
        "ended_at": NOON,
        "duration_s": 60,
        "outcome": outcome,
        "turns": (turn(0, "", "", 0.0), *turns),
    }
    return CallRecord(**{**facts, **changes})


FINISHED = Outcome(OutcomeKind.FINISHED, "goodbye")


def test_who_called_about_what_and_how_it_ended(summarize: Summarizer) -> None:
    summary = summarize(call(turn(1, "my data is gone", "data_corrupt"), turn(2, "no thank you", "goodbye"), outcome=FINISHED))
    assert (summary.intent, summary.priority, summary.confidence, summary.language) == ("data_corrupt", "high", 0.95, "en")
    assert summary.text == (
        '+919876543210 called about data corrupt: "my data is gone". The bot answered: "Please copy the folder." '
        "The caller finished the call with the bot."
    )


def test_the_urgent_wish_comes_before_a_later_one(summarize: Summarizer) -> None:
    summary = summarize(call(turn(1, "data lost", "data_corrupt", 0.7), turn(2, "renew my licence", "license_renewal"), outcome=FINISHED))
    assert (summary.intent, summary.confidence) == ("data_corrupt", 0.7)


def test_the_latest_of_equal_wishes_counts(summarize: Summarizer) -> None:
    summary = summarize(call(turn(1, "gst", "gst_query"), turn(2, "i want a demo", "training"), outcome=FINISHED))
    assert summary.intent == "training"
    assert "i want a demo" in summary.text


def test_what_was_hardly_understood_is_no_wish(summarize: Summarizer) -> None:
    summary = summarize(
        call(turn(1, "my data mumble", "data_corrupt", 0.3), turn(2, "renew my licence", "license_renewal"), outcome=FINISHED)
    )
    assert summary.intent == "license_renewal"


def test_a_wish_is_kept_when_the_caller_then_wants_a_human(summarize: Summarizer) -> None:
    outcome = Outcome(OutcomeKind.ESCALATED, "transfer_to_human")
    summary = summarize(call(turn(1, "gst mismatch", "gst_query"), turn(2, "agent", "transfer_to_human"), outcome=outcome))
    assert summary.intent == "gst_query"
    assert summary.text.endswith("The caller asked for a person.")


def test_only_a_human_was_wanted(summarize: Summarizer) -> None:
    summary = summarize(call(turn(1, "an agent please", "transfer_to_human"), outcome=Outcome(OutcomeKind.ESCALATED, "transfer_to_human")))
    assert summary.intent == "transfer_to_human"
    assert 'wanted to speak to a person: "an agent please"' in summary.text


def test_not_understood_at_all_quotes_the_last_words_that_mean_something(summarize: Summarizer) -> None:
    outcome = Outcome(OutcomeKind.ESCALATED, "not_understood")
    summary = summarize(call(turn(1, "the cheque format is bad", "other", 0.2), turn(2, "hm", "other", 0.0), outcome=outcome))
    assert (summary.intent, summary.priority) == ("transfer_to_human", "normal")
    assert '"the cheque format is bad"' in summary.text
    assert "did not understand" in summary.text


def test_nothing_understood_and_hung_up_is_other(summarize: Summarizer) -> None:
    summary = summarize(call(turn(1, "blah", "other", 0.1), outcome=Outcome(OutcomeKind.HUNG_UP)))
    assert (summary.intent, summary.confidence) == ("other", 0.0)
    assert "hung up" in summary.text


def test_a_call_without_a_word(summarize: Summarizer) -> None:
    summary = summarize(call(caller="", outcome=None, turns=(), ended_at=NOON))
    assert summary.intent == "other"
    assert summary.text.startswith("A caller with a hidden number called")


def test_a_long_speech_is_cut_at_a_word_and_quotes_do_not_break_out(summarize: Summarizer) -> None:
    summary = summarize(call(turn(1, 'my "gst" return ' + "very " * 100, "gst_query"), outcome=FINISHED))
    assert "\"my 'gst' return very" in summary.text
    assert len(summary.text) < 420


def test_says_when_the_answer_was_not_heard(summarize: Summarizer) -> None:
    assert "did not hear" in summarize(call(turn(1, "gst error", "gst_query", said=()), outcome=FINISHED)).text
    assert "interrupted" in summarize(call(turn(1, "gst error", "gst_query", interrupted=True), outcome=FINISHED)).text


@pytest.mark.parametrize(
    ("state", "words"), [("completed", "An agent spoke to them."), ("no-answer", "please call back"), ("dialling", "It is ringing now.")]
)
def test_says_whether_an_agent_was_reached(summarize: Summarizer, state: str, words: str) -> None:
    escalations = (Escalation("agent", state, NOON),)
    record = call(turn(1, "agent", "transfer_to_human"), outcome=Outcome(OutcomeKind.ESCALATED, "offered"), escalations=escalations)
    assert words in summarize(record).text


@pytest.mark.parametrize("kind", list(OutcomeKind))
def test_every_ending_has_words(summarize: Summarizer, kind: OutcomeKind) -> None:
    text = summarize(call(turn(1, "gst error", "gst_query"), outcome=Outcome(kind, "some_reason"))).text
    assert 3 <= len(split(text)) <= 4
    assert text.endswith(".")


# -- what people did --------------------------------------------------------------
def taken(agent: str, *, seconds: int = 200, state: str = "completed") -> Escalation:
    end = NOON + timedelta(seconds=seconds)
    leg = AgentLeg("leg", agent, "completed", 200, LegAnswer.ACCEPTED, NOON, NOON, NOON, end)
    return Escalation("helpdesk", state, NOON, end, legs=(leg,))


def test_says_who_took_the_call_and_for_how_long(summarize: Summarizer) -> None:
    record = call(turn(1, "agent", "transfer_to_human"), outcome=Outcome(OutcomeKind.TRANSFERRED, "asha"), escalations=(taken("asha"),))
    assert summarize(record).text.endswith("Asha took the call and talked for 3 min 20 s.")


def test_an_agent_who_hung_up_in_the_briefing_took_nothing(summarize: Summarizer) -> None:
    leg = AgentLeg("leg", "asha", "completed", 200, LegAnswer.BRIEFED, NOON)
    tries = (Escalation("helpdesk", "completed", NOON, NOON, legs=(leg,)),)
    record = call(turn(1, "agent", "transfer_to_human"), outcome=Outcome(OutcomeKind.ESCALATED, "offered"), escalations=tries)
    assert summarize(record).text.endswith("No agent was reached (not taken): please call back.")
    declined = replace(tries[0], state="in-progress", legs=(replace(leg, answer=LegAnswer.DECLINED),))
    assert "(declined)" in summarize(replace(record, escalations=(declined,))).text


def test_says_until_when_to_call_back_and_whether_it_was_done(summarize: Summarizer) -> None:
    promise = Callback(1, "c1", "+919876543210", "gst_query", "en", "no_agent", NOON, NOON + timedelta(hours=1))
    record = call(turn(1, "gst", "gst_query"), outcome=Outcome(OutcomeKind.CALLBACK), callback=promise)
    assert "please call back until 2026-05-04 18:30 (Asia/Kolkata)." in summarize(record).text
    kept = replace(promise, state=CallbackState.KEPT, settled_at=NOON)
    assert summarize(replace(record, callback=kept)).text.endswith("the caller was called back.")
    dropped = replace(kept, state=CallbackState.DROPPED)
    assert summarize(replace(record, callback=dropped)).text.endswith("the promised call back was dropped.")


def test_an_agent_knows_better_than_the_bot(summarize: Summarizer) -> None:
    record = call(turn(1, "it is all gone", "gst_query", 0.7), outcome=Outcome(OutcomeKind.TRANSFERRED), escalations=(taken("asha"),))
    corrected = summarize(replace(record, wrap_up=WrapUp("c1", "asha", "Asha", "resolved", "data_corrupt", "Restored.", NOON)))
    assert (corrected.intent, corrected.confidence, corrected.priority) == ("data_corrupt", 1.0, "high")
    assert 'called about gst query: "it is all gone"' in corrected.text, "what the bot answered was about that"
    assert corrected.text.endswith("Wrapped up as resolved, really about data corrupt.")
    agreed = summarize(replace(record, wrap_up=WrapUp("c1", "asha", "Asha", "follow_up", "", "", NOON)))
    assert (agreed.intent, agreed.confidence) == ("gst_query", 0.7)
    assert agreed.text.endswith("Wrapped up as to be followed up.")


# -- who, and what they gave ------------------------------------------------------
def test_says_who_calls_where_a_crm_knows_the_number(summarize: Summarizer) -> None:
    record = call(turn(1, "gst error", "gst_query"), outcome=FINISHED, customer=Customer(name="Ravi Traders"))
    assert summarize(record).text.startswith('Ravi Traders (+919876543210) called about gst query: "gst error".')
    hidden = summarize(replace(record, caller="")).text
    assert hidden.startswith("Ravi Traders (hidden number) called")


def test_gives_what_the_caller_gave_as_last_said(summarize: Summarizer) -> None:
    record = call(
        turn(1, "renew it", "license_renewal", slots={"serial": "712345678", "nearest": "training"}),
        turn(2, "no, seven one three", "details", slots={"serial": "713345678"}),
        outcome=FINISHED,
    )
    assert 'called about license renewal: "renew it" (serial 713345678).' in summarize(record).text


def test_names_a_second_wish_of_the_same_breath(summarize: Summarizer) -> None:
    also = ("training", "transfer_to_human", "no_more_in_the_file")
    record = call(turn(1, "gst, and a demo", "gst_query", also=also), outcome=FINISHED)
    assert 'called about gst query and training: "gst, and a demo".' in summarize(record).text


def test_quotes_the_caller_in_the_callers_script_and_is_english_else(summarize: Summarizer) -> None:
    summary = summarize(call(turn(1, "டேட்டா போய்விட்டது", "data_corrupt", language="ta", signals=("data_loss",)), outcome=FINISHED))
    assert summary.language == "ta"
    assert '+919876543210 called about data corrupt: "டேட்டா போய்விட்டது".' in summary.text
    assert summary.text.replace("டேட்டா போய்விட்டது", "").isascii()


# -- what was tried ---------------------------------------------------------------
BACKUP = turn(
    1, "how do i take a backup", "data_corrupt", faq="take_backup", asked=Question.SOLVED, said=("Press Alt and Y.", "Did that help?")
)


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (turn(2, "yes", "yes"), 'The bot answered from the FAQ: "Press Alt and Y."; the caller said that it helped.'),
        (turn(2, "no", "no"), 'The bot answered from the FAQ: "Press Alt and Y."; the caller said that it did not help.'),
        (turn(2, "bye", "goodbye"), 'The bot answered from the FAQ: "Press Alt and Y."'),
    ],
)
def test_says_whether_an_answer_from_the_faq_helped(summarize: Summarizer, reply: TurnRecord, told: str) -> None:
    text = summarize(call(BACKUP, reply, outcome=FINISHED)).text
    assert f"{told} The caller finished the call with the bot." in text


def test_a_question_that_belongs_to_no_intent_is_no_misunderstanding(summarize: Summarizer) -> None:
    hours = turn(1, "are you open on sunday", "other", 0.9, faq="support_hours", asked=Question.SOLVED, said=("Until Saturday.",))
    summary = summarize(call(hours, turn(2, "yes", "yes"), outcome=FINISHED))
    assert (summary.intent, summary.confidence, summary.priority) == ("other", 0.9, "normal")
    assert summary.text == (
        '+919876543210 called and asked a question: "are you open on sunday". The bot answered from the FAQ: "Until Saturday."; '
        "the caller said that it helped. The caller finished the call with the bot."
    )


def test_the_answer_after_the_slots_is_the_answer(summarize: Summarizer) -> None:
    asks = turn(1, "renew it", "license_renewal", asked=Question.SLOT, asked_slot="serial", said=("Your serial number?",))
    reads = turn(2, "7 1 2", "details", asked=Question.CONFIRM_SLOT, asked_slot="serial", said=("7 1 2, right?",))
    answers = turn(3, "yes", "yes", said=("Press F1.", "Anything else?"))
    assert 'The bot answered: "Press F1."' in summarize(call(asks, reads, answers, outcome=FINISHED)).text
    left = summarize(call(asks, reads, outcome=Outcome(OutcomeKind.HUNG_UP))).text
    assert "The bot gave no answer yet: it was asking for the serial. The caller hung up before the end." in left


def test_keyed_digits_are_no_words_to_quote(summarize: Summarizer) -> None:
    keyed = turn(2, "7 1 2 3", "other", 0.1, keyed=True)
    assert '"the cheque is bad"' in summarize(call(turn(1, "the cheque is bad", "other", 0.2), keyed, outcome=FINISHED)).text


# -- urgency ----------------------------------------------------------------------
@pytest.mark.parametrize("signal", [*Signal])
def test_what_needs_care_raises_the_priority_and_says_why(summarize: Summarizer, signal: Signal) -> None:
    summary = summarize(call(turn(1, "gst error", "gst_query", signals=(signal.value,)), outcome=FINISHED))
    asked_only = signal is Signal.ASKED_FOR_HUMAN
    assert summary.priority == ("normal" if asked_only else "high")
    reason = f"{'Take care' if asked_only else 'Urgent'}: {in_words([signal.value])}."
    assert f"{reason} The caller finished the call with the bot." in summary.text


def test_signals_of_all_turns_count_once(summarize: Summarizer) -> None:
    turns = (turn(1, "gst", "gst_query", signals=("anger",)), turn(2, "no", "no", signals=("anger", "deadline")))
    assert "Urgent: angry; a deadline is near." in summarize(call(*turns, outcome=FINISHED)).text


# -- in a language model's words --------------------------------------------------
def test_a_models_summary_replaces_the_words_and_not_the_ending(summarize: Summarizer) -> None:
    promise = Callback(1, "c1", "+919876543210", "gst_query", "en", "no_agent", NOON, NOON + timedelta(hours=1))
    record = call(turn(1, "gst", "gst_query", signals=("anger",)), outcome=Outcome(OutcomeKind.CALLBACK), callback=promise)
    summary = summarize(replace(record, summary="Ravi can not file\nGSTR-1 "))
    assert (summary.intent, summary.priority) == ("gst_query", "high")
    assert summary.text == (
        "Ravi can not file GSTR-1. Urgent: angry. Nobody could take the call: please call back until 2026-05-04 18:30 (Asia/Kolkata)."
    )
    assert summarize(replace(record, summary="  ")).text == summarize(record).text
