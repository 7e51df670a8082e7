"""`/people`: who has an account, for admins."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Protocol

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from calls.errors import PersonError
from calls.settings import Settings
from console.door import needs, person
from records.people import ROLES, People, Person

log = logging.getLogger(__name__)
bp = Blueprint("people", __name__, template_folder="templates")
NOT_ONESELF = "another admin must change your own role or close your account"


class Bot(Protocol):
    people: People
    settings: Settings
    clock: Callable[[], datetime]


def house() -> Bot:
    bot: Bot = current_app.extensions["bot"]
    return bot


@bp.get("/people")
@needs("admin")
def index() -> ResponseReturnValue:
    return everybody()


@bp.post("/people")
@needs("admin")
def add() -> ResponseReturnValue:
    wanted = {field: request.form.get(field, "") for field in ("login", "name", "role", "agent")}
    own = request.form.get("password", "")
    password = own or generated()
    try:
        agent = known_agent(wanted["agent"], house().settings.escalation.agents)
        new = house().people.add(wanted["login"], wanted["name"], password, wanted["role"], agent, now=house().clock())
    except PersonError as error:
        return everybody(error=str(error), wanted=wanted), 422
    log.info("an account was made", extra={"person": new.id, "by": person().id})
    return everybody(new=new, password="" if own else password)


@bp.get("/people/<int:number>")
@needs("admin")
def show(number: int) -> ResponseReturnValue:
    return one(known(number))


@bp.post("/people/<int:number>")
@needs("admin")
def change(number: int) -> ResponseReturnValue:
    before, name, role = known(number), request.form.get("name", ""), request.form.get("role", "")
    active = "active" in request.form
    try:
        agent = known_agent(request.form.get("agent", ""), {*house().settings.escalation.agents, before.agent})
        if number == person().id and (role, active) != (before.role, before.active):
            raise PersonError(NOT_ONESELF)
        house().people.change(number, name=name, role=role, agent=agent, active=active)
    except PersonError as error:
        return one(before, error=str(error)), 422
    log.info("an account was changed", extra={"person": number, "by": person().id})
    return redirect(url_for("people.index"), 303)


@bp.post("/people/<int:number>/password")
@needs("admin")
def reset(number: int) -> ResponseReturnValue:
    somebody, own = known(number), request.form.get("password", "")
    password = own or generated()
    if number == person().id:
        return redirect(url_for("login.account"), 303)
    try:
        house().people.set_password(number, password)
    except PersonError as error:
        return one(somebody, unfit=str(error)), 422
    log.info("an account has a new password", extra={"person": number, "by": person().id})
    return one(somebody, reset=True, password="" if own else password)


# -- what they need -----------------------------------------------------------------
def everybody(**more: Any) -> str:
    return render_template("people.html", people=house().people.all(), moment=moment, **choices(), **more)


def one(somebody: Person, **more: Any) -> str:
    return render_template("person.html", somebody=somebody, **choices(), **more)


def choices() -> dict[str, Any]:
    return {"roles": ROLES, "agents": {name: agent.name for name, agent in house().settings.escalation.agents.items()}}


def known(number: int) -> Person:
    return house().people.get(number) or abort(404, "There is no such account.")


def known_agent(agent: str, agents: Collection[str]) -> str:
    """One of jambonz-app.json's, or "". Raises PersonError."""
    if agent and agent not in agents:
        raise PersonError(f"jambonz-app.json knows no such agent; there are: {', '.join(sorted(filter(None, agents))) or 'none'}")
    return agent


def generated() -> str:
    """A password to be told to somebody once: 96 random bits."""
    return secrets.token_urlsafe(12)


def moment(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC") if at else "never"
