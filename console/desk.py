"""`/desk`: where an agent says who can be rung, sees what rings, and declines it. Live by server-sent events."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from calls.agents import LegAnswer, Presence
from calls.live import LiveEvent
from console.at_desk import agent_here, known_call, my_agent, shown_again
from console.desk_pieces import PIECES, DeskPieces
from console.desk_ports import house
from console.desk_stream import DeskStream
from console.door import needs, person
from console.events import event_stream
from console.pops import AtHand, at_hand
from console.sessions import account_of

bp = Blueprint("desk", __name__, url_prefix="/desk", template_folder="templates")
GONE = "This call does not ring here any more."


@bp.get("")
@needs("agent")
def show() -> ResponseReturnValue:
    bot, agent = house(), my_agent()
    if not agent:
        return render_template("desk_without_agent.html", agent=person().agent)
    pieces = DeskPieces(bot, agent)
    pieces.look(bot.clock())
    made = {name: pieces.make(name) for name in PIECES}
    return render_template("desk.html", name=bot.settings.escalation.agents[agent].name, pieces=made)


@bp.get("/events")
@needs("agent")
def events() -> ResponseReturnValue:
    stream = DeskStream(house(), agent_here(), allowed=lambda: account_of(current_user.get_id()) is not None)
    return event_stream(house().live.subscribe, stream.whole, stream.told, beat=stream.beat)


@bp.post("/presence")
@needs("agent")
def be() -> ResponseReturnValue:
    """Available, or away."""
    bot, agent, state = house(), agent_here(), request.form.get("state", "")
    if state not in list(Presence):
        abort(400, "Choose whether you are available or away.")
    here = bot.presences.set(agent, Presence(state), now=bot.clock())
    bot.live.publish(LiveEvent("presence", agent=agent, data={"state": state, "call_sid": here.call_sid}))
    return shown_again("presence")


# -- a call that rings on this page -------------------------------------------------
@bp.post("/calls/<call_sid>/decline")
@needs("agent")
def decline(call_sid: str) -> ResponseReturnValue:
    """To take it needs no hook: the page whose microphone joins the caller first has the call (desk-phone.js)."""
    bot, agent = house(), agent_here()
    leg_sid = f"desk-{agent}-{ringing_here(call_sid).attempt}"
    if not bot.journal.leg_answered(call_sid, leg_sid, agent, LegAnswer.DECLINED, bot.clock()):
        abort(409, GONE)
    bot.live.publish(LiveEvent("transfer", call_sid, agent, {"state": "declined"}))
    return shown_again("now")


def ringing_here(call_sid: str) -> AtHand:
    """The call, if it rings on this agent's page and nobody has taken it yet."""
    found = at_hand(house(), agent_here(), house().clock())
    if found is None or found.record.sid != call_sid:
        known_call(call_sid)
        abort(409, GONE)
    if found.by == "dial":
        abort(409, "Your telephone rings: take or decline the call there.")
    if not found.can_take_here:
        abort(409, "You talk in this call already.")
    return found
