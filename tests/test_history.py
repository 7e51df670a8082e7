"""Past calls, found again on both databases; the calls that go on; what an agent may see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from calls.agents import CallbackState, LegAnswer, WrapUp
from calls.call import Intent, Outcome, OutcomeKind, Turn
from records.callbacks import Callbacks
from records.history import History, Search
from records.journal import Journal
from records.wrap_ups import WrapUps
from tests import databases

database, migrated_file, migrated_postgres = databases.database, databases.migrated_file, databases.migrated_postgres
postgres_server = databases.postgres_server

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


class Calls:
    """A journal with calls, and the history that finds them."""

    def __init__(self, database: Engine) -> None:
        self.journal, self.history = Journal(database, max_calls=500), History(database)
        self.callbacks, self.wrap_ups = Callbacks(database), WrapUps(database)

    def add(self, sid: str, *, at: float = 0, caller: str = "+919812345678", direction: str = "inbound", language: str = "en") -> None:
        self.journal.call_started(sid=sid, direction=direction, caller=caller, called="1800", language=language, now=later(at))

    def says(self, sid: str, heard: str, said: str = "Please come.", *, number: int = 1, intent: str = "", language: str = "en") -> None:
        self.journal.turn_finished(sid, Turn(number, heard, 0.9, language, Intent(intent) if intent else None, [said]))

    def rings(self, sid: str, agent: str, *, at: float = 0) -> None:
        assert self.journal.escalation_started(sid, agent, later(at), agents=[agent])

    def found(self, **wanted: Any) -> list[str]:
        return [record.sid for record in self.history.search(Search(**wanted)).records]


@pytest.fixture
def calls(database: Engine) -> Calls:
    return Calls(database)


# -- pages ----------------------------------------------------------------------
def test_without_calls_there_is_one_empty_page(calls: Calls) -> None:
    page = calls.history.search(Search())
    assert (page.records, page.page, page.pages, page.total) == ((), 1, 1, 0)


def test_the_newest_come_first_page_by_page(calls: Calls) -> None:
    for number in range(5):
        calls.add(f"CA{number}", at=number)
    pages = [calls.history.search(Search(page=number, per_page=2)) for number in (1, 2, 3)]
    assert [[record.sid for record in page.records] for page in pages] == [["CA4", "CA3"], ["CA2", "CA1"], ["CA0"]]
    assert {(page.pages, page.total) for page in pages} == {(3, 5)}


@pytest.mark.parametrize(("asked", "shown"), [(0, 1), (-3, 1), (3, 2), (10**9, 2)])
def test_a_page_that_is_not_there_is_the_nearest(calls: Calls, asked: int, shown: int) -> None:
    for number in range(4):
        calls.add(f"CA{number}", at=number)
    page = calls.history.search(Search(page=asked, per_page=2))
    assert (page.page, len(page.records)) == (shown, 2)


def test_calls_of_one_moment_keep_their_order_over_pages(calls: Calls) -> None:
    for number in range(4):
        calls.add(f"CA{number}")
    shown = [record.sid for page in (1, 2) for record in calls.history.search(Search(page=page, per_page=2)).records]
    assert shown == ["CA0", "CA1", "CA2", "CA3"]


def test_what_is_found_is_the_whole_record(calls: Calls) -> None:
    calls.add("CA1")
    calls.says("CA1", "my licence", intent="license_renewal")
    calls.rings("CA1", "asha")
    assert calls.history.search(Search()).records == (calls.journal.record("CA1"),)


# -- when, how, about what --------------------------------------------------------
def test_since_is_within_and_until_is_not(calls: Calls) -> None:
    for number in range(4):
        calls.add(f"CA{number}", at=number)
    assert calls.found(since=later(1), until=later(3)) == ["CA2", "CA1"]


def test_by_outcome(calls: Calls) -> None:
    for sid, kind in (("CA1", OutcomeKind.FINISHED), ("CA2", OutcomeKind.TRANSFERRED)):
        calls.add(sid)
        calls.journal.call_ended(sid, Outcome(kind), now=later(1))
    calls.add("CA3")
    assert calls.found(outcome="transferred") == ["CA2"]


def test_by_what_any_turn_was_about_or_the_agent_said(calls: Calls) -> None:
    for minute, sid in enumerate(("CA1", "CA2", "CA3")):
        calls.add(sid, at=minute)
    calls.says("CA1", "the fees", intent="fees")
    calls.says("CA1", "and the fees again", intent="fees", number=2)
    calls.says("CA2", "my licence", intent="license_renewal")
    calls.wrap_ups.write(WrapUp("CA2", "asha", "Asha", "resolved", "fees", "", later(9)))
    assert calls.found(intent="fees") == ["CA2", "CA1"]
    assert calls.found(intent="license_renewal") == ["CA2"]
    assert calls.history.search(Search(intent="fees")).total == 2


def test_by_the_language_that_was_spoken(calls: Calls) -> None:
    """The greeting is in the first language, whatever the caller speaks."""
    for minute, sid in enumerate(("CA1", "CA2", "CA3")):
        calls.add(sid, at=minute)
        calls.says(sid, "", "Hello.", number=0)
    calls.says("CA1", "नमस्ते", language="hi")
    calls.says("CA2", "hello")
    assert calls.found(language="hi") == ["CA1"]
    assert calls.found(language="en") == ["CA3", "CA2"]


def test_by_several_at_once(calls: Calls) -> None:
    for minute, (sid, caller) in enumerate((("CA1", "+914412345678"), ("CA2", "+914412345678"), ("CA3", "+914499999999"))):
        calls.add(sid, at=minute, caller=caller)
        calls.says(sid, "the fees", intent="fees")
    assert calls.found(phone="12345678", intent="fees", text="fees", since=later(1)) == ["CA2"]


# -- phones ---------------------------------------------------------------------
@pytest.mark.parametrize("phone", ["+91 98123 45678", "9812345678", "098123-45678", "0091 98123 45678", "45678", " (98123) 45678 "])
@pytest.mark.parametrize("kept", ["+919812345678", "09812345678", "9812345678", "sip:+919812345678@carrier.example"])
def test_a_number_is_found_however_it_is_written(calls: Calls, kept: str, phone: str) -> None:
    calls.add("CA1", caller=kept)
    calls.add("CA2", caller="+919812345679")
    assert calls.found(phone=phone) == ["CA1"]


def test_the_far_end_of_a_call_that_we_made_is_whom_we_called(calls: Calls) -> None:
    calls.add("CA1", direction="outbound", caller="+919812345678")
    assert calls.found(phone="1800") == ["CA1"]
    assert calls.found(phone="9812345678") == []


def test_a_caller_without_a_number(calls: Calls) -> None:
    calls.add("CA1", caller="Anonymous")
    calls.add("CA2")
    assert calls.found(phone="anonymous") == ["CA1"]
    assert calls.found(phone="%") == []


# -- words ----------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    ["LICENCE", "my lic", "लाइसेंस", "fee of 100%", "form_9", 'say "yes"', "it's", "back\\slash", "Counter", "F-9.", "शुल्क", '50% "off"'],
)
def test_words_are_found_in_what_was_heard_and_said(calls: Calls, text: str) -> None:
    calls.add("CA1")
    calls.says("CA1", "my licence लाइसेंस, a fee of 100% on form_9", 'Please say "yes" at counter F-9.')
    calls.says("CA1", "it's a back\\slash", 'शुल्क 50% "off"', number=2)
    calls.add("CA2")
    calls.says("CA2", "something else, 100 forms 9", "Nothing.")
    assert calls.found(text=text) == ["CA1"]


@pytest.mark.parametrize("text", ["%", "_", "licence%1", "f_rm", "0937", "u0936", '", "', "][", "\\"])
def test_what_was_neither_heard_nor_said_is_not_found(calls: Calls, text: str) -> None:
    """Neither a pattern of the database's, nor the way in which it keeps letters and lists."""
    calls.add("CA1")
    calls.journal.turn_finished("CA1", Turn(1, "my licence 1", 0.9, "hi", None, ["शुल्क form.", "Two."]))
    assert calls.found(text=text) == []


