"""`/tickets`: the built-in desk's tickets, found again, with their calls and their status."""

from __future__ import annotations

from typing import get_args

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from calls.call import CallRecord, Ticket
from calls.live import LiveEvent
from console.at_desk import my_agent
from console.desk_pieces import piece
from console.desk_ports import called, house
from console.door import may_see, needs
from console.moments import clock_for
from crm.desk import Status
from crm.desk_search import TicketSearch

bp = Blueprint("tickets", __name__, url_prefix="/tickets", template_folder="templates")
STATUSES: tuple[Status, ...] = get_args(Status)
CALLS_SHOWN = 20


@bp.get("")
@needs("agent")
def index() -> ResponseReturnValue:
    bot, search = house(), search_of(request.args)
    intents = {name: called(name) for name in bot.settings.intents}
    return page("tickets.html", found=bot.desk.tickets(search), search=search, statuses=STATUSES, intents=intents)


def search_of(asked: dict[str, str]) -> TicketSearch:
    page = asked.get("page", "")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 10 else 1
    return TicketSearch(asked.get("status", ""), asked.get("intent", ""), asked.get("text", "").strip(), number)


@bp.get("/<ticket_id>")
@needs("agent")
def show(ticket_id: str) -> ResponseReturnValue:
    ticket = known(ticket_id)
    return page("ticket.html", ticket=ticket, statuses=STATUSES, calls=calls_of(ticket), may_see=may_see)


@bp.post("/<ticket_id>/status")
@needs("agent")
def change_status(ticket_id: str) -> ResponseReturnValue:
    bot, status = house(), request.form.get("status", "")
    if status not in STATUSES:
        abort(400, "Choose one of: " + ", ".join(STATUSES))
    changed = bot.desk.change_status(known(ticket_id).id, status, now=bot.clock())
    if changed:
        bot.live.publish(LiveEvent("ticket", changed.call_sid, data={"id": changed.id, "status": changed.status, "intent": changed.intent}))
    return redirect(url_for("tickets.show", ticket_id=ticket_id), 303)


def known(ticket_id: str) -> Ticket:
    ticket = house().desk.ticket(ticket_id)
    if ticket is None:
        abort(404, "There is no such ticket.")
    return ticket


def calls_of(ticket: Ticket) -> list[CallRecord]:
    """The latest first."""
    bot = house()
    latest = bot.desk.calls_of(ticket.id)[: -CALLS_SHOWN - 1 : -1]
    return [record for sid in latest if (record := bot.journal.record(sid))]


def page(template: str, **facts: object) -> str:
    bot = house()
    return piece(template, clock_for(bot.settings.escalation, my_agent(), bot.clock()), **facts)
