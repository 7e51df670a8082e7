"""The way to a human: the dial verb from the settings, with the screen pop or, when all else fails, without."""

from __future__ import annotations

from calls.agents import ScreenPop
from calls.errors import HookError
from calls.helpdesk import EscalationSettings, Target
from calls.settings import Environment, Settings
from webhooks.addresses import hook_url
from webhooks.payloads import DialEnded, parse
from webhooks.screen_pop import as_headers, as_tag
from webhooks.verbs import Verb, dial, hangup


def dial_human(settings: Settings, environment: Environment, pop: ScreenPop) -> list[Verb]:
    """Ring the agents; /escalate/ended decides what follows, and if that door fails the call ends."""
    wanted = settings.escalation
    ring = dial(
        [address(target) for target in wanted.target],
        timeout_s=wanted.ring_timeout_s,
        action_hook=hook_url(environment, "/escalate/ended"),
        caller_id=wanted.caller_id or "",
        headers=as_headers(pop),
        tag=as_tag(pop),
    )
    return [ring, hangup()]


def last_resort(settings: Settings, raw_body: bytes) -> list[Verb]:
    """When a hook fails: ring the agents straight from the settings; it calls no hook back, so nothing of it can fail again.

    Nobody is rung for a caller who is gone, or who has just talked with an agent."""
    try:
        hook = parse(DialEnded, raw_body)
    except HookError:
        hook = None
    if hook and (hook.caller_gone or hook.agent_talked):
        return [hangup()]
    wanted = settings.escalation
    return [
        dial([address(target) for target in wanted.target], timeout_s=wanted.ring_timeout_s, caller_id=wanted.caller_id or ""),
        hangup(),
    ]


def address(target: Target) -> dict[str, str]:
    """A target as Jambonz spells it."""
    known = {"type": target.type, **_where(target), "trunk": target.trunk or ""}
    return {name: value for name, value in known.items() if value}


def names(wanted: EscalationSettings) -> str:
    """Whom we ring, for the journal."""
    return ", ".join(next(iter(_where(target).values())) for target in wanted.target)


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
