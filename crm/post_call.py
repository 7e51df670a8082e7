"""Post-call hooks: a finished call as JSON, posted to an address of the operator's. docs/post-call.md is the contract.

Delivered like a CRM: tried again until the receiver has taken it, which it may do twice (X-Voicebot-Delivery says so).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import requests

from calls.crm import FinishedCall, KnownCaller, Teller
from calls.errors import SettingsError
from calls.signature import sign
from crm.http import HttpCrm, checked_secret
from crm.post_call_body import payload
from crm.wrap_ups import told_as, wrap_up_in

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
        """Post it; any 2xx is a receipt."""
        return self.post(call, f"{call.record.sid}:{self.name}", "ended")

    def post(self, call: FinishedCall, delivery: str, event: str) -> str:
        """Every try is signed anew, as a signature is good for five minutes."""
        whole = payload(call, delivery, region=self._region, event=event)
        body = json.dumps(whole, ensure_ascii=False, allow_nan=False).encode()
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

    def wrap_ups(self) -> Teller:
        """Posts the call again when an agent has said what became of it."""
        return PostedWrapUps(self)


class PostedWrapUps:
    """The whole call once more, with its wrap-up; a later wrap-up has a delivery id of its own."""

    steps: tuple[str, ...] = ("post",)

    def __init__(self, hook: PostCallHook) -> None:
        self.name, self._hook = told_as(hook.name), hook

    def do(self, step: str, call: FinishedCall, done: Mapping[str, str], *, attempt: int) -> str:
        at_ms = round(wrap_up_in(call).at.timestamp() * 1000)
        return self._hook.post(call, f"{call.record.sid}:{self.name}:{at_ms}", "wrapped_up")


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
