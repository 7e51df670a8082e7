"""The journal: what happened in every call, kept so that any process can answer the call's next hook.

Every method may be called again with the same facts, from any thread or process. Moments are aware datetimes. All raise
JournalError (its cause is the database's error) when the database refuses or can't be reached. A call that was
never heard of is created rather than lost.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, text

from calls.agents import Customer, LegAnswer
from calls.call import CallEnd, CallRecord, Outcome, Turn
from records import legs, reading, slots, transfers, writing
from records.transactions import in_transaction

P = ParamSpec("P")
T = TypeVar("T")


class Journal:
    """`engine` is open_database's; `max_calls` may talk to the bot at once, each on a slot leased for `lease_s` seconds."""

    def __init__(self, engine: Engine, *, max_calls: int, lease_s: int = 30) -> None:
        self._writer, self._reader = engine, engine.execution_options(reads_only=True)
        self._max_calls, self._lease = max_calls, timedelta(seconds=lease_s)

    # -- the call ---------------------------------------------------------------
    def call_started(self, *, sid: str, direction: str, caller: str, called: str, language: str, now: datetime) -> bool:
        """Journal the call and reserve a slot; whether it has one. Asked again, it keeps the one it has.

        False: a full house, or a call that is over already. One whose bot part has ended may ask for a slot again."""
        facts = {"direction": direction, "caller": caller, "called": called, "language": language}
        return self._write(slots.call_started, sid=sid, **facts, now=now, max_calls=self._max_calls, lease=self._lease)

    def alive(self, call_sid: str, now: datetime) -> None:
        """A heartbeat: keeps the call's slot, if it has one, for another lease."""
        self._write(slots.alive, call_sid, now=now, lease=self._lease)

    def turn_finished(self, call_sid: str, turn: Turn) -> None:
        """Keep the turn as it is now; a later version of the same number replaces it."""
        self._write(writing.turn_finished, call_sid, turn)

    def consent_declined(self, call_sid: str) -> None:
        """The caller wants no recording."""
        self._write(writing.consent_declined, call_sid)

    def about_ticket(self, call_sid: str, ticket_id: str) -> None:
        """The caller said that the call is about this open ticket of the desk."""
        self._write(writing.about_ticket, call_sid, ticket_id)

    def customer_known(self, call_sid: str, customer: Customer) -> None:
        """A CRM has said who calls; what it says later replaces this."""
        self._write(writing.customer_known, call_sid, customer)

    def noted(self, call_sid: str, note: str, now: datetime) -> None:
        """A language model notes something for our team; the same again changes nothing."""
        self._write(writing.noted, call_sid, note, now=now)

    def summarised(self, call_sid: str, summary: str) -> None:
        """A language model has summarised the ended call."""
        self._write(writing.summarised, call_sid, summary)

    def call_ended(self, call_sid: str, outcome: Outcome, now: datetime) -> None:
        """The bot's part is over: the slot is free, and `outcome` replaces an earlier one.

        A hang-up does not replace an end that the bot or an agent has brought about, nor a goodbye a promised call back."""
        self._write(writing.call_ended, call_sid, outcome, now=now)

    def reopened(self, call_sid: str, now: datetime, *, most: int, apart: timedelta) -> bool:
        """Whether a stream that broke may be opened again, which is counted then: `most` times a call, and not sooner than `apart` after
        the last time. Not idempotent, as a stream that breaks at once tells it in the same words."""
        return self._write(writing.reopened, call_sid, now=now, most=most, apart=apart)

    def status_changed(
        self, call_sid: str, status: str, *, now: datetime, duration_s: int | None = None, terminated_by: str = ""
    ) -> CallEnd | None:
        """Jambonz's call_status, in whatever order it comes; a final one frees the slot, stays, and is answered with how the call ended."""
        return self._write(writing.status_changed, call_sid, status, now=now, duration_s=duration_s, terminated_by=terminated_by)

    # -- the way to a human -----------------------------------------------------
    def escalation_started(
        self, call_sid: str, target: str, now: datetime, *, queue: str = "", agents: Sequence[str] = (), by: str = "dial"
    ) -> bool:
        """Whether a new try was begun: not while one rings (for at most 5 minutes) or an agent talks or has talked.

        `agents`: ids of those who ring at once; on the desk's page (`by` "desk") each has a leg from now on."""
        return self._write(transfers.started, call_sid, target, now=now, queue=queue, agents=agents, by=by)

    def agent_leg(
        self, call_sid: str, agent_call_sid: str, state: str, sip_status: int | None, now: datetime, *, candidates: Collection[str] = ()
    ) -> LegAnswer:
        """A status of an agent's leg, of which the answer so far is returned; the escalation stays "dialling" until escalation_ended.

        `candidates`: the ids of the agents who may be at its number; it is the one of them who was rung."""
        return self._write(transfers.agent_leg, call_sid, agent_call_sid, state, sip_status, now=now, candidates=candidates)

    def leg_answered(self, call_sid: str, leg_sid: str, agent: str, answer: LegAnswer, now: datetime) -> bool:
        """What an agent said to the call; whether it holds. It does not when another agent took the call or the try is over.

        Who takes it sets the reservations of the others free."""
        return self._write(transfers.leg_answered, call_sid, leg_sid, agent, answer, now=now)

    def leg_repeated(self, call_sid: str, leg_sid: str) -> None:
        """The agent wants to hear the briefing again. Not idempotent: a hook sent twice plays it once too often."""
        self._write(legs.repeated, call_sid, leg_sid)

    def leg_ended(self, call_sid: str, leg_sid: str, now: datetime) -> None:
        """The agent's leg is over; for legs that Jambonz tells nothing of."""
        self._write(legs.ended, call_sid, leg_sid, now=now)

    def escalation_ended(self, call_sid: str, state: str, sip_status: int | None, agent_call_sid: str, now: datetime) -> bool:
        """The try is over, and with it its legs; whether that is news. "completed" is never replaced; an empty `state` is told by the
        legs' answers."""
        return self._write(transfers.ended, call_sid, state, sip_status, agent_call_sid, now=now)

    # -- reading ----------------------------------------------------------------
    def outcome(self, call_sid: str) -> Outcome | None:
        return self._read(reading.outcome, call_sid)

    def record(self, call_sid: str) -> CallRecord | None:
        """All of one call; None when it is unknown."""
        return self._read(reading.record, call_sid)

    def recent(self, limit: int = 50) -> list[CallRecord]:
        """The newest first."""
        return self._read(reading.recent, limit)

    def active(self, now: datetime) -> int:
        """How many slots are taken."""
        return self._read(slots.active, now)

    def ping(self) -> None:
        """For readiness: returns if the database answers."""
        self._read(lambda connection: connection.execute(text("SELECT 1 FROM calls LIMIT 1")).first())

    def _write(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return in_transaction(self._writer, work, *args, **kwargs)

    def _read(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return in_transaction(self._reader, work, *args, **kwargs)
