"""Pages in a test: the console's door with real accounts on a real database, and a browser without a screen.

app = console_rig.app(house, console.people.bp)          # `house`: what the pages look for, see below
browser = console_rig.browser(app, "agent", agent="asha")  # logged in; a person of each role is made as needed
browser.post("/desk/presence", data={"state": "away", **console_rig.token(browser)})
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from argon2 import PasswordHasher
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import Engine

from calls.ears import Ears
from calls.settings import Environment
from console import door
from console.sessions import Account
from records.history import History
from records.people import People

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PASSWORD = "correct horse battery"
COMPILED = FileSystemBytecodeCache()
QUICK = PasswordHasher(time_cost=1, memory_cost=64)  # tests log in hundreds of times; what a password costs is tests/test_people.py's


def house(database: Engine, environ: Mapping[str, str] | None = None, **more: Any) -> SimpleNamespace:
    """What the door looks for in `app.extensions["bot"]`, and what a test's pages look for beside it."""
    facts: dict[str, Any] = {
        "environment": Environment.read({"SESSION_SECRET": "kept by the test", **(environ or {})}),
        "secrets": ("webhook secret",),
        "people": People(database, hasher=QUICK),
        "history": History(database),
        "clock": lambda: NOW,
        "start": lambda: None,
        "stopping": lambda: False,
        "ears": lambda: Ears("the local model", "well", NOW),
    }
    return SimpleNamespace(**{**facts, **more})


def app(bot: Any, *blueprints: Blueprint, redis_url: str = "") -> Flask:
    application = Flask("test", static_folder=None)
    application.jinja_options = {"bytecode_cache": COMPILED}  # each test has an application of its own, all have the same templates
    application.extensions["bot"] = bot
    door.register(application, blueprints, redis_url=redis_url)
    return application


def browser(application: Flask, role: str = "", *, agent: str = "", login: str = "") -> FlaskClient:
    """A browser of its own: of a stranger, or of a person who has logged in."""
    client = application.test_client()
    if role:
        people, login = application.extensions["bot"].people, login or agent or role
        if people.by_login(login) is None:
            people.add(login, login.title(), PASSWORD, role, agent, now=NOW)
        client.get("/login")  # the application has its key from now on
        with client.session_transaction() as session:  # as a log in would, without the work that Argon2 wants for each
            session["_user_id"], session.permanent = Account(people.by_login(login)).get_id(), True
    return client


def log_in(client: FlaskClient, login: str, password: str, **more: str) -> Any:
    return client.post("/login", data={"login": login, "password": password, **more, **token(client)})


def token(client: FlaskClient) -> dict[str, str]:
    """The hidden field that every form carries."""
    page = client.get("/account").text or client.get("/login").text
    page = page if 'name="csrf_token"' in page else client.get("/login").text
    return {"csrf_token": page.split('name="csrf_token" value="')[1].split('"')[0]}
