"""Moments as people read them: in the time zone of whoever works there. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from calls.helpdesk import EscalationSettings


@dataclass(frozen=True, slots=True)
class Clock:
    """The wall clock of a person who looks at a page, at one moment."""

    zone: ZoneInfo
    now: datetime

    def __call__(self, at: datetime) -> str:
        """ "10:32" today, "Mon 2 Mar 10:32" on other days of this year, else with the year."""
        here, today = at.astimezone(self.zone), self.now.astimezone(self.zone)
        if here.date() == today.date():
            return f"{here:%H:%M}"
        return f"{here:%a} {here.day} {here:%b %H:%M}" if here.year == today.year else f"{here.day} {here:%b %Y %H:%M}"

    def today(self, at: datetime) -> bool:
        return at.astimezone(self.zone).date() == self.now.astimezone(self.zone).date()


def clock_for(settings: EscalationSettings, agent: str, now: datetime) -> Clock:
    """In the agent's hours' zone; where no hours are said for the agent, in that of the call backs, or the first there is; else UTC."""
    known = settings.agents.get(agent)
    names = [known.hours if known else None, settings.callback.hours, *settings.hours]
    zones = [settings.hours[name].time_zone for name in names if name]
    return Clock(ZoneInfo(zones[0] if zones else "UTC"), now)
