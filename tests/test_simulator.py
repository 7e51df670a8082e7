"""The simulated Jambonz against a small bot of our own, held to what the live Jambonz was recorded to do."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
import statistics
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from simulator import agents
from simulator.agents import Agent
from simulator.background import NOISES, background
from simulator.bot_process import BotFailed, BotProcess
from simulator.caller import Caller, Doing, Manners
from simulator.calling import steps_in_order
from simulator.cli import BEHAVIOURS, LANGUAGES, LINES, call_command
from simulator.conditions import CONDITIONS, line_of
from simulator.demo import what_happened
from simulator.hooks import sign
from simulator.jambonz import CallSettings, SimulatedCall
from simulator.line import LineSettings, Mouth
from simulator.network import LOSSES, Network, NetworkSettings
from simulator.placing import Placed, Progress, config_at
from simulator.playback import Playback
from simulator.result import CallResult, Pcm
from simulator.script import Barge, Drop, HangUp, Press, Say, Sound, Step, Wait
from simulator.speaker import VOICES, Speaker, through_telephone
from simulator.stream import mistakes_of, stream_url

SECRET = "a secret of the tests"
Talk = Callable[[ServerConnection], Awaitable[None]]


def tone(ms: int, rate: int = 16_000, *, hz: float = 440, level: float = 0.3) -> bytes:
    samples = np.sin(2 * np.pi * hz * np.arange(ms * rate // 1000) / rate) * level * 32767
    return bytes(samples.astype("<i2").tobytes())


def silence(ms: int, rate: int = 16_000) -> bytes:
    return bytes(ms * rate // 1000 * 2)


@dataclass
class Received:
    target: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.raw)
        return body


@dataclass
class FakeBot:
    """Answers hooks from a table (verbs, a status, or status + type + text) and talks on the socket as a test says."""

    answers: dict[str, Any]
    talk: Talk | None = None
    hooks: list[Received] = field(default_factory=list)
    reads: list[Received] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    frames: list[tuple[float, bytes]] = field(default_factory=list)
    handshake: dict[str, str] = field(default_factory=dict)
    closed_with: int | None = None
    _served: list[Server | asyncio.Server] = field(default_factory=list)
    _connections: list[asyncio.Task[None]] = field(default_factory=list)

    async def __aenter__(self) -> FakeBot:
        sockets = await serve(self._socket, "127.0.0.1", 0, subprotocols=[Subprotocol("audio.jambonz.org")], compression=None)
        http = await asyncio.start_server(self._http, "127.0.0.1", 0)
        self._served = [sockets, http]
        self.audio = f"ws://127.0.0.1:{next(iter(sockets.sockets)).getsockname()[1]}/audio"
        self.url = f"http://127.0.0.1:{http.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._served:
            server.close()
            await server.wait_closed()
        await asyncio.gather(*self._connections)

    def names(self) -> list[str]:
        return [f"{hook.target} {hook.body.get('call_status')}" for hook in self.hooks]

    def bodies(self, target: str) -> list[dict[str, Any]]:
        return [hook.body for hook in self.hooks if hook.target == target]

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.append(cast("asyncio.Task[None]", asyncio.current_task()))
        with suppress(asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                line, *rest = head.decode().strip().split("\r\n")
                headers = {name.lower(): value for name, _, value in (pair.partition(": ") for pair in rest)}
                raw = await reader.readexactly(int(headers.get("content-length", 0)))
                writer.write(self._answer(line.split(" ")[1], headers, raw))
        writer.close()
        await writer.wait_closed()

    def _answer(self, target: str, headers: dict[str, str], raw: bytes) -> bytes:
        (self.hooks if raw else self.reads).append(Received(target, headers, raw))
        target = "/calls" if target.startswith("/calls/") else target
        answer = self.answers.get(target, 200 if target == "/status" else 404)
        answer = answer.pop(0) if isinstance(answer, list) and answer and isinstance(answer[0], list) else answer
        if isinstance(answer, int):
            answer = (answer, "text/plain", "")
        elif not isinstance(answer, tuple):
            answer = (200, "application/json", json.dumps(answer).replace("AUDIO", self.audio).replace("URL", self.url))
        status, kind, content = answer
        raw = content if isinstance(content, bytes) else content.encode()
        return f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(raw)}\r\n\r\n".encode() + raw

    async def _socket(self, ws: ServerConnection) -> None:
        assert ws.request is not None
        self.handshake = {name.lower(): value for name, value in ws.request.headers.raw_items()}
        talking = asyncio.ensure_future(self.talk(ws)) if self.talk else None
        try:
            async for message in ws:
                if isinstance(message, bytes):
                    self.frames.append((time.monotonic(), message))
                else:
                    self.texts.append(message)
        except ConnectionClosed:
            pass
        self.closed_with = ws.protocol.close_rcvd.code if ws.protocol.close_rcvd else None
        if talking and not talking.done():
            talking.cancel()


def stream(rate: int = 16_000, **more: Any) -> dict[str, Any]:
    both = {"enabled": True, "streaming": True, "sampleRate": rate}
    plain = {
        "verb": "stream",
        "url": "AUDIO",
        "sampleRate": rate,
        "passDtmf": True,
        "actionHook": "/stream-done",
        "bidirectionalAudio": both,
    }
    return plain | more


def usual(*before: dict[str, Any], rate: int = 16_000, **more: Any) -> dict[str, Any]:
    """The answers of a bot whose stream is followed by a redirect, as in the recordings."""
    voice = [{"verb": "answer"}, *before, stream(rate, **more), {"verb": "redirect", "actionHook": "/next"}]
    return {"/voice": voice, "/stream-done": 200, "/next": [{"verb": "hangup"}]}


async def ring(bot: FakeBot, *steps: Step, **settings: Any) -> CallResult:
    quick: dict[str, Any] = {"line": LineSettings(noise_db=None), "agent": Agent(trying_ms=10, ring_ms=50, talk_ms=100), "longest_s": 8.0}
    call = SimulatedCall(bot.url, SECRET, steps, speaker=Speaker(telephone=False), settings=CallSettings(**(quick | settings)))
    return await call.run()


def played(bot: FakeBot, *steps: Step, **settings: Any) -> CallResult:
    """One whole call."""

    async def call() -> CallResult:
        async with bot:
            return await ring(bot, *steps, **settings)

    return asyncio.run(call())


def saying(*messages: str | bytes | float) -> Talk:
    """A talk of sounds, texts and pauses (seconds)."""

    async def talk(ws: ServerConnection) -> None:
        for message in messages:
            if isinstance(message, float | int):
                await asyncio.sleep(message)
            else:
                await ws.send(message)

    return talk


DISCONNECT = '{"type": "disconnect"}'
KILL = '{"type": "killAudio"}'
LEFT_ALONE = Wait(60_000)  # a caller who does nothing

# keys in their order, as recorded
LATER_KEYS = [
    *("call_sid", "direction", "from", "to", "call_id", "sbc_callid", "sip_status", "sip_reason", "call_status", "account_sid", "trace_id"),
    *("application_sid", "fs_sip_address", "originating_sip_ip", "originating_sip_trunk_name", "api_base_url"),
]
FIRST_KEYS = [
    *(
        "sip",
        "direction",
        "trace_id",
        "has_recording",
        "caller_name",
        "call_sid",
        "account_sid",
        "application_sid",
        "from",
        "to",
        "call_id",
    ),
    *("sip_status", "sip_reason", "call_status", "sbc_callid", "originating_sip_ip", "originating_sip_trunk_name", "local_sip_address"),
    *("service_provider_sid", "defaults"),
]
CHILD_KEYS = [
    *(
        "call_sid",
        "direction",
        "from",
        "to",
        "call_id",
        "sbc_callid",
        "sip_status",
        "sip_reason",
        "call_status",
        "caller_id",
        "account_sid",
    ),
    *("trace_id", "application_sid", "fs_sip_address", "parent_call_sid", "customerData", "api_base_url"),
]
FRAME_KEYS = [
    *("sampleRate", "mixType", "callSid", "direction", "from", "to", "callId", "sbcCallid", "sipStatus", "sipReason", "callStatus"),
    *("accountSid", "traceId", "applicationSid", "fsSipAddress", "originatingSipIp", "originatingSipTrunkName", "apiBaseUrl"),
]


# -- hooks ------------------------------------------------------------------------------------------------------
def test_hooks_come_in_the_recorded_order_with_the_recorded_keys() -> None:
    bot = FakeBot(usual(), saying(0.1, DISCONNECT))
    result = played(bot, LEFT_ALONE)
    order = ["/voice trying", "/status trying", "/status in-progress", "/stream-done in-progress", "/next in-progress", "/status completed"]
    assert bot.names() == result.hook_names() == order
    assert result.ok
    assert (result.end, result.socket_ends) == ("bot", ["disconnect"])
    keys = [list(hook.body) for hook in bot.hooks]
    assert keys[0] == FIRST_KEYS
    assert keys[1] == keys[2] == keys[4] == LATER_KEYS
    assert keys[3] == [*LATER_KEYS, "dial_call_duration"]
    assert keys[5] == [*LATER_KEYS[:-1], "call_termination_by", "duration", "api_base_url"]
    assert bot.hooks[5].body["call_termination_by"] == "jambonz"


def test_every_hook_is_signed_over_its_raw_body_and_only_verb_hooks_are_traced() -> None:
    bot = FakeBot(usual(), saying(0.05, DISCONNECT))
    played(bot, LEFT_ALONE)
    for hook in bot.hooks:
        stamp, _, given = hook.headers["jambonz-signature"].removeprefix("t=").partition(",v1=")
        assert given == hmac.new(SECRET.encode(), f"{stamp}.".encode() + hook.raw, hashlib.sha256).hexdigest()
        assert abs(int(stamp) - time.time()) < 10
        assert (hook.headers["user-agent"], hook.headers["content-type"]) == ("jambonz", "application/json")
        assert ("b3" in hook.headers) == (hook.target in {"/stream-done", "/next"})


def test_signature_of_a_recorded_hook() -> None:
    assert sign("key", b"body", 1_700_000_000.9).startswith("t=1700000000,v1=")


@pytest.mark.parametrize(
    "answer",
    [
        500,
        (201, "application/json", '[{"verb": "hangup"}]'),
        (302, "text/plain", ""),
        (204, "text/plain", ""),
        (200, "text/plain", '[{"verb": "hangup"}]'),
        (200, "application/json", "{nothing"),
        (200, "application/json", '{"verb": "hangup"}'),
        [],
        [{"verb": "answer"}, {"verb": "bogus"}],
        [{"verb": "pause"}],
        [{"verb": "pause", "length": None}],
        [stream(sampleRate="8000")],
        [stream(method="POST")],
        [stream(mixType="both")],
        [stream(bidirectionalAudio={"enabled": "true"})],
        [{"verb": "dial", "target": [{"type": "phone", "number": "1"}], "method": "POST"}],
        [{"verb": "dial", "target": [{"type": "phone"}]}],
    ],
)
def test_a_bad_first_answer_is_a_480_without_any_status(answer: Any) -> None:
    bot = FakeBot({"/voice": answer})
    result = played(bot)
    assert (result.end, result.answered, result.ok) == ("480", False, False)
    assert bot.names() == ["/voice trying"]
    assert result.why


def test_a_charset_in_the_content_type_is_accepted() -> None:
    bot = FakeBot({"/voice": (200, "application/json; charset=utf-8", '[{"verb": "answer"}, {"verb": "hangup"}]')})
    assert played(bot).ok


@pytest.mark.parametrize(("answer", "goes_on"), [(500, False), ([{"verb": "bogus"}], False), (204, True), ([], True)])
def test_a_failing_redirect_hangs_up_and_an_empty_one_goes_on(answer: Any, goes_on: bool) -> None:
    voice = [{"verb": "answer"}, {"verb": "redirect", "actionHook": "/next"}, {"verb": "redirect", "actionHook": "/after"}]
    bot = FakeBot({"/voice": voice, "/next": answer, "/after": [{"verb": "hangup"}]})
    result = played(bot)
    assert ("/after in-progress" in bot.names()) == goes_on
    assert bot.names()[-1] == "/status completed"
    assert result.ok == goes_on


@pytest.mark.parametrize("answer", [500, [{"verb": "bogus"}], []])
def test_a_failing_action_hook_of_the_stream_goes_on_with_the_list(answer: Any) -> None:
    bot = FakeBot(usual() | {"/stream-done": answer}, saying(0.05, DISCONNECT))
    played(bot, LEFT_ALONE)
    assert "/next in-progress" in bot.names()


def test_verbs_of_the_action_hook_replace_the_list() -> None:
    bot = FakeBot(usual() | {"/stream-done": [{"verb": "redirect", "actionHook": "/alt"}], "/alt": []}, saying(0.05, DISCONNECT))
    played(bot, LEFT_ALONE)
    assert bot.names()[3:] == ["/stream-done in-progress", "/alt in-progress", "/status completed"]


def test_a_tag_is_customer_data_from_then_on() -> None:
    voice = [{"verb": "tag", "data": {"tenant": "a"}}, {"verb": "say", "text": "hello"}, {"verb": "hangup"}]
    bot = FakeBot({"/voice": voice})
    assert played(bot).ok
    assert [body.get("customerData") for body in bot.bodies("/status")] == [None, {"tenant": "a"}, {"tenant": "a"}]


# -- the audio socket ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("rate", "size"), [(8000, 320), (16_000, 640)])
def test_frames_have_the_recorded_size_and_pace(rate: int, size: int) -> None:
    bot = FakeBot(usual(rate=rate, metadata={"call": "x", "language": "en"}), saying(0.4, DISCONNECT))
    result = played(bot, LEFT_ALONE, line=LineSettings())
    first = json.loads(bot.texts[0])
    assert list(first) == [*FRAME_KEYS, "call", "language"]
    assert (first["sampleRate"], first["callSid"], first["callStatus"]) == (rate, result.call_sid, "in-progress")
    assert {len(frame) for _, frame in bot.frames} == {size}
    gaps = [(after - before) * 1000 for (before, _), (after, _) in zip(bot.frames, bot.frames[1:], strict=False)]
    assert statistics.median(gaps) == pytest.approx(20, abs=2)
    assert len(gaps) * 20 == pytest.approx((bot.frames[-1][0] - bot.frames[0][0]) * 1000, abs=60)
    noise = np.frombuffer(b"".join(frame for _, frame in bot.frames), np.int16).astype(float)
    assert 20 * np.log10(np.sqrt(np.mean(noise**2)) / 32767) == pytest.approx(-65, abs=1)
    assert bot.closed_with == 1000


def test_the_handshake_is_jambonz_own() -> None:
    bot = FakeBot(usual(wsAuth={"username": "bot", "password": "p w"}), saying(0.05, DISCONNECT))
    played(bot, LEFT_ALONE)
    assert bot.handshake["host"] == "127.0.0.1"
    assert bot.handshake["origin"] == "http://127.0.0.1"
    assert bot.handshake["sec-websocket-protocol"] == "audio.jambonz.org"
    assert bot.handshake["authorization"] == "Basic Ym90OnAgdw=="
    assert not {"sec-websocket-extensions", "jambonz-signature"} & set(bot.handshake)


@pytest.mark.parametrize(
    ("url", "socket"),
    [("/audio", "ws://bot:3000/audio"), ("wss://x/y?z=1", "wss://x/y?z=1"), ("http://x/y", "ws://x/y"), ("https://x/y", "wss://x/y")],
)
def test_socket_urls_may_be_relative_or_http(url: str, socket: str) -> None:
    assert stream_url("http://bot:3000", url) == socket


def test_what_jambonz_takes_in_silence_is_named() -> None:
    assert mistakes_of(stream()) == []
    assert "hears nothing" in mistakes_of(stream(bidirectionalAudio={"enabled": True, "sampleRate": 16_000}))[0]
    assert "another rate" in mistakes_of(stream(bidirectionalAudio={"enabled": True, "streaming": True, "sampleRate": 8000}))[0]
    assert "nested" in mistakes_of(stream(metadata={"a": {"b": 1}}))[0]
    assert "8192" in mistakes_of(stream(metadata={"a": "x" * 9000}))[0]


def test_marks_come_back_early_and_are_cleared_by_a_kill() -> None:
    mark = '{"type": "mark", "data": {"name": "%s"}}'
    bot = FakeBot(usual(), saying(0.05, tone(500), mark % "early", 0.1, mark % "late", KILL, 0.05, DISCONNECT))
    result = played(bot, LEFT_ALONE)
    assert [json.loads(text) for text in bot.texts[1:]] == [
        {"type": "mark", "data": {"name": "early", "event": "playout"}},
        {"type": "mark", "data": {"name": "late", "event": "cleared"}},
    ]
    assert result.ok


def test_keys_reach_the_bot_as_recorded() -> None:
    bot = FakeBot(usual(), saying(0.2, DISCONNECT))
    played(bot, Press("5", at_once=True), LEFT_ALONE)
    assert bot.texts[1:] == ['{"event":"dtmf","dtmf":"5","duration":"1280"}']


def test_a_message_unknown_to_jambonz_is_a_violation() -> None:
    bot = FakeBot(usual(), saying(0.02, "hello", '{"type": "playAudio"}', 0.05, DISCONNECT))
    violations = [violation.text for violation in played(bot, LEFT_ALONE).violations]
    assert len(violations) == 2
    assert "playAudio" in violations[1]


@pytest.mark.parametrize("code", [1000, 1011])
def test_a_socket_closed_by_the_bot_ends_the_stream(code: int) -> None:
    async def talk(ws: ServerConnection) -> None:
        await asyncio.sleep(0.05)
        await ws.close(code)

    bot = FakeBot(usual(), talk)
    result = played(bot, LEFT_ALONE)
    assert result.socket_ends == [f"closed {code}"]
    assert bot.names()[3:] == ["/stream-done in-progress", "/next in-progress", "/status completed"]
    assert bot.bodies("/stream-done")[0]["dial_call_duration"] == 0


def test_an_aborted_socket_ends_the_stream_too() -> None:
    async def talk(ws: ServerConnection) -> None:
        await asyncio.sleep(0.05)
        ws.transport.abort()

    bot = FakeBot(usual(), talk)
    assert played(bot, LEFT_ALONE).socket_ends == ["lost"]
    assert bot.names()[3:] == ["/stream-done in-progress", "/next in-progress", "/status completed"]


def test_an_error_message_ends_the_verb_but_not_the_socket() -> None:
    answers = usual() | {"/next": [{"verb": "pause", "length": 0.2}, {"verb": "hangup"}]}
    bot = FakeBot(answers, saying(0.05, '{"type": "error"}'))
    result = played(bot, LEFT_ALONE)
    assert result.socket_ends == ["error"]
    assert "dial_call_duration" not in bot.bodies("/stream-done")[0]
    assert (bot.frames[-1][0] - bot.frames[0][0]) > 0.2
    assert bot.closed_with == 1000


def test_a_caller_who_hangs_up_is_told_first_and_redirects_do_not_run() -> None:
    bot = FakeBot(usual(), saying(tone(2000)))
    result = played(bot, Wait(150), HangUp())
    assert bot.names()[3:] == ["/status completed", "/stream-done completed"]
    assert bot.bodies("/stream-done")[0]["call_termination_by"] == "caller"
    assert bot.closed_with == 1000
    assert (result.end, result.ok) == ("caller", True)


@pytest.mark.parametrize(("more", "end", "told"), [({"maxLength": 0.1}, "maxLength", None), ({"finishOnKey": "#"}, "key", "#")])
def test_max_length_and_finish_on_key(more: dict[str, Any], end: str, told: str | None) -> None:
    bot = FakeBot(usual(**more))
    result = played(bot, Wait(60), Press("#", at_once=True), LEFT_ALONE)
    assert result.socket_ends == [end]
    assert bot.bodies("/stream-done")[0].get("digits") == told


def test_a_refused_socket_goes_on_without_a_duration() -> None:
    bot = FakeBot(usual(url="/nowhere"))
    result = played(bot, LEFT_ALONE)
    assert bot.names()[3:] == ["/stream-done in-progress", "/next in-progress", "/status completed"]
    assert "dial_call_duration" not in bot.bodies("/stream-done")[0]
    assert "refused" in result.violations[0].text


def test_a_second_stream_connects_again() -> None:
    bot = FakeBot(usual() | {"/next": [[stream(metadata={"after": "no_agent"})], [{"verb": "hangup"}]]}, saying(0.06, DISCONNECT))
    result = played(bot, LEFT_ALONE)
    assert result.socket_ends == ["disconnect", "disconnect"]
    assert json.loads(bot.texts[1])["after"] == "no_agent"
    assert [verb["verb"] for verb in result.verbs] == ["answer", "stream", "redirect", "stream"]


# -- the far end's buffers ----------------------------------------------------------------------------------------
def hear(playback: Playback, rate: int, ms: int, now_ms: float = 0.0) -> Pcm:
    return np.concatenate([playback.frame(now_ms + at) for at in range(0, ms, 20)])


def heard_ms(samples: Pcm, rate: int) -> float:
    return float(np.count_nonzero(samples)) / rate * 1000


@pytest.mark.parametrize(
    ("rate", "lengths"),
    [
        (8000, {"A": 0, "B": 0, "C": 200, "D": 0, "E": 498, "G": 488, "H": 362}),  # recorded: C 205, E 505, G 495, H 365
        (16_000, {"A": 0, "B": 0, "C": 182, "D": 0, "E": 568, "G": 488, "H": 362}),  # recorded: C 185, E 570, G 490, H 365
    ],
)
def test_prebuffer_lets_through_what_the_recording_heard(rate: int, lengths: dict[str, int]) -> None:
    playback = Playback(rate)

    def loud(ms: int) -> bytes:
        return np.full(ms * rate // 1000, 5000, np.int16).tobytes()

    heard = {}
    for at, (name, sound) in enumerate({"A": loud(100), "B": loud(50), "C": loud(50), "D": loud(50), "E": loud(500)}.items()):
        playback.receive(sound, at * 1000.0)
        heard[name] = heard_ms(hear(playback, rate, 1000, at * 1000.0), rate)
    playback.receive(loud(1000), 6000.0)
    hear(playback, rate, 300, 6000.0)
    playback.kill(6300.0)
    for at, (name, sound) in enumerate({"G": loud(500), "H": loud(310) + silence(200, rate)}.items()):
        playback.receive(sound, 7000.0 + at * 1000)
        heard[name] = heard_ms(hear(playback, rate, 1000, 7000.0 + at * 1000), rate)
    assert heard == pytest.approx(lengths, abs=2)


def test_a_kill_silences_the_next_frame_and_spares_the_prebuffer() -> None:
    playback = Playback(16_000)
    playback.receive(tone(1000), 0.0)
    assert hear(playback, 16_000, 300).any()
    playback.kill(300.0)
    assert not hear(playback, 16_000, 200, 300.0).any()
    playback.receive(tone(40), 600.0)
    assert heard_ms(hear(playback, 16_000, 200, 600.0), 16_000) == pytest.approx(104, abs=1)  # 72 ms of the old sound come first


@pytest.mark.parametrize(("after_ms", "setting", "comes"), [(0, 5.0, False), (5, 5.0, False), (10, 5.0, True), (0, -1.0, True)])
def test_sound_right_after_a_kill_is_lost(after_ms: int, setting: float, comes: bool) -> None:
    playback = Playback(16_000, lost_after_kill_ms=setting)
    playback.kill(100.0)
    playback.receive(tone(400), 100.0 + after_ms)
    assert hear(playback, 16_000, 400, 120.0).any() == comes


def test_a_stray_byte_turns_what_follows_to_noise() -> None:
    playback = Playback(16_000)
    playback.receive(b"\0" + silence(10) + tone(400), 0.0)
    clean = np.frombuffer(silence(10) + tone(400), np.int16)
    assert not np.array_equal(hear(playback, 16_000, 400)[:3200], clean[:3200])


def test_an_underrun_is_a_gap_and_a_kill_or_a_long_pause_is_none() -> None:
    playback = Playback(16_000)
    playback.receive(tone(160), 0.0)
    hear(playback, 16_000, 280)
    playback.receive(tone(192), 280.0)
    hear(playback, 16_000, 200, 280.0)
    playback.kill(480.0)
    playback.receive(tone(192), 500.0)
    hear(playback, 16_000, 700, 500.0)
    playback.receive(tone(192), 1200.0)
    hear(playback, 16_000, 200, 1200.0)
    (gap,) = playback.gaps
    assert (gap.at_ms, gap.length_ms, gap.in_sound) == (160, 120, True)


# -- dial ---------------------------------------------------------------------------------------------------------
def dialling(**more: Any) -> dict[str, Any]:
    dial = {
        "verb": "dial",
        "actionHook": "/dial-done",
        "target": [{"type": "phone", "number": "+491701234567", "headers": {"X-Target": "t"}}],
        "callerId": "+4930123456",
        "headers": {"X-Bot-Context": "abc 123"},
        "tag": {"ticket": "42"},
        "timeout": 20,
    }
    voice = [{"verb": "answer"}, dial | more, {"verb": "redirect", "actionHook": "/after-dial"}]
    return {"/voice": voice, "/dial-done": 200, "/after-dial": [{"verb": "hangup"}]}


@pytest.mark.parametrize(
    ("behaviour", "last", "status", "sip_status"),
    [
        ("answer", ["in-progress", "completed"], "completed", 200),
        ("busy", ["busy"], "busy", 486),
        ("decline", ["failed"], "failed", 603),
        ("no-answer", ["no-answer"], "no-answer", 487),
    ],
)
def test_dial_tells_the_childs_statuses_and_then_its_end(behaviour: str, last: list[str], status: str, sip_status: int) -> None:
    bot = FakeBot(dialling())
    result = played(bot, LEFT_ALONE, agent=Agent(behaviour, trying_ms=10, ring_ms=50, talk_ms=100))
    parent = result.call_sid
    child = [body for body in bot.bodies("/status") if body.get("parent_call_sid") == parent]
    assert [body["call_status"] for body in child] == ["trying", "ringing", *last]
    assert list(child[1]) == CHILD_KEYS
    assert {body["direction"] for body in child} == {"outbound"}
    assert child[0]["customerData"] == {"ticket": "42"}
    (done,) = bot.bodies("/dial-done")
    assert list(done) == [*LATER_KEYS, "dial_call_status", "dial_sip_status", "dial_call_sid", "dial_sbc_callid"]
    assert (done["dial_call_status"], done["dial_sip_status"], done["dial_call_sid"]) == (status, sip_status, child[0]["call_sid"])
    assert done["call_sid"] == parent
    assert bot.names()[-3:] == ["/dial-done in-progress", "/after-dial in-progress", "/status completed"]
    assert {"X-Bot-Context": "abc 123", "X-Target": "t"}.items() <= result.dials[0].headers.items()
    assert (result.dials[0].caller_id, result.dials[0].status) == ("+4930123456", status)


def test_an_agent_hears_it_again_and_then_accepts_by_key() -> None:
    gather = {"verb": "gather", "input": ["digits"], "numDigits": 1, "timeout": 5, "actionHook": "/confirm-key"}
    confirm = [{"verb": "say", "text": "a call"}, gather, {"verb": "hangup"}]
    keys = [[{"verb": "say", "text": "again"}, gather], [{"verb": "tag", "data": {"accepted": "yes"}}]]
    bot = FakeBot(dialling(confirmHook="/confirm") | {"/confirm": confirm, "/confirm-key": keys})
    result = played(bot, LEFT_ALONE, agent=Agent(trying_ms=10, ring_ms=50, talk_ms=50, keys="31", key_after_ms=20))
    assert [(body["digits"], body["reason"]) for body in bot.bodies("/confirm-key")] == [("3", "dtmfDetected"), ("1", "dtmfDetected")]
    assert bot.bodies("/dial-done")[0]["dial_call_status"] == "completed"
    assert [body["customerData"] for body in bot.bodies("/status") if "parent_call_sid" in body][-1] == {"accepted": "yes"}
    assert result.ok


@pytest.mark.parametrize(
    "answer", [500, [{"verb": "hangup"}], [{"verb": "bogus"}], [{"verb": "dial", "target": [{"type": "user", "name": "x"}]}]]
)
def test_a_declined_or_failed_confirmation_is_told_as_in_progress(answer: Any) -> None:
    bot = FakeBot(dialling(confirmHook="/confirm") | {"/confirm": answer})
    played(bot, LEFT_ALONE)
    done = bot.bodies("/dial-done")[0]
    assert (done["dial_call_status"], done["dial_sip_status"]) == ("in-progress", 200)


def a_wav(ms: int, *, level: float = 0.3) -> tuple[int, str, bytes]:
    file = io.BytesIO()
    samples = np.frombuffer(tone(ms, 8000, level=level), np.int16)
    soundfile.write(file, samples, 8000, format="WAV", subtype="PCM_16")
    return 200, "audio/wav", file.getvalue()


def briefed(*clips: str, timeout: float = 0.3) -> list[dict[str, Any]]:
    """The list of a confirmHook: gathers that play a sound each, and a hang-up."""
    gather = {"verb": "gather", "input": ["digits"], "numDigits": 1, "timeout": timeout, "dtmfBargein": True, "actionHook": "/confirm-key"}
    return [*(gather | {"play": {"url": f"URL{clip}"}} for clip in clips), {"verb": "hangup"}]


TAKES: list[dict[str, Any]] = [{"verb": "tag", "data": {"accepted": "yes"}}]
SOUNDS = {"/a.wav": a_wav(200), "/b.wav": a_wav(60, level=0.0)}
QUICK: dict[str, Any] = {"trying_ms": 10, "ring_ms": 50, "talk_ms": 50, "key_after_ms": 20}


def confirming(*keys: Any, clips: tuple[str, ...] = ("/a.wav", "/b.wav", "/b.wav")) -> FakeBot:
    """A bot whose key hook answers so, one answer a key."""
    return FakeBot(dialling(confirmHook="/confirm") | SOUNDS | {"/confirm": briefed(*clips), "/confirm-key": list(keys)})


def test_an_empty_answer_to_a_key_goes_on_with_the_list_and_a_tag_replaces_it() -> None:
    """13_dial_confirm_gather_then_hangup_digit_empty_reply and ..._accepts_via_tag, as our own list uses them."""
    bot = confirming([], TAKES)
    result = played(bot, LEFT_ALONE, agent=Agent(keys="31", **QUICK))
    assert [body.get("digits") for body in bot.bodies("/confirm-key")] == ["3", "1"]
    assert bot.bodies("/dial-done")[0]["dial_call_status"] == "completed"
    assert [clip.url.rpartition("/")[2] for clip in result.dials[0].heard] == ["a.wav", "b.wav"]
    assert [(clip.seconds, clip.loud) for clip in result.dials[0].heard] == [(0.2, True), (0.06, False)]
    assert result.ok


@pytest.mark.parametrize(("agent", "digits"), [(Agent(keys="2--", **QUICK), ["2", None, None]), (Agent("voicemail", **QUICK), [None] * 3)])
def test_who_does_not_agree_is_hung_up_on(agent: Agent, digits: list[str | None]) -> None:
    bot = confirming([], [], [])
    result = played(bot, LEFT_ALONE, agent=agent)
    assert [body.get("digits") for body in bot.bodies("/confirm-key")] == digits
    assert [body["reason"] for body in bot.bodies("/confirm-key")][-1] == "timeout"
    done = bot.bodies("/dial-done")[0]
    assert (done["dial_call_status"], done["dial_sip_status"], result.dials[0].status) == ("in-progress", 200, "declined")


def test_an_agent_who_hangs_up_in_the_briefing_has_no_sip_status() -> None:
    """13_dial_agent_hangs_up_during_confirm."""
    bot = confirming(TAKES)
    played(bot, LEFT_ALONE, agent=Agent("hangs-up", **QUICK))
    done = bot.bodies("/dial-done")[0]
    assert (done["dial_call_status"], "dial_sip_status" in done) == ("completed", False)
    assert [body["call_status"] for body in bot.bodies("/status") if "parent_call_sid" in body][-1] == "completed"
    assert bot.bodies("/confirm-key") == []


def test_a_caller_who_hangs_up_in_the_briefing() -> None:
    """13_dial_caller_hangs_up_during_confirm: the caller's end is told first, then the agent's, then the dial's."""
    bot = confirming([], [], [])
    played(bot, Wait(200), HangUp(), agent=Agent(keys="", trying_ms=10, ring_ms=50))
    tail = bot.hooks[-3:]
    assert [hook.target for hook in tail] == ["/status", "/status", "/dial-done"]
    assert ["parent_call_sid" in hook.body for hook in tail] == [False, True, False]
    assert (tail[2].body["dial_call_status"], "dial_sip_status" in tail[2].body) == ("completed", False)


