"""Humans and their telephones: the verbs that ring a try's agents or, when all else fails, somebody at once; and who is at a number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from calls.agents import Escalation, ScreenPop
from calls.call import CallRecord
from calls.helpdesk import EscalationSettings, Target
from calls.routing import SWITCHBOARD
from webhooks.addresses import hook_url
from webhooks.ports import Bot
from webhooks.screen_pop import as_headers, as_tag, pop_link
from webhooks.talking import language_of, talk
from webhooks.verbs import Verb, dial, hangup


def ring(house: Bot, record: CallRecord, attempt: Escalation, pop: ScreenPop, base: str) -> list[Verb]:
    """Ring the try's agents; /escalate/ended decides what follows, and if that door fails the call ends.

    The same try is answered with the same verbs, as a hook may be sent again."""
    if attempt.by == "desk":
        metadata = {"language": language_of(record) or house.settings.language, "after": "bridge", "try": str(attempt.id)}
        return [talk(house, record.sid, action_hook="/escalate/ended", **metadata), hangup()]
    wanted = house.settings.escalation
    links = {agent: pop_link(house, attempt, record.sid, agent, base) for agent in attempt.agents}
    telephones = [address(target, link) for agent, link in links.items() for target in targets_of(wanted, agent)]
    verb = dial(
        telephones,
        timeout_s=ring_s(wanted, attempt.queue),
        action_hook=hook_url(house.environment, "/escalate/ended"),
        confirm_hook=hook_url(house.environment, "/escalate/confirm"),
        music=hold_sound(wanted, base),
        caller_id=wanted.caller_id or "",
        headers=as_headers(pop),
        tag=as_tag(pop, attempt),
    )
    return [verb, hangup()]


def straight_to_somebody(wanted: EscalationSettings) -> list[Verb]:
    """Ring the switchboard, or else every agent who has a telephone; it calls no hook back, so nothing of it can fail again.

    Empty when nobody has one."""
    targets = [address(target) for target in wanted.target or everybody(wanted)]
    if not targets:
        return []
    return [dial(targets, timeout_s=wanted.ring_timeout_s, caller_id=wanted.caller_id or ""), hangup()]


def everybody(wanted: EscalationSettings) -> Iterator[Target]:
    return (agent.target for agent in wanted.agents.values() if agent.target.type != "desk")


def targets_of(wanted: EscalationSettings, agent: str) -> list[Target]:
    """An agent's telephone, the switchboard's; none of an agent who is not in the settings any more."""
    if agent == SWITCHBOARD:
        return wanted.target
    known = wanted.agents.get(agent)
    return [known.target] if known else []


def ring_s(wanted: EscalationSettings, queue: str) -> int:
    known = wanted.queues.get(queue)
    return known.ring_timeout_s if known else wanted.ring_timeout_s


def hold_sound(wanted: EscalationSettings, base: str) -> str:
    """The address of what the caller hears meanwhile; "" for silence."""
    ours = {"ringback": f"{base}/sounds/ringback.wav", "silence": ""}
    return ours.get(wanted.hold_sound, wanted.hold_sound)


def address(target: Target, link: str = "") -> dict[str, Any]:
    """A target as Jambonz spells it; the link to its agent's screen pop goes into its INVITE alone, readable as it is."""
    headers = {"X-Screen-Pop": link} if link else {}
    known: dict[str, Any] = {"type": target.type, **_where(target), "trunk": target.trunk or "", "headers": headers}
    return {name: value for name, value in known.items() if value}


def names(wanted: EscalationSettings, agents: Sequence[str]) -> str:
    """Whom a try rings, for people: agents by name, the switchboard by its addresses."""
    switchboard = [next(iter(_where(target).values())) for target in wanted.target]
    return ", ".join(", ".join(switchboard) if agent == SWITCHBOARD else wanted.agents[agent].name for agent in agents)


def agents_at(wanted: EscalationSettings, called: str) -> set[str]:
    """The ids of all whose telephone this may be, as Jambonz names it in the leg's hooks."""
    found = {agent for agent, known in wanted.agents.items() if is_at(known.target, called)}
    return found | ({SWITCHBOARD} if any(is_at(target, called) for target in wanted.target) else set())


def is_at(target: Target, called: str) -> bool:
    """A user may come with or without the realm, a number in an address or alone."""
    theirs = re.sub(r"^sips?:", "", called.strip("<> "), flags=re.IGNORECASE).partition(";")[0]
    user, _, realm = theirs.partition("@")
    match target.type:
        case "phone":
            return bool(digits(user)) and digits(user) == digits(target.number or "")
        case "user":
            name, _, own_realm = (target.name or "").partition("@")
            return user == name and (not realm or not own_realm or realm == own_realm)
        case "sip":
            return theirs == re.sub(r"^sips?:", "", target.sip_uri or "", flags=re.IGNORECASE).partition(";")[0]
        case "desk":
            return False


def digits(number: str) -> str:
    return re.sub(r"\D", "", number)


def _where(target: Target) -> dict[str, str]:
    match target.type:
        case "phone":
            return {"number": target.number or ""}
        case "user":
            return {"name": target.name or ""}
        case "sip":
            return {"sipUri": target.sip_uri or ""}
        case "desk":
            return {}
