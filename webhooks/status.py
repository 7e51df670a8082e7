"""Jambonz tells how the call, and the legs to the agents, get on. Nothing of the call hangs on these hooks."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from calls.agents import LegAnswer
from calls.call import CallRecord, Outcome, OutcomeKind
from calls.errors import HookError
from webhooks.closing import close
from webhooks.door import about, answer_first, guarded, path, received
from webhooks.human import agents_at
from webhooks.payloads import StatusChange
from webhooks.ports import Bot, bot
from webhooks.promises import kept
from webhooks.telling import tell, tell_presence

log = logging.getLogger(__name__)
bp = guarded(Blueprint("status", __name__))


@bp.post("/status")
def status() -> ResponseReturnValue:
    """Journal it, in whatever order statuses come; a call that is over gets its ticket, however it ended."""
    if not request.is_json:
        return jsonify(error="the content type must be application/json"), 415
    house, hook, now = bot(), received(StatusChange), bot().clock()
    if hook.parent_call_sid:
        agents_leg(house, hook, hook.parent_call_sid, now)
        return "", 204
    sid = hook.call_sid
    end = house.journal.status_changed(sid, hook.call_status, now=now, duration_s=hook.duration, terminated_by=hook.call_termination_by)
    if end is None:
        return "", 204
    if end.handed_over:
        let_go(house, house.journal.record(sid), now)
    if end.outcome and end.outcome.kind is OutcomeKind.UNHEARD:  # a gather of a caller who has gone calls no hook
        house.journal.call_ended(sid, Outcome(OutcomeKind.HUNG_UP), now=now)
    tell(house, "call", sid, {"state": "ended"})
    return answer_first(lambda: close(house, sid, now))  # should it fail, the sweeper closes the call


def agents_leg(house: Bot, hook: StatusChange, call_sid: str, now: datetime) -> None:
    """Agents whose leg is over may be rung again, who talked after a rest."""
    agents = agents_at(house.settings.escalation, hook.called)
    said = house.journal.agent_leg(call_sid, hook.call_sid, hook.call_status, hook.sip_status, now, candidates=agents)
    if hook.accepted:
        taken_as_tagged(house, hook, call_sid, now)
    if hook.caller_gone:
        talked = hook.accepted or said is LegAnswer.ACCEPTED
        house.presences.release(call_sid, now=now, agents=agents, busy_until=rest(house, now) if talked else None)
        tell_presence(house, agents)


def taken_as_tagged(house: Bot, hook: StatusChange, call_sid: str, now: datetime) -> None:
    """The tag of an agent who took the call. As a rule that is journalled already; if the journal was away then, it is now."""
    agent = str(hook.customer_data.get("agent", ""))
    house.journal.leg_answered(call_sid, hook.call_sid, agent, LegAnswer.ACCEPTED, now)
    record = house.journal.record(call_sid)
    if record and record.outcome != Outcome(OutcomeKind.TRANSFERRED, agent) and any(each.transferred for each in record.escalations):
        house.journal.call_ended(call_sid, Outcome(OutcomeKind.TRANSFERRED, agent), now=now)
        kept(house, record, agent, now)
        close(house, call_sid, now)


def let_go(house: Bot, record: CallRecord | None, now: datetime) -> None:
    """The agents whom a call that is over still holds, as when the end of its dial is never told."""
    talking = [leg.agent for each in record.escalations if (leg := each.accepted)] if record else []
    if record and talking:
        house.presences.release(record.sid, now=now, agents=talking, busy_until=rest(house, now))
    if record and record.escalations:
        house.presences.release(record.sid, now=now)


def rest(house: Bot, now: datetime) -> datetime:
    """Until when an agent who has talked is left alone to wrap up."""
    return now + timedelta(seconds=house.settings.escalation.wrap_up_s)


@bp.errorhandler(HookError)
def unreadable(error: HookError) -> ResponseReturnValue:
    return jsonify(error=str(error)), 400


@bp.errorhandler(Exception)
def failed(error: Exception) -> ResponseReturnValue:
    """Jambonz does not mind, the log does."""
    if isinstance(error, HTTPException):
        return jsonify(error=error.description), error.code or 500
    log.error("a status hook failed", exc_info=error, extra={"hook": path(), **about()})
    return jsonify(error="the status could not be journalled; the log says why"), 500
