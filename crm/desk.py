"""The built-in ticket desk: tickets in the database beside the calls. Needs no other system, and is the default."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from calls.call import CallRecord, CallSummary, Ticket
from calls.errors import CrmError
from crm.desk_schema import ticket_calls, ticket_numbers, tickets
from crm.transcript import transcript

FIRST_NUMBER = 1001
Status = Literal["open", "pending", "closed"]
T = TypeVar("T")


class Desk:
    """`engine` is on a database with the desk's tables. All methods raise CrmError when the database refuses."""

    def __init__(self, engine: Engine) -> None:
        self._writer, self._reader = engine, engine.execution_options(reads_only=True)

    def file(self, record: CallRecord, summary: CallSummary, *, now: datetime) -> Ticket:
        """The call's ticket, made or brought up to date; its status is the agents' and stays as it is.

        A call about an open ticket, or of the same caller and intent as one, is added to that one."""
        facts = facts_of(record, summary, now)
        return in_transaction(self._writer, lambda connection: filed(connection, record, facts))

    def change_status(self, ticket_id: str, status: Status, *, now: datetime, moved_at: datetime | None = None) -> Ticket | None:
        """An agent opens, parks or closes the ticket; None when there is no such ticket.

        `moved_at`: when it happened, if elsewhere; what comes later than something newer changes nothing."""
        moved_at = moved_at or now
        facts = {"status": status, "updated_at": now, "moved_at": moved_at}
        newest = or_(tickets.c.moved_at.is_(None), tickets.c.moved_at <= moved_at)
        return in_transaction(self._writer, lambda connection: changed(connection, number_of(ticket_id), newest, facts))

    def ticket(self, ticket_id: str) -> Ticket | None:
        return in_transaction(self._reader, lambda connection: by_number(connection, number_of(ticket_id)))

    def ticket_of(self, call_sid: str) -> Ticket | None:
        return in_transaction(self._reader, lambda connection: by_call(connection, call_sid))

    def calls_of(self, ticket_id: str) -> list[str]:
        """The sids of the calls that the ticket is about, the earliest first."""
        theirs = select(ticket_calls.c.call_sid).where(ticket_calls.c.number == number_of(ticket_id)).order_by(ticket_calls.c.began_at)
        return in_transaction(self._reader, lambda connection: list(connection.execute(theirs).scalars()))

    def open_ticket_of(self, phone: str) -> Ticket | None:
        """The caller's newest ticket that is not closed."""
        theirs = select(tickets.c.number).where(tickets.c.phone == phone, tickets.c.status != "closed").order_by(tickets.c.number.desc())

        def newest(connection: Connection) -> Ticket | None:
            number = connection.execute(theirs.limit(1)).scalar_one_or_none()
            return by_number(connection, number) if number else None

        return in_transaction(self._reader, newest) if is_a_number(phone) else None

    def recent(self, limit: int = 50) -> list[Ticket]:
        """The newest first."""
        newest = WITH_LATEST_CALL.order_by(tickets.c.number.desc()).limit(limit)
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
        "confidence": summary.confidence,
        "updated_at": now,
    }


def filed(connection: Connection, record: CallRecord, facts: dict[str, Any]) -> Ticket:
    one_at_a_time(connection)
    number = number_for(connection, record, facts)
    this_call = {"number": number, "description": transcript(record), "began_at": record.started_at}
    statement = dialect_of(connection).insert(ticket_calls).values(call_sid=record.sid, **this_call)
    connection.execute(statement.on_conflict_do_update(index_elements=["call_sid"], set_=this_call))
    bring_up_to_date(connection, number, facts)
    return by_call_certain(connection, record.sid)


def number_for(connection: Connection, record: CallRecord, facts: dict[str, Any]) -> int:
    """The call's ticket; else an open one that it is about: as the caller said, or of the same caller and intent; else a new one."""
    of_this_call = select(ticket_calls.c.number).where(ticket_calls.c.call_sid == record.sid)
    if number := connection.execute(of_this_call).scalar_one_or_none():
        return int(number)
    still_open = select(tickets.c.number).where(tickets.c.status != "closed").order_by(tickets.c.number.desc()).limit(1)
    if number := connection.execute(still_open.where(tickets.c.number == number_of(record.about_ticket))).scalar_one_or_none():
        return int(number)
    alike = still_open.where(tickets.c.phone == facts["phone"], tickets.c.intent == facts["intent"])
    if is_a_number(facts["phone"]) and (number := connection.execute(alike).scalar_one_or_none()):
        return int(number)
    return opened(connection, facts)


