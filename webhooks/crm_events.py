"""The CRMs knock: `POST /crm/events/<crm>`, a ticket has moved. No call hangs on it.

Signed as the vendor signs (crm.events), and may come twice. A ticket that is not ours is answered 200, so that the CRM
does not send it again; trouble of our own is 503 with Retry-After, which HubSpot and Zendesk both take for "again".
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Protocol, cast

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from calls.settings import Environment
from crm.events import SECRETS, CrmEvents, Knock, TicketMoved, Unreadable
from webhooks.addresses import hook_url
from webhooks.door import MAX_BODY_BYTES

log = logging.getLogger(__name__)
bp = Blueprint("crm_events", __name__)
RETRY_AFTER_S = 30  # Zendesk tries a 503 again only when this is below 60


class EventHouse(Protocol):
    """What this door asks of the house in `app.extensions["bot"]`."""

    @property
    def environment(self) -> Environment: ...
    @property
    def crm_events(self) -> CrmEvents: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...

    def ticket_moved(self, moved: TicketMoved) -> bool:
        """Bring the desk's ticket of that call to this state; False when it is no ticket of ours. May be called twice."""


@bp.post("/crm/events/<crm>")
def crm_events(crm: str) -> ResponseReturnValue:
    house = cast(EventHouse, current_app.extensions["bot"])
    if not house.crm_events.knows(crm):
        return jsonify(error="there is no such CRM"), 404
    request.max_content_length = MAX_BODY_BYTES
    if not house.crm_events.authentic(crm, knock(house.environment), now=house.clock()):
        log.warning("a CRM's event without a valid signature was refused", extra={"crm": crm})
        return jsonify(error=unsigned(crm)), 401
    known = [house.ticket_moved(moved) for moved in house.crm_events.moves(crm, request.get_data())]
    log.info("a CRM told of its tickets", extra={"crm": crm, "moved": sum(known), "not_ours": known.count(False)})
    return jsonify(moved=sum(known), ignored=known.count(False))


def knock(environment: Environment) -> Knock:
    """HubSpot signs the address that it was told, which is PUBLIC_URL's and not what a proxy has made of it."""
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Knock(request.method, hook_url(environment, request.path) + query, headers, request.get_data())


def unsigned(crm: str) -> str:
    also = ", and PUBLIC_URL to the address that HubSpot was told" if crm == "hubspot" else ""
    mend = f"set {SECRETS[crm]} to what {crm} signs with{also}; keep both clocks right"
    return f"the signature is missing, wrong or older than five minutes: {mend}"


@bp.errorhandler(Unreadable)
def unreadable(error: Unreadable) -> ResponseReturnValue:
    return jsonify(error=str(error)), 400


@bp.errorhandler(Exception)
def failed(error: Exception) -> ResponseReturnValue:
    if isinstance(error, HTTPException):
        return jsonify(error=error.description), error.code or 500
    log.error("a CRM's event could not be kept", exc_info=error)
    response: Response = jsonify(error="the event could not be kept; the log says why")
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response, 503
