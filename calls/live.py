"""What happens now, for the people who watch: events that travel to every process's pages. Nothing depends on their arrival.

| kind | call_sid | agent | data |
|---|---|---|---|
| call | yes | | parts of a live call's row: state, caller, language, intent, confidence, last_words, reply_ms, turns, agent ... |
| words | yes | | number, speaker ("caller", "bot"), text, language; for the caller's also intent, confidence, reply_ms once known |
| pop | yes | whom it rings | a ScreenPop as JSON |
| transfer | yes | whom it concerns | state: ringing, briefed, accepted, declined, missed, gone (the caller hung up), ended; talk_s |
| presence | | who | state: available, away; call_sid |
| callback | yes | | id, state, due_at |
| ticket | yes | | id, status, intent |

`call`'s state is one of STATES. Values are JSON: texts, numbers, booleans, None, lists and mappings of them.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Protocol, Self

STATES = ("greeting", "listening", "thinking", "speaking", "ringing", "with_agent", "ended")
Tell = Callable[[str, str, Mapping[str, Any]], None]
"""`tell(kind, call_sid, data)`: how a room without more interest in live events publishes one. Never raises, never waits."""


@dataclass(frozen=True, slots=True)
class LiveEvent:
    kind: str
    call_sid: str = ""
    agent: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


class Subscription(Protocol):
    """Every event published anywhere after `subscribe` returned, in the order in which it came here."""

    def get(self, timeout_s: float) -> LiveEvent | None:
        """The next one; None when none came in time."""

    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class Live(Protocol):
    def publish(self, event: LiveEvent) -> None:
        """To the subscribers of every process. Never raises, and never waits for a database or a network."""

    def subscribe(self) -> Subscription: ...


def tell_nobody(kind: str, call_sid: str, data: Mapping[str, Any]) -> None:
    """A `Tell` without listeners."""


class FakeLive:
    """A `Live` within one thread: what is published is in `events`, and with those who subscribed."""

    def __init__(self) -> None:
        self.events: list[LiveEvent] = []
        self._open: list[FakeSubscription] = []

    def publish(self, event: LiveEvent) -> None:
        self.events.append(event)
        for subscription in self._open:
            subscription.waiting.append(event)

    def subscribe(self) -> FakeSubscription:
        self._open.append(subscription := FakeSubscription())
        return subscription


class FakeSubscription:
    def __init__(self) -> None:
        self.waiting: deque[LiveEvent] = deque()

    def get(self, timeout_s: float) -> LiveEvent | None:
        return self.waiting.popleft() if self.waiting else None

    def close(self) -> None:
        self.waiting.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
