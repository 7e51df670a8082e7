"""The hooks in a call's trace, and the call itself once it is over: told of by Flask's signal that a request is finished."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask, Response, g, request, request_finished

from calls.errors import JournalError
from calls.tracing import NOT_TRACED, Facts, Span, Traces, call_span
from webhooks.ports import Bot, bot

log = logging.getLogger(__name__)


def trace(app: Flask, traces: Callable[[], Traces]) -> None:
    """From now on, every hook that is let in and names its call. `traces`: those that the house has by then."""

    def finished(sender: Flask, response: Response, **_: Any) -> None:
        if (taking := traces()) is not NOT_TRACED and g.get("authentic") and "call_sid" in g:
            hook_finished(taking, bot(), response.status_code)

    request_finished.connect(finished, app, weak=False)


def hook_finished(traces: Traces, house: Bot, status: int) -> None:
    now, hook = house.clock(), request.url_rule.rule if request.url_rule else ""
    facts: Facts = {"http.request.method": request.method, "http.route": hook, "http.response.status_code": status}
    began_at = now - timedelta(seconds=time.perf_counter() - g.began_s)
    traces.add(call_of_hook(), Span(f"{request.method} {hook}", began_at, now, facts, failed=status >= 500))
    if hook == "/status" and call_of_hook() == g.call_sid:
        call_over(traces, house, g.call_sid)


def call_of_hook() -> str:
    """A hook of an agent's leg belongs to the call that it was rung for."""
    sent = request.get_json(silent=True)
    parent = sent.get("parent_call_sid") if isinstance(sent, dict) else None
    return parent if parent and isinstance(parent, str) else str(g.call_sid)


def call_over(traces: Traces, house: Bot, call_sid: str) -> None:
    try:
        record = house.journal.record(call_sid)
    except JournalError:
        log.warning("an ended call can't be read for its trace", extra={"call_sid": call_sid})
        return
    if record and (span := call_span(record)):
        traces.whole(call_sid, span)
