"""Whatever comes over the audio socket or the hooks: a defined answer, no fault in the log, and no other call disturbed."""

from __future__ import annotations

import json
import random
import socket
import struct
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK, InvalidStatus
from websockets.sync.client import ClientConnection

from calls.signature import HEADER, sign
from simulator.bot_process import BotProcess
from tests.bots import ended, errors_in, hook, journalled, new_call, open_socket, preamble

FRAME = bytes(640)


@pytest.fixture
def sid(bot: BotProcess) -> str:
    sid = str(uuid.uuid4())
    assert hook(bot, "/voice", new_call(sid)).status_code == 200
    return sid


@pytest.mark.parametrize("password", ["", "wrong", "0" * 64])
def test_a_socket_without_its_calls_password_is_refused(bot: BotProcess, sid: str, password: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        open_socket(bot, sid, password=password)
    assert refused.value.response.status_code == 401


def test_a_socket_without_any_authorization_is_refused(bot: BotProcess) -> None:
    answer = httpx.get(f"{bot.url}/audio", headers={"Upgrade": "websocket", "Connection": "Upgrade"})
    assert answer.status_code in (400, 401)


def test_a_socket_that_says_it_is_another_call_is_closed(bot: BotProcess, sid: str) -> None:
    with open_socket(bot, sid) as ws:
        ws.send(preamble("another"))
        with pytest.raises(ConnectionClosed):
            ws.recv(timeout=3)


def flood(ws: ClientConnection) -> None:
    for _ in range(3000):
        ws.send(FRAME)


def nonsense(ws: ClientConnection) -> None:
    dice = random.Random(5)
    for _ in range(300):
        ws.send(dice.randbytes(dice.randrange(1, 3000)))
        ws.send("".join(chr(dice.randrange(32, 0xD7FF)) for _ in range(dice.randrange(200))))


def second_preamble(ws: ClientConnection) -> None:
    ws.send(preamble("somebody-else", 8000))
    ws.send(FRAME)


def odd_bytes(ws: ClientConnection) -> None:
    for size in (1, 3, 639, 641, 1279, 0, 2):
        ws.send(bytes(size))


def bad_json(ws: ClientConnection) -> None:
    for text in ('{"event":"dtmf","dtmf":', "[" * 5000, "null", '{"callSid":5}', "\u0000", '{"event":"dtmf","dtmf":["0"]}'):
        ws.send(text)


def fragments(ws: ClientConnection) -> None:
    ws.send([FRAME, FRAME, FRAME])
    ws.send(['{"event":', '"dtmf","dtmf":"7"}'])
    ws.ping()


@pytest.mark.parametrize("mischief", [flood, nonsense, second_preamble, odd_bytes, bad_json, fragments])
def test_mischief_is_borne_and_the_call_ends_as_it_should(bot: BotProcess, sid: str, mischief: Callable[[ClientConnection], None]) -> None:
    logged = len(bot.log.read_text())
    with open_socket(bot, sid) as ws:
        ws.send(FRAME)  # sound before the introduction
        ws.send(preamble(sid))
        mischief(ws)
        assert isinstance(ws.recv(timeout=5), bytes), "the bot still speaks"
    assert ended(bot, sid)["outcome"]["kind"] == "hung_up"
    assert errors_in(bot.log.read_text()[logged:]) == []


def test_an_oversized_message_ends_this_call_only(bot: BotProcess, sid: str) -> None:
    with open_socket(bot, sid) as ws:
        ws.send(preamble(sid))
        with suppress(ConnectionClosed):  # it may close before it has taken all of it
            ws.send(bytes(3_000_000))
        assert close_code(ws) == 1009
    ended(bot, sid)
    assert hook(bot, "/voice/ended", new_call(sid, call_status="in-progress")).json()[0]["verb"] == "stream", "the caller is still there"


def close_code(ws: ClientConnection) -> int | None:
    """Read to the end of the socket; None if it ended without a close frame."""
    try:
        while True:
            ws.recv(timeout=5)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def raw_frame(opcode: int, payload: bytes, *, masked: bool = True, fin: bool = True, reserved: int = 0) -> bytes:
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    mask = b"\1\2\3\4"
    length = len(payload)
    size = bytes([length | (0x80 if masked else 0)]) if length < 126 else bytes([126 | (0x80 if masked else 0)]) + struct.pack(">H", length)
    body = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload)) if masked else payload
    return head + size + (mask if masked else b"") + body


