"""What an agent says of a call afterwards reaches the ticket and every CRM that has the call, once, and never silently not."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sqlalchemy import Engine

from after_call import AfterCall
from calls.agents import WrapUp
from calls.call import CallRecord, CallSummary, Consent, Intent, Outcome, OutcomeKind, Ticket, Turn
from calls.crm import FinishedCall, Teller
from calls.errors import CrmBusy, CrmError, CrmRefused, CrmUnknown
from calls.settings import Environment, PostCallSettings, load
from crm.deliveries import Deliveries
from crm.delivery import State
from crm.hubspot import HubSpotCrm
from crm.hubspot_pace import Pace
from crm.post_call import PostCallHook
from crm.progress import Progress
from crm.wrap_up_deliveries import WrapUpDeliveries
from crm.zendesk import Zendesk
from crm.zendesk_wrap_ups import LEFT_OPEN
from records.callbacks import Callbacks
from records.journal import Journal
from records.wrap_ups import WrapUps
from tests import databases
from tests.fakes import hubspot, tally, zendesk
from tests.fakes.hubspot import FakeHubSpot
from tests.fakes.server import FakeServer, Request, Response
from tests.fakes.tally import FakeTally
from tests.fakes.zendesk import FakeZendesk
from tests.test_post_call import SCHEMA

database, migrated_file, migrated_postgres = databases.database, databases.migrated_file, databases.migrated_postgres
postgres_server = databases.postgres_server

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
LATER, MUCH_LATER = NOW + timedelta(minutes=5), NOW + timedelta(minutes=50)
PHONE = "+919812345678"
NOTE = 'Restored the backup <script>alert(1)</script> & "rang" back 😀'
SAID = WrapUp("CA1", "asha", "Asha K", "resolved", "data_corrupt", NOTE, LATER)
CHANGED = replace(SAID, resolution="follow_up", note="It is gone again.", at=MUCH_LATER)
BOT_CONFIG = Path(__file__).parents[1] / "jambonz-app.json"


# -- the whole house, its CRMs on real sockets, the queue and the worker real ----------
class Receiver(FakeServer):
    def answer(self, request: Request) -> Response:
        body = request.json()
        jsonschema.validate(body, SCHEMA)
        self.keep("call", body)
        return Response(204)


@dataclass(slots=True)
class House:
    journal: Journal
    after: AfterCall
    shop: FakeTally
    contacts: FakeHubSpot
    desk: FakeZendesk
    receiver: Receiver
    sid: str  # of the one call: new each time, as PostgreSQL's queue remembers those of other tests

    def says(self, wrap_up: WrapUp, now: datetime) -> Ticket | None:
        return self.after.wrapped_up(replace(wrap_up, call_sid=self.sid), now)

    @contextmanager
    def working(self) -> Iterator[None]:
        worker = self.after.worker()
        worker.start()
        try:
            yield
        finally:
            worker.stop()

    def until(self, wanted: Callable[[], bool]) -> None:
        give_up_at = time.monotonic() + 30
        while not wanted():
            assert time.monotonic() < give_up_at, self.after.deliveries.list()
            time.sleep(0.05)

    def delivered(self, at: datetime | None = None) -> bool:
        """Every call is everywhere, and its wrap-up of that moment where it can be told."""
        rows = {each.crm: each for each in self.after.deliveries.list()}
        crms = list(self.after.crms) + ([f"{crm}.wrap_up" for crm in ("hubspot", "zendesk", "warehouse")] if at else [])
        done = all(crm in rows and rows[crm].state is State.DELIVERED for crm in crms)
        return done and all(row.created_at == at for crm, row in rows.items() if crm.endswith(".wrap_up"))


@pytest.fixture
def house(database: Engine) -> Iterator[House]:
    settings = load(BOT_CONFIG)
    with ExitStack() as running:
        shop, contacts = running.enter_context(FakeTally()), running.enter_context(FakeHubSpot())
        desk, receiver = running.enter_context(FakeZendesk()), running.enter_context(Receiver())
        environment = Environment.read(
            {
                "DATABASE_URL": database.url.render_as_string(hide_password=False).replace("postgresql+psycopg", "postgresql"),
                "TALLY_URL": shop.url,
                "TALLY_TOKEN": tally.TOKEN,
                "HUBSPOT_URL": contacts.url,
                "HUBSPOT_TOKEN": hubspot.TOKEN,
                "ZENDESK_URL": desk.url,
                "ZENDESK_EMAIL": zendesk.EMAIL,
                "ZENDESK_TOKEN": zendesk.TOKEN,
                "POST_CALL_SECRET": "post-call-secret-0123456789",
            }
        )
        hook = PostCallSettings(name="warehouse", url=f"{receiver.url}/calls")
        settings = settings.model_copy(update={"crm": settings.crm.model_copy(update={"post_call": [hook]})})
        journal = Journal(database, max_calls=5)
        after = AfterCall(database, journal, settings, environment)
        running.callback(after.leave)
        yield House(journal, after, shop, contacts, desk, receiver, str(uuid.uuid4()))


def talk(journal: Journal, sid: str = "CA1", *, over: bool = True) -> None:
    journal.call_started(sid=sid, direction="inbound", caller=PHONE, called="1800", language="en", now=NOW)
    journal.turn_finished(sid, Turn(1, "my licence has expired", intent=Intent("license_renewal", 0.9), said=["Press F1."]))
    journal.call_ended(sid, Outcome(OutcomeKind.ESCALATED, "offered"), now=NOW + timedelta(seconds=20))
    if over:
        journal.status_changed(sid, "completed", now=NOW + timedelta(seconds=80), duration_s=80)


def test_every_crm_that_can_be_told_is_told_and_told_again(house: House) -> None:
    talk(house.journal, house.sid)
    with house.working():
        house.after.close(house.sid, now=NOW)
        house.until(house.delivered)
        ticket = house.says(SAID, LATER)
        assert ticket is not None
        assert (ticket.intent, ticket.status, ticket.id) == ("data_corrupt", "closed", "T-1001")
        assert NOTE in ticket.description
        house.until(lambda: house.delivered(SAID.at))
        assert house.says(CHANGED, MUCH_LATER) == house.after.desk.ticket("T-1001")
        house.until(lambda: house.delivered(CHANGED.at))
    call, first, second = (str(note["properties"]["hs_note_body"]) for note in house.contacts.notes)
    assert "Wrapped up" not in call
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in first
    assert "<strong>Really about:</strong> data corrupt" in first
    assert "It is gone again." in second
    assert len({note["contact"] for note in house.contacts.notes}) == 1
    assert [comment["public"] for comment in house.desk.kept["comment"]] == [False] * 3
    assert NOTE in house.desk.kept["comment"][1]["body"]
    assert [ticket["status"] for ticket in house.desk.tickets] == ["pending"]
    assert [(call["event"], (call["wrap_up"] or {}).get("resolution")) for call in house.receiver.kept["call"]] == [
        ("ended", None),
        ("wrapped_up", "resolved"),
        ("wrapped_up", "follow_up"),
    ]
    assert len({call["delivery"] for call in house.receiver.kept["call"]}) == 3
    assert len(house.shop.tickets) == 1, "Tally's contract changes no ticket"


def test_what_is_said_before_the_call_goes_out_goes_out_with_it(house: House) -> None:
    talk(house.journal, house.sid, over=False)
    assert house.says(SAID, LATER) is not None
    talk(house.journal, house.sid)
    house.after.close(house.sid, now=MUCH_LATER)
    with house.working():
        house.until(house.delivered)
    assert {each.crm for each in house.after.deliveries.list()} == set(house.after.crms)
    (note,) = house.contacts.notes
    (tally_ticket,) = house.shop.tickets
    assert "Asha K" in note["properties"]["hs_note_body"]
    assert (house.desk.tickets[0]["status"], NOTE in house.desk.kept["comment"][0]["body"]) == ("solved", True)
    assert (NOTE in tally_ticket["sent"]["description"], tally_ticket["sent"]["intent_category"]) == (True, "data_corrupt")
    assert house.receiver.kept["call"][0]["wrap_up"]["note"] == NOTE


def test_the_worker_sees_to_what_nobody_else_has_seen_to(house: House, database: Engine, caplog: pytest.LogCaptureFixture) -> None:
    now = datetime.now(UTC)
    talk(house.journal, house.sid)
    house.after.close(house.sid, now=NOW)
    WrapUps(database).write(replace(SAID, call_sid=house.sid, at=now))
    facts = {"call_sid": house.sid, "phone": PHONE, "intent": "gst_query", "language": "en", "reason": "no_agent"}
    Callbacks(database).promise(**facts, due_at=now - timedelta(seconds=1), now=NOW)
    with caplog.at_level(logging.WARNING), house.working():
        house.until(lambda: house.delivered(now))
    assert [vars(line)["call_sid"] for line in caplog.records if line.getMessage() == "a promised call back is overdue"] == [house.sid]
    assert [ticket.priority for ticket in house.after.desk.recent()] == ["high"]
    assert house.after.promised() == {"open": 1, "overdue": 1}


# -- when it is told --------------------------------------------------------------------
class Queue:
    """Takes everything and delivers nothing."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []

    def enqueue(self, call_sid: str, crm: str, workflow_id: str, *, delay_s: float) -> None:
        self.asked.append((call_sid, crm, workflow_id))


