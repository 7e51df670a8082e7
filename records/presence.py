"""Where the agents are, and whom a call has reserved: shared by all processes, so that two calls never ring one agent.

A reservation is a lease: a process that dies keeps nobody for longer than the call's `until`.
"""

from __future__ import annotations

import builtins
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, or_, select, update

from calls.agents import AgentPresence, Presence
from records import schema
from records.transactions import in_transaction
from records.writing import insert

SEEN_WITHIN = timedelta(seconds=45)  # three heartbeats of an open desk page
NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # `seen_at` of an agent whose desk was never open
COLUMNS = schema.presence.c


class Presences:
    """`engine` is open_database's. Agents are ids of jambonz-app.json; one without a row was never here. All raise JournalError."""

    def __init__(self, engine: Engine) -> None:
        self._writer, self._reader = engine, engine.execution_options(reads_only=True)

    def set(self, agent: str, state: Presence, *, now: datetime) -> AgentPresence:
        """The agent says where it is, which is a sign of life too; a reservation stays as it is."""
        return in_transaction(self._writer, put, agent, state, now=now)

    def seen(self, agent: str, *, now: datetime) -> None:
        """A heartbeat of an open desk page; an agent who never said anything is away."""
        in_transaction(self._writer, heartbeat, agent, now=now)

    def of(self, agent: str) -> AgentPresence | None:
        return next(iter(self._found(COLUMNS.agent == agent)), None)

    def all(self) -> list[AgentPresence]:
        """By the agents' ids."""
        return self._found(COLUMNS.agent != "")

    def free(self, *, now: datetime) -> builtins.set[str]:
        """Who is available, has the desk open, and is neither reserved nor wrapping up."""
        here = (COLUMNS.state == Presence.AVAILABLE.value) & (COLUMNS.seen_at >= now - SEEN_WITHIN)
        return {each.agent for each in self._found(here & left_alone(now))}

    def busy(self, *, now: datetime) -> builtins.set[str]:
        """Who is reserved for a call or wraps one up, wherever they are."""
        return {each.agent for each in self._found(COLUMNS.busy_until > now)}

    def reserve(self, agents: Collection[str], call_sid: str, *, now: datetime, until: datetime) -> tuple[str, ...]:
        """Keep these agents for the call; returns those it got, in the order given. Asked again, it keeps those it has."""
        return in_transaction(self._writer, reserved, agents, call_sid, now=now, until=until)

    def release(self, call_sid: str, *, now: datetime, agents: Collection[str] | None = None, busy_until: datetime | None = None) -> None:
        """End the call's reservations, all or those of `agents`.

        `busy_until`: they are left alone until then, to wrap up; `ready` ends that time early."""
        in_transaction(self._writer, released, call_sid, now=now, agents=agents, busy_until=busy_until)

    def ready(self, agent: str) -> None:
        """The agent has wrapped up and may be rung again; a reservation for a call stays."""
        over = (COLUMNS.agent == agent) & (COLUMNS.call_sid == "")
        in_transaction(self._writer, lambda connection: connection.execute(update(schema.presence).where(over).values(busy_until=None)))

    def _found(self, condition: ColumnElement[bool]) -> list[AgentPresence]:
        wanted = select(schema.presence).where(condition).order_by(COLUMNS.agent)
        return in_transaction(self._reader, lambda connection: [presence_of(row) for row in connection.execute(wanted).mappings()])


def left_alone(now: datetime) -> ColumnElement[bool]:
    """Neither reserved nor wrapping up."""
    return or_(COLUMNS.busy_until.is_(None), COLUMNS.busy_until <= now)


def put(connection: Connection, agent: str, state: Presence, *, now: datetime) -> AgentPresence:
    before = known(connection, agent, state=state, since=now, seen_at=now)
    since = before["since"] if before["state"] == state else now
    change(connection, agent, state=state.value, since=since, seen_at=now)
    row = connection.execute(select(schema.presence).where(COLUMNS.agent == agent)).mappings().one()
    return presence_of(row)


def heartbeat(connection: Connection, agent: str, *, now: datetime) -> None:
    known(connection, agent, state=Presence.AWAY, since=now, seen_at=now)
    change(connection, agent, seen_at=now)


def reserved(connection: Connection, agents: Collection[str], call_sid: str, *, now: datetime, until: datetime) -> tuple[str, ...]:
    """Row by row in the same order everywhere: two calls that want the same agents wait for each other, and do not deadlock."""
    got = {agent for agent in sorted(agents) if reserved_one(connection, agent, call_sid, now=now, until=until)}
    return tuple(agent for agent in agents if agent in got)


def reserved_one(connection: Connection, agent: str, call_sid: str, *, now: datetime, until: datetime) -> bool:
    row = known(connection, agent, state=Presence.AWAY, since=now, seen_at=NEVER)
    if row["call_sid"] != call_sid and row["busy_until"] is not None and row["busy_until"] > now:
        return False
    change(connection, agent, call_sid=call_sid, busy_until=until)
    return True


def released(connection: Connection, call_sid: str, *, now: datetime, agents: Collection[str] | None, busy_until: datetime | None) -> None:
    theirs = COLUMNS.call_sid == call_sid
    if agents is not None:
        theirs &= COLUMNS.agent.in_(sorted(agents))
    left = busy_until if busy_until is not None and busy_until > now else None
    connection.execute(update(schema.presence).where(theirs, COLUMNS.call_sid != "").values(call_sid="", busy_until=left))


def known(connection: Connection, agent: str, *, state: Presence, since: datetime, seen_at: datetime) -> RowMapping:
    """The agent's row, made with these facts if there is none, and ours until the transaction ends."""
    facts = {"agent": agent, "state": state.value, "since": since, "seen_at": seen_at}
    connection.execute(insert(connection, schema.presence).values(**facts).on_conflict_do_nothing())
    return connection.execute(select(schema.presence).where(COLUMNS.agent == agent).with_for_update()).mappings().one()


def change(connection: Connection, agent: str, **facts: Any) -> None:
    connection.execute(update(schema.presence).where(COLUMNS.agent == agent).values(**facts))


def presence_of(row: RowMapping) -> AgentPresence:
    facts = {name: value for name, value in row.items() if name != "state"}
    return AgentPresence(state=Presence(row["state"]), **facts)
