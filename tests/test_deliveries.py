"""Deliveries on a real DBOS, on SQLite and PostgreSQL: nothing lost, nothing twice, whatever the CRM or the machine does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import Engine, create_engine, text

from calls.call import CallRecord, CallSummary, Consent, Outcome, OutcomeKind
from calls.crm import FinishedCall
from calls.errors import CrmBusy, CrmError, CrmRefused, CrmUnknown
from calls.metrics import DeliveriesByState
from crm.deliveries import LOST_AFTER, Deliveries
from crm.delivering import Attempts, Backoff
from crm.delivery import Delivery, State
from crm.delivery_schema import deliveries as table
from crm.fake import Act, FakeCrm
from crm.progress import Progress
from crm.queueing import DbosClient, system_database
from crm.worker import Worker
from records.database import open_database
from tests import databases

database, migrated_file, migrated_postgres = databases.database, databases.migrated_file, databases.migrated_postgres
postgres_server = databases.postgres_server

ROOT = Path(__file__).parent.parent
QUICK, HOLD_S = Backoff(first_s=0.02, most_s=0.1, give_up_after_s=3.0), 0.3
ROUGH_SIDE = ("busy", "busy for long", "unknown", "refused", "faulty")
CRMS = ("fake", "out", *ROUGH_SIDE)


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def utc_now() -> datetime:
    return datetime.now(UTC)


UNKNOWN = "unknown to the journal "


def finished(call_sid: str, crm: str) -> FinishedCall | None:
    if call_sid.startswith(UNKNOWN):
        return None
    ended = utc_now()
    record = CallRecord(
        call_sid, "inbound", "+15085551212", "100", "en", "completed", Consent.GIVEN, ended, ended, 60, Outcome(OutcomeKind.FINISHED)
    )
    return FinishedCall(record, CallSummary("invoice_copy", 0.9, "en", "normal", "Wants an invoice."), ticket_id="T-1001")


@pytest.fixture
def rows(database: Engine) -> Engine:
    with database.begin() as connection:
        connection.execute(table.delete())
    return database


@pytest.fixture
def client(rows: Engine) -> Iterator[DbosClient]:
    client = DbosClient(url_of(rows))
    yield client
    client.close()


class House:
    """A database, a queue, and a worker that delivers to every fake CRM that a test may want."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.client = engine, DbosClient(url_of(engine))
        self.crms = {name: FakeCrm(name) for name in CRMS}
        sweeping = {"sweep": lambda now: 0, "sweep_s": 0.1, "poll_s": 0.05}
        options = {"executor_id": "test", "backoff": QUICK, "hold_s": HOLD_S, "load": finished} | sweeping
        self.worker = Worker(engine, url_of(engine), self.crms, deliveries=self.to(*CRMS), **options)  # type: ignore[arg-type]

    def to(self, *crms: str) -> Deliveries:
        return Deliveries(self.engine, crms=crms, client=self.client, settling_s=0)

    def crm(self, name: str, script: Mapping[str, Sequence[Act]] | None = None) -> FakeCrm:
        """That CRM, to behave from now on as it is told."""
        self.crms[name].follow(script or {})
        return self.crms[name]


@pytest.fixture(scope="module", params=databases.KINDS)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    if request.param == "postgres":
        engine = request.getfixturevalue("migrated_postgres")
    else:
        engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('house')}/voicebot.db")
    house = House(engine)
    house.worker.start()
    yield house
    house.worker.stop(grace_s=2)
    house.client.close()
    if request.param != "postgres":
        engine.dispose()


def sid() -> str:
    return str(uuid.uuid4())


def until(deliveries: Deliveries, call_sid: str, *states: State, crm: str = "fake", within_s: float = 15.0) -> Delivery:
    give_up_at = time.monotonic() + within_s
    while time.monotonic() < give_up_at:
        delivery = deliveries.show(call_sid, crm)
        if delivery and delivery.state in states:
            return delivery
        time.sleep(0.01)
    raise AssertionError(f"not {states} within {within_s} s: {deliveries.show(call_sid, crm)}")


def alert_in(caplog: pytest.LogCaptureFixture, message: str, within_s: float = 5.0) -> tuple[str, str]:
    """The level and the call of the one record that says so; the worker writes it after it has journalled what happened."""
    give_up_at = time.monotonic() + within_s
    while not (found := [record for record in caplog.records if record.message == message]) and time.monotonic() < give_up_at:
        time.sleep(0.01)
    assert len(found) == 1
    return found[0].levelname, found[0].__dict__["call_sid"]