def test_of_two_who_answer_the_first_to_agree_has_the_call() -> None:
    """13_dial_two_targets_simring: the loser's leg is the one that the end of the dial names."""
    bot = confirming(TAKES, [], clips=("/b.wav", "/b.wav"))
    target = [{"type": "phone", "number": "1001"}, {"type": "user", "name": "second"}]
    bot.answers["/voice"][1]["target"] = target
    slow = Agent(keys="1", trying_ms=10, ring_ms=50, talk_ms=50, key_after_ms=5000)
    result = played(bot, LEFT_ALONE, agent=Agent(keys="1", **QUICK), agents={"second": slow})
    first, second = result.dials
    assert ([first.status, second.status], [first.call_sid == second.call_sid]) == (["completed", "completed"], [False])
    done = bot.bodies("/dial-done")[0]
    assert (done["dial_call_status"], done["dial_sip_status"], done["dial_call_sid"]) == ("completed", 200, second.call_sid)
    ends = [body["call_sid"] for body in bot.bodies("/status") if body["call_status"] == "completed" and "parent_call_sid" in body]
    assert ends == [second.call_sid, first.call_sid]


def test_one_refuses_and_another_takes_it() -> None:
    bot = FakeBot(dialling())
    bot.answers["/voice"][1]["target"] = [{"type": "phone", "number": "1001"}, {"type": "phone", "number": "1002"}]
    result = played(bot, LEFT_ALONE, agent=Agent("busy", **QUICK), agents={"1002": Agent(**(QUICK | {"ring_ms": 150}))})
    assert [dial.status for dial in result.dials] == ["busy", "completed"]
    assert bot.bodies("/dial-done")[0]["dial_call_status"] == "completed"


