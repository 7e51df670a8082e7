"""Which calls are over, what becomes of them, and that none is handed over twice or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, update

from calls.call import Outcome, OutcomeKind, Ticket, Turn
from calls.errors import CrmBusy
from records import schema
from records.closing import Settled
from records.journal import Journal
from records.presence import Presences
from records.sweeping import DIED, LONGEST_BRIDGE, OPENED, SETTLING, SILENT_AFTER, Ending, Signs, Sweeper, Verdict, verdict
from tests import databases

database, migrated_file, migrated_postgres = databases.database, databases.migrated_file, databases.migrated_postgres
postgres_server = databases.postgres_server

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LONG_AGO = NOW - SILENT_AFTER - SECOND
JUST_NOW = NOW - 30 * SECOND


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        (Signs(talking=True, ended_at=None, last_sign_at=JUST_NOW, dialling_since=None), Verdict.GOES_ON),
        (Signs(talking=True, ended_at=None, last_sign_at=NOW - SILENT_AFTER, dialling_since=None), Verdict.GOES_ON),
        (Signs(talking=True, ended_at=None, last_sign_at=LONG_AGO, dialling_since=None), Verdict.DIED),
        (Signs(talking=False, ended_at=None, last_sign_at=JUST_NOW, dialling_since=None), Verdict.GOES_ON),
        (Signs(talking=False, ended_at=None, last_sign_at=LONG_AGO, dialling_since=None), Verdict.DIED),
        (Signs(talking=False, ended_at=None, last_sign_at=LONG_AGO, dialling_since=LONG_AGO), Verdict.GOES_ON),
        (Signs(talking=False, ended_at=None, last_sign_at=LONG_AGO, dialling_since=NOW - LONGEST_BRIDGE), Verdict.DIED),
        (Signs(talking=False, ended_at=NOW - SECOND, last_sign_at=JUST_NOW, dialling_since=None), Verdict.GOES_ON),
        (Signs(talking=False, ended_at=NOW - SETTLING, last_sign_at=JUST_NOW, dialling_since=None), Verdict.ENDED),
        (Signs(talking=False, ended_at=NOW - SETTLING, last_sign_at=JUST_NOW, dialling_since=JUST_NOW), Verdict.ENDED),
        (Signs(talking=True, ended_at=NOW - SETTLING, last_sign_at=JUST_NOW, dialling_since=None), Verdict.GOES_ON),
        (Signs(talking=True, ended_at=LONG_AGO, last_sign_at=LONG_AGO, dialling_since=None), Verdict.DIED),
    ],
    ids=[
        "the bot talks",
        "a heartbeat late",
        "the bot's process died",
        "on the way to a human",
        "the last hook was lost",
        "an agent talks to the caller",
        "the dial's last hook was lost",
        "the ending hook is at it",
        "ended and left alone",
        "the agent was hung up on",
        "the last words are recognised",
        "the process died after the caller hung up",
    ],
)
def test_verdicts(signs: Signs, expected: Verdict) -> None:
    assert verdict(signs, now=NOW) is expected


class Desk:
    """What closing and starting a delivery are, here: remembered, and failing on demand."""

    def __init__(self, journal: Journal) -> None:
        self.journal, self.closed, self.started = journal, list[str](), list[str]()
        self.trouble, self.takes_deliveries = False, True

    def settled(self, sid: str, *, now: datetime) -> Settled:
        if self.trouble:
            raise CrmBusy("the desk's database is locked")
        record = self.journal.record(sid)
        is_over = record is not None and record.ended_at is not None
        if record is None or record.talking or not record.turns:
            return Settled(None, is_over)
        self.closed.append(sid)
        return Settled(Ticket("T-1", sid, "", "other", "normal", "en", "open", "", "", 1.0, now, now), is_over)

    def start(self, call_sid: str, *, now: datetime) -> bool:
        self.started += [call_sid] if self.takes_deliveries else []
        return self.takes_deliveries


class Rig:
    def __init__(self, engine: Engine) -> None:
        self.engine, self.journal = engine, Journal(engine, max_calls=50)
        self.desk = Desk(self.journal)
        self.ending = Ending(engine, self.desk, self.desk.start)
        self.sweeper = Sweeper(engine, self.ending.over)

    def call(self, sid: str, *, began: datetime, alive: datetime | None = None) -> None:
        """A call in which the caller has said something."""
        self.journal.call_started(sid=sid, direction="inbound", caller="1", called="2", language="en", now=began)
        self.journal.turn_finished(sid, Turn(1, heard="hello"))
        if alive:
            self.journal.alive(sid, now=alive)

    def handed_over(self) -> set[str]:
        marked = select(schema.calls.c.call_sid).where(schema.calls.c.handed_over_at.is_not(None))
        with self.engine.connect() as connection:
            return set(connection.execute(marked).scalars())


@pytest.fixture
def rig(database: Engine) -> Rig:
    return Rig(database)


def test_a_hook_that_ends_a_call_hands_it_over(rig: Rig) -> None:
    rig.call("CA1", began=JUST_NOW, alive=JUST_NOW)
    rig.journal.call_ended("CA1", Outcome(OutcomeKind.FINISHED), now=NOW)
    rig.journal.status_changed("CA1", "completed", now=NOW, duration_s=30)
    assert rig.ending.over("CA1", now=NOW) is not None
    assert (rig.desk.started, rig.handed_over()) == (["CA1"], {"CA1"})
    assert rig.sweeper.sweep(NOW + SILENT_AFTER * 2) == 0


def test_a_call_whose_hook_was_lost_on_the_way_is_found(rig: Rig) -> None:
    """The process that got the final status died before it could hand the call over."""
    rig.call("CA1", began=JUST_NOW)
    rig.journal.status_changed("CA1", "completed", now=NOW, duration_s=30)
    assert rig.sweeper.sweep(NOW + SECOND) == 0
    assert rig.sweeper.sweep(NOW + SETTLING) == 1
    assert (rig.desk.closed, rig.desk.started) == (["CA1"], ["CA1"])
    assert rig.sweeper.sweep(NOW + SETTLING) == 0


def test_a_call_whose_process_died_is_finished_from_what_was_journalled(rig: Rig) -> None:
    rig.call("CA1", began=LONG_AGO - 60 * SECOND, alive=LONG_AGO)
    assert rig.sweeper.sweep(NOW) == 1
    record = rig.journal.record("CA1")
    assert record is not None
    assert (record.outcome, record.ended_at, record.duration_s, record.talking) == (DIED, LONG_AGO, 60, False)
    assert (rig.desk.closed, rig.desk.started) == (["CA1"], ["CA1"])
    assert rig.journal.active(NOW) == 0


def test_an_outcome_that_was_told_stays(rig: Rig) -> None:
    rig.call("CA1", began=LONG_AGO, alive=LONG_AGO)
    rig.journal.call_ended("CA1", Outcome(OutcomeKind.FINISHED, "goodbye"), now=LONG_AGO)
    rig.sweeper.sweep(NOW)
    assert rig.journal.outcome("CA1") == Outcome(OutcomeKind.FINISHED, "goodbye")
    assert rig.desk.started == ["CA1"]


def test_a_final_status_that_comes_late_delivers_nothing_twice(rig: Rig) -> None:
    rig.call("CA1", began=LONG_AGO, alive=LONG_AGO)
    rig.sweeper.sweep(NOW)
    rig.journal.status_changed("CA1", "completed", now=NOW + SECOND, duration_s=77)
    rig.ending.over("CA1", now=NOW + SECOND)  # starts again, which is idempotent: test_deliveries
    assert rig.sweeper.sweep(NOW + SILENT_AFTER) == 0
    record = rig.journal.record("CA1")
    assert record is not None
    assert (record.duration_s, record.ended_at) == (77, LONG_AGO)


def test_a_caller_who_hung_up_on_a_process_that_died(rig: Rig) -> None:
    """The final status came, the conversation's end did not."""
    rig.call("CA1", began=LONG_AGO - 60 * SECOND, alive=LONG_AGO)
    rig.journal.status_changed("CA1", "completed", now=LONG_AGO, duration_s=58)
    assert rig.ending.over("CA1", now=LONG_AGO) is None
    assert rig.handed_over() == set()
    assert rig.sweeper.sweep(LONG_AGO + SETTLING) == 0
    assert rig.sweeper.sweep(NOW) == 1
    record = rig.journal.record("CA1")
    assert record is not None
    assert (record.outcome, record.duration_s) == (DIED, 58)
    assert rig.desk.started == ["CA1"]


