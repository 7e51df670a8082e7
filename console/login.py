"""`/login`, `/logout`, `/account`, and `/setup/<token>`, where the first admin's account is made."""

from __future__ import annotations

import hmac
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from flask import Blueprint, abort, current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_user, logout_user

from calls.errors import PersonError
from console import door, limits
from console.sessions import EMERGENCY_LOGIN, Account, emergency_admin
from console.setup import Bot, may_set_up
from records.people import Person, plain

log = logging.getLogger(__name__)
bp = Blueprint("login", __name__)
CHECKS = threading.BoundedSemaphore(2)  # a password check takes 64 MiB and a core: more at once would take them from the calls
CHECK_WAIT_S = 3
FIRST_ACCOUNT = threading.Lock()
LOGINS, OTHER_TRIES = {"login.enter"}, {"login.set_up", "login.change_password"}  # where tries are counted, see console/limits.py


def house() -> Bot:
    bot: Bot = current_app.extensions["bot"]
    return bot


@bp.get("/")
def home() -> ResponseReturnValue:
    return redirect(request.script_root + "/desk" if door.visitor() else url_for("login.show"))


@bp.get("/login")
def show() -> ResponseReturnValue:
    if door.visitor():
        return redirect(place(request.args.get("next", "")))
    return render_template("login.html", next=request.args.get("next", ""))


@bp.post("/login")
def enter() -> ResponseReturnValue:
    login, password, back = (request.form.get(field, "") for field in ("login", "password", "next"))
    known = admitted(login, password)
    if known is None:
        log.warning("a login was refused", extra={"pii_login": login, "pii_address": request.remote_addr})
        return render_template("login.html", next=back, login=login, refused=True), 401
    begin_session(known)
    return redirect(place(back), 303)


@bp.post("/logout")
def leave() -> ResponseReturnValue:
    logout_user()
    session.clear()
    return redirect(url_for("login.show"), 303)


# -- the first admin ----------------------------------------------------------------
@bp.get("/setup/<token>")
def setup(token: str) -> ResponseReturnValue:
    with_link(token)
    return render_template("setup.html", token=token)


@bp.post("/setup/<token>")
def set_up(token: str) -> ResponseReturnValue:
    login, name, password = (request.form.get(field, "") for field in ("login", "name", "password"))
    with FIRST_ACCOUNT, one_check():
        with_link(token)
        try:
            first = house().people.add(login, name or login, password, "admin", now=house().clock())
        except PersonError as error:
            return render_template("setup.html", token=token, error=str(error), login=login, name=name), 422
    log.info("the first admin's account was made", extra={"person": first.id})
    begin_session(first)
    return redirect(url_for("login.home"), 303)


def with_link(token: str) -> None:
    if not may_set_up(house(), token):
        abort(403, "This link is used up, too old or damaged. If there is no account yet, start the bot again: it prints a new link.")


# -- one's own account --------------------------------------------------------------
@bp.get("/account")
@door.needs("agent")
def account() -> ResponseReturnValue:
    return render_template("account.html")


@bp.post("/account")
@door.needs("agent")
def change_password() -> ResponseReturnValue:
    who, people = door.person(), house().people
    with one_check():
        if not people.verify(who.login, request.form.get("password", ""), now=house().clock()):
            return render_template("account.html", wrong="That is not your password."), 422
        try:
            changed = people.set_password(who.id, request.form.get("new_password", ""))
        except PersonError as error:
            return render_template("account.html", unfit=f"Nothing was changed: {error}."), 422
    if changed:
        begin_session(changed)
    return render_template("account.html", changed=True)


# -- what they need -----------------------------------------------------------------
@contextmanager
def one_check() -> Iterator[None]:
    """A turn to work on a password; 503 when too many want one."""
    if not CHECKS.acquire(timeout=CHECK_WAIT_S):
        abort(503, "Too many people log in at once. Try again in a moment.")
    try:
        yield
    finally:
        CHECKS.release()


def admitted(login: str, password: str) -> Person | None:
    """Whose login and password these are; takes the same work whatever is wrong. Raises JournalError."""
    bot = house()
    with one_check():
        known = bot.people.verify(login, password, now=bot.clock())
    admin = emergency_admin(bot) if plain(login) == EMERGENCY_LOGIN else None
    expected = bot.environment.admin_password.get_secret_value().encode()
    return admin if admin and hmac.compare_digest(password.encode(), expected) else known


def begin_session(known: Person) -> None:
    """A new one: what a stranger may have put into the old one is gone, and the tries before are forgiven."""
    session.clear()
    session.permanent = True
    login_user(Account(known))
    limits.forgive()
    log.info("somebody logged in", extra={"person": known.id})


def place(wanted: str) -> str:
    """Where to go after the login: `wanted` when it is an address of ours, else home."""
    strange = not wanted.startswith("/") or wanted.startswith(("//", "/\\")) or any(letter < "!" or letter == "\\" for letter in wanted)
    try:
        parts = urlsplit(wanted)
    except ValueError:
        strange = True
    if strange or parts.scheme or parts.netloc or parts.path.startswith(("/login", "/logout", "/setup")):
        return url_for("login.home")
    return wanted
