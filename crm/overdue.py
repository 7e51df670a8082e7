"""Broken promises: a call back that nobody made in time is told to the operator once, and its ticket becomes urgent."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from calls.agents import Callback
from crm.desk import Desk

log = logging.getLogger(__name__)

AT_ONCE = 1000
BEFORE_WE_CAME = timedelta(minutes=1)  # what was broken earlier was told by the worker before us, or shows in the metric


class Promises(Protocol):
    """records.callbacks.Callbacks."""

    def open(self, limit: int = 100) -> Sequence[Callback]:
        """Those still to be kept, the earliest due first."""


class Overdue:
    """One a worker. `sweep` raises JournalError and CrmError; the next one goes on where it was."""

    def __init__(self, promises: Promises, desk: Desk) -> None:
        self._promises, self._desk = promises, desk
        self._told_until: datetime | None = None

    def sweep(self, now: datetime) -> int:
        """How many promises were broken since the last sweep."""
        late = [each for each in self._promises.open(AT_ONCE) if each.overdue(now)]
        self._desk.make_urgent([each.call_sid for each in late], now=now)
        since = self._told_until or now - BEFORE_WE_CAME
        fresh = [each for each in late if each.due_at >= since]
        for each in fresh:
            log.warning("a promised call back is overdue", extra={"call_sid": each.call_sid, "callback": each.id})
        self._told_until = now
        return len(fresh)
