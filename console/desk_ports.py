"""What the pages of the agents look for in `app.extensions["bot"]`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from flask import current_app

from calls.agents import WrapUp
from calls.call import CallRecord, CallSummary, Ticket
from calls.live import Live
from calls.pops import topic
from calls.settings import Environment, Settings
from crm.desk import Desk
from records.callbacks import Callbacks
from records.history import History
from records.journal import Journal
from records.people import People
from records.presence import Presences


class Closing(Protocol):
    def close(self, sid: str, *, now: datetime) -> Ticket | None:
        """Bring the call's ticket up to date."""


class Bot(Protocol):
    settings: Settings
    environment: Environment
    journal: Journal
    desk: Desk
    summarizer: Callable[[CallRecord], CallSummary]
    live: Live
    presences: Presences
    callbacks: Callbacks
    history: History
    people: People
    closing: Closing
    secrets: tuple[str, ...]
    clock: Callable[[], datetime]

    def suggestion(self, record: CallRecord, language: str) -> str:
        """A first sentence for the agent."""

    def wrapped_up(self, wrap_up: WrapUp, now: datetime) -> Ticket | None:
        """Keep what an agent says of a call, correct its ticket and tell the CRMs. Returns the ticket, if the call has one."""

    def stopping(self) -> bool:
        """SIGTERM came: open event streams must end."""


def house() -> Bot:
    bot: Bot = current_app.extensions["bot"]
    return bot


def called(intent: str) -> str:
    """What an intent is called on our pages, which are in English."""
    return topic(house().settings, intent, "en")
