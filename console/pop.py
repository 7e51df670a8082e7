"""`/pop/<token>`: a screen pop behind a signed link that travels in the INVITE to an agent's softphone. The link is the key: whoever has
it may read this one call's pop until it expires, and nothing else."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, abort, make_response, render_template

from calls.links import pop_key
from console.desk_ports import called, house
from console.door import visitor
from console.pops import attempt_of, pop_of

log = logging.getLogger(__name__)
bp = Blueprint("pop", __name__)
NOT_VALID = "This link has expired, or is not whole. Log in at the desk: what rings, and every call of yours, is shown there."


@bp.get("/pop/<token>")
def show(token: str) -> Response:
    bot, now = house(), house().clock()
    key = pop_key(token, bot.secrets, now=now)
    record = bot.journal.record(key.call_sid) if key else None
    if key is None or record is None:
        log.warning("a screen pop was asked for with a forged or expired link")
        abort(403, NOT_VALID)
    attempt = attempt_of(record, key.agent)
    pop = pop_of(bot, record, key.agent, attempt, at=attempt.started_at if attempt else record.started_at)
    somebody = visitor()
    page = render_template("pop.html", pop=pop, called=called, own=bool(somebody and somebody.agent == key.agent))
    response = make_response(page)
    response.headers["Referrer-Policy"] = "no-referrer"  # the link must not travel on with a click
    return response
