"""The link with which the first admin's account is made: good for an hour, and dead as soon as somebody has an account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from itsdangerous import BadData, URLSafeSerializer

from calls.settings import Environment
from console import sessions
from records.people import People

GOOD_FOR = timedelta(hours=1)


class Bot(Protocol):
    environment: Environment
    secrets: tuple[str, ...]
    people: People
    clock: Callable[[], datetime]

    def start(self) -> None: ...


def setup_link(bot: Bot, base: str) -> str:
    """The address to print where the operator sees it; "" when somebody has an account. Needs no request. Raises JournalError.

    `base`: "http://127.0.0.1:3000". It opens in processes that know the same SESSION_SECRET or webhook secret, else in this one only."""
    if bot.people.count():
        return ""
    until = bot.clock() + GOOD_FOR
    return f"{base.rstrip('/')}/setup/{signer(bot).dumps(int(until.timestamp()))}"


def may_set_up(bot: Bot, token: str) -> bool:
    """Whether the link may still be used. Raises JournalError."""
    try:
        until = signer(bot).loads(token)
    except BadData:
        return False
    return bool(until > bot.clock().timestamp()) and not bot.people.count()


def signer(bot: Bot) -> URLSafeSerializer:
    return URLSafeSerializer(sessions.session_key(bot), salt="voicebot first admin")