@dataclass(slots=True)
class Told:
    deliveries: Deliveries
    queue: Queue
    wrap_ups: WrapUps
    telling: WrapUpDeliveries
    progress: Progress

    def arrives(self, crm: str, **results: str) -> None:
        """The call's own delivery is done, each step with its result."""
        self.deliveries.start("CA1", now=NOW)
        delivery = self.deliveries.show("CA1", crm)
        assert delivery is not None
        for step, result in results.items():
            self.progress.begin("CA1", crm, step, delivery.workflow_id, now=NOW)
            self.progress.done("CA1", crm, step, delivery.workflow_id, result, last=step == list(results)[-1], now=NOW)

    def rows(self) -> dict[str, tuple[datetime, int, State]]:
        return {each.crm: (each.created_at, each.run, each.state) for each in self.deliveries.list() if "." in each.crm}


@pytest.fixture
def told(database: Engine) -> Told:
    talk(Journal(database, max_calls=5))
    queue, wrap_ups = Queue(), WrapUps(database)
    deliveries = Deliveries(database, crms=("hubspot", "tally"), client=queue, clock=lambda: NOW)
    return Told(deliveries, queue, wrap_ups, WrapUpDeliveries(deliveries, ["hubspot"], wrap_ups.since), Progress(database))


def test_told_once_for_each_wrap_up(told: Told) -> None:
    told.arrives("hubspot", contact="77", note="78", call="79")
    assert told.telling.behind("CA1") == ["hubspot"]
    for wrap_up in (SAID, SAID, CHANGED, SAID, CHANGED):
        told.telling.tell(wrap_up, ["hubspot"], now=MUCH_LATER)
    assert told.rows() == {"hubspot.wrap_up": (CHANGED.at, 2, State.WAITING)}
    assert told.queue.asked[-2:] == [("CA1", "hubspot.wrap_up", "CA1:hubspot.wrap_up"), ("CA1", "hubspot.wrap_up", "CA1:hubspot.wrap_up:2")]


