"""What an agent sees when the phone rings: made for each agent, and the ways it travels with the call itself: SIP headers, and
the tag of the dialled leg."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from calls.agents import Escalation, ScreenPop
from calls.call import CallRecord, CallSummary, Ticket
from calls.links import PopKey, pop_token
from calls.phones import far_end
from calls.pops import screen_pop
from webhooks.ports import Bot

log = logging.getLogger(__name__)
T = TypeVar("T")
LINK = re.compile(r"[\x21-\x7e]+")


def pops_for(
    house: Bot, record: CallRecord, summary: CallSummary, attempt: Escalation, ticket: Ticket | None, base: str
) -> list[ScreenPop]:
    """One for each agent who rings, in their order; poorer, but never missing, when something of it can't be had."""
    sid = record.sid
    none: list[Ticket] = []
    theirs = quietly(sid, "the caller's open tickets", lambda: house.desk.tickets_of(far_end(record)), none)
    first = quietly(sid, "a first sentence for the agent", lambda: house.suggestion(record, summary.language), "")
    return [
        screen_pop(
            record,
            summary,
            house.settings,
            agent=agent,
            queue=attempt.queue,
            at=attempt.started_at,
            ticket=ticket,
            open_tickets=theirs,
            suggestion=first,
            base=base,
        )
        for agent in attempt.agents
    ]


def summed_up(house: Bot, record: CallRecord) -> CallSummary:
    """What the call is about; "other" when that can't be told."""
    unknown = CallSummary("other", 0.0, house.settings.language, "normal", "")
    return quietly(record.sid, "a call's summary", lambda: house.summarizer(record), unknown)


def quietly(call_sid: str, what: str, make: Callable[[], T], instead: T) -> T:
    """A caller is waiting: a part of the screen pop that fails is left out."""
    try:
        return make()
    except Exception:
        log.exception("a part of a screen pop could not be had", extra={"call_sid": call_sid, "part": what})
        return instead


def pop_link(house: Bot, attempt: Escalation, call_sid: str, agent: str, base: str) -> str:
    """The page behind it needs no login; it is for softphones that open an address. "" where our address can't stand in a header."""
    until = attempt.started_at + timedelta(minutes=house.settings.escalation.screen_pop.link_min)
    link = f"{base}/pop/{pop_token(house.secrets[0], PopKey(call_sid, agent), until=until)}"
    return link if LINK.fullmatch(link) else ""


def as_headers(pop: ScreenPop) -> dict[str, str]:
    """For the agents' INVITEs; what we do not know has no header."""
    headers = {
        "X-Bot-Call-Sid": pop.call_sid,
        "X-Ticket-Id": pop.ticket_id,
        "X-Call-Intent": pop.intent,
        "X-Call-Confidence": f"{pop.confidence:.2f}",
        "X-Call-Language": pop.language,
        "X-Call-Summary": pop.summary,
    }
    return {name: value for name, value in headers.items() if value}


def as_tag(pop: ScreenPop, attempt: Escalation) -> dict[str, str]:
    """For the statuses of the agents' legs, where it comes back as customerData; the summary last, as it may be cut."""
    return {
        "purpose": "escalation",
        "bot_call_sid": pop.call_sid,
        "try": str(attempt.id),
        "agents": ",".join(attempt.agents),
        "ticket_id": pop.ticket_id,
        "intent": pop.intent,
        "confidence": f"{pop.confidence:.2f}",
        "language": pop.language,
        "summary": pop.summary,
    }
