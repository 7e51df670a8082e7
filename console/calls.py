"""`GET /calls/<call_sid>`: what is known of one call, as JSON, for `flask call` and for the admin's own programs.

It is signed as Jambonz signs its hooks, over the payload `GET /calls/<call_sid>`, with the same secret.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any, Protocol

from flask import Blueprint, Response, current_app, jsonify, request

from calls.agents import Escalation
from calls.call import CallRecord, CallSummary, Ticket, TurnRecord
from calls.signature import verify

bp = Blueprint("calls", __name__)


class Journal(Protocol):
    def record(self, sid: str) -> CallRecord | None: ...


class Desk(Protocol):
    def ticket_of(self, call_sid: str) -> Ticket | None: ...


class Environment(Protocol):
    @property
    def webhook_secrets(self) -> tuple[str, ...]: ...


class Bot(Protocol):
    journal: Journal
    desk: Desk
    environment: Environment
    unsigned_allowed: bool
    clock: Callable[[], datetime]
    summarizer: Callable[[CallRecord], CallSummary]


@bp.get("/calls/<call_sid>")
def show(call_sid: str) -> tuple[Response, int]:
    bot: Bot = current_app.extensions["bot"]
    signature, payload = request.headers.get("Jambonz-Signature", ""), f"GET /calls/{call_sid}".encode()
    if not (bot.unsigned_allowed or verify(payload, signature, bot.environment.webhook_secrets, now=bot.clock().timestamp())):
        return jsonify(error="this address wants a Jambonz-Signature over 'GET /calls/<call_sid>'"), 401
    record = bot.journal.record(call_sid)
    if record is None:
        return jsonify(error="no such call"), 404
    return jsonify(as_json(record, bot.summarizer(record), bot.desk.ticket_of(call_sid))), 200


def as_json(record: CallRecord, summary: CallSummary, ticket: Ticket | None) -> dict[str, Any]:
    return {
        "call_sid": record.sid,
        "direction": record.direction,
        "caller": record.caller,
        "called": record.called,
        "language": record.language,
        "status": record.status,
        "consent": record.consent,
        "started_at": record.started_at.isoformat(),
        "ended_at": record.ended_at.isoformat() if record.ended_at else None,
        "duration_s": record.duration_s,
        "outcome": {"kind": record.outcome.kind, "reason": record.outcome.reason} if record.outcome else None,
        "turns": [_turn(turn) for turn in record.turns],
        "escalations": [_escalation(escalation) for escalation in record.escalations],
        "ticket": _ticket(ticket) if ticket else None,
        "summary": summary.text,
    }


def _turn(turn: TurnRecord) -> dict[str, Any]:
    return {
        "number": turn.number,
        "heard": turn.heard,
        "heard_confidence": turn.heard_confidence,
        "intent": turn.intent,
        "confidence": turn.intent_confidence,
        "slots": dict(turn.slots),
        "language": turn.language,
        "said": list(turn.said),
        "asked": turn.asked,
        "interrupted": turn.interrupted,
        "began_ms": turn.began_ms,
        "ended_ms": turn.ended_ms,
        "timings": dict(turn.timings),
        "asked_slot": turn.asked_slot,
        "keyed": turn.keyed,
        "also": list(turn.also),
        "signals": list(turn.signals),
        "faq": turn.faq,
        "usage": asdict(turn.usage) if turn.usage else None,
    }


def _escalation(escalation: Escalation) -> dict[str, Any]:
    return {
        "target": escalation.target,
        "state": escalation.state,
        "started_at": escalation.started_at.isoformat(),
        "ended_at": escalation.ended_at.isoformat() if escalation.ended_at else None,
        "agent_call_sid": escalation.agent_call_sid,
        "sip_status": escalation.sip_status,
    }


def _ticket(ticket: Ticket) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "intent": ticket.intent,
        "priority": ticket.priority,
        "language": ticket.language,
        "status": ticket.status,
        "summary": ticket.summary,
        "description": ticket.description,
        "confidence": ticket.confidence,
        "created_at": ticket.created_at.isoformat(),
        "updated_at": ticket.updated_at.isoformat(),
        "url": ticket.url,
    }