def test_a_run_that_tells_the_old_one_ends_nothing_of_the_new(told: Told) -> None:
    told.arrives("hubspot", contact="77")
    told.telling.tell(SAID, ["hubspot"], now=LATER)
    assert told.progress.begin("CA1", "hubspot.wrap_up", "note", "CA1:hubspot.wrap_up", now=LATER) is not None
    told.telling.tell(CHANGED, ["hubspot"], now=MUCH_LATER)
    told.progress.done("CA1", "hubspot.wrap_up", "note", "CA1:hubspot.wrap_up", "80", last=True, now=MUCH_LATER)
    assert told.rows() == {"hubspot.wrap_up": (CHANGED.at, 2, State.WAITING)}
    fresh = told.progress.begin("CA1", "hubspot.wrap_up", "note", "CA1:hubspot.wrap_up:2", now=MUCH_LATER)
    assert fresh is not None
    assert dict(fresh.done) == {}, "the old note's id is no answer to the new wrap-up"


def test_one_that_was_given_up_is_begun_anew_by_the_next(told: Told) -> None:
    told.arrives("hubspot", contact="77")
    told.telling.tell(SAID, ["hubspot"], now=LATER)
    told.progress.begin("CA1", "hubspot.wrap_up", "note", "CA1:hubspot.wrap_up", now=LATER)
    told.progress.failed("CA1", "hubspot.wrap_up", "note", "CA1:hubspot.wrap_up", "refused", now=LATER)
    told.telling.tell(CHANGED, ["hubspot"], now=MUCH_LATER)
    delivery = told.deliveries.show("CA1", "hubspot.wrap_up")
    assert delivery is not None
    assert (delivery.state, delivery.error, dict(delivery.steps)) == (State.WAITING, "", {})


