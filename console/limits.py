"""How often somebody may try a password: 5 times a minute from an address, 20 times an hour for an account.

The address is the connection's. Behind a proxy that is the proxy's, so that all share one; what a request says of itself in
X-Forwarded-For anybody could write. A login that succeeds forgives the tries before it, so nobody pays for a colleague's.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flask import Flask, current_app, request
from flask_limiter import Limiter, RequestLimit
from limits.errors import ConfigurationError, StorageError

from calls.errors import SettingsError
from records.people import plain

log = logging.getLogger(__name__)
AN_ADDRESS, AN_ACCOUNT = "5 per minute", "20 per hour"
WAIT_S = 1
OF_REDIS: dict[str, str | int] = {"socket_connect_timeout": WAIT_S, "socket_timeout": WAIT_S, "wrap_exceptions": True}


def limit(app: Flask, redis_url: str, *, logins: set[str], others: set[str]) -> None:
    """Count the tries at these endpoints, those of `logins` for their account too; in Redis when there is one, else in this process.

    While Redis is away they are counted here. Raises SettingsError for an address that is none."""
    limited = {*logins, *others}
    try:
        limiter = Limiter(
            address,
            app=app,
            storage_uri=redis_url.strip().replace("unix://", "redis+unix://", 1) or "memory://",
            storage_options=OF_REDIS if redis_url.strip() else {},
            in_memory_fallback_enabled=True,
            key_prefix="voicebot",
            on_breach=breached,
        )
    except (ConfigurationError, ValueError):
        raise SettingsError("REDIS_URL: write it like redis://127.0.0.1:6379/0") from None
    logging.getLogger("flask-limiter").setLevel(logging.WARNING)  # its lines name addresses
    limiter.request_filter(lambda: request.endpoint not in limited)
    app.extensions["tries"] = limiter
    for endpoint in limited:
        view: Callable[..., Any] = app.view_functions[endpoint]
        view = limiter.limit(AN_ADDRESS)(view)
        app.view_functions[endpoint] = limiter.limit(AN_ACCOUNT, key_func=an_account)(view) if endpoint in logins else view


def address() -> str:
    return request.remote_addr or "unknown"


def an_account() -> str:
    """Not the login itself: what is typed there may be a password."""
    return hashlib.sha256(plain(request.form.get("login", "")).encode()).hexdigest()


def breached(tries: RequestLimit) -> None:
    log.warning("too many tries to log in", extra={"limit": str(tries.limit), "pii_address": address()})


def forgive() -> None:
    """Forget the tries that this request was counted among."""
    limiter: Limiter = current_app.extensions["tries"]
    with suppress(StorageError):
        for tries in limiter.current_limits:
            limiter.limiter.clear(tries.limit, *tries.request_args)
