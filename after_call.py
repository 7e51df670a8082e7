"""The composition of what follows a call: closed at the desk, handed over, delivered to the CRMs. Used by wsgi.py and worker.py."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy

from calls.agents import Customer, WrapUp
from calls.call import CallerProfile, Ticket
from calls.crm import CrmAdapter, FinishedCall, KnownCaller, Teller
from calls.handover import Directory
from calls.settings import Environment, Settings
from calls.tracing import NOT_TRACED, Traces
from crm.adapters import make_crms
from crm.deliveries import Deliveries
from crm.delivering import Backoff
from crm.desk import Desk
from crm.events import TicketMoved
from crm.overdue import Overdue
from crm.queueing import DbosClient
from crm.tracing import TracedTeller
from crm.worker import Worker
from crm.wrap_up_deliveries import WrapUpDeliveries
from crm.wrap_ups import as_first_said, crm_of, tellers
from nlu.summary import Summarizer
from nlu.summing_up import Summarise, SummingUp
from records.callbacks import Callbacks
from records.closing import Closing
from records.journal import Journal
from records.sweeping import Ending, Sweeper
from records.wrap_ups import WrapUps

log = logging.getLogger("voicebot")

SETTLING_S = 0.2  # an ended call's conversation is over before it is handed over; this is for a turn still on its way to the journal
POLL_S = 0.25  # how often a worker looks for work: at most 16 deliveries a CRM begin with each look
LONGEST_WAIT_S = 60.0  # between two tries of a step: a CRM that is back is noticed within a minute
LOOKUP_S = 2.0  # the disclosure takes some five seconds; who is known later is greeted without a name


class AfterCall:
    """What becomes of ended calls, for the process that talks and for the one that delivers."""

    def __init__(
        self,
        database: sqlalchemy.Engine,
        journal: Journal,
        settings: Settings,
        environment: Environment,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database, self._journal, self._environment, self._clock = database, journal, environment, clock
        self._wrap_ups, self._callbacks = WrapUps(database), Callbacks(database)
        self._queue = DbosClient(environment.database_url.get_secret_value())
        self._summing_up: SummingUp | None = None
        self._go_by(settings, make_crms(settings, environment))

    def _go_by(self, settings: Settings, crms: dict[str, CrmAdapter]) -> None:
        self._settings, self.crms, self._directory = settings, crms, Directory.of(settings.escalation)
        self.desk, self.summarizer = Desk(self._database, self._directory), Summarizer(settings)
        self.deliveries = Deliveries(self._database, crms=tuple(crms), client=self._queue, settling_s=SETTLING_S, clock=self._clock)
        self._tellers: dict[str, Teller] = tellers(crms)
        self._telling = WrapUpDeliveries(self.deliveries, [crm_of(name) for name in self._tellers], self._wrap_ups.since)
        self._closing = Closing(self._journal, self.summarizer, self.desk)
        self._ending = Ending(self._database, self._closing, self.deliveries.start)

    def adopt(self, settings: Settings) -> None:
        """Calls that end from now on go by these settings. Raises SettingsError, and then nothing has changed.

        A worker that has begun goes on to deliver to the CRMs that it began with: see `other_crms`."""
        self._go_by(settings, make_crms(settings, self._environment) if self.other_crms(settings) else self.crms)

    def other_crms(self, settings: Settings) -> bool:
        """Whether these settings change which CRMs are told, or how."""
        return settings.crm != self._settings.crm

    def warm_up(self) -> None:
        """Import and connect the queue before the first call ends; a queue that can't be reached yet is no reason not to start."""
        if self.crms:
            self._queue.open()

    def leave(self) -> None:
        """Let go of the queue, when the process ends or nothing more will end in it."""
        self._queue.close()

    def close(self, sid: str, *, now: datetime) -> Ticket | None:
        """The call's ticket as it is now; if Jambonz has said that the call is over, its deliveries begin."""
        return self._closing.close(sid, now=now) if self._is_summed_up(sid) else self._ending.over(sid, now=now)

    def _is_summed_up(self, sid: str) -> bool:
        """Whether the call is over and a model does it now: then the call is handed over when it has, or by the sweeper."""
        if self._summing_up is None:
            return False
        record = self._journal.record(sid)
        if record is None or record.ended_at is None or record.talking:
            return False
        return self._summing_up.begin(record)

    def sum_up_by(self, summarise: Summarise | None) -> None:
        """Ended calls are summed up by a language model from now on; None: by the rules alone."""
        self._summing_up = SummingUp(self._journal, summarise, self._over_now) if summarise else None

    def _over_now(self, sid: str) -> None:
        self._ending.over(sid, now=self._clock())

    def wrapped_up(self, wrap_up: WrapUp, now: datetime) -> Ticket | None:
        """An agent has said what became of a call: it is written, the call's ticket follows, and the CRMs that have the call are told.

        The same again changes nothing; another one replaces the first and is told again. None for an unknown call, and for
        one whose ticket is not written yet: its end writes it. Raises JournalError and CrmError: then try it again."""
        sid = wrap_up.call_sid
        if self._journal.record(sid) is None:
            return None
        wrap_up = as_first_said(wrap_up, self._wrap_ups.of(sid))
        self._wrap_ups.write(wrap_up)
        behind = self._telling.behind(sid)  # what goes out from here on has it already
        ticket = self.close(sid, now=now)
        self._telling.tell(wrap_up, behind, now=now)
        return ticket or self.desk.ticket_of(sid)

    def promised(self) -> dict[str, int]:
        """How many promised call backs are "open", and how many of these "overdue". Raises JournalError."""
        return {"open": self._callbacks.unsettled(), "overdue": self._callbacks.overdue(now=self._clock())}

    def profile(self, phone: str) -> CallerProfile | None:
        """What is known of a caller: an open ticket on the desk, and the customer in the first CRM that knows a name to the number."""
        ticket, customer = self.desk.open_ticket_of(phone), self._customer(phone)
        if not ticket and not customer:
            return None
        return CallerProfile(customer.name if customer else "", ticket.id if ticket else "", ticket.intent if ticket else "", customer)

    def _customer(self, phone: str) -> Customer | None:
        nameless: KnownCaller | None = None
        for adapter in self.crms.values():
            known = adapter.known_caller(phone, timeout_s=LOOKUP_S)
            if known and known.name:
                return customer_of(known)
            nameless = nameless or known
        return customer_of(nameless) if nameless else None

    def finished(self, call_sid: str, crm: str) -> FinishedCall | None:
        """The call as it goes to a CRM, or its wrap-up ("hubspot.wrap_up"). Raises CrmBusy, CrmRefused while the CRM lacks the call."""
        record = self._journal.record(call_sid)
        if record is None:
            return None
        ticket, told = self.desk.ticket_of(call_sid), crm_of(crm)
        there = self._telling.there(call_sid, told) if told else {}
        about = self._ticket_there(call_sid, ticket, told or crm) if ticket else ""
        number = ticket.id if ticket else ""
        return FinishedCall(record, self.summarizer(record), number, about, there, self._directory, self._clock())

    def _ticket_there(self, call_sid: str, ticket: Ticket, crm: str) -> str:
        """The ticket that an earlier call about the same has in this CRM."""
        earlier = [sid for sid in self.desk.calls_of(ticket.id) if sid != call_sid]
        delivered = (self.deliveries.show(sid, crm) for sid in reversed(earlier))
        results = (each.steps["ticket"].result for each in delivered if each and "ticket" in each.steps)
        return next((result for result in results if result), "")

    def ticket_moved(self, moved: TicketMoved) -> bool:
        """A CRM's ticket was opened, parked or closed there: ours follows. False when it is none of ours."""
        sid = moved.call_sid or self.deliveries.call_of(moved.crm, "ticket", moved.ticket_id)
        ticket = self.desk.ticket_of(sid) if sid else None
        if ticket is None:
            return False
        self.desk.change_status(ticket.id, moved.status, now=self._clock(), moved_at=moved.at)
        log.info("a CRM moved a ticket", extra={"crm": moved.crm, "ticket": ticket.id, "status": moved.status})
        return True

    def worker(self, traces: Traces = NOT_TRACED) -> Worker:
        """The process that delivers. DBOS allows one of them a process."""
        traced = {name: TracedTeller(each, traces, self._clock) for name, each in (self.crms | self._tellers).items()}
        return Worker(
            self._database,
            self._environment.database_url.get_secret_value(),
            traced,
            deliveries=self.deliveries,
            load=self.finished,
            sweep=Sweeper(self._database, lambda sid, *, now: self._ending.over(sid, now=now)).sweep,
            chores=(Overdue(self._callbacks, self.desk).sweep, self._telling.sweep),
            executor_id=self._environment.worker_id,
            poll_s=POLL_S,
            backoff=Backoff(most_s=LONGEST_WAIT_S, give_up_after_s=self._settings.crm.give_up_after_s),
            clock=self._clock,
        )


def customer_of(known: KnownCaller) -> Customer:
    return Customer(known.name, known.crm, known.id, known.licence_expiry, known.url)
