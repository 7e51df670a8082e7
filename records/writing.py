"""What is written of a call and its turns. Each function works within a transaction of the caller's."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite

from calls.agents import Customer
from calls.call import CallEnd, Consent, Intent, Outcome, OutcomeKind, Turn
from records import schema
from records.reading import outcome_of

FINAL = ("completed", "failed", "busy", "no-answer")
PROGRESS = {"queued": 0, "trying": 1, "ringing": 2, "early-media": 3, "in-progress": 4, **dict.fromkeys(FINAL, 5)}
LAST_WORDS = timedelta(seconds=15)  # so long a conversation may go on after its socket has gone
# what an outcome does not replace: the hang-up that follows a goodbye is no new outcome, and a promised call back stays promised
KEEPS = {
    OutcomeKind.HUNG_UP: {OutcomeKind.FINISHED, OutcomeKind.ESCALATED, OutcomeKind.TRANSFERRED, OutcomeKind.CALLBACK},
    OutcomeKind.FINISHED: {OutcomeKind.CALLBACK},
    OutcomeKind.BROKEN: {OutcomeKind.CALLBACK},
}


def insert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows ON CONFLICT, which both databases spell alike."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def known(connection: Connection, call_sid: str, **facts: Any) -> None:
    """Make the call's row, with `facts`, if there is none: a call may be heard of first by any hook."""
    connection.execute(insert(connection, schema.calls).values(call_sid=call_sid, **facts).on_conflict_do_nothing())


def locked(connection: Connection, call_sid: str, *, now: datetime) -> RowMapping:
    """The call's row, made if need be, and ours until the transaction ends."""
    ours = insert(connection, schema.calls).values(call_sid=call_sid, started_at=now)
    ours = ours.on_conflict_do_update(index_elements=["call_sid"], set_={"call_sid": call_sid})  # changes nothing, and locks it
    return connection.execute(ours.returning(*schema.calls.c)).mappings().one()


def change(connection: Connection, call_sid: str, **facts: Any) -> None:
    connection.execute(update(schema.calls).where(schema.calls.c.call_sid == call_sid).values(**facts))


def consent_declined(connection: Connection, call_sid: str) -> None:
    known(connection, call_sid)
    change(connection, call_sid, consent=Consent.DECLINED.value)


def about_ticket(connection: Connection, call_sid: str, ticket_id: str) -> None:
    known(connection, call_sid)
    change(connection, call_sid, about_ticket=ticket_id)


def customer_known(connection: Connection, call_sid: str, customer: Customer) -> None:
    known(connection, call_sid)
    change(connection, call_sid, customer=asdict(customer))


def turn_finished(connection: Connection, call_sid: str, turn: Turn) -> None:
    known(connection, call_sid)
    facts = row_of(turn)
    statement = insert(connection, schema.turns).values(call_sid=call_sid, number=turn.number, **facts)
    connection.execute(statement.on_conflict_do_update(index_elements=["call_sid", "number"], set_=facts))


def row_of(turn: Turn) -> dict[str, Any]:
    return {
        "heard": turn.heard,
        "heard_confidence": turn.heard_confidence,
        "language": turn.language,
        "intent": turn.intent.name if turn.intent else "",
        "intent_confidence": turn.intent.confidence if turn.intent else 0.0,
        "slots": dict(turn.intent.slots) if turn.intent else {},
        "said": list(turn.said),
        "asked": turn.asked.value,
        "interrupted": turn.interrupted.is_set(),
        "began_ms": turn.began_ms,
        "ended_ms": turn.ended_ms,
        "timings": turn.timings.as_dict(),
        "details": details_of(turn),
    }


def details_of(turn: Turn) -> dict[str, Any]:
    """What few turns have, by TurnRecord's names; what is empty is left out."""
    intent = turn.intent or Intent("")
    details = {
        "asked_slot": turn.asked_slot,
        "keyed": turn.keyed,
        "also": list(intent.also),
        "signals": list(intent.signals),
        "faq": intent.faq,
        "usage": asdict(turn.usage) if turn.usage else None,
    }
    return {name: value for name, value in details.items() if value}


def noted(connection: Connection, call_sid: str, note: str, *, now: datetime) -> None:
    notes = locked(connection, call_sid, now=now)["notes"]
    if note not in notes:
        change(connection, call_sid, notes=[*notes, note])


def summarised(connection: Connection, call_sid: str, summary: str) -> None:
    change(connection, call_sid, summary=summary)


def call_ended(connection: Connection, call_sid: str, outcome: Outcome, *, now: datetime) -> None:
    call = locked(connection, call_sid, now=now)
    ends = {"bot_ended_at": now} if is_of_the_stream_before(call, outcome, now) else {"bot_ended_at": now, "slot_until": None}
    if call["outcome_kind"] in KEEPS.get(outcome.kind, ()):
        change(connection, call_sid, **ends)
        return
    change(connection, call_sid, outcome_kind=outcome.kind.value, outcome_reason=outcome.reason, **ends)


def is_of_the_stream_before(call: RowMapping, outcome: Outcome, now: datetime) -> bool:
    """Whether a stream that broke takes its end for the caller's hang-up, when another one has the call already, and its slot."""
    reopened_at = call["reopened_at"]
    there = call["status"] not in FINAL and reopened_at is not None and now - reopened_at < LAST_WORDS
    return there and outcome.kind is OutcomeKind.HUNG_UP


def reopened(connection: Connection, call_sid: str, *, now: datetime, most: int, apart: timedelta) -> bool:
    call = locked(connection, call_sid, now=now)
    too_soon = call["reopened_at"] is not None and now - call["reopened_at"] < apart
    if call["status"] in FINAL or call["reopened"] >= most or too_soon:
        return False
    change(connection, call_sid, reopened=call["reopened"] + 1, reopened_at=now)
    return True


def status_changed(
    connection: Connection, call_sid: str, status: str, *, now: datetime, duration_s: int | None, terminated_by: str
) -> CallEnd | None:
    """Statuses come out of order (a cancelled call's no-answer before its trying): a call's progress never goes back."""
    call = locked(connection, call_sid, now=now)
    if PROGRESS.get(status, 0) < PROGRESS.get(call["status"], 0):
        return None
    facts: dict[str, Any] = {"status": status}
    if status == "in-progress":
        facts["answered_at"] = call["answered_at"] or now
    if status in FINAL:
        facts |= {
            "ended_at": call["ended_at"] or now,
            "duration_s": call["duration_s"] if duration_s is None else duration_s,
            "terminated_by": terminated_by or call["terminated_by"],
            "slot_until": None,
        }
    change(connection, call_sid, **facts)
    return end_of(connection, call) if status in FINAL else None


def end_of(connection: Connection, call: RowMapping) -> CallEnd:
    tries = select(schema.escalations.c.id).where(schema.escalations.c.call_sid == call["call_sid"]).limit(1)
    return CallEnd(outcome_of(call), handed_over=connection.execute(tries).first() is not None)