def test_a_call_is_found_once_however_often_it_has_the_words(calls: Calls) -> None:
    calls.add("CA1")
    for number in range(4):
        calls.says("CA1", "fees", "The fees.", number=number)
    page = calls.history.search(Search(text="fees"))
    assert (page.total, len(page.records)) == (1, 1)


# -- agents ---------------------------------------------------------------------
def test_the_calls_that_rang_an_agent(calls: Calls) -> None:
    for minute, sid in enumerate(("CA1", "CA2", "CA3", "CA4")):
        calls.add(sid, at=minute)
    calls.rings("CA1", "asha")
    calls.rings("CA2", "asha_b")
    calls.journal.escalation_started("CA3", "both", NOW, agents=["ravi", "asha"], by="desk")
    assert [record.sid for record in calls.history.of_agent("asha")] == ["CA3", "CA1"]
    assert [record.sid for record in calls.history.of_agent("asha", limit=1)] == ["CA3"]
    assert calls.history.of_agent("ash") == []
    assert calls.found(agent="asha") == ["CA3", "CA1"]
    assert calls.found(agent="asha_b") == ["CA2"]


def test_a_leg_of_an_agent_who_was_not_named_counts_too(calls: Calls) -> None:
    calls.add("CA1")
    calls.journal.escalation_started("CA1", "group", NOW)
    calls.journal.leg_answered("CA1", "CB1", "asha", LegAnswer.ACCEPTED, later(1))
    assert calls.found(agent="asha") == ["CA1"]
    assert calls.history.may_see("asha", "CA1")


