"""The body of a post-call hook: a call as JSON. docs/post-call.md is the contract."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import datetime
from typing import Any

from calls.agents import Callback, Escalation, WrapUp
from calls.call import CallRecord, TurnRecord
from calls.columns import storable
from calls.crm import FinishedCall
from calls.handover import Directory
from calls.phones import e164, far_end

VERSION = 1


def payload(call: FinishedCall, delivery: str, *, region: str = "IN", event: str = "ended") -> dict[str, Any]:
    """The body of docs/post-call.md. Words are as they were heard: whoever shows them escapes them."""
    record, summary = call.record, call.summary
    body = {
        "version": VERSION,
        "event": event,
        "delivery": delivery,
        **facts(record),
        "phone": e164(far_end(record), region=region),
        "intent": summary.intent,
        "confidence": summary.confidence,
        "language": summary.language,
        "priority": summary.priority,
        "summary": summary.text,
        "turns": [turn(each) for each in record.turns],
        "transfers": [transfer(each, call.directory) for each in record.escalations],
        "customer": asdict(record.customer) if record.customer else None,
        "callback": callback(record.callback) if record.callback else None,
        "wrap_up": wrap_up(record.wrap_up) if record.wrap_up else None,
        "tickets": {"desk": call.ticket_id or None, "about": call.about_ticket_id or None},
    }
    whole: dict[str, Any] = clean(body)
    return whole


def facts(record: CallRecord) -> dict[str, Any]:
    outcome = record.outcome
    return {
        "call_sid": record.sid,
        "direction": record.direction,
        "caller": record.caller,
        "called": record.called,
        "recording": record.consent.value,
        "started_at": moment(record.started_at),
        "ended_at": moment(record.ended_at),
        "duration_s": record.duration_s,
        "outcome": {"kind": outcome.kind.value, "reason": outcome.reason} if outcome else None,
    }


def turn(each: TurnRecord) -> dict[str, Any]:
    return {
        "number": each.number,
        "caller": each.heard,
        "caller_confidence": each.heard_confidence,
        "bot": list(each.said),
        "interrupted": each.interrupted,
        "language": each.language,
        "intent": each.intent or None,
        "intent_confidence": each.intent_confidence,
        "slots": dict(each.slots),
        "began_ms": each.began_ms,
        "ended_ms": each.ended_ms,
    }


def transfer(each: Escalation, directory: Directory) -> dict[str, Any]:
    taker = each.accepted if each.transferred else None
    return {
        "target": each.target,
        "state": each.state,
        "started_at": moment(each.started_at),
        "ended_at": moment(each.ended_at),
        "queue": each.queue,
        "taken_by": {"agent": taker.agent, "name": directory.name_of(taker.agent)} if taker else None,
        "talk_s": each.talk_s,
        "agents": [{"agent": leg.agent, "name": directory.name_of(leg.agent), "answer": leg.answer.value} for leg in each.legs],
    }


def callback(each: Callback) -> dict[str, Any]:
    return {
        "state": each.state.value,
        "reason": each.reason,
        "promised_at": moment(each.promised_at),
        "due_at": moment(each.due_at),
        "settled_at": moment(each.settled_at),
        "note": each.note,
    }


def wrap_up(each: WrapUp) -> dict[str, Any]:
    return {
        "agent": each.agent,
        "person": each.person,
        "resolution": each.resolution,
        "intent": each.intent or None,
        "note": each.note,
        "at": moment(each.at),
    }


def moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def clean(value: Any) -> Any:
    """Without what JSON in UTF-8 can't carry: half a surrogate pair, and a number that is none."""
    if isinstance(value, dict):
        return {clean(name): clean(each) for name, each in value.items()}
    if isinstance(value, list):
        return [clean(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return 0.0
    return storable(value) if isinstance(value, str) else value
