"""The composition: the only file that knows every name. gunicorn serves `wsgi:app`; flask finds it by itself.

Importing this file opens nothing; `Bot.start` does, in the worker process (gunicorn.conf.py) or at the first request.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import flask
import sqlalchemy
from prometheus_client import REGISTRY

import console.calls
import console.deliveries
import console.deliveries_cli
import console.operations
import simulator.cli
import stream.route
import webhooks
import webhooks.crm_events
from after_call import AfterCall
from calls import log as logs
from calls import metrics
from calls.call import Ticket
from calls.errors import BotError, JournalError
from calls.registry import Registry
from calls.settings import Environment, Settings, load
from crm.deliveries import Deliveries
from crm.desk import Desk
from crm.events import CrmEvents, TicketMoved, named_secrets
from nlu.summary import Summarizer
from records.database import open_database
from records.journal import Journal
from stream.conversation import House
from stream.lane import Lanes
from stream.work import Engines

log = logging.getLogger("voicebot")

RECOGNIZERS = Registry("recognizer", whisper="stream.whisper:WhisperRecognizer")
UNDERSTANDINGS = Registry("understanding", rules="nlu.rules:Rules")
VOICES = Registry("voice", espeak="tts.espeak:EspeakVoice")
DETECTORS = Registry("detector", webrtc="stream.detector:WebRtcDetector")
EARS = 1  # threads that recognise: the model has one owner, and utterances wait for it in order
MINDS = 16  # threads that understand and speak; all calls of the process share them


class Bot:
    """One process's house: `app.extensions["bot"]`, what the doors look at."""

    settings: Settings
    environment: Environment
    database: sqlalchemy.Engine
    journal: Journal
    desk: Desk
    summarizer: Summarizer
    closing: AfterCall
    deliveries: Deliveries
    crm_events: CrmEvents
    ticket_moved: Callable[[TicketMoved], bool]

    def __init__(self, environ: Mapping[str, str], *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._environ, self.clock = environ, clock
        self._lock, self._started, self._draining = threading.Lock(), False, threading.Event()
        self.house: House | None = None  # set when the engines are loaded; until then calls go to a human
        self.trouble = ""  # why there is no house, for /readyz
        self.secrets: tuple[str, ...] = ()
        self.active_calls = 0

    # -- its life -------------------------------------------------------------------

    def start(self) -> None:
        """Read the configuration, open the database, begin to load the engines. Idempotent. Raises SettingsError, JournalError."""
        with self._lock:
            if self._started:
                return
            self.environment = Environment.read(self._environ)
            self.settings = load(self.environment.bot_config)
            logs.configure(self.environment.log_level)
            self.secrets = self.environment.webhook_secrets or (secrets.token_hex(32),)
            self.database = open_database(self.environment.database_url.get_secret_value())
            self.journal = Journal(self.database, max_calls=self.environment.max_calls)
            self.closing = AfterCall(self.database, self.journal, self.settings, self.environment, clock=self.clock)
            self.desk, self.summarizer, self.deliveries = self.closing.desk, self.closing.summarizer, self.closing.deliveries
            self.crm_events, self.ticket_moved = CrmEvents(named_secrets(self._environ)), self.closing.ticket_moved
            with suppress(ValueError):  # there is one already: a second bot in this process, as tests have it
                REGISTRY.register(metrics.DeliveriesByState(self.deliveries.counts))
            self._started = True
        threading.Thread(target=self._load_engines, name="load", daemon=True).start()

    def _load_engines(self) -> None:
        began = time.monotonic()
        try:
            engines = make_engines(self.settings, self.environment)
        except BotError as error:
            self.trouble = str(error)
            log.critical("the engines can't be started; every call goes to a human", extra={"why": str(error)})
            return
        except Exception:
            self.trouble = "the engines can't be started; the log says why"
            log.exception("the engines can't be started; every call goes to a human")
            return
        self.closing.warm_up()
        lanes = Lanes.of_threads(ears=EARS, minds=MINDS)
        self.house = House(engines, self.journal, self._close, self.settings, lanes, self.closing.profile, now=self.clock)
        log.info("ready for calls", extra={"seconds": round(time.monotonic() - began, 1), **self._recognizer()})

    def _close(self, sid: str) -> Ticket | None:
        return self.closing.close(sid, now=self.clock())

    def drain(self) -> None:
        """Take no new call from now on; those that are there go on."""
        self._draining.set()

    # -- what the doors ask -----------------------------------------------------------

    @property
    def admin_password(self) -> str:
        return self.environment.admin_password.get_secret_value()

    @property
    def unsigned_allowed(self) -> bool:
        return self.environment.allow_unsigned

    def draining(self) -> bool:
        """Whether a new call should go straight to a human: on the way out, or not loaded yet."""
        return self._draining.is_set() or self.house is None

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

    def readiness(self) -> dict[str, Any]:
        database = self._database_trouble()
        return {
            "ready": self.house is not None and not self._draining.is_set() and not database,
            "engines": "loaded" if self.house else self.trouble or "loading",
            "recognizer": self._recognizer(),
            "database": database or "answers",
            "draining": self._draining.is_set(),
            "calls": self.active_calls,
            "max_calls": self.environment.max_calls,
            "not_configured": not_configured(self.environment),
        }

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


def make_engines(settings: Settings, environment: Environment) -> Engines:
    """Load what settings and environment choose. Takes seconds: the recogniser's model. Raises BotError."""
    from tts.cache import CachedVoice

    spoken = settings.voice
    voice = CachedVoice(VOICES.make(spoken.use, names=spoken.names, words_per_minute=spoken.words_per_minute, **spoken.options))
    voice.keep(fixed_sentences(settings), settings.stream.sample_rate)
    recognizer = RECOGNIZERS.make(
        settings.recognizer.use,
        model=environment.whisper_model,
        device=environment.whisper_device,
        languages=settings.languages,
        settings=settings.recognizer,
        **settings.recognizer.options,
    )
    if warm_up := getattr(recognizer, "warm_up", None):
        warm_up()
    return Engines(
        detector=lambda rate: DETECTORS.make("webrtc", sample_rate=rate),
        recognizer=recognizer,
        understanding=UNDERSTANDINGS.make(settings.understanding.use, settings=settings, **settings.understanding.options),
        voice=voice,
    )


def fixed_sentences(settings: Settings) -> list[tuple[str, str]]:
    """(sentence, language) of everything that jambonz-app.json lets the bot say, as it will be said."""
    from nlu.sentences import split

    prompts = [(text, language) for _, spoken in settings.prompts for language, text in spoken.items()]
    answers = [(part, language) for intent in settings.intents.values() for language, text in intent.answer.items() for part in split(text)]
    return [*prompts, *((part, language) for text, language in prompts for part in split(text)), *answers]


def not_configured(environment: Environment) -> list[str]:
    """What an operator would still want to set, in plain words."""
    lines = []
    if not environment.webhook_secrets:
        effect = "every hook is accepted" if environment.allow_unsigned else "every hook is refused"
        lines.append(f"JAMBONZ_WEBHOOK_SECRET: without it {effect}")
    if not environment.public_url:
        lines.append("PUBLIC_URL: hooks are answered with relative URLs, which Jambonz resolves against the call hook's")
    if environment.database_url.get_secret_value().startswith("sqlite"):
        lines.append("DATABASE_URL: calls are kept in a SQLite file on this machine")
    if not (environment.tally_url or environment.zendesk_url or environment.hubspot_token.get_secret_value()):
        lines.append("TALLY_URL, HUBSPOT_TOKEN, ZENDESK_URL: calls are told to no CRM, tickets stay on the built-in desk")
    if not environment.admin_password.get_secret_value():
        lines.append("ADMIN_PASSWORD: there is no page of the deliveries")
    return lines


def create_app(environ: Mapping[str, str] = os.environ) -> flask.Flask:
    """The Flask application; `app.extensions["bot"].start()` brings it to life."""
    app = flask.Flask("voicebot", static_folder=None)
    bot = app.extensions["bot"] = Bot(environ)
    app.config["SOCK_SERVER_OPTIONS"] = stream.route.SERVER_OPTIONS
    app.before_request(bot.start)
    webhooks.register(app)
    app.register_blueprint(stream.route.bp)
    app.register_blueprint(console.operations.bp)
    app.register_blueprint(console.calls.bp)
    app.register_blueprint(console.deliveries.bp)
    app.register_blueprint(webhooks.crm_events.bp)
    simulator.cli.register(app.cli)
    console.deliveries_cli.register(app.cli, lambda: open_deliveries(environ))
    return app


def open_deliveries(environ: Mapping[str, str]) -> Deliveries:
    """For `flask deliveries`: the database and the queue, without a bot. Raises SettingsError, JournalError."""
    environment = Environment.read(environ)
    database = open_database(environment.database_url.get_secret_value())
    journal = Journal(database, max_calls=environment.max_calls)
    return AfterCall(database, journal, load(environment.bot_config), environment).deliveries


app = create_app()
