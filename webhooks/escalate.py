"""A human takes over; and if none does, the bot comes back to say so."""

from __future__ import annotations

import logging
from datetime import datetime

from flask import Blueprint
from flask.typing import ResponseReturnValue

from calls.agents import ScreenPop
from calls.call import CallRecord, CallSummary, Outcome, OutcomeKind, Ticket
from calls.settings import pick
from webhooks.closing import close
from webhooks.door import answer, call_hooks, received
from webhooks.human import dial_human, names
from webhooks.payloads import DialEnded, Escalating
from webhooks.ports import Bot, bot
from webhooks.screen_pop import screen_pop
from webhooks.verbs import Verb, hangup, say
from webhooks.voice import talk

log = logging.getLogger(__name__)
bp = call_hooks(Blueprint("escalate", __name__))


@bp.post("/escalate")
def escalate() -> ResponseReturnValue:
    """Ring the agents, the ticket on their screens. A hook that is sent again gets the same answer, until a transfer was completed."""
    house, hook, now = bot(), received(Escalating), bot().clock()
    if house.journal.outcome(hook.call_sid) is None:
        house.journal.call_ended(hook.call_sid, Outcome(OutcomeKind.BROKEN, "no_outcome"), now=now)
    ticket = close(house, hook.call_sid, now)
    if hook.caller_gone:
        return answer([])
    begun = house.journal.escalation_started(hook.call_sid, names(house.settings.escalation), now)
    record = house.journal.record(hook.call_sid)
    if not begun and record and was_transferred(record):
        return answer([hangup()])
    log.info("a call is handed to a human", extra={"call_sid": hook.call_sid, "again": not begun})
    return answer(dial_human(house.settings, house.environment, pop_for(house, hook.call_sid, record, ticket)))


def was_transferred(record: CallRecord) -> bool:
    return any(each.state == "completed" for each in record.escalations)


def pop_for(house: Bot, call_sid: str, record: CallRecord | None, ticket: Ticket | None) -> ScreenPop:
    """The screen pop; poorer, but never missing, when the call can't be summed up."""
    unknown = CallSummary("other", 0.0, house.settings.language, "normal", "")
    if record is None:
        return ScreenPop(call_sid, "", unknown.intent, unknown.confidence, unknown.language, "", ticket.id if ticket else "", "")
    try:
        return screen_pop(record, house.summarizer(record), ticket)
    except Exception:
        log.exception("a call could not be summed up", extra={"call_sid": call_sid})
        return screen_pop(record, unknown, ticket)


@bp.post("/escalate/ended")
def ended() -> ResponseReturnValue:
    """The dial is over. Only "completed" was a conversation: for any other end, or none, a call back is promised."""
    house, hook, now = bot(), received(DialEnded), bot().clock()
    state = hook.dial_call_status or "failed"
    house.journal.escalation_ended(hook.call_sid, state, hook.dial_sip_status, hook.dial_call_sid, now)
    if hook.agent_talked:
        house.journal.call_ended(hook.call_sid, Outcome(OutcomeKind.TRANSFERRED), now=now)
    elif not hook.caller_gone:
        house.journal.call_ended(hook.call_sid, Outcome(OutcomeKind.CALLBACK, "no_agent"), now=now)
    close(house, hook.call_sid, now)
    if hook.caller_gone:
        return answer([])
    return answer([hangup()] if hook.agent_talked else nobody_free(house, hook.call_sid, now))


def nobody_free(house: Bot, call_sid: str, now: datetime) -> list[Verb]:
    """The bot comes back, once and if it has a slot; else Jambonz's own voice promises the call back."""
    record = house.journal.record(call_sid)
    language = language_of(record) or house.settings.language
    log.warning("no agent took a call", extra={"call_sid": call_sid, "failed_dials": failed_dials(record)})
    if record and failed_dials(record) <= 1 and has_slot(house, record, now):
        return [talk(house, call_sid, language=language, direction=record.direction, after="no_agent"), hangup()]
    return [say(pick(house.settings.prompts.no_agent, language, house.settings.language)), hangup()]


def failed_dials(record: CallRecord | None) -> int:
    return sum(each.ended_at is not None and each.state != "completed" for each in record.escalations) if record else 0


def has_slot(house: Bot, record: CallRecord, now: datetime) -> bool:
    """The same question as /voice asks."""
    return not house.draining() and house.journal.call_started(
        sid=record.sid, direction=record.direction, caller=record.caller, called=record.called, language=record.language, now=now
    )


def language_of(record: CallRecord | None) -> str:
    """The language that the caller spoke last."""
    if record is None:
        return ""
    return record.turns[-1].language if record.turns else record.language
