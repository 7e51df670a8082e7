"""A human takes over; and if none does, the bot comes back to say so."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from flask import Blueprint
from flask.typing import ResponseReturnValue

from calls import metrics
from calls.agents import Escalation, LegAnswer
from calls.call import CallRecord, Outcome, OutcomeKind
from webhooks.addresses import own_address
from webhooks.closing import close
from webhooks.door import answer, call_hooks, received
from webhooks.payloads import DialEnded, Escalating
from webhooks.ports import Bot, bot
from webhooks.promises import kept
from webhooks.ringing import hand_over, known_record
from webhooks.telling import tell, tell_presence, tell_transfer
from webhooks.verbs import hangup

log = logging.getLogger(__name__)
bp = call_hooks(Blueprint("escalate", __name__))


@bp.post("/escalate")
def escalate() -> ResponseReturnValue:
    """Ring the first agents, the call on their screens. A hook that is sent again gets the same answer."""
    house, hook, now = bot(), received(Escalating), bot().clock()
    if house.journal.outcome(hook.call_sid) is None:
        house.journal.call_ended(hook.call_sid, Outcome(OutcomeKind.BROKEN, "no_outcome"), now=now)
    ticket = close(house, hook.call_sid, now)
    if hook.caller_gone:
        return answer([])
    log.info("a call is to be handed to a human", extra={"call_sid": hook.call_sid})
    return answer(hand_over(house, hook.call_sid, ticket, now, own_address(house.environment)))


@bp.post("/escalate/ended")
def ended() -> ResponseReturnValue:
    """A try is over. A transfer is what an agent has accepted; for any other end the next agents ring, or a call back is promised."""
    house, hook, now = bot(), received(DialEnded), bot().clock()
    news = house.journal.escalation_ended(hook.call_sid, hook.dial_call_status, hook.dial_sip_status, hook.dial_call_sid, now)
    record = known_record(house, hook.call_sid)
    attempt = attempt_of(record, hook.dial_call_sid)
    if attempt.transferred:
        was_taken(house, record, attempt, now, news=news)
        close(house, hook.call_sid, now)
        return answer([] if hook.caller_gone else [hangup()])
    was_missed(house, record, attempt, now, news=news, gone=hook.caller_gone)
    ticket = close(house, hook.call_sid, now)
    return answer([] if hook.caller_gone else hand_over(house, hook.call_sid, ticket, now, own_address(house.environment)))


def attempt_of(record: CallRecord, leg_sid: str) -> Escalation:
    """The try that a dial's end tells of: the one with the leg that it names, or else the latest."""
    latest_first = record.escalations[::-1]
    own = [each for each in latest_first if leg_sid and (each.agent_call_sid == leg_sid or leg_sid in [leg.leg_sid for leg in each.legs])]
    return (own or latest_first)[0]


def was_taken(house: Bot, record: CallRecord, attempt: Escalation, now: datetime, *, news: bool) -> None:
    """An agent has talked to the caller, and is left alone for a while to wrap up."""
    agent = attempt.accepted.agent if attempt.accepted else ""
    house.journal.call_ended(record.sid, Outcome(OutcomeKind.TRANSFERRED, agent), now=now)
    rest = now + timedelta(seconds=house.settings.escalation.wrap_up_s)
    house.presences.release(record.sid, now=now, agents=[agent], busy_until=rest)
    house.presences.release(record.sid, now=now)
    kept(house, record, agent, now)
    if news:
        metrics.TRANSFERS.labels("taken").inc()
        if attempt.by == "dial":  # the desk's page tells of its own talks
            tell_transfer(house, record.sid, "ended", [agent], talk_s=attempt.talk_s)
        tell_presence(house, attempt.agents)
        over(house, record)


def was_missed(house: Bot, record: CallRecord, attempt: Escalation, now: datetime, *, news: bool, gone: bool) -> None:
    """Nobody took it, or the caller did not wait. The outcome is written again, as the wait for an agent may have looked like talk."""
    house.presences.release(record.sid, now=now, agents=attempt.agents)
    if not news:
        return
    if record.outcome:
        house.journal.call_ended(record.sid, record.outcome, now=now)
    declined = {leg.agent for leg in attempt.legs if leg.answer is LegAnswer.DECLINED}
    missed = [agent for agent in attempt.agents if agent not in declined]
    metrics.TRANSFERS.labels("gone" if gone else "missed" if missed else "declined").inc()
    log.info("a try to reach a human is over", extra={"call_sid": record.sid, "try": attempt.id, "state": attempt.state, "gone": gone})
    tell_transfer(house, record.sid, "gone" if gone else "missed", missed)
    tell_presence(house, attempt.agents)
    if gone:
        over(house, record)


def over(house: Bot, record: CallRecord) -> None:
    tell(house, "call", record.sid, {"state": "ended"})
