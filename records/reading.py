"""Rows of the journal as the nouns of calls.call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, RowMapping, Table, func, select

from calls.agents import Escalation
from calls.call import CallRecord, Consent, Outcome, OutcomeKind, Question, TurnRecord
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


def next_number(connection: Connection, call_sid: str) -> int:
    last = select(func.max(schema.turns.c.number)).where(schema.turns.c.call_sid == call_sid)
    number = connection.execute(last).scalar_one()
    return 0 if number is None else int(number) + 1


def records_of(connection: Connection, rows: Sequence[RowMapping]) -> list[CallRecord]:
    sids = [row["call_sid"] for row in rows]
    turns = by_call(connection, schema.turns, "number", sids)
    escalations = by_call(connection, schema.escalations, "id", sids)
    return [record_of(row, turns[row["call_sid"]], escalations[row["call_sid"]]) for row in rows]


def by_call(connection: Connection, table: Table, order: str, sids: Sequence[str]) -> dict[str, list[RowMapping]]:
    grouped: dict[str, list[RowMapping]] = defaultdict(list)
    for row in connection.execute(select(table).where(table.c.call_sid.in_(sids)).order_by(table.c[order])).mappings():
        grouped[row["call_sid"]].append(row)
    return grouped


def is_talking(row: RowMapping) -> bool:
    """A heartbeat has come since the bot's part ended, if it ever ended: the bot may have come back."""
    return row["alive_at"] is not None and (row["bot_ended_at"] is None or row["alive_at"] > row["bot_ended_at"])


def record_of(row: RowMapping, turns: Iterable[RowMapping], escalations: Iterable[RowMapping]) -> CallRecord:
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
        turns=tuple(turn_of(turn) for turn in turns),
        escalations=tuple(escalation_of(escalation) for escalation in escalations),
        talking=is_talking(row),
        about_ticket=row["about_ticket"],
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
    )


def escalation_of(row: RowMapping) -> Escalation:
    return Escalation(
        target=row["target"],
        state=row["state"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        agent_call_sid=row["agent_call_sid"],
        sip_status=row["sip_status"],
    )
