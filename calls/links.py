"""Signed addresses: whoever holds one may open it until it expires, and nothing has to be kept for that.

A screen pop's link travels in a SIP header to the agent's softphone; a briefing's address is fetched by Jambonz's media server.
The same facts give the same link, so that a hook that is sent again is answered alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

POPS, SOUNDS = "screen pop", "briefing"  # salts: a link of one kind opens nothing of the other


@dataclass(frozen=True, slots=True)
class PopKey:
    """Opens one call's screen pop, as `agent` sees it."""

    call_sid: str
    agent: str


@dataclass(frozen=True, slots=True)
class SoundKey:
    """Opens what one agent's leg hears before the call; `number` 0 is the briefing, later ones are its repetitions."""

    call_sid: str
    leg_sid: str
    agent: str
    number: int


def pop_token(secret: str, key: PopKey, *, until: datetime) -> str:
    """ASCII without slashes; good until then."""
    return _sealed(secret, POPS, until, key.call_sid, key.agent)


def pop_key(token: str, secrets: Sequence[str], *, now: datetime) -> PopKey | None:
    """What the token opens; None when it is forged or has expired. Never raises."""
    match _opened(token, POPS, secrets, now):
        case [str(call_sid), str(agent)]:
            return PopKey(call_sid, agent)
    return None


def sound_token(secret: str, key: SoundKey, *, until: datetime) -> str:
    return _sealed(secret, SOUNDS, until, key.call_sid, key.leg_sid, key.agent, key.number)


def sound_key(token: str, secrets: Sequence[str], *, now: datetime) -> SoundKey | None:
    """As `pop_key`."""
    match _opened(token, SOUNDS, secrets, now):
        case [str(call_sid), str(leg_sid), str(agent), int(number)]:
            return SoundKey(call_sid, leg_sid, agent, number)
    return None


def _sealed(secret: str, salt: str, until: datetime, *facts: str | int) -> str:
    return str(URLSafeSerializer(secret, salt=salt).dumps([int(until.timestamp()), *facts]))


def _opened(token: str, salt: str, secrets: Sequence[str], now: datetime) -> list[Any] | None:
    """Any of the secrets will do: one may be on its way out."""
    for secret in filter(None, secrets):
        try:
            sealed = URLSafeSerializer(secret, salt=salt).loads(token)
        except BadData:
            continue
        match sealed:
            case [int(until), *facts] if now.timestamp() <= until:
                return facts
    return None
