"""A call comes in, and the bot's part of it ends."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from flask import Blueprint
from flask.typing import ResponseReturnValue

from calls import metrics
from calls.call import Outcome, OutcomeKind
from calls.settings import pick
from stream.manners import DROPPED
from webhooks.addresses import hook_url
from webhooks.closing import close
from webhooks.door import answer, call_hooks, received
from webhooks.listen import begin
from webhooks.payloads import NewCall, StreamEnded
from webhooks.ports import Bot, bot
from webhooks.promises import has_slot
from webhooks.talking import language_of, talk
from webhooks.telling import tell
from webhooks.verbs import Verb, hangup, redirect, say

log = logging.getLogger(__name__)
bp = call_hooks(Blueprint("voice", __name__))

MOST_REOPENED = 2  # times a call: a line that breaks once more breaks for a reason
APART = timedelta(seconds=3)  # a stream that lives no longer than that is not worth a third one, nor is one that was refused at once
DONE = (OutcomeKind.FINISHED, OutcomeKind.CALLBACK, OutcomeKind.TRANSFERRED)


@bp.post("/voice")
def voice() -> ResponseReturnValue:
    """The bot takes the call if it has a slot, and otherwise a human does. The tail is the net below the stream."""
    house, hook, now = bot(), received(NewCall), bot().clock()
    language = house.settings.language
    welcome = say(pick(house.settings.welcome, language, language))
    if house.deaf() and house.settings.listening.without_ears != "human":
        return answer([welcome, *heard_by_others(house, hook, now)])
    tail = redirect(hook_url(house.environment, "/escalate"))
    if not takes(house, hook, now):
        return answer([tail])
    log.info("a call came in", extra={"call_sid": hook.call_sid, "pii_caller": hook.caller, "pii_caller_name": hook.caller_name})
    tell_of(house, hook)
    return answer([welcome, talk(house, hook.call_sid, language=language, direction=hook.direction), tail])


def tell_of(house: Bot, hook: NewCall) -> None:
    about = {"caller": hook.caller, "called": hook.called, "direction": hook.direction, "language": house.settings.language}
    tell(house, "call", hook.call_sid, {"state": "greeting", **about})


def heard_by_others(house: Bot, hook: NewCall, now: datetime) -> list[Verb]:
    """This process has no ears at all; the call takes no slot of those that have."""
    started(house, hook, now)
    house.journal.call_ended(hook.call_sid, Outcome(OutcomeKind.UNHEARD, "no_engines"), now=now)
    tell_of(house, hook)
    return begin(house, hook.call_sid, now)


def started(house: Bot, hook: NewCall, now: datetime) -> bool:
    """Journal the call; whether the bot has a slot for it."""
    return house.journal.call_started(
        sid=hook.call_sid, direction=hook.direction, caller=hook.caller, called=hook.called, language=house.settings.language, now=now
    )


def takes(house: Bot, hook: NewCall, now: datetime) -> bool:
    """Journal the call, and whether the bot has a slot for it; one that it has not is known to be on its way to a human."""
    has_slot, draining = started(house, hook, now), house.draining()
    if has_slot and not draining:
        return True
    reason = "draining" if draining else "full_house"
    metrics.FULL_HOUSE.inc()
    log.warning("the bot can't take a call; it goes to a human", extra={"call_sid": hook.call_sid, "why": reason})
    house.journal.call_ended(hook.call_sid, Outcome(OutcomeKind.ESCALATED, reason), now=now)
    return False


@bp.post("/voice/ended")
def ended() -> ResponseReturnValue:
    """The stream is over: the journalled outcome says what comes next."""
    house, hook, now = bot(), received(StreamEnded), bot().clock()
    outcome = house.journal.outcome(hook.call_sid)
    if hook.caller_gone:
        if outcome is None and not still_talking(house, hook.call_sid):
            house.journal.call_ended(hook.call_sid, Outcome(OutcomeKind.HUNG_UP), now=now)
        close(house, hook.call_sid, now)
        tell(house, "call", hook.call_sid, {"state": "ended"})
        return answer([])
    if outcome and outcome.kind in DONE:
        return answer([hangup()])
    if outcome and outcome.kind is OutcomeKind.UNHEARD:
        return answer(begin(house, hook.call_sid, now))
    tail = redirect(hook_url(house.environment, "/escalate"))
    if outcome is None or outcome.kind is OutcomeKind.HUNG_UP:
        return answer([*reopened(house, hook.call_sid, now), tail])
    return answer([tail])


def still_talking(house: Bot, call_sid: str) -> bool:
    """The conversation is recognising the last words of its caller, and will tell the outcome itself."""
    record = house.journal.record(call_sid)
    return record is not None and record.talking


def reopened(house: Bot, call_sid: str, now: datetime) -> list[Verb]:
    """The caller is still there, but our socket ended without a word, or took its end for the caller's: the conversation goes on
    on a new one, wherever it opens. Nothing, when that was tried too often or too soon: a human is next."""
    record = house.journal.record(call_sid)
    if record and has_slot(house, record, now) and house.journal.reopened(call_sid, now, most=MOST_REOPENED, apart=APART):
        metrics.REOPENED.labels("reopened").inc()
        log.warning("a stream broke; it is opened again", extra={"call_sid": call_sid})
        return [talk(house, call_sid, language=language_of(record), direction=record.direction, after=DROPPED)]
    metrics.REOPENED.labels("given_up").inc()
    log.error("a stream broke; its caller goes to a human", extra={"call_sid": call_sid})
    house.journal.call_ended(call_sid, Outcome(OutcomeKind.BROKEN, "stream"), now=now)
    return []