# -- what a CRM does -----------------------------------------------------------------------
def test_a_call_is_delivered_step_by_step(house: House) -> None:
    crm, deliveries, call = house.crm("fake"), house.to("fake"), sid()
    assert deliveries.start(call, now=utc_now())
    delivery = until(deliveries, call, State.DELIVERED)
    assert [(each.attempts, each.result) for each in delivery.steps.values()] == [(1, f"ticket of {call}"), (1, f"note of {call}")]
    assert [each[1:] for each in crm.tries if each[0] == call] == [("ticket", 1, {}), ("note", 1, {"ticket": f"ticket of {call}"})]
    assert delivery.delivered_at is not None
    assert (delivery.attempts, delivery.error) == (2, "")


Tries = list[tuple[str, int]]
ROUGH: list[tuple[str, Mapping[str, Sequence[Act]], Tries, State]] = [
    ("busy", {"ticket": [CrmBusy("429")] * 3}, [("ticket", 1), ("ticket", 2), ("ticket", 3), ("ticket", 4), ("note", 1)], State.DELIVERED),
    ("busy for long", {"note": [CrmBusy("503", retry_after_s=0.5)]}, [("ticket", 1), ("note", 1), ("note", 2)], State.DELIVERED),
    ("unknown", {"note": [CrmUnknown("no answer")]}, [("ticket", 1), ("note", 1), ("note", 2)], State.DELIVERED),
    ("refused", {"note": [CrmRefused("422: subject")]}, [("ticket", 1), ("note", 1)], State.FAILED),
    ("faulty", {"ticket": [KeyError("secret")]}, [("ticket", 1), ("ticket", 2), ("note", 1)], State.DELIVERED),
]


def test_whatever_the_crms_do_at_once(house: House) -> None:
    crms = [house.crm(name, script) for name, script, _, _ in ROUGH]
    deliveries, call = house.to(*ROUGH_SIDE), sid()
    deliveries.start(call, now=utc_now())
    for crm, (name, _, tries, end) in zip(crms, ROUGH, strict=True):
        until(deliveries, call, end, crm=name)
        assert crm.tries_of(call) == tries
    refused, put_off = deliveries.show(call, "refused"), deliveries.show(call, "busy for long")
    assert refused is not None
    assert (refused.error, refused.steps["ticket"].result) == ("422: subject", f"ticket of {call}")
    assert put_off is not None
    assert put_off.workflow_id == f"{call}:busy for long:2"  # it waited in the queue, in no worker's place
    assert "secret" not in str(deliveries.list())


@pytest.mark.parametrize("retry_after_s", [0.25, 0.7], ids=["in the worker", "in the queue"])
def test_retry_after_is_kept(house: House, retry_after_s: float) -> None:
    moments: list[float] = []

    def noted() -> str:
        moments.append(time.monotonic())
        if len(moments) == 1:
            raise CrmBusy("429", retry_after_s=retry_after_s)
        return "T-1"

    house.crm("fake", {"ticket": [noted, noted]})
    deliveries, call = house.to("fake"), sid()
    deliveries.start(call, now=utc_now())
    until(deliveries, call, State.DELIVERED)
    assert retry_after_s <= moments[1] - moments[0] < 4


def test_it_is_given_up_in_the_end(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.crm("fake", {"ticket": [CrmUnknown("no answer")] * 1000})
    deliveries, call = house.to("fake"), sid()
    deliveries.start(call, now=utc_now())
    delivery = until(deliveries, call, State.FAILED)
    assert delivery.error == f"given up after {delivery.attempts} tries: no answer"
    assert delivery.attempts > 4
    assert alert_in(caplog, "a delivery has failed for good") == ("ERROR", call)


def test_one_crm_that_is_out_does_not_hold_the_others(house: House) -> None:
    house.crm("out", {"ticket": [CrmBusy("503", retry_after_s=0.2)] * 10_000})
    house.crm("fake")
    deliveries, calls = house.to("out", "fake"), [sid() for _ in range(40)]
    for call in calls:
        deliveries.start(call, now=utc_now())
    for call in calls:
        until(deliveries, call, State.DELIVERED)
    assert deliveries.counts()["out", "delivered"] == 0


# -- once and only once --------------------------------------------------------------------
def test_many_threads_start_it_once(house: House) -> None:
    crm, deliveries, call = house.crm("fake"), house.to("fake"), sid()
    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(lambda _: deliveries.start(call, now=utc_now()), range(32)))
    until(deliveries, call, State.DELIVERED)
    assert deliveries.start(call, now=utc_now())  # a late final status
    time.sleep(0.2)
    assert crm.tries_of(call) == [("ticket", 1), ("note", 1)]


