"""The board of live calls: rows from events, mended from a real journal, drawn once for all who watch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete

from calls.agents import LegAnswer
from calls.call import Intent, Timings, Turn
from calls.live import LiveEvent
from console.board import Board
from console.board_rows import Row, is_over, mended, row_of, told
from records import schema
from records.carriers import DatabaseCarrier
from records.history import History
from records.journal import Journal
from records.live import SharedLive
from tests import databases

database, migrated_file, migrated_postgres = databases.database, databases.migrated_file, databases.migrated_postgres
postgres_server = databases.postgres_server

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SOON_S = 10.0
WISHES = {"license_renewal", "gst_filing"}


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def call_event(sid: str = "CA1", at: datetime = NOW, **data: Any) -> LiveEvent:
    return LiveEvent("call", sid, data=data, at=at)


def row(**facts: Any) -> Row:
    return Row(**{"call_sid": "CA1", "since": NOW, "changed_at": NOW, **facts})


# -- a row and what changes it ---------------------------------------------------------
def test_an_event_of_an_unknown_call_makes_its_row() -> None:
    made = told(None, call_event(state="greeting", caller="9198", language="hi"), later(1))
    assert made == row(changed_at=later(1), state="greeting", caller="9198", language="hi")


def test_an_event_changes_its_parts_alone() -> None:
    before = row(state="listening", last_words="hello", intent="gst_filing", confidence=0.5, turns=1)
    after = told(before, call_event(last_words="my licence", turns=2, reply_ms=640.4), later(3))
    assert after == row(
        changed_at=later(3), state="listening", last_words="my licence", intent="gst_filing", confidence=0.5, turns=2, reply_ms=640
    )


@pytest.mark.parametrize(
    "data", [{"state": 7}, {"turns": "many"}, {"confidence": None}, {"colour": "red"}, {"since": "now"}, {"call_sid": "CA2"}]
)
def test_a_part_that_no_row_has_is_left_out(data: dict[str, Any]) -> None:
    before = row(state="listening", turns=3, confidence=0.4)
    assert told(before, call_event(**data), NOW) == before


def test_an_agent_is_named_while_it_rings_and_talks() -> None:
    ringing = told(row(), call_event(state="ringing", agent="asha"), NOW)
    talking = told(ringing, call_event(state="with_agent"), NOW)
    assert (ringing.agent, talking.agent) == ("asha", "asha")
    assert told(talking, call_event(state="speaking"), NOW).agent == ""  # the bot came back


def test_an_ended_call_stays_for_ten_seconds_to_be_seen() -> None:
    over = told(row(agent="asha", state="with_agent"), call_event(state="ended"), later(5))
    assert (over.state, over.agent, over.ended_at) == ("ended", "", later(5))
    assert told(over, call_event(reply_ms=3), later(8)).ended_at == later(5)
    assert not over.gone(later(14.9))
    assert over.gone(later(15))


def test_a_call_whose_bot_had_finished_rings_again() -> None:
    over = told(row(), call_event(state="ended"), NOW)
    assert told(over, call_event(state="ringing", agent="asha"), later(1)).ended_at is None


# -- from the journal --------------------------------------------------------------------
@pytest.fixture
def journal(database: Engine) -> Journal:
    return Journal(database, max_calls=300)


def begun(journal: Journal, sid: str = "CA1", at: datetime = NOW) -> None:
    journal.call_started(sid=sid, direction="inbound", caller="919812345678", called="1800", language="en", now=at)


def test_a_row_from_the_journal(journal: Journal) -> None:
    begun(journal)
    journal.turn_finished("CA1", Turn(1, heard="लाइसेंस", language="hi", intent=Intent("license_renewal", 0.9), timings=Timings(reply=700)))
    journal.turn_finished("CA1", Turn(2, heard="हाँ", language="hi", intent=Intent("yes", 1.0), timings=Timings(reply=650)))
    record = journal.record("CA1")
    assert record
    assert row_of(record, WISHES, later(9)) == row(
        changed_at=later(9),
        state="listening",
        caller="919812345678",
        language="hi",
        intent="license_renewal",
        confidence=0.9,
        last_words="हाँ",
        reply_ms=650,
        turns=2,
    )


def test_a_call_with_agents_from_the_journal(journal: Journal) -> None:
    begun(journal)
    tried = begin_ring(journal)
    assert stood(journal) == ("ringing", "asha, ravi")
    journal.leg_answered("CA1", f"desk-ravi-{tried}", "ravi", LegAnswer.ACCEPTED, later(1))
    assert stood(journal) == ("with_agent", "ravi")


def begin_ring(journal: Journal) -> int:
    """The number of a try that rings two desks."""
    assert journal.escalation_started("CA1", "Asha, Ravi", NOW, queue="helpdesk", agents=("asha", "ravi"), by="desk")
    record = journal.record("CA1")
    assert record
    return record.escalations[-1].id


def stood(journal: Journal) -> tuple[str, str]:
    record = journal.record("CA1")
    assert record
    made = row_of(record, WISHES, NOW)
    return made.state, made.agent


def test_the_journal_has_the_word_only_about_rows_that_events_left_alone(journal: Journal) -> None:
    begun(journal)
    record = journal.record("CA1")
    assert record
    speaking = row(state="speaking", changed_at=later(60))
    assert mended(speaking, record, WISHES, later(70)) is speaking
    assert mended(speaking, record, WISHES, later(90)).state == "greeting"
    same = row_of(record, WISHES, NOW)
    assert mended(same, record, WISHES, later(90)) is same  # nothing to draw again


def test_a_row_newer_than_the_journals_list_is_not_ended_by_it() -> None:
    assert not is_over(row(), later(4))
    assert is_over(row(), later(6))
    assert not is_over(row(ended_at=NOW), later(6))


# -- the board -----------------------------------------------------------------------------
class Watched:
    """A board on a real journal and real live events, at a clock of the test's own."""

    def __init__(self, database: Engine) -> None:
        self.now, self.database = NOW, database
        self.journal = Journal(database, max_calls=300)
        self.live = SharedLive(DatabaseCarrier(database, poll_s=0.02))
        self.board = Board(self.live, History(database), WISHES, clock=lambda: self.now, rests_after_s=0)

    def states(self) -> dict[str, str]:
        return {row.call_sid: row.state for row in self.board.rows()}

    def until(self, done: Callable[[], bool]) -> None:
        give_up_s = time.monotonic() + SOON_S
        while not done():
            assert time.monotonic() < give_up_s, f"it did not come to that: {self.states()}"
            time.sleep(0.01)


