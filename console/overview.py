"""What a supervisor sees beside the calls: slots, the agents, overdue call backs. Read from the database once for all who watch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from calls.agents import AgentPresence, Presence
from calls.ears import Ears
from calls.helpdesk import Agent
from records.presence import SEEN_WITHIN

FRESH = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class AgentLine:
    """`state`: "available", "away", "desk closed", "on a call" or "wrapping up"."""

    name: str
    state: str
    since: datetime | None = None
    call_sid: str = ""


@dataclass(frozen=True, slots=True)
class Overview:
    slots: int  # of the bot, taken
    slots_max: int
    agents: tuple[AgentLine, ...]
    overdue: int  # promised call backs
    ears: Ears  # who hears the callers of this process


class Journal(Protocol):
    def active(self, now: datetime) -> int: ...


class Presences(Protocol):
    def all(self) -> list[AgentPresence]: ...


class Callbacks(Protocol):
    def overdue(self, *, now: datetime) -> int: ...


class SharedOverview:
    """At most 5 s old; `get` of a new `version` looks again."""

    def __init__(
        self,
        journal: Journal,
        presences: Presences,
        callbacks: Callbacks,
        agents: Mapping[str, Agent],
        slots_max: int,
        *,
        ears: Callable[[], Ears],
        clock: Callable[[], datetime],
    ) -> None:
        self._journal, self._presences, self._callbacks = journal, presences, callbacks
        self._agents, self._slots_max, self._clock = agents, slots_max, clock
        self._lock, self._ears = threading.Lock(), ears
        self._known: tuple[int, datetime, Overview] | None = None

    def get(self, version: int) -> Overview:
        """Raises JournalError."""
        now = self._clock()
        with self._lock:
            if self._known is None or self._known[0] != version or now - self._known[1] >= FRESH:
                self._known = (version, now, self._looked(now))
            return self._known[2]

    def _looked(self, now: datetime) -> Overview:
        here = {each.agent: each for each in self._presences.all()}
        agents = tuple(agent_line(agent.name, here.get(id_), agent.presence == "always", now) for id_, agent in self._agents.items())
        return Overview(self._journal.active(now), self._slots_max, agents, self._callbacks.overdue(now=now), self._ears())


def agent_line(name: str, here: AgentPresence | None, always: bool, now: datetime) -> AgentLine:
    """`always`: this agent is rung whether the desk is open or not."""
    if here and here.busy_until and here.busy_until > now:
        return AgentLine(name, "on a call" if here.call_sid else "wrapping up", None, here.call_sid)
    if always:
        return AgentLine(name, "available")
    if here is None or here.state is Presence.AWAY:
        return AgentLine(name, "away", here.since if here else None)
    if now - here.seen_at > SEEN_WITHIN:
        return AgentLine(name, "desk closed", here.seen_at)
    return AgentLine(name, "available", here.since)