def test_a_failed_one_is_tried_again_from_where_it_failed(house: House) -> None:
    slow = threading.Event()
    crm = house.crm("fake", {"note": [CrmRefused("401"), lambda: str(slow.wait(5))]})
    deliveries, call = house.to("fake"), sid()
    deliveries.start(call, now=utc_now())
    until(deliveries, call, State.FAILED)
    with ThreadPoolExecutor(8) as pool:  # an impatient admin
        assert sum(pool.map(lambda _: deliveries.retry(call, "fake"), range(8))) == 1
    slow.set()
    delivery = until(deliveries, call, State.DELIVERED)
    assert delivery.workflow_id == f"{call}:fake:2"
    assert crm.tries_of(call) == [("ticket", 1), ("note", 1), ("note", 2)]
    assert not deliveries.retry(call, "fake")
    assert not deliveries.retry("unknown", "fake")


def test_a_queue_that_is_not_there_loses_nothing(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """The web process before any worker has ever run, or with the queue's file gone."""

    class Broken:
        def enqueue(self, call_sid: str, crm: str, workflow_id: str, *, delay_s: float) -> None:
            raise CrmBusy("the queue can't be reached")

    crm, call = house.crm("fake"), sid()
    broken = Deliveries(house.engine, crms=["fake"], client=Broken(), settling_s=0)
    assert broken.start(call, now=utc_now())
    assert "a delivery could not be queued; the worker finds it" in caplog.text
    until(broken, call, State.DELIVERED)
    assert crm.tries_of(call) == [("ticket", 1), ("note", 1)]


def test_what_a_dead_machine_had_in_hand_is_taken_over(house: House) -> None:
    crm, deliveries, call, now = house.crm("fake"), house.to("fake"), sid(), utc_now()
    lost = {"workflow_id": f"{call}:fake", "state": State.DELIVERING, "steps": {"ticket": {"attempts": 1}}, "attempts": 1, "queued_at": now}
    long_ago = now - LOST_AFTER - timedelta(seconds=1)
    with house.engine.begin() as connection:
        connection.execute(table.insert().values(call_sid=call, crm="fake", created_at=now, updated_at=now, next_try_at=long_ago, **lost))
    assert until(deliveries, call, State.DELIVERED).workflow_id == f"{call}:fake:2"
    assert crm.tries_of(call) == [("ticket", 2), ("note", 1)]


def test_a_call_that_the_journal_does_not_know_fails(house: House) -> None:
    deliveries = house.to("fake")
    deliveries.start(f"{UNKNOWN}{sid()}", now=utc_now())
    call = deliveries.list(limit=1)[0].call_sid
    assert until(deliveries, call, State.FAILED).error == "the journal knows no such call"


def test_the_queue_keeps_no_words_and_no_code(house: House) -> None:
    house.crm("fake", {"ticket": [CrmBusy("503")]})
    deliveries, call = house.to("fake"), sid()
    deliveries.start(call, now=utc_now())
    until(deliveries, call, State.DELIVERED)
    kept = house.client.open()
    assert kept.retrieve_workflow(f"{call}:fake").get_result(polling_interval_sec=0.02) == "delivered"  # a moment after the row
    assert [step["function_name"] for step in kept.list_workflow_steps(f"{call}:fake")] == ["ticket", "DBOS.sleep", "ticket", "note"]
    system = create_engine(system_database(url_of(house.engine)).replace("postgresql:", "postgresql+psycopg:"))
    schema = "" if system.dialect.name == "sqlite" else "dbos."
    with system.connect() as connection:
        texts = connection.execute(text(f"SELECT inputs, serialization FROM {schema}workflow_status")).all()  # noqa: S608
        outputs = connection.execute(text(f"SELECT output FROM {schema}operation_outputs")).scalars().all()  # noqa: S608
    system.dispose()
    assert {serialization for _, serialization in texts} == {"voicebot_json"}
    assert "Wants an invoice" not in str(outputs) + str(texts)
    assert "15085551212" not in str(outputs) + str(texts)


# -- crashes in the narrow places ----------------------------------------------------------
@pytest.fixture
def attempts(rows: Engine) -> tuple[Attempts, FakeCrm]:
    crm = FakeCrm()
    return Attempts(Progress(rows), {"fake": crm}, finished, backoff=QUICK, clock=utc_now), crm


def test_a_step_that_is_done_is_not_done_again(rows: Engine, client: DbosClient, attempts: tuple[Attempts, FakeCrm]) -> None:
    """The process died after the row was written, and before the queue had kept it."""
    Deliveries(rows, crms=["fake"], client=client).start("CA1", now=utc_now())
    make, crm = attempts[0].make, attempts[1]
    assert [make("CA1", "fake", step, "CA1:fake").then for step in ("ticket", "ticket", "note", "note")] == ["done", "done", "done", "stop"]
    assert crm.tries_of("CA1") == [("ticket", 1), ("note", 1)]


def test_a_run_that_was_taken_over_stops(rows: Engine, client: DbosClient, attempts: tuple[Attempts, FakeCrm]) -> None:
    """A machine that was taken for dead comes back in the middle of a step."""
    deliveries = Deliveries(rows, crms=["fake"], client=client)
    deliveries.start("CA1", now=utc_now())
    progress = Progress(rows)
    assert progress.begin("CA1", "fake", "ticket", "CA1:fake", now=utc_now() - LOST_AFTER * 2) is not None
    assert deliveries.requeue(now=utc_now()) == 1
    progress.done("CA1", "fake", "ticket", "CA1:fake", "T-old", last=False, now=utc_now())
    assert attempts[0].make("CA1", "fake", "note", "CA1:fake") == ("stop", 0)
    assert attempts[0].make("CA1", "fake", "ticket", "CA1:fake:2").then == "done"
    assert attempts[1].tries_of("CA1") == [("ticket", 2)]


def test_a_worker_that_stops_begins_nothing_and_ends_what_it_began(
    rows: Engine, client: DbosClient, attempts: tuple[Attempts, FakeCrm]
) -> None:
    Deliveries(rows, crms=["fake"], client=client).start("CA1", now=utc_now())
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        go_on.wait(5)
        return "T-1"

    attempts[1].follow({"ticket": [slow]})
    with ThreadPoolExecutor(1) as pool:
        ticket = pool.submit(attempts[0].make, "CA1", "fake", "ticket", "CA1:fake")
        begun.wait(5)
        assert not attempts[0].stop(0.01)
        go_on.set()
        assert attempts[0].stop(5)
        assert ticket.result().then == "done"
    assert attempts[0].make("CA1", "fake", "note", "CA1:fake").then == "again"
    assert attempts[1].tries_of("CA1") == [("ticket", 1)]


# -- without a worker ----------------------------------------------------------------------
def test_without_the_database_the_call_goes_on(tmp_path: Path, client: DbosClient, caplog: pytest.LogCaptureFixture) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/empty.db")
    assert not Deliveries(engine, crms=["fake"], client=client).start("CA1", now=utc_now())
    assert "the sweeper tries again" in caplog.text
    engine.dispose()


def test_the_queue_before_any_worker_says_so(tmp_path: Path) -> None:
    client = DbosClient(f"sqlite:///{tmp_path}/voicebot.db")
    with pytest.raises(CrmError, match="the queue can't be reached"):
        client.enqueue("CA1", "fake", "CA1:fake", delay_s=0)
    client.close()


# -- a killed worker -----------------------------------------------------------------------
WORKER = """
import sys, time
from pathlib import Path
from tests.test_deliveries import finished, QUICK
from crm.deliveries import Deliveries
from crm.progress import Progress
from crm.queueing import DbosClient
from crm.worker import Worker, main
from records.database import open_database

url, effects, hang = sys.argv[1], Path(sys.argv[2]), sys.argv[3] == "hang"

class Crm:
    name, steps = "killed", ("ticket", "note", "log")
    def do(self, step, call, done, *, attempt):
        with effects.open("a") as file:
            print(step, attempt, *sorted(done), file=file, flush=True)
        if hang and step == "note":
            time.sleep(60)
        return f"{step}-{attempt}"
    def known_caller(self, phone, *, timeout_s):
        return None

engine = open_database(url)
deliveries = Deliveries(engine, crms=["killed"], client=DbosClient(url), settling_s=0)
quick = {"sweep": lambda now: 0, "sweep_s": 0.2, "poll_s": 0.05}
main(Worker(engine, url, {"killed": Crm()}, deliveries=deliveries, load=finished, executor_id="one", **quick))
"""


def worker_process(url: str, effects: Path, how: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WORKER, url, str(effects), how], cwd=ROOT, stderr=subprocess.PIPE)


