"""A bot in a process of its own, shared by the tests of a run that need a whole one, and the signed requests to it."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from calls.signature import HEADER, sign
from calls.tokens import audio_password
from simulator.bot_process import BotProcess

SUBPROTOCOL = "audio.jambonz.org"


@pytest.fixture(scope="session")
def bot() -> Iterator[BotProcess]:
    with BotProcess({"MAX_CALLS": "40", "WHISPER_MODEL": "offline", "LOG_LEVEL": "INFO"}) as process:
        yield process


def hook(bot: BotProcess, path: str, body: dict[str, Any]) -> httpx.Response:
    raw = json.dumps(body).encode()
    headers = {HEADER: sign(raw, bot.secret, now=time.time()), "Content-Type": "application/json", "User-Agent": "jambonz"}
    return httpx.post(bot.url + path, content=raw, headers=headers, timeout=20)


def new_call(sid: str = "", **more: Any) -> dict[str, Any]:
    """The first hook's body, as short as it may be."""
    return {
        "call_sid": sid or str(uuid.uuid4()),
        "direction": "inbound",
        "from": "15085551212",
        "to": "16174000000",
        "call_status": "trying",
        **more,
    }


def open_socket(bot: BotProcess, sid: str, *, password: str | None = None) -> ClientConnection:
    import base64

    key = audio_password(bot.secret, sid) if password is None else password
    basic = base64.b64encode(f"{sid}:{key}".encode()).decode()
    url = bot.url.replace("http", "ws", 1) + "/audio"
    return connect(url, subprotocols=[SUBPROTOCOL], additional_headers={"Authorization": f"Basic {basic}"}, compression=None)  # type: ignore[list-item]


def preamble(sid: str, rate: int = 16_000, **more: Any) -> str:
    return json.dumps(
        {"sampleRate": rate, "mixType": "mono", "callSid": sid, "direction": "inbound", "from": "15085551212", "to": "16174000000", **more}
    )


def journalled(bot: BotProcess, sid: str) -> dict[str, Any] | None:
    """What GET /calls/<sid> says; None for an unknown call."""
    signature = sign(f"GET /calls/{sid}".encode(), bot.secret, now=time.time())
    answer = httpx.get(f"{bot.url}/calls/{sid}", headers={HEADER: signature})
    known: dict[str, Any] | None = answer.json() if answer.status_code == 200 else None
    return known


def ended(bot: BotProcess, sid: str, within_s: float = 10.0) -> dict[str, Any]:
    """The call's record once it has an outcome."""
    give_up_at = time.monotonic() + within_s
    while time.monotonic() < give_up_at:
        call = journalled(bot, sid)
        if call and call["outcome"]:
            return call
        time.sleep(0.05)
    raise AssertionError("the call has no outcome")


def errors_in(log: str) -> list[str]:
    """The log's lines that tell of an exception that nobody expected."""
    return [line for line in log.splitlines() if "Traceback" in line or '"level": "CRITICAL"' in line]