def test_a_call_with_an_agent_goes_on_for_hours(rig: Rig) -> None:
    rig.call("CA1", began=LONG_AGO, alive=LONG_AGO)
    rig.journal.call_ended("CA1", Outcome(OutcomeKind.ESCALATED), now=LONG_AGO)
    rig.journal.escalation_started("CA1", "+1508", now=LONG_AGO)
    rig.journal.agent_leg("CA1", "CA-agent", "in-progress", 200, LONG_AGO)
    assert rig.sweeper.sweep(NOW) == 0
    assert rig.sweeper.sweep(LONG_AGO + LONGEST_BRIDGE - SECOND) == 0
    assert rig.sweeper.sweep(LONG_AGO + LONGEST_BRIDGE) == 1
    assert rig.journal.outcome("CA1") == Outcome(OutcomeKind.ESCALATED)


def test_an_agent_whose_call_ended_without_a_word_is_free_again(rig: Rig) -> None:
    """The hooks that end a transfer were lost with their process."""
    presences = Presences(rig.engine)
    rig.call("CA1", began=LONG_AGO, alive=LONG_AGO)
    rig.call("CA2", began=JUST_NOW, alive=JUST_NOW)
    presences.reserve(["asha"], "CA1", now=LONG_AGO, until=NOW + SILENT_AFTER)
    presences.reserve(["ravi"], "CA2", now=JUST_NOW, until=NOW + SILENT_AFTER)
    assert presences.busy(now=NOW) == {"asha", "ravi"}
    assert rig.sweeper.sweep(NOW) == 1
    assert presences.busy(now=NOW) == {"ravi"}


