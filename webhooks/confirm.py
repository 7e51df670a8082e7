"""An agent has answered the telephone: the briefing, and the key that takes the call (1), declines it (2) or plays it again (3).

The verbs end in a hang-up, so that a voicemail is never put through. As recorded (contract.md 34, 35): a gather whose hook is answered
with nothing goes on to the next verb, and an answer that replaces the list puts the agent through when it ends. So "again" cannot be
answered with a new list, from which nobody could decline any more: the list holds the repetitions from the beginning, each a sound
that is silent and short unless key 3 was pressed (webhooks/sounds.py).
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from flask import Blueprint
from flask.typing import ResponseReturnValue

from calls.agents import Escalation, LegAnswer
from calls.call import CallRecord
from calls.errors import JournalError
from calls.links import SoundKey, sound_token
from webhooks.addresses import hook_url, own_address
from webhooks.door import answer, call_hooks, received
from webhooks.human import agents_at
from webhooks.payloads import Confirming, KeyPressed
from webhooks.ports import Bot, bot
from webhooks.ringing import ringing_now
from webhooks.telling import tell, tell_transfer
from webhooks.verbs import Verb, gather, hangup, tag

log = logging.getLogger(__name__)
bp = call_hooks(Blueprint("confirm", __name__))
LINKS_FOR = timedelta(minutes=10)
NEXT_S = 1  # so long a repetition waits for a key; one that is heard has key_timeout_s of silence at its end


@bp.post("/escalate/confirm")
def confirm() -> ResponseReturnValue:
    """What the agent hears; or nothing, when the call is somebody else's by now."""
    house, hook, now = bot(), received(Confirming), bot().clock()
    agent = whose(house, hook, now)
    if agent is None or not house.journal.leg_answered(hook.parent_call_sid, hook.call_sid, agent, LegAnswer.BRIEFED, now):
        return answer([hangup()])
    tell_transfer(house, hook.parent_call_sid, "briefed", [agent])
    return answer(briefing(house, SoundKey(hook.parent_call_sid, hook.call_sid, agent, 0), now))


@bp.post("/escalate/confirm/key")
def key() -> ResponseReturnValue:
    """A key, or none in time: then the list goes on, at last to its hang-up."""
    house, hook, now = bot(), received(KeyPressed), bot().clock()
    match hook.digits:
        case "1":
            return answer(accepted(house, hook, now))
        case "2":
            declined(house, hook, now)
        case "3":
            house.journal.leg_repeated(hook.parent_call_sid, hook.call_sid)
    return answer([])


def whose(house: Bot, hook: Confirming, now: datetime) -> str | None:
    """The agent whose leg this is, "" where that can't be told; None when nothing rings any more."""
    record = house.journal.record(hook.parent_call_sid)
    attempt = ringing_now(record, now) if record else None
    if record is None or attempt is None:
        return None
    return agent_on(house, record, attempt, hook)


def agent_on(house: Bot, record: CallRecord, attempt: Escalation, hook: Confirming) -> str:
    known = next((leg.agent for leg in attempt.legs if leg.leg_sid == hook.call_sid), "")
    at_number = agents_at(house.settings.escalation, hook.called)
    fitting = [agent for agent in attempt.agents if agent in at_number] or list(attempt.agents)
    return known or (fitting[0] if len(fitting) == 1 else "")


def briefing(house: Bot, sound: SoundKey, now: datetime) -> list[Verb]:
    wanted, hook = house.settings.escalation.briefing, hook_url(house.environment, "/escalate/confirm/key")
    first, *again = (sound_url(house, sound, number, now) for number in range(1 + wanted.repeats))
    return [
        gather(first, action_hook=hook, timeout_s=wanted.key_timeout_s),
        *(gather(each, action_hook=hook, timeout_s=NEXT_S) for each in again),
        hangup(),
    ]


def sound_url(house: Bot, sound: SoundKey, number: int, now: datetime) -> str:
    """Each repetition has an address of its own, as a media server may keep what it has fetched."""
    own = SoundKey(sound.call_sid, sound.leg_sid, sound.agent, number)
    token = sound_token(house.secrets[0], own, until=now + LINKS_FOR)
    return f"{own_address(house.environment)}/sounds/briefing/{token}.wav"


def accepted(house: Bot, hook: KeyPressed, now: datetime) -> list[Verb]:
    """The tag replaces the list, and so puts the agent through. When the journal is away the agent gets the call all the same: the
    tag comes back with the leg's last status, and is journalled then."""
    agent = ""
    try:
        agent = whose(house, hook, now) or ""
        if not house.journal.leg_answered(hook.parent_call_sid, hook.call_sid, agent, LegAnswer.ACCEPTED, now):
            return []
    except JournalError:
        log.exception("an agent took a call, and that could not be journalled", extra={"call_sid": hook.parent_call_sid})
    log.info("an agent took a call", extra={"call_sid": hook.parent_call_sid, "agent": agent})
    tell_transfer(house, hook.parent_call_sid, "accepted", [agent])
    tell_transfer(house, hook.parent_call_sid, "missed", others(house, hook.parent_call_sid, agent))
    tell(house, "call", hook.parent_call_sid, {"state": "with_agent", "agent": agent})
    return [tag({"accepted": "yes", "agent": agent})]


def others(house: Bot, call_sid: str, agent: str) -> list[str]:
    """Who rang at the same time, and may stop."""
    try:
        record = house.journal.record(call_sid)
    except JournalError:
        return []
    return [each for each in record.escalations[-1].agents if each != agent] if record and record.escalations else []


def declined(house: Bot, hook: KeyPressed, now: datetime) -> None:
    agent = whose(house, hook, now)
    if agent is not None and house.journal.leg_answered(hook.parent_call_sid, hook.call_sid, agent, LegAnswer.DECLINED, now):
        tell_transfer(house, hook.parent_call_sid, "declined", [agent])
