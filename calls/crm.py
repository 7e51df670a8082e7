"""What the rooms that deliver a call to a CRM share: the finished call, and the port that a CRM's adapter fits into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from calls.call import CallRecord, CallSummary
from calls.handover import Directory


@dataclass(frozen=True, slots=True)
class FinishedCall:
    """A call that is over, as it goes out."""

    record: CallRecord
    summary: CallSummary
    ticket_id: str = ""  # on the built-in desk
    about_ticket_id: str = ""  # of this CRM: an open ticket that the caller said the call was about
    there: Mapping[str, str] = field(default_factory=dict)  # what the steps of the call's own delivery brought, when its wrap-up goes out
    directory: Directory = field(default_factory=Directory)  # what the record's agents are called
    at: datetime | None = None  # when it was put together

    @property
    def known_since(self) -> datetime | None:
        """When what goes out was there to be told: the end of the call, or its wrap-up."""
        return self.record.wrap_up.at if self.there and self.record.wrap_up else self.record.ended_at


@dataclass(frozen=True, slots=True)
class KnownCaller:
    """What a CRM knows of a caller by the phone number."""

    crm: str
    id: str
    name: str = ""
    licence_expiry: str = ""  # ISO date, "" unknown
    url: str = ""  # the customer's page there, "" where it can't be told


class Teller(Protocol):
    """Tells a CRM of something. The delivery does its steps in order and keeps what each returned; one that is done is not done again."""

    name: str
    steps: tuple[str, ...]

    def do(self, step: str, call: FinishedCall, done: Mapping[str, str], *, attempt: int) -> str:
        """Do one step; returns what later steps and people need of it (an id), or "" for nothing.

        `done`: results of the earlier steps. `attempt` counts from 1; from 2 on, what was tried before may have happened.
        Raises CrmRefused, CrmBusy or CrmUnknown."""


class CrmAdapter(Teller, Protocol):
    """One CRM."""

    def known_caller(self, phone: str, *, timeout_s: float) -> KnownCaller | None:
        """Who calls; None for nobody known, an unusable number, or a CRM that does not answer in time. Never raises."""


@runtime_checkable
class TakesWrapUps(Protocol):
    """A CRM that can be told afterwards what an agent said of a call that it has."""

    def wrap_ups(self) -> Teller:
        """For calls that were delivered: their record has a wrap-up, `there` what the CRM has of them."""
