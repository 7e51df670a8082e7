"""The door of all pages: who is there, who may see what, and what every answer of the console carries.

    @bp.get("/live")
    @needs("supervisor")
    def show() -> str: ...

`register` puts the lock on all blueprints it is given: a page that belongs to one of them can't be without CSRF check and headers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import wraps
from typing import ParamSpec, Protocol

from flask import Blueprint, Flask, Response, abort, current_app, has_request_context, request
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user
from flask_wtf.csrf import CSRFProtect

from calls.call import CallRecord
from calls.errors import JournalError
from console import apologies, assets, limits
from console.sessions import SETTINGS, Sessions, account_of
from console.strangers import accepts, sent_to_login, wants_page
from records.history import History
from records.people import ROLES, Person

log = logging.getLogger(__name__)
P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; media-src 'self' blob:; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
MAX_BODY_BYTES = 262_144
BODY_BYTES = {"settings": 2_097_152}  # a whole jambonz-app.json
NAVIGATION = (  # role that is needed, address, what it is called
    ("agent", "/desk", "Desk"),
    ("supervisor", "/live", "Live"),
    ("agent", "/history", "Calls"),
    ("agent", "/tickets", "Tickets"),
    ("agent", "/callbacks", "Call backs"),
    ("agent", "/phone", "Phone"),
    ("supervisor", "/admin/corrections", "Corrections"),
    ("admin", "/people", "People"),
    ("admin", "/admin/settings", "Settings"),
    ("admin", "/admin/deliveries", "Deliveries"),
)


class Bot(Protocol):
    """What the door looks for in `app.extensions["bot"]`, beside what sessions.Bot does."""

    @property
    def history(self) -> History: ...


def register(app: Flask, blueprints: Iterable[Blueprint], *, redis_url: str = "") -> None:
    """Open the console's pages behind the lock. `redis_url`: where wrong logins are counted; "": in this process."""
    from console import login, settings

    pages = (assets.bp, login.bp, *blueprints)
    app.extensions["console"] = frozenset(blueprint.name for blueprint in pages)
    app.config.update(SETTINGS)
    app.session_interface = Sessions()
    manager = LoginManager()
    manager.init_app(app, add_context_processor=False)
    manager.session_protection = None  # its identifier believes any X-Forwarded-For
    manager.user_loader(account_of)
    lock(app, CSRFProtect(app))
    apologies.register(app, is_ours, wants_page)
    app.jinja_env.globals.update(asset=assets.asset, viewer=visitor, navigation=navigation, settings_trouble=settings.trouble)
    for blueprint in pages:
        app.register_blueprint(blueprint)
    limits.limit(app, redis_url, logins=login.LOGINS, others=login.OTHER_TRIES)


def lock(app: Flask, csrf: CSRFProtect) -> None:
    """Jambonz's hooks and the sockets have keys of their own; what is the console's is found by its blueprint."""

    def without_forgery() -> None:
        if request.blueprint in app.extensions["console"]:
            request.max_content_length = request.max_form_memory_size = BODY_BYTES.get(request.blueprint or "", MAX_BODY_BYTES)
            csrf.protect()

    def carried(response: Response) -> Response:
        if is_ours():
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
        return response

    app.before_request(without_forgery)
    app.after_request(carried)


def is_ours() -> bool:
    """The request is for a page of the console, or for nothing at all: a page that does not exist."""
    return request.blueprint in current_app.extensions["console"] or (request.url_rule is None and accepts("text/html"))


# -- who is there -------------------------------------------------------------------
def visitor() -> Person | None:
    """Who is logged in; None for a stranger, or while the database does not answer."""
    if not has_request_context():
        return None
    try:
        return current_user.person if current_user.is_authenticated else None
    except JournalError as error:
        log.error("the database can't say who asks for a page", extra={"error": str(error)})
        return None


def person() -> Person:
    """Who asks for the page, behind `needs`."""
    if not current_user.is_authenticated:
        abort(401)
    known: Person = current_user.person
    return known


def may(somebody: Person, role: str) -> bool:
    """Whether a person of this role, or of a higher one, is wanted here."""
    return ROLES.index(somebody.role) >= ROLES.index(role)


def needs(*roles: str) -> Callable[[View[P]], View[P]]:
    """Only for people with one of these roles, or a higher one. Strangers are sent to the login, or told 401 where no page is wanted."""
    lowest = min(roles, key=ROLES.index)

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            if not current_user.is_authenticated:
                return sent_to_login()
            if not may(person(), lowest):
                abort(403, f"This page is for a person with the role {lowest!r}. An admin can change yours.")
            return view(*args, **kwargs)

        return guarded

    return decorate


def may_see(record: CallRecord) -> bool:
    """Supervisors see every call; an agent those that rang him, and those that somebody is to call back about."""
    somebody = person()
    if may(somebody, "supervisor"):
        return True
    if not somebody.agent:
        return record.callback is not None and record.callback.settled_at is None
    bot: Bot = current_app.extensions["bot"]
    rang = any(somebody.agent in escalation.agents for escalation in record.escalations)
    return rang or bot.history.may_see(somebody.agent, record.sid)


def navigation() -> list[tuple[str, str, bool]]:
    """(address, name, whether it is this page) of what the visitor may open."""
    somebody = visitor()
    places = [(path, name) for role, path, name in NAVIGATION if somebody and may(somebody, role)]
    return [(request.script_root + path, name, f"{request.path}/".startswith(f"{path}/")) for path, name in places]
