"""What agents say of calls afterwards; one wrap-up a call."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from calls.agents import WrapUp
from records import schema
from records.reading import wrap_up_of
from records.transactions import in_transaction
from records.writing import insert, known


class WrapUps:
    """`engine` is open_database's. All raise JournalError."""

    def __init__(self, engine: Engine) -> None:
        self._writer, self._reader = engine, engine.execution_options(reads_only=True)

    def write(self, wrap_up: WrapUp) -> None:
        """Again for the same call, it replaces the earlier one."""
        in_transaction(self._writer, written, wrap_up)

    def of(self, call_sid: str) -> WrapUp | None:
        return in_transaction(self._reader, one, call_sid)

    def since(self, at: datetime) -> list[WrapUp]:
        """Those written at `at` or later, the earliest first."""
        recent = select(schema.wrap_ups).where(schema.wrap_ups.c.at >= at).order_by(schema.wrap_ups.c.at)
        return in_transaction(self._reader, lambda connection: [wrap_up_of(row) for row in connection.execute(recent).mappings()])


def written(connection: Connection, wrap_up: WrapUp) -> None:
    known(connection, wrap_up.call_sid, started_at=wrap_up.at)
    facts = asdict(wrap_up)
    statement = insert(connection, schema.wrap_ups).values(**facts)
    connection.execute(statement.on_conflict_do_update(index_elements=["call_sid"], set_=facts))


def one(connection: Connection, call_sid: str) -> WrapUp | None:
    row = connection.execute(select(schema.wrap_ups).where(schema.wrap_ups.c.call_sid == call_sid)).mappings().one_or_none()
    return wrap_up_of(row) if row else None
