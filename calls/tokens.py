"""The audio socket's key: each call has its own, so that nobody but its own call can open it.

Jambonz signs its hooks but not the socket's handshake; what it sends there is the Basic auth of the stream verb's
`wsAuth`. The user is the call's sid and the password is derived from the webhook secret, so nothing has to be kept.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence


def audio_password(secret: str, call_sid: str) -> str:
    """The password (64 hex digits) with which the call `call_sid` may open its audio socket."""
    return hmac.new(secret.encode(), b"audio:" + call_sid.encode(), hashlib.sha256).hexdigest()


def audio_authorized(authorization_header: str | None, secrets: Sequence[str]) -> str | None:
    """The sid of the call that the handshake's Authorization header proves to be, or None. Never raises.

    Any of `secrets` will do (one may be on its way out); without secrets nobody is let in."""
    call_sid, password = _basic(authorization_header or "")
    if not call_sid:
        return None
    fits = [hmac.compare_digest(audio_password(secret, call_sid).encode(), password.encode()) for secret in secrets if secret]
    return call_sid if any(fits) else None


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return user, password
