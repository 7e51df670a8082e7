"""The built-in ticket desk: tickets in the database beside the calls. Needs no other system, and is the default."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, Engine, RowMapping, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from calls.call import CallRecord, CallSummary, Ticket
from calls.errors import CrmError
from crm.desk_schema import ticket_numbers, tickets
from crm.transcript import transcript

FIRST_NUMBER = 1001
Status = Literal["open", "pending", "closed"]
T = TypeVar("T")


class Desk:
    """`engine` is on a database with the desk's tables. All methods raise CrmError when the database refuses."""

    def __init__(self, engine: Engine) -> None:
        self._writer, self._reader = engine, engine.execution_options(reads_only=True)

    def file(self, record: CallRecord, summary: CallSummary, *, now: datetime) -> Ticket:
        """The call's one ticket, made or brought up to date; its status is the agents' and stays as it is."""
        facts = facts_of(record, summary, now)
        return in_transaction(self._writer, lambda connection: filed(connection, record.sid, facts))

    def change_status(self, ticket_id: str, status: Status, *, now: datetime) -> Ticket | None:
        """An agent opens, parks or closes the ticket; None when there is no such ticket."""
        facts = {"status": status, "updated_at": now}
        return in_transaction(self._writer, lambda connection: changed(connection, number_of(ticket_id), facts))

    def ticket(self, ticket_id: str) -> Ticket | None:
        return in_transaction(self._reader, lambda connection: by_number(connection, number_of(ticket_id)))

    def ticket_of(self, call_sid: str) -> Ticket | None:
        return in_transaction(self._reader, lambda connection: by_call(connection, call_sid))

    def recent(self, limit: int = 50) -> list[Ticket]:
        """The newest first."""
        newest = select(tickets).order_by(tickets.c.number.desc()).limit(limit)
        return in_transaction(self._reader, lambda connection: [ticket_from(row) for row in connection.execute(newest).mappings()])


def in_transaction(engine: Engine, work: Callable[[Connection], T]) -> T:
    """A second time if it fails: two threads that file one call at once collide on its call_sid, and a connection may be stale."""
    try:
        try:
            with engine.begin() as connection:
                return work(connection)
        except (IntegrityError, OperationalError):
            with engine.begin() as connection:
                return work(connection)
    except SQLAlchemyError as error:
        raise CrmError(f"the desk's database refused to work ({type(error).__name__})") from error


def facts_of(record: CallRecord, summary: CallSummary, now: datetime) -> dict[str, Any]:
    return {
        "phone": record.called if record.direction == "outbound" else record.caller,
        "intent": summary.intent,
        "priority": summary.priority,
        "language": summary.language,
        "summary": summary.text,
        "description": transcript(record),
        "confidence": summary.confidence,
        "updated_at": now,
    }


def filed(connection: Connection, call_sid: str, facts: dict[str, Any]) -> Ticket:
    brought_up_to_date = connection.execute(update(tickets).where(tickets.c.call_sid == call_sid).values(facts))
    if brought_up_to_date.rowcount == 0:
        opened = {"number": next_number(connection), "call_sid": call_sid, "status": "open", "created_at": facts["updated_at"]}
        connection.execute(insert(tickets).values(opened | facts))
    return ticket_from(connection.execute(select(tickets).where(tickets.c.call_sid == call_sid)).mappings().one())


def next_number(connection: Connection) -> int:
    """One more than the last; the counter's row is locked until the transaction ends, so nobody gets the same."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    counter = dialect.insert(ticket_numbers).values(name="ticket", last=FIRST_NUMBER)
    counted = counter.on_conflict_do_update(index_elements=["name"], set_={"last": ticket_numbers.c.last + 1})
    return int(connection.execute(counted.returning(ticket_numbers.c.last)).scalar_one())


def changed(connection: Connection, number: int, facts: dict[str, Any]) -> Ticket | None:
    connection.execute(update(tickets).where(tickets.c.number == number).values(facts))
    return by_number(connection, number)


def by_number(connection: Connection, number: int) -> Ticket | None:
    row = connection.execute(select(tickets).where(tickets.c.number == number)).mappings().one_or_none()
    return ticket_from(row) if row else None


def by_call(connection: Connection, call_sid: str) -> Ticket | None:
    row = connection.execute(select(tickets).where(tickets.c.call_sid == call_sid)).mappings().one_or_none()
    return ticket_from(row) if row else None


def number_of(ticket_id: str) -> int:
    """1042 of "T-1042"; 0, which no ticket has, of anything else."""
    prefix, _, digits = ticket_id.partition("-")
    return int(digits) if prefix == "T" and digits.isascii() and digits.isdigit() and len(digits) < 10 else 0


def ticket_from(row: RowMapping) -> Ticket:
    facts = {name: value for name, value in row.items() if name != "number"}
    return Ticket(id=f"T-{row['number']}", **facts)
