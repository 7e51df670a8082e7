"""The Tally helpdesk: a call becomes a ticket there, on its customer's account where the number is known.

The routes are those of tally-openapi.yaml (its copy for the tests: tests/fakes). Only the creation of a ticket is known for sure;
customer lookup, Idempotency-Key and finding a ticket by call_sid are proposals, so a server without them (404, 405)
gets its tickets all the same. There is no route that changes a ticket, and none that lists a caller's open ones: a call about an
open ticket makes a new one that names it, and what an agent says after the ticket was made can't be told.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import requests

from calls.call import CallRecord
from calls.columns import storable
from calls.crm import FinishedCall, KnownCaller
from calls.errors import CrmError, CrmRefused, CrmUnknown
from calls.phones import e164, far_end
from crm.http import WHOLE_S, Bearer, HttpCrm, checked_secret, checked_url
from crm.transcript import cut_in_the_middle, shortened, transcript

log = logging.getLogger(__name__)

TALLY_UNKNOWN_PHONE = "+910000000000"  # a ticket needs a number: this one stands for "none", and the description says what came
INTENTS = frozenset(  # TicketCreate.intent_category
    [
        "license_renewal",
        "gst_query",
        "data_corrupt",
        "password_reset",
        "install_help",
        "e_invoice",
        "training",
        "transfer_to_human",
        "other",
    ]
)
LANGUAGES = ("hi", "ta", "en")
MAX_DESCRIPTION, MAX_SUMMARY, MAX_SID = 20_000, 2_000, 64  # characters
NO_ROUTE = (404, 405)
NO_CUSTOMER = (*NO_ROUTE, 400, 422)  # a number that Tally does not like is nobody's there: no reason to lose the ticket


class Tally:
    """`region`: whose numbers are written without a country code. Raises SettingsError when `url` or `token` can't be right."""

    name = "tally"
    steps: tuple[str, ...] = ("customer", "ticket")

    def __init__(
        self, *, url: str, token: str, region: str = "IN", session: requests.Session | None = None, timeout_s: float = WHOLE_S
    ) -> None:
        auth = Bearer(checked_secret("TALLY_TOKEN", token))
        mend = "set TALLY_TOKEN to one that Tally knows, then retry the delivery"
        self._http = HttpCrm("Tally", checked_url("TALLY_URL", url), auth=auth, mend=mend, session=session, timeout_s=timeout_s)
        self._region = region

    def do(self, step: str, call: FinishedCall, done: Mapping[str, str], *, attempt: int) -> str:
        """ "customer": the customer's id; "ticket": the ticket's."""
        return self._customer_id(call.record) if step == "customer" else self._ticket_id(call, done.get("customer", ""))

    def known_caller(self, phone: str, *, timeout_s: float) -> KnownCaller | None:
        number = e164(phone, region=self._region)
        try:
            customer = self._customer(number, within_s=timeout_s) if number else None
        except CrmError as error:
            log.warning("Tally did not say who calls", extra={"why": str(error)})
            return None
        if customer is None:
            return None
        return KnownCaller(self.name, text_of(customer, "id"), one_line(customer.get("name")), iso_date(customer.get("license_expiry")))

    # -- the customer ---------------------------------------------------------------

    def _customer_id(self, record: CallRecord) -> str:
        number = e164(far_end(record), region=self._region)
        customer = self._customer(number) if number else None
        return text_of(customer, "id")

    def _customer(self, number: str, **limits: float) -> dict[str, Any] | None:
        """The one whose number it is; None for nobody, and for two, as a ticket on a stranger's account is worse than none."""
        answer = self._http.get("/api/customers", params={"phone": number}, also=NO_CUSTOMER, **limits)
        found = [] if answer.status in NO_CUSTOMER else listed(answer.body, "customers", "id")
        theirs = [each for each in found if e164(str(each.get("phone") or number), region=self._region) == number]
        return theirs[0] if len(theirs) == 1 else None

    # -- the ticket -----------------------------------------------------------------

    def _ticket_id(self, call: FinishedCall, customer_id: str) -> str:
        """Looks first, on the first attempt too: a worker that was killed in the middle of a step does it again as the same attempt."""
        sid = short_sid(call.record.sid)
        if earlier := self._found(sid):
            return earlier
        body = ticket_body(call, customer_id, self._region)
        answer = self._http.post("/api/tickets", body, headers={"Idempotency-Key": f"{sid}:ticket"}, also=(409,))
        if answer.status == 409:
            return self._accepted_before(sid)
        if not (created := text_of(answer.body, "ticket_id")):
            raise CrmUnknown("Tally took the ticket and did not say its id; it may have happened")
        return created

    def _accepted_before(self, sid: str) -> str:
        """Our key is known with another body: an earlier try was accepted after all, before the call's record had grown."""
        found = self._found(sid)
        if found is None:
            raise CrmRefused(
                "Tally has a ticket of this call from an earlier try (409) and no way to find it: search there for the call's sid"
            )
        if not found:
            raise CrmUnknown("Tally says that it has the call's ticket (409) and does not find it; it may have happened")
        return found

    def _found(self, sid: str) -> str | None:
        """The id of the call's ticket, "" when there is none, None when this Tally can't look it up."""
        answer = self._http.get("/api/tickets", params={"call_sid": sid}, also=NO_ROUTE)
        if answer.status in NO_ROUTE or not isinstance(answer.body, dict) or not isinstance(answer.body.get("tickets"), list):
            return None
        tickets = listed(answer.body, "tickets", "ticket_id")
        # Only what says that it is this call's: a server that does not know the parameter lists every ticket.
        return next((text_of(ticket, "ticket_id") for ticket in tickets if ticket.get("call_sid") == sid), "")


