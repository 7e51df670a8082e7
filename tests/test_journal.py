"""The journal on both databases: calls, slots, outcomes, statuses in any order, transfers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from calls.agents import Customer, LegAnswer
from calls.call import CallEnd, Consent, Intent, Outcome, OutcomeKind, Question, Timings, Turn
from calls.ports import Journal as JournalPort
from records.journal import Journal
from tests import databases

database, migrated_file, migrated_postgres = databases.database, databases.migrated_file, databases.migrated_postgres
postgres_server = databases.postgres_server

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
FINISHED = Outcome(OutcomeKind.FINISHED, "goodbye")
HUNG_UP = Outcome(OutcomeKind.HUNG_UP)
INDIA = timezone(timedelta(hours=5, minutes=30))


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def journal(database: Engine) -> Journal:
    return Journal(database, max_calls=5)


def start(journal: Journal, sid: str, now: datetime = NOW) -> bool:
    return journal.call_started(sid=sid, direction="inbound", caller="+9144", called="1800", language="en", now=now)


def a_turn(number: int = 1, heard: str = "मेरा लाइसेंस 😀 <b>", said: tuple[str, ...] = ("One.", "Two.")) -> Turn:
    intent = Intent("license_renewal", 0.93, {"serial": "७४"})
    return Turn(number, heard, 0.8, "hi", intent, list(said), Question.ANYTHING_ELSE, 1200, 2400, Timings(endpoint=450, reply=700))


# -- the call -------------------------------------------------------------------
def test_it_is_the_journal_that_a_conversation_asks_for(journal: Journal) -> None:
    port: JournalPort = journal
    port.alive("CA1", now=NOW)
    assert journal.record("CA1") is not None


def test_a_call_is_kept_as_it_was(journal: Journal) -> None:
    start(journal, "CA1", now=NOW.astimezone(INDIA))
    journal.turn_finished("CA1", Turn(0, said=["Hello."]))
    turn = a_turn()
    turn.interrupted.set()
    journal.turn_finished("CA1", turn)
    record = journal.record("CA1")
    assert record is not None
    assert (record.direction, record.caller, record.called, record.language) == ("inbound", "+9144", "1800", "en")
    assert (record.started_at, record.started_at.tzinfo, record.outcome, record.consent) == (NOW, UTC, None, Consent.GIVEN)
    greeting, kept = record.turns
    assert (greeting.number, greeting.heard, greeting.intent, greeting.interrupted) == (0, "", "", False)
    assert (kept.heard, kept.said, kept.interrupted, kept.asked) == ("मेरा लाइसेंस 😀 <b>", ("One.", "Two."), True, Question.ANYTHING_ELSE)
    assert (kept.intent, kept.intent_confidence, kept.slots) == ("license_renewal", 0.93, {"serial": "७४"})
    assert (kept.heard_confidence, kept.language, kept.began_ms, kept.ended_ms) == (0.8, "hi", 1200, 2400)
    assert kept.timings == {"endpoint": 450, "reply": 700}


def test_a_turn_written_again_replaces_itself(journal: Journal) -> None:
    start(journal, "CA1")
    journal.turn_finished("CA1", a_turn(said=("One.", "Two.")))
    journal.turn_finished("CA1", a_turn(said=("One.",)))
    record = journal.record("CA1")
    assert record is not None
    assert [turn.said for turn in record.turns] == [("One.",)]


def test_who_tells_the_end_of_a_call_learns_how_it_ended(journal: Journal) -> None:
    assert journal.status_changed("CA1", "completed", now=NOW) == CallEnd(None, handed_over=False), "never heard of before"
    start(journal, "CA2")
    assert journal.status_changed("CA2", "in-progress", now=NOW) is None
    journal.call_ended("CA2", Outcome(OutcomeKind.ESCALATED, "asked"), now=NOW)
    journal.escalation_started("CA2", "asha", NOW, agents=["asha"])
    ended = CallEnd(Outcome(OutcomeKind.ESCALATED, "asked"), handed_over=True)
    assert journal.status_changed("CA2", "completed", now=NOW) == ended
    assert journal.status_changed("CA2", "in-progress", now=NOW) is None, "late, and no news"
    assert journal.status_changed("CA2", "completed", now=NOW) == ended, "told twice"


@pytest.mark.parametrize("words", ["நன்றி", "👩‍👩‍👧", "<script>alert('x')</script>", "ab" * 100_000, "a\r\n\tb", "''; DROP TABLE calls"])
def test_words_arrive_unchanged(journal: Journal, words: str) -> None:
    journal.turn_finished("CA1", a_turn(heard=words, said=(words,)))
    record = journal.record("CA1")
    assert record is not None
    assert (record.turns[0].heard, record.turns[0].said) == (words, (words,))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(st.characters(exclude_categories=[])))
def test_what_no_database_holds_is_taken_out(journal: Journal, words: str) -> None:
    """NUL goes, a half of a surrogate pair becomes U+FFFD, and the rest stays."""
    kept = "".join("\ufffd" if 0xD800 <= ord(each) < 0xE000 else each for each in words if each != "\0")
    turn = a_turn(heard=words, said=(words,))
    turn.intent = Intent("other", 1.0, {words: words})
    journal.turn_finished("CA1", turn)
    record = journal.record("CA1")
    assert record is not None
    stored = record.turns[0]
    assert (stored.heard, stored.said, stored.slots) == (kept, (kept,), {kept: kept})


def test_consent_once_declined_stays_declined(journal: Journal) -> None:
    journal.consent_declined("CA1")
    start(journal, "CA1")
    journal.consent_declined("CA1")
    record = journal.record("CA1")
    assert record is not None
    assert (record.consent, record.caller) == (Consent.DECLINED, "+9144")


def test_an_unknown_call_has_no_record(journal: Journal) -> None:
    assert (journal.record("CA1"), journal.outcome("CA1"), journal.recent()) == (None, None, [])


def test_the_newest_calls_come_first(journal: Journal) -> None:
    for minute, sid in enumerate(["CA1", "CA2", "CA3"]):
        start(journal, sid, now=later(60 * minute))
        journal.turn_finished(sid, a_turn(heard=sid))
    assert [record.sid for record in journal.recent(limit=2)] == ["CA3", "CA2"]
    assert [record.turns[0].heard for record in journal.recent()] == ["CA3", "CA2", "CA1"]


# -- slots ----------------------------------------------------------------------
def test_as_many_calls_as_there_are_slots(journal: Journal) -> None:
    assert [start(journal, f"CA{number}") for number in range(6)] == [True] * 5 + [False]
    assert journal.active(NOW) == 5
    assert journal.record("CA5") is not None


def test_the_same_call_takes_one_slot(journal: Journal) -> None:
    assert [start(journal, "CA1") for _ in range(8)] == [True] * 8
    assert journal.active(NOW) == 1


@pytest.mark.parametrize("sids", [[f"CA{number}" for number in range(20)], [f"CA{number % 10}" for number in range(20)]])
def test_slots_are_reserved_atomically(database: Engine, sids: list[str]) -> None:
    doors = [Journal(database, max_calls=5) for _ in sids]
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(start, doors, sids))
    assert len({sid for sid, answer in zip(sids, answers, strict=True) if answer}) == 5
    assert doors[0].active(NOW) == 5


def test_a_slot_is_given_back_when_the_bot_is_done(journal: Journal) -> None:
    start(journal, "CA1")
    journal.call_ended("CA1", FINISHED, now=later(1))
    journal.alive("CA1", later(2))
    assert journal.active(later(2)) == 0


def test_a_slot_outlives_its_process_by_one_lease(journal: Journal) -> None:
    start(journal, "CA1")
    assert (journal.active(later(29)), journal.active(later(30))) == (1, 0)


def test_a_heartbeat_keeps_the_slot(journal: Journal) -> None:
    start(journal, "CA1")
    journal.alive("CA1", later(20))
    assert (journal.active(later(49)), journal.active(later(50))) == (1, 0)


def test_a_heartbeat_takes_no_slot(journal: Journal) -> None:
    for number in range(6):
        start(journal, f"CA{number}")
    journal.alive("CA5", later(1))
    assert journal.active(later(1)) == 5


def test_a_call_whose_bot_comes_back_may_have_a_slot_again(journal: Journal) -> None:
    start(journal, "CA1")
    journal.call_ended("CA1", Outcome(OutcomeKind.CALLBACK), now=later(1))
    assert start(journal, "CA1", now=later(2))
    assert journal.active(later(2)) == 1


# -- outcomes and statuses ------------------------------------------------------
@pytest.mark.parametrize("kind", [OutcomeKind.FINISHED, OutcomeKind.ESCALATED, OutcomeKind.TRANSFERRED, OutcomeKind.CALLBACK])
def test_the_hang_up_after_an_end_is_no_new_outcome(journal: Journal, kind: OutcomeKind) -> None:
    start(journal, "CA1")
    journal.call_ended("CA1", Outcome(kind, "why"), now=NOW)
    journal.call_ended("CA1", HUNG_UP, now=later(1))
    assert journal.outcome("CA1") == Outcome(kind, "why")


@pytest.mark.parametrize("kind", [OutcomeKind.FINISHED, OutcomeKind.BROKEN, OutcomeKind.HUNG_UP])
def test_a_promised_call_back_stays_promised(journal: Journal, kind: OutcomeKind) -> None:
    """Nobody was free; the bot came back, said so and was thanked."""
    promised = Outcome(OutcomeKind.CALLBACK, "no_agent")
    start(journal, "CA1")
    journal.call_ended("CA1", promised, now=NOW)
    journal.call_ended("CA1", Outcome(kind), now=later(9))
    assert journal.outcome("CA1") == promised


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (OutcomeKind.ESCALATED, OutcomeKind.TRANSFERRED),
        (OutcomeKind.HUNG_UP, OutcomeKind.BROKEN),
        (OutcomeKind.BROKEN, OutcomeKind.HUNG_UP),
    ],
)
def test_a_later_outcome_replaces_an_earlier_one(journal: Journal, first: OutcomeKind, then: OutcomeKind) -> None:
    journal.call_ended("CA1", Outcome(first, "one"), now=NOW)
    journal.call_ended("CA1", Outcome(then), now=later(1))
    assert journal.outcome("CA1") == Outcome(then)


def talking(journal: Journal, sid: str = "CA1") -> bool:
    record = journal.record(sid)
    assert record is not None
    return record.talking


def test_a_call_is_talking_from_its_first_heartbeat_to_the_bots_end(journal: Journal) -> None:
    start(journal, "CA1")
    assert not talking(journal)
    journal.alive("CA1", now=later(1))
    journal.status_changed("CA1", "completed", now=later(2))
    assert talking(journal), "the caller has hung up, the last words are being recognised"
    journal.call_ended("CA1", HUNG_UP, now=later(3))
    assert not talking(journal)


def test_a_bot_that_comes_back_is_talking_again_and_ends_again(journal: Journal) -> None:
    start(journal, "CA1")
    journal.alive("CA1", now=later(1))
    journal.call_ended("CA1", Outcome(OutcomeKind.CALLBACK), now=later(2))
    journal.alive("CA1", now=later(3))
    assert talking(journal)
    journal.call_ended("CA1", FINISHED, now=later(4))
    assert not talking(journal)


def test_the_end_of_an_unknown_call_is_not_lost(journal: Journal) -> None:
    journal.call_ended("CA1", FINISHED, now=NOW)
    record = journal.record("CA1")
    assert record is not None
    assert (record.outcome, record.started_at) == (FINISHED, NOW)


def test_a_cancelled_call_stays_cancelled(journal: Journal) -> None:
    """Contract, fact 5: no-answer comes before trying; /voice may come after both."""
    journal.status_changed("CA1", "no-answer", now=NOW, duration_s=0, terminated_by="caller")
    journal.status_changed("CA1", "trying", now=later(0.1))
    assert not start(journal, "CA1", now=later(0.2))
    record = journal.record("CA1")
    assert record is not None
    assert (record.status, record.ended_at, record.duration_s, record.caller) == ("no-answer", NOW, 0, "+9144")
    assert journal.active(later(0.2)) == 0


@pytest.mark.parametrize("final", ["completed", "failed", "busy", "no-answer"])
def test_a_final_status_frees_the_slot_and_stays(journal: Journal, final: str) -> None:
    start(journal, "CA1")
    journal.status_changed("CA1", "in-progress", now=later(1))
    journal.status_changed("CA1", final, now=later(9), duration_s=8)
    for late in ("in-progress", "ringing", "never-heard-of"):
        journal.status_changed("CA1", late, now=later(10))
    journal.status_changed("CA1", final, now=later(11))
    record = journal.record("CA1")
    assert record is not None
    assert (record.status, record.ended_at, record.duration_s) == (final, later(9), 8)
    assert journal.active(later(9)) == 0


# -- the way to a human ---------------------------------------------------------
def test_an_agent_is_dialled_once(journal: Journal) -> None:
    assert journal.escalation_started("CA1", "agent", NOW)
    assert not journal.escalation_started("CA1", "agent", later(299))
    journal.agent_leg("CA1", "CB1", "in-progress", 200, later(5))
    assert journal.leg_answered("CA1", "CB1", "asha", LegAnswer.ACCEPTED, later(9))
    assert journal.escalation_ended("CA1", "completed", 200, "CB1", later(60))
    assert not journal.escalation_ended("CA1", "failed", 487, "", later(61))
    assert not journal.escalation_started("CA1", "agent", later(3600))
    record = journal.record("CA1")
    assert record is not None
    (kept,) = record.escalations
    assert (kept.target, kept.state, kept.agent_call_sid, kept.sip_status) == ("agent", "completed", "CB1", 200)
    assert (kept.started_at, kept.ended_at) == (NOW, later(60))


def test_two_hooks_at_once_dial_one_agent(database: Engine) -> None:
    journal = Journal(database, max_calls=5)
    sids = [f"CA{number}" for number in range(10)]
    for sid in sids[:8]:  # two calls are unknown before
        journal.alive(sid, NOW)
    with ThreadPoolExecutor(8) as threads:
        for sid in sids:
            answers = list(threads.map(journal.escalation_started, [sid] * 8, ["agent"] * 8, [NOW] * 8))
            assert sorted(answers) == [False] * 7 + [True]


def test_after_a_failed_dial_another_may_begin(journal: Journal) -> None:
    journal.escalation_started("CA1", "agent", NOW)
    journal.agent_leg("CA1", "CB1", "busy", 486, later(2))
    journal.escalation_ended("CA1", "busy", 486, "CB1", later(3))
    assert journal.escalation_started("CA1", "agent", later(4))
    journal.agent_leg("CA1", "CB1", "failed", 500, later(5))
    journal.escalation_ended("CA1", "busy", 486, "CB1", later(6))
    record = journal.record("CA1")
    assert record is not None
    assert [(each.state, each.sip_status, each.ended_at) for each in record.escalations] == [
        ("busy", 486, later(3)),
        ("dialling", None, None),
    ]


def test_a_dial_that_never_ended_is_dead_after_five_minutes(journal: Journal) -> None:
    journal.escalation_started("CA1", "agent", NOW)
    assert journal.escalation_started("CA1", "agent", later(301))
    record = journal.record("CA1")
    assert record is not None
    assert [each.state for each in record.escalations] == ["failed", "dialling"]


def test_of_several_ringing_agents_the_one_who_answers_is_kept(journal: Journal) -> None:
    journal.escalation_started("CA1", "all", NOW)
    for sid, state, sip_status in [
        ("CB1", "ringing", 180),
        ("CB2", "in-progress", 200),
        ("CB1", "no-answer", 487),
        ("CB2", "ringing", 180),
    ]:
        journal.agent_leg("CA1", sid, state, sip_status, later(1))
    record = journal.record("CA1")
    assert record is not None
    (kept,) = record.escalations
    assert (kept.state, kept.agent_call_sid, kept.sip_status) == ("dialling", "CB2", 200)


def test_the_end_of_a_dial_whose_start_was_lost_is_kept(journal: Journal) -> None:
    journal.agent_leg("CA1", "CB1", "ringing", 180, NOW)
    assert journal.escalation_ended("CA1", "completed", 200, "CB1", NOW)
    record = journal.record("CA1")
    assert record is not None
    assert [(each.state, each.agent_call_sid, each.transferred) for each in record.escalations] == [("completed", "CB1", False)]


# -- who called, and who was rung ------------------------------------------------------
def test_what_a_crm_says_of_the_caller_is_kept_and_replaced(journal: Journal) -> None:
    start(journal, "CA1")
    record = journal.record("CA1")
    assert record is not None
    assert record.customer is None
    for name in ("Asha 😀", "Asha Rao"):
        customer = Customer(name, "tally", "Asha Rao & Sons", "2026-12-31", "https://crm.example/1")
        journal.customer_known("CA1", customer)
        record = journal.record("CA1")
        assert record is not None
        assert (record.customer, record.caller) == (customer, "+9144")


def test_a_customer_of_a_call_that_was_never_heard_of_is_not_lost(journal: Journal) -> None:
    journal.customer_known("CA1", Customer("Asha"))
    start(journal, "CA1")
    record = journal.record("CA1")
    assert record is not None
    assert (record.customer, record.caller) == (Customer("Asha"), "+9144")


def test_each_try_is_read_with_whom_it_rang_and_their_legs(journal: Journal) -> None:
    assert journal.escalation_started("CA1", "Asha, Ravi", NOW, queue="first", agents=["asha", "ravi"], by="desk")
    journal.leg_answered("CA1", desk_leg(journal, "ravi"), "ravi", LegAnswer.DECLINED, later(3))
    journal.escalation_ended("CA1", "no-answer", None, "", later(20))
    assert journal.escalation_started("CA1", "Zoya", later(21), queue="second", agents=["zoya"], by="desk")
    journal.leg_answered("CA1", desk_leg(journal, "zoya"), "zoya", LegAnswer.ACCEPTED, later(24))
    record = journal.record("CA1")
    assert record is not None
    first, second = record.escalations
    assert (first.queue, first.agents, first.by, second.queue, second.agents) == ("first", ("asha", "ravi"), "desk", "second", ("zoya",))
    assert first.id < second.id
    assert {leg.agent: (leg.answer, leg.ended_at) for leg in first.legs} == {
        "asha": (LegAnswer.NONE, later(20)),
        "ravi": (LegAnswer.DECLINED, later(3)),
    }
    (leg,) = second.legs
    assert (leg.agent, leg.answer, leg.began_at, leg.accepted_at, leg.ended_at) == ("zoya", LegAnswer.ACCEPTED, later(21), later(24), None)


def desk_leg(journal: Journal, agent: str) -> str:
    record = journal.record("CA1")
    assert record is not None
    return f"desk-{agent}-{record.escalations[-1].id}"


def test_calls_read_together_keep_their_parts_apart(journal: Journal) -> None:
    for minute, sid in enumerate(("CA1", "CA2", "CA3")):
        start(journal, sid, now=later(60 * minute))
        journal.turn_finished(sid, a_turn(heard=sid))
        journal.customer_known(sid, Customer(sid))
        if sid != "CA2":
            journal.escalation_started(sid, sid, later(100), agents=[sid.lower()], by="desk")
    records = journal.recent()
    assert [journal.record(record.sid) for record in records] == records
    assert [(record.customer, [each.legs[0].agent for each in record.escalations]) for record in records] == [
        (Customer("CA3"), ["ca3"]),
        (Customer("CA2"), []),
        (Customer("CA1"), ["ca1"]),
    ]
