"""What a CRM's webhook says, in our words: which tickets have changed their state. Everything else in it is let pass.

Sources: HubSpot's published webhook payloads (an array; `ticket.propertyChange`, or the generic `object.propertyChange`
with objectTypeId 0-5), Zendesk's published `ticket.status_changed` event. Tally documents no webhook: its body is a
proposal, `{"ticket_id", "status", "call_sid"?, "at"?}`; a Zendesk trigger, whose body the operator writes, may send the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from crm.events_signatures import iso, unix_ms

Status = Literal["open", "pending", "closed"]
Event = Mapping[str, Any]
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:-]{0,127}")
STATUSES: Mapping[str, Status] = {
    "new": "open",
    "open": "open",
    "reopened": "open",
    "pending": "pending",
    "hold": "pending",
    "on-hold": "pending",
    "solved": "closed",
    "resolved": "closed",
    "closed": "closed",
}
# HubSpot's default support pipeline: New, Waiting on contact, Waiting on us, Closed. Own pipelines have own ids.
HUBSPOT_STAGES: Mapping[str, Status] = {"1": "open", "2": "pending", "3": "open", "4": "closed"}
HUBSPOT_TICKET = "0-5"


@dataclass(frozen=True, slots=True)
class TicketMoved:
    """A ticket of a CRM has another state. `call_sid` and `at` are empty where the CRM does not say them."""

    crm: str
    ticket_id: str
    status: Status
    call_sid: str = ""
    at: datetime | None = None  # when it moved there: of two moves the later one counts


class Unreadable(ValueError):
    """The body is no JSON object or array; the text repeats nothing of it."""


def moves(crm: str, body: bytes, *, stages: Mapping[str, Status] = HUBSPOT_STAGES) -> tuple[TicketMoved, ...]:
    """The last move of each ticket in a webhook's body; events that we do not know are none. Raises Unreadable.

    `stages`: HubSpot's pipeline stages by id."""
    read = READERS[crm]
    found = (read(event, stages) for event in events_in(body))
    return tuple(last_of_each(move for move in found if move))


def events_in(body: bytes) -> Iterator[Event]:
    """HubSpot sends several at once, the others one."""
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("the body is no JSON") from None
    if not isinstance(tree, dict | list):
        raise Unreadable("the body is neither a JSON object nor an array of them")
    yield from (event for event in (tree if isinstance(tree, list) else [tree]) if isinstance(event, dict))


def last_of_each(found: Iterable[TicketMoved]) -> Iterable[TicketMoved]:
    """HubSpot promises no order within a body; of two moves without a time the later in the body counts."""
    last: dict[str, TicketMoved] = {}
    for move in found:
        before = last.get(move.ticket_id)
        if before is None or before.at is None or move.at is None or move.at >= before.at:
            last[move.ticket_id] = move
    return last.values()


def from_hubspot(event: Event, stages: Mapping[str, Status]) -> TicketMoved | None:
    kind = text_of(event, "subscriptionType")
    of_a_ticket = kind == "ticket.propertyChange" or (kind == "object.propertyChange" and event.get("objectTypeId") == HUBSPOT_TICKET)
    if not of_a_ticket or event.get("propertyName") != "hs_pipeline_stage":
        return None
    status = stages.get(text_of(event, "propertyValue"))
    return moved("hubspot", text_of(event, "objectId"), status, "", unix_ms(text_of(event, "occurredAt")))


def from_zendesk(event: Event, _stages: Mapping[str, Status]) -> TicketMoved | None:
    """Zendesk's own event; else a trigger's body."""
    if "type" not in event:
        return plain("zendesk", event)
    if event["type"] != "zen:event-type:ticket.status_changed":
        return None
    ticket, change = section(event, "detail"), section(event, "event")
    status = known_status(text_of(change, "current") or text_of(ticket, "status"))
    return moved("zendesk", text_of(ticket, "id"), status, text_of(ticket, "external_id"), iso(text_of(event, "time")))


def from_tally(event: Event, _stages: Mapping[str, Status]) -> TicketMoved | None:
    return plain("tally", event)


READERS: Mapping[str, Callable[[Event, Mapping[str, Status]], TicketMoved | None]] = {
    "hubspot": from_hubspot,
    "zendesk": from_zendesk,
    "tally": from_tally,
}


def plain(crm: str, event: Event) -> TicketMoved | None:
    status = known_status(text_of(event, "status"))
    return moved(crm, text_of(event, "ticket_id"), status, text_of(event, "call_sid"), iso(text_of(event, "at")))


def moved(crm: str, ticket_id: str, status: Status | None, call_sid: str, at: datetime | None) -> TicketMoved | None:
    """None for a state that the desk has no word for (deleted, archived ...), and for an id that can't be one."""
    if status is None or not ID.fullmatch(ticket_id):
        return None
    return TicketMoved(crm, ticket_id, status, call_sid if ID.fullmatch(call_sid) else "", at)


def known_status(word: str) -> Status | None:
    return STATUSES.get(word.strip().lower().replace(" ", "-"))


def section(event: Event, name: str) -> Event:
    found = event.get(name)
    return found if isinstance(found, dict) else {}


def text_of(event: Event, name: str) -> str:
    """Numbers as their digits; "" for anything that is no text."""
    value = event.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
