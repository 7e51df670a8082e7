"""What follows a call, as wsgi.py and worker.py put it together: the CRMs' stand-ins, the journal and the queue are real."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from after_call import AfterCall
from calls.agents import Customer
from calls.call import CallerProfile, CallRecord, Intent, Outcome, OutcomeKind, Turn
from calls.crm import KnownCaller
from calls.errors import SettingsError
from calls.settings import Environment, load
from crm.adapters import make_crms
from crm.delivery import State
from crm.events import TicketMoved
from crm.fake import FakeCrm
from crm.worker import Worker
from records.database import open_database
from records.journal import Journal
from tests.fakes import hubspot, tally
from tests.fakes.hubspot import FakeHubSpot
from tests.fakes.tally import FakeTally

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
PHONE = "919812345678"
SETTINGS = load("jambonz-app.json")
RAVI = Customer("Ravi Kumar", "tally", "cust-7", "2026-04-01")


@pytest.fixture
def shop() -> Iterator[FakeTally]:
    known = [{"id": "cust-7", "phone": f"+{PHONE}", "name": "Ravi Kumar", "license_expiry": "2026-04-01"}]
    with FakeTally(customers=known) as server:
        yield server


@pytest.fixture
def contacts() -> Iterator[FakeHubSpot]:
    with FakeHubSpot() as server:
        yield server


@pytest.fixture
def journal_and_house(shop: FakeTally, contacts: FakeHubSpot, tmp_path: Path) -> Iterator[tuple[Journal, AfterCall]]:
    url = f"sqlite:///{tmp_path}/voicebot.db"
    environment = Environment.read(
        {
            "DATABASE_URL": url,
            "TALLY_URL": shop.url,
            "TALLY_TOKEN": tally.TOKEN,
            "HUBSPOT_URL": contacts.url,
            "HUBSPOT_TOKEN": hubspot.TOKEN,
        }
    )
    database = open_database(url)
    journal = Journal(database, max_calls=5)
    yield journal, AfterCall(database, journal, SETTINGS, environment)
    database.dispose()


def talk(journal: Journal, sid: str, intent: str = "license_renewal") -> None:
    """A call that was answered, spoken in, and hung up."""
    journal.call_started(sid=sid, direction="inbound", caller=PHONE, called="1800", language="en", now=NOW)
    journal.alive(sid, now=NOW)
    journal.turn_finished(sid, Turn(1, "my licence <b>has</b> expired", intent=Intent(intent, 0.9), said=["Press F1."]))
    journal.call_ended(sid, Outcome(OutcomeKind.HUNG_UP), now=NOW + timedelta(seconds=20))
    journal.status_changed(sid, "completed", now=NOW + timedelta(seconds=21), duration_s=21)


def work(worker: Worker, house: AfterCall, sids: list[str]) -> None:
    worker.start()
    try:
        give_up_at = time.monotonic() + 20
        while time.monotonic() < give_up_at:
            states = {(each.call_sid, each.crm): each.state for each in house.deliveries.list()}
            if all(states.get((sid, crm)) is State.DELIVERED for sid in sids for crm in house.crms):
                return
            time.sleep(0.05)
        raise AssertionError(states)
    finally:
        worker.stop()


def test_a_call_reaches_both_crms_and_a_second_one_names_the_first_ticket(
    journal_and_house: tuple[Journal, AfterCall], shop: FakeTally, contacts: FakeHubSpot
) -> None:
    journal, house = journal_and_house
    talk(journal, "CA1")
    assert house.close("CA1", now=NOW + timedelta(seconds=22)) is not None
    work(house.worker(), house, ["CA1"])
    (ticket,) = shop.tickets
    assert (ticket["sent"]["customer_id"], ticket["sent"]["phone"]) == ("cust-7", f"+{PHONE}")
    assert "my licence <b>has</b> expired" in ticket["sent"]["description"]
    (note,) = contacts.notes
    assert "&lt;b&gt;has&lt;/b&gt;" in str(note)
    assert "[vb:CA1]" in str(note)
    talk(journal, "CA2")
    assert house.close("CA2", now=NOW + timedelta(seconds=23)) is not None
    finished = house.finished("CA2", "tally")
    assert finished is not None
    assert finished.about_ticket_id == ticket["ticket_id"]
    assert house.ticket_moved(TicketMoved("tally", ticket["ticket_id"], "closed"))
    closed = house.desk.ticket_of("CA1")
    assert closed is not None
    assert closed.status == "closed"
    assert house.profile(PHONE) == CallerProfile("Ravi Kumar", customer=RAVI), "a closed ticket is not offered again"


def test_the_crms_wait_for_the_models_summary_also_when_the_call_is_closed_again(journal_and_house: tuple[Journal, AfterCall]) -> None:
    journal, house = journal_and_house
    asked, may_answer = threading.Event(), threading.Event()

    def summarise(record: CallRecord) -> str:
        asked.set()
        assert may_answer.wait(10)
        return "A licence has expired."

    house.sum_up_by(summarise)
    talk(journal, "CA1")
    for seconds in (22, 23):  # the hook, and what comes meanwhile: the hook again, or a wrap-up
        assert house.close("CA1", now=NOW + timedelta(seconds=seconds)) is not None
        assert asked.wait(10)
        assert house.deliveries.list() == []
    may_answer.set()
    give_up_at = time.monotonic() + 10
    while len(house.deliveries.list()) < len(house.crms) and time.monotonic() < give_up_at:
        time.sleep(0.02)
    finished = house.finished("CA1", "tally")
    assert finished is not None
    assert finished.summary.text.startswith("A licence has expired.")
    assert {each.crm for each in house.deliveries.list()} == set(house.crms)
    house.leave()


def test_who_calls_is_known_by_name_and_open_ticket(journal_and_house: tuple[Journal, AfterCall]) -> None:
    journal, house = journal_and_house
    talk(journal, "CA1")
    house.close("CA1", now=NOW)
    assert house.profile(PHONE) == CallerProfile("Ravi Kumar", "T-1001", "license_renewal", RAVI)
    assert house.profile("anonymous") is None


def test_the_customer_is_who_has_a_name_or_else_the_first_who_is_known(journal_and_house: tuple[Journal, AfterCall]) -> None:
    _, house = journal_and_house
    nameless, named = FakeCrm("one"), FakeCrm("two")
    house.crms.clear()
    house.crms.update(one=nameless, two=named)
    nameless.known[PHONE] = KnownCaller("one", "1", url="https://one.example.com/1")
    assert house.profile(PHONE) == CallerProfile(customer=Customer("", "one", "1", "", "https://one.example.com/1"))
    named.known[PHONE] = KnownCaller("two", "2", "Asha", "2027-01-31")
    assert house.profile(PHONE) == CallerProfile("Asha", customer=Customer("Asha", "two", "2", "2027-01-31"))


def test_an_older_move_does_not_undo_a_newer_one(journal_and_house: tuple[Journal, AfterCall]) -> None:
    journal, house = journal_and_house
    talk(journal, "CA1")
    house.close("CA1", now=NOW)
    assert house.ticket_moved(TicketMoved("tally", "X", "closed", "CA1", NOW + timedelta(minutes=5)))
    assert house.ticket_moved(TicketMoved("tally", "X", "open", "CA1", NOW + timedelta(minutes=4)))
    ticket = house.desk.ticket_of("CA1")
    assert ticket is not None
    assert ticket.status == "closed"
    assert not house.ticket_moved(TicketMoved("tally", "unknown", "closed"))


def test_crms_are_switched_on_by_their_configuration() -> None:
    assert make_crms(SETTINGS, Environment.read({})) == {}
    both = {"TALLY_URL": "https://t.example.com", "TALLY_TOKEN": "t", "HUBSPOT_TOKEN": "h"}
    zendesk = {"ZENDESK_URL": "https://z.example.com", "ZENDESK_EMAIL": "a@example.com", "ZENDESK_TOKEN": "z"}
    assert list(make_crms(SETTINGS, Environment.read(both | zendesk))) == ["tally", "hubspot", "zendesk"]


@pytest.mark.parametrize("half", [{"TALLY_URL": "https://t.example.com"}, {"TALLY_TOKEN": "t"}, {"ZENDESK_URL": "https://z.example.com"}])
def test_half_a_configuration_is_a_mistake(half: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="go together"):
        Environment.read(half)
