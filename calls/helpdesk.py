"""Who takes over from the bot: the part of jambonz-app.json that names agents, queues, hours, and how a call is handed over."""

from __future__ import annotations

import re
from datetime import date, time
from itertools import pairwise
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from calls.section import LanguageCode, Misfits, Section, Text, unknown

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WebAddress = Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$", max_length=2000)]
SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(([01]\d|2[0-3]):([0-5]\d)|24:00)")
SWITCHBOARD = "switchboard"  # stands for escalation.target among the agents' ids


class Target(Section):
    """A human to dial, as Jambonz's dial verb wants it; or (`desk`) one who talks through the desk's page, without a telephone."""

    type: Literal["phone", "user", "sip", "desk"] = Field(
        description="a telephone number, a user of Jambonz, a SIP address, or the desk's page"
    )
    number: str | None = Field(None, description="of a phone")
    name: str | None = Field(None, description="of a user: name@sip.realm")
    sip_uri: str | None = Field(None, description="of sip: sip:name@host")
    trunk: str | None = Field(None, description="the carrier that a phone is dialled through")

    @model_validator(mode="after")
    def has_its_address(self) -> Self:
        wanted = {"phone": "number", "user": "name", "sip": "sip_uri", "desk": ""}[self.type]
        if wanted and not getattr(self, wanted):
            raise ValueError(f"a target of type {self.type!r} needs {wanted!r}")
        return self


class Hours(Section):
    """When somebody is there."""

    time_zone: str = Field("Asia/Kolkata", description="as in the IANA list, Area/City")
    week: dict[Day, list[str]] = Field(description='spans of a day, as "09:30-18:00"; a day that is missing is closed')
    holidays: list[date] = Field([], description="closed on these days, as 2026-12-25")

    @field_validator("time_zone")
    @classmethod
    def is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"no time zone is called {name!r}; write one like 'Asia/Kolkata'") from None
        return name

    @field_validator("week")
    @classmethod
    def has_spans(cls, week: dict[Day, list[str]]) -> dict[Day, list[str]]:
        written = [(f"{day}.{at}", span) for day, spans in week.items() for at, span in enumerate(spans)]
        wrong = [place for place, span in written if not SPAN.fullmatch(span) or span[:5] >= span[6:]]
        if wrong:
            raise Misfits([(place, "a span is written '09:30-18:00', its end after its begin") for place in wrong])
        overlapping = [day for day, spans in week.items() if any(last[6:] > span[:5] for last, span in pairwise(sorted(spans)))]
        if overlapping:
            raise Misfits([(day, "spans of a day overlap") for day in overlapping])
        return week

    def spans(self, day: date) -> list[tuple[time, time | None]]:
        """The day's opening hours in its own time zone, the earliest first; an end of None is midnight."""
        if day in self.holidays:
            return []
        names: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
        spans = sorted(self.week.get(names[day.weekday()], []))
        return [(time.fromisoformat(span[:5]), None if span[6:] == "24:00" else time.fromisoformat(span[6:])) for span in spans]


class Agent(Section):
    """One human who takes calls."""

    name: Text = Field(description="as colleagues and tickets call the agent")
    target: Target
    intents: list[str] = Field([], description="what the agent knows; empty: everything")
    languages: list[LanguageCode] = Field([], description="what the agent speaks; empty: everything")
    language: LanguageCode | None = Field(None, description="the briefing's; the first of `languages` when absent")
    hours: str | None = Field(None, description="one of escalation.hours; always when absent")
    presence: Literal["desk", "always"] = Field("desk", description="rung when available on the desk, or always within hours")

    @model_validator(mode="after")
    def can_be_rung(self) -> Self:
        if self.target.type == "desk" and self.presence == "always":
            raise ValueError("an agent without a telephone is rung on the desk's page, and so only when available there: presence 'desk'")
        return self


