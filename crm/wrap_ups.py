"""What an agent says of a call afterwards, on its way to the CRMs that have the call already: a delivery of its own, "<crm>.wrap_up".

A wrap-up that comes before the call goes out is in what goes out. One that comes later, or replaces an earlier one, is told once
more; each carries a mark with its moment, so that a CRM can be asked whether it has this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from calls.agents import WrapUp
from calls.call import CallRecord
from calls.crm import CrmAdapter, FinishedCall, TakesWrapUps, Teller
from calls.errors import CrmRefused

SUFFIX = ".wrap_up"
TICK = timedelta(milliseconds=1)  # marks count in them


def told_as(crm: str) -> str:
    return crm + SUFFIX


def crm_of(delivery: str) -> str:
    """ "hubspot" of "hubspot.wrap_up"; "" of a delivery that is no wrap-up's."""
    return delivery.removesuffix(SUFFIX) if delivery.endswith(SUFFIX) else ""


def tellers(crms: Mapping[str, CrmAdapter]) -> dict[str, Teller]:
    """By their deliveries' names, of those CRMs that can be told."""
    return {told_as(name): crm.wrap_ups() for name, crm in crms.items() if isinstance(crm, TakesWrapUps)}


def mark(record: CallRecord) -> str:
    """By this we know what we have told of the call's wrap-up; "" when it has none."""
    at = record.wrap_up.at if record.wrap_up else None
    return f"[vb:{record.sid}:wrap:{round(at.timestamp() * 1000)}]" if at else ""


def wrap_up_in(call: FinishedCall) -> WrapUp:
    """Raises CrmRefused when there is nothing to tell."""
    if call.record.wrap_up is None:
        raise CrmRefused("the journal knows no wrap-up of this call")
    return call.record.wrap_up


def as_first_said(wrap_up: WrapUp, earlier: WrapUp | None) -> WrapUp:
    """The same words again, as after a double click, are still those of the first time."""
    if earlier is not None and replace(wrap_up, at=earlier.at) == earlier:
        return earlier
    return wrap_up if earlier is None else replace(wrap_up, at=max(wrap_up.at, earlier.at + TICK))
