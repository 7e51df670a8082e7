"""The next try to hand a call to a human: whom it rings, who is told, and what the caller gets."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from calls.agents import Escalation, ScreenPop
from calls.call import CallRecord, CallSummary, Ticket
from calls.errors import CrmError, JournalError
from calls.pops import as_json
from calls.routing import SWITCHBOARD, Ring, rings
from records.transfers import DEAD_AFTER
from webhooks.human import names, ring
from webhooks.ports import Bot
from webhooks.promises import nobody_there, was_promised
from webhooks.screen_pop import pops_for, summed_up
from webhooks.talking import language_of
from webhooks.telling import tell, tell_presence, tell_transfer
from webhooks.verbs import Verb, hangup

log = logging.getLogger(__name__)
RESERVED_FOR = timedelta(hours=2)  # the ringing and the talk; longer only if every hook of the call's end is lost


def hand_over(house: Bot, call_sid: str, ticket: Ticket | None, now: datetime, base: str) -> list[Verb]:
    """What a caller who is to talk to a human gets: the try that rings already, the next one, or word that nobody is there.

    `base`: our own address. Asked again it answers the same. Raises JournalError."""
    record = known_record(house, call_sid)
    if any(each.transferred for each in record.escalations):
        return [hangup()]
    summary, attempt = summed_up(house, record), ringing_now(record, now)
    begins = attempt is None and not was_promised(record)
    if begins:
        attempt = begun(house, record, summary, now)
    if attempt is None:
        return nobody_there(house, record, summary, now)
    pops = pops_for(house, record, summary, attempt, ticket or ticket_of(house, call_sid), base)
    if begins:
        announce(house, record, pops)
    return ring(house, record, attempt, pops[0], base)


def known_record(house: Bot, call_sid: str) -> CallRecord:
    record = house.journal.record(call_sid)
    if record is None:
        raise JournalError("a call that was journalled is not there")
    return record


def ringing_now(record: CallRecord, now: datetime) -> Escalation | None:
    """The try that rings, or in which an agent talks."""
    latest = record.escalations[-1] if record.escalations else None
    if latest is None or latest.ended_at is not None:
        return None
    return latest if latest.accepted or now - latest.started_at <= DEAD_AFTER else None


def ticket_of(house: Bot, call_sid: str) -> Ticket | None:
    try:
        return house.desk.ticket_of(call_sid)
    except CrmError:
        log.exception("a call's ticket could not be looked up", extra={"call_sid": call_sid})
        return None


# -- the next try ------------------------------------------------------------------
def begun(house: Bot, record: CallRecord, summary: CallSummary, now: datetime) -> Escalation | None:
    """The next try, its agents reserved and journalled; None when nobody is left to ring."""
    chosen = next_ring(house, record, summary, now)
    if chosen is None:
        return None
    target = names(house.settings.escalation, chosen.agents)
    ours = house.journal.escalation_started(record.sid, target, now, queue=chosen.queue, agents=chosen.agents, by=chosen.by)
    attempt = ringing_now(known_record(house, record.sid), now)
    if not ours:  # the same hook, a moment earlier, on another thread
        house.presences.release(record.sid, now=now, agents=set(chosen.agents) - set(attempt.agents if attempt else ()))
    return attempt


def next_ring(house: Bot, record: CallRecord, summary: CallSummary, now: datetime) -> Ring | None:
    """The first of those whom routing names that no other call has taken meanwhile."""
    made = tries_since_the_bot_spoke(record)
    if len(made) >= house.settings.escalation.max_tries:
        return None
    rung = {agent for each in made for agent in each.agents}
    to_ring = rings(
        house.settings.escalation,
        intent=summary.intent,
        language=language_of(record) or house.settings.language,
        now=now,
        present=house.presences.free(now=now),
        tried=rung | house.presences.busy(now=now),
    )
    return next((kept for each in to_ring if (kept := reserved(house, record.sid, each, now))), None)


def tries_since_the_bot_spoke(record: CallRecord) -> Sequence[Escalation]:
    """A caller to whom the bot has come back, with the promise of a call back, may ask for a human again."""
    promised_at = record.callback.promised_at if record.callback else None
    return [each for each in record.escalations if promised_at is None or each.started_at > promised_at]


def reserved(house: Bot, call_sid: str, chosen: Ring, now: datetime) -> Ring | None:
    """The ring with those of its agents that we got; a switchboard is never taken."""
    if chosen.agents == (SWITCHBOARD,):
        return chosen
    got = house.presences.reserve(chosen.agents, call_sid, now=now, until=now + RESERVED_FOR)
    return replace(chosen, agents=got) if got else None


def announce(house: Bot, record: CallRecord, pops: Sequence[ScreenPop]) -> None:
    """To each agent's screen, and to whoever watches."""
    for pop in pops:
        tell(house, "pop", record.sid, as_json(pop), agent=pop.agent)
        house.push_pop(pop)
    agents, first = [pop.agent for pop in pops], pops[0]
    log.info("a call rings at a human's", extra={"call_sid": record.sid, "agents": agents, "queue": first.queue})
    tell_transfer(house, record.sid, "ringing", agents)
    about = {"language": first.language, "intent": first.intent, "confidence": first.confidence, "last_words": first.last_words}
    tell(house, "call", record.sid, {"state": "ringing", "caller": record.caller, "agent": ", ".join(agents), **about})
    tell_presence(house, agents)
