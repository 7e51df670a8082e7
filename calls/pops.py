"""A screen pop: put together from what is known of a call, and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from calls.agents import OpenTicket, ScreenPop, SpokenLine
from calls.call import CallRecord, CallSummary, Ticket
from calls.phones import far_end
from calls.settings import Settings, pick
from calls.told import cares, told

SHAPE = TypeAdapter(ScreenPop)
SCHEMA_ID = "https://json-schema.org/draft/2020-12/schema"


def screen_pop(
    record: CallRecord,
    summary: CallSummary,
    settings: Settings,
    *,
    agent: str,
    queue: str,
    at: datetime,
    ticket: Ticket | None = None,
    open_tickets: Iterable[Ticket] = (),
    suggestion: str = "",
    base: str = "",
) -> ScreenPop:
    """`base`: our own address, before the paths of the call's pages. `at`: when it began to ring."""
    known = settings.escalation.agents.get(agent)
    heard = [turn.heard for turn in record.turns if turn.heard]
    return ScreenPop(
        call_sid=record.sid,
        agent=agent,
        agent_name=known.name if known else "",
        queue=queue,
        at=at,
        phone=far_end(record),
        customer=record.customer,
        open_tickets=tuple(OpenTicket(each.id, each.intent, each.status, each.summary, ticket_url(base, each)) for each in open_tickets),
        intent=summary.intent,
        topic=topic(settings, summary.intent, agent_language(settings, agent)),
        confidence=summary.confidence,
        language=summary.language,
        summary=summary.text,
        transcript=tuple(spoken(record)),
        last_words=heard[-1] if heard else "",
        ticket_id=ticket.id if ticket else "",
        ticket_url=ticket_url(base, ticket) if ticket else "",
        call_url=f"{base}/history/{record.sid}",
        suggestion=suggestion,
        takes_on_desk=bool(known and known.target.type == "desk"),
        told=told(record),
        care=cares(record),
    )


def ticket_url(base: str, ticket: Ticket) -> str:
    return f"{base}/tickets/{ticket.id}"


def spoken(record: CallRecord) -> Iterable[SpokenLine]:
    """What the caller said, and what the caller heard of ours."""
    for turn in record.turns:
        if turn.heard:
            yield SpokenLine("caller", turn.heard, turn.language)
        if turn.said:
            yield SpokenLine("bot", " ".join(turn.said), turn.language, turn.interrupted)


def topic(settings: Settings, intent: str, language: str) -> str:
    """What an intent is called. A label that several intents share says nothing: then it is the intent's own name."""
    labels = {name: pick(each.label, language, settings.language) for name, each in settings.intents.items()}
    label = labels.get(intent, "")
    return label if label and list(labels.values()).count(label) == 1 else intent.replace("_", " ")


def agent_language(settings: Settings, agent: str) -> str:
    """What the agent is briefed in; the house's first language for a switchboard."""
    known = settings.escalation.agents.get(agent)
    return (known and (known.language or next(iter(known.languages), None))) or settings.language


def as_json(pop: ScreenPop) -> dict[str, Any]:
    """The pop as docs/screen-pop.schema.json has it."""
    shaped: dict[str, Any] = SHAPE.dump_python(pop, mode="json")
    return shaped


def schema() -> dict[str, Any]:
    """The JSON schema of `as_json`."""
    return {"$schema": SCHEMA_ID, **SHAPE.json_schema(mode="serialization")}
