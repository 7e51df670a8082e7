"""What became of a call between the bot and people, as tickets and notes tell it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from calls.agents import AgentLeg, Callback, CallbackState, Customer, Escalation, LegAnswer, WrapUp
from calls.handover import Directory, callback_line, customer_line, taken_by, transfer_line, wrap_up_lines
from calls.settings import load

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
PEOPLE = Directory({"asha": "Asha", "ravi": "Ravi"}, "Asia/Kolkata")
PROMISE = Callback(7, "CA1", "+919812345678", "gst_query", "hi", "no_agent", NOW, NOW + timedelta(hours=2))
KEPT = replace(PROMISE, state=CallbackState.KEPT, settled_at=NOW + timedelta(hours=1), agent="asha.k", note="was\nhappy")


def leg(agent: str, answer: LegAnswer = LegAnswer.NONE, state: str = "completed", talked_s: int | None = None) -> AgentLeg:
    accepted = NOW if answer is LegAnswer.ACCEPTED else None
    ended = NOW + timedelta(seconds=talked_s) if talked_s is not None else NOW
    return AgentLeg(f"leg-{agent}", agent, state, 200, answer, NOW, NOW, accepted, ended)


def rang(*legs: AgentLeg, state: str = "completed", target: str = "helpdesk", goes_on: bool = False) -> Escalation:
    return Escalation(target, state, NOW, None if goes_on else NOW + timedelta(minutes=5), legs=legs)


TAKEN = leg("asha", LegAnswer.ACCEPTED, talked_s=200)
TRIES: list[tuple[Escalation, str]] = [
    (rang(TAKEN), "Asha took the call and talked for 3 min 20 s"),
    (rang(TAKEN, leg("ravi", state="no-answer")), "Asha took the call and talked for 3 min 20 s"),
    (rang(leg("ravi", LegAnswer.DECLINED), TAKEN), "Asha took the call and talked for 3 min 20 s; Ravi declined"),
    (rang(leg("asha", LegAnswer.DECLINED), state="in-progress"), "Asha declined"),
    (rang(leg("asha", LegAnswer.BRIEFED)), "Asha answered, and did not take the call"),
    (rang(leg("asha", LegAnswer.ACCEPTED), state="failed"), "Asha accepted, and the call was not put through"),
    (rang(leg("asha", LegAnswer.ACCEPTED), state="dialling", goes_on=True), "Asha accepted, and goes on"),
    (rang(leg("asha", state="busy"), leg("ravi", state="no-answer"), state="busy"), "Asha was busy; Ravi did not answer"),
    (rang(leg("gone", state="failed"), state="failed"), "gone was not reached (failed)"),
    (rang(leg("switchboard", state="no-answer"), state="no-answer"), "the switchboard did not answer"),
    (rang(leg("", LegAnswer.ACCEPTED, talked_s=5)), "an agent took the call and talked for 0 min 5 s"),
    (rang(replace(leg("asha"), ended_at=None), state="dialling", goes_on=True), "Asha is being rung"),
    (rang(state="no-answer"), "no-answer"),
]


@pytest.mark.parametrize(("escalation", "told"), TRIES, ids=[told for _, told in TRIES])
def test_a_try_says_what_each_agent_said(escalation: Escalation, told: str) -> None:
    assert transfer_line(escalation, PEOPLE) == f"Transfer to helpdesk: {told}"


def test_who_talked_is_told_only_of_a_call_that_was_put_through() -> None:
    told = [bool(taken_by(escalation, PEOPLE)) for escalation, _ in TRIES]
    assert told == ["took the call" in words for _, words in TRIES]


PROMISES: list[tuple[Callback, timedelta, str]] = [
    (PROMISE, timedelta(), "until 2026-03-01 17:00 (Asia/Kolkata)"),
    (PROMISE, timedelta(hours=2), "until 2026-03-01 17:00 (Asia/Kolkata)"),
    (PROMISE, timedelta(hours=3), "until 2026-03-01 17:00 (Asia/Kolkata), OVERDUE"),
    (
        replace(PROMISE, state=CallbackState.CLAIMED, agent="asha.k"),
        timedelta(hours=3),
        "until 2026-03-01 17:00 (Asia/Kolkata), OVERDUE, asha.k is on it",
    ),
    (KEPT, timedelta(days=9), "until 2026-03-01 17:00 (Asia/Kolkata), kept 2026-03-01 16:00 (Asia/Kolkata): was happy"),
    (
        replace(KEPT, state=CallbackState.DROPPED, note=""),
        timedelta(days=9),
        "until 2026-03-01 17:00 (Asia/Kolkata), dropped 2026-03-01 16:00 (Asia/Kolkata)",
    ),
]


@pytest.mark.parametrize(("promise", "later", "told"), PROMISES)
def test_a_promise_is_told_by_the_clock_of_those_who_keep_it(promise: Callback, later: timedelta, told: str) -> None:
    assert callback_line(promise, PEOPLE, NOW + later) == f"Call back promised {told}"
    assert "OVERDUE" not in callback_line(promise, PEOPLE, None)


def test_the_settings_know_the_names_and_the_clock() -> None:
    directory = Directory.of(load(Path(__file__).parents[1] / "jambonz-app.json").escalation)
    assert directory.name_of("asha") == "Asha"
    assert directory.time_zone == "Asia/Kolkata"
    assert Directory().local(NOW) == "2026-03-01 09:30 (UTC)"


def test_a_customer_is_told_with_what_is_known() -> None:
    known = Customer("Ravi Kumar", "tally", "cust-7", "2026-04-01")
    assert customer_line(known) == "Customer: Ravi Kumar, tally cust-7, licence until 2026-04-01"
    assert customer_line(Customer("", "hubspot", "77")) == "Customer: hubspot 77"


def test_a_wrap_up_is_told_in_full() -> None:
    wrap_up = WrapUp("CA1", "asha", "Asha K", "follow_up", "data_corrupt", "Send the\nbackup tool.", NOW)
    assert wrap_up_lines(wrap_up) == [
        "Wrap-up: to be followed up (by Asha K)",
        "Really about: data corrupt",
        "Agent's note: Send the\nbackup tool.",
    ]
    assert wrap_up_lines(replace(wrap_up, resolution="resolved", intent="", note="", person="")) == ["Wrap-up: resolved"]
