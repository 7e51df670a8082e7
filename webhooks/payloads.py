"""Jambonz's hooks, typed: only what we use; everything else that Jambonz sends, now or later, is ignored.

Jambonz is lenient in what it sends (numbers as strings, a caller name in literal quotes, fields that are missing), so
all that a call can go on without is optional; the call's sid is not.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from calls.columns import storable
from calls.errors import HookError
from calls.settings import faults

FINAL = ("completed", "failed", "busy", "no-answer")
MAX_TEXT = 256
MAX_WORDS = 1000  # characters
MAX_NUMBER = 2**31 - 1


def _text(value: Any) -> Any:
    """null is "", a number its digits; nothing of ours is longer than MAX_TEXT characters."""
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return storable(value)[:MAX_TEXT].strip() if isinstance(value, str) else value


def _number(value: Any) -> int | None:
    """A whole number, be it written as a string; None for anything else, as no call shall fail for a statistic."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = int(float(value))
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number <= MAX_NUMBER else None


def _name(value: Any) -> Any:
    """`"Anna S"` arrives with its quotes (recorded: caller_name)."""
    text = _text(value)
    return text.strip('"').strip() if isinstance(text, str) else text


def _tags(value: Any) -> dict[str, Any]:
    """Whatever was tagged, if it is an object."""
    return value if isinstance(value, dict) else {}


def _speech(value: Any) -> dict[str, Any]:
    """The likeliest of what a gather's recogniser heard: {} when there is none. Vendors leave out what they do not know."""
    alternatives = value.get("alternatives") if isinstance(value, dict) else None
    best = alternatives[0] if isinstance(alternatives, list) and alternatives else None
    if not isinstance(best, dict) or not isinstance(best.get("transcript"), str):
        return {}
    confidence, language = best.get("confidence"), value.get("language_code")
    sure = confidence if isinstance(confidence, int | float) and not isinstance(confidence, bool) else 1.0
    spoken = language if isinstance(language, str) else ""
    return {"text": storable(best["transcript"])[:MAX_WORDS].strip(), "confidence": min(max(sure, 0.0), 1.0), "language": spoken}


Text = Annotated[str, BeforeValidator(_text)]
Tags = Annotated[dict[str, Any], BeforeValidator(_tags)]
Name = Annotated[str, BeforeValidator(_name)]
Number = Annotated[int | None, BeforeValidator(_number)]
Sid = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$")]


class Hook(BaseModel):
    """What every hook has."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    call_sid: Sid
    call_status: Text = ""

    @property
    def caller_gone(self) -> bool:
        return self.call_status in FINAL


class NewCall(Hook):
    """The call hook: a call comes in."""

    direction: Text = "inbound"
    caller: Text = Field("", alias="from")
    called: Text = Field("", alias="to")
    caller_name: Name = ""


class StreamEnded(Hook):
    """The stream verb's actionHook. A caller who has hung up is `completed` (recording 11_caller_hangup_mid_listen)."""


class Escalating(Hook):
    """The redirect verb's hook."""


class DialEnded(Hook):
    """The dial verb's actionHook. Only `completed` was a conversation; declined is "in-progress" (13_dial_confirm_hangup)."""

    dial_call_status: Text = ""
    dial_sip_status: Number = None
    dial_call_sid: Text = ""

    @property
    def agent_talked(self) -> bool:
        """As Jambonz tells it; an agent who hung up during the briefing has no SIP status (13_dial_agent_hangs_up_during_confirm)."""
        return self.dial_call_status == "completed" and self.dial_sip_status is not None


class Confirming(Hook):
    """The dial verb's confirmHook: an agent has answered. `call_sid` is the agent's leg, `parent_call_sid` the call."""

    parent_call_sid: Sid
    called: Text = Field("", alias="to")


class KeyPressed(Confirming):
    """The actionHook of a gather in the briefing; no digits: the time ran out."""

    digits: Text = ""


class Speech(BaseModel):
    """What Jambonz's recogniser has heard. `confidence`: 0..1; `language` as its vendor calls it ("hi-IN"), or ""."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    text: str = ""
    confidence: float = 1.0
    language: str = ""


class Gathered(Hook):
    """The actionHook of a gather that the caller speaks or keys into; no `reason`: the gather could not begin, and the verb behind it
    asks (Jambonz has no recogniser, or none for the language)."""

    reason: Text = ""  # speechDetected, dtmfDetected, timeout, error, stt-low-confidence
    digits: Text = ""
    speech: Annotated[Speech, BeforeValidator(_speech)] = Speech()


class StatusChange(Hook):
    """The status hook, of the call itself or (with parent_call_sid) of the leg to an agent."""

    call_status: Annotated[str, Field(min_length=1), BeforeValidator(_text)]
    sip_status: Number = None
    duration: Number = None  # seconds, with a final status
    call_termination_by: Text = ""
    parent_call_sid: Sid | None = None
    called: Text = Field("", alias="to")
    customer_data: Tags = Field(default_factory=dict, alias="customerData")

    @property
    def accepted(self) -> bool:
        """The agent's key hook tagged the leg when the agent took the call."""
        return self.customer_data.get("accepted") == "yes"


HookModel = TypeVar("HookModel", bound=Hook)


def parse(model: type[HookModel], raw: bytes) -> HookModel:
    """The hook in a raw body. Raises HookError that names every field that does not fit, and repeats none of the content."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise HookError("the body is no JSON") from None
    if not isinstance(body, dict):
        raise HookError("the body is no JSON object")
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise HookError("; ".join(line.strip() for line in faults(error))) from None