@pytest.mark.parametrize(
    ("url", "why"),
    [("/a.wav", "no whole address"), ("URL/missing.wav", "could not be fetched"), ("URL/dial-done", "could not be fetched, or is none")],
)
def test_a_sound_that_can_not_be_played_is_a_violation(url: str, why: str) -> None:
    bot = FakeBot(dialling(dialMusic=url) | SOUNDS)
    result = played(bot, LEFT_ALONE)
    assert [why in violation.text for violation in result.violations] == [True]


@pytest.mark.parametrize(
    ("agent", "status", "child"), [(Agent(ring_ms=5000), "no-answer", 487), (Agent(ring_ms=10, talk_ms=5000), "completed", 200)]
)
def test_a_caller_who_leaves_during_a_dial_ends_it(agent: Agent, status: str, child: int) -> None:
    bot = FakeBot(dialling())
    result = played(bot, Wait(250), HangUp(), agent=agent)
    tail = bot.hooks[-3:]
    assert [hook.target for hook in tail] == ["/status", "/dial-done", "/status"]
    assert tail[0].body["call_termination_by"] == "caller"
    assert (tail[1].body["call_status"], tail[1].body["dial_call_status"]) == ("completed", status)
    assert (tail[2].body["call_status"], tail[2].body["sip_status"]) == (status, child)
    assert result.end == "caller"


