"""Handing a call to a human: every try is a row, open ("dialling", no ended_at) until the dial's own hook closes it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from records import schema
from records.writing import locked

DIALLING, COMPLETED, ANSWERED = "dialling", "completed", 200
DEAD_AFTER = timedelta(minutes=5)  # no dial rings so long: its closing hook was lost


def started(connection: Connection, call_sid: str, target: str, *, now: datetime) -> bool:
    locked(connection, call_sid, now=now)  # two hooks at once: the second waits here and sees the first one's row
    earlier = tries(connection, call_sid)
    if any(each["state"] == COMPLETED or rings(each, now) for each in earlier):
        return False
    for dead in (each for each in earlier if each["ended_at"] is None):
        change(connection, dead, state="failed", ended_at=now)
    add(connection, call_sid, target=target, state=DIALLING, started_at=now)
    return True


def rings(attempt: RowMapping, now: datetime) -> bool:
    return attempt["ended_at"] is None and now - attempt["started_at"] <= DEAD_AFTER


def agent_leg(connection: Connection, call_sid: str, agent_call_sid: str, state: str, sip_status: int | None, *, now: datetime) -> None:
    """Several agents may ring at once, and their statuses mix: the leg that answers (200) is kept."""
    locked(connection, call_sid, now=now)
    attempt = concerned(connection, call_sid, agent_call_sid)
    if attempt is None or attempt["ended_at"] is not None:
        return
    answered = attempt["sip_status"] == ANSWERED
    if answered and (attempt["agent_call_sid"], ANSWERED) != (agent_call_sid, sip_status):
        return
    change(connection, attempt, agent_call_sid=agent_call_sid, leg_state=state, sip_status=sip_status)


def ended(connection: Connection, call_sid: str, state: str, sip_status: int | None, agent_call_sid: str, *, now: datetime) -> None:
    locked(connection, call_sid, now=now)
    attempt = concerned(connection, call_sid, agent_call_sid)
    if attempt is None:  # its start was never written; the end is not lost for that
        add(
            connection, call_sid, target="", state=state, agent_call_sid=agent_call_sid, sip_status=sip_status, started_at=now, ended_at=now
        )
    elif attempt["state"] != COMPLETED:
        change(
            connection,
            attempt,
            state=state,
            sip_status=attempt["sip_status"] if sip_status is None else sip_status,
            agent_call_sid=agent_call_sid or attempt["agent_call_sid"],
            ended_at=attempt["ended_at"] or now,
        )


def tries(connection: Connection, call_sid: str) -> list[RowMapping]:
    """The earliest first."""
    rows = select(schema.escalations).where(schema.escalations.c.call_sid == call_sid).order_by(schema.escalations.c.id)
    return list(connection.execute(rows).mappings())


def concerned(connection: Connection, call_sid: str, agent_call_sid: str) -> RowMapping | None:
    """The try that has this agent's leg (its hooks may come after a newer try began), or else the latest."""
    latest_first = tries(connection, call_sid)[::-1]
    own = [each for each in latest_first if agent_call_sid and each["agent_call_sid"] == agent_call_sid]
    return next(iter(own or latest_first), None)


def add(connection: Connection, call_sid: str, **facts: Any) -> None:
    connection.execute(insert(schema.escalations).values(call_sid=call_sid, **facts))


def change(connection: Connection, attempt: RowMapping, **facts: Any) -> None:
    connection.execute(update(schema.escalations).where(schema.escalations.c.id == attempt["id"]).values(**facts))
