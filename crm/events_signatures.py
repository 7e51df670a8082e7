"""Whether a CRM's webhook is the CRM's: each vendor signs in its own way, all of them HMAC-SHA256.

Sources: HubSpot's and Zendesk's published pages on request validation ("Validate the v3 request signature",
"Verifying webhooks"). Tally documents none: what is read here is a proposal, the scheme that Jambonz uses.
No function raises, whatever the headers hold; nothing fits where there are no secrets.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from calls import signature

TOLERANCE_S = 300  # HubSpot's rule; Zendesk names none, so the same
PERCENT_ENCODED = re.compile("%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)  # HubSpot's table; nothing else is decoded


@dataclass(frozen=True, slots=True)
class Knock:
    """A request as it came. `url` is the address that the CRM was told; `headers` are found whatever their case."""

    method: str
    url: str
    headers: Mapping[str, str]  # names in small letters
    body: bytes


def hubspot(knock: Knock, secrets: Sequence[str], *, now: datetime) -> bool:
    """X-HubSpot-Signature-v3: base64 over method, URL, body and the time stamp (milliseconds)."""
    stamp = knock.headers.get("x-hubspot-request-timestamp", "")
    if not fresh(unix_ms(stamp), now):
        return False
    signed = knock.method.encode() + decoded(knock.url).encode() + knock.body + stamp.encode()
    return signed_by(secrets, signed, knock.headers.get("x-hubspot-signature-v3", ""))


def zendesk(knock: Knock, secrets: Sequence[str], *, now: datetime) -> bool:
    """X-Zendesk-Webhook-Signature: base64 over the time stamp (ISO 8601) and the body."""
    stamp = knock.headers.get("x-zendesk-webhook-signature-timestamp", "")
    if not fresh(iso(stamp), now):
        return False
    return signed_by(secrets, stamp.encode() + knock.body, knock.headers.get("x-zendesk-webhook-signature", ""))


def tally(knock: Knock, secrets: Sequence[str], *, now: datetime) -> bool:
    """X-Tally-Signature: `t=<unix seconds>,v1=<hex>` over `<t>.` and the body (a proposal)."""
    header = knock.headers.get("x-tally-signature")
    return signature.verify(knock.body, header, secrets, now=now.timestamp(), tolerance_s=TOLERANCE_S)


class Verify(Protocol):
    def __call__(self, knock: Knock, secrets: Sequence[str], *, now: datetime) -> bool: ...


VERIFY: Mapping[str, Verify] = {"hubspot": hubspot, "zendesk": zendesk, "tally": tally}


def signed_by(secrets: Sequence[str], signed: bytes, theirs: str) -> bool:
    """Several secrets may be valid while one is being replaced."""
    ours = [base64_digest(secret, signed) for secret in secrets if secret]
    return any(hmac.compare_digest(digest.encode(), theirs.strip().encode("utf-8", "replace")) for digest in ours)


def base64_digest(secret: str, signed: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()


def decoded(url: str) -> str:
    return PERCENT_ENCODED.sub(lambda found: chr(int(found[1], 16)), url)


def fresh(stamp: datetime | None, now: datetime) -> bool:
    return stamp is not None and abs((now - stamp).total_seconds()) <= TOLERANCE_S


def unix_ms(text: str) -> datetime | None:
    """The moment of milliseconds since 1970; None if it is none."""
    readable = text.isascii() and text.isdigit() and len(text) <= 14
    return datetime.fromtimestamp(int(text) / 1000, UTC) if readable else None


def iso(text: str) -> datetime | None:
    """The moment of an ISO 8601 text; one without a zone is UTC's. None if it is none."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
