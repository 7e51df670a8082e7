"""Writes a call's story into the journal, in order and off the call's own thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from calls.agents import Customer
from calls.call import Outcome, OutcomeKind, Turn
from calls.errors import CrmError
from calls.events import Journalled
from calls.ports import Journal
from stream.lane import Lane

log = logging.getLogger(__name__)


class Pen:
    """`close` makes the call's ticket, `promise` notes its call back; both may be called several times for one call."""

    def __init__(
        self,
        lane: Lane,
        journal: Journal,
        close: Callable[[str], object],
        promise: Callable[[str], object],
        call_sid: str,
        now: Callable[[], datetime],
    ) -> None:
        self._lane, self._journal, self._close, self._promise, self._sid, self._now = lane, journal, close, promise, call_sid, now

    def turn_finished(self, turn: Turn) -> None:
        as_it_is = replace(turn, said=list(turn.said), timings=replace(turn.timings))
        self._lane.do(self._write, self._journal.turn_finished, self._sid, as_it_is)

    def alive(self) -> None:
        self._lane.do(self._beat)

    def consent_declined(self) -> None:
        self._lane.do(self._write, self._journal.consent_declined, self._sid)

    def about_ticket(self, ticket_id: str) -> None:
        self._lane.do(self._write, self._journal.about_ticket, self._sid, ticket_id)

    def customer_known(self, customer: Customer) -> None:
        self._lane.do(self._write, self._journal.customer_known, self._sid, customer)

    def call_ended(self, outcome: Outcome) -> None:
        """Journalled comes into the inbox when the outcome is safe."""
        self._lane.do(self._write_end, outcome)

    def _write(self, method: Callable[..., object], *args: Any) -> Iterator[Any]:
        method(*args)
        yield from ()

    def _beat(self) -> Iterator[Any]:
        self._journal.alive(self._sid, now=self._now())
        yield from ()

    def _write_end(self, outcome: Outcome) -> Iterator[Journalled]:
        if outcome.kind is OutcomeKind.CALLBACK:
            self._note_promise()
        self._journal.call_ended(self._sid, outcome, now=self._now())
        try:
            self._close(self._sid)
        except CrmError:
            log.exception("the ticket could not be written; the next hook of the call tries again", extra={"call_sid": self._sid})
        yield Journalled()

    def _note_promise(self) -> None:
        """Before the outcome, so that whoever reads of a promise finds it noted; but the outcome is worth more than the note."""
        try:
            self._promise(self._sid)
        except Exception:
            log.exception("a promised call back could not be noted; the ticket alone tells of it", extra={"call_sid": self._sid})
