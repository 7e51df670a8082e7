"""`/callbacks`: the promises to call customers back. Whoever claims one sees to it, and says what came of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from calls.agents import Callback, CallbackState
from calls.errors import BotError
from calls.live import LiveEvent
from console.at_desk import my_agent
from console.desk_ports import called, house
from console.door import may, needs, person
from console.moments import clock_for

log = logging.getLogger(__name__)
bp = Blueprint("callbacks", __name__, url_prefix="/callbacks", template_folder="templates")
ENDINGS = {  # what may be said of a call back, in the words of the page
    CallbackState.KEPT: "I called, it is done",
    CallbackState.OPEN: "Not reached, to be tried again",
    CallbackState.DROPPED: "Give it up (say why)",
}
LONGEST_NOTE = 2000  # characters
GONE = "Somebody else is on this call back, or it is settled. Here is how things stand now."


@dataclass(frozen=True, slots=True)
class Trouble:
    """What was wrong with the form of one call back, and what had been typed into it."""

    callback_id: int
    why: str
    state: str = ""
    note: str = ""


@bp.get("")
@needs("agent")
def index() -> ResponseReturnValue:
    return page()


@bp.post("/<int:callback_id>/claim")
@needs("agent")
def claim(callback_id: int) -> ResponseReturnValue:
    claimed = house().callbacks.claim(callback_id, person().login, now=house().clock())
    return moved(claimed, callback_id)


@bp.post("/<int:callback_id>/settle")
@needs("agent")
def settle(callback_id: int) -> ResponseReturnValue:
    known, state, note = one(callback_id), request.form.get("state", ""), request.form.get("note", "").replace("\r\n", "\n").strip()
    if why := fault_of(state, note):
        return page(Trouble(callback_id, why, state, note)), 422
    settled = house().callbacks.settle(callback_id, CallbackState(state), settler(known), note, now=house().clock())
    return moved(settled, callback_id)


def one(callback_id: int) -> Callback:
    known = house().callbacks.get(callback_id)
    if known is None:
        abort(404, "There is no such call back.")
    return known


def fault_of(state: str, note: str) -> str:
    """What to do about the form; "" when it is fine."""
    if state not in list(ENDINGS):
        return "Choose what came of it."
    if state == CallbackState.DROPPED and not note:
        return "Say in the note why it is given up."
    if len(note) > LONGEST_NOTE:
        return f"The note has {len(note)} characters; {LONGEST_NOTE} fit."
    return ""


def settler(known: Callback) -> str:
    """Who says what came of it: supervisors may for whoever claimed it, who may have gone home."""
    stands_in = known.agent and may(person(), "supervisor")
    return known.agent if stands_in else person().login


def moved(callback: Callback | None, callback_id: int) -> ResponseReturnValue:
    """To the page of all; None: it was not ours to move."""
    if callback is None:
        one(callback_id)
        return page(Trouble(callback_id, GONE)), 409
    bot, facts = house(), {"id": callback.id, "state": callback.state.value, "due_at": callback.due_at.isoformat()}
    bot.live.publish(LiveEvent("callback", callback.call_sid, data=facts))
    write_into_ticket(callback.call_sid, bot.clock())
    return redirect(url_for("callbacks.index"), 303)


def write_into_ticket(call_sid: str, now: datetime) -> None:
    """The ticket says what became of the promise. One that can't be written now is written when its call is closed again."""
    try:
        house().closing.close(call_sid, now=now)
    except BotError as error:
        log.error("a call back's ticket could not be brought up to date", extra={"call_sid": call_sid, "error": type(error).__name__})


def page(trouble: Trouble | None = None) -> str:
    bot, now = house(), house().clock()
    found, names = bot.callbacks.open(), {each.login: each.name or each.login for each in bot.people.all()}
    return render_template(
        "callbacks.html",
        callbacks=sorted(found, key=lambda each: not each.overdue(now)),
        names=names,
        trouble=trouble,
        endings=ENDINGS,
        me=person(),
        may_stand_in=may(person(), "supervisor"),
        now=now,
        clock=clock_for(bot.settings.escalation, my_agent(), now),
        called=called,
    )
