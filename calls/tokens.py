"""The audio sockets' keys: each call has its own, so that nobody but its own call can open it, and so has each agent rung for it.

Jambonz signs its hooks but not the socket's handshake; what it sends there is the Basic auth of the stream verb's
`wsAuth`. The user is the call's sid and the password is derived from the webhook secret, so nothing has to be kept.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

AGENT_KEY_S = 600
AGENT_KEY_STEP_S = 300


def audio_password(secret: str, call_sid: str) -> str:
    """The password (64 hex digits) with which the call `call_sid` may open its audio socket."""
    return hmac.new(secret.encode(), b"audio:" + call_sid.encode(), hashlib.sha256).hexdigest()


def audio_authorized(authorization_header: str | None, secrets: Sequence[str]) -> str | None:
    """The sid of the call that the handshake's Authorization header proves to be, or None. Never raises.

    Any of `secrets` will do (one may be on its way out); without secrets nobody is let in."""
    call_sid, password = _basic(authorization_header or "")
    return audio_key_fits(call_sid, password, secrets)


def audio_key_fits(call_sid: str, password: str, secrets: Sequence[str]) -> str | None:
    """The same of a sid and a password that came another way: a browser can't send the header."""
    if not call_sid:
        return None
    fits = [hmac.compare_digest(audio_password(secret, call_sid).encode(), password.encode()) for secret in secrets if secret]
    return call_sid if any(fits) else None


def agent_key(secret: str, call_sid: str, agent: str) -> str:
    """With this an agent's page may join the call `call_sid`, for some AGENT_KEY_S seconds; the same for AGENT_KEY_STEP_S,
    so that a page which shows it need not change."""
    return _agent_keys(secret).dumps([call_sid, agent])


def agent_of_key(key: str, call_sid: str, secrets: Sequence[str], *, max_age_s: int = AGENT_KEY_S) -> str | None:
    """The id of the agent whom `key` lets join the call, or None. Never raises."""
    for secret in filter(None, secrets):
        try:
            match _agent_keys(secret).loads(key, max_age=max_age_s):
                case [str(of_call), str(agent)] if of_call == call_sid:
                    return agent
        except (BadData, UnicodeError):
            continue
    return None


class _Steps(TimestampSigner):
    def get_timestamp(self) -> int:
        return super().get_timestamp() // AGENT_KEY_STEP_S * AGENT_KEY_STEP_S


def _agent_keys(secret: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt="agent's audio", signer=_Steps)


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return user, password
