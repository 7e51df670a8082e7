"""What a call hook is answered with when it has failed: verbs that bring the caller to a human all the same."""

from __future__ import annotations

import logging
from datetime import datetime

from calls.errors import HookError
from webhooks.human import straight_to_somebody
from webhooks.payloads import DialEnded, parse
from webhooks.ports import Bot
from webhooks.promises import goodbye, promise
from webhooks.screen_pop import summed_up
from webhooks.verbs import Verb, hangup

log = logging.getLogger(__name__)
CONFIRM, KEY = "/escalate/confirm", "/escalate/confirm/key"


def instead(house: Bot, hook: str, raw_body: bytes, now: datetime) -> list[Verb]:
    """For the hook at this path, with this body. Never raises.

    Of an agent who is being asked the list goes on to its hang-up, as nobody is put through who has not agreed; the dial then ends,
    and its own hook sees to the caller."""
    if hook in (CONFIRM, KEY):
        return [hangup()] if hook == CONFIRM else []
    return last_resort(house, raw_body, now)


def last_resort(house: Bot, raw_body: bytes, now: datetime) -> list[Verb]:
    """Ring somebody straight from the settings; where nobody has a telephone a call back is promised.

    Nobody is rung for a caller who is gone, or who has just talked with an agent."""
    try:
        hook = parse(DialEnded, raw_body)
    except HookError:
        hook = None
    if hook and (hook.caller_gone or hook.agent_talked):
        return [hangup()]
    verbs = straight_to_somebody(house.settings.escalation)
    if verbs:
        return verbs
    if hook:
        promise_quietly(house, hook.call_sid, now)
    return goodbye(house, house.settings.language)


def promise_quietly(house: Bot, call_sid: str, now: datetime) -> None:
    try:
        record = house.journal.record(call_sid)
        if record:
            promise(house, record, summed_up(house, record), now)
    except Exception:
        log.exception("a call back could not be promised", extra={"call_sid": call_sid})
