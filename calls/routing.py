"""Whom to ring for a call: by intent, language, hours and presence. Pure: the time and who is there are arguments."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from calls.helpdesk import SWITCHBOARD as SWITCHBOARD
from calls.helpdesk import Agent, EscalationSettings, Hours, Queue

UNCLEAR = ("", "other", "transfer_to_human")  # intents that do not say what a call is about
FAR_AHEAD_DAYS = 400
SOON_DAYS = 14


@dataclass(frozen=True, slots=True)
class Ring:
    """One try: these agents ring at once, on their telephones (`dial`) or on the desk's page (`desk`)."""

    queue: str  # "" for the switchboard
    agents: tuple[str, ...]  # ids; (SWITCHBOARD,) for escalation.target
    timeout_s: int
    by: Literal["dial", "desk"] = "dial"


def rings(
    settings: EscalationSettings, *, intent: str, language: str, now: datetime, present: Collection[str], tried: Collection[str] = ()
) -> list[Ring]:
    """The tries still to be made, the next one first; empty when nobody is left to ring.

    `present`: ids of agents who are available on the desk. `tried`: ids rung for this call already.
    Agents who speak the caller's language come first, then those who only know the matter (better somebody than nobody), then the
    switchboard; and for a call of which nobody knows what it is about, in the end whoever is there."""
    taken = set(tried)
    found = [*queued(settings, intent, language, now, present, taken), *queued(settings, intent, "", now, present, taken)]
    if settings.target and SWITCHBOARD not in taken and is_open(settings, settings.target_hours, now):
        found.append(Ring("", (SWITCHBOARD,), settings.ring_timeout_s))
    if intent in UNCLEAR:
        found += [*queued(settings, "", language, now, present, taken), *queued(settings, "", "", now, present, taken)]
    return found


def queued(
    settings: EscalationSettings, intent: str, language: str, now: datetime, present: Collection[str], taken: set[str]
) -> Iterator[Ring]:
    """The tries that the queues give, in their order; who is to be rung is added to `taken`. Empty words fit any queue and agent."""
    for name, queue in settings.queues.items():
        if not serves(settings, queue, intent, language, now):
            continue
        able = (agent for agent in dict.fromkeys(queue.agents) if can_take(settings, agent, intent, language, now, present))
        fitting = [agent for agent in able if agent not in taken]
        taken.update(fitting)
        yield from ringing(settings, name, queue, fitting)


def serves(settings: EscalationSettings, queue: Queue, intent: str, language: str, now: datetime) -> bool:
    """Whether such a call comes to the queue; an empty language fits any."""
    return fits(queue.intents, intent) and fits(queue.languages, language) and is_open(settings, queue.hours, now)


def can_take(settings: EscalationSettings, agent_id: str, intent: str, language: str, now: datetime, present: Collection[str]) -> bool:
    agent: Agent = settings.agents[agent_id]
    there = agent.presence == "always" or agent_id in present
    return there and fits(agent.intents, intent) and fits(agent.languages, language) and is_open(settings, agent.hours, now)


def fits(skills: Collection[str], wanted: str) -> bool:
    return not skills or not wanted or wanted in skills


def ringing(settings: EscalationSettings, name: str, queue: Queue, agents: list[str]) -> Iterator[Ring]:
    """A queue that rings all at once has two tries at most: the telephones, and the desk's pages."""
    if queue.ring == "in_order":
        for agent in agents:
            yield Ring(name, (agent,), queue.ring_timeout_s, by_of(settings, agent))
        return
    together: tuple[Literal["dial", "desk"], ...] = ("dial", "desk")
    for by in together:
        alike = tuple(agent for agent in agents if by_of(settings, agent) == by)
        if alike:
            yield Ring(name, alike, queue.ring_timeout_s, by)


def by_of(settings: EscalationSettings, agent_id: str) -> Literal["dial", "desk"]:
    return "desk" if settings.agents[agent_id].target.type == "desk" else "dial"


def is_open(settings: EscalationSettings, hours: str | None, now: datetime) -> bool:
    return hours is None or any(begin <= now < end for begin, end in openings(settings.hours[hours], now, days=1))


def openings(hours: Hours, now: datetime, *, days: int = FAR_AHEAD_DAYS) -> Iterator[tuple[datetime, datetime]]:
    """(begin, end) in UTC of every opening that ends after `now`, for so many days ahead."""
    zone = ZoneInfo(hours.time_zone)
    today = now.astimezone(zone).date()
    for day in (today + timedelta(days=ahead) for ahead in range(days)):
        for begin, end in hours.spans(day):
            opens, closes = moment(day, begin, zone), moment(day, end, zone) if end else moment(day + timedelta(days=1), time.min, zone)
            if closes > now:
                yield opens, closes


def moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """In UTC, as moments of one zone are compared and subtracted by their clocks, which jump twice a year."""
    return datetime.combine(day, clock, zone).astimezone(UTC)


def opens_at(settings: EscalationSettings, *, intent: str, language: str, now: datetime) -> datetime | None:
    """When such a call could be taken if everybody came: `now`, or when the first hours open (in their time zone); None: not soon."""
    begins = [
        begin.astimezone(ZoneInfo(hours.time_zone))
        for hours in settings.hours.values()
        for begin, _ in openings(hours, now, days=SOON_DAYS)
        if begin > now
    ]
    moments = [now, *sorted(begins)]
    return next((at for at in moments if rings(settings, intent=intent, language=language, now=at, present=settings.agents)), None)


def callback_due(settings: EscalationSettings, now: datetime) -> datetime:
    """Until when a promised call back is to be made: so many minutes of opening hours from now."""
    left = timedelta(minutes=settings.callback.within_min)
    if settings.callback.hours is None:
        return now + left
    for begin, end in openings(settings.hours[settings.callback.hours], now):
        begin = max(begin, now)
        if end - begin >= left:
            return (begin + left).astimezone(now.tzinfo)
        left -= end - begin
    return now + left  # hours that are never open: a promise without end is worse
