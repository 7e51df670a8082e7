"""What the hooks ask of the house. The composition puts an object that fits `Bot` in `app.extensions["bot"]`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, cast

from flask import current_app

from calls.agents import AgentPresence, Callback, CallbackState, LegAnswer, ScreenPop
from calls.call import CallEnd, CallRecord, Outcome, Ticket, Turn
from calls.live import Live
from calls.ports import Languages, Summarizer, Understanding, Voice
from calls.settings import Environment, Settings


class CallJournal(Protocol):
    """The journal as the hooks use it (records.journal.Journal). Every method may be called twice; raises JournalError."""

    def call_started(self, *, sid: str, direction: str, caller: str, called: str, language: str, now: datetime) -> bool:
        """Whether the call has a slot; the same sid again takes no second one."""

    def status_changed(
        self, call_sid: str, status: str, *, now: datetime, duration_s: int | None = None, terminated_by: str = ""
    ) -> CallEnd | None: ...

    def outcome(self, call_sid: str) -> Outcome | None: ...

    def record(self, call_sid: str) -> CallRecord | None: ...

    def call_ended(self, call_sid: str, outcome: Outcome, *, now: datetime) -> None: ...

    def turn_finished(self, call_sid: str, turn: Turn) -> None: ...

    def consent_declined(self, call_sid: str) -> None: ...

    def reopened(self, call_sid: str, now: datetime, *, most: int, apart: timedelta) -> bool:
        """Whether a stream that broke may be opened again; not idempotent."""

    def escalation_started(
        self, call_sid: str, target: str, now: datetime, *, queue: str = "", agents: Sequence[str] = (), by: str = "dial"
    ) -> bool:
        """Whether this began a try; False while an earlier one still rings, or when an agent has talked."""

    def agent_leg(
        self, call_sid: str, agent_call_sid: str, state: str, sip_status: int | None, now: datetime, *, candidates: Collection[str] = ()
    ) -> LegAnswer:
        """What the agent on that leg has said so far."""

    def leg_answered(self, call_sid: str, leg_sid: str, agent: str, answer: LegAnswer, now: datetime) -> bool:
        """Whether the answer holds: not when another agent has taken the call or the try is over."""

    def leg_repeated(self, call_sid: str, leg_sid: str) -> None: ...

    def escalation_ended(self, call_sid: str, state: str, sip_status: int | None, agent_call_sid: str, now: datetime) -> bool:
        """Whether that is news."""


class CallClosing(Protocol):
    """Makes a call's ticket, or brings it up to date (records' Closing)."""

    def close(self, sid: str, *, now: datetime) -> Ticket | None: ...


class TicketDesk(Protocol):
    """The built-in desk (crm.desk.Desk). Raises CrmError."""

    def ticket_of(self, call_sid: str) -> Ticket | None: ...

    def tickets_of(self, phone: str) -> list[Ticket]:
        """The caller's open ones."""


class AgentPresences(Protocol):
    """Where the agents are, and whom a call has reserved (records.presence.Presences). Raises JournalError."""

    def of(self, agent: str) -> AgentPresence | None: ...
    def free(self, *, now: datetime) -> set[str]: ...
    def busy(self, *, now: datetime) -> set[str]: ...

    def reserve(self, agents: Collection[str], call_sid: str, *, now: datetime, until: datetime) -> tuple[str, ...]:
        """Those of them that no other call has."""

    def release(
        self, call_sid: str, *, now: datetime, agents: Collection[str] | None = None, busy_until: datetime | None = None
    ) -> None: ...


class PromisedCallbacks(Protocol):
    """records.callbacks.Callbacks. Raises JournalError."""

    def promise(self, *, call_sid: str, phone: str, intent: str, language: str, reason: str, due_at: datetime, now: datetime) -> Callback:
        """Once a call: asked again, the first one."""

    def settle(self, callback_id: int, state: CallbackState, person: str, note: str, *, now: datetime) -> Callback | None: ...


@dataclass(frozen=True, slots=True)
class ByRules:
    """What understands callers whom our recognisers can't hear: it needs no ears, no model and no network."""

    settings: Settings  # that it goes by
    understanding: Understanding
    languages: Languages


class Bot(Protocol):
    """The house, as the hooks see it. `secrets` sign our tokens: never empty, random where none is configured."""

    @property
    def settings(self) -> Settings: ...
    @property
    def environment(self) -> Environment: ...
    @property
    def journal(self) -> CallJournal: ...
    @property
    def closing(self) -> CallClosing: ...
    @property
    def desk(self) -> TicketDesk: ...
    @property
    def presences(self) -> AgentPresences: ...
    @property
    def callbacks(self) -> PromisedCallbacks: ...
    @property
    def live(self) -> Live: ...
    @property
    def summarizer(self) -> Summarizer: ...
    @property
    def voice(self) -> Voice | None:
        """None until the engines are loaded."""

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

    @property
    def deaf(self) -> Callable[[], bool]:
        """Whether this process has no engines and will have none: not one that loads them, is full or on its way out."""

    @property
    def by_rules(self) -> Callable[[], ByRules]:
        """Raises EngineError while they are not learnt."""

    @property
    def promise(self) -> Callable[[str], None]:
        """The bot has promised to call this call_sid's caller back. Raises JournalError."""

    @property
    def briefing(self) -> Callable[[ScreenPop, str], list[tuple[str, str]]]:
        """(sentence, language) of what an agent hears, in this language, before a call is put through."""

    @property
    def suggestion(self) -> Callable[[CallRecord, str], str]:
        """A first sentence for the agent, in this language."""

    @property
    def push_pop(self) -> Callable[[ScreenPop], None]:
        """Send it to the operator's own address, if there is one. Never raises, never waits."""


def bot() -> Bot:
    """The house that the current request stands in."""
    return cast(Bot, current_app.extensions["bot"])
