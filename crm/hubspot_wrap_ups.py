"""What an agent says of a call afterwards, at HubSpot: one more note on the contact that has the call's note."""

from __future__ import annotations

from collections.abc import Mapping

from calls.crm import FinishedCall
from crm.hubspot_client import HubSpotApi
from crm.hubspot_html import call_html, holds, wrap_up_html
from crm.wrap_ups import mark, told_as, wrap_up_in


class HubSpotWrapUps:
    """See calls.crm.Teller. A caller without a contact has no notes: the body of the call record is written anew, with the wrap-up."""

    name = told_as("hubspot")
    steps: tuple[str, ...] = ("note",)

    def __init__(self, api: HubSpotApi) -> None:
        self._api = api

    def do(self, step: str, call: FinishedCall, done: Mapping[str, str], *, attempt: int) -> str:
        """The id of the note that tells it, or of the call record."""
        contact = call.there.get("contact", "")
        if contact:
            return self._noted(call, contact) or self._note(call, contact)
        return self._api.update("calls", call.there.get("call", ""), {"hs_call_body": call_html(call, with_transcript=True)})

    def _noted(self, call: FinishedCall, contact: str) -> str:
        """The note that has this wrap-up already: an earlier try's, or the call's own, if it was written late enough."""
        notes = self._api.of_contact("notes", contact)
        return next((note.id for note in notes if holds(mark(call.record), note.properties.get("hs_note_body"))), "")

    def _note(self, call: FinishedCall, contact: str) -> str:
        at_ms = round(wrap_up_in(call).at.timestamp() * 1000)
        return self._api.create("notes", {"hs_timestamp": str(at_ms), "hs_note_body": wrap_up_html(call)}, contact)
