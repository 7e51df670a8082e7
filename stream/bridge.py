"""A caller and an agent who talks through the desk's page, joined: no telephone rings.

Each side has a thread, which alone reads and writes its own socket (stream/bridge_sides.py); sound goes from one to the other through
a `Pipe`. The caller waits in this process, so only an agent's page that reaches this process can join.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from calls.agents import Escalation, LegAnswer
from calls.call import Call, CallRecord
from calls.helpdesk import EscalationSettings
from calls.live import LiveEvent
from stream.lane import Lanes
from stream.pipe import Pipe

AFTER = "bridge"  # the stream's metadata: its caller waits for an agent's page
AGENT_RATE = 16_000  # Hz, of the desk's page
JOIN_S = 2.0  # a page may be quicker than the caller's socket


class BridgeJournal(Protocol):
    """The journal as a bridge uses it (records.journal.Journal). All may be called twice and raise JournalError."""

    def record(self, sid: str) -> CallRecord | None: ...
    def alive(self, call_sid: str, now: datetime) -> None: ...
    def leg_answered(self, call_sid: str, leg_sid: str, agent: str, answer: LegAnswer, now: datetime) -> bool: ...
    def leg_ended(self, call_sid: str, leg_sid: str, now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Office:
    """What a bridge asks of the house."""

    journal: BridgeJournal
    settings: EscalationSettings
    lanes: Lanes
    publish: Callable[[LiveEvent], None]
    clock: Callable[[], float]
    now: Callable[[], datetime]

    def ring_s(self, queue: str) -> int:
        """So long an agent of the queue has to answer."""
        known = self.settings.queues.get(queue)
        return known.ring_timeout_s if known else self.settings.ring_timeout_s


def desk_try(record: CallRecord | None) -> Escalation | None:
    """The try to hand the call to an agent's page that goes on now."""
    latest = record.escalations[-1] if record and record.escalations else None
    return latest if latest and latest.by == "desk" and latest.ended_at is None else None


@dataclass(frozen=True, slots=True)
class Joined:
    """An agent's page has joined the caller."""

    agent: str
    leg_sid: str
    to_agent: Pipe
    to_caller: Pipe


class Bridge:
    """What the two sides share: who has joined, and whether it is over. The first page wins."""

    def __init__(self, call: Call, attempt: Escalation, wake_caller: Callable[[], None]) -> None:
        self.call, self.attempt = call, attempt
        self.joined: Joined | None = None
        self._wake_caller, self._lock, self._over = wake_caller, threading.Lock(), threading.Event()

    def join(self, agent: str, sample_rate: int, wake_agent: Callable[[], None]) -> Joined | str:
        """The agent's page, whose sound has `sample_rate` Hz, joins; or why it can't: "not_rung", "gone", "taken"."""
        with self._lock:
            if agent not in self.attempt.agents:
                return "not_rung"
            if self.over or self.joined:
                return "gone" if self.over else "taken"
            to_agent = Pipe(self.call.sample_rate, sample_rate, wake_agent)
            to_caller = Pipe(sample_rate, self.call.sample_rate, self._wake_caller)
            self.joined = Joined(agent, f"desk-{agent}-{self.attempt.id}", to_agent, to_caller)
        self._wake_caller()
        return self.joined

    @property
    def over(self) -> bool:
        return self._over.is_set()

    def end(self) -> None:
        """From either side, however often."""
        with self._lock:  # who joins at this moment has joined, or comes too late
            self._over.set()
        self._wake_caller()
        if self.joined:
            self.joined.to_agent.wake()


class Bridges:
    """The bridges whose callers are in this process."""

    def __init__(self) -> None:
        self._bridges: dict[str, Bridge] = {}
        self._changed = threading.Condition()

    @contextmanager
    def opened(self, bridge: Bridge) -> Iterator[Bridge]:
        sid = bridge.call.sid
        with self._changed:
            self._bridges[sid] = bridge
            self._changed.notify_all()
        try:
            yield bridge
        finally:
            bridge.end()
            with self._changed:
                if self._bridges.get(sid) is bridge:
                    del self._bridges[sid]

    def of(self, call_sid: str, *, within_s: float = JOIN_S) -> Bridge | None:
        with self._changed:
            self._changed.wait_for(lambda: call_sid in self._bridges, within_s)
            return self._bridges.get(call_sid)
