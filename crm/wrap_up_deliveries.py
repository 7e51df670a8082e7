"""Wrap-ups on their way: each is told once to every CRM that has the call already, also when the process that took it down dies."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta

from calls.agents import WrapUp
from calls.errors import CrmBusy, CrmRefused
from crm.deliveries import Deliveries
from crm.delivery import State
from crm.wrap_ups import told_as

CALL_FIRST_S = 3.0  # a call that is on its way itself has arrived by then
CLOCKS = timedelta(seconds=10)  # the clocks of two machines, and the time between saying and writing
FIRST_LOOK, LOOK = timedelta(days=1), timedelta(minutes=2)


class WrapUpDeliveries:
    """`crms`: those that can be told. All methods raise CrmError; `recent` gives the wrap-ups written since a moment."""

    def __init__(self, deliveries: Deliveries, crms: Collection[str], recent: Callable[[datetime], list[WrapUp]]) -> None:
        self._deliveries, self._crms, self._recent = deliveries, tuple(crms), recent
        self._looked_at: datetime | None = None

    def behind(self, call_sid: str) -> list[str]:
        """The CRMs to which the call is on its way or has come: what is said of it now they must be told."""
        return [crm for crm in self._crms if self._deliveries.show(call_sid, crm)]

    def tell(self, wrap_up: WrapUp, crms: Collection[str], *, now: datetime) -> None:
        for crm in crms:
            call = self._deliveries.show(wrap_up.call_sid, crm)
            wait_s = 0.0 if call and call.state is State.DELIVERED else CALL_FIRST_S
            self._deliveries.tell(wrap_up.call_sid, told_as(crm), at=wrap_up.at, now=now, delay_s=wait_s)

    def there(self, call_sid: str, crm: str) -> Mapping[str, str]:
        """What the CRM has of the call: the results of its delivery's steps. Raises CrmBusy before it has come there, and CrmRefused
        when that was given up."""
        call = self._deliveries.show(call_sid, crm)
        if call is None or call.state is State.FAILED:
            raise CrmRefused("the call itself was not delivered there: try that again first, then its wrap-up")
        if call.state is not State.DELIVERED:
            raise CrmBusy("the call itself is still on its way there")
        return {name: step.result for name, step in call.steps.items() if step.result is not None}

    def sweep(self, now: datetime) -> int:
        """Tell what was written by a process that died before it could; how many wrap-ups were looked at."""
        found = self._recent(now - (LOOK if self._looked_at else FIRST_LOOK))
        for wrap_up in found:
            self.tell(wrap_up, [crm for crm in self._crms if self._untold(wrap_up, crm)], now=now)
        self._looked_at = now
        return len(found)

    def _untold(self, wrap_up: WrapUp, crm: str) -> bool:
        """The call went out before this was said, and nothing as new has followed it."""
        told = self._deliveries.show(wrap_up.call_sid, told_as(crm))
        if told is not None and told.created_at >= wrap_up.at:
            return False
        call = self._deliveries.show(wrap_up.call_sid, crm)
        return call is not None and call.created_at < wrap_up.at + CLOCKS
