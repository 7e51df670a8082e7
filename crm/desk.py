"""The built-in ticket desk: tickets in the database beside the calls. Needs no other system, and is the default."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Literal, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, Select, func, or_, select, update
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from calls.call import CallRecord, CallSummary, Ticket
from calls.errors import CrmError
from calls.handover import Directory
from crm.desk_filing import filed, is_a_number, number_of
from crm.desk_schema import ticket_calls, tickets
from crm.desk_search import TicketPage, TicketSearch, conditions, pages_of
from crm.transcript import NOBODY

Status = Literal["open", "pending", "closed"]
T = TypeVar("T")


class Desk:
    """`engine` is on a database with the desk's tables, `directory` says what agents are called in a ticket's text.

    All methods raise CrmError when the database refuses."""

    def __init__(self, engine: Engine, directory: Directory = NOBODY) -> None:
        self._directory = directory
        self._writer, self._reader = engine, engine.execution_options(reads_only=True)

    def file(self, record: CallRecord, summary: CallSummary, *, now: datetime) -> Ticket:
        """The call's ticket, made or brought up to date. Its status is the agents': a wrap-up closes or parks it, nothing else moves it.

        A call about an open ticket, or of the same caller and intent as one, is added to that one."""

        def work(connection: Connection) -> Ticket:
            filed(connection, record, summary, self._directory, now)
            return by_call_certain(connection, record.sid)

        return in_transaction(self._writer, work)

    def make_urgent(self, call_sids: Collection[str], *, now: datetime) -> list[str]:
        """Priority "high" for those tickets of these calls that are not closed; the calls whose ticket was not so before."""
        if not call_sids or not in_transaction(self._reader, lambda connection: leisurely(connection, call_sids)):
            return []  # most often: then nobody waits for the writer's lock
        return in_transaction(self._writer, lambda connection: hurried(connection, call_sids, now))

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

    def tickets_of(self, phone: str, limit: int = 5) -> list[Ticket]:
        """The caller's tickets that are not closed, the newest first."""
        theirs = WITH_LATEST_CALL.where(tickets.c.phone == phone, tickets.c.status != "closed").order_by(tickets.c.number.desc())
        return in_transaction(self._reader, lambda connection: rows_of(connection, theirs.limit(limit))) if is_a_number(phone) else []

    def tickets(self, search: TicketSearch) -> TicketPage:
        """One page of the tickets that fit, the newest first."""
        return in_transaction(self._reader, lambda connection: searched(connection, search))

    def recent(self, limit: int = 50) -> list[Ticket]:
        """The newest first."""
        newest = WITH_LATEST_CALL.order_by(tickets.c.number.desc()).limit(limit)
        return in_transaction(self._reader, lambda connection: rows_of(connection, newest))


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


def leisurely(connection: Connection, call_sids: Collection[str]) -> dict[str, int]:
    """The calls whose ticket is neither closed nor urgent, and its number."""
    joined = select(ticket_calls.c.call_sid, tickets.c.number).join(tickets, ticket_calls.c.number == tickets.c.number)
    wanted = joined.where(ticket_calls.c.call_sid.in_(call_sids), tickets.c.status != "closed", tickets.c.priority != "high")
    return {row.call_sid: row.number for row in connection.execute(wanted)}


def hurried(connection: Connection, call_sids: Collection[str], now: datetime) -> list[str]:
    found = leisurely(connection, call_sids)
    connection.execute(update(tickets).where(tickets.c.number.in_(found.values())).values(priority="high", updated_at=now))
    return sorted(found)


def changed(connection: Connection, number: int, condition: ColumnElement[bool], facts: dict[str, Any]) -> Ticket | None:
    connection.execute(update(tickets).where(tickets.c.number == number, condition).values(facts))
    return by_number(connection, number)


LATEST_CALL = (
    select(ticket_calls.c.call_sid).where(ticket_calls.c.number == tickets.c.number).order_by(ticket_calls.c.began_at.desc()).limit(1)
).scalar_subquery()
WITH_LATEST_CALL = select(tickets, LATEST_CALL.label("call_sid"))


def searched(connection: Connection, search: TicketSearch) -> TicketPage:
    fitting = conditions(search)
    total = int(connection.execute(select(func.count()).select_from(tickets).where(*fitting)).scalar_one())
    page, pages = pages_of(search, total)
    newest = WITH_LATEST_CALL.where(*fitting).order_by(tickets.c.number.desc())
    found = rows_of(connection, newest.limit(search.per_page).offset((page - 1) * search.per_page))
    return TicketPage(tuple(found), page, pages, total)


def rows_of(connection: Connection, statement: Select[Any]) -> list[Ticket]:
    return [ticket_from(row) for row in connection.execute(statement).mappings()]


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


def ticket_from(row: RowMapping) -> Ticket:
    facts = {name: value for name, value in row.items() if name not in ("number", "moved_at")}
    return Ticket(id=f"T-{row['number']}", **facts)