@pytest.mark.parametrize(
    "frame",
    [
        raw_frame(1, b"\xff\xfe\xfd"),  # text that is no UTF-8
        raw_frame(3, b"x"),  # an opcode that does not exist
        raw_frame(2, b"x" * 10, masked=False),
        raw_frame(2, b"x" * 10, reserved=7),
        raw_frame(0, b"x"),  # a continuation of nothing
        raw_frame(9, b"x" * 126),  # a ping that is too long
        raw_frame(8, b"\x03"),  # half a close code
        raw_frame(8, struct.pack(">H", 5)),  # a close code that is none
        b"\xff" * 64,
    ],
)
def test_a_broken_frame_ends_the_socket_and_the_call(bot: BotProcess, sid: str, frame: bytes) -> None:
    logged = len(bot.log.read_text())
    with open_socket(bot, sid) as ws:
        ws.send(preamble(sid))
        time.sleep(0.1)
        ws.socket.sendall(frame)
        close_code(ws)
    assert ended(bot, sid)["outcome"]["kind"] == "hung_up"
    assert errors_in(bot.log.read_text()[logged:]) == []


def test_a_reset_connection_is_a_hang_up(bot: BotProcess, sid: str) -> None:
    with open_socket(bot, sid) as ws:
        ws.send(preamble(sid))
        ws.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        ws.socket.close()
    assert ended(bot, sid)["outcome"]["kind"] == "hung_up"


def test_a_stalled_line_does_not_end_the_call(bot: BotProcess, sid: str) -> None:
    with open_socket(bot, sid) as ws:
        ws.send(preamble(sid))
        time.sleep(1.5)
        for _ in range(75):
            ws.send(FRAME)
        assert isinstance(ws.recv(timeout=3), bytes)
        assert (journalled(bot, sid) or {})["outcome"] is None


def test_ten_thousand_broken_hooks_and_messages_while_a_call_goes_on(bot: BotProcess, sid: str) -> None:
    """A bystander's call hears its disclosure and greeting to the end, and nothing is logged as a fault of ours."""
    logged, said = len(bot.log.read_text()), ""
    stop = threading.Event()

    def bystander() -> None:
        """Silent: on a slow machine for so long that the bot says goodbye."""
        with suppress(ConnectionClosedOK), open_socket(bot, sid) as ws:
            ws.send(preamble(sid))
            while not stop.wait(0.02):
                ws.send(FRAME)
                with suppress(TimeoutError):
                    while ws.recv(timeout=0):
                        pass  # who takes no sound for seconds has gone

    listening = threading.Thread(target=bystander)
    listening.start()
    break_hooks(bot, 5000)
    break_messages(bot, 5000)
    for _ in range(200):
        said = " ".join(sentence for turn in (journalled(bot, sid) or {"turns": []})["turns"] for sentence in turn["said"])
        if "How can I help you?" in said:
            break
        time.sleep(0.1)
    stop.set()
    listening.join()
    assert "Press nine" in said
    assert "How can I help you?" in said
    ended(bot, sid)
    assert errors_in(bot.log.read_text()[logged:]) == []
    assert httpx.get(f"{bot.url}/readyz").json()["calls"] == 0


def break_hooks(bot: BotProcess, count: int) -> None:
    dice, good = random.Random(11), json.dumps(new_call("broken")).encode()
    with httpx.Client(base_url=bot.url) as client:
        for number in range(count):
            body = bytearray(good)
            for _ in range(dice.randrange(1, 6)):
                body[dice.randrange(len(body))] = dice.randrange(256)
            raw = bytes(body[: dice.randrange(len(body))]) if number % 2 else bytes(body)
            path = dice.choice(["/voice", "/voice/ended", "/escalate", "/escalate/ended", "/status"])
            signature = sign(raw, bot.secret, now=time.time()) if number % 3 else dice.choice(["", "t=1,v1=zz", "t=,v1=", raw[:20].hex()])
            answer = client.post(path, content=raw, headers={HEADER: signature, "Content-Type": "application/json"})
            allowed = {401} if number % 3 == 0 else {200, 204, 400} if path == "/status" else {200}
            assert answer.status_code in allowed, (path, answer.status_code, answer.text)


def break_messages(bot: BotProcess, count: int) -> None:
    dice, sid = random.Random(13), str(uuid.uuid4())
    hook(bot, "/voice", new_call(sid))
    whole = preamble(sid).encode()
    with open_socket(bot, sid) as ws:
        ws.send(preamble(sid))
        for number in range(count):
            broken = bytearray(whole)
            broken[dice.randrange(len(broken))] = dice.randrange(32, 127)
            ws.send(
                dice.randbytes(dice.randrange(900))
                if number % 2
                else bytes(broken[: dice.randrange(len(broken))]).decode("utf-8", "replace")
            )
    ended(bot, sid)
