"""What the conversations of a process share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from calls.call import CallerProfile
from calls.live import Tell, tell_nobody
from calls.ports import Journal
from calls.settings import Settings
from calls.tracing import NOT_TRACED, Traces
from stream.lane import Lanes
from stream.work import Engines


def utc_now() -> datetime:
    return datetime.now(UTC)


def nobody_known(phone: str) -> None:
    """The `profile` of a house without files."""


def promise_nothing(call_sid: str) -> None:
    """The `promise` of a house that keeps no list of call backs."""


@dataclass(frozen=True, slots=True)
class House:
    engines: Engines
    journal: Journal
    close: Callable[[str], object]  # call_sid -> the call's ticket is made or brought up to date
    settings: Settings
    lanes: Lanes
    profile: Callable[[str], CallerProfile | None] = nobody_known  # who calls; may take its time
    clock: Callable[[], float] = field(default=time.monotonic)
    now: Callable[[], datetime] = field(default=utc_now)
    tell: Tell = field(default=tell_nobody)  # live events
    promise: Callable[[str], object] = promise_nothing  # call_sid -> the call back that it was promised is noted; once a call
    traces: Traces = NOT_TRACED
