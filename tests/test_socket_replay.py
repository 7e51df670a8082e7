"""Every audio socket that a real Jambonz was recorded with, played to the running bot: no fault, and every call has an end."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from simulator.bot_process import BotProcess
from tests.bots import ended, errors_in, hook, new_call, open_socket

LINES = (Path(__file__).parent / "recordings" / "sockets.jsonl").read_text().splitlines()
SOCKETS: list[dict[str, Any]] = [json.loads(line) for line in LINES]


@pytest.mark.parametrize("recorded", SOCKETS, ids=lambda recorded: f"{recorded['name']}-{recorded['socket']}")
def test_a_recorded_socket(bot: BotProcess, recorded: dict[str, Any]) -> None:
    """As fast as the bot takes it: it counts the caller's time in sound, not by the clock."""
    logged = len(bot.log.read_text())
    opening = recorded["messages"][0][1]
    recorded_sid = re.findall(r'"callSid":"([^"]+)"', opening)[0]
    sid = f"{recorded_sid}-{recorded['socket']}"
    assert hook(bot, "/voice", new_call(sid)).json()[-1]["verb"] == "redirect"
    with open_socket(bot, sid) as ws:
        ws.send(opening.replace(recorded_sid, sid))
        for message in recorded["messages"][1:]:
            if message[0] == "text":
                ws.send(message[1])
            else:
                for _ in range(min(message[2], 120)):
                    ws.send(bytes(message[1]))
        if recorded["close_code"] is None:
            ws.socket.close()
        else:
            ws.close(recorded["close_code"])
    assert ended(bot, sid)["outcome"]["kind"] == "hung_up"
    assert hook(bot, "/voice/ended", new_call(sid, call_status="completed")).json() == []
    assert errors_in(bot.log.read_text()[logged:]) == []