# -- the caller ---------------------------------------------------------------------------------------------------
def act(caller: Caller, bot_speaks: Callable[[int], bool], until_ms: int) -> dict[int, str]:
    """What the caller does, by the time at which it begins."""
    did: dict[int, str] = {}
    speaking = False
    for now in range(0, until_ms, 20):
        doing = caller.tick(float(now), bot_loud=bot_speaks(now), connected=True)
        if doing.digit or doing.hangs_up or (doing.sound is not None and not speaking):
            did[now] = doing.digit or ("bye" if doing.hangs_up else "speaks")
        speaking = doing.sound is not None
        if doing.hangs_up:
            break
    return did


def a_caller(*steps: Step, **manners: int) -> Caller:
    sound = np.frombuffer(silence(40) + tone(200) + silence(60), np.int16)
    return Caller(steps, 16_000, lambda step: sound, Manners(**manners))


def test_the_caller_speaks_when_the_bot_was_heard_and_is_silent() -> None:
    caller = a_caller(Say("hello"), Press("1"))
    did = act(caller, lambda now: 200 <= now < 1000 or 1500 <= now < 2000 or 3500 <= now < 4000, 9000)
    assert did == {2680: "speaks", 4680: "1"}  # 700 ms after the bot's last sound; its pause of 500 ms was none
    (utterance,) = caller.utterances
    assert (utterance.began_ms, utterance.ended_ms) == (2720, 2900)
    assert (utterance.kind, utterance.note) == ("say", "")


