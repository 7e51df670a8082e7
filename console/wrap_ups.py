"""`/desk/calls/<call_sid>/wrap-up`: what an agent says of a call afterwards, on its way to the ticket and the CRMs."""

from __future__ import annotations

import logging
from datetime import datetime

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from calls.call import CallRecord, Ticket
from calls.errors import BotError
from calls.live import LiveEvent
from console.agents_calls import latest_taken, rung
from console.at_desk import asks_for_a_piece, known_call, my_agent
from console.desk_pieces import piece
from console.desk_ports import house
from console.door import needs, person
from console.moments import clock_for
from console.wrapping_up import WrapUpForm, filled, form_for, is_over_for, may_wrap_up

log = logging.getLogger(__name__)
bp = Blueprint("wrap_ups", __name__, url_prefix="/desk", template_folder="templates")
NOT_WRITTEN = "It could not be written just now. Nothing of it is lost: send it again in a moment."


@bp.get("/calls/<call_sid>/wrap-up")
@needs("agent")
def show(call_sid: str) -> ResponseReturnValue:
    form = form_for(house(), own_call(call_sid))
    return page(written(form) if form.record.wrap_up and "change" not in request.args else shown(form), form)


@bp.post("/calls/<call_sid>/wrap-up")
@needs("agent")
def write(call_sid: str) -> ResponseReturnValue:
    bot, now = house(), house().clock()
    form = filled(form_for(bot, own_call(call_sid)), request.form)
    if form.faults:
        return page(shown(form), form), 422
    try:
        ticket = bot.wrapped_up(form.as_wrap_up(person(), now), now=now)
    except BotError as error:
        log.error("a wrap-up could not be written", extra={"call_sid": call_sid, "error": type(error).__name__})
        return page(shown(form.refused(NOT_WRITTEN)), form), 503
    free_again(form.record, now)
    tell(form.record, ticket)
    return written(form_for(bot, own_call(call_sid))) if asks_for_a_piece() else redirect(url_for("wrap_ups.show", call_sid=call_sid), 303)


def own_call(call_sid: str) -> CallRecord:
    record = known_call(call_sid)
    if not may_wrap_up(record, person()):
        abort(403, "Who talked in a call wraps it up, or a supervisor.")
    return record


def free_again(record: CallRecord, now: datetime) -> None:
    """Who has wrapped up the call they come from can be rung again before their time for that is over."""
    bot, agent = house(), my_agent()
    if not agent or not is_over_for(record, agent):
        return
    bot.presences.release(record.sid, now=now, agents=[agent])
    latest = latest_taken(rung(bot.history.of_agent(agent), agent))
    if latest is not None and latest.record.sid == record.sid:
        bot.presences.ready(agent)


def tell(record: CallRecord, ticket: Ticket | None) -> None:
    """The other pages, and this person's other tabs."""
    bot, agent = house(), my_agent()
    if ticket:
        bot.live.publish(LiveEvent("ticket", record.sid, agent, {"id": ticket.id, "status": ticket.status, "intent": ticket.intent}))
    if agent and (here := bot.presences.of(agent)):
        bot.live.publish(LiveEvent("presence", agent=agent, data={"state": here.state.value, "call_sid": here.call_sid}))


# -- what is shown ------------------------------------------------------------------
def shown(form: WrapUpForm) -> str:
    return made("desk_wrap_up_form.html", form=form, ticket=house().desk.ticket_of(form.record.sid), talks=False)


def written(form: WrapUpForm) -> str:
    record = form.record
    return made("desk_wrapped_up.html", record=record, wrap_up=record.wrap_up, ticket=house().desk.ticket_of(record.sid))


def made(template: str, **facts: object) -> str:
    bot = house()
    return piece(template, clock_for(bot.settings.escalation, my_agent(), bot.clock()), **facts)


def page(wrap_up: str, form: WrapUpForm) -> str:
    """`wrap_up` alone where a script of ours asks."""
    return wrap_up if asks_for_a_piece() else render_template("desk_wrap_up.html", wrap_up=wrap_up, record=form.record)
