"""Deliveries of ended calls to the CRMs: begun once a call and CRM, looked at, and tried again.

The row is the truth: what each step returned, how often it was tried, and which run may work on it. The queue (DBOS) only
says who does it when. Whatever the queue loses is queued again from the row, whatever it has twice works once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from sqlalchemy import JSON, Connection, Engine, Select, and_, func, or_, select, type_coerce, update

from calls.errors import CrmError
from crm.delivery import Delivery, State, deliveries_of, delivery_of, insert_new, one, this, workflow_id
from crm.delivery_schema import deliveries as table
from crm.desk import in_transaction

log = logging.getLogger(__name__)
T = TypeVar("T")

SETTLING_S = 3.0  # after the final status the last turn may still be on its way to the journal
LOST_AFTER = timedelta(minutes=10)  # a row that nobody has touched so long after it was due
REQUEUE_AT_ONCE = 200
RACES = 10  # a delivery's row may be changed by its worker while it is begun anew: so often it is looked at again


class Client(Protocol):
    """The queue, as seen from outside it (crm.queueing.DbosClient)."""

    def enqueue(self, call_sid: str, crm: str, workflow_id: str, *, delay_s: float) -> None:
        """The same `workflow_id` again does nothing. Raises CrmError when the queue can't be reached."""