def test_what_a_dying_process_left_untold_is_told(told: Told) -> None:
    told.arrives("hubspot", contact="77")
    told.wrap_ups.write(SAID)
    assert told.rows() == {}
    for _ in range(3):
        told.telling.sweep(LATER + timedelta(hours=3))
    assert told.rows() == {"hubspot.wrap_up": (SAID.at, 1, State.WAITING)}
    told.wrap_ups.write(CHANGED)
    told.telling.sweep(MUCH_LATER)
    assert told.rows() == {"hubspot.wrap_up": (CHANGED.at, 2, State.WAITING)}


def test_a_call_that_went_out_after_the_wrap_up_is_not_told_of_it(told: Told) -> None:
    told.wrap_ups.write(replace(SAID, at=NOW - timedelta(minutes=1)))
    told.arrives("hubspot", contact="77")
    told.telling.sweep(LATER)
    assert told.rows() == {}


def test_the_call_comes_first(told: Told) -> None:
    with pytest.raises(CrmRefused, match="try that again first"):
        told.telling.there("CA1", "hubspot")
    told.deliveries.start("CA1", now=NOW)
    with pytest.raises(CrmBusy):
        told.telling.there("CA1", "hubspot")
    told.arrives("hubspot", contact="77", note="78")
    assert told.telling.there("CA1", "hubspot") == {"contact": "77", "note": "78"}


def test_the_same_again_changes_nothing(house: House) -> None:
    talk(house.journal, house.sid)
    house.after.close(house.sid, now=NOW)
    first = house.says(SAID, LATER)
    rows = [(each.crm, each.run, each.created_at) for each in house.after.deliveries.list()]
    again = house.says(replace(SAID, at=MUCH_LATER), MUCH_LATER)
    assert [(each.crm, each.run, each.created_at) for each in house.after.deliveries.list()] == rows
    assert {crm for crm, _, _ in rows} > {"hubspot.wrap_up", "zendesk.wrap_up", "warehouse.wrap_up"}
    assert first is not None
    assert again == replace(first, updated_at=MUCH_LATER)


def test_of_an_unknown_call_nothing_is_kept(house: House) -> None:
    assert house.says(SAID, LATER) is None
    assert house.journal.record(house.sid) is None


# -- each CRM -----------------------------------------------------------------------------
def to_tell(there: dict[str, str], wrap_up: WrapUp | None = SAID) -> FinishedCall:
    outcome = Outcome(OutcomeKind.ESCALATED, "offered")
    record = CallRecord("CA1", "inbound", PHONE, "1800", "en", "completed", Consent.GIVEN, NOW, NOW, 80, outcome, wrap_up=wrap_up)
    return FinishedCall(record, CallSummary("data_corrupt", 1.0, "en", "high", "Lost data."), "T-1001", there=there)


def tell(teller: Teller, call: FinishedCall, *, tries: int = 1) -> str:
    for attempt in range(1, tries + 1):
        try:
            return teller.do(teller.steps[0], call, {}, attempt=attempt)
        except (CrmBusy, CrmUnknown):
            if attempt == tries:
                raise
    raise AssertionError


