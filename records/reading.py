"""Rows of the journal as the nouns of calls.call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, select

from calls.agents import AgentLeg, Callback, CallbackState, Customer, Escalation, LegAnswer, WrapUp
from calls.call import CallRecord, Consent, Outcome, OutcomeKind, Question, TurnRecord, Usage
from records import schema


def outcome(connection: Connection, call_sid: str) -> Outcome | None:
    columns = select(schema.calls.c.outcome_kind, schema.calls.c.outcome_reason)
    row = connection.execute(columns.where(schema.calls.c.call_sid == call_sid)).mappings().one_or_none()
    return outcome_of(row) if row else None


def record(connection: Connection, call_sid: str) -> CallRecord | None:
    rows = connection.execute(select(schema.calls).where(schema.calls.c.call_sid == call_sid)).mappings().all()
    return next(iter(records_of(connection, rows)), None)


def recent(connection: Connection, limit: int) -> list[CallRecord]:
    newest = select(schema.calls).order_by(schema.calls.c.started_at.desc(), schema.calls.c.call_sid).limit(limit)
    return records_of(connection, connection.execute(newest).mappings().all())


def records_of(connection: Connection, rows: Sequence[RowMapping]) -> list[CallRecord]:
    """A record for each row of `calls`, in the same order; as many queries for a hundred as for one."""
    sids = [row["call_sid"] for row in rows]
    turns = by_call(connection, schema.turns, "number", sids)
    escalations = by_call(connection, schema.escalations, "id", sids)
    legs = by_call(connection, schema.agent_legs, "began_at", sids) if escalations else {}
    callbacks = by_call(connection, schema.callbacks, "id", sids)
    wrap_ups = by_call(connection, schema.wrap_ups, "at", sids)
    return [
        record_of(
            row,
            turns=tuple(turn_of(turn) for turn in turns.get(sid, ())),
            escalations=escalations_of(escalations.get(sid, ()), legs.get(sid, ())),
            callback=next((callback_of(each) for each in callbacks.get(sid, ())), None),
            wrap_up=next((wrap_up_of(each) for each in wrap_ups.get(sid, ())), None),
        )
        for sid, row in zip(sids, rows, strict=True)
    ]


def by_call(connection: Connection, table: Table, order: str, sids: Sequence[str]) -> dict[str, list[RowMapping]]:
    grouped: dict[str, list[RowMapping]] = defaultdict(list)
    for row in connection.execute(select(table).where(table.c.call_sid.in_(sids)).order_by(table.c[order])).mappings():
        grouped[row["call_sid"]].append(row)
    return grouped


def is_talking(row: RowMapping) -> bool:
    """A heartbeat has come since the bot's part ended, if it ever ended: the bot may have come back."""
    return row["alive_at"] is not None and (row["bot_ended_at"] is None or row["alive_at"] > row["bot_ended_at"])


def record_of(row: RowMapping, **parts: Any) -> CallRecord:
    """`parts`: what other tables hold of the call, by CallRecord's names."""
    return CallRecord(
        sid=row["call_sid"],
        direction=row["direction"],
        caller=row["caller"],
        called=row["called"],
        language=row["language"],
        status=row["status"],
        consent=Consent(row["consent"]),
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        duration_s=row["duration_s"],
        outcome=outcome_of(row),
        talking=is_talking(row),
        about_ticket=row["about_ticket"],
        notes=tuple(row["notes"]),
        summary=row["summary"],
        customer=Customer(**row["customer"]) if row["customer"] else None,
        **parts,
    )


def outcome_of(row: RowMapping) -> Outcome | None:
    return Outcome(OutcomeKind(row["outcome_kind"]), row["outcome_reason"]) if row["outcome_kind"] else None


def turn_of(row: RowMapping) -> TurnRecord:
    return TurnRecord(
        number=row["number"],
        heard=row["heard"],
        heard_confidence=row["heard_confidence"],
        language=row["language"],
        intent=row["intent"],
        intent_confidence=row["intent_confidence"],
        slots=row["slots"],
        said=tuple(row["said"]),
        asked=Question(row["asked"]),
        interrupted=row["interrupted"],
        began_ms=row["began_ms"],
        ended_ms=row["ended_ms"],
        timings=row["timings"],
        **details_of(row["details"]),
    )


def details_of(details: Mapping[str, Any]) -> dict[str, Any]:
    """See writing.details_of."""
    lists = {name: tuple(details[name]) for name in ("also", "signals") if name in details}
    usage = {"usage": Usage(**details["usage"])} if details.get("usage") else {}
    return {**details, **lists, **usage}


def escalations_of(rows: Iterable[RowMapping], legs: Iterable[RowMapping]) -> tuple[Escalation, ...]:
    """Each try with the legs of its own."""
    own: dict[int, list[AgentLeg]] = defaultdict(list)
    for leg in legs:
        own[leg["escalation_id"]].append(leg_of(leg))
    return tuple(escalation_of(row, tuple(own[row["id"]])) for row in rows)


def escalation_of(row: RowMapping, legs: tuple[AgentLeg, ...] = ()) -> Escalation:
    return Escalation(
        target=row["target"],
        state=row["state"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        agent_call_sid=row["agent_call_sid"],
        sip_status=row["sip_status"],
        id=row["id"],
        queue=row["queue"],
        agents=tuple(row["agents"]),
        by=row["by"],
        legs=legs,
    )


def leg_of(row: RowMapping) -> AgentLeg:
    facts = without(row, "call_sid", "escalation_id", "answer")
    return AgentLeg(answer=LegAnswer(row["answer"]), **facts)


def callback_of(row: RowMapping) -> Callback:
    return Callback(state=CallbackState(row["state"]), **without(row, "state"))


def wrap_up_of(row: RowMapping) -> WrapUp:
    return WrapUp(**row)


def without(row: RowMapping, *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
