"""What a worker writes of a delivery while it delivers: every try before it is made, every result when it is there.

A try is counted *before* it is made: after a crash in the middle the same step comes as the next attempt, and the adapter
looks before it does it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, RowMapping, select, update

from crm.delivery import Delivery, State, delivery_of, this
from crm.delivery_schema import deliveries as table
from crm.desk import in_transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Try:
    """One try of a step, as it begins."""

    attempt: int  # from 1
    done: Mapping[str, str]  # results of the steps that are done
    since: datetime  # the first try of this delivery, or of its latest repetition


class Progress:
    """All methods raise CrmError when the database refuses; a run that is not the delivery's own any more changes nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, call_sid: str, crm: str, step: str, run: str, *, now: datetime) -> Try | None:
        """Count a try of the step; None: this run (a workflow id) has no business here any more."""

        def work(connection: Connection) -> Try | None:
            row = owned(connection, call_sid, crm, run)
            if row is None:
                return None
            if entry(row, step).get("result") is not None:
                return Try(entry(row, step)["attempts"], results(row["steps"]), row["tried_since"] or now)
            tried = entry(row, step) | {"attempts": entry(row, step)["attempts"] + 1}
            since = row["tried_since"] or now
            facts = {"state": State.DELIVERING, "attempts": row["attempts"] + 1, "tried_since": since, "next_try_at": now}
            change(connection, row, now, steps=row["steps"] | {step: tried}, **facts)
            return Try(tried["attempts"], results(row["steps"]), since)

        return self._do(work)

    def done(self, call_sid: str, crm: str, step: str, run: str, result: str, *, last: bool, now: datetime) -> None:
        """The step is done; with the `last` one the call is delivered."""

        def work(connection: Connection) -> None:
            if row := owned(connection, call_sid, crm, run):
                steps = row["steps"] | {step: {"attempts": entry(row, step)["attempts"], "result": result}}
                end = {"state": State.DELIVERED, "delivered_at": now} if last else {}
                change(connection, row, now, steps=steps, error="", **end)

        self._do(work)

    def again(self, call_sid: str, crm: str, step: str, run: str, error: str, *, wait_s: float, now: datetime) -> Delivery | None:
        """The try came to nothing, the next one is in `wait_s`."""
        return self._do(lambda connection: not_done(connection, call_sid, crm, step, run, error, now, now + timedelta(seconds=wait_s)))

    def failed(self, call_sid: str, crm: str, step: str, run: str, error: str, *, now: datetime) -> None:
        """The step will never be done, and so the delivery has failed."""
        self._do(lambda connection: not_done(connection, call_sid, crm, step, run, error, now, now, state=State.FAILED))

    def _do(self, work: Callable[[Connection], T]) -> T:
        return in_transaction(self._engine, work)


def not_done(
    connection: Connection, call_sid: str, crm: str, step: str, run: str, error: str, now: datetime, next_try_at: datetime, **more: Any
) -> Delivery | None:
    row = owned(connection, call_sid, crm, run)
    if row is None:
        return None
    steps = row["steps"] | {step: entry(row, step) | {"error": error}}
    change(connection, row, now, steps=steps, error=error, next_try_at=next_try_at, **more)
    return delivery_of(connection.execute(select(table).where(this(call_sid, crm))).mappings().one())


def owned(connection: Connection, call_sid: str, crm: str, run: str) -> RowMapping | None:
    """The row, ours until the transaction ends; None when it is not this run's to deliver."""
    row = connection.execute(select(table).where(this(call_sid, crm)).with_for_update()).mappings().one_or_none()
    open_ = row is not None and row["state"] in (State.WAITING, State.DELIVERING)
    return row if open_ and row is not None and row["workflow_id"] == run else None


def entry(row: RowMapping, step: str) -> dict[str, Any]:
    return dict(row["steps"].get(step, {"attempts": 0}))


def results(steps: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: step["result"] for name, step in steps.items() if step.get("result") is not None}


def change(connection: Connection, row: RowMapping, now: datetime, **facts: Any) -> None:
    connection.execute(update(table).where(this(row["call_sid"], row["crm"])).values(updated_at=now, **facts))
