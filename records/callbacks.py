"""Promised call backs: who is to be called until when, who sees to it, and whether it was done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, func, or_, select, update

from calls.agents import Callback, CallbackState
from records import schema
from records.reading import callback_of
from records.transactions import in_transaction
from records.writing import insert, known

COLUMNS = schema.callbacks.c
UNSETTLED = COLUMNS.settled_at.is_(None)


class Callbacks:
    """`engine` is open_database's. `person` is the login of somebody of the console. All raise JournalError."""

    def __init__(self, engine: Engine) -> None:
        self._writer, self._reader = engine, engine.execution_options(reads_only=True)

    def promise(self, *, call_sid: str, phone: str, intent: str, language: str, reason: str, due_at: datetime, now: datetime) -> Callback:
        """Once a call: asked again, the first promise stays as it was and is returned."""
        facts = {"phone": phone, "intent": intent, "language": language, "reason": reason, "due_at": due_at, "promised_at": now}
        return in_transaction(self._writer, promised, call_sid, now, facts)

    def of(self, call_sid: str) -> Callback | None:
        return in_transaction(self._reader, one, COLUMNS.call_sid == call_sid)

    def get(self, callback_id: int) -> Callback | None:
        return in_transaction(self._reader, one, COLUMNS.id == callback_id)

    def claim(self, callback_id: int, person: str, *, now: datetime) -> Callback | None:
        """This person sees to it. None: it is somebody else's, or settled, or was never promised."""
        return in_transaction(self._writer, changed, callback_id, person, {"state": CallbackState.CLAIMED.value, "agent": person})

    def settle(self, callback_id: int, state: CallbackState, person: str, note: str, *, now: datetime) -> Callback | None:
        """KEPT or DROPPED ends it; OPEN gives it back to everybody, to be tried again. None: as `claim`."""
        if state is CallbackState.CLAIMED:
            raise ValueError("a claim settles nothing")
        back = state is CallbackState.OPEN
        facts = {"state": state.value, "agent": "" if back else person, "settled_at": None if back else now, "note": note}
        return in_transaction(self._writer, changed, callback_id, person, facts)

    def open(self, limit: int = 100) -> list[Callback]:
        """Those to be made, claimed or not, the earliest due first."""
        wanted = select(schema.callbacks).where(UNSETTLED).order_by(COLUMNS.due_at, COLUMNS.id).limit(limit)
        return in_transaction(self._reader, lambda connection: [callback_of(row) for row in connection.execute(wanted).mappings()])

    def unsettled(self) -> int:
        """How many are still to be made."""
        wanted = select(func.count()).select_from(schema.callbacks).where(UNSETTLED)
        return in_transaction(self._reader, lambda connection: connection.execute(wanted).scalar_one())

    def overdue(self, *, now: datetime) -> int:
        """How many promises are broken by now."""
        late = select(func.count()).select_from(schema.callbacks).where(UNSETTLED, COLUMNS.due_at < now)
        return in_transaction(self._reader, lambda connection: connection.execute(late).scalar_one())


def promised(connection: Connection, call_sid: str, now: datetime, facts: dict[str, Any]) -> Callback:
    known(connection, call_sid, started_at=now)
    statement = insert(connection, schema.callbacks).values(call_sid=call_sid, state=CallbackState.OPEN.value, **facts)
    connection.execute(statement.on_conflict_do_nothing(index_elements=["call_sid"]))
    row = connection.execute(select(schema.callbacks).where(COLUMNS.call_sid == call_sid)).mappings().one()
    return callback_of(row)


def changed(connection: Connection, callback_id: int, person: str, facts: dict[str, Any]) -> Callback | None:
    """In one statement, so that of two people who claim it one gets it."""
    free_to_take = or_(COLUMNS.state == CallbackState.OPEN.value, COLUMNS.agent == person)
    statement = update(schema.callbacks).where(COLUMNS.id == callback_id, UNSETTLED, free_to_take).values(**facts)
    row = connection.execute(statement.returning(*COLUMNS)).mappings().one_or_none()
    return callback_of(row) if row else None


def one(connection: Connection, condition: ColumnElement[bool]) -> Callback | None:
    row = connection.execute(select(schema.callbacks).where(condition)).mappings().one_or_none()
    return callback_of(row) if row else None
