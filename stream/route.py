"""The audio sockets' doors: the one file in stream/ that knows Flask.

Jambonz sends no signature with a WebSocket handshake, but Basic auth from the stream verb's `wsAuth` (recording
10_wsrefuse_relative_url_with_wsAuth): the user is the call_sid, the password is derived from it and our secret.
A refused handshake lets Jambonz go on with the verbs behind the stream at once, which lead to a human (recording 10_wsrefuse_401).
A page in a browser can send no such header; it brings the same two in the query (/phone), or a key of its own (/desk).
"""

from __future__ import annotations

import logging
import time
from contextlib import AbstractContextManager
from typing import Protocol

import flask_sock
from flask import Blueprint, Response, current_app, g, request
from flask.blueprints import BlueprintSetupState

from calls import metrics
from calls.call import Call
from calls.events import Connected, HungUp, Ignored
from calls.live import Live
from calls.settings import Settings
from calls.tokens import agent_of_key, audio_authorized, audio_key_fits
from stream import bridge as bridges
from stream import line as line_is
from stream.bridge import Bridge, BridgeJournal, Bridges, Office, desk_try
from stream.bridge_sides import AgentSide, CallerSide
from stream.conversation import Conversation
from stream.frames import HandshakeRefused
from stream.house import House
from stream.line import MAX_MESSAGE_BYTES, SUBPROTOCOL, Line
from stream.memory import turns_of
from stream.socket import WebSocket

log = logging.getLogger(__name__)
bp = Blueprint("stream", __name__)
flask_sock.Server = WebSocket  # its own server reads in a thread of its own, at twice the cost of a message
sock = flask_sock.Sock()
PREAMBLE_S = 5.0
SERVER_OPTIONS = {"subprotocols": [SUBPROTOCOL], "max_message_size": MAX_MESSAGE_BYTES, "ping_interval": 25}


class Bot(Protocol):
    """What the doors need of the composition."""

    secrets: tuple[str, ...]
    settings: Settings
    journal: BridgeJournal
    live: Live
    house: House | None

    def holding_a_call(self) -> AbstractContextManager[None]: ...


@bp.record_once
def prepare(state: BlueprintSetupState) -> None:
    state.app.extensions["bridges"] = Bridges()


def the_bot() -> Bot:
    bot: Bot = current_app.extensions["bot"]
    return bot


@bp.before_request
def only_our_calls() -> Response | None:
    """Refuse the handshake unless it carries what was given out for this very call."""
    if not let_in(the_bot().secrets):
        return refused("unauthorized", 401)
    if the_bot().house is None:
        return refused("not ready", 503)
    return None


def let_in(secrets: tuple[str, ...]) -> bool:
    """By the password that /voice gave to the call (as Basic auth or, from a page, in the query), or by the key of an agent."""
    given = request.args
    if request.view_args and "agents_call" in request.view_args:
        g.call_sid = request.view_args["agents_call"]
        g.agent = agent_of_key(given.get("key", ""), g.call_sid, secrets)
        return g.agent is not None
    header = request.headers.get("Authorization", "")
    g.call_sid = audio_authorized(header, secrets) or audio_key_fits(given.get("call", ""), given.get("key", ""), secrets)
    return g.call_sid is not None


@bp.errorhandler(HandshakeRefused)
def no_handshake(error: HandshakeRefused) -> Response:
    return refused("no WebSocket handshake", error.status)


def refused(why: str, status: int) -> Response:
    metrics.SOCKETS_REFUSED.labels(why).inc()
    log.warning("an audio socket was refused", extra={"why": why})
    return Response(why, status)


@sock.route("/audio", bp=bp)
def audio(ws: WebSocket) -> None:
    line, bot, sid = Line(ws), the_bot(), g.call_sid
    call = introduction(line, sid, bot.settings.stream.sample_rate)
    if call is None or bot.house is None:
        return
    with bot.holding_a_call():
        log.info("a call's audio begins", extra={"call_sid": sid, "sample_rate": call.sample_rate, "after": call.after})
        try:
            if call.after == bridges.AFTER:
                wait_for_agent(call, line, bot, bot.house)
            else:
                converse(call, line, bot, bot.house)
        except Exception:
            log.exception("a call's audio broke; the call goes on to a human", extra={"call_sid": sid})


def converse(call: Call, line: Line, bot: Bot, house: House) -> None:
    history = turns_of(bot.journal.record(call.sid)) if call.after else []
    outcome = Conversation(call, line, house, history=history).run()
    log.info("a call's audio ended", extra={"call_sid": call.sid, "outcome": outcome.kind, "reason": outcome.reason})


def wait_for_agent(call: Call, line: Line, bot: Bot, house: House) -> None:
    """The caller hears it ring, then the agent whose page joins; the try that /escalate journalled says who may."""
    attempt = desk_try(bot.journal.record(call.sid))
    if attempt is None:
        log.warning("a caller waits for an agent, but nobody was rung", extra={"call_sid": call.sid})
        return
    with open_bridges().opened(Bridge(call, attempt, line.wake)) as bridge:
        how = CallerSide(bridge, line, office(bot, house)).run()
    log.info("a call's audio ended", extra={"call_sid": call.sid, "bridge": how})


@sock.route("/audio/agent/<agents_call>", bp=bp)
def agents_audio(ws: WebSocket, agents_call: str) -> None:
    """The page of an agent who takes a call; why it can't is told to the page as {"type": "refused", "why": ...}."""
    line, bot = Line(ws), the_bot()
    hello = introduction(line, agents_call, bridges.AGENT_RATE)
    if hello is None or bot.house is None:
        return
    bridge = open_bridges().of(agents_call)
    joined = bridge.join(g.agent, hello.sample_rate, line.wake) if bridge else why_not(bot, agents_call)
    if bridge is None or isinstance(joined, str):
        log.warning("an agent's page could not join a call", extra={"call_sid": agents_call, "agent": g.agent, "why": joined})
        line.tell("refused", why=str(joined))
    else:
        AgentSide(bridge, joined, line, office(bot, bot.house)).run()


def why_not(bot: Bot, call_sid: str) -> str:
    """No caller waits here: the call has gone, or another process holds its sound."""
    return "elsewhere" if desk_try(bot.journal.record(call_sid)) else "gone"


def open_bridges() -> Bridges:
    found: Bridges = current_app.extensions["bridges"]
    return found


def office(bot: Bot, house: House) -> Office:
    return Office(bot.journal, bot.settings.escalation, house.lanes, bot.live.publish, house.clock, house.now)


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
