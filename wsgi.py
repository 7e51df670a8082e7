"""The Flask application: every door opened. gunicorn serves `wsgi:app`; flask finds it by itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager

import flask

import console
import console.bench_cli
import console.check_cli
import console.corrections_cli
import console.deliveries_cli
import console.people_cli
import console.understand_cli
import engines
import simulator.cli
import stream.route
import webhooks
import webhooks.crm_events
import webhooks.tracing
from after_call import AfterCall
from calls.settings import Environment, load
from configuration import Configuration
from crm.deliveries import Deliveries
from engines import CHOICES
from house import Bot
from learning import Learning
from records.corrections import Corrections
from records.database import open_database
from records.journal import Journal
from records.people import People
from stream.throughput import Bench


def create_app(environ: Mapping[str, str] = os.environ) -> flask.Flask:
    """The Flask application; `app.extensions["bot"].start()` brings it to life."""
    app = flask.Flask("voicebot", static_folder=None)
    bot = app.extensions["bot"] = Bot(environ)
    app.config["SOCK_SERVER_OPTIONS"] = stream.route.SERVER_OPTIONS
    app.before_request(bot.start)
    webhooks.register(app)
    webhooks.tracing.trace(app, lambda: bot.traces)
    app.register_blueprint(stream.route.bp)
    app.register_blueprint(webhooks.crm_events.bp)
    console.register(app, redis_url=environ.get("REDIS_URL", ""))
    simulator.cli.register(app.cli)
    console.deliveries_cli.register(app.cli, lambda: open_deliveries(environ))
    console.people_cli.register(app.cli, lambda: open_people(environ))
    console.corrections_cli.register(app.cli, lambda: open_learning(environ))
    console.bench_cli.register(app.cli, lambda model, device, language: open_bench(environ, model, device, language))
    console.check_cli.register(app.cli, CHOICES, environ)
    console.understand_cli.register(app.cli, lambda engine: open_reader(environ, engine))
    return app


def open_deliveries(environ: Mapping[str, str]) -> Deliveries:
    """For `flask deliveries`: the database and the queue, without a bot. Raises SettingsError, JournalError."""
    environment = Environment.read(environ)
    database = open_database(environment.database_url.get_secret_value())
    journal = Journal(database, max_calls=environment.max_calls)
    return AfterCall(database, journal, load(environment.bot_config), environment).deliveries


def open_people(environ: Mapping[str, str]) -> console.people_cli.Opened:
    """For `flask people`. Raises SettingsError, JournalError."""
    environment = Environment.read(environ)
    agents = load(environment.bot_config).escalation.agents
    return console.people_cli.Opened(People(open_database(environment.database_url.get_secret_value())), agents)


def open_learning(environ: Mapping[str, str]) -> Learning:
    """For `flask corrections`: the database and jambonz-app.json, without a bot. Raises SettingsError, JournalError."""
    environment = Environment.read(environ)
    database = open_database(environment.database_url.get_secret_value())
    return Learning(Corrections(database), Configuration(environment.bot_config, engines=CHOICES))


def open_reader(environ: Mapping[str, str], engine: str) -> AbstractContextManager[console.understand_cli.Reader]:
    """For `flask understand`: an engine of understanding, without a bot. Raises SettingsError."""
    environment = Environment.read(environ)
    return engines.reading(load(environment.bot_config), environment, engine)


def open_bench(environ: Mapping[str, str], model: str, device: str, language: str) -> Bench:
    """For `flask bench stt`: a model, loaded, and what it is to hear. Raises BotError."""
    chosen = {name: value for name, value in (("WHISPER_MODEL", model), ("WHISPER_DEVICE", device)) if value}
    environment = Environment.read({**environ, **chosen})
    return engines.make_bench(load(environment.bot_config), environment, language)


app = create_app()
