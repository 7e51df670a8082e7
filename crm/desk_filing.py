"""Filing a call at the desk: which ticket it belongs to, and what the ticket says once it is in.

A ticket of several calls is the sum of them, so each keeps its own part (`ticket_calls`): a call that is filed again changes
nothing that another one brought.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from calls.agents import WrapUp
from calls.call import CallRecord, CallSummary
from calls.handover import Directory
from crm.desk_schema import ticket_calls, ticket_numbers, tickets
from crm.transcript import transcript

FIRST_NUMBER = 1001
STATUS_AFTER = {"resolved": "closed", "follow_up": "pending"}
CERTAIN = 1.0  # a person said what the call was about


def filed(connection: Connection, record: CallRecord, summary: CallSummary, directory: Directory, now: datetime) -> None:
    one_at_a_time(connection)
    facts = facts_of(record, summary, now)
    part = part_of(record, summary, directory, now)
    number = number_for(connection, record, facts)
    if number:
        keep(connection, record.sid, number, part)
        bring_up_to_date(connection, number, facts)
    else:
        number = opened(connection, facts | {"description": part["description"], "due_at": part["due_at"]})
        keep(connection, record.sid, number, part)
    if record.wrap_up:
        settle(connection, number, record.wrap_up)


def facts_of(record: CallRecord, summary: CallSummary, now: datetime) -> dict[str, Any]:
    late = record.callback is not None and record.callback.overdue(now)
    return {
        "phone": record.called if record.direction == "outbound" else record.caller,
        "intent": summary.intent,
        "priority": "high" if late else summary.priority,
        "language": summary.language,
        "summary": summary.text,
        "confidence": summary.confidence,
        "updated_at": now,
    }


def part_of(record: CallRecord, summary: CallSummary, directory: Directory, now: datetime) -> dict[str, Any]:
    """What this call brings to its ticket."""
    promise, wrap_up = record.callback, record.wrap_up
    return {
        "description": transcript(record, directory, now=now),
        "began_at": record.started_at,
        "intent": summary.intent,
        "corrected_at": wrap_up.at if wrap_up and wrap_up.intent else None,
        "due_at": promise.due_at if promise and promise.settled_at is None else None,
    }


def keep(connection: Connection, call_sid: str, number: int, part: dict[str, Any]) -> None:
    statement = dialect_of(connection).insert(ticket_calls).values(call_sid=call_sid, number=number, **part)
    connection.execute(statement.on_conflict_do_update(index_elements=["call_sid"], set_={"number": number, **part}))


# -- which ticket ---------------------------------------------------------------------
def number_for(connection: Connection, record: CallRecord, facts: dict[str, Any]) -> int:
    """The call's ticket; else an open one that it is about: as the caller said, or of the same caller and intent; else 0."""
    of_this_call = select(ticket_calls.c.number).where(ticket_calls.c.call_sid == record.sid)
    if number := connection.execute(of_this_call).scalar_one_or_none():
        return int(number)
    still_open = select(tickets.c.number).where(tickets.c.status != "closed").order_by(tickets.c.number.desc()).limit(1)
    said = number_of(record.about_ticket)
    if said and (number := connection.execute(still_open.where(tickets.c.number == said)).scalar_one_or_none()):
        return int(number)
    alike = still_open.where(tickets.c.phone == facts["phone"], tickets.c.intent == facts["intent"])
    if is_a_number(facts["phone"]) and (number := connection.execute(alike).scalar_one_or_none()):
        return int(number)
    return 0


def opened(connection: Connection, facts: dict[str, Any]) -> int:
    number = next_number(connection)
    connection.execute(insert(tickets).values(number=number, status="open", created_at=facts["updated_at"], **facts))
    return number


def one_at_a_time(connection: Connection) -> None:
    """Hold the counter's row to the end of the transaction: two threads that file one call do not open two tickets."""
    counter = dialect_of(connection).insert(ticket_numbers).values(name="ticket", last=FIRST_NUMBER - 1)
    connection.execute(counter.on_conflict_do_update(index_elements=["name"], set_={"last": ticket_numbers.c.last}))


def next_number(connection: Connection) -> int:
    """One more than the last; see `one_at_a_time`."""
    counted = update(ticket_numbers).where(ticket_numbers.c.name == "ticket").values(last=ticket_numbers.c.last + 1)
    return int(connection.execute(counted.returning(ticket_numbers.c.last)).scalar_one())


# -- what it says ---------------------------------------------------------------------
def bring_up_to_date(connection: Connection, number: int, facts: dict[str, Any]) -> None:
    """A ticket of several calls keeps what it was opened for, unless an agent knew better, and its urgency; its text holds them all."""
    whole = select(ticket_calls).where(ticket_calls.c.number == number).order_by(ticket_calls.c.began_at)
    calls = connection.execute(whole).mappings().all()
    facts = {**facts, "description": told(calls), "due_at": earliest_promise(calls)}
    if len(calls) > 1:
        was = connection.execute(select(tickets.c.priority).where(tickets.c.number == number)).scalar_one()
        facts = {name: value for name, value in facts.items() if name not in ("phone", "intent", "confidence")}
        facts |= known_intent(calls) | ({"priority": "high"} if was == "high" else {})
    connection.execute(update(tickets).where(tickets.c.number == number).values(**facts))


def told(calls: Sequence[RowMapping]) -> str:
    """One call's transcript as it is; several each under its time."""
    if len(calls) == 1:
        return str(calls[0]["description"])
    return "\n\n".join(f"Call of {call['began_at']:%Y-%m-%d %H:%M} UTC:\n{call['description']}" for call in calls)


def earliest_promise(calls: Sequence[RowMapping]) -> datetime | None:
    return min((call["due_at"] for call in calls if call["due_at"]), default=None)


def known_intent(calls: Sequence[RowMapping]) -> dict[str, Any]:
    """As the latest agent corrected it; else as before: that of a call which came later is none of the ticket's."""
    corrected = [call for call in calls if call["corrected_at"]]
    if corrected:
        return {"intent": max(corrected, key=lambda call: call["corrected_at"])["intent"], "confidence": CERTAIN}
    return {"intent": calls[0]["intent"]} if calls[0]["intent"] else {}


def settle(connection: Connection, number: int, wrap_up: WrapUp) -> None:
    """Closed or parked as the agent said, unless somebody has moved the ticket since."""
    facts = {"status": STATUS_AFTER.get(wrap_up.resolution, "open"), "moved_at": wrap_up.at}
    not_since = or_(tickets.c.moved_at.is_(None), tickets.c.moved_at < wrap_up.at)
    connection.execute(update(tickets).where(tickets.c.number == number, not_since).values(facts))


# -- what it is known by --------------------------------------------------------------
def is_a_number(phone: str) -> bool:
    """Whether a caller can be known again by it: "anonymous" and "+0" are many people."""
    return sum(character.isdigit() for character in phone) >= 7


def number_of(ticket_id: str) -> int:
    """1042 of "T-1042"; 0, which no ticket has, of anything else."""
    prefix, _, digits = ticket_id.partition("-")
    return int(digits) if prefix == "T" and digits.isascii() and digits.isdigit() and len(digits) < 10 else 0


def dialect_of(connection: Connection) -> Any:
    return postgresql if connection.dialect.name == "postgresql" else sqlite
