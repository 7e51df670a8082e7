"""Sessions of the console: a signed cookie that names an account and its epoch, so that a new password or role ends it.

Nothing of a session is kept here: a log out takes the cookie from its browser; a new password makes every copy worthless.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from flask import Flask, Request, Response, current_app, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_login import UserMixin

from calls.settings import Environment
from records.people import People, Person

LIFETIME = timedelta(hours=12)  # since the last request
EMERGENCY_LOGIN = "admin"  # with ADMIN_PASSWORD, as long as no account has this login
SETTINGS: dict[str, Any] = {
    "PERMANENT_SESSION_LIFETIME": LIFETIME,
    "SESSION_COOKIE_NAME": "voicebot_session",
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "WTF_CSRF_CHECK_DEFAULT": False,  # console.door checks what is the console's
    "WTF_CSRF_TIME_LIMIT": None,  # as long as its session: a desk stays open all day
}


class Bot(Protocol):
    """What sessions look for in `app.extensions["bot"]`."""

    environment: Environment
    secrets: tuple[str, ...]
    people: People

    def start(self) -> None: ...


class Sessions(SecureCookieSessionInterface):
    """Flask's own, but for its key, which is known when the bot has read its configuration: at the first request.
    What is not a page gets no cookie."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if not app.secret_key:
            bot: Bot = app.extensions["bot"]
            bot.start()
            app.config["SESSION_COOKIE_SECURE"] = bot.environment.public_url.startswith("https://")
            app.secret_key = session_key(bot)
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if request.blueprint != "assets" and request.blueprint in app.extensions["console"]:
            super().save_session(app, session, response)


def session_key(bot: Bot) -> bytes:
    """SESSION_SECRET; without it from the webhook secret, which other processes of this house know too, or is random."""
    own = bot.environment.session_secret.get_secret_value()
    return own.encode() if own else hmac.digest(bot.secrets[0].encode(), b"voicebot console session", hashlib.sha256)


class Account(UserMixin):  # type: ignore[misc]  # Flask-Login is untyped
    """A logged-in person, as Flask-Login wants one."""

    def __init__(self, person: Person) -> None:
        self.person = person

    def get_id(self) -> str:
        return f"{self.person.id}:{self.person.epoch}"


def account_of(session_id: str) -> Account | None:
    """Whose session this is; None when the account is closed or has had another password or role since. Raises JournalError."""
    bot: Bot = current_app.extensions["bot"]
    number = session_id.partition(":")[0]
    known = emergency_admin(bot) if number == "0" else bot.people.get(int(number))
    account = Account(known) if known and known.active else None
    return account if account and account.get_id() == session_id else None


def emergency_admin(bot: Bot) -> Person | None:
    """Who logs in as "admin" with ADMIN_PASSWORD; None without that password, or when somebody's account is called so."""
    password = bot.environment.admin_password.get_secret_value()
    if not password or bot.people.by_login(EMERGENCY_LOGIN):
        return None
    epoch = int.from_bytes(hmac.digest(session_key(bot), password.encode(), hashlib.sha256)[:6])  # another password ends its sessions
    made = datetime(2026, 1, 1, tzinfo=UTC)
    return Person(0, EMERGENCY_LOGIN, "Administrator", "admin", "", True, epoch, made, None)
