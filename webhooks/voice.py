"""A call comes in, and the bot's part of it ends."""

from __future__ import annotations

import logging
from datetime import datetime

from flask import Blueprint
from flask.typing import ResponseReturnValue

from calls import metrics
from calls.call import Outcome, OutcomeKind
from calls.settings import pick
from webhooks.addresses import hook_url
from webhooks.closing import close
from webhooks.door import answer, call_hooks, received
from webhooks.payloads import NewCall, StreamEnded
from webhooks.ports import Bot, bot
from webhooks.talking import talk
from webhooks.telling import tell
from webhooks.verbs import hangup, redirect, say

log = logging.getLogger(__name__)
bp = call_hooks(Blueprint("voice", __name__))

DONE = (OutcomeKind.FINISHED, OutcomeKind.CALLBACK, OutcomeKind.TRANSFERRED)


@bp.post("/voice")
def voice() -> ResponseReturnValue:
    """The bot takes the call if it has a slot, and otherwise a human does. The tail is the net below the stream."""
    house, hook, now = bot(), received(NewCall), bot().clock()
    tail = redirect(hook_url(house.environment, "/escalate"))
    if not takes(house, hook, now):
        return answer([tail])
    language = house.settings.language
    welcome = pick(house.settings.welcome, language, language)
    log.info("a call came in", extra={"call_sid": hook.call_sid, "pii_caller": hook.caller, "pii_caller_name": hook.caller_name})
    about = {"caller": hook.caller, "called": hook.called, "direction": hook.direction, "language": language}
    tell(house, "call", hook.call_sid, {"state": "greeting", **about})
    return answer([say(welcome), talk(house, hook.call_sid, language=language, direction=hook.direction), tail])


def takes(house: Bot, hook: NewCall, now: datetime) -> bool:
    """Journal the call, and whether the bot has a slot for it; one that it has not is known to be on its way to a human."""
    has_slot = house.journal.call_started(
        sid=hook.call_sid, direction=hook.direction, caller=hook.caller, called=hook.called, language=house.settings.language, now=now
    )
    draining = house.draining()
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
    if outcome is None or outcome.kind is not OutcomeKind.ESCALATED:
        broke(house, hook.call_sid, now)
    return answer([redirect(hook_url(house.environment, "/escalate"))])


def still_talking(house: Bot, call_sid: str) -> bool:
    """The conversation is recognising the last words of its caller, and will tell the outcome itself."""
    record = house.journal.record(call_sid)
    return record is not None and record.talking


def broke(house: Bot, call_sid: str, now: datetime) -> None:
    """The caller is still there, but our socket ended without a word, or took its end for the caller's."""
    log.error("a stream broke; its caller goes to a human", extra={"call_sid": call_sid})
    house.journal.call_ended(call_sid, Outcome(OutcomeKind.BROKEN, "stream"), now=now)
