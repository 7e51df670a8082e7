"""Promised call backs that nobody kept: told once, urgent at the desk, counted for the monitor."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import Engine

from calls.agents import Callback, CallbackState
from calls.call import CallSummary
from calls.errors import JournalError
from calls.metrics import PromisedCallbacks
from crm.desk import Desk
from crm.overdue import Overdue
from records.callbacks import Callbacks
from records.journal import Journal
from tests import databases

database, migrated_file, migrated_postgres = databases.database, databases.migrated_file, databases.migrated_postgres
postgres_server = databases.postgres_server

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PHONE = "+919812345678"


@pytest.fixture
def desk(database: Engine) -> Desk:
    return Desk(database)


@pytest.fixture
def callbacks(database: Engine) -> Callbacks:
    return Callbacks(database)


def promise(database: Engine, callbacks: Callbacks, sid: str, due_at: datetime) -> int:
    """A call with its ticket and its promise; the promise's id."""
    journal = Journal(database, max_calls=5)
    journal.call_started(sid=sid, direction="inbound", caller=f"anonymous {sid}", called="1800", language="en", now=NOW)
    facts = {"call_sid": sid, "phone": PHONE, "intent": "gst_query", "language": "en", "reason": "no_agent"}
    made = callbacks.promise(**facts, due_at=due_at, now=NOW)
    record = journal.record(sid)
    assert record is not None
    Desk(database).file(record, CallSummary("gst_query", 0.9, "en", "normal", "GST."), now=NOW)
    return made.id


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    lines = [line for line in caplog.records if line.getMessage() == "a promised call back is overdue"]
    assert all(PHONE not in str(vars(line)) for line in lines)
    return [vars(line)["call_sid"] for line in lines]


def test_each_broken_promise_is_told_once_and_urgent(
    database: Engine, desk: Desk, callbacks: Callbacks, caplog: pytest.LogCaptureFixture
) -> None:
    for sid, minutes in (("CA1", 10), ("CA2", 20), ("CA3", 30)):
        promise(database, callbacks, sid, NOW + minutes * MINUTE)
    overdue = Overdue(callbacks, desk)
    with caplog.at_level(logging.WARNING):
        swept = [overdue.sweep(NOW + minutes * MINUTE) for minutes in (9, 10, 11, 19, 25, 26)]
    assert (swept, told(caplog)) == ([0, 0, 1, 0, 1, 0], ["CA1", "CA2"])
    priorities = {ticket.call_sid: ticket.priority for ticket in desk.recent()}
    assert priorities == {"CA1": "high", "CA2": "high", "CA3": "normal"}


def test_a_restart_repeats_nothing_and_still_makes_urgent(
    database: Engine, desk: Desk, callbacks: Callbacks, caplog: pytest.LogCaptureFixture
) -> None:
    promise(database, callbacks, "CA1", NOW)
    promise(database, callbacks, "CA2", NOW + timedelta(hours=1))
    with caplog.at_level(logging.WARNING):
        Overdue(callbacks, desk).sweep(NOW + timedelta(hours=1, seconds=30))
    assert told(caplog) == ["CA2"], "the first was told by the worker before"
    assert {ticket.priority for ticket in desk.recent()} == {"high"}


def test_a_kept_promise_is_never_overdue(database: Engine, desk: Desk, callbacks: Callbacks, caplog: pytest.LogCaptureFixture) -> None:
    callbacks.settle(promise(database, callbacks, "CA1", NOW), CallbackState.KEPT, "asha.k", "", now=NOW)
    with caplog.at_level(logging.WARNING):
        assert Overdue(callbacks, desk).sweep(NOW + 2 * MINUTE) == 0
    assert told(caplog) == []
    assert desk.recent()[0].priority == "normal"


class Away:
    """Promises whose database can be away."""

    def __init__(self, callbacks: Callbacks) -> None:
        self._callbacks, self.away = callbacks, False

    def open(self, limit: int = 100) -> list[Callback]:
        if self.away:
            raise JournalError("the database refused to work")
        return self._callbacks.open(limit)


def test_a_sweep_that_failed_is_made_up_for(database: Engine, desk: Desk, callbacks: Callbacks) -> None:
    promise(database, callbacks, "CA1", NOW)
    promises = Away(callbacks)
    overdue = Overdue(promises, desk)
    overdue.sweep(NOW - MINUTE)
    promises.away = True
    with pytest.raises(JournalError):
        overdue.sweep(NOW + MINUTE)
    promises.away = False
    assert overdue.sweep(NOW + 30 * MINUTE) == 1


# -- the monitor ------------------------------------------------------------------
def test_the_monitor_sees_what_is_owed(database: Engine, callbacks: Callbacks) -> None:
    for sid, due_at in (("CA1", NOW), ("CA2", NOW + MINUTE), ("CA3", NOW + 2 * MINUTE)):
        promise(database, callbacks, sid, due_at)
    registry = CollectorRegistry()
    registry.register(PromisedCallbacks(lambda: {"open": callbacks.unsettled(), "overdue": callbacks.overdue(now=NOW + MINUTE)}))
    page = generate_latest(registry).decode()
    assert "voicebot_callbacks_open 3.0" in page
    assert "voicebot_callbacks_overdue 1.0" in page


def test_a_database_that_is_away_leaves_the_page_standing() -> None:
    def away() -> dict[str, int]:
        raise JournalError("the database refused to work")

    registry = CollectorRegistry()
    registry.register(PromisedCallbacks(away))
    page = generate_latest(registry).decode()
    assert "# TYPE voicebot_callbacks_open gauge" in page
    assert "\nvoicebot_callbacks_open " not in page
