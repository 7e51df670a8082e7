"""The end of every call, whoever notices it: closed, handed over to the deliveries, and marked as handed over.

A call is over when Jambonz said so with a final status. A killed process or a lost hook says nothing: then a call is over when
nothing was heard of it for `SILENT_AFTER`, unless an agent is talking to the caller.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, RowMapping, func, select

from calls.call import Outcome, OutcomeKind, Ticket
from calls.errors import BotError
from records import schema
from records.closing import Settled
from records.presence import released
from records.reading import is_talking
from records.transactions import in_transaction
from records.transfers import DIALLING
from records.writing import change, locked

log = logging.getLogger(__name__)

SILENT_AFTER = timedelta(seconds=90)  # three leases of a slot, nine heartbeats
LONGEST_BRIDGE = timedelta(hours=4)  # a dial's closing hook that has not come by then was lost
SETTLING = timedelta(seconds=10)  # the hook that ended the call hands it over itself: leave it the time
DIED = Outcome(OutcomeKind.BROKEN, "process_died")
CALLS_AT_ONCE = 500
OPENED = select(schema.calls).where(schema.TO_HAND_OVER).order_by(schema.calls.c.started_at)


class Verdict(StrEnum):
    GOES_ON = "goes_on"
    ENDED = "ended"
    DIED = "died"  # nobody said that it ended


@dataclass(frozen=True, slots=True)
class Signs:
    """What tells whether a call goes on."""

    talking: bool  # the conversation's end has not been written
    ended_at: datetime | None
    last_sign_at: datetime  # the last that was heard of it: its start, a heartbeat, an outcome, a transfer
    dialling_since: datetime | None  # an agent's phone rings, or the agent talks to the caller


def verdict(signs: Signs, *, now: datetime) -> Verdict:
    if signs.ended_at is not None and not signs.talking:
        return Verdict.ENDED if now - signs.ended_at >= SETTLING else Verdict.GOES_ON
    if signs.ended_at is None and signs.dialling_since is not None and now - signs.dialling_since < LONGEST_BRIDGE:
        return Verdict.GOES_ON
    return Verdict.DIED if now - signs.last_sign_at > SILENT_AFTER else Verdict.GOES_ON


class Closer(Protocol):
    """records.closing.Closing."""

    def settled(self, sid: str, *, now: datetime) -> Settled: ...


class Starter(Protocol):
    def __call__(self, call_sid: str, *, now: datetime) -> bool:
        """Begin the deliveries of an ended call; whether all are on record. Idempotent."""


class Ending:
    """What follows the end of a call: its ticket at the desk, then its deliveries. Any number of times, from any process."""

    def __init__(self, engine: Engine, closing: Closer, start: Starter) -> None:
        self._engine, self._closing, self._start = engine, closing, start

    def over(self, sid: str, *, now: datetime) -> Ticket | None:
        """The call's ticket as it is now; if the call is over, its deliveries begin. Raises what closing raises; then, or without
        deliveries on record, the sweeper comes again.

        A call that was never answered has no ticket, and so nothing to deliver. One whose bot still hears the last words
        of a caller who has hung up waits for the sweeper."""
        call = self._closing.settled(sid, now=now)
        if call.is_over and (call.ticket is None or self._start(sid, now=now)):
            in_transaction(self._engine, mark, sid, now=now)
        return call.ticket


class Sweeper:
    """Finds what nobody else has seen to the end. Several may sweep at once."""

    def __init__(self, engine: Engine, ending: Callable[..., object]) -> None:
        """`ending` is Ending.over."""
        self._engine, self._ending = engine, ending

    def sweep(self, now: datetime) -> int:
        """How many calls were handed over. One that fails is left for the next sweep. Raises JournalError."""
        found = in_transaction(self._engine.execution_options(reads_only=True), not_handed_over, now)
        return sum(self._see_to(sid, what, now) for sid, what in found)

    def _see_to(self, sid: str, what: Verdict, now: datetime) -> bool:
        try:
            if what is Verdict.DIED and not in_transaction(self._engine, finish, sid, now=now):
                return False
            self._ending(sid, now=now)
        except BotError as error:
            log.error("an ended call could not be handed over; the next sweep tries again", extra={"call_sid": sid, "error": str(error)})
            return False
        if what is Verdict.DIED:
            log.warning("a call ended without a word, and was finished from what was journalled", extra={"call_sid": sid})
        return True


def not_handed_over(connection: Connection, now: datetime) -> list[tuple[str, Verdict]]:
    """The calls to see to; an index holds only those that are not handed over: the running ones, and these."""
    rows = connection.execute(OPENED.limit(CALLS_AT_ONCE)).mappings().all()
    judged = ((row["call_sid"], verdict(signs_of(connection, row), now=now)) for row in rows)
    return [(sid, what) for sid, what in judged if what is not Verdict.GOES_ON]


def mark(connection: Connection, sid: str, *, now: datetime) -> None:
    row = connection.execute(select(schema.calls).where(schema.calls.c.call_sid == sid)).mappings().one_or_none()
    if row is not None and row["ended_at"] is not None and not is_talking(row):
        change(connection, sid, handed_over_at=now)
        released(connection, sid, now=now, agents=None, busy_until=None)  # the hooks that end a transfer may have been lost


def finish(connection: Connection, sid: str, *, now: datetime) -> bool:
    """End a call whose process died, unless a sign of life came meanwhile; whether it is over now."""
    row = locked(connection, sid, now=now)
    signs = signs_of(connection, row)
    what = verdict(signs, now=now)
    if what is not Verdict.DIED:
        return what is Verdict.ENDED
    facts: dict[str, Any] = {"bot_ended_at": now, "slot_until": None}
    if row["outcome_kind"] is None:
        facts |= {"outcome_kind": DIED.kind.value, "outcome_reason": DIED.reason}
    if row["ended_at"] is None:  # the last that was heard is the best that is known; a late final status brings the true duration
        seconds = max(0, round((signs.last_sign_at - row["started_at"]).total_seconds()))
        facts |= {"ended_at": signs.last_sign_at, "duration_s": seconds}
    change(connection, sid, **facts)
    return True


def signs_of(connection: Connection, row: RowMapping) -> Signs:
    agents = schema.escalations.c
    tries = select(func.max(agents.started_at), func.max(agents.ended_at)).where(agents.call_sid == row["call_sid"])
    began, ended = connection.execute(tries).one()
    dialling = select(func.max(agents.started_at)).where(
        agents.call_sid == row["call_sid"], agents.state == DIALLING, agents.ended_at.is_(None)
    )
    heard = (row["started_at"], row["alive_at"], row["answered_at"], row["bot_ended_at"], began, ended)
    return Signs(
        talking=is_talking(row),
        ended_at=row["ended_at"],
        last_sign_at=max(moment for moment in heard if moment is not None),
        dialling_since=connection.execute(dialling).scalar_one(),
    )
