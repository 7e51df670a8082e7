"""Post-call hooks: a finished call as JSON, posted to an address of the operator's. docs/post-call.md is the contract.

Delivered like a CRM: tried again until the receiver has taken it, which it may do twice (X-Voicebot-Delivery says so).
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from calls.agents import Escalation
from calls.call import CallRecord, TurnRecord
from calls.columns import storable
from calls.crm import FinishedCall, KnownCaller
from calls.errors import SettingsError
from calls.phones import e164, far_end
from calls.signature import sign
from crm.http import HttpCrm, checked_secret

VERSION = 1
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
ADDRESS = re.compile(r"https?://[^\s/@?#]+(/[^\s#?]*)?(\?[^\s#]*)?")
MEND = "its receiver must know POST_CALL_SECRET; then retry the delivery"


class PostCallHook:
    """`name`, `url`: an entry of `post_call` in jambonz-app.json. `secret`: POST_CALL_SECRET. `now` is unix time.

    Raises SettingsError when one can't be right. Redirects are not followed: the call is for this address only."""

    steps: tuple[str, ...] = ("post",)

    def __init__(
        self,
        *,
        name: str,
        url: str,
        secret: str,
        region: str = "IN",
        session: requests.Session | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name, (base, self._path) = checked_name(name), split_address(name, url)
        self._secret, self._region, self._now = checked_secret("POST_CALL_SECRET", secret), region, now
        self._http = HttpCrm(f"The post-call hook {name}", base, mend=MEND, session=session, now=now)

    def do(self, step: str, call: FinishedCall, done: Mapping[str, str], *, attempt: int) -> str:
        """Post it; any 2xx is a receipt. Every try is signed anew, as a signature is good for five minutes."""
        delivery = f"{call.record.sid}:{self.name}"
        body = json.dumps(payload(call, delivery, region=self._region), ensure_ascii=False, allow_nan=False).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-Voicebot-Signature": sign(body, self._secret, now=self._now()),
            "X-Voicebot-Delivery": delivery,
        }
        self._http.post(self._path, body, headers=headers, json_wanted=False)
        return ""

    def known_caller(self, phone: str, *, timeout_s: float) -> KnownCaller | None:
        """A receiver of calls knows nobody."""
        return None


def payload(call: FinishedCall, delivery: str, *, region: str = "IN") -> dict[str, Any]:
    """The body of docs/post-call.md. Words are as they were heard: whoever shows them escapes them."""
    record, summary = call.record, call.summary
    body = {
        "version": VERSION,
        "delivery": delivery,
        **facts(record),
        "phone": e164(far_end(record), region=region),
        "intent": summary.intent,
        "confidence": summary.confidence,
        "language": summary.language,
        "priority": summary.priority,
        "summary": summary.text,
        "turns": [turn(each) for each in record.turns],
        "transfers": [transfer(each) for each in record.escalations],
        "tickets": {"desk": call.ticket_id or None, "about": call.about_ticket_id or None},
    }
    whole: dict[str, Any] = clean(body)
    return whole


def facts(record: CallRecord) -> dict[str, Any]:
    outcome = record.outcome
    return {
        "call_sid": record.sid,
        "direction": record.direction,
        "caller": record.caller,
        "called": record.called,
        "recording": record.consent.value,
        "started_at": moment(record.started_at),
        "ended_at": moment(record.ended_at),
        "duration_s": record.duration_s,
        "outcome": {"kind": outcome.kind.value, "reason": outcome.reason} if outcome else None,
    }


def turn(each: TurnRecord) -> dict[str, Any]:
    return {
        "number": each.number,
        "caller": each.heard,
        "caller_confidence": each.heard_confidence,
        "bot": list(each.said),
        "interrupted": each.interrupted,
        "language": each.language,
        "intent": each.intent or None,
        "intent_confidence": each.intent_confidence,
        "slots": dict(each.slots),
        "began_ms": each.began_ms,
        "ended_ms": each.ended_ms,
    }


def transfer(each: Escalation) -> dict[str, Any]:
    return {"target": each.target, "state": each.state, "started_at": moment(each.started_at), "ended_at": moment(each.ended_at)}


def moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def clean(value: Any) -> Any:
    """Without what JSON in UTF-8 can't carry: half a surrogate pair, and a number that is none."""
    if isinstance(value, dict):
        return {clean(name): clean(each) for name, each in value.items()}
    if isinstance(value, list):
        return [clean(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return 0.0
    return storable(value) if isinstance(value, str) else value


def checked_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise SettingsError("post_call: a name is made of small letters, digits, - and _, at most 32 of them")
    return name


def split_address(name: str, url: str) -> tuple[str, str]:
    """("https://host", "/path?query") as written: a receiver may care for a slash at the end."""
    if not ADDRESS.fullmatch(url):
        raise SettingsError(f"post_call.{name}: must be a URL such as https://example.com/calls, without a user name in it")
    base = "://".join(urlsplit(url)[:2])
    return base, url[len(base) :] or "/"
