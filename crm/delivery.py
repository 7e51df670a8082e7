"""A delivery: the noun, and the row that it is kept in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, select
from sqlalchemy.dialects import postgresql, sqlite

from crm.delivery_schema import deliveries as table


class State(StrEnum):
    WAITING = "waiting"  # in the queue, perhaps until `next_try_at`
    DELIVERING = "delivering"  # in a worker's hands
    DELIVERED = "delivered"
    FAILED = "failed"  # for good, unless somebody asks for another try


@dataclass(frozen=True, slots=True)
class StepState:
    """What became of one step; `result` is None until it is done."""

    attempts: int
    result: str | None
    error: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One call on its way to one CRM."""

    call_sid: str
    crm: str
    workflow_id: str
    run: int
    state: State
    steps: Mapping[str, StepState]
    attempts: int
    error: str
    created_at: datetime
    updated_at: datetime
    next_try_at: datetime
    delivered_at: datetime | None


def workflow_id(call_sid: str, crm: str, run: int) -> str:
    """Of a delivery's run: the first one's has no number, so that enqueueing by the call alone is idempotent."""
    return f"{call_sid}:{crm}" if run == 1 else f"{call_sid}:{crm}:{run}"


def this(call_sid: str, crm: str) -> Any:
    return and_(table.c.call_sid == call_sid, table.c.crm == crm)


def one(call_sid: str, crm: str) -> Select[Any]:
    return select(table).where(this(call_sid, crm))


def insert_new(connection: Connection, call_sid: str, crm: str, now: datetime, next_try_at: datetime) -> Delivery | None:
    """The new row; None when there was one already."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    facts = {"call_sid": call_sid, "crm": crm, "workflow_id": workflow_id(call_sid, crm, 1), "state": State.WAITING, "steps": {}}
    moments = {"created_at": now, "updated_at": now, "next_try_at": next_try_at}
    statement = dialect.insert(table).values(**facts, **moments).on_conflict_do_nothing().returning(table)
    return next((delivery_of(row) for row in connection.execute(statement).mappings()), None)


def deliveries_of(connection: Connection, rows: Select[Any]) -> list[Delivery]:
    return [delivery_of(row) for row in connection.execute(rows).mappings()]


def delivery_of(row: RowMapping) -> Delivery:
    facts = {name: row[name] for name in Delivery.__slots__ if name not in ("state", "steps")}
    steps = {name: StepState(step["attempts"], step.get("result"), step.get("error", "")) for name, step in row["steps"].items()}
    return Delivery(**facts, state=State(row["state"]), steps=steps)
