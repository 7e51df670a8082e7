"""Nobody takes a call: a call back is promised and kept track of, and the bot comes back to say so."""

from __future__ import annotations

import logging
from datetime import datetime

from calls.agents import Callback, CallbackState
from calls.call import CallRecord, CallSummary, Outcome, OutcomeKind
from calls.phones import far_end
from calls.routing import callback_due, rings
from calls.settings import pick
from webhooks.closing import close
from webhooks.ports import Bot
from webhooks.talking import language_of, talk
from webhooks.telling import tell
from webhooks.verbs import Verb, hangup, say

log = logging.getLogger(__name__)
NO_AGENT = Outcome(OutcomeKind.CALLBACK, "no_agent")
STILL_NO_AGENT = Outcome(OutcomeKind.CALLBACK, "still_no_agent")  # after the bot came back once


def nobody_there(house: Bot, record: CallRecord, summary: CallSummary, now: datetime) -> list[Verb]:
    """The bot comes back, once and if it has a slot; else Jambonz's own voice promises the call back."""
    outcome = NO_AGENT if record.callback is None or record.outcome == NO_AGENT else STILL_NO_AGENT
    promise(house, record, summary, now)
    house.journal.call_ended(record.sid, outcome, now=now)
    close(house, record.sid, now)
    log.warning("no agent took a call", extra={"call_sid": record.sid, "tries": len(record.escalations), "again": outcome != NO_AGENT})
    language = language_of(record) or house.settings.language
    if outcome == NO_AGENT and has_slot(house, record, now):
        return [talk(house, record.sid, language=language, direction=record.direction, after="no_agent"), hangup()]
    return goodbye(house, language)


def goodbye(house: Bot, language: str) -> list[Verb]:
    return [say(pick(house.settings.prompts.no_agent, language, house.settings.language)), hangup()]


def was_promised(record: CallRecord) -> bool:
    """The caller has been told so, and has not asked for a human since."""
    return record.outcome in (NO_AGENT, STILL_NO_AGENT)


def has_slot(house: Bot, record: CallRecord, now: datetime) -> bool:
    """The same question as /voice asks."""
    return not house.draining() and house.journal.call_started(
        sid=record.sid, direction=record.direction, caller=record.caller, called=record.called, language=record.language, now=now
    )


# -- the promise -------------------------------------------------------------------
def promise(house: Bot, record: CallRecord, summary: CallSummary, now: datetime) -> Callback:
    """Once a call."""
    language = language_of(record) or house.settings.language
    made = house.callbacks.promise(
        call_sid=record.sid,
        phone=far_end(record),
        intent=summary.intent,
        language=language,
        reason="closed" if is_closed(house, summary.intent, language, now) else "no_agent",
        due_at=callback_due(house.settings.escalation, now),
        now=now,
    )
    tell_callback(house, made)
    return made


def is_closed(house: Bot, intent: str, language: str, now: datetime) -> bool:
    """Nobody could be rung even if everybody was there."""
    wanted = house.settings.escalation
    return not rings(wanted, intent=intent, language=language, now=now, present=wanted.agents)


def kept(house: Bot, record: CallRecord, agent: str, now: datetime) -> None:
    """An agent has talked to the caller after all: nobody need call back."""
    if record.callback is None or record.callback.settled_at is not None:
        return
    settled = house.callbacks.settle(record.callback.id, CallbackState.KEPT, agent, "an agent took the call after all", now=now)
    if settled:
        tell_callback(house, settled)


def tell_callback(house: Bot, callback: Callback) -> None:
    data = {"id": callback.id, "state": callback.state.value, "due_at": callback.due_at.isoformat()}
    tell(house, "callback", callback.call_sid, data)