def test_an_agent_sees_the_calls_that_rang_it_and_no_other(calls: Calls) -> None:
    calls.add("CA1")
    calls.rings("CA1", "asha")
    calls.add("CA2")
    assert [calls.history.may_see(agent, "CA1") for agent in ("asha", "ravi", "")] == [True, False, False]
    assert [calls.history.may_see("asha", sid) for sid in ("CA2", "CA9", "")] == [False, False, False]


def test_nobody_is_the_agent_of_a_leg_that_is_nobodys(calls: Calls) -> None:
    calls.add("CA1")
    calls.journal.escalation_started("CA1", "switchboard", NOW)
    calls.journal.agent_leg("CA1", "CB1", "ringing", 180, later(1))
    assert not calls.history.may_see("", "CA1")
    assert calls.history.of_agent("") == []


def test_a_call_with_a_promise_to_be_kept_is_everybodys(calls: Calls) -> None:
    calls.add("CA1")
    made = calls.callbacks.promise(call_sid="CA1", phone="+91", intent="fees", language="en", reason="no_agent", due_at=later(60), now=NOW)
    assert [calls.history.may_see(agent, "CA1") for agent in ("ravi", "")] == [True, True]
    calls.callbacks.claim(made.id, "asha", now=later(1))
    assert calls.history.may_see("ravi", "CA1")
    calls.callbacks.settle(made.id, CallbackState.KEPT, "asha", "", now=later(2))
    assert [calls.history.may_see(agent, "CA1") for agent in ("ravi", "")] == [False, False]


# -- live -----------------------------------------------------------------------
def test_the_calls_that_go_on(calls: Calls) -> None:
    for minute, sid in enumerate(("CA1", "CA2", "CA3")):
        calls.add(sid, at=minute)
    calls.journal.status_changed("CA2", "completed", now=later(5))
    assert [record.sid for record in calls.history.live(now=later(6))] == ["CA3", "CA1"]
    assert [record.sid for record in calls.history.live(now=later(6), limit=1)] == ["CA3"]


def test_a_call_without_an_end_is_not_live_for_ever(calls: Calls) -> None:
    calls.add("CA1")
    assert [len(calls.history.live(now=later(minutes))) for minutes in (239, 241)] == [1, 0]
