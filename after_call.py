"""The composition of what follows a call: closed at the desk, handed over, delivered to the CRMs. Used by wsgi.py and worker.py."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy

from calls.call import CallerProfile, Ticket
from calls.crm import CrmAdapter, FinishedCall
from calls.registry import Registry
from calls.settings import Environment, Settings
from crm.deliveries import Deliveries
from crm.delivering import Backoff
from crm.desk import Desk
from crm.events import TicketMoved
from crm.queueing import DbosClient
from crm.worker import Worker
from nlu.summary import Summarizer
from records.closing import Closing
from records.journal import Journal
from records.sweeping import Ending, Sweeper

log = logging.getLogger("voicebot")

CRMS = Registry(
    "CRM",
    tally="crm.tally:Tally",
    hubspot="crm.hubspot:HubSpotCrm",
    zendesk="crm.zendesk:Zendesk",
    post_call="crm.post_call:PostCallHook",
)
SETTLING_S = 0.2  # an ended call's conversation is over before it is handed over; this is for a turn still on its way to the journal
POLL_S = 0.25  # how often a worker looks for work: at most 16 deliveries a CRM begin with each look
LONGEST_WAIT_S = 60.0  # between two tries of a step: a CRM that is back is noticed within a minute
LOOKUP_S = 2.0  # the disclosure takes some five seconds; who is known later is greeted without a name


def make_crms(settings: Settings, environment: Environment) -> dict[str, CrmAdapter]:
    """The CRMs that the environment and jambonz-app.json switch on. Raises SettingsError."""
    crm, env = settings.crm, environment
    made: dict[str, CrmAdapter] = {}

    def switched_on(kind: str, **options: Any) -> Any:
        return CRMS.make(kind, region=crm.region, **options)

    if env.tally_url:
        made["tally"] = switched_on("tally", url=env.tally_url, token=env.tally_token.get_secret_value())
    if token := env.hubspot_token.get_secret_value():
        options = {"url": env.hubspot_url, "create_contacts": crm.create_contacts, "dispositions": crm.dispositions}
        made["hubspot"] = switched_on("hubspot", token=token, **options)
    if env.zendesk_url:
        made["zendesk"] = switched_on("zendesk", url=env.zendesk_url, email=env.zendesk_email, token=env.zendesk_token.get_secret_value())
    for hook in crm.post_call:
        made[hook.name] = switched_on("post_call", name=hook.name, url=hook.url, secret=env.post_call_secret.get_secret_value())
    return made


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
        self._database, self._journal, self._settings, self._environment, self._clock = database, journal, settings, environment, clock
        self.desk, self.summarizer = Desk(database), Summarizer(settings)
        self.crms = make_crms(settings, environment)
        self._queue = DbosClient(environment.database_url.get_secret_value())
        self.deliveries = Deliveries(database, crms=tuple(self.crms), client=self._queue, settling_s=SETTLING_S, clock=clock)
        self._closing = Closing(journal, self.summarizer, self.desk)
        self._ending = Ending(database, self._closing, self.deliveries.start)

    def warm_up(self) -> None:
        """Import and connect the queue before the first call ends; a queue that can't be reached yet is no reason not to start."""
        if self.crms:
            self._queue.open()

    def close(self, sid: str, *, now: datetime) -> Ticket | None:
        """The call's ticket as it is now; if Jambonz has said that the call is over, its deliveries begin."""
        record = self._journal.record(sid)
        if record is not None and record.ended_at is not None:
            return self._ending.over(sid, now=now)
        return self._closing.close(sid, now=now)

    def profile(self, phone: str) -> CallerProfile | None:
        """What is known of a caller: an open ticket on the desk, and the name in the first CRM that knows it."""
        ticket = self.desk.open_ticket_of(phone)
        known = (adapter.known_caller(phone, timeout_s=LOOKUP_S) for adapter in self.crms.values())
        name = next((caller.name for caller in known if caller and caller.name), "")
        if not ticket and not name:
            return None
        return CallerProfile(name, ticket.id if ticket else "", ticket.intent if ticket else "")

    def finished(self, call_sid: str, crm: str) -> FinishedCall | None:
        """The call as it goes to a CRM."""
        record = self._journal.record(call_sid)
        if record is None:
            return None
        ticket = self.desk.ticket_of(call_sid)
        about = self._ticket_there(call_sid, ticket, crm) if ticket else ""
        return FinishedCall(record, self.summarizer(record), ticket.id if ticket else "", about)

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

    def worker(self) -> Worker:
        """The process that delivers. DBOS allows one of them a process."""
        return Worker(
            self._database,
            self._environment.database_url.get_secret_value(),
            self.crms,
            deliveries=self.deliveries,
            load=self.finished,
            sweep=Sweeper(self._database, self._ending.over).sweep,
            executor_id=self._environment.worker_id,
            poll_s=POLL_S,
            backoff=Backoff(most_s=LONGEST_WAIT_S, give_up_after_s=self._settings.crm.give_up_after_s),
            clock=self._clock,
        )
