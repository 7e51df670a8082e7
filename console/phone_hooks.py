"""The page's part of Jambonz: its calls, and our own hooks knocked at in this process, signed as Jambonz signs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol
from urllib.parse import quote, urlsplit

from flask import abort, current_app
from pydantic import BaseModel, ConfigDict, Field
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

from calls.settings import Environment
from calls.signature import HEADER, sign

CALLED = "browser"
Verb = dict[str, Any]


class Bot(Protocol):
    environment: Environment
    secrets: tuple[str, ...]
    clock: Callable[[], datetime]


class Facts(BaseModel):
    """What the page may tell in a hook: how its verb ended. Who calls whom is known here."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    call_status: Literal["in-progress", "completed"] = "in-progress"
    dial_call_status: Literal["failed"] | None = None
    dial_sip_status: Literal[503] | None = None
    dial_call_duration: int | None = Field(None, ge=0, le=86_400)


class PagesHook(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    hook: Annotated[str, Field(pattern=r"^(/voice/ended|/escalate|/escalate/ended|/listen\?by=[a-z]+&turn=\d{1,4}&missed=\d{1,2})$")]
    facts: Facts = Facts()


class HangUp(BaseModel):
    """The caller leaves, out of the verb with this actionHook; or, `by` "jambonz", the verbs have come to their end."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    hook: Literal["", "/voice/ended", "/escalate/ended"] = ""
    by: Literal["caller", "jambonz"] = "caller"
    duration_s: int = Field(0, ge=0, le=86_400)


@dataclass(frozen=True, slots=True)
class PagesCall:
    """One call of the page's, as Jambonz tells of a call."""

    sid: str
    caller: str

    def body(self, **facts: Any) -> dict[str, Any]:
        """Of a hook."""
        return {
            "call_sid": self.sid,
            "direction": "inbound",
            "from": self.caller,
            "to": CALLED,
            "call_id": f"{self.sid}@browser",
            "sip_status": 200,
            "sip_reason": "OK",
            "call_status": "in-progress",
            "account_sid": "browser",
            "application_sid": "browser",
            "originating_sip_trunk_name": "browser",
            **facts,
        }

    def first_frame(self, verb: Verb) -> dict[str, Any]:
        """Of the audio socket: camelCase, the verb's metadata flat in it (recorded fact 14)."""
        told = {camel(name): value for name, value in self.body().items()}
        return {"sampleRate": verb["sampleRate"], "mixType": verb["mixType"], **told, **verb.get("metadata", {})}


def house() -> Bot:
    bot: Bot = current_app.extensions["bot"]
    return bot


def knock(path: str, body: dict[str, Any]) -> list[Verb]:
    """Send one of Jambonz's hooks to ourselves; the verbs that it is answered with."""
    answer = sent(path, body)
    if answer.status_code not in (200, 204):
        abort(502, "The bot's own hook did not answer; the log says why.")
    return list(json.loads(answer.get_data())) if answer.status_code == 200 else []


def tell_status(body: dict[str, Any]) -> None:
    """A status hook that fails has no effect on a call (recording 11_status_hook_500)."""
    sent("/status", body)


def sent(path: str, body: dict[str, Any]) -> Response:
    bot, raw = house(), json.dumps(body).encode()
    headers = Headers({HEADER: sign(raw, bot.secrets[0], now=bot.clock().timestamp())})
    environ = EnvironBuilder(path=path, method="POST", data=raw, content_type="application/json", headers=headers).get_environ()
    with current_app.app_context():  # of its own, or the hook would share this request's `g`
        return Response.from_app(current_app.wsgi_app, environ, buffered=True)


def for_page(made: PagesCall, verbs: Iterable[Verb]) -> list[Verb]:
    """The verbs with addresses of this origin, and a stream with what its socket needs from a browser, which sends no Basic auth."""
    return [stream_for_page(made, verb) if verb["verb"] == "stream" else reduced(verb) for verb in verbs]


def stream_for_page(made: PagesCall, verb: Verb) -> Verb:
    key = verb["wsAuth"]
    address = f"{path_of(verb['url'])}?call={quote(key['username'])}&key={quote(key['password'])}"
    plain = {name: value for name, value in verb.items() if name != "wsAuth"}
    return {**reduced(plain), "url": address, "first_frame": made.first_frame(verb)}


def reduced(verb: Verb) -> Verb:
    """Without the host of PUBLIC_URL: a page talks to where it came from."""
    return {name: path_of(value) if name in ("actionHook", "url") else value for name, value in verb.items()}


def path_of(address: str) -> str:
    prefix = urlsplit(house().environment.public_url).path.rstrip("/")
    return urlsplit(address).path.removeprefix(prefix)


def camel(name: str) -> str:
    head, *others = name.split("_")
    return head + "".join(part.capitalize() for part in others)
