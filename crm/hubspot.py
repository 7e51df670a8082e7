"""HubSpot: every call as a note and a call record on the caller's contact.

Nothing is made twice. HubSpot has no idempotency key, so that each note and record ends in a marker with the call's sid; a step that may
have been done before reads the contact's own notes or records first, which is consistent. Search is not: it learns of a new object only
after some seconds. Where only search can answer (is there such a contact? a record without contact?), odd attempts look and make,
even ones only look, and wait `search_lag_s` for the next.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from calls.call import CallRecord
from calls.crm import FinishedCall, KnownCaller, Teller
from calls.errors import CrmBusy, CrmError
from calls.phones import e164, far_end, national
from crm.hubspot_client import TIMEOUT_S, HubSpotApi, Thing
from crm.hubspot_html import call_html, duration_ms, is_of
from crm.hubspot_newcomers import Newcomers
from crm.hubspot_pace import Pace
from crm.hubspot_wrap_ups import HubSpotWrapUps

log = logging.getLogger(__name__)

NO_NOTE = "none: the caller has no contact, and a note without one is seen by nobody"
STATUSES = {"no-answer": "NO_ANSWER", "busy": "BUSY", "failed": "FAILED"}  # of a call that nobody spoke in
LONGEST_NUMBER = 64


class HubSpotCrm:
    """See calls.crm.CrmAdapter. `token` is a private app's, `region` that of numbers written without country code,
    `dispositions` HubSpot's GUIDs (hs_call_disposition) by the kind of outcome ("finished", "hung_up" ...).

    Without `create_contacts` an unknown caller gets no contact: then the call record holds the transcript too."""

    name = "hubspot"
    steps: tuple[str, ...] = ("contact", "note", "call")

    def __init__(
        self,
        *,
        token: str,
        url: str = "https://api.hubapi.com",
        region: str = "IN",
        create_contacts: bool = True,
        dispositions: Mapping[str, str] | None = None,
        search_lag_s: float = 20.0,
        timeout_s: tuple[float, float] = TIMEOUT_S,
        pace: Pace | None = None,
        search_pace: Pace | None = None,
    ) -> None:
        # HubSpot's limits are 100 in 10 s and 5 searches a second; other processes with the same token want some of that.
        paces = {"pace": pace or Pace(90, 10.0), "search_pace": search_pace or Pace(4, 1.0)}
        self._api = HubSpotApi(token, url, timeout_s=timeout_s, **paces)
        self._region, self._creates, self._search_lag_s = region, create_contacts, search_lag_s
        self._dispositions = dict(dispositions or {})
        self._newcomers = Newcomers()

    def do(self, step: str, call: FinishedCall, done: Mapping[str, str], *, attempt: int) -> str:
        """The contact's id ("" for nobody), the note's id or why there is none, the call record's id."""
        if step == "contact":
            return self._contact(call.record, attempt)
        contact = done.get("contact", "")
        if step == "note":
            return self._note(call, contact, attempt) if contact else NO_NOTE
        return self._call(call, contact, attempt)

    def known_caller(self, phone: str, *, timeout_s: float) -> KnownCaller | None:
        """By the contact's number. Never waits for its turn, as somebody is on the line."""
        number = e164(phone, region=self._region)
        try:
            contact = self._contact_with(number, timeout_s=timeout_s) if number else None
        except CrmError as error:
            log.warning("the caller could not be looked up", extra={"crm": self.name, "error": type(error).__name__, "why": str(error)})
            return None
        return KnownCaller(self.name, contact.id, (contact.properties.get("firstname") or "").strip()) if contact else None

    def wrap_ups(self) -> Teller:
        """Tells what agents say afterwards, within the same limits of requests."""
        return HubSpotWrapUps(self._api)

    # -- the contact ----------------------------------------------------------------

    def _contact(self, record: CallRecord, attempt: int) -> str:
        number = e164(far_end(record), region=self._region)
        if number is None:
            return ""
        with self._newcomers.one_at_a_time(number):
            if found := self._contact_with(number):
                return found.id
            if (made := self._newcomers.contact_of(number)) or not self._creates:
                return made
            self._only_look(attempt)
            return self._new_contact(number)

    def _contact_with(self, number: str, *, timeout_s: float | None = None) -> Thing | None:
        """The oldest contact with this number, however it is written there."""
        candidates = self._api.contacts_with(number, national(number), timeout_s=timeout_s)
        matching = [contact for contact in candidates if number in self._numbers_of(contact)]
        return min(matching, key=lambda contact: (len(contact.id), contact.id), default=None)

    def _numbers_of(self, contact: Thing) -> list[str | None]:
        return [e164(contact.properties.get(name) or "", region=self._region) for name in ("phone", "mobilephone")]

    def _new_contact(self, number: str) -> str:
        made = self._api.create_contact({"phone": number})
        self._newcomers.made(number, made)
        return made

    def _only_look(self, attempt: int) -> None:
        """Raises CrmBusy in every second attempt: what the one before may have made is not to be found by search yet."""
        if attempt % 2 == 0:
            raise CrmBusy("HubSpot's search may not know yet what an earlier try made", retry_after_s=self._search_lag_s)

    # -- what hangs on it -----------------------------------------------------------

    def _note(self, call: FinishedCall, contact: str, attempt: int) -> str:
        if attempt > 1 and (made := ours(self._api.of_contact("notes", contact), call.record.sid, "hs_note_body")):
            return made
        properties = {"hs_timestamp": timestamp_ms(call.record), "hs_note_body": call_html(call, with_transcript=True)}
        return self._api.create("notes", properties, contact)

    def _call(self, call: FinishedCall, contact: str, attempt: int) -> str:
        record = call.record
        if attempt > 1:
            there = self._api.of_contact("calls", contact) if contact else self._api.calls_at(timestamp_ms(record))
            if made := ours(there, record.sid, "hs_call_body"):
                return made
        if not contact:
            self._only_look(attempt)
        return self._api.create("calls", self._call_properties(call, contact), contact)

    def _call_properties(self, call: FinishedCall, contact: str) -> dict[str, str]:
        record = call.record
        length_ms = duration_ms(record)
        properties = {
            "hs_timestamp": timestamp_ms(record),
            "hs_call_direction": "OUTBOUND" if record.direction == "outbound" else "INBOUND",
            "hs_call_duration": "" if length_ms is None else str(length_ms),
            "hs_call_from_number": self._written(record.caller),
            "hs_call_to_number": self._written(record.called),
            "hs_call_title": f"Phone bot: {call.summary.intent.replace('_', ' ')}",
            "hs_call_body": call_html(call, with_transcript=not contact),  # the note has it, where there is one
            "hs_call_status": "COMPLETED" if record.turns else STATUSES.get(record.status, "COMPLETED"),
            "hs_call_source": "INTEGRATIONS_PLATFORM",
            "hs_call_disposition": self._dispositions.get(record.outcome.kind.value, "") if record.outcome else "",
        }
        return {name: value for name, value in properties.items() if value}

    def _written(self, number: str) -> str:
        return e164(number, region=self._region) or number[:LONGEST_NUMBER]


def ours(things: Iterable[Thing], call_sid: str, body: str) -> str:
    """The id of the one with the call's marker; "" when there is none."""
    return next((thing.id for thing in things if is_of(call_sid, thing.properties.get(body))), "")


def timestamp_ms(record: CallRecord) -> str:
    return str(round(record.started_at.timestamp() * 1000))