def test_a_killed_worker_goes_on_where_it_was(rows: Engine, client: DbosClient, tmp_path: Path) -> None:
    effects, call = tmp_path / "effects", sid()
    deliveries = Deliveries(rows, crms=["killed"], client=client, settling_s=0)
    effects.touch()
    first = worker_process(url_of(rows), effects, "hang")
    deliveries.start(call, now=utc_now())  # its tables may not be there yet: then the worker's sweep finds it
    give_up_at = time.monotonic() + 20
    while "note" not in effects.read_text() and time.monotonic() < give_up_at:
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=5)
    assert until(deliveries, call, State.DELIVERING, crm="killed").steps["ticket"].result == "ticket-1"
    second = worker_process(url_of(rows), effects, "go on")
    delivery = until(deliveries, call, State.DELIVERED, crm="killed", within_s=20)
    began = time.monotonic()
    second.send_signal(signal.SIGTERM)
    second.communicate(timeout=10)
    assert second.returncode == 0
    assert time.monotonic() - began < 5
    assert effects.read_text().splitlines() == ["ticket 1", "note 1 ticket", "note 2 ticket", "log 1 note ticket"]
    assert {name: step.result for name, step in delivery.steps.items()} == {"ticket": "ticket-1", "note": "note-2", "log": "log-1"}


