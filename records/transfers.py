"""Handing a call to a human: every try is a row, open ("dialling", no ended_at) until its own hook closes it, and every agent who was
rung in it has a leg. Whether an agent took the call is what is written here, not what Jambonz calls the dial's end."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from calls.agents import LegAnswer
from records import presence, schema
from records.legs import agent_among, change_leg, desk_leg, leg_row, legs_of, moments, taken, try_of_leg
from records.writing import PROGRESS, insert, locked

DIALLING, COMPLETED, ANSWERED = "dialling", "completed", 200
DEAD_AFTER = timedelta(minutes=5)  # nothing rings so long: its closing hook was lost
WEIGHT = {LegAnswer.NONE: 0, LegAnswer.BRIEFED: 1, LegAnswer.DECLINED: 2, LegAnswer.ACCEPTED: 3}  # an answer replaces lighter ones


def started(
    connection: Connection, call_sid: str, target: str, *, now: datetime, queue: str = "", agents: Sequence[str] = (), by: str = "dial"
) -> bool:
    locked(connection, call_sid, now=now)  # two hooks at once: the second waits here and sees the first one's row
    earlier = tries(connection, call_sid)
    if any(handed_over(connection, each) or rings(connection, each, now) for each in earlier):
        return False
    for dead in (each for each in earlier if each["ended_at"] is None):
        close(connection, dead, "failed", now=now)
    number = add(connection, call_sid, target=target, state=DIALLING, started_at=now, queue=queue, agents=list(agents), by=by)
    if by == "desk":  # no status will tell of these
        for agent in agents:
            leg_row(connection, call_sid, number, desk_leg(agent, number), agent, began_at=now)
    return True


def handed_over(connection: Connection, attempt: RowMapping) -> bool:
    return attempt["state"] == COMPLETED and taken(connection, attempt) is not None


def rings(connection: Connection, attempt: RowMapping, now: datetime) -> bool:
    """It rings, or an agent talks."""
    young = now - attempt["started_at"] <= DEAD_AFTER
    return attempt["ended_at"] is None and (young or taken(connection, attempt) is not None)


# -- the agents' legs --------------------------------------------------------------
def agent_leg(
    connection: Connection,
    call_sid: str,
    leg_sid: str,
    state: str,
    sip_status: int | None,
    *,
    now: datetime,
    candidates: Collection[str] = (),
) -> LegAnswer:
    """Several agents may ring at once, and their statuses mix: the try keeps the leg that answers (200)."""
    locked(connection, call_sid, now=now)
    attempt = concerned(connection, call_sid, leg_sid)
    if attempt is None:
        return LegAnswer.NONE
    leg = leg_row(connection, call_sid, attempt["id"], leg_sid, agent_among(attempt["agents"], candidates), began_at=now)
    if PROGRESS.get(state, 0) >= PROGRESS.get(leg["state"], 0):
        change_leg(connection, leg, state=state, sip_status=sip_status, **moments(leg, state, now))
    others = attempt["sip_status"] == ANSWERED and (attempt["agent_call_sid"], ANSWERED) != (leg_sid, sip_status)
    if attempt["ended_at"] is None and not others:
        change(connection, attempt, agent_call_sid=leg_sid, leg_state=state, sip_status=sip_status)
    return LegAnswer(leg["answer"])


def leg_answered(connection: Connection, call_sid: str, leg_sid: str, agent: str, answer: LegAnswer, *, now: datetime) -> bool:
    locked(connection, call_sid, now=now)
    attempt = concerned(connection, call_sid, leg_sid)
    if attempt is None or (attempt["ended_at"] is not None and attempt["state"] != COMPLETED):
        return False
    leg = leg_row(connection, call_sid, attempt["id"], leg_sid, agent, began_at=now)
    by = taken(connection, attempt)
    if by is not None and by["leg_sid"] != leg_sid:
        return False
    if WEIGHT[answer] <= WEIGHT[LegAnswer(leg["answer"])]:
        return bool(leg["answer"] == answer)
    answer_leg(connection, attempt, leg, answer, now=now)
    return True


def answer_leg(connection: Connection, attempt: RowMapping, leg: RowMapping, answer: LegAnswer, *, now: datetime) -> None:
    """Whoever takes the call sets the others free; whoever declines on the desk's page is free at once."""
    on_desk, facts = attempt["by"] == "desk", {"answer": answer.value, "answered_at": leg["answered_at"] or now}
    if answer is LegAnswer.ACCEPTED:
        facts |= {"accepted_at": now, "ended_at": None} | ({"state": "in-progress"} if on_desk else {})
        change(connection, attempt, agent_call_sid=leg["leg_sid"])
        free(connection, leg["call_sid"], [each for each in attempt["agents"] if each != leg["agent"]], now)
    elif answer is LegAnswer.DECLINED and on_desk:
        facts |= {"state": "declined", "ended_at": now}
        free(connection, leg["call_sid"], [leg["agent"]], now)
    change_leg(connection, leg, **facts)


