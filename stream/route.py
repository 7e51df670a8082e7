"""The audio socket's door: the one file in stream/ that knows Flask.

Jambonz sends no signature with a WebSocket handshake, but Basic auth from the stream verb's `wsAuth` (recording
10_wsrefuse_relative_url_with_wsAuth): the user is the call_sid, the password is derived from it and our secret.
A refused handshake lets Jambonz go on with the verbs behind the stream at once, which lead to a human (recording 10_wsrefuse_401).
"""

from __future__ import annotations

import logging
import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from flask import Blueprint, Response, current_app, g, request
from flask_sock import Sock

from calls import metrics
from calls.call import Call, CallRecord
from calls.events import Connected, HungUp, Ignored
from calls.settings import Settings
from calls.tokens import audio_authorized
from stream import line as line_is
from stream.conversation import Conversation, House
from stream.line import MAX_MESSAGE_BYTES, SUBPROTOCOL, Line
from stream.memory import turns_of

if TYPE_CHECKING:
    from simple_websocket import Server

log = logging.getLogger(__name__)
bp = Blueprint("stream", __name__)
sock = Sock()
PREAMBLE_S = 5.0
SERVER_OPTIONS = {"subprotocols": [SUBPROTOCOL], "max_message_size": MAX_MESSAGE_BYTES, "ping_interval": 25, "receive_bytes": 16_384}


class Journal(Protocol):
    def record(self, sid: str) -> CallRecord | None: ...


class Bot(Protocol):
    """What the door needs of the composition."""

    secrets: tuple[str, ...]
    settings: Settings
    journal: Journal

    house: House | None

    def holding_a_call(self) -> AbstractContextManager[None]: ...


def the_bot() -> Bot:
    bot: Bot = current_app.extensions["bot"]
    return bot


@bp.before_request
def only_our_calls() -> Response | None:
    """Refuse the handshake unless it carries the password that /voice gave for this very call."""
    g.call_sid = audio_authorized(request.headers.get("Authorization", ""), the_bot().secrets)
    if g.call_sid is None:
        return refused("unauthorized", 401)
    if the_bot().house is None:
        return refused("not ready", 503)
    return None


def refused(why: str, status: int) -> Response:
    metrics.SOCKETS_REFUSED.labels(why).inc()
    log.warning("an audio socket was refused", extra={"why": why})
    return Response(why, status)


@sock.route("/audio", bp=bp)
def audio(ws: Server) -> None:
    line, bot, sid = Line(ws), the_bot(), g.call_sid
    call = introduction(line, sid, bot.settings.stream.sample_rate)
    if call is None or bot.house is None:
        return
    with bot.holding_a_call():
        log.info("a call's audio begins", extra={"call_sid": sid, "sample_rate": call.sample_rate, "after": call.after})
        try:
            history = turns_of(bot.journal.record(sid)) if call.after else []
            outcome = Conversation(call, line, bot.house, history=history).run()
            log.info("a call's audio ended", extra={"call_sid": sid, "outcome": outcome.kind, "reason": outcome.reason})
        except Exception:
            log.exception("the conversation broke; the call goes on to a human", extra={"call_sid": sid})


def introduction(line: Line, sid: str, usual_rate: int) -> Call | None:
    """Wait for the text frame that says which call this is; sound that comes before it is ignored.

    Jambonz writes broken JSON there when a tag's data holds a quote (recording 11_tag_customerData): the password has
    told us which call it is, and the rate is the one that we asked for."""
    give_up_at = time.monotonic() + PREAMBLE_S
    while time.monotonic() < give_up_at:
        match line.receive(timeout=0.1):
            case Connected(call) if call.sid == sid:
                return call
            case Ignored(why=line_is.NO_JSON):
                log.warning("an audio socket's introduction is broken; it is taken for what it should be", extra={"call_sid": sid})
                return Call(sid, "", "", usual_rate)
            case Connected():
                log.warning("an audio socket introduced itself as another call", extra={"call_sid": sid})
                return None
            case HungUp():
                return None
    log.warning("an audio socket never introduced itself", extra={"call_sid": sid})
    return None
