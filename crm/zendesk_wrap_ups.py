"""What an agent says of a call afterwards, at Zendesk: the ticket is solved or parked, with an internal note.

From its published reference: `PUT /api/v2/tickets/{id}` takes a comment and a status at once, and no idempotency key; a ticket has at
most 5,000 comments; one that is closed for good (some days after it was solved) takes nothing (422). None of it was tried
against a live account here, nor that `sort_order` puts the newest comments on the first page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calls.columns import storable
from calls.crm import FinishedCall
from calls.errors import CrmRefused
from calls.handover import wrap_up_lines
from crm.http import HttpCrm
from crm.transcript import cut_in_the_middle
from crm.wrap_ups import mark, told_as, wrap_up_in

STATUS_AFTER = {"resolved": "solved", "follow_up": "pending"}
MAX_COMMENT = 65_000  # bytes
LEFT_OPEN = "status left to an agent: Zendesk does not take it as it is"


class ZendeskWrapUps:
    """See calls.crm.Teller."""

    name = told_as("zendesk")
    steps: tuple[str, ...] = ("comment",)

    def __init__(self, http: HttpCrm) -> None:
        self._http = http

    def do(self, step: str, call: FinishedCall, done: Mapping[str, str], *, attempt: int) -> str:
        """The ticket's id, and a word where only the comment was taken: an account may want more of a ticket before it is solved.

        Looks first: what an earlier try did is not known, and the ticket itself may have been written late enough to say it all."""
        wrap_up, ticket = wrap_up_in(call), call.there.get("ticket", "")
        if self._commented(ticket, mark(call.record)):
            return ticket
        comment = {"comment": {"body": comment_of(call), "public": False}}
        answer = self._change(ticket, comment | {"status": STATUS_AFTER.get(wrap_up.resolution, "open")}, also=(422,))
        if answer.status != 422:
            return ticket
        if closed_for_good(answer.body):
            raise CrmRefused("Zendesk has closed the call's ticket for good: nothing can be added to it any more")
        self._change(ticket, comment)
        return f"{ticket} ({LEFT_OPEN})"

    def _commented(self, ticket: str, mark: str) -> bool:
        answer = self._http.get(f"/api/v2/tickets/{ticket}/comments.json", params={"sort_order": "desc"})
        comments = answer.body.get("comments") if isinstance(answer.body, dict) else None
        return isinstance(comments, list) and any(isinstance(each, dict) and mark in str(each.get("body")) for each in comments)

    def _change(self, ticket: str, facts: dict[str, Any], **how: Any) -> Any:
        return self._http.put(f"/api/v2/tickets/{ticket}.json", {"ticket": facts}, **how)


def comment_of(call: FinishedCall) -> str:
    return fitting("\n".join([*wrap_up_lines(wrap_up_in(call)), "", mark(call.record)]))


def fitting(text: str) -> str:
    """Plain text, which Zendesk escapes; cut in its middle if it must be."""
    text = storable(text)
    widest = max((len(character.encode()) for character in set(text)), default=1)
    return cut_in_the_middle(text, MAX_COMMENT // widest)


def closed_for_good(body: Any) -> bool:
    """{"details": {"status": [{"description": "Status: closed prevents ticket update"}]}}"""
    details = body.get("details") if isinstance(body, dict) else None
    faults = details.get("status") if isinstance(details, dict) else None
    return isinstance(faults, list) and any("closed" in str(each) for each in faults)
