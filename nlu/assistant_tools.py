"""What a language model may do in a call, and how it is done. Arguments are taken only as they were declared; whom it is about is never
an argument: tickets are those of the caller's own number, a transfer goes where jambonz-app.json says."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from calls.call import Call, Ticket
from calls.errors import CrmError
from calls.ports import Helpdesk
from nlu.assistant_memory import escaped
from nlu.assistant_model import Tool, ToolCall

log = logging.getLogger(__name__)

LOOK_UP, NOTE, TRANSFER, END = "look_up_tickets", "note_on_ticket", "transfer_to_human", "end_call"
_MOST_TICKETS = 5
_LONGEST_NOTE = 500  # characters
_LONGEST_SUMMARY = 300
_REASONS = ("asked", "cannot_help", "upset", "urgent")


def _declared(**properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


_TALK = (
    Tool(
        TRANSFER,
        "Connects the caller to a person of our own team, or offers a call back when nobody is there.",
        _declared(reason={"type": "string", "enum": list(_REASONS)}),
    ),
    Tool(END, "Says goodbye and ends the call. Only when the caller is done.", _declared()),
)
_DESK = (
    Tool(LOOK_UP, "The open tickets of this caller: id, status, topic, what was noted, when a call back is due.", _declared()),
    Tool(
        NOTE,
        "Writes a note for our team on the ticket of this call: a fact that the caller told and the team needs. In English.",
        _declared(text={"type": "string", "minLength": 1, "maxLength": _LONGEST_NOTE}),
    ),
)


@dataclass(frozen=True, slots=True)
class Toolbox:
    """`tools` are offered to the model; without a helpdesk those of the talk alone."""

    helpdesk: Helpdesk | None
    tools: tuple[Tool, ...] = ()

    @classmethod
    def of(cls, helpdesk: Helpdesk | None, *, allowed: bool) -> Toolbox:
        return cls(helpdesk, (*(_DESK if helpdesk else ()), *_TALK) if allowed else ())

    def arguments(self, called: ToolCall) -> dict[str, Any] | None:
        """Those of the call, None when the tool or an argument is not as it was declared."""
        tool = next((tool for tool in self.tools if tool.name == called.name), None)
        try:
            told = json.loads(called.arguments or "{}")
        except (ValueError, RecursionError):
            told = None
        fits = tool is not None and isinstance(told, dict) and _fits(told, tool.parameters)
        if not fits:
            log.warning("a language model called a tool otherwise than it is declared", extra={"known": tool is not None})
        return told if fits else None

    def use(self, called: ToolCall, call: Call) -> tuple[str, bool]:
        """Does what the desk is asked for: (result for the model, whether it went well). Takes as long as the database."""
        arguments = self.arguments(called)
        if arguments is None or self.helpdesk is None or called.name not in (LOOK_UP, NOTE):
            return "refused: no such tool or argument", False
        try:
            if called.name == LOOK_UP:
                return _told(self.helpdesk.tickets_of(call.caller)), True
            ticket = self.helpdesk.note(call.sid, " ".join(arguments["text"].split())[:_LONGEST_NOTE])
            return (f"noted on ticket {ticket.id}" if ticket else "noted"), True
        except CrmError as error:
            log.warning("a tool of the language model failed at the desk", extra={"tool": called.name, "error": type(error).__name__})
            return "the desk does not answer now", False


def _fits(told: Mapping[str, Any], declared: Mapping[str, Any]) -> bool:
    properties: Mapping[str, Mapping[str, Any]] = declared["properties"]
    return set(told) == set(properties) and all(_is(told[name], kind) for name, kind in properties.items())


def _is(value: Any, kind: Mapping[str, Any]) -> bool:
    """All arguments are texts: of a list, or of a length."""
    if not isinstance(value, str):
        return False
    if "enum" in kind:
        return value in kind["enum"]
    return len(value.strip()) >= int(kind["minLength"]) and len(value) <= int(kind["maxLength"])


def _told(tickets: Sequence[Ticket]) -> str:
    """What callers once said stands in the summaries: data, escaped like their words."""
    kept = [
        {
            "id": ticket.id,
            "status": ticket.status,
            "topic": ticket.intent,
            "opened": ticket.created_at.date().isoformat(),
            "noted": escaped(ticket.summary, _LONGEST_SUMMARY),
        }
        | ({"call_back_due": ticket.due_at.isoformat(timespec="minutes")} if ticket.due_at else {})
        for ticket in tickets[:_MOST_TICKETS]
    ]
    return json.dumps({"open_tickets": kept}, ensure_ascii=False)
