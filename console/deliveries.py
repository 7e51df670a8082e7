"""`/admin/deliveries`: the deliveries to the CRMs, as a page and as JSON, and another try of one that failed.

HTTP Basic with ADMIN_PASSWORD, whatever the user's name; without that password configured the pages do not exist.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from datetime import datetime
from typing import Any, Protocol

from flask import Blueprint, Response, abort, current_app, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from calls.errors import BotError
from crm.deliveries import Deliveries
from crm.delivery import Delivery, State

log = logging.getLogger(__name__)
bp = Blueprint("deliveries", __name__, url_prefix="/admin", template_folder="templates")
LIMIT = 100
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"


class Bot(Protocol):
    """What the pages look for in `app.extensions["bot"]`."""

    @property
    def deliveries(self) -> Deliveries: ...
    @property
    def admin_password(self) -> str:
        """ADMIN_PASSWORD, "" when there is none."""


def house() -> Bot:
    bot: Bot = current_app.extensions["bot"]
    return bot


# -- the door ---------------------------------------------------------------------
@bp.before_request
def only_the_admin() -> ResponseReturnValue | None:
    password, given = house().admin_password, request.authorization
    if not password:
        log.warning("somebody asked for the admin's pages; set ADMIN_PASSWORD to open them")
        abort(404)
    if given and given.type == "basic" and hmac.compare_digest((given.password or "").encode(), password.encode()):
        return None
    if given:
        log.warning("a wrong password was given for the admin's pages")
    return Response("the admin's password is wanted", 401, {"WWW-Authenticate": 'Basic realm="voicebot", charset="UTF-8"'})


@bp.after_request
def kept_private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response


@bp.errorhandler(BotError)
def out_of_reach(error: BotError) -> ResponseReturnValue:
    log.error("the deliveries can't be read", extra={"error": str(error)})
    return Response("the database does not answer; see the log", 503, mimetype="text/plain")


def token_for(delivery: Delivery) -> str:
    """Only our own page knows it, and it is good for one retry of this delivery."""
    words = f"retry {delivery.call_sid} {delivery.crm} {delivery.run}"
    return hmac.new(house().admin_password.encode(), words.encode(), hashlib.sha256).hexdigest()


# -- the pages --------------------------------------------------------------------
@bp.get("/deliveries")
def index() -> str:
    deliveries, counts = wanted(), house().deliveries.counts()
    crms = sorted({crm for crm, _ in counts})
    chosen = {"state": request.args.get("state", ""), "crm": request.args.get("crm", ""), "limit": LIMIT}
    states = [state.value for state in State]
    return render_template("deliveries.html", deliveries=deliveries, counts=counts, crms=crms, states=states, moment=moment, **chosen)


@bp.get("/deliveries.json")
def index_json() -> Response:
    counts = [{"crm": crm, "state": state, "count": count} for (crm, state), count in sorted(house().deliveries.counts().items())]
    return jsonify(deliveries=[as_json(delivery) for delivery in wanted()], counts=counts)


@bp.get("/deliveries/<call_sid>/<crm>")
def show(call_sid: str, crm: str) -> str:
    delivery = known(call_sid, crm)
    return render_template("delivery.html", delivery=delivery, token=token_for(delivery), moment=moment)


@bp.get("/deliveries/<call_sid>/<crm>.json")
def show_json(call_sid: str, crm: str) -> Response:
    return jsonify(as_json(known(call_sid, crm)))


@bp.post("/deliveries/<call_sid>/<crm>/retry")
def retry(call_sid: str, crm: str) -> ResponseReturnValue:
    delivery = known(call_sid, crm)
    if not hmac.compare_digest(request.form.get("token", "").encode(), token_for(delivery).encode()):
        abort(400, "this form is out of date: load the delivery's page again")
    house().deliveries.retry(call_sid, crm)
    return redirect(url_for("deliveries.show", call_sid=call_sid, crm=crm), code=303)


def wanted() -> list[Delivery]:
    found = house().deliveries.list(state=request.args.get("state", ""), crm=request.args.get("crm", ""), limit=LIMIT)
    return list(found)


def known(call_sid: str, crm: str) -> Delivery:
    delivery = house().deliveries.show(call_sid, crm)
    if delivery is None:
        abort(404, "no such delivery")
    return delivery


def as_json(delivery: Delivery) -> dict[str, Any]:
    return {
        "call_sid": delivery.call_sid,
        "crm": delivery.crm,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "error": delivery.error,
        "workflow_id": delivery.workflow_id,
        "created_at": delivery.created_at.isoformat(),
        "updated_at": delivery.updated_at.isoformat(),
        "next_try_at": delivery.next_try_at.isoformat(),
        "delivered_at": delivery.delivered_at.isoformat() if delivery.delivered_at else None,
        "steps": {name: {"attempts": step.attempts, "result": step.result, "error": step.error} for name, step in delivery.steps.items()},
    }


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")