def test_the_caller_interrupts_after_so_much_of_the_bots_speech() -> None:
    caller = a_caller(Say("a question"), Barge("stop", after_ms=600))
    did = act(caller, lambda now: 100 <= now < 500 or 2000 <= now < 9000, 4000)
    assert did == {1180: "speaks", 2600: "speaks"}
    assert [utterance.kind for utterance in caller.utterances] == ["say", "barge"]
    assert caller.utterances[1].note == ""


def test_an_answer_too_short_to_interrupt_is_noted() -> None:
    caller = a_caller(Barge("stop", after_ms=600))
    assert act(caller, lambda now: 100 <= now < 300, 2000) == {980: "speaks"}
    assert "fell silent" in caller.utterances[0].note


def test_patience_ends_and_is_noted() -> None:
    caller = a_caller(Say("hello?"), patience_ms=1000)
    assert act(caller, lambda now: False, 2000)[1000] == "speaks"
    assert "not heard" in caller.utterances[0].note
    talked_at = a_caller(Say("stop!"), longest_answer_ms=3000)
    assert act(talked_at, lambda now: True, 3100) == {3000: "speaks"}
    assert "did not stop" in talked_at.utterances[0].note


def test_the_caller_hears_the_answer_out_and_hangs_up() -> None:
    assert act(a_caller(Say("hello")), lambda now: 0 <= now < 100 or 1500 <= now < 2000, 9000) == {780: "speaks", 3480: "bye"}
    assert act(a_caller(Wait(200), HangUp()), lambda now: False, 9000) == {220: "bye"}