# -- what is sent -------------------------------------------------------------------


def ticket_body(call: FinishedCall, customer_id: str, region: str) -> dict[str, Any]:
    """TicketCreate of the contract."""
    record, summary = call.record, call.summary
    language = summary.language.partition("-")[0]
    body = {
        "customer_id": customer_id or None,
        "phone": e164(far_end(record), region=region) or TALLY_UNKNOWN_PHONE,
        "intent_category": summary.intent if summary.intent in INTENTS else "other",
        "description": description(call, region),
        "language": language if language in LANGUAGES else "en",
        "source": "voice_ivr",
        "priority": "high" if summary.intent == "data_corrupt" else "normal",
        "call_sid": short_sid(record.sid),
        "summary": shortened(storable(summary.text), MAX_SUMMARY),
    }
    return body | ({"confidence": min(max(summary.confidence, 0.0), 1.0)} if math.isfinite(summary.confidence) else {})


def description(call: FinishedCall, region: str) -> str:
    """What the contract has no field for, then the transcript, as plain text: markup in speech is words, and Tally's to escape."""
    facts = "\n".join(remarks(call, region))
    words = storable(transcript(call.record, call.directory, now=call.at))
    room = MAX_DESCRIPTION - len(facts) - 2
    return f"{facts}\n\n{cut_in_the_middle(words, room)}" if facts else cut_in_the_middle(words, MAX_DESCRIPTION)


def remarks(call: FinishedCall, region: str) -> list[str]:
    record = call.record
    calling = "" if e164(far_end(record), region=region) else f"Calling number: {one_line(far_end(record)) or 'none'}"
    sid = f"Call: {one_line(record.sid, 1000)}" if len(record.sid) > MAX_SID else ""
    seconds = record.duration_s
    lasted = "" if seconds is None else f"Duration: {seconds // 60} min {seconds % 60} s"
    about = f"About the open ticket {one_line(call.about_ticket_id)}, as the caller said" if call.about_ticket_id else ""
    desk = f"Ticket on the bot's desk: {one_line(call.ticket_id)}" if call.ticket_id else ""
    return [line for line in (about, calling, lasted, desk, sid) if line]


def short_sid(sid: str) -> str:
    """`sid`, or one made from it that fits the contract and is always the same."""
    return sid if len(sid) <= MAX_SID else f"{sid[:31]}-{hashlib.sha256(sid.encode()).hexdigest()[:32]}"


# -- what comes back ----------------------------------------------------------------


def listed(body: Any, name: str, key: str) -> list[dict[str, Any]]:
    """The objects of the array `name` that have a text `key`; anything else that a server may send is passed over."""
    items = body.get(name) if isinstance(body, dict) else None
    return [item for item in items if text_of(item, key)] if isinstance(items, list) else []


def text_of(body: Any, key: str) -> str:
    """An id may come as a number."""
    value = body.get(key) if isinstance(body, dict) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def one_line(value: object, most: int = 100) -> str:
    return " ".join(storable(value).split())[:most] if isinstance(value, str) else ""


def iso_date(value: object) -> str:
    try:
        return date.fromisoformat(value).isoformat() if isinstance(value, str) else ""
    except ValueError:
        return ""