TROUBLES: list[dict[str, Any]] = [
    {"status": 429, "retry_after": "1"},
    {"status": 500},
    {"reset_before": True},
    {"reset_after_accepting": True},
    {"truncate": True},
    {"garbage": True},
]


@pytest.fixture
def contacts() -> Iterator[FakeHubSpot]:
    with FakeHubSpot(limit_10s=10_000, search_limit_1s=10_000) as server:
        yield server


@pytest.fixture
def notes(contacts: FakeHubSpot) -> Teller:
    wide, wider = Pace(10_000, 1), Pace(10_000, 1)
    return HubSpotCrm(token=hubspot.TOKEN, url=contacts.url, timeout_s=(10.0, 10.0), pace=wide, search_pace=wider).wrap_ups()


@pytest.mark.parametrize("how", TROUBLES, ids=lambda how: next(iter(how)))
@pytest.mark.parametrize("route", ["POST /crm/v3/objects/notes", "GET *", "POST *batch/read"])
def test_hubspot_gets_one_note_whatever_happens(contacts: FakeHubSpot, notes: Teller, route: str, how: dict[str, Any]) -> None:
    contact = contacts.add_contact(phone=PHONE)
    tell(notes, to_tell({"contact": contact}, replace(SAID, at=NOW)))  # an earlier one: another mark, and something to read through
    contacts.misbehave(route, **how, times=1)
    made = tell(notes, to_tell({"contact": contact}), tries=2)
    assert [note["id"] for note in contacts.notes][1:] == [made]
    assert tell(notes, to_tell({"contact": contact})) == made, "a killed worker does a step again as the same attempt"
    assert contacts.notes[1]["properties"]["hs_timestamp"] == str(round(LATER.timestamp() * 1000))


def test_without_a_contact_the_call_record_tells_it(contacts: FakeHubSpot, notes: Teller) -> None:
    made = HubSpotCrm(token=hubspot.TOKEN, url=contacts.url, create_contacts=False)
    record = made.do("call", to_tell({}, None), {"contact": ""}, attempt=1)
    assert "Asha" not in contacts.calls[0]["properties"]["hs_call_body"]
    for _ in range(2):
        assert tell(notes, to_tell({"contact": "", "call": record})) == record
    (call,) = contacts.calls
    assert "Wrap-up:</strong> resolved (by Asha K)" in call["properties"]["hs_call_body"]
    assert "[vb:CA1]" in call["properties"]["hs_call_body"]
    assert contacts.notes == []


@pytest.fixture
def office() -> Iterator[FakeZendesk]:
    with FakeZendesk() as server:
        yield server


@pytest.fixture
def crm(office: FakeZendesk) -> Zendesk:
    return Zendesk(url=office.url, email=zendesk.EMAIL, token=zendesk.TOKEN)


def ticket_at(crm: Zendesk, wrap_up: WrapUp | None = None) -> dict[str, str]:
    return {"user": "", "ticket": crm.do("ticket", to_tell({}, wrap_up), {"user": ""}, attempt=1)}


@pytest.mark.parametrize("how", TROUBLES, ids=lambda how: next(iter(how)))
@pytest.mark.parametrize("route", ["PUT *", "GET *comments.json"])
def test_zendesk_gets_one_comment_whatever_happens(office: FakeZendesk, crm: Zendesk, route: str, how: dict[str, Any]) -> None:
    there = ticket_at(crm)
    office.misbehave(route, **how, times=1)
    assert tell(crm.wrap_ups(), to_tell(there), tries=2) == there["ticket"]
    assert tell(crm.wrap_ups(), to_tell(there)) == there["ticket"]
    assert (len(office.kept["comment"]), office.tickets[0]["status"]) == (2, "solved")


def test_the_newest_comments_are_looked_at(office: FakeZendesk, crm: Zendesk) -> None:
    there = ticket_at(crm)
    for number in range(150):
        office.add_comment(int(there["ticket"]), {"body": f"an agent's {number}", "public": False})
    for _ in range(2):
        tell(crm.wrap_ups(), to_tell(there))
    assert len(office.kept["comment"]) == 152


