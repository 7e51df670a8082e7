"""What HubSpot's client and its network raise, in our words. None of HubSpot's own text goes in: it may repeat a number or words.

Statuses, policies and waits are those of the contract notes: 429 with `policyName`, 423 (2 s or more), 477 with Retry-After,
502/503/504/524 and everything that breaks off in the middle: it may have been done.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import hubspot.crm.associations.v4 as associations  # type: ignore[import-untyped]
import hubspot.crm.contacts as contacts  # type: ignore[import-untyped]
import hubspot.crm.objects.calls as calls  # type: ignore[import-untyped]
import hubspot.crm.objects.notes as notes  # type: ignore[import-untyped]
from pydantic import ValidationError
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from calls.errors import CrmBusy, CrmError, CrmRefused, CrmUnknown

API_ERRORS = (contacts.ApiException, notes.ApiException, calls.ApiException, associations.ApiException)
# The client decodes an error's body after it has caught it: one that is missing or no UTF-8 surfaces as one of the last two.
FOREIGN = (*API_ERRORS, HTTPError, ValidationError, AttributeError, UnicodeDecodeError)

REFUSED = "HubSpot refused HUBSPOT_TOKEN (401): copy the access token of your private app again and set it"
FORBIDDEN = (
    "HubSpot does not let the private app of HUBSPOT_TOKEN do this (403): give it the scopes crm.objects.contacts.read "
    "and crm.objects.contacts.write"
)
UNREACHABLE = "HubSpot can't be reached safely: look at HUBSPOT_URL, and at the certificates and the clock of this machine"
PAUSES_S = {"TEN_SECONDLY_ROLLING": 10.0, "SECONDLY": 1.0, "DAILY": 3600.0}  # policyName -> how long to leave it alone
LOCKED_S, MIGRATION_S = 2.0, 3600.0


def ours(error: BaseException, sent: Iterable[str] = ()) -> CrmError:
    """`sent`: the properties that went out; those that HubSpot complains of are named."""
    answer = error if isinstance(error, API_ERRORS) else error.__context__ if isinstance(error.__context__, API_ERRORS) else None
    if answer is not None:
        return of_answer(answer, sent)
    if isinstance(error, NewConnectionError | ConnectTimeoutError):
        return CrmBusy(f"HubSpot can't be reached ({type(error).__name__}): look at HUBSPOT_URL and the network")
    return CrmUnknown(f"HubSpot's answer did not come, or not whole ({type(error).__name__})")


def of_answer(error: Any, sent: Iterable[str]) -> CrmError:
    """By the status of one of API_ERRORS; 0 is the client's for "no TLS"."""
    status, said = int(error.status or 0), body_of(error)
    match status:
        case 0:
            return CrmRefused(UNREACHABLE) if "CERTIFICATE" in str(error.reason) else CrmUnknown(UNREACHABLE)
        case 401:
            return CrmRefused(REFUSED)
        case 403:
            return CrmRefused(FORBIDDEN)
        case 429:
            policy = word(said.get("policyName"))
            return CrmBusy(f"HubSpot's limit of requests is reached ({policy})", retry_after_s=pause_s(error, PAUSES_S.get(policy, 10)))
        case 423:
            return CrmBusy("HubSpot has locked this for now (423)", retry_after_s=max(LOCKED_S, pause_s(error, LOCKED_S)))
        case 477:
            return CrmBusy("HubSpot is moving this account (477)", retry_after_s=pause_s(error, MIGRATION_S))
        case 408 | 425:
            return CrmUnknown(f"HubSpot gave up waiting ({status})")
        case _ if status >= 500:
            return CrmUnknown(f"HubSpot failed ({status})")
    return CrmRefused(f"HubSpot refused this ({status} {word(said.get('category'))}{places(error, sent)}){correlation(said)}")


def body_of(error: Any) -> Mapping[str, Any]:
    try:
        said = json.loads(error.body or "")
    except (ValueError, TypeError):
        return {}
    return said if isinstance(said, dict) else {}


def existing_id(error: Any) -> str:
    """The id in a 409's "Contact already exists. Existing ID: 51"; "" when there is none."""
    found = re.search(r"Existing ID:\s*(\d+)", str(body_of(error).get("message") or "")) if error.status == 409 else None
    return found[1] if found else ""


def pause_s(error: Any, otherwise: float) -> float:
    """Retry-After in seconds, or else `otherwise`."""
    told = str((error.headers or {}).get("Retry-After") or "")
    return float(told) if re.fullmatch(r"\d{1,6}(\.\d+)?", told) else float(otherwise)


def places(error: Any, sent: Iterable[str]) -> str:
    """The properties of ours that the answer names; never their values."""
    named = [name for name in sent if re.search(rf"\b{re.escape(name)}\b", str(error.body or ""))]
    return f": {', '.join(named)}" if named else ""


def word(told: object) -> str:
    """A constant of HubSpot's, if it is one."""
    return told if isinstance(told, str) and re.fullmatch(r"[A-Z_]{1,60}", told) else "no reason given"


def correlation(said: Mapping[str, Any]) -> str:
    """For HubSpot's support."""
    told = str(said.get("correlationId") or "")
    return f" correlationId {told}" if re.fullmatch(r"[0-9a-fA-F-]{8,64}", told) else ""
