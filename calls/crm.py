"""What the rooms that deliver a call to a CRM share: the finished call, and the port that a CRM's adapter fits into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from calls.call import CallRecord, CallSummary


@dataclass(frozen=True, slots=True)
class FinishedCall:
    """A call that is over, as it goes out."""

    record: CallRecord
    summary: CallSummary
    ticket_id: str = ""  # on the built-in desk
    about_ticket_id: str = ""  # of this CRM: an open ticket that the caller said the call was about


@dataclass(frozen=True, slots=True)
class KnownCaller:
    """What a CRM knows of a caller by the phone number."""

    crm: str
    id: str
    name: str = ""
    licence_expiry: str = ""  # ISO date, "" unknown


class CrmAdapter(Protocol):
    """One CRM. The delivery does its steps in order and keeps what each returned; one that is done is not done again."""

    name: str
    steps: tuple[str, ...]

    def do(self, step: str, call: FinishedCall, done: Mapping[str, str], *, attempt: int) -> str:
        """Do one step; returns what later steps and people need of it (an id), or "" for nothing.

        `done`: results of the earlier steps. `attempt` counts from 1; from 2 on, what was tried before may have happened.
        Raises CrmRefused, CrmBusy or CrmUnknown."""

    def known_caller(self, phone: str, *, timeout_s: float) -> KnownCaller | None:
        """Who calls; None for nobody known, an unusable number, or a CRM that does not answer in time. Never raises."""