def test_what_zendesk_will_not_solve_it_is_told_all_the_same(office: FakeZendesk, crm: Zendesk) -> None:
    office.wants_more_to_solve = True
    there = ticket_at(crm)
    assert tell(crm.wrap_ups(), to_tell(there)) == f"{there['ticket']} ({LEFT_OPEN})"
    assert (office.tickets[0]["status"], NOTE in office.kept["comment"][-1]["body"]) == ("new", True)
    written_late = ticket_at(crm, SAID)
    assert written_late == there, "the call's ticket is there already"


def test_a_call_that_comes_with_its_wrap_up_is_solved_at_once_where_that_is_allowed(office: FakeZendesk, crm: Zendesk) -> None:
    assert tell(crm.wrap_ups(), to_tell(ticket_at(crm, SAID))) == "35000"
    assert (office.tickets[0]["status"], len(office.kept["comment"])) == ("solved", 1), "what is there is not said twice"
    office.wants_more_to_solve = True
    office.tickets.clear()
    office.forget_keys()
    ticket_at(crm, SAID)
    assert (office.tickets[0]["status"], len(office.tickets)) == ("new", 1)


def test_a_ticket_that_zendesk_has_closed_for_good_is_a_refusal(office: FakeZendesk, crm: Zendesk) -> None:
    there = ticket_at(crm)
    office.tickets[0]["status"] = "closed"
    with pytest.raises(CrmRefused, match="closed the call's ticket for good"):
        tell(crm.wrap_ups(), to_tell(there))


def test_a_long_note_is_cut_and_its_mark_kept(office: FakeZendesk, crm: Zendesk, contacts: FakeHubSpot, notes: Teller) -> None:
    long = replace(SAID, note="क्षमा " * 20_000)
    there = ticket_at(crm) | {"contact": contacts.add_contact(phone=PHONE)}
    for _ in range(2):
        tell(crm.wrap_ups(), to_tell(there, long))
        tell(notes, to_tell(there, long))
    assert (len(office.kept["comment"]), len(contacts.notes)) == (2, 1)


def test_no_error_holds_what_an_agent_said(office: FakeZendesk, crm: Zendesk, contacts: FakeHubSpot, notes: Teller) -> None:
    there, said = ticket_at(crm) | {"contact": contacts.add_contact(phone=PHONE)}, []
    for server in (office, contacts):
        for how in [*TROUBLES, {"status": 401}, {"status": 404}, {"status": 422}]:
            server.behave()
            server.misbehave(**how)
            with pytest.raises(CrmError) as caught:
                tell(crm.wrap_ups() if server is office else notes, to_tell(there))
            said += [str(caught.value), repr(caught.value.__cause__)]
    assert not [secret for secret in ("Asha", "backup", "alert", PHONE[3:]) if secret in " ".join(said)]


def test_a_hook_gets_the_whole_call_once_more() -> None:
    with Receiver() as receiver:
        hook = PostCallHook(name="warehouse", url=receiver.url, secret="post-call-secret-0123456789", now=NOW.timestamp)
        for wrap_up in (SAID, SAID, CHANGED):
            tell(hook.wrap_ups(), to_tell({}, wrap_up))
        hook.do("post", to_tell({}), {}, attempt=1)
    again, same, changed, ended = receiver.kept["call"]
    assert again == same
    assert again["delivery"] == f"CA1:warehouse.wrap_up:{round(LATER.timestamp() * 1000)}"
    assert (again["event"], again["wrap_up"]["intent"], again["intent"], again["confidence"]) == (
        "wrapped_up",
        "data_corrupt",
        "data_corrupt",
        1,
    )
    assert changed["delivery"] != again["delivery"]
    assert (ended["event"], ended["delivery"]) == ("ended", "CA1:warehouse")


@pytest.mark.parametrize("there", [{"contact": "77"}, {"ticket": "35000"}])
def test_nothing_said_is_nothing_told(crm: Zendesk, notes: Teller, there: dict[str, str]) -> None:
    with pytest.raises(CrmRefused, match="no wrap-up"):
        tell(notes if "contact" in there else crm.wrap_ups(), to_tell(there, None))
