"""The built-in ticket desk and the closing of a call, on both databases."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import OperationalError

from calls.agents import AgentLeg, Callback, CallbackState, Customer, Escalation, LegAnswer, WrapUp
from calls.call import CallRecord, CallSummary, Consent, Intent, Outcome, OutcomeKind, Question, Ticket, Turn, TurnRecord
from calls.errors import CrmError
from calls.handover import Directory
from calls.ports import Crm
from crm.desk import Desk
from records.closing import Closing
from records.journal import Journal
from tests import databases

database, migrated_file, migrated_postgres = databases.database, databases.migrated_file, databases.migrated_postgres
postgres_server = databases.postgres_server

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
SUMMARY = CallSummary("license_renewal", 0.93, "hi", "normal", "The licence has expired.")


def a_record(sid: str = "CA1", *turns: TurnRecord, direction: str = "inbound") -> CallRecord:
    return CallRecord(sid, direction, "+9144", "1800", "en", "completed", Consent.GIVEN, NOW, LATER, 300, None, turns)


def spoken(number: int, heard: str, *said: str, intent: str = "other", interrupted: bool = False) -> TurnRecord:
    return TurnRecord(number, heard, 0.9, "en", intent, 0.9, {}, said, Question.NONE, interrupted, 0, 0, {})


def summarize(record: CallRecord) -> CallSummary:
    return replace(SUMMARY, text=f"{len(record.turns)} turns")


@pytest.fixture
def desk(database: Engine) -> Desk:
    return Desk(database)


@pytest.fixture
def journal(database: Engine) -> Journal:
    return Journal(database, max_calls=5)


@pytest.fixture
def closing(journal: Journal, desk: Desk) -> Closing:
    return Closing(journal, summarize, desk)


# -- tickets --------------------------------------------------------------------
def test_a_call_becomes_a_ticket(desk: Desk) -> None:
    crm: Crm = desk
    filed = crm.file(a_record("CA1", spoken(0, "", "Hello.", intent="")), SUMMARY, now=NOW)
    expected = Ticket(
        "T-1001", "CA1", "+9144", "license_renewal", "normal", "hi", "open", "The licence has expired.", "Bot: Hello.", 0.93, NOW, NOW
    )
    assert filed == desk.ticket_of("CA1") == desk.ticket("T-1001") == expected


def test_filed_again_it_is_brought_up_to_date(desk: Desk) -> None:
    desk.file(a_record(), SUMMARY, now=NOW)
    again = desk.file(a_record("CA1", spoken(1, "data is lost")), CallSummary("data_corrupt", 0.8, "en", "high", "Lost."), now=LATER)
    assert (again.id, again.created_at, again.updated_at) == ("T-1001", NOW, LATER)
    assert (again.intent, again.confidence, again.language, again.priority, again.summary) == ("data_corrupt", 0.8, "en", "high", "Lost.")
    assert again.description == "Caller: data is lost"
    assert desk.recent() == [again]


def test_another_call_about_the_same_updates_the_open_ticket(desk: Desk) -> None:
    first = desk.file(replace(a_record("CA1", spoken(1, "hello", "hi")), caller="919812345678"), SUMMARY, now=NOW)
    second = replace(a_record("CA2", spoken(1, "me again", "hi")), caller="919812345678")
    again = desk.file(second, SUMMARY, now=LATER)
    assert again.id == first.id
    assert "Caller: hello" in again.description
    assert "Caller: me again" in again.description
    assert desk.ticket_of("CA1") == replace(again, call_sid="CA1")
    assert desk.file(second, SUMMARY, now=LATER).description == again.description
    assert [ticket.id for ticket in desk.recent()] == [first.id]


@pytest.mark.parametrize("caller", ["anonymous", "", "+0", "12345"])
def test_callers_without_a_number_are_many_people(desk: Desk, caller: str) -> None:
    tickets = {desk.file(replace(a_record(sid), caller=caller), SUMMARY, now=NOW).id for sid in ("CA1", "CA2")}
    assert len(tickets) == 2
    assert desk.open_ticket_of(caller) is None


def test_another_intent_or_a_closed_ticket_is_a_new_one(desk: Desk) -> None:
    first = desk.file(replace(a_record("CA1"), caller="919812345678"), SUMMARY, now=NOW)
    other = desk.file(replace(a_record("CA2"), caller="919812345678"), replace(SUMMARY, intent="gst_query"), now=NOW)
    assert other.id != first.id
    desk.change_status(first.id, "closed", now=NOW)
    assert desk.file(replace(a_record("CA3"), caller="919812345678"), SUMMARY, now=NOW).id not in (first.id, other.id)


def test_a_call_about_a_ticket_is_added_to_it_whatever_else_it_was(desk: Desk) -> None:
    first = desk.file(replace(a_record("CA1"), caller="919812345678"), SUMMARY, now=NOW)
    about = replace(a_record("CA2"), caller="919899999999", about_ticket=first.id)
    added = desk.file(about, replace(SUMMARY, intent="data_corrupt", priority="high"), now=LATER)
    assert (added.id, added.intent, added.phone, added.priority) == (first.id, SUMMARY.intent, "919812345678", "high")


def test_the_newest_open_ticket_of_a_caller(desk: Desk) -> None:
    desk.file(replace(a_record("CA1"), caller="919812345678"), SUMMARY, now=NOW)
    newer = desk.file(replace(a_record("CA2"), caller="919812345678"), replace(SUMMARY, intent="gst_query"), now=NOW)
    found = desk.open_ticket_of("919812345678")
    assert found is not None
    assert found.id == newer.id
    assert desk.open_ticket_of("919800000000") is None


def test_an_outbound_call_is_about_the_one_who_was_called(desk: Desk) -> None:
    assert desk.file(a_record(direction="outbound"), SUMMARY, now=NOW).phone == "1800"


def test_a_ticket_that_an_agent_closed_stays_closed(desk: Desk) -> None:
    ticket = desk.file(a_record(), SUMMARY, now=NOW)
    closed = desk.change_status(ticket.id, "closed", now=LATER)
    assert closed == replace(ticket, status="closed", updated_at=LATER)
    assert desk.file(a_record(), SUMMARY, now=LATER).status == "closed"


@pytest.mark.parametrize("unknown", ["T-1002", "T-", "1001", "T-٣", "T-1001x", "T-99999999999999999999", ""])
def test_no_such_ticket(desk: Desk, unknown: str) -> None:
    desk.file(a_record(), SUMMARY, now=NOW)
    assert (desk.ticket(unknown), desk.change_status(unknown, "closed", now=NOW), desk.ticket_of("CA2")) == (None, None, None)


def test_numbers_follow_each_other_and_the_newest_comes_first(desk: Desk) -> None:
    for number in range(4):
        desk.file(a_record(f"CA{number}"), SUMMARY, now=NOW)
    assert [ticket.id for ticket in desk.recent(limit=3)] == ["T-1004", "T-1003", "T-1002"]


def test_twenty_calls_at_once_get_twenty_numbers_without_a_gap(database: Engine) -> None:
    with ThreadPoolExecutor(20) as threads:
        filed = list(threads.map(lambda number: Desk(database).file(a_record(f"CA{number}"), SUMMARY, now=NOW), range(20)))
    assert sorted(ticket.id for ticket in filed) == [f"T-{number}" for number in range(1001, 1021)]


def test_one_call_filed_by_twenty_threads_is_one_ticket(database: Engine) -> None:
    desk = Desk(database)
    with ThreadPoolExecutor(20) as threads:
        filed = list(threads.map(lambda _: desk.file(a_record(), SUMMARY, now=NOW), range(20)))
    assert {ticket.id for ticket in filed} == {"T-1001"}
    assert desk.file(a_record("CA2"), SUMMARY, now=NOW).id == "T-1002"


# -- the description ------------------------------------------------------------
def test_what_no_caller_said_is_not_put_into_a_callers_mouth(desk: Desk) -> None:
    ticket = desk.file(a_record("CA1", spoken(1, "", "Are you still there?", intent="silence")), SUMMARY, now=NOW)
    assert ticket.description == "Caller: (silent)\nBot: Are you still there?"


def test_the_transcript_reads_speaker_by_speaker(desk: Desk) -> None:
    record = replace(
        a_record(
            "CA1",
            spoken(0, "", "Hello.", "How can I help?", intent=""),
            spoken(1, "my licence has expired", "Open the licence", interrupted=True),
            spoken(2, "", "Connecting you.", intent="transfer_to_human"),
            spoken(3, "", interrupted=True, intent=""),
        ),
        consent=Consent.DECLINED,
        outcome=Outcome(OutcomeKind.ESCALATED, "keypad"),
        escalations=(Escalation("agent", "busy", NOW), Escalation("", "completed", NOW)),
    )
    assert desk.file(record, SUMMARY, now=NOW).description.splitlines() == [
        "Bot: Hello. How can I help?",
        "Caller: my licence has expired",
        "Bot: Open the licence (interrupted)",
        "Caller: (pressed a key: transfer_to_human)",
        "Bot: Connecting you.",
        "Bot: (interrupted)",
        "Recording: declined by the caller",
        "Transfer to agent: busy",
        "Transfer to an agent: completed",
        "Outcome: escalated (keypad)",
    ]


@pytest.mark.parametrize("words", ["மீண்டும்", "हिन्दी में", "👩‍👩‍👧", "<img src=x onerror=alert(1)>", "क" * 200_000, "a\r\n\tb"])
def test_words_arrive_unchanged(desk: Desk, words: str) -> None:
    ticket = desk.file(a_record("CA1", spoken(1, words)), replace(SUMMARY, text=words), now=NOW)
    assert (ticket.description, ticket.summary) == (f"Caller: {words}", words)


def test_what_no_database_holds_is_taken_out(desk: Desk) -> None:
    assert desk.file(a_record("CA1", spoken(1, "a\0b\ud800c")), SUMMARY, now=NOW).description == "Caller: ab\ufffdc"


def test_the_transcript_tells_of_people(database: Engine) -> None:
    leg = AgentLeg("leg", "asha", "completed", 200, LegAnswer.ACCEPTED, NOW, NOW, NOW, NOW + timedelta(seconds=65))
    record = replace(
        a_record("CA1", spoken(1, "an agent")),
        customer=Customer("Ravi Kumar", "tally", "cust-7"),
        outcome=Outcome(OutcomeKind.TRANSFERRED, "asha"),
        escalations=(Escalation("helpdesk", "completed", NOW, LATER, legs=(leg,)),),
        callback=promised("CA1", NOW - timedelta(minutes=1)),
        wrap_up=said("CA1", note="All well."),
    )
    desk = Desk(database, Directory({"asha": "Asha"}, "Asia/Kolkata"))
    assert desk.file(record, SUMMARY, now=NOW).description.splitlines() == [
        "Caller: an agent",
        "Customer: Ravi Kumar, tally cust-7",
        "Transfer to helpdesk: Asha took the call and talked for 1 min 5 s",
        "Outcome: transferred (Asha)",
        "Call back promised until 2026-03-01 14:59 (Asia/Kolkata), OVERDUE",
        "Wrap-up: resolved (by Asha K)",
        "Agent's note: All well.",
    ]


# -- wrap-ups -------------------------------------------------------------------
def said(sid: str, resolution: str = "resolved", intent: str = "", *, at: datetime = LATER, note: str = "") -> WrapUp:
    return WrapUp(sid, "asha", "Asha K", resolution, intent, note, at)


def of_one_caller(sid: str, **changes: Any) -> CallRecord:
    return replace(a_record(sid), caller="919812345678", **changes)


GST, DATA = replace(SUMMARY, intent="gst_query"), replace(SUMMARY, intent="data_corrupt", confidence=1.0)


@pytest.mark.parametrize(("resolution", "status"), [("resolved", "closed"), ("follow_up", "pending")])
def test_a_wrap_up_corrects_the_ticket_and_moves_it(desk: Desk, resolution: str, status: str) -> None:
    desk.file(a_record(), SUMMARY, now=NOW)
    wrapped = replace(a_record(), wrap_up=said("CA1", resolution, "data_corrupt", note="Restored the backup."))
    ticket = desk.file(wrapped, DATA, now=LATER)
    assert (ticket.id, ticket.intent, ticket.confidence, ticket.status) == ("T-1001", "data_corrupt", 1.0, status)
    assert ticket.description.splitlines()[-2:] == ["Really about: data corrupt", "Agent's note: Restored the backup."]
    assert desk.file(wrapped, DATA, now=LATER + timedelta(hours=1)).intent == "data_corrupt"


def test_a_ticket_that_was_opened_again_is_not_closed_by_the_old_wrap_up(desk: Desk) -> None:
    wrapped = replace(a_record(), wrap_up=said("CA1"))
    assert desk.file(wrapped, SUMMARY, now=LATER).status == "closed"
    desk.change_status("T-1001", "open", now=LATER + timedelta(minutes=1))
    assert desk.file(wrapped, SUMMARY, now=LATER + timedelta(minutes=2)).status == "open"
    anew = replace(wrapped, wrap_up=said("CA1", "follow_up", at=LATER + timedelta(minutes=3)))
    assert desk.file(anew, SUMMARY, now=LATER + timedelta(minutes=3)).status == "pending"


def test_the_latest_correction_of_several_calls_counts(desk: Desk) -> None:
    first = of_one_caller("CA1")
    desk.file(first, GST, now=NOW)
    second = of_one_caller("CA2", about_ticket="T-1001", started_at=LATER)
    assert desk.file(second, SUMMARY, now=LATER).intent == "gst_query", "the second call changes nothing by itself"
    desk.file(replace(second, wrap_up=said("CA2", "follow_up", "data_corrupt")), DATA, now=LATER)
    ticket = desk.file(first, GST, now=LATER)
    assert (ticket.intent, ticket.confidence, ticket.status) == ("data_corrupt", 1.0, "pending")
    taken_back = desk.file(replace(second, wrap_up=said("CA2", "follow_up", at=LATER + timedelta(minutes=1))), SUMMARY, now=LATER)
    assert taken_back.intent == "gst_query", "the bot was right after all"


# -- promises -------------------------------------------------------------------
def promised(sid: str, due_at: datetime, **changes: Any) -> Callback:
    return replace(Callback(1, sid, "919812345678", "gst_query", "en", "no_agent", NOW - timedelta(hours=2), due_at), **changes)


def test_a_ticket_is_due_while_a_call_back_is_owed(desk: Desk) -> None:
    owed = replace(a_record(), callback=promised("CA1", LATER))
    ticket = desk.file(owed, SUMMARY, now=NOW)
    assert (ticket.due_at, ticket.priority) == (LATER, "normal")
    kept = replace(owed, callback=promised("CA1", LATER, state=CallbackState.KEPT, settled_at=NOW))
    assert desk.file(kept, SUMMARY, now=NOW).due_at is None


def test_of_several_promises_the_earliest_is_due(desk: Desk) -> None:
    first, second = of_one_caller("CA1", callback=promised("CA1", LATER)), of_one_caller("CA2", callback=promised("CA2", NOW))
    desk.file(first, SUMMARY, now=NOW)
    assert desk.file(second, SUMMARY, now=NOW).due_at == NOW
    assert desk.file(of_one_caller("CA3"), SUMMARY, now=NOW).due_at == NOW, "a third call is owed nothing, and forgets nothing"
    kept = replace(second, callback=promised("CA2", NOW, state=CallbackState.KEPT, settled_at=NOW))
    assert desk.file(kept, SUMMARY, now=NOW).due_at == LATER


def test_a_broken_promise_is_urgent_until_it_is_kept(desk: Desk) -> None:
    late = replace(a_record(), callback=promised("CA1", NOW))
    assert desk.file(late, SUMMARY, now=NOW).priority == "normal"
    assert desk.file(late, SUMMARY, now=LATER).priority == "high"


def test_tickets_are_made_urgent_once(desk: Desk) -> None:
    for number in range(3):
        desk.file(a_record(f"CA{number}"), SUMMARY, now=NOW)
    desk.change_status("T-1003", "closed", now=NOW)
    assert desk.make_urgent(["CA0", "CA2", "CA9"], now=LATER) == ["CA0"]
    assert desk.make_urgent(["CA0", "CA2", "CA9"], now=LATER) == []
    assert desk.make_urgent([], now=LATER) == []
    assert [(ticket.id, ticket.priority) for ticket in desk.recent()] == [("T-1003", "normal"), ("T-1002", "normal"), ("T-1001", "high")]


# -- closing --------------------------------------------------------------------
def call(journal: Journal, status: str, outcome: Outcome | None, turns: int = 0) -> None:
    journal.call_started(sid="CA1", direction="inbound", caller="+9144", called="1800", language="en", now=NOW)
    for number in range(turns):
        journal.turn_finished("CA1", Turn(number, "hello", intent=Intent("other")))
    if outcome:
        journal.call_ended("CA1", outcome, now=NOW)
    journal.status_changed("CA1", status, now=NOW)


def test_a_closed_call_leaves_its_ticket(journal: Journal, closing: Closing, desk: Desk) -> None:
    call(journal, "completed", Outcome(OutcomeKind.FINISHED), turns=2)
    ticket = closing.close("CA1", now=LATER)
    assert ticket is not None
    assert (ticket.summary, ticket.phone, ticket.created_at) == ("2 turns", "+9144", LATER)
    assert ticket.description == "Caller: hello\nCaller: hello\nOutcome: finished"
    assert desk.recent() == [ticket]


def test_closing_from_several_threads_leaves_one_ticket(journal: Journal, closing: Closing, desk: Desk) -> None:
    call(journal, "completed", Outcome(OutcomeKind.FINISHED), turns=1)
    with ThreadPoolExecutor(8) as threads:
        closed = list(threads.map(lambda _: closing.close("CA1", now=LATER), range(8)))
    assert closed == [desk.ticket_of("CA1")] * 8
    assert len(desk.recent()) == 1


def test_no_ticket_is_made_of_half_a_conversation(journal: Journal, closing: Closing) -> None:
    call(journal, "completed", None, turns=1)
    journal.alive("CA1", now=NOW)
    assert closing.close("CA1", now=NOW) is None
    journal.call_ended("CA1", Outcome(OutcomeKind.HUNG_UP), now=LATER)
    assert closing.close("CA1", now=LATER) is not None


def test_closing_again_tells_of_what_came_since(journal: Journal, closing: Closing) -> None:
    call(journal, "in-progress", Outcome(OutcomeKind.ESCALATED, "asked"))
    closing.close("CA1", now=NOW)
    journal.call_ended("CA1", Outcome(OutcomeKind.TRANSFERRED), now=LATER)
    ticket = closing.close("CA1", now=LATER)
    assert ticket is not None
    assert (ticket.id, ticket.description) == ("T-1001", "Outcome: transferred")


@pytest.mark.parametrize(
    ("status", "outcome", "turns", "leaves_one"),
    [
        ("no-answer", None, 0, False),
        ("no-answer", Outcome(OutcomeKind.HUNG_UP), 0, False),
        ("busy", None, 0, False),
        ("failed", None, 0, False),
        ("completed", None, 0, True),
        ("completed", Outcome(OutcomeKind.HUNG_UP), 0, True),
        ("failed", None, 1, True),
        ("no-answer", Outcome(OutcomeKind.CALLBACK), 0, True),
    ],
)
def test_every_answered_call_leaves_a_ticket(
    journal: Journal, closing: Closing, status: str, outcome: Outcome | None, turns: int, leaves_one: bool
) -> None:
    call(journal, status, outcome, turns)
    assert (closing.close("CA1", now=NOW) is not None) is leaves_one


def test_an_unknown_call_leaves_none(closing: Closing, desk: Desk) -> None:
    assert closing.close("CA1", now=NOW) is None
    assert desk.recent() == []


def test_a_desk_that_refuses_is_logged_and_told(database: Engine, caplog: pytest.LogCaptureFixture) -> None:
    journal = Journal(database, max_calls=5)
    journal.turn_finished("CA1", Turn(1, "my secret words"))
    without_tables = create_engine("sqlite://")
    with pytest.raises(CrmError) as caught, caplog.at_level(logging.ERROR):
        Closing(journal, summarize, Desk(without_tables)).close("CA1", now=NOW)
    without_tables.dispose()
    assert isinstance(caught.value.__cause__, OperationalError)
    (line,) = caplog.records
    assert (line.getMessage(), vars(line)["call_sid"], vars(line)["error"]) == ("the ticket could not be filed", "CA1", "OperationalError")
    assert line.exc_info is None