def test_a_call_that_came_back_from_the_agents_goes_on(rig: Rig) -> None:
    rig.call("CA1", began=LONG_AGO, alive=LONG_AGO)
    rig.journal.escalation_started("CA1", "+1508", now=LONG_AGO)
    rig.journal.escalation_ended("CA1", "no-answer", 480, "", JUST_NOW)
    assert rig.sweeper.sweep(NOW) == 0


def test_nobody_to_deliver(rig: Rig) -> None:
    """A call that was never answered has no ticket: it is marked, and never looked at again."""
    rig.journal.status_changed("CA1", "no-answer", now=LONG_AGO)
    assert rig.sweeper.sweep(NOW) == 1
    assert (rig.desk.started, rig.handed_over()) == ([], {"CA1"})


def test_trouble_leaves_the_call_for_the_next_sweep(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    for sid in ("CA1", "CA2"):
        rig.call(sid, began=LONG_AGO, alive=LONG_AGO)
    rig.desk.trouble = True
    assert rig.sweeper.sweep(NOW) == 0
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 2
    rig.desk.trouble, rig.desk.takes_deliveries = False, False
    rig.sweeper.sweep(NOW + SETTLING)
    assert rig.handed_over() == set()
    rig.desk.takes_deliveries = True
    rig.sweeper.sweep(NOW + SETTLING)
    assert rig.handed_over() == {"CA1", "CA2"}


def test_a_sign_of_life_meanwhile_spares_the_call(rig: Rig) -> None:
    """Between looking and finishing the heartbeat came after all."""
    from records.sweeping import finish
    from records.transactions import in_transaction

    rig.call("CA1", began=LONG_AGO, alive=LONG_AGO)
    rig.journal.alive("CA1", now=NOW)
    assert not in_transaction(rig.engine, finish, "CA1", now=NOW)
    assert rig.journal.outcome("CA1") is None


def test_several_sweepers_at_once(rig: Rig) -> None:
    for number in range(20):
        rig.call(f"CA{number}", began=LONG_AGO - 60 * SECOND, alive=LONG_AGO)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(rig.sweeper.sweep, [NOW] * 4))
    assert set(rig.desk.started) == rig.handed_over() == {f"CA{number}" for number in range(20)}


def test_calls_that_need_nothing_cost_nothing(rig: Rig) -> None:
    rig.call("CA1", began=LONG_AGO)
    with rig.engine.begin() as connection:
        connection.execute(update(schema.calls).values(handed_over_at=NOW))
    if rig.engine.dialect.name == "sqlite":
        with rig.engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {OPENED}").all()
        assert "ix_calls_handed_over_at" in str(plan)
    assert rig.sweeper.sweep(NOW) == 0
