"""One process's house: what the doors find in `app.extensions["bot"]`, put together from every room.

Importing this file opens nothing; `Bot.start` does, in the worker process (gunicorn.conf.py) or at the first request.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import sqlalchemy
from prometheus_client import REGISTRY

from after_call import AfterCall
from calls import allocator, metrics
from calls import log as logs
from calls.agents import ScreenPop, WrapUp
from calls.call import CallRecord, Ticket
from calls.ears import Ears, ears
from calls.errors import BotError, CrmError, EngineError, JournalError
from calls.live import Live, LiveEvent
from calls.operator import not_configured
from calls.phones import far_end
from calls.ports import Voice
from calls.routing import callback_due, rings
from calls.settings import Environment, Settings
from calls.tracing import NOT_TRACED, open_traces
from configuration import LINES_TOLD, Configuration
from console.assets import pages_lack
from crm.deliveries import Deliveries
from crm.desk import Desk
from crm.events import CrmEvents, TicketMoved, named_secrets
from engines import CHOICES, UNDERSTANDINGS, make_engines, make_summariser, remake
from learning import Learning
from nlu import briefing
from nlu.following import Following
from nlu.summary import Summarizer
from nlu.trying import Trials, Tried
from records.callbacks import Callbacks
from records.corrections import Corrections
from records.database import open_database
from records.history import History
from records.journal import Journal
from records.live import open_live
from records.people import People
from records.presence import Presences
from records.wrap_ups import WrapUps
from stream.house import House
from stream.lane import Lanes
from stream.work import Engines
from webhooks.pop_push import pushing
from webhooks.ports import ByRules

log = logging.getLogger("voicebot")

EARS = 1  # threads that may ask the recogniser, where it does not say how many: most of them only wait in its queue
MINDS = 16  # threads that understand and speak; all calls of the process share them


def lanes_for(engines: Engines) -> Lanes:
    return Lanes.of_threads(ears=getattr(engines.recognizer, "at_once", EARS), minds=MINDS)


class Bot:
    """Everything that a process shares; read by all doors, each through a Protocol of its own."""

    configuration: Configuration
    environment: Environment
    database: sqlalchemy.Engine
    journal: Journal
    closing: AfterCall
    crm_events: CrmEvents
    ticket_moved: Callable[[TicketMoved], bool]
    live: Live
    presences: Presences
    callbacks: Callbacks
    wrap_ups: WrapUps
    learning: Learning
    people: People
    history: History

    def __init__(self, environ: Mapping[str, str], *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._environ, self.clock = environ, clock
        self._trials = Trials()
        self._lock, self._started, self._draining = threading.Lock(), False, threading.Event()
        self._leaving = threading.Event()
        self._rules: ByRules | None = None
        self._ears: Ears | None = None
        self.house: House | None = None  # set when the engines are loaded; until then calls go to a human
        self.trouble = ""  # why there is no house, for /readyz
        self.secrets: tuple[str, ...] = ()
        self.traces = NOT_TRACED  # until it is started, and where nobody asks for them
        self.active_calls = 0

    # -- its life -------------------------------------------------------------------

    def start(self) -> None:
        """Read the configuration, open the database, begin to load the engines. Idempotent. Raises SettingsError, JournalError."""
        with self._lock:
            if self._started:
                return
            self.environment = Environment.read(self._environ)
            self.configuration = Configuration(self.environment.bot_config, engines=CHOICES)
            logs.configure(self.environment.log_level)
            self.secrets = self.environment.webhook_secrets or (secrets.token_hex(32),)
            self.traces = open_traces(self._environ)
            self.database = open_database(self.environment.database_url.get_secret_value())
            self._open_rooms()
            for gauges in (metrics.DeliveriesByState(lambda: self.deliveries.counts()), metrics.PromisedCallbacks(self.closing.promised)):
                with suppress(ValueError):  # there is one already: a second bot in this process, as tests have it
                    REGISTRY.register(gauges)
            self._started = True
        threading.Thread(target=self._load_engines, name="load", daemon=True).start()

    def _open_rooms(self) -> None:
        database = self.database
        self.journal = Journal(database, max_calls=self.environment.max_calls)
        self.closing = AfterCall(database, self.journal, self.settings, self.environment, clock=self.clock)
        self.crm_events, self.ticket_moved = CrmEvents(named_secrets(self._environ)), self.closing.ticket_moved
        self.live = open_live(self.environment, database)
        self.presences, self.callbacks, self.wrap_ups = Presences(database), Callbacks(database), WrapUps(database)
        self.people, self.history = People(database), History(database)
        self.learning = Learning(Corrections(database), self.configuration, clock=self.clock)
        self.push_pop = pushing(self.settings, self.environment)

    def _load_engines(self) -> None:
        self._begin()
        self._learn(self.settings)
        self.configuration.take = self._take
        self.configuration.watch()

    def _begin(self) -> None:
        began = time.monotonic()
        engines = self._loaded()
        allocator.settle()
        if engines is None:
            return
        self.house = self._furnished(engines, self.settings, lanes_for(engines))
        log.info("ready for calls", extra={"seconds": round(time.monotonic() - began, 1), **self._recognizer()})

    def _loaded(self) -> Engines | None:
        try:
            engines = make_engines(self.settings, self.environment, anybody=self.anybody, helpdesk=self)
            self.closing.sum_up_by(make_summariser(self.settings, self.environment))
        except BotError as error:
            self.trouble = str(error)
            log.critical("the engines can't be started; others hear the callers", extra={"why": str(error)})
            return None
        except Exception:
            self.trouble = "the engines can't be started; the log says why"
            log.exception("the engines can't be started; others hear the callers")
            return None
        self.closing.warm_up()
        return engines

    def _furnished(self, engines: Engines, settings: Settings, lanes: Lanes) -> House:
        return House(
            engines,
            self.journal,
            self._close,
            settings,
            lanes,
            self.closing.profile,
            now=self.clock,
            tell=self.tell,
            promise=self.promise,
            traces=self.traces,
        )

    def _take(self, new: Settings) -> None:
        """New calls go by these settings; those that go on keep the house that they began in. Raises BotError: then all stays as it was."""
        old, before = self.settings, self.house
        if before is None:
            engines = make_engines(new, self.environment, anybody=self.anybody, helpdesk=self)
            lanes = lanes_for(engines)
        else:
            engines = remake(before.engines, old, new, self.environment, anybody=self.anybody, helpdesk=self)
            lanes = before.lanes
        summarise = make_summariser(new, self.environment)
        push_pop = self.push_pop
        if new.escalation.screen_pop.url != old.escalation.screen_pop.url:
            push_pop = pushing(new, self.environment)
        self.closing.adopt(new)
        self.closing.sum_up_by(summarise)
        self.closing.warm_up()
        self.push_pop, self.trouble = push_pop, ""
        self.house = self._furnished(engines, new, lanes)
        self._learn(new)

    def give_notice(self) -> None:
        """Not ready from now on, though new calls are still taken: who sends them here needs a moment to notice."""
        self._leaving.set()

    def drain(self) -> None:
        """Take no new call from now on; those that are there go on."""
        self._leaving.set()
        self._draining.set()

    @contextmanager
    def holding_a_call(self) -> Iterator[None]:
        """Around a conversation: what a stop waits for."""
        with self._lock:
            self.active_calls += 1
        with metrics.CALLS_ACTIVE.track_inprogress():
            try:
                yield
            finally:
                with self._lock:
                    self.active_calls -= 1

    # -- what conversations ask -------------------------------------------------------

    def _close(self, sid: str) -> Ticket | None:
        return self.closing.close(sid, now=self.clock())

    def tell(self, kind: str, call_sid: str, data: Mapping[str, Any]) -> None:
        """See calls.live.Tell."""
        self.live.publish(LiveEvent(kind, call_sid, data=data, at=self.clock()))

    def anybody(self, intent: str, language: str) -> bool:
        """Whether a human could be rung for such a call now. When that can't be told, it is tried."""
        now = self.clock()
        try:
            present, busy = self.presences.free(now=now), self.presences.busy(now=now)
        except JournalError:
            log.exception("who is there can't be read; the call is handed over as if somebody was")
            return True
        return bool(rings(self.settings.escalation, intent=intent, language=language, now=now, present=present, tried=busy))

    def promise(self, call_sid: str) -> None:
        """The bot has promised to call this caller back. Raises JournalError."""
        record, now = self.journal.record(call_sid), self.clock()
        if record is None:
            return
        summary = self.summarizer(record)
        about = {"phone": far_end(record), "intent": summary.intent, "language": summary.language, "reason": "asked"}
        promised = self.callbacks.promise(call_sid=call_sid, due_at=callback_due(self.settings.escalation, now), now=now, **about)
        self.tell("callback", call_sid, {"id": promised.id, "state": promised.state, "due_at": promised.due_at.isoformat()})

    def tickets_of(self, phone: str) -> list[Ticket]:
        """See calls.ports.Helpdesk."""
        return self.desk.tickets_of(phone)

    def note(self, call_sid: str, text: str) -> Ticket | None:
        """See calls.ports.Helpdesk. The call's ticket is written when the conversation ends: until then it may have none."""
        try:
            self.journal.noted(call_sid, text, now=self.clock())
        except JournalError as error:
            raise CrmError("the note could not be journalled") from error
        return self.desk.ticket_of(call_sid)

    # -- what the doors ask -----------------------------------------------------------

    @property
    def settings(self) -> Settings:
        """Those of jambonz-app.json that are in force now."""
        return self.configuration.settings

    @property
    def desk(self) -> Desk:
        return self.closing.desk

    @property
    def summarizer(self) -> Summarizer:
        return self.closing.summarizer

    @property
    def deliveries(self) -> Deliveries:
        return self.closing.deliveries

    @property
    def admin_password(self) -> str:
        return self.environment.admin_password.get_secret_value()

    @property
    def unsigned_allowed(self) -> bool:
        return self.environment.allow_unsigned

    @property
    def voice(self) -> Voice | None:
        """None until the engines are loaded."""
        return self.house.engines.voice if self.house else None

    def draining(self) -> bool:
        """Whether a new call should go straight to a human: on the way out, or not loaded yet."""
        return self._draining.is_set() or self.house is None

    def deaf(self) -> bool:
        """Whether this process has no engines, will have none until somebody mends something, and can do without them."""
        return self.house is None and bool(self.trouble) and self._rules is not None and not self._draining.is_set()

    def ears(self) -> Ears:
        """Who hears the callers now, and since when as far as anybody has looked."""
        below = self.settings.listening.without_ears if self._rules else "human"
        self._ears = ears(self._recognizer(), self.trouble, below, self._ears, self.clock())
        return self._ears

    def by_rules(self) -> ByRules:
        """What understands a caller who is heard by others than our engines. Raises EngineError while it is not learnt yet: a caller who
        waits for that would be dropped."""
        if self._rules is None:
            raise EngineError("the rules are not learnt yet")
        return self._rules

    def _learn(self, settings: Settings) -> None:
        """The rules alone, with or without engines; what was learnt before takes a second, or none."""
        at_hand = self.house.engines.understanding if self.house and settings.understanding.use == "rules" else None
        rules = at_hand or UNDERSTANDINGS.make("rules", settings=settings, anybody=self.anybody)
        self._rules = ByRules(settings, rules, Following(settings))

    def stopping(self) -> bool:
        """Whether the process leaves now: pages that stay open let go. While its last calls go on, agents can still be rung."""
        return self._draining.is_set() and not self.active_calls

    def briefing(self, pop: ScreenPop, language: str) -> list[tuple[str, str]]:
        return briefing.briefing(pop, language, self.settings)

    def suggestion(self, record: CallRecord, language: str) -> str:
        return briefing.suggestion(record, record.customer, self.settings, language)

    def try_out(self, draft: str, heard: str, language: str) -> Tried:
        """What a bot with this jambonz-app.json would make of a caller's first words, by the rules. `language`: "" to find it out.

        Raises SettingsError when the draft does not fit. Takes a second for a draft that was not tried just before."""
        return self._trials.of(draft)(heard, language)

    def wrapped_up(self, wrap_up: WrapUp, now: datetime) -> Ticket | None:
        """An agent has said what became of a call: ticket and CRMs get it. Raises JournalError, CrmError."""
        ticket = self.closing.wrapped_up(wrap_up, now=now)
        self._learn_from(wrap_up)
        return ticket

    def _learn_from(self, wrap_up: WrapUp) -> None:
        """What the agent corrects is proposed to the supervisors; the wrap-up stands without that too."""
        try:
            if record := self.journal.record(wrap_up.call_sid):
                self.learning.wrapped_up(wrap_up, record)
        except JournalError:
            log.exception("a wrap-up's correction could not be proposed", extra={"call_sid": wrap_up.call_sid})

    def readiness(self) -> dict[str, Any]:
        database = self._database_trouble()
        return {
            "ready": self.house is not None and not self._leaving.is_set() and not database,
            "engines": "loaded" if self.house else self.trouble or "loading",
            "ears": {name: str(value) for name, value in asdict(self.ears()).items()},
            "recognizer": self._recognizer(),
            "understanding": self._understanding(),
            "configuration": self._configuration(),
            "database": database or "answers",
            "draining": self._leaving.is_set(),
            "calls": self.active_calls,
            "max_calls": self.environment.max_calls,
            "not_configured": [*not_configured(self.environment), *pages_lack()],
        }

    def _configuration(self) -> dict[str, Any]:
        """Which jambonz-app.json is in force, and what is wrong with the one that is refused."""
        refused = self.configuration.refused
        facts = {"file": str(self.configuration.path), "version": self.configuration.version}
        return facts | ({"refused": list(refused.lines[:LINES_TOLD]), "since": refused.since.isoformat()} if refused else {})

    def _understanding(self) -> dict[str, Any]:
        """Which engine understands; of a language model, whether it is asked now."""
        describe = getattr(self.house.engines.understanding, "describe", None) if self.house else None
        return dict(describe()) if describe else {"engine": self.settings.understanding.use}

    def _recognizer(self) -> dict[str, Any]:
        describe = getattr(self.house.engines.recognizer, "describe", dict) if self.house else dict
        return dict(describe())

    def _database_trouble(self) -> str:
        try:
            self.journal.ping()
        except JournalError:
            log.exception("the database does not answer")
            return "does not answer; see DATABASE_URL and the log"
        return ""