def free(connection: Connection, call_sid: str, agents: Collection[str], now: datetime) -> None:
    if agents:
        presence.released(connection, call_sid, now=now, agents=agents, busy_until=None)


# -- the end of a try --------------------------------------------------------------
def ended(connection: Connection, call_sid: str, state: str, sip_status: int | None, agent_call_sid: str, *, now: datetime) -> bool:
    locked(connection, call_sid, now=now)
    attempt = concerned(connection, call_sid, agent_call_sid)
    if attempt is None:  # its start was never written; the end is not lost for that
        facts = {"agent_call_sid": agent_call_sid, "sip_status": sip_status, "started_at": now, "ended_at": now}
        add(connection, call_sid, target="", state=state or "failed", **facts)
        return True
    if attempt["state"] != COMPLETED:
        close(connection, attempt, state or own_end(connection, attempt), now=now, sip_status=sip_status, agent_call_sid=agent_call_sid)
    return attempt["ended_at"] is None


def own_end(connection: Connection, attempt: RowMapping) -> str:
    """How a try ended of which Jambonz has said nothing, as of one on the desk's page."""
    if attempt["by"] == "dial":
        return "failed"
    legs = legs_of(connection, attempt)
    if any(leg["answer"] == LegAnswer.ACCEPTED for leg in legs):
        return COMPLETED
    return "declined" if legs and all(leg["answer"] == LegAnswer.DECLINED for leg in legs) else "no-answer"


def close(
    connection: Connection, attempt: RowMapping, state: str, *, now: datetime, sip_status: int | None = None, agent_call_sid: str = ""
) -> None:
    """The try is over, and with it every leg. The leg named at the end of a dial may be that of an agent who came too late."""
    by = taken(connection, attempt)
    change(
        connection,
        attempt,
        state=state,
        sip_status=attempt["sip_status"] if sip_status is None else sip_status,
        agent_call_sid=by["leg_sid"] if by else agent_call_sid or attempt["agent_call_sid"],
        ended_at=attempt["ended_at"] or now,
    )
    for leg in legs_of(connection, attempt):
        if leg["ended_at"] is None:
            took_it = by is not None and leg["leg_sid"] == by["leg_sid"]
            own_state = {} if attempt["by"] == "dial" else {"state": COMPLETED if took_it else state}
            change_leg(connection, leg, ended_at=now, **own_state)


# -- rows --------------------------------------------------------------------------
def tries(connection: Connection, call_sid: str) -> list[RowMapping]:
    """The earliest first."""
    rows = select(schema.escalations).where(schema.escalations.c.call_sid == call_sid).order_by(schema.escalations.c.id)
    return list(connection.execute(rows).mappings())


def concerned(connection: Connection, call_sid: str, leg_sid: str) -> RowMapping | None:
    """The try that has this agent's leg (its hooks may come after a newer try began), or else the latest."""
    latest_first = tries(connection, call_sid)[::-1]
    number = try_of_leg(connection, call_sid, leg_sid) if leg_sid else None
    own = [each for each in latest_first if leg_sid and (each["id"] == number or each["agent_call_sid"] == leg_sid)]
    return next(iter(own or latest_first), None)


def add(connection: Connection, call_sid: str, **facts: Any) -> int:
    statement = insert(connection, schema.escalations).values(call_sid=call_sid, **facts)
    return int(connection.execute(statement.returning(schema.escalations.c.id)).scalar_one())


def change(connection: Connection, attempt: RowMapping, **facts: Any) -> None:
    connection.execute(update(schema.escalations).where(schema.escalations.c.id == attempt["id"]).values(**facts))
