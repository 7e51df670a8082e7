"""A telephone in the browser: the page plays Jambonz's part, so that the bot can be called with the computer's microphone.

The page asks for a call's verbs and carries them out. Each of its hooks goes through our own doors, signed as Jambonz signs, so that
everything behind them is what a caller from outside meets. A browser has no SIP: a `dial` fails there.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar

from flask import Blueprint, abort, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ValidationError

from calls.call import CallRecord
from calls.live import Live, LiveEvent
from calls.settings import Environment, Settings, pick
from console.door import needs, visitor
from console.events import Message, event_stream
from console.phone_hooks import HangUp, PagesCall, PagesHook, for_page, knock, tell_status

bp = Blueprint("phone", __name__, template_folder="templates")

P = ParamSpec("P")
LOOPBACK = {"127.0.0.1", "::1"}
PROXIED = ("X-Forwarded-For", "Forwarded", "X-Real-Ip")
GUEST = "guest"
TOLD = ("words", "call", "transfer")
Model = TypeVar("Model", bound=BaseModel)


class Journal(Protocol):
    def record(self, sid: str) -> CallRecord | None: ...


class Bot(Protocol):
    """What the telephone looks for in `app.extensions["bot"]`."""

    settings: Settings
    environment: Environment
    journal: Journal
    live: Live

    def stopping(self) -> bool: ...
    def draining(self) -> bool: ...


def house() -> Bot:
    bot: Bot = current_app.extensions["bot"]
    return bot


# -- who may call ---------------------------------------------------------------------
def for_callers(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """For everybody who is logged in; with OPEN_PHONE also for who sits at this very machine."""
    guarded = needs("agent")(view)

    @wraps(view)
    def let_in(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        return view(*args, **kwargs) if is_open() else guarded(*args, **kwargs)

    return let_in


def is_open() -> bool:
    """Behind a proxy everybody comes from this machine, so one closes it."""
    proxied = any(name in request.headers for name in PROXIED)
    return house().environment.open_phone and request.remote_addr in LOOPBACK and not proxied


def caller() -> str:
    """Whom the journal has as the caller of this page's calls."""
    somebody = visitor()
    return f"web:{somebody.login if somebody else GUEST}"


def own_call(call_sid: str) -> PagesCall:
    record = house().journal.record(call_sid) if call_sid.startswith("web-") else None
    if record is None:
        abort(404, "There is no such call.")
    if record.caller != caller():
        abort(403, "This is somebody else's call.")
    return PagesCall(record.sid, record.caller)


# -- the page -------------------------------------------------------------------------
@bp.get("/phone")
@for_callers
def show() -> ResponseReturnValue:
    return render_template("phone.html", topics=topics(house().settings), takes_calls=not house().draining())


def topics(settings: Settings) -> dict[str, str]:
    """intent -> what it is called; its own name where several are called the same."""
    labels = {name: pick(intent.label, "en", settings.language) for name, intent in settings.intents.items()}
    often = Counter(labels.values())
    return {name: label if label and often[label] == 1 else name.replace("_", " ") for name, label in labels.items()}


@bp.post("/phone/call")
@for_callers
def call() -> ResponseReturnValue:
    """A new call: its sid, and the verbs that /voice answers."""
    made = PagesCall(f"web-{uuid.uuid4()}", caller())
    verbs = knock("/voice", made.body(call_status="trying", sip_status=100, sip_reason="Trying"))
    tell_status(made.body())
    return jsonify(call_sid=made.sid, verbs=for_page(made, verbs))


@bp.post("/phone/<call_sid>/hook")
@for_callers
def hook(call_sid: str) -> ResponseReturnValue:
    """The verbs that one of our hooks answers; [] goes on with the next of the verbs that the page has."""
    made, sent = own_call(call_sid), read(PagesHook)
    return jsonify(verbs=for_page(made, knock(sent.hook, made.body(**sent.facts.model_dump(exclude_none=True)))))


@bp.post("/phone/<call_sid>/hangup")
@for_callers
def hang_up(call_sid: str) -> ResponseReturnValue:
    """As recorded (11_caller_hangup_mid_listen): the status first, then the actionHook of the verb that was left."""
    made, sent = own_call(call_sid), read(HangUp)
    over = made.body(call_status="completed", call_termination_by=sent.by, duration=sent.duration_s)
    tell_status(over)
    if sent.hook:
        knock(sent.hook, over)
    return "", 204


@bp.get("/phone/<call_sid>/events")
@for_callers
def events(call_sid: str) -> ResponseReturnValue:
    """What happens in the call, as JSON for the page's script."""
    own_call(call_sid)
    bot = house()

    def first() -> Iterable[Message]:
        return [Message("so-far", json.dumps(so_far(bot.journal.record(call_sid))))]

    def told(news: Sequence[LiveEvent]) -> Iterable[Message]:
        mine = [event for event in news if event.call_sid == call_sid and event.kind in TOLD]
        return [Message(event.kind, json.dumps({**event.data, "agent": event.agent or event.data.get("agent", "")})) for event in mine]

    return event_stream(bot.live.subscribe, first, told)


def so_far(record: CallRecord | None) -> list[dict[str, Any]]:
    """The journalled turns as "words" events are; an event of a turn that is here already says the same again."""
    lines: list[dict[str, Any]] = []
    for turn in record.turns if record else ():
        told = {"number": turn.number, "language": turn.language}
        if turn.heard:
            known = {"intent": turn.intent, "confidence": turn.intent_confidence, "reply_ms": turn.timings.get("reply")}
            lines.append({**told, "speaker": "caller", "text": turn.heard, **known})
        lines += [{**told, "speaker": "bot", "text": text} for text in turn.said]
    return lines


def read(model: type[Model]) -> Model:
    """The request's JSON as `model`."""
    try:
        return model.model_validate(request.get_json(silent=True) or {})
    except ValidationError:
        abort(400, "This is nothing that a telephone says.")
