"""Filing a call's ticket from a hook whose call must go on whether that works or not."""

from __future__ import annotations

import logging
from datetime import datetime

from calls.call import Ticket
from webhooks.ports import Bot
from webhooks.telling import tell

log = logging.getLogger(__name__)


def close(house: Bot, call_sid: str, now: datetime) -> Ticket | None:
    """The call's ticket, as it is now; None when there is none to be had. Never raises: a caller is waiting."""
    try:
        ticket = house.closing.close(call_sid, now=now)
    except Exception:
        log.exception("a call's ticket could not be filed", extra={"call_sid": call_sid})
        return None
    if ticket:
        tell(house, "ticket", call_sid, {"id": ticket.id, "status": ticket.status, "intent": ticket.intent})
    return ticket
