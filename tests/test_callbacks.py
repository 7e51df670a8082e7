"""Promised call backs and wrap-ups, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from calls.agents import Callback, CallbackState, WrapUp
from records.callbacks import Callbacks
from records.journal import Journal
from records.wrap_ups import WrapUps
from tests import databases

database, migrated_file, migrated_postgres = databases.database, databases.migrated_file, databases.migrated_postgres
postgres_server = databases.postgres_server

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
KEPT, DROPPED, OPEN, CLAIMED = CallbackState.KEPT, CallbackState.DROPPED, CallbackState.OPEN, CallbackState.CLAIMED


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture
def callbacks(database: Engine) -> Callbacks:
    return Callbacks(database)


def promise(callbacks: Callbacks, sid: str = "CA1", due: float = 120, now: datetime = NOW) -> Callback:
    return callbacks.promise(
        call_sid=sid, phone="+919812345678", intent="license_renewal", language="hi", reason="no_agent", due_at=later(due), now=now
    )


# -- promises -------------------------------------------------------------------
def test_a_promise_is_kept_as_it_was_made(callbacks: Callbacks) -> None:
    made = promise(callbacks)
    expected = Callback(made.id, "CA1", "+919812345678", "license_renewal", "hi", "no_agent", NOW, later(120))
    assert made == expected
    assert (callbacks.of("CA1"), callbacks.get(made.id), callbacks.open()) == (expected, expected, [expected])


def test_a_call_is_promised_one_call_back(callbacks: Callbacks) -> None:
    first = promise(callbacks)
    assert promise(callbacks, due=500, now=later(3)) == first
    assert callbacks.open() == [first]


def test_a_promise_is_made_once_by_several_hooks(database: Engine) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda number: promise(Callbacks(database), due=100 + number), range(8)))
    assert len({each.id for each in made}) == 1
    assert Callbacks(database).open() == [made[0]]


def test_what_was_never_promised(callbacks: Callbacks) -> None:
    assert (callbacks.of("CA1"), callbacks.get(7), callbacks.open(), callbacks.overdue(now=NOW)) == (None, None, [], 0)
    assert callbacks.claim(7, "asha", now=NOW) is None
    assert callbacks.settle(7, KEPT, "asha", "", now=NOW) is None


def test_the_earliest_due_comes_first(callbacks: Callbacks) -> None:
    for sid, due in (("CA1", 120), ("CA2", 30), ("CA3", 60)):
        promise(callbacks, sid, due)
    assert [each.call_sid for each in callbacks.open()] == ["CA2", "CA3", "CA1"]
    assert [each.call_sid for each in callbacks.open(limit=2)] == ["CA2", "CA3"]


def test_a_promise_is_broken_after_its_time(callbacks: Callbacks) -> None:
    one, _, settled = (promise(callbacks, sid, due) for sid, due in (("CA1", 30), ("CA2", 60), ("CA3", 10)))
    callbacks.settle(settled.id, DROPPED, "asha", "moved", now=later(5))
    assert [callbacks.overdue(now=later(minutes)) for minutes in (30, 31, 61)] == [0, 1, 2]
    assert (one.overdue(later(30)), one.overdue(later(31))) == (False, True)


# -- who sees to it -------------------------------------------------------------
def test_one_person_claims_it(callbacks: Callbacks) -> None:
    made = promise(callbacks)
    mine = callbacks.claim(made.id, "asha", now=later(1))
    assert mine == replace(made, state=CLAIMED, agent="asha")
    assert callbacks.claim(made.id, "ravi", now=later(2)) is None
    assert callbacks.claim(made.id, "asha", now=later(3)) == mine
    assert callbacks.open() == [mine]


def test_of_several_who_claim_it_at_once_one_gets_it(database: Engine) -> None:
    made = promise(Callbacks(database))
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda number: Callbacks(database).claim(made.id, f"person{number}", now=NOW), range(8)))
    (winner,) = (each for each in answers if each is not None)
    assert Callbacks(database).get(made.id) == winner


@pytest.mark.parametrize("state", [KEPT, DROPPED])
@pytest.mark.parametrize("claimed", [True, False])
def test_it_is_settled_once(callbacks: Callbacks, state: CallbackState, claimed: bool) -> None:
    made = promise(callbacks)
    if claimed:
        callbacks.claim(made.id, "asha", now=later(1))
    done = callbacks.settle(made.id, state, "asha", "spoke with her <b>", now=later(9))
    assert done == replace(made, state=state, agent="asha", settled_at=later(9), note="spoke with her <b>")
    assert callbacks.settle(made.id, KEPT, "asha", "again", now=later(10)) is None
    assert callbacks.claim(made.id, "asha", now=later(10)) is None
    assert (callbacks.open(), callbacks.get(made.id)) == ([], done)


def test_nobody_settles_what_somebody_else_has_claimed(callbacks: Callbacks) -> None:
    made = promise(callbacks)
    callbacks.claim(made.id, "asha", now=later(1))
    assert callbacks.settle(made.id, KEPT, "ravi", "", now=later(2)) is None


def test_who_did_not_reach_anybody_gives_it_back(callbacks: Callbacks) -> None:
    made = promise(callbacks)
    callbacks.claim(made.id, "asha", now=later(1))
    assert callbacks.settle(made.id, OPEN, "asha", "no answer at 10", now=later(2)) == replace(made, note="no answer at 10")
    assert callbacks.claim(made.id, "ravi", now=later(3)) is not None


def test_a_claim_is_no_way_to_settle(callbacks: Callbacks) -> None:
    with pytest.raises(ValueError, match="claim"):
        callbacks.settle(promise(callbacks).id, CLAIMED, "asha", "", now=NOW)


# -- wrap-ups, and the call's record -------------------------------------------------
def test_the_last_wrap_up_of_a_call_counts(database: Engine) -> None:
    wrap_ups, first = WrapUps(database), WrapUp("CA1", "asha", "Asha Rao", "follow_up", "", "sent a form", NOW)
    assert wrap_ups.of("CA1") is None
    wrap_ups.write(first)
    assert wrap_ups.of("CA1") == first
    second = replace(first, resolution="resolved", intent="fees", note="", at=later(5))
    wrap_ups.write(second)
    assert (wrap_ups.of("CA1"), wrap_ups.of("CA2")) == (second, None)


def test_the_calls_record_has_both(database: Engine) -> None:
    made = promise(Callbacks(database))
    wrap_up = WrapUp("CA1", "", "Meera", "resolved", "fees", "called back", later(50))
    WrapUps(database).write(wrap_up)
    promise(Callbacks(database), "CA2")
    record = Journal(database, max_calls=5).record("CA1")
    assert record is not None
    assert (record.callback, record.wrap_up) == (made, wrap_up)
