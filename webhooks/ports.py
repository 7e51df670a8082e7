"""What the hooks ask of the house. The composition puts an object that fits `Bot` in `app.extensions["bot"]`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, cast

from flask import current_app

from calls.call import CallRecord, Outcome, Ticket
from calls.ports import Summarizer
from calls.settings import Environment, Settings


class CallJournal(Protocol):
    """The journal as the hooks use it (records.journal.Journal). Every method may be called twice; raises JournalError."""

    def call_started(self, *, sid: str, direction: str, caller: str, called: str, language: str, now: datetime) -> bool:
        """Whether the call has a slot; the same sid again takes no second one."""

    def status_changed(
        self, call_sid: str, status: str, *, now: datetime, duration_s: int | None = None, terminated_by: str = ""
    ) -> None: ...

    def outcome(self, call_sid: str) -> Outcome | None: ...

    def record(self, call_sid: str) -> CallRecord | None: ...

    def call_ended(self, call_sid: str, outcome: Outcome, *, now: datetime) -> None: ...

    def escalation_started(self, call_sid: str, target: str, now: datetime) -> bool:
        """Whether this hook began to dial; False while an earlier one still dials, or has been completed."""

    def agent_leg(self, call_sid: str, agent_call_sid: str, state: str, sip_status: int | None, now: datetime) -> None: ...

    def escalation_ended(self, call_sid: str, state: str, sip_status: int | None, agent_call_sid: str, now: datetime) -> None: ...


class CallClosing(Protocol):
    """Makes a call's ticket, or brings it up to date (records' Closing)."""

    def close(self, sid: str, *, now: datetime) -> Ticket | None: ...


class Bot(Protocol):
    """The house, as the hooks see it. `secrets` sign our audio tokens: never empty, random where none is configured."""

    @property
    def settings(self) -> Settings: ...
    @property
    def environment(self) -> Environment: ...
    @property
    def journal(self) -> CallJournal: ...
    @property
    def closing(self) -> CallClosing: ...
    @property
    def summarizer(self) -> Summarizer: ...
    @property
    def secrets(self) -> tuple[str, ...]: ...
    @property
    def unsigned_allowed(self) -> bool: ...
    @property
    def clock(self) -> Callable[[], datetime]:
        """The time now, aware, in UTC."""

    @property
    def draining(self) -> Callable[[], bool]:
        """Whether this process is on its way out and takes no new call."""


def bot() -> Bot:
    """The house that the current request stands in."""
    return cast(Bot, current_app.extensions["bot"])