@pytest.fixture
def watched(database: Engine) -> Iterator[Watched]:
    watched = Watched(database)
    with closing(watched.live):
        yield watched


def test_shows_the_calls_that_were_there_before_the_newest_first(watched: Watched) -> None:
    begun(watched.journal, "CA1")
    begun(watched.journal, "CA2", later(-60))
    begun(watched.journal, "CA3", later(-30))
    watched.journal.status_changed("CA3", "completed", now=NOW)
    with closing(watched.board.watch()):
        assert [row.call_sid for row in watched.board.rows()] == ["CA1", "CA2"]


def test_follows_the_events_of_this_and_of_other_processes(watched: Watched) -> None:
    with closing(watched.board.watch()), closing(SharedLive(DatabaseCarrier(watched.database))) as other:
        watched.live.publish(call_event("CA1", state="listening"))
        other.publish(call_event("CA2", state="speaking"))
        watched.until(lambda: watched.states() == {"CA1": "listening", "CA2": "speaking"})


def test_an_ended_call_leaves(watched: Watched) -> None:
    with closing(watched.board.watch()):
        watched.live.publish(call_event(state="ended"))
        watched.until(lambda: watched.states() == {"CA1": "ended"})
        watched.now = later(11)
        watched.until(lambda: not watched.board.sids())