def test_without_a_socket_the_caller_holds_his_tongue() -> None:
    caller = a_caller(Say("hello"), patience_ms=100)
    doings = [caller.tick(float(now), bot_loud=False, connected=False) for now in range(0, 2000, 20)]
    assert not any(doing.sound is not None or doing.hangs_up for doing in doings)


# -- a conversation -------------------------------------------------------------------------------------------------
async def heard_out(bot: FakeBot) -> float:
    """Wait for the caller's speech and 100 ms of silence after it; when its last loud frame came."""
    last_loud = None
    while True:
        await asyncio.sleep(0.005)
        came_at, frame = bot.frames[-1] if bot.frames else (0.0, b"")
        if np.frombuffer(frame, np.int16).max(initial=0) > 1000:
            last_loud = came_at
        if last_loud is not None and came_at - last_loud >= 0.1:
            return last_loud


def test_a_conversation_is_measured_and_recorded(tmp_path: Path) -> None:
    bot = FakeBot(usual())
    replied_after_ms: list[float] = []

    async def talk(ws: ServerConnection) -> None:
        await ws.send(tone(300) + silence(200))
        last_loud = await heard_out(bot)
        replied_after_ms.append((time.monotonic() - last_loud) * 1000)
        await ws.send(tone(3000, hz=880))
        await heard_out(bot)
        await ws.send(KILL)
        await asyncio.sleep(0.06)
        await ws.send(tone(300, hz=660) + silence(200))
        await asyncio.sleep(0.6)
        await ws.send(DISCONNECT)

    bot.talk = talk
    word = Sound(tone(200, hz=200), 16_000, "a word")
    result = played(bot, Say(word), Barge(word, after_ms=200), LEFT_ALONE, manners=Manners(silence_ms=200))
    said, barged = result.utterances
    assert said.reply_ms == pytest.approx(replied_after_ms[0], abs=15)
    assert barged.barge_in_ms == pytest.approx(300, abs=40)  # 200 ms of speech, 100 ms of silence
    assert barged.reply_ms == pytest.approx(160, abs=40)
    assert (said.kind, barged.kind, said.note, barged.note) == ("say", "barge", "", "")
    assert result.holes == []
    assert result.traffic.kills == 1
    hears_and_keeps(result, tmp_path, barged.began_ms or 0.0)


def hears_and_keeps(result: CallResult, folder: Path, barged_ms: float) -> None:
    """The recordings: one time base, what was heard where, nothing of what the kill cut off."""
    assert len(result.heard_bot) == len(result.heard_caller)
    paths = result.save(folder)
    bot, rate = soundfile.read(paths["bot"], dtype="int16")
    assert rate == 16_000
    assert heard_ms(bot, rate) == pytest.approx(300 + 500 + 300, abs=120)  # greeting, answer until the kill, reply
    at = int((barged_ms - result.recording_began_ms) * 16)
    caller = soundfile.read(paths["caller"], dtype="int16")[0]
    assert np.abs(caller[at - 160 : at + 640]).max() > 5000
    assert np.abs(bot[at : at + 1600]).max() > 5000  # spoken over the bot
    assert soundfile.info(paths["call"]).channels == 2


def test_echo_comes_back_quieter_and_later() -> None:
    bot = FakeBot(usual(), saying(tone(400), 0.5, DISCONNECT))
    result = played(bot, LEFT_ALONE, line=LineSettings(noise_db=None, echo_db=20.0, echo_delay_ms=100))
    delay = int(np.argmax(np.abs(result.heard_caller) > 300)) - int(np.argmax(np.abs(result.heard_bot) > 3000))
    assert delay / 16 == pytest.approx(100, abs=2)
    assert np.abs(result.heard_caller).max() / np.abs(result.heard_bot).max() == pytest.approx(0.1, abs=0.01)


# -- bad lines --------------------------------------------------------------------------------------------------
RATE, SAMPLES = 16_000, 320


def level_db(samples: Pcm) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(samples.astype(np.float64) ** 2)) / 32768 + 1e-9))


def spoken_into(settings: LineSettings, *doings: Doing, voice_db: float | None = None) -> list[Pcm]:
    mouth, quiet = Mouth(settings, sample_rate=RATE, voice_db=voice_db), np.zeros(SAMPLES, np.int16)
    return [mouth.frame(doing, quiet, tick) for tick, doing in enumerate(doings)]


def numbered(count: int) -> list[Pcm]:
    return [np.full(SAMPLES, number + 1, np.int16) for number in range(count)]


def arrivals(settings: NetworkSettings, count: int, keys: str = "") -> list[list[int]]:
    """What arrives in each tick, by the frames' numbers; 0 is silence."""
    network = Network(settings, SAMPLES)
    parcels = [network.through(frame, tick, keys[tick : tick + 1]) for tick, frame in enumerate(numbered(count))]
    return [[int(parcel.frame[0]) for parcel in each if parcel.frame is not None] for each in parcels]


@pytest.mark.parametrize("kind", NOISES)
def test_a_background_has_its_level_and_is_the_same_each_time(kind: str) -> None:
    frames = background(kind, -30.0, rate=RATE, samples=SAMPLES, seed=3)
    assert level_db(np.concatenate(frames)) == pytest.approx(-30.0, abs=0.2)
    background.cache_clear()
    assert all(
        np.array_equal(one, other) for one, other in zip(frames, background(kind, -30.0, rate=RATE, samples=SAMPLES, seed=3), strict=True)
    )
    assert not np.array_equal(frames[5], background(kind, -30.0, rate=RATE, samples=SAMPLES, seed=4)[5]) or kind == "street"


