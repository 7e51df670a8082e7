"""The end of a call: its record is summed up and filed as a ticket."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import datetime

from calls.call import CallRecord, OutcomeKind, Ticket
from calls.errors import CrmError
from calls.ports import Crm, Summarizer
from records.journal import Journal

log = logging.getLogger(__name__)

LOCKS = 64  # calls that end at the same time seldom share one
UNANSWERED = ("no-answer", "failed", "busy")


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a call."""

    ticket: Ticket | None
    is_over: bool  # Jambonz has told its end


class Closing:
    """May close a call any number of times, from any thread: the CRM keeps one ticket a call and brings it up to date."""

    def __init__(self, journal: Journal, summarize: Summarizer, crm: Crm) -> None:
        self._journal, self._summarize, self._crm = journal, summarize, crm
        self._locks = [threading.Lock() for _ in range(LOCKS)]

    def close(self, sid: str, *, now: datetime) -> Ticket | None:
        """The call's ticket: see `settled`."""
        return self.settled(sid, now=now).ticket

    def settled(self, sid: str, *, now: datetime) -> Settled:
        """The call's ticket; None for an unknown call, for one that was never answered, and while the bot still talks:
        a ticket made of half a conversation would be filed under the wrong intent. The conversation's end makes it.

        Raises JournalError, and CrmError (after logging it) when the ticket could not be written."""
        with self._locks[hash(sid) % LOCKS]:  # what was read first must not be filed last
            record = self._journal.record(sid)
            is_over = record is not None and record.ended_at is not None
            if record is None or record.talking or never_answered(record):
                return Settled(None, is_over)
            try:
                return Settled(self._crm.file(record, self._summarize(record), now=now), is_over)
            except CrmError as error:
                log.error("the ticket could not be filed", extra={"call_sid": sid, "error": type(error.__cause__ or error).__name__})
                raise


def never_answered(record: CallRecord) -> bool:
    """Nobody spoke, nothing was decided, and the line was never open: as when the caller goes while it still rings."""
    undecided = record.outcome is None or record.outcome.kind is OutcomeKind.HUNG_UP
    return not record.turns and undecided and record.status in UNANSWERED