class Queue(Section):
    """A group of agents for some of the calls."""

    agents: list[str] = Field(min_length=1, description="in the order in which they are rung")
    intents: list[str] = Field([], description="calls about these come here; empty: about anything")
    languages: list[LanguageCode] = Field([], description="calls in these come here; empty: in any")
    hours: str | None = Field(None, description="one of escalation.hours; always when absent")
    ring: Literal["in_order", "all"] = Field("in_order", description="one after the other, or all at once")
    ring_timeout_s: int = Field(20, ge=3, le=120, description="so long each try rings")


class Briefing(Section):
    """What an agent who answers hears before the caller is put through."""

    key_timeout_s: int = Field(8, ge=3, le=30, description="so long after the briefing a key is waited for")
    repeats: int = Field(2, ge=0, le=5, description="so often key 3 plays it again")


class Callbacks(Section):
    """Promised when nobody can take a call."""

    within_min: int = Field(120, ge=5, le=10_080, description="kept within so many minutes of opening hours")
    hours: str | None = Field(None, description="one of escalation.hours; any time when absent")


class ScreenPops(Section):
    """Ways to an agent's screen beside the desk's page."""

    url: WebAddress | None = Field(None, description="gets every screen pop as signed JSON (docs/screen-pop.md)")
    link_min: int = Field(15, ge=1, le=240, description="so long the link in the INVITE's X-Screen-Pop header can be opened")


class EscalationSettings(Section):
    """Who takes over when the bot can't help."""

    agents: dict[Id, Agent] = Field({}, description="by the id that presence and accounts use")
    queues: dict[Id, Queue] = Field({}, description="asked in the order of this file")
    hours: dict[Id, Hours] = Field({}, description="by the name that agents, queues and others refer to")
    target: list[Target] = Field([], max_length=10, description="rung all at once when no agent takes the call: a switchboard")
    target_hours: str | None = Field(None, description="one of escalation.hours, of `target`; always when absent")
    ring_timeout_s: int = Field(25, ge=3, le=120, description="of `target`")
    caller_id: str | None = Field(None, description="shown to the agent; the caller's number when absent")
    max_tries: int = Field(4, ge=1, le=10, description="so often it rings before the bot comes back to the caller")
    wrap_up_s: int = Field(60, ge=0, le=1800, description="so long after a call an agent is left alone, unless the wrap-up is done before")
    hold_sound: Literal["ringback", "silence"] | WebAddress = Field("ringback", description="heard while it rings; or a WAV's address")
    briefing: Briefing = Briefing()
    callback: Callbacks = Callbacks()
    screen_pop: ScreenPops = ScreenPops()

    @model_validator(mode="after")
    def reaches_somebody(self) -> Self:
        if not self.target and not self.queues:
            raise ValueError("nobody would be rung: name a target, or agents and a queue")
        why = "a switchboard has a telephone; 'desk' is for agents"
        desks = [(f"target.{at}", why) for at, target in enumerate(self.target) if target.type == "desk"]
        called = f"{SWITCHBOARD!r} stands for target; call the agent otherwise"
        taken = [(f"agents.{SWITCHBOARD}", called)] if SWITCHBOARD in self.agents else []
        if desks or taken:
            raise Misfits([*desks, *taken])
        return self

    @model_validator(mode="after")
    def names_what_exists(self) -> Self:
        faults = [
            (f"queues.{name}.agents.{at}", unknown("agent", agent, self.agents))
            for name, queue in self.queues.items()
            for at, agent in enumerate(queue.agents)
            if agent not in self.agents
        ]
        used = {f"agents.{name}.hours": agent.hours for name, agent in self.agents.items()}
        used |= {f"queues.{name}.hours": queue.hours for name, queue in self.queues.items()}
        used |= {"target_hours": self.target_hours, "callback.hours": self.callback.hours}
        faults += [
            (place, unknown("hours", hours, self.hours)) for place, hours in used.items() if hours is not None and hours not in self.hours
        ]
        if faults:
            raise Misfits(faults)
        return self