def test_pink_noise_is_deeper_than_white() -> None:
    def share_below_1_khz(kind: str) -> float:
        power = np.abs(np.fft.rfft(np.concatenate(background(kind, -30.0, rate=RATE, samples=SAMPLES)))) ** 2
        return float(power[: len(power) // 8].sum() / power.sum())

    assert share_below_1_khz("white") == pytest.approx(1 / 8, abs=0.02)
    assert share_below_1_khz("pink") > 0.4


def test_noise_may_be_in_proportion_to_the_callers_voice() -> None:
    frames = spoken_into(LineSettings(snr_db=10.0), *[Doing()] * 100, voice_db=-20.0)
    assert level_db(np.concatenate(frames)) == pytest.approx(-30.0, abs=0.5)
    assert level_db(np.concatenate(spoken_into(LineSettings(snr_db=10.0), *[Doing()] * 100))) == pytest.approx(-65.0, abs=0.5)


def test_how_loud_the_caller_speaks_is_known_beforehand() -> None:
    loud = np.frombuffer(tone(300, level=0.5) + silence(900), np.int16)
    caller = Caller([Wait(5), Say("x")], RATE, lambda step: loud)
    assert caller.voice_db() == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.2)
    assert Caller([Wait(5)], RATE, lambda step: loud).voice_db() is None


def test_a_telephone_that_suppresses_silence_sends_the_room_only_with_words() -> None:
    words = np.full(SAMPLES, 3000, np.int16)
    frames = spoken_into(LineSettings(dtx=True, noise_db=-40.0), *[Doing()] * 40, Doing(sound=words))
    assert {round(level_db(frame), -1) for frame in frames[:20]} == {-180.0}, "digital silence"
    assert all(level_db(frame) == pytest.approx(-58, abs=2) for frame in frames[20:40]), "comfort noise"
    assert np.std(frames[40]) > 100, "the room's noise is on the words"


def test_a_key_that_sounds_has_its_two_tones() -> None:
    frames = spoken_into(LineSettings(noise_db=None, tones=True), Doing(digit="5"), *[Doing()] * 9)
    power = np.abs(np.fft.rfft(np.concatenate(frames[:6])))
    assert sorted(np.argsort(power)[-2:] * RATE / (6 * SAMPLES)) == pytest.approx([770, 1336], abs=9)
    assert level_db(frames[7]) < -100
    assert level_db(np.concatenate(spoken_into(LineSettings(noise_db=None), Doing(digit="5")))) < -100, "unless the line is such"


def test_on_hold_there_is_music_and_no_caller() -> None:
    words = np.full(SAMPLES, 3000, np.int16)
    frames = spoken_into(LineSettings(noise_db=None, music_db=-20.0, music_after_ms=400), *[Doing(sound=words)] * 400)
    assert all(np.array_equal(frame, words) for frame in frames[:20])
    assert level_db(np.concatenate(frames[20:])) == pytest.approx(-20, abs=1)
    assert abs(float(np.mean(np.concatenate(frames[20:])))) < 100


def test_bursts_and_stalls_lose_nothing_and_keep_the_order() -> None:
    bursts = arrivals(NetworkSettings(held_ms=100, held_every_ms=100), 10)
    assert [len(each) for each in bursts] == [0, 0, 0, 0, 5] * 2
    stalls = arrivals(NetworkSettings(held_ms=60, held_every_ms=200), 20)
    assert [len(each) for each in stalls] == [1, 1, 1, 1, 1, 1, 1, 0, 0, 3] * 2
    assert [number for each in stalls for number in each] == list(range(1, 21))
    assert arrivals(NetworkSettings(), 3) == [[1], [2], [3]]


@pytest.mark.parametrize("loss", LOSSES)
def test_of_a_lossy_line_as_many_frames_are_lost_as_it_says(loss: str) -> None:
    came = [number for each in arrivals(NetworkSettings(lost=0.05, loss=loss), 4000) for number in each]
    there = [number for at, number in enumerate(came) if loss == "missing" or number == at + 1]
    assert len(came) == (len(there) if loss == "missing" else 4000)
    assert 0.04 < 1 - len(there) / 4000 < 0.06


def test_a_lost_frame_takes_no_key_with_it() -> None:
    network = Network(NetworkSettings(lost=1.0, loss="missing"), SAMPLES)
    assert [(parcel.frame, parcel.digit) for parcel in network.through(numbered(1)[0], 0, "7")] == [(None, "7")]


def test_a_line_that_is_held_up_delivers_late_and_together_in_both_directions() -> None:
    bot = FakeBot(usual(), saying(0.4, tone(400), 0.9, DISCONNECT))
    stall = NetworkSettings(held_ms=300, held_every_ms=500)
    result = played(bot, LEFT_ALONE, line=LineSettings(noise_db=None, network=stall))
    apart_ms = np.diff([at for at, _ in bot.frames]) * 1000
    assert apart_ms.max() > 200
    assert np.sum(apart_ms < 5) >= 10
    assert result.ok


def test_keys_pressed_while_speaking_come_amid_the_words() -> None:
    caller = Caller(
        [Say("x", keys="42", keys_after_ms=200)], RATE, lambda step: np.frombuffer(tone(800), np.int16), Manners(patience_ms=40)
    )
    did = act(caller, lambda now: False, 1500)
    began = next(at for at, what in did.items() if what == "speaks")
    pressed = {at - began: what for at, what in did.items() if what.isdigit()}
    assert pressed == {200: "4", 500: "2"}


@pytest.mark.parametrize(("how", "end", "code"), [("reset", "lost", None), ("closed", "closed 1001", 1001)])
def test_a_socket_that_drops_is_told_like_any_other_end_and_may_be_opened_again(how: str, end: str, code: int | None) -> None:
    bot = FakeBot(usual() | {"/stream-done": [[stream(metadata={"after": "drop"})], [{"verb": "hangup"}]]}, None)
    result = played(bot, Wait(100), Drop(how), Wait(200), HangUp())
    assert result.socket_ends == [end, "caller"]
    assert bot.bodies("/stream-done")[0]["dial_call_duration"] == 0
    assert json.loads(bot.texts[-1])["after"] == "drop"
    assert result.ok


def test_conditions_can_be_laid_over_each_other() -> None:
    both = line_of(["white", "lossy"])
    assert (both.snr_db, both.network.lost) == (10.0, 0.05)
    assert line_of(["voices"], snr_db=3.0).snr_db == 3.0
    assert line_of([]) == LineSettings()


def test_sound_from_a_disconnect_on_is_not_heard() -> None:
    bot = FakeBot(usual(), saying(0.02, tone(5000), DISCONNECT))
    result = played(bot, LEFT_ALONE)
    assert heard_ms(result.heard_bot, 16_000) < 100


def test_a_call_that_never_ends_is_given_up() -> None:
    bot = FakeBot(usual())
    result = played(bot, LEFT_ALONE, longest_s=0.3)
    assert (result.end, result.ok) == ("caller", False)
    assert "not over" in result.violations[0].text


def test_mu_law_is_g711s() -> None:
    samples = np.array([0, 3, 4, 12, 100, -100, 1000, -1000, 8159, 32_767, -32_768], np.int16)
    assert list(through_telephone(samples)) == [0, 0, 8, 16, 104, -104, 988, -988, 8316, 32_124, -32_124]
    speech = np.frombuffer(tone(100), np.int16)
    noise = through_telephone(speech).astype(float) - speech
    assert 10 * np.log10(np.mean(speech.astype(float) ** 2) / np.mean(noise**2)) > 35
    assert len(np.unique(through_telephone(np.arange(-32_768, 32_768).astype(np.int16)))) == 255


def test_recordings_are_brought_to_the_lines_rate() -> None:
    speaker = Speaker()
    step = Say(Sound(tone(500, 8000), 8000))
    assert len(speaker.pcm(step, 16_000)) == 8000
    assert len(speaker.pcm(step, 8000)) == 4000
    assert speaker.pcm(step, 8000) is speaker.pcm(step, 8000)


# -- the command line ---------------------------------------------------------------------------------------------
@contextmanager
def in_its_own_thread(bot: FakeBot) -> Iterator[FakeBot]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(bot.__aenter__(), loop).result()
    try:
        yield bot
    finally:
        asyncio.run_coroutine_threadsafe(bot.__aexit__(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


TURNS = [
    {"number": 0, "heard": "", "intent": "", "confidence": 0.0, "language": "en", "said": ["Hello."], "interrupted": False, "timings": {}},
    {
        "number": 1,
        "heard": "my licence",
        "intent": "license_renewal",
        "confidence": 0.93,
        "language": "en",
        "interrupted": True,
        "said": ["I have made a ticket."],
        "timings": {"reply": 612},
    },
]
JOURNAL = {"call_sid": "x", "language": "en", "outcome": {"kind": "finished", "reason": "goodbye"}, "turns": TURNS, "escalations": []}
TICKET = {"id": "T-1", "intent": "license_renewal", "priority": "normal", "status": "open", "summary": "a licence"}


@pytest.fixture
def journalling() -> Iterator[FakeBot]:
    answers = usual(rate=8000) | {"/calls": JOURNAL | {"ticket": TICKET}}
    with in_its_own_thread(FakeBot(answers, saying(0.05, tone(200, 8000) + silence(200, 8000), 0.2, DISCONNECT))) as bot:
        yield bot


def flask_call(bot: FakeBot, *options: str) -> Result:
    return CliRunner().invoke(call_command, ["--url", bot.url, "--secret", SECRET, *options])


def test_flask_call_prints_one_json_object(journalling: FakeBot, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "word.wav", np.frombuffer(tone(100, 8000), np.int16), 8000)
    done = flask_call(journalling, "--json", "--wav", str(tmp_path / "word.wav"), "--record", str(tmp_path / "out"), "--rate", "16000")
    told = json.loads(done.stdout)
    assert done.exit_code == 0
    assert list(told) == ["call_sid", "language", "turns", "outcome", "ticket", "escalation", "recordings", "measured", "violations"]
    assert told["turns"][1] == {
        "heard": "my licence",
        "intent": "license_renewal",
        "confidence": 0.93,
        "language": "en",
        "said": ["I have made a ticket."],
        "interrupted": True,
        "reply_ms": 612,
    }
    assert (told["ticket"], told["violations"], told["measured"]["end"]) == (TICKET, [], "bot")
    assert soundfile.info(told["recordings"]["bot"]).samplerate == 8000
    assert "asks for 8000 Hz, not 16000" in done.stderr


def test_flask_call_prints_the_conversation_and_reads_the_journal_signed(journalling: FakeBot) -> None:
    done = flask_call(journalling)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[:3] == [
        "bot     Hello.  [en]",
        "caller  my licence",
        "bot     I have made a ticket.  [license_renewal 0.93, en, 612 ms, interrupted]",
    ]
    assert "ticket  T-1 license_renewal (normal)" in done.stdout
    read = journalling.reads[0]
    stamp = read.headers["jambonz-signature"].removeprefix("t=").partition(",")[0]
    assert read.headers["jambonz-signature"] == sign(SECRET, f"GET {read.target}".encode(), int(stamp))


def test_flask_call_fails_when_jambonz_would_refuse() -> None:
    with in_its_own_thread(FakeBot({"/voice": [{"verb": "bogus"}], "/calls": JOURNAL | {"ticket": TICKET}})) as bot:
        done = flask_call(bot, "--quiet")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "480" in done.stderr
    assert "bogus" in done.stderr


def test_progress_is_told_of_what_takes_longer_than_a_second() -> None:
    told: list[str] = []
    progress = Progress(told.append)
    for tenth in range(80):
        progress.look("ringing" if tenth < 9 else "the bot speaks", tenth / 10)
    assert told == ["        (the bot speaks, 1 s)", "        (the bot speaks, 6 s)"]


def test_steps_keep_the_order_of_the_command_line() -> None:
    line = ["--say", "one", "--dtmf", "12", "--barge", "stop", "--drop", "reset", "--say", "two", "--json"]
    context = call_command.make_context("call", line)
    steps = steps_in_order(context.meta["steps"], context.params, "hi")
    assert steps == [Say("one", "hi"), Press("1"), Press("2", at_once=True), Barge("stop", language="hi"), Drop("reset"), Say("two", "hi")]


@pytest.mark.parametrize(
    "line", [["--dtmf", "1a"], ["--agent-keys", "1x"], ["--wav", __file__], ["--url", "http://127.0.0.1:1", "--secret", ""]]
)
def test_mistakes_on_the_command_line_are_told(line: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAMBONZ_WEBHOOK_SECRET", raising=False)
    done = CliRunner().invoke(call_command, [*line, *(() if "--url" in line else ("--url", "http://127.0.0.1:1", "--secret", "x"))])
    assert done.exit_code == 2


def test_the_command_lines_choices_are_the_simulators() -> None:
    assert (set(LANGUAGES), set(BEHAVIOURS)) == (set(VOICES), set(agents.BEHAVIOURS))
    assert set(LINES) == set(CONDITIONS)


def test_the_demo_names_every_promise_that_was_not_kept() -> None:
    kept = what_happened(Placed(CallResult("x"), JOURNAL | {"ticket": TICKET}))
    assert [promise for promise, so in kept.items() if not so] == [
        "killAudio came when the caller interrupted",
        "a human was asked for",
        "a human was dialled and answered",
        "the human heard a briefing and took the call",
        "both recordings hold sound",
    ]


# -- the bot as a process -----------------------------------------------------------------------------------------
STAND_IN = """
import http.server, os, signal, sys, time
began = time.monotonic()
if "stubborn" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if time.monotonic() - began > (1.3 if 'stubborn' in sys.argv else 0) else 503)
        self.end_headers()
        print(os.environ["DATABASE_URL"], os.environ["WHISPER_MODEL"], flush=True)
http.server.HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Ready).serve_forever()
"""


@pytest.mark.parametrize("manner", ["polite", "stubborn"])
def test_a_bot_process_is_awaited_measured_and_ended(manner: str) -> None:
    told: list[str] = []
    command = (sys.executable, "-c", STAND_IN, manner)
    with BotProcess({"WHISPER_MODEL": "tiny"}, command=command, grace_s=0.3, progress=told.append) as bot:
        pid = bot.pid
        assert bot.rss_bytes() > 1_000_000
        assert bot.threads() >= 1
        assert bot.open_files() >= 3
        assert "sqlite:///" in bot.log_tail()
        assert " tiny" in bot.log_tail()
    assert told[:1] == (["starting the bot and loading its model ... 1 s"] if manner == "stubborn" else [])
    assert not Path(f"/proc/{pid}").exists()


def test_a_bot_that_does_not_start_shows_its_log() -> None:
    command = (sys.executable, "-c", "print('no such model'); raise SystemExit(3)")
    with pytest.raises(BotFailed, match=r"(?s)code 3.*no such model"), BotProcess(command=command):
        pass


def test_a_bot_whose_engines_fail_is_not_waited_for() -> None:
    stand_in = STAND_IN.replace("else 0)", "else 99)").replace(
        "print(", 'self.wfile.write(b\'{"ready": false, "engines": "no model there"}\'); print('
    )
    with pytest.raises(BotFailed, match="no model there"), BotProcess(command=(sys.executable, "-c", stand_in)):
        pass


def test_a_rate_is_changed_in_a_copy_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.json"
    own.write_text('{"company": "x", "stream": {"lead_ms": 240}}', encoding="utf-8")
    monkeypatch.setenv("BOT_CONFIG", str(own))
    tree = json.loads(config_at(8000, tmp_path).read_text(encoding="utf-8"))
    assert tree == {"company": "x", "stream": {"lead_ms": 240, "sample_rate": 8000}}


@pytest.mark.parametrize(("language", "words"), [("en", "hello there"), ("hi", "नमस्ते"), ("ta", "வணக்கம்")])
def test_the_caller_has_a_voice_in_every_language(language: str, words: str) -> None:
    samples = Speaker().pcm(Say(words, language), 8000)
    assert len(samples) > 8000 * 0.3
    assert 3000 < np.abs(samples.astype(int)).max() <= 32_124  # heard, and through mu-law
