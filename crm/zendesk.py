"""Zendesk: a call becomes a ticket of its caller's, with the call's sid as external_id.

The whole of a third CRM: this file and one line in the registry. From Zendesk's published reference (Support API: users, tickets,
idempotency, status codes); none of it was tried against a live account here. Not verified at all: that a comment holds 64 kB,
and that `phone:` finds a number however it is written there, so what is found is compared once more.
A requester given within a ticket needs an e-mail address, therefore an unknown caller is made a user first.
A call about an open ticket makes a new one that names it: a comment on a ticket has no idempotency key.
What an agent says afterwards is a comment all the same, which is looked for by its mark (crm/zendesk_wrap_ups.py).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import requests
from requests.auth import HTTPBasicAuth

from calls.columns import storable
from calls.crm import FinishedCall, KnownCaller, Teller
from calls.errors import CrmBusy, CrmError, CrmRefused, CrmUnknown
from calls.phones import e164, far_end
from crm.http import WHOLE_S, Answer, HttpCrm, checked_secret, checked_url
from crm.transcript import outcome_told, transcript
from crm.wrap_ups import mark
from crm.zendesk_wrap_ups import STATUS_AFTER, ZendeskWrapUps, fitting

log = logging.getLogger(__name__)
MEND = "set ZENDESK_EMAIL and ZENDESK_TOKEN to an agent's address and API token, then retry the delivery"


class Zendesk:
    """`url`: ZENDESK_URL, such as https://example.zendesk.com. Raises SettingsError when a setting can't be right."""

    name = "zendesk"
    steps: tuple[str, ...] = ("user", "ticket")

    def __init__(self, *, url: str, email: str, token: str, region: str = "IN", session: requests.Session | None = None) -> None:
        auth = HTTPBasicAuth(f"{checked_secret('ZENDESK_EMAIL', email)}/token", checked_secret("ZENDESK_TOKEN", token))
        self._url = checked_url("ZENDESK_URL", url)
        self._http = HttpCrm("Zendesk", self._url, auth=auth, mend=MEND, session=session, at_fault=at_fault)
        self._region = region

    def do(self, step: str, call: FinishedCall, done: Mapping[str, str], *, attempt: int) -> str:
        """ "user": the caller's id, "" where there is no number; "ticket": the ticket's id."""
        return self._user(e164(far_end(call.record), region=self._region)) if step == "user" else self._ticket(call, done.get("user", ""))

    def known_caller(self, phone: str, *, timeout_s: float) -> KnownCaller | None:
        number = e164(phone, region=self._region)
        try:
            users = self._with_number(number, within_s=timeout_s) if number else []
        except CrmError as error:
            log.warning("Zendesk did not say who calls", extra={"why": str(error)})
            return None
        if len(users) != 1:
            return None
        id = str(users[0]["id"])
        return KnownCaller(self.name, id, name_of(users[0]), url=f"{self._url}/agent/users/{id}")

    def wrap_ups(self) -> Teller:
        """Tells what agents say afterwards."""
        return ZendeskWrapUps(self._http)

    def _user(self, number: str | None) -> str:
        """Found by the number, else made; Zendesk knows our external_id again, so a second try makes no second one.

        None of several who share the number: a ticket of a stranger's is worse than one without a caller."""
        if number is None:
            return ""
        if users := self._with_number(number):
            return str(users[0]["id"]) if len(users) == 1 else ""
        user = {"name": f"Caller: {number}", "phone": number, "external_id": f"voicebot:{number}", "skip_verify_email": True}
        answer = self._http.post("/api/v2/users/create_or_update.json", {"user": user}, also=(422,))
        # 422: the number is another user's whom the search does not show yet; the ticket says who called, and arrives without
        return "" if answer.status == 422 else id_in(answer, "user")

    def _with_number(self, number: str, *, within_s: float = WHOLE_S) -> list[dict[str, Any]]:
        answer = self._http.get("/api/v2/users/search.json", params={"query": f"phone:{number}"}, within_s=within_s)
        return [user for user in listed(answer, "users") if e164(str(user.get("phone") or ""), region=self._region) == number]

    def _ticket(self, call: FinishedCall, user_id: str) -> str:
        """Looks first: Zendesk forgets an idempotency key after two hours, and a killed worker does a step again as the same attempt."""
        if earlier := self._ticket_of(call.record.sid):
            return earlier
        wanted = ticket(call, user_id)
        try:
            return self._made(call.record.sid, wanted, "ticket")
        except CrmRefused:
            if accepted := self._ticket_of(call.record.sid):  # 400: the key is known with the body of an earlier try
                return accepted
            if wanted.pop("status", None) is None:
                raise
        return self._made(call.record.sid, wanted, "open")  # an account may want more of a ticket before it is solved

    def _made(self, call_sid: str, wanted: dict[str, Any], key: str) -> str:
        headers = {"Idempotency-Key": f"{call_sid}:{key}"}
        answer = self._http.post("/api/v2/tickets.json", {"ticket": wanted}, headers=headers, also=(409,))
        if answer.status == 409:
            raise CrmBusy("Zendesk is at work on this ticket already (409)")
        return id_in(answer, "ticket")

    def _ticket_of(self, call_sid: str) -> str:
        answer = self._http.get("/api/v2/tickets.json", params={"external_id": call_sid})
        return next((str(ticket["id"]) for ticket in listed(answer, "tickets") if ticket.get("external_id") == call_sid), "")