# -- what is shown -------------------------------------------------------------------------
def test_lists_and_counts(rows: Engine, client: DbosClient) -> None:
    deliveries, now = Deliveries(rows, crms=["a", "b"], client=client), utc_now()
    for minute in range(3):
        deliveries.start(f"CA{minute}", now=now + timedelta(minutes=minute))
    assert [(each.call_sid, each.crm) for each in deliveries.list(limit=3)] == [("CA2", "a"), ("CA2", "b"), ("CA1", "a")]
    assert {each.crm for each in deliveries.list(crm="b")} == {"b"}
    assert deliveries.list(state="failed") == []
    assert deliveries.counts() == {(crm, state.value): 3 if state is State.WAITING else 0 for crm in "ab" for state in State}
    registry = CollectorRegistry()
    registry.register(DeliveriesByState(deliveries.counts))
    assert b'voicebot_deliveries{crm="a",state="waiting"} 3.0' in generate_latest(registry)


def test_the_metric_survives_a_database_that_is_away(tmp_path: Path, client: DbosClient) -> None:
    engine, registry = create_engine(f"sqlite:///{tmp_path}/empty.db"), CollectorRegistry()
    registry.register(DeliveriesByState(Deliveries(engine, crms=["a"], client=client).counts))
    assert b"# TYPE voicebot_deliveries gauge" in generate_latest(registry)
    engine.dispose()


@pytest.mark.parametrize(
    ("attempt", "retry_after_s", "least", "most"),
    [(1, None, 0.5, 1), (2, None, 1, 2), (4, None, 4, 8), (20, None, 150, 300), (5000, None, 150, 300), (1, 60, 60, 61), (9, 0, 0, 1)],
)
def test_how_long_it_waits(attempt: int, retry_after_s: float | None, least: float, most: float) -> None:
    waits = [Backoff().wait_s(attempt, retry_after_s, chance=chance) for chance in (0.0, 0.5, 1.0)]
    assert least <= waits[0] < waits[1] < waits[2] <= most


@pytest.mark.parametrize(
    ("database_url", "system"),
    [
        ("sqlite:////srv/data/voicebot.db", "sqlite:////srv/data/voicebot.db.dbos.sqlite"),
        ("sqlite:///data/voicebot.db", f"sqlite:///{os.getcwd()}/data/voicebot.db.dbos.sqlite"),
        ("postgresql+psycopg://bot:s%40cret@db:5432/calls", "postgresql://bot:s%40cret@db:5432/calls"),
        ("postgres://bot@db/calls?sslmode=require", "postgresql://bot@db/calls?sslmode=require"),
    ],
)
def test_where_dbos_keeps_its_tables(database_url: str, system: str) -> None:
    assert system_database(database_url) == system
