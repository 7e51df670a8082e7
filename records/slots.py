"""Who may talk to the bot: at most `max_calls` calls hold a slot at a time, over all processes.

A slot is a lease: a process that dies takes no slot with it for longer than that.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, case, func, select, text, update

from records import schema
from records.writing import FINAL, change, known, locked

SLOTS_LOCK = 0x736C6F74  # of PostgreSQL's advisory locks; any number that nobody else takes


def call_started(
    connection: Connection,
    *,
    sid: str,
    direction: str,
    caller: str,
    called: str,
    language: str,
    now: datetime,
    max_calls: int,
    lease: timedelta,
) -> bool:
    take_turns(connection)
    call = locked(connection, sid, now=now)
    facts: dict[str, Any] = {}
    if not call["direction"]:  # new, or heard of by another hook before
        facts |= {"direction": direction, "caller": caller, "called": called, "language": language}
    holds_one = call["slot_until"] is not None and call["slot_until"] > now
    is_gone = call["status"] in FINAL  # before we answered: nobody is there to talk to
    gets_one = not is_gone and (holds_one or active(connection, now) < max_calls)
    if gets_one:
        facts["slot_until"] = now + lease
    if facts:
        change(connection, sid, **facts)
    return gets_one


def take_turns(connection: Connection) -> None:
    """Let nobody else reserve until this transaction ends. On SQLite it has the write lock from its beginning."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SLOTS_LOCK})


def active(connection: Connection, now: datetime) -> int:
    return connection.execute(select(func.count()).select_from(schema.calls).where(schema.calls.c.slot_until > now)).scalar_one()


def alive(connection: Connection, call_sid: str, *, now: datetime, lease: timedelta) -> None:
    """Renew the lease of a slot that the call holds; one that was given back stays given back."""
    known(connection, call_sid, started_at=now)
    held = schema.calls.c.slot_until
    renewed = case((held.is_not(None), now + lease), else_=None)
    connection.execute(update(schema.calls).where(schema.calls.c.call_sid == call_sid).values(alive_at=now, slot_until=renewed))
