"""Our recognisers have failed: Jambonz listens for us (`gather`), first with its own recogniser, then to the keys; at last a human does.

The same conversation goes on, understood by the rules and journalled as ever, so ticket, screen pop and summary know all of it.
Nothing is needed for that but the database: no model, no audio socket, and no slot.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from calls import metrics
from calls.call import Call, CallRecord, Outcome, OutcomeKind, Say, Turn
from calls.errors import HookError
from stream import manners
from stream.telling import Telling
from webhooks.addresses import hook_url
from webhooks.closing import close
from webhooks.door import answer, call_hooks, received
from webhooks.gathering import Asked, Rung, verbs_of
from webhooks.payloads import Gathered
from webhooks.ports import Bot, bot
from webhooks.ringing import known_record
from webhooks.telling import tell
from webhooks.verbs import Verb, redirect
from webhooks.without_ears import NO_RECORDING, NOT_HEARD, Reply, Talk

log = logging.getLogger(__name__)
bp = call_hooks(Blueprint("listen", __name__))
PATIENCE = 2  # so often in a row nothing may be heard on a rung, then the next one tries
BELOW = {Rung.JAMBONZ: Rung.KEYPAD, Rung.KEYPAD: Rung.HUMAN}


@bp.post("/listen")
def listen() -> ResponseReturnValue:
    """What the caller said or pressed, answered. The same hook again is answered alike."""
    house, hook, now = bot(), received(Gathered), bot().clock()
    asked, record = asked_for(), known_record(house, hook.call_sid)
    if hook.caller_gone:
        return answer([])
    return answer(goes_on(house, record, hook, asked, now))


def asked_for() -> Asked:
    """What the gather waited for. Raises HookError."""
    try:
        return Asked.read(request.args)
    except (KeyError, ValueError):
        raise HookError("the address does not say what was asked: it must be as we gave it") from None


def begin(house: Bot, call_sid: str, now: datetime) -> list[Verb]:
    """From here on somebody else hears the caller, as `listening.without_ears` says; a human where it says so. Raises JournalError."""
    record, rung = known_record(house, call_sid), Rung(house.settings.listening.without_ears)
    if rung is Rung.HUMAN:
        house.journal.call_ended(call_sid, Outcome(OutcomeKind.ESCALATED, "engine_failed"), now=now)
        return [redirect(hook_url(house.environment, "/escalate"))]
    last = record.turns[-1] if record.turns else None
    reply = Talk(house.by_rules(), record, now).first(last.number + 1 if last else 0, rung)
    if last and last.said == tuple(reply.turn.said):  # the same hook again
        return verbs_of(house, call_sid, last, Asked(rung, last.number), None, now)
    log.warning("our recognisers can't hear a caller; somebody else does", extra={"call_sid": call_sid, "rung": rung})
    metrics.LADDER.labels(rung.value).inc()
    keep(house, record, reply, now)
    return verbs_of(house, call_sid, reply.turn, Asked(rung, reply.turn.number), None, now)


def goes_on(house: Bot, record: CallRecord, hook: Gathered, asked: Asked, now: datetime) -> list[Verb]:
    number = asked.turn + 1
    talk = Talk(house.by_rules(), replace(record, turns=tuple(turn for turn in record.turns if turn.number < number)), now)
    turn = talk.sense_of(hook, number, asked.rung)
    rung, missed = next_rung(asked, hook, heard=turn is not None)
    waits_for = Asked(rung, number, missed)
    if known := next((each for each in record.turns if each.number == number), None):  # the same hook again
        return verbs_of(house, record.sid, known, waits_for, end_of(record.outcome), now)
    reply = reply_to(talk, turn, waits_for, fell=rung is not asked.rung, silent=hook.reason == "timeout")
    if rung is not asked.rung:
        log.warning("a caller can't be heard; the next one tries", extra={"call_sid": record.sid, "rung": rung, "why": hook.reason})
        metrics.LADDER.labels(rung.value).inc()
    keep(house, record, reply, now)
    return verbs_of(house, record.sid, reply.turn, waits_for, end_of(reply.outcome), now)


def next_rung(asked: Asked, hook: Gathered, *, heard: bool) -> tuple[Rung, int]:
    """Who hears the caller next, and how often in a row nothing was heard. Where Jambonz has no recogniser there is no second try."""
    missed = 0 if heard else asked.missed + 1
    if missed >= PATIENCE or (missed and not hook.reason):
        return BELOW[asked.rung], 0
    return asked.rung, missed


def reply_to(talk: Talk, turn: Turn | None, then: Asked, *, fell: bool, silent: bool) -> Reply:
    if talk.overlong:
        return talk.give_up(then.turn, manners.TIME_UP.then or NOT_HEARD, "time_up")
    if turn is not None:
        return talk.answer(turn, then.rung)
    if then.rung is Rung.HUMAN:
        return talk.give_up(then.turn, NOT_HEARD, "trouble")
    return talk.menu(then.turn) if fell else talk.ask_again(then.turn, then.rung, silent=silent)


def end_of(outcome: Outcome | None) -> OutcomeKind | None:
    """None while the bot's part goes on."""
    return None if outcome is None or outcome.kind is OutcomeKind.UNHEARD else outcome.kind


# -- what is kept of it -----------------------------------------------------------------
def keep(house: Bot, record: CallRecord, reply: Reply, now: datetime) -> None:
    """The turn, and the end if it is one; else that the call goes on unheard, which is the sign of its life. Raises JournalError."""
    turn, sid = reply.turn, record.sid
    house.journal.turn_finished(sid, turn)
    if turn.intent and turn.intent.name == NO_RECORDING:
        house.journal.consent_declined(sid)
    if reply.outcome and reply.outcome.kind is OutcomeKind.CALLBACK:
        promise_quietly(house, sid)
    house.journal.call_ended(sid, reply.outcome or Outcome(OutcomeKind.UNHEARD, record.outcome.reason if record.outcome else ""), now=now)
    metrics.TURNS.labels(turn.intent.name if turn.intent else "none").inc()
    tell_of(house, record, turn)
    if reply.outcome:
        metrics.CALLS.labels(reply.outcome.kind.value).inc()
        close(house, sid, now)


def promise_quietly(house: Bot, call_sid: str) -> None:
    """The ticket tells of it too: the answer is worth more than the note."""
    try:
        house.promise(call_sid)
    except Exception:
        log.exception("a promised call back could not be noted; the ticket alone tells of it", extra={"call_sid": call_sid})


def tell_of(house: Bot, record: CallRecord, turn: Turn) -> None:
    """As a conversation of our own tells it."""
    telling = Telling(lambda kind, sid, data: tell(house, kind, sid, data), Call(record.sid, record.caller, record.called))
    telling.state("listening")
    if turn.heard:
        telling.heard([turn])
    if turn.intent:
        telling.understood(turn, turn.intent, is_wish=turn.intent.name in house.settings.intents)
    for text in turn.said:
        telling.said(turn, Say(text, turn.language))