def ticket(call: FinishedCall, user_id: str) -> dict[str, Any]:
    """An internal note, so that no transcript is mailed to the caller. Priorities have the same names as ours."""
    record, summary = call.record, call.summary
    outcome = record.outcome.kind.value if record.outcome else "none"
    made = {
        "external_id": record.sid,
        "subject": f"Phone call: {summary.intent.replace('_', ' ')}",
        "comment": {"body": comment(call), "public": False},
        "priority": summary.priority,
        "tags": ["voicebot", summary.intent, f"language_{summary.language}", f"outcome_{outcome}"],
    }
    made |= {"status": STATUS_AFTER.get(record.wrap_up.resolution, "open")} if record.wrap_up else {}
    return made | ({"requester_id": int(user_id)} if user_id else {})


def comment(call: FinishedCall) -> str:
    """Plain text, which Zendesk escapes: the summary, the facts, the transcript, cut in its middle if it must be."""
    record, summary = call.record, call.summary
    facts = {
        "About the open ticket, as the caller said": call.about_ticket_id,
        "Caller": far_end(record),
        "Intent": f"{summary.intent} (confidence {summary.confidence:.0%})",
        "Language": summary.language,
        "Duration": "" if record.duration_s is None else f"{record.duration_s // 60} min {record.duration_s % 60} s",
        "Outcome": outcome_told(record.outcome, call.directory) if record.outcome else "",
        "Ticket on the bot's desk": call.ticket_id,
    }
    lines = [f"{name}: {value}" for name, value in facts.items() if value]
    told = transcript(record, call.directory, now=call.at)
    return fitting("\n".join([summary.text, "", *lines, "", told, mark(record)]).rstrip())


def id_in(answer: Answer, name: str) -> str:
    thing = answer.body.get(name) if isinstance(answer.body, dict) else None
    if not isinstance(thing, dict) or not isinstance(thing.get("id"), int):
        raise CrmUnknown(f"Zendesk took the {name} and did not say its id; it may have happened")
    return str(thing["id"])


def listed(answer: Answer, name: str) -> list[dict[str, Any]]:
    items = answer.body.get(name) if isinstance(answer.body, dict) else None
    return [item for item in items if isinstance(item, dict) and isinstance(item.get("id"), int)] if isinstance(items, list) else []


def name_of(user: Mapping[str, Any]) -> str:
    """ "" for the name that we gave an unknown caller."""
    name = user.get("name")
    return storable(name)[:100] if isinstance(name, str) and not name.startswith("Caller:") else ""


def at_fault(body: Any) -> Iterable[str]:
    """The fields of {"error": "RecordInvalid", "details": {name: [...]}}."""
    details = body.get("details") if isinstance(body, dict) else None
    return [str(name) for name in details] if isinstance(details, dict) else []
