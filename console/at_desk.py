"""Who sits at which desk, and how its forms are answered: with the piece of the page that changed, or a whole page without scripts."""

from __future__ import annotations

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from calls.call import CallRecord
from console.desk_pieces import DeskPieces
from console.desk_ports import house
from console.door import may_see, person


def my_agent() -> str:
    """The id in jambonz-app.json of who asks; "" for somebody who is never rung."""
    agent = person().agent
    return agent if agent in house().settings.escalation.agents else ""


def agent_here() -> str:
    if not (agent := my_agent()):
        abort(403, "Your account belongs to no agent who can be rung. An admin can say on the page People which agent you are.")
    return agent


def known_call(call_sid: str) -> CallRecord:
    """A call that who asks may see."""
    record = house().journal.record(call_sid)
    if record is None:
        abort(404, "There is no such call.")
    if not may_see(record):
        abort(403, "This call rang somebody else. A supervisor can show it to you.")
    return record


def asks_for_a_piece() -> bool:
    return "HX-Request" in request.headers


def shown_again(name: str) -> ResponseReturnValue:
    """The desk, or the piece of it that the form is in."""
    if not asks_for_a_piece():
        return redirect(url_for("desk.show"), 303)
    pieces = DeskPieces(house(), agent_here())
    pieces.look(house().clock(), {name})
    return pieces.make(name)