def opened(connection: Connection, facts: dict[str, Any]) -> int:
    number = next_number(connection)
    beginning = {"number": number, "status": "open", "created_at": facts["updated_at"], "description": ""}
    connection.execute(insert(tickets).values(beginning | facts))
    return number


def bring_up_to_date(connection: Connection, number: int, facts: dict[str, Any]) -> None:
    """A ticket of several calls keeps what it was opened for and its urgency; its text holds them all."""
    calls = (
        connection.execute(select(ticket_calls).where(ticket_calls.c.number == number).order_by(ticket_calls.c.began_at)).mappings().all()
    )
    if len(calls) > 1:
        was_high = connection.execute(select(tickets.c.priority).where(tickets.c.number == number)).scalar_one() == "high"
        facts = {**facts, "priority": "high"} if was_high else facts
        facts = {name: value for name, value in facts.items() if name not in ("phone", "intent", "confidence")}
    connection.execute(update(tickets).where(tickets.c.number == number).values(**facts, description=told(calls)))


def told(calls: Sequence[RowMapping]) -> str:
    """One call's transcript as it is; several each under its time."""
    if len(calls) == 1:
        return str(calls[0]["description"])
    return "\n\n".join(f"Call of {call['began_at']:%Y-%m-%d %H:%M} UTC:\n{call['description']}" for call in calls)


def is_a_number(phone: str) -> bool:
    """Whether a caller can be known again by it: "anonymous" and "+0" are many people."""
    return sum(character.isdigit() for character in phone) >= 7


def dialect_of(connection: Connection) -> Any:
    return postgresql if connection.dialect.name == "postgresql" else sqlite


def one_at_a_time(connection: Connection) -> None:
    """Hold the counter's row to the end of the transaction: two threads that file one call do not open two tickets."""
    counter = dialect_of(connection).insert(ticket_numbers).values(name="ticket", last=FIRST_NUMBER - 1)
    connection.execute(counter.on_conflict_do_update(index_elements=["name"], set_={"last": ticket_numbers.c.last}))


def next_number(connection: Connection) -> int:
    """One more than the last; see `one_at_a_time`."""
    counted = update(ticket_numbers).where(ticket_numbers.c.name == "ticket").values(last=ticket_numbers.c.last + 1)
    return int(connection.execute(counted.returning(ticket_numbers.c.last)).scalar_one())


def changed(connection: Connection, number: int, condition: ColumnElement[bool], facts: dict[str, Any]) -> Ticket | None:
    connection.execute(update(tickets).where(tickets.c.number == number, condition).values(facts))
    return by_number(connection, number)


LATEST_CALL = (
    select(ticket_calls.c.call_sid).where(ticket_calls.c.number == tickets.c.number).order_by(ticket_calls.c.began_at.desc()).limit(1)
).scalar_subquery()
WITH_LATEST_CALL = select(tickets, LATEST_CALL.label("call_sid"))


def by_number(connection: Connection, number: int) -> Ticket | None:
    row = connection.execute(WITH_LATEST_CALL.where(tickets.c.number == number)).mappings().one_or_none()
    return ticket_from(row) if row else None


def by_call(connection: Connection, call_sid: str) -> Ticket | None:
    joined = select(tickets, ticket_calls.c.call_sid).join(ticket_calls, ticket_calls.c.number == tickets.c.number)
    row = connection.execute(joined.where(ticket_calls.c.call_sid == call_sid)).mappings().one_or_none()
    return ticket_from(row) if row else None


def by_call_certain(connection: Connection, call_sid: str) -> Ticket:
    ticket = by_call(connection, call_sid)
    if ticket is None:
        raise CrmError("the desk lost a ticket while it was written")
    return ticket


def number_of(ticket_id: str) -> int:
    """1042 of "T-1042"; 0, which no ticket has, of anything else."""
    prefix, _, digits = ticket_id.partition("-")
    return int(digits) if prefix == "T" and digits.isascii() and digits.isdigit() and len(digits) < 10 else 0


def ticket_from(row: RowMapping) -> Ticket:
    facts = {name: value for name, value in row.items() if name not in ("number", "moved_at")}
    return Ticket(id=f"T-{row['number']}", **facts)