def test_tells_a_page_what_changed_since_it_looked(watched: Watched) -> None:
    with closing(watched.board.watch()) as news:
        watched.live.publish(call_event("CA1", state="greeting"))
        watched.until(lambda: "CA1" in watched.states())
        version, _ = watched.board.changed_since(0)
        while news.get(0) is not None:
            pass
        watched.live.publish(call_event("CA2", state="greeting"))
        assert news.get(SOON_S) == version + 1
        assert [row.call_sid for row in watched.board.changed_since(version)[1]] == ["CA2"]
        assert news.get(0) is None
        assert watched.board.changed_since(version + 1) == (version + 1, [])


def test_what_happens_beside_the_calls_is_told_too(watched: Watched) -> None:
    with closing(watched.board.watch()) as news:
        while news.get(0) is not None:
            pass
        before = watched.board.around
        watched.live.publish(LiveEvent("presence", agent="asha", data={"state": "away"}))
        assert news.get(SOON_S) is not None
        assert watched.board.around == before + 1


def test_who_lost_events_is_mended_from_the_journal(watched: Watched) -> None:
    with closing(watched.board.watch()):
        watched.live.publish(call_event("CA9", state="speaking"))
        watched.until(lambda: watched.states() == {"CA9": "speaking"})
        begun(watched.journal, "CA1")
        watched.now = later(6)
        watched.live.publish(LiveEvent("lost"))  # as a subscription says it
        watched.until(lambda: watched.states() == {"CA1": "greeting", "CA9": "ended"})


def test_a_journal_that_is_away_costs_no_rows(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    with closing(watched.board.watch()):
        watched.live.publish(call_event(state="speaking"))
        watched.until(lambda: watched.states() == {"CA1": "speaking"})
        with watched.database.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE turns RENAME TO elsewhere")
        try:
            watched.live.publish(LiveEvent("lost"))
            begun(watched.journal, "CA2")
            watched.until(lambda: "the board of live calls can't be mended from the journal for now" in caplog.text)
        finally:
            with watched.database.begin() as connection:
                connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO turns")
        watched.live.publish(LiveEvent("lost"))
        watched.until(lambda: watched.states() == {"CA1": "speaking", "CA2": "greeting"})


def test_a_row_is_drawn_once_for_all_until_it_changes(watched: Watched) -> None:
    drawn = []

    def draw(row: Row) -> str:
        drawn.append(row.state)
        return f"<tr>{row.state}"

    with closing(watched.board.watch()):
        for state in ("greeting", "listening"):
            watched.live.publish(call_event(state=state))
            watched.until(lambda state=state: watched.states() == {"CA1": state})
            row = watched.board.rows()[0]
            assert [watched.board.drawn(row, draw) for _ in range(3)] == [f"<tr>{state}"] * 3
    assert drawn == ["greeting", "listening"]


def test_one_thread_serves_all_pages(watched: Watched) -> None:
    def threads() -> set[threading.Thread]:
        return {thread for thread in threading.enumerate() if thread.name == "board"}

    before = threads()  # of earlier boards: they may end meanwhile
    pages = [watched.board.watch() for _ in range(5)]
    assert len(threads() - before) == 1
    for page in pages:
        page.close()
        page.close()  # twice is once
    assert watched.board._watchers == 0


def test_two_hundred_calls(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is lost; what it costs is printed."""
    with closing(watched.board.watch()):
        began_s = time.process_time()
        for beat in range(5):
            for number in range(200):
                watched.live.publish(call_event(f"CA{number}", state="speaking", turns=beat, last_words="my licence has expired"))
        watched.until(lambda: [row.turns for row in watched.board.rows()] == [4] * 200)
        spent_us = (time.process_time() - began_s) * 1e6 / 1000
    with capsys.disabled():
        print(f"\n  an event costs {spent_us:.0f} us of processor, until it is on the board and in the database")
    with watched.database.begin() as connection:
        connection.execute(delete(schema.live_events))