class Deliveries:
    """`engine` is on the journal's database; `crms` are the CRMs that are switched on. All but `start` raise CrmError."""

    def __init__(
        self,
        engine: Engine,
        *,
        crms: Sequence[str],
        client: Client,
        settling_s: float = SETTLING_S,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._writer, self._reader = engine, engine.execution_options(reads_only=True)
        self._crms, self._client, self._settling_s, self._clock = tuple(crms), client, settling_s, clock

    def start(self, call_sid: str, *, now: datetime) -> bool:
        """Begin to deliver an ended call, once however often this is called.

        Never raises: whether every delivery is on record. One that the queue did not take is queued by `requeue`."""
        begun = [self._start(call_sid, crm, now) for crm in self._crms]  # all of them, also behind one that fails
        return all(begun)

    def _start(self, call_sid: str, crm: str, now: datetime) -> bool:
        try:
            begun = self._write(lambda connection: insert_new(connection, call_sid, crm, now, now + timedelta(seconds=self._settling_s)))
        except CrmError as error:
            log.error(
                "a delivery could not be begun; the sweeper tries again", extra={"call_sid": call_sid, "crm": crm, "error": str(error)}
            )
            return False
        if begun:
            self._enqueue(begun, now, delay_s=self._settling_s)
        return True

    def tell(self, call_sid: str, crm: str, *, at: datetime, now: datetime, delay_s: float = 0.0) -> None:
        """Begin to deliver what was said of a call at `at`, or begin anew where something older was delivered.

        Once for each `at`, however often this is called; a newer one stays."""
        next_try_at = now + timedelta(seconds=delay_s)
        for _ in range(RACES):
            earlier = self.show(call_sid, crm)
            if earlier and earlier.created_at >= at:
                return
            fresh = (
                self._anew(earlier, at=at, now=now, next_try_at=next_try_at)
                if earlier
                else self._write(lambda connection: insert_new(connection, call_sid, crm, at, next_try_at))
            )
            if fresh:
                self._enqueue(fresh, now, delay_s=delay_s)
                return
        raise CrmError("a delivery is changed by others all the time; it could not be begun")

    def requeue(self, *, now: datetime) -> int:
        """Queue again what the queue never got or has lost, and take what a dead machine took with it; how many."""
        lost = self._read(lambda connection: deliveries_of(connection, lost_sight_of(now)))
        for delivery in lost:
            fresh = delivery if delivery.state is State.WAITING else self._next_run(delivery, now=now, next_try_at=now)
            if fresh:
                self._enqueue(fresh, now, delay_s=(fresh.next_try_at - now).total_seconds())
        return len(lost)

    def try_later(self, delivery: Delivery, *, now: datetime, wait_s: float) -> None:
        """Give the delivery back to the queue for a while, so that it holds no worker's place."""
        if fresh := self._next_run(delivery, now=now, next_try_at=now + timedelta(seconds=wait_s)):
            self._enqueue(fresh, now, delay_s=wait_s)

    def retry(self, call_sid: str, crm: str) -> bool:
        """Another run of one that failed, from the step where it failed; whether there was one."""
        now, failed = self._clock(), self.show(call_sid, crm)
        if failed is None or failed.state is not State.FAILED:
            return False
        fresh = self._next_run(failed, now=now, next_try_at=now, tried_since=None)
        if fresh:
            self._enqueue(fresh, now, delay_s=0)
        return fresh is not None

    def retry_failed(self) -> int:
        """Every failed one again; how many."""
        failed = self._read(lambda connection: deliveries_of(connection, select(table).where(table.c.state == State.FAILED)))
        return sum(self.retry(each.call_sid, each.crm) for each in failed)

    # -- looking ------------------------------------------------------------------
    def show(self, call_sid: str, crm: str) -> Delivery | None:
        return next(iter(self._read(lambda connection: deliveries_of(connection, one(call_sid, crm)))), None)

    def list(self, *, state: str = "", crm: str = "", limit: int = 50) -> Sequence[Delivery]:
        """The newest first; `state` and `crm` narrow it down."""
        wanted = [column == value for column, value in ((table.c.state, state), (table.c.crm, crm)) if value]
        newest = select(table).where(*wanted).order_by(table.c.created_at.desc(), table.c.call_sid, table.c.crm).limit(limit)
        return self._read(lambda connection: deliveries_of(connection, newest))

    def call_of(self, crm: str, step: str, result: str) -> str:
        """The sid of the latest call whose step brought this result (a ticket's id, say); "" for none. It looks at every row."""
        brought = type_coerce(table.c.steps, JSON)[step]["result"].as_string() == result
        latest = select(table.c.call_sid).where(table.c.crm == crm, brought).order_by(table.c.created_at.desc()).limit(1)
        return self._read(lambda connection: connection.execute(latest).scalar_one_or_none()) or ""

    def counts(self) -> dict[tuple[str, str], int]:
        """(crm, state) -> how many; every state of a CRM that is switched on is there, with 0."""
        grouped = select(table.c.crm, table.c.state, func.count()).group_by(table.c.crm, table.c.state)
        found = self._read(lambda connection: {(crm, state): count for crm, state, count in connection.execute(grouped)})
        return {(crm, state.value): 0 for crm in self._crms for state in State} | found

    # -- within -------------------------------------------------------------------
    def _next_run(self, delivery: Delivery, *, now: datetime, next_try_at: datetime, **more: Any) -> Delivery | None:
        """The delivery with a new workflow id, waiting; None when somebody else was quicker."""
        run = delivery.run + 1
        facts = {"run": run, "workflow_id": workflow_id(delivery.call_sid, delivery.crm, run), "state": State.WAITING}
        facts |= {"queued_at": None, "next_try_at": next_try_at, "updated_at": now, **more}
        ours = and_(this(delivery.call_sid, delivery.crm), table.c.run == delivery.run, table.c.state == delivery.state)
        changed = update(table).where(ours).values(facts).returning(table)
        return self._write(lambda connection: next((delivery_of(row) for row in connection.execute(changed).mappings()), None))

    def _anew(self, delivery: Delivery, *, at: datetime, now: datetime, next_try_at: datetime) -> Delivery | None:
        """Every step once more, for what was said at `at`; a run that is under way finds that it is not its own any more."""
        nothing_done: dict[str, Any] = {"steps": {}, "error": "", "delivered_at": None, "tried_since": None}
        return self._next_run(delivery, now=now, next_try_at=next_try_at, created_at=at, **nothing_done)

    def _enqueue(self, delivery: Delivery, now: datetime, *, delay_s: float) -> None:
        about = {"call_sid": delivery.call_sid, "crm": delivery.crm}
        try:
            self._client.enqueue(**about, workflow_id=delivery.workflow_id, delay_s=max(0.0, delay_s))
            queued = update(table).where(this(**about), table.c.workflow_id == delivery.workflow_id).values(queued_at=now)
            self._write(lambda connection: connection.execute(queued))
        except CrmError as error:
            log.warning("a delivery could not be queued; the worker finds it", extra={**about, "error": str(error)})

    def _write(self, work: Callable[[Connection], T]) -> T:
        return in_transaction(self._writer, work)

    def _read(self, work: Callable[[Connection], T]) -> T:
        return in_transaction(self._reader, work)


def lost_sight_of(now: datetime) -> Select[Any]:
    overdue = table.c.next_try_at < now - LOST_AFTER
    unknown_to_the_queue = and_(table.c.state == State.WAITING, or_(table.c.queued_at.is_(None), and_(overdue, asked_long_ago(now))))
    with_a_dead_worker = and_(table.c.state == State.DELIVERING, overdue)
    return select(table).where(or_(unknown_to_the_queue, with_a_dead_worker)).order_by(table.c.next_try_at).limit(REQUEUE_AT_ONCE)


def asked_long_ago(now: datetime) -> Any:
    return table.c.queued_at < now - LOST_AFTER
