"""The legs of agents who were rung: rows of `agent_legs`. Each function works within a transaction of the caller's."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from calls.agents import LegAnswer
from records import schema
from records.writing import FINAL, insert

DESK_LEG = re.compile(r"desk-.+-(\d{1,18})", re.ASCII)  # "desk-<agent>-<number of the try>"


def leg_row(connection: Connection, call_sid: str, number: int, leg_sid: str, agent: str, *, began_at: datetime) -> RowMapping:
    """The leg's row, made if need be; an agent who could not be told before is told now."""
    legs = schema.agent_legs
    facts = {"call_sid": call_sid, "leg_sid": leg_sid, "escalation_id": number, "agent": agent, "began_at": began_at}
    connection.execute(insert(connection, legs).values(**facts).on_conflict_do_nothing())
    wanted = (legs.c.call_sid == call_sid) & (legs.c.leg_sid == leg_sid)
    if agent:
        connection.execute(update(legs).where(wanted, legs.c.agent == "").values(agent=agent))
    return connection.execute(select(legs).where(wanted)).mappings().one()


def change_leg(connection: Connection, leg: RowMapping, **facts: Any) -> None:
    legs = schema.agent_legs.c
    connection.execute(update(schema.agent_legs).where(legs.call_sid == leg["call_sid"], legs.leg_sid == leg["leg_sid"]).values(**facts))


def legs_of(connection: Connection, attempt: RowMapping) -> list[RowMapping]:
    legs = select(schema.agent_legs).where(schema.agent_legs.c.escalation_id == attempt["id"]).order_by(schema.agent_legs.c.began_at)
    return list(connection.execute(legs).mappings())


def taken(connection: Connection, attempt: RowMapping) -> RowMapping | None:
    """The leg of the agent who took the call."""
    return next((leg for leg in legs_of(connection, attempt) if leg["answer"] == LegAnswer.ACCEPTED), None)


def agent_among(rung: Sequence[str], candidates: Collection[str]) -> str:
    """Whose leg it is, of those who were rung; "" where it can't be told."""
    fitting = [agent for agent in rung if agent in candidates] or list(rung)
    return fitting[0] if len(fitting) == 1 else ""


def moments(leg: RowMapping, state: str, now: datetime) -> dict[str, datetime]:
    """When it was answered and when it ended, if the state says so and it is news."""
    told = {"answered_at": state == "in-progress", "ended_at": state in FINAL}
    return {name: now for name, is_so in told.items() if is_so and leg[name] is None}


def repeated(connection: Connection, call_sid: str, leg_sid: str) -> None:
    legs = schema.agent_legs
    wanted = (legs.c.call_sid == call_sid) & (legs.c.leg_sid == leg_sid)
    connection.execute(update(legs).where(wanted).values(repeats=legs.c.repeats + 1))


def ended(connection: Connection, call_sid: str, leg_sid: str, *, now: datetime) -> None:
    wanted = (schema.agent_legs.c.call_sid == call_sid) & (schema.agent_legs.c.leg_sid == leg_sid)
    leg = connection.execute(select(schema.agent_legs).where(wanted).with_for_update()).mappings().one_or_none()
    if leg is not None and leg["ended_at"] is None:
        change_leg(connection, leg, state="completed", ended_at=now)


def try_of_leg(connection: Connection, call_sid: str, leg_sid: str) -> int | None:
    legs = schema.agent_legs.c
    known = select(legs.escalation_id).where(legs.call_sid == call_sid, legs.leg_sid == leg_sid)
    if (number := connection.execute(known).scalar_one_or_none()) is not None:
        return int(number)
    named = DESK_LEG.fullmatch(leg_sid)
    return int(named[1]) if named else None


def desk_leg(agent: str, number: int) -> str:
    """The sid of an agent's leg on the desk's page."""
    return f"desk-{agent}-{number}"
