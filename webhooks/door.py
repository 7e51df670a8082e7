"""What the hooks' doors have in common: who is let in, how hooks are read and answered, and what happens when one fails."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from flask import Blueprint, Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from calls import metrics
from calls.errors import HookError
from calls.signature import HEADER, verify
from webhooks.payloads import HookModel, parse
from webhooks.ports import bot
from webhooks.rescue import instead
from webhooks.verbs import Verb

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 1_048_576  # Jambonz sends some 3,000
UNSIGNED = (
    "the hook's Jambonz-Signature is missing, wrong or older than five minutes: set JAMBONZ_WEBHOOK_SECRET to the webhook"
    " secret of your Jambonz account, and keep both clocks right (for development only: ALLOW_UNSIGNED=1)"
)


def guarded(blueprint: Blueprint) -> Blueprint:
    """Give a blueprint the lock and the clock that every hook has."""
    blueprint.before_request(only_jambonz)
    blueprint.after_request(measured)
    return blueprint


def call_hooks(blueprint: Blueprint) -> Blueprint:
    """For hooks that a call hangs on: whatever fails behind the lock is answered with verbs that reach a human."""
    blueprint.register_error_handler(Exception, rescue)
    return guarded(blueprint)


def only_jambonz() -> ResponseReturnValue | None:
    """The lock: the signature over the raw bytes, by one of the secrets; without a configured one only we ourselves know it (/phone)."""
    g.began_s, g.authentic = time.perf_counter(), False
    request.max_content_length = MAX_BODY_BYTES
    raw, house = request.get_data(), bot()
    signed = verify(raw, request.headers.get(HEADER), house.secrets, now=house.clock().timestamp())
    if not signed and not house.unsigned_allowed:
        log.warning("a hook without a valid signature was refused", extra={"hook": path()})
        return jsonify(error=UNSIGNED), 401
    g.authentic = True
    return None


def measured(response: Response) -> Response:
    if "began_s" in g:
        metrics.HOOK.labels(path()).observe(time.perf_counter() - g.began_s)
    return response


def received(model: type[HookModel]) -> HookModel:
    """The current request's hook. Raises HookError that names the field."""
    hook = parse(model, request.get_data())
    g.call_sid = hook.call_sid
    return hook


def answer(verbs: list[Verb]) -> Response:
    """Jambonz takes 200 with application/json; anything else would drop the caller."""
    return jsonify(verbs)


def answer_first(work: Callable[[], object]) -> Response:
    """204; `work`, which nobody waits for and which must not raise, follows on the same thread when the answer is on its way."""
    response = Response(status=204)
    response.call_on_close(work)
    return response


def rescue(error: Exception) -> ResponseReturnValue:
    """A hook that fails drops the caller (recordings 12_voice_500, 12_redirect_500), so none does."""
    if not g.get("authentic"):
        return turned_away(error)
    if isinstance(error, HookError):
        log.warning("a call hook can't be read; the caller goes straight to a human", extra={"hook": path(), "why": str(error), **about()})
    else:
        log.error("a call hook failed; the caller goes straight to a human", exc_info=error, extra={"hook": path(), **about()})
    house = bot()
    return answer(instead(house, path(), request.get_data(), house.clock()))


def turned_away(error: Exception) -> ResponseReturnValue:
    """Trouble before the lock was open: too large a body (413), or a fault of our own (500)."""
    if isinstance(error, HTTPException):
        return jsonify(error=error.description), error.code or 500
    log.error("a hook could not be checked", exc_info=error, extra={"hook": path()})
    return jsonify(error="the hook could not be checked; the log says why"), 500


def path() -> str:
    """The hook's own path, never what a stranger wrote."""
    return request.url_rule.rule if request.url_rule else ""


def about() -> dict[str, str]:
    return {"call_sid": g.call_sid} if "call_sid" in g else {}
