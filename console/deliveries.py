"""`/admin/deliveries`: the deliveries to the CRMs, as a page and as JSON, and another try of one that failed. For admins."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from flask import Blueprint, abort, current_app, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from console.door import needs
from crm.deliveries import Deliveries
from crm.delivery import Delivery, State

bp = Blueprint("deliveries", __name__, url_prefix="/admin", template_folder="templates")
LIMIT = 100


class Bot(Protocol):
    """What the pages look for in `app.extensions["bot"]`."""

    @property
    def deliveries(self) -> Deliveries: ...


def house() -> Bot:
    bot: Bot = current_app.extensions["bot"]
    return bot


# -- the pages --------------------------------------------------------------------
@bp.get("/deliveries")
@needs("admin")
def index() -> ResponseReturnValue:
    deliveries, counts = wanted(), house().deliveries.counts()
    crms = sorted({crm for crm, _ in counts})
    chosen = {"state": request.args.get("state", ""), "crm": request.args.get("crm", ""), "limit": LIMIT}
    states = [state.value for state in State]
    return render_template("deliveries.html", deliveries=deliveries, counts=counts, crms=crms, states=states, moment=moment, **chosen)


@bp.get("/deliveries.json")
@needs("admin")
def index_json() -> ResponseReturnValue:
    counts = [{"crm": crm, "state": state, "count": count} for (crm, state), count in sorted(house().deliveries.counts().items())]
    return jsonify(deliveries=[as_json(delivery) for delivery in wanted()], counts=counts)


@bp.get("/deliveries/<call_sid>/<crm>")
@needs("admin")
def show(call_sid: str, crm: str) -> ResponseReturnValue:
    return render_template("delivery.html", delivery=known(call_sid, crm), moment=moment)


@bp.get("/deliveries/<call_sid>/<crm>.json")
@needs("admin")
def show_json(call_sid: str, crm: str) -> ResponseReturnValue:
    return jsonify(as_json(known(call_sid, crm)))


@bp.post("/deliveries/<call_sid>/<crm>/retry")
@needs("admin")
def retry(call_sid: str, crm: str) -> ResponseReturnValue:
    known(call_sid, crm)
    house().deliveries.retry(call_sid, crm)
    return redirect(url_for("deliveries.show", call_sid=call_sid, crm=crm), code=303)


def wanted() -> list[Delivery]:
    found = house().deliveries.list(state=request.args.get("state", ""), crm=request.args.get("crm", ""), limit=LIMIT)
    return list(found)


def known(call_sid: str, crm: str) -> Delivery:
    delivery = house().deliveries.show(call_sid, crm)
    if delivery is None:
        abort(404, "There is no such delivery.")
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
