"""Jambonz tells how the call, and the legs to the agents, get on. Nothing of the call hangs on these hooks."""

from __future__ import annotations

import logging

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from calls.errors import HookError
from webhooks.door import about, guarded, path, received
from webhooks.payloads import StatusChange
from webhooks.ports import bot

log = logging.getLogger(__name__)
bp = guarded(Blueprint("status", __name__))


@bp.post("/status")
def status() -> ResponseReturnValue:
    """Journal it, in whatever order statuses come; a call that is over gets its ticket, however it ended."""
    if not request.is_json:
        return jsonify(error="the content type must be application/json"), 415
    house, hook, now = bot(), received(StatusChange), bot().clock()
    if hook.parent_call_sid:
        house.journal.agent_leg(hook.parent_call_sid, hook.call_sid, hook.call_status, hook.sip_status, now)
        return "", 204
    house.journal.status_changed(hook.call_sid, hook.call_status, now=now, duration_s=hook.duration, terminated_by=hook.call_termination_by)
    if hook.caller_gone:
        house.closing.close(hook.call_sid, now=now)
    return "", 204


@bp.errorhandler(HookError)
def unreadable(error: HookError) -> ResponseReturnValue:
    return jsonify(error=str(error)), 400


@bp.errorhandler(Exception)
def failed(error: Exception) -> ResponseReturnValue:
    """Jambonz does not mind, the log does."""
    if isinstance(error, HTTPException):
        return jsonify(error=error.description), error.code or 500
    log.error("a status hook failed", exc_info=error, extra={"hook": path(), **about()})
    return jsonify(error="the status could not be journalled; the log says why"), 500
