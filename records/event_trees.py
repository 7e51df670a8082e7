"""A live event as a tree of JSON, as it travels between processes. `origin` is the process's `Live` that published it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from calls.live import LiveEvent

log = logging.getLogger(__name__)


def tree_of(event: LiveEvent, origin: str) -> Mapping[str, Any] | None:
    """As it travels; None, and a line in the log, where somebody published what is not JSON."""
    tree: dict[str, Any] = {"id": event.id, "origin": origin, "kind": event.kind, "call_sid": event.call_sid, "agent": event.agent}
    tree |= {"at": event.at.isoformat(), "data": dict(event.data)}
    try:
        json.dumps(tree, allow_nan=False)
    except (TypeError, ValueError):
        log.error("a live event is not JSON; other processes are not told", extra={"kind": event.kind, "call_sid": event.call_sid})
        return None
    return tree


def event_of(tree: Mapping[str, Any], origin: str) -> LiveEvent | None:
    """None for our own, and for what is no event: an emptied row, or of another release."""
    try:
        if tree["origin"] == origin:
            return None
        at = datetime.fromisoformat(tree["at"])
        return LiveEvent(str(tree["kind"]), str(tree["call_sid"]), str(tree["agent"]), dict(tree["data"]), at, str(tree["id"]))
    except (KeyError, TypeError, ValueError):
        return None
