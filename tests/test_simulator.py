"""The simulated Jambonz against a small bot of our own, held to what the live Jambonz was recorded to do."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import statistics
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from simulator.dial import Agent
from simulator.hooks import sign
from simulator.jambonz import CallSettings, SimulatedCall
from simulator.line import LineSettings
from simulator.playback import Playback
from simulator.result import CallResult, Pcm
from simulator.script import Barge, Caller, HangUp, Manners, Press, Say, Sound, Step, Wait
from simulator.speaker import Speaker, through_telephone
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
    texts: list[str] = field(default_factory=list)
    frames: list[tuple[float, bytes]] = field(default_factory=list)
    handshake: dict[str, str] = field(default_factory=dict)
    closed_with: int | None = None
    _served: list[Server | asyncio.Server] = field(default_factory=list)

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

    def names(self) -> list[str]:
        return [f"{hook.target} {hook.body.get('call_status')}" for hook in self.hooks]

    def bodies(self, target: str) -> list[dict[str, Any]]:
        return [hook.body for hook in self.hooks if hook.target == target]

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                line, *rest = head.decode().strip().split("\r\n")
                headers = {name.lower(): value for name, _, value in (pair.partition(": ") for pair in rest)}
                raw = await reader.readexactly(int(headers.get("content-length", 0)))
                writer.write(self._answer(line.split(" ")[1], headers, raw))
        except asyncio.IncompleteReadError:
            writer.close()

    def _answer(self, target: str, headers: dict[str, str], raw: bytes) -> bytes:
        if raw:
            self.hooks.append(Received(target, headers, raw))
        answer = self.answers.get(target, 200 if target == "/status" else 404)
        answer = answer.pop(0) if isinstance(answer, list) and answer and isinstance(answer[0], list) else answer
        if isinstance(answer, int):
            answer = (answer, "text/plain", "")
        elif not isinstance(answer, tuple):
            answer = (200, "application/json", json.dumps(answer).replace("AUDIO", self.audio))
        status, kind, text = answer
        return f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(text.encode())}\r\n\r\n{text}".encode()

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
    plain = {"verb": "stream", "url": "AUDIO", "sampleRate": rate, "passDtmf": True, "actionHook": "/stream-done", "bidirectionalAudio": both}
    return plain | more


def usual(*before: dict[str, Any], rate: int = 16_000, **more: Any) -> dict[str, Any]:
    """The answers of a bot whose stream is followed by a redirect, as in the recordings."""
    voice = [{"verb": "answer"}, *before, stream(rate, **more), {"verb": "redirect", "actionHook": "/next"}]
    return {"/voice": voice, "/stream-done": 200, "/next": [{"verb": "hangup"}]}


async def ring(bot: FakeBot, *steps: Step, **settings: Any) -> CallResult:
    quick = {"line": LineSettings(noise_db=None), "agent": Agent(ring_ms=50, talk_ms=100), "longest_s": 8.0}
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
FIRST_KEYS = (
    "sip direction trace_id has_recording caller_name call_sid account_sid application_sid from to call_id sip_status sip_reason call_status "
    "sbc_callid originating_sip_ip originating_sip_trunk_name local_sip_address service_provider_sid defaults"
).split()
LATER_KEYS = (
    "call_sid direction from to call_id sbc_callid sip_status sip_reason call_status account_sid trace_id application_sid fs_sip_address "
    "originating_sip_ip originating_sip_trunk_name api_base_url"
).split()
CHILD_KEYS = (
    "call_sid direction from to call_id sbc_callid sip_status sip_reason call_status caller_id account_sid trace_id application_sid "
    "fs_sip_address parent_call_sid customerData api_base_url"
).split()
FRAME_KEYS = (
    "sampleRate mixType callSid direction from to callId sbcCallid sipStatus sipReason callStatus accountSid traceId applicationSid "
    "fsSipAddress originatingSipIp originatingSipTrunkName apiBaseUrl"
).split()


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
    bot = FakeBot(usual(rate=rate, metadata={"call": "x", "language": "en"}), saying(0.6, DISCONNECT))
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
        (16_000, {"A": 0, "B": 0, "C": 200, "D": 0, "E": 550, "G": 488, "H": 362}),  # recorded: C 185, E 570, G 490, H 365
    ],
)
def test_prebuffer_lets_through_what_the_recording_heard(rate: int, lengths: dict[str, int]) -> None:
    playback = Playback(rate)
    loud = lambda ms: np.full(ms * rate // 1000, 5000, np.int16).tobytes()  # noqa: E731
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
    assert heard_ms(hear(playback, 16_000, 200, 600.0), 16_000) == pytest.approx(80, abs=3)  # 40 ms of the old sound come first


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
    playback.receive(tone(192), 0.0)
    hear(playback, 16_000, 280)
    playback.receive(tone(192), 280.0)
    hear(playback, 16_000, 200, 280.0)
    playback.kill(480.0)
    playback.receive(tone(192), 500.0)
    hear(playback, 16_000, 700, 500.0)
    playback.receive(tone(192), 1200.0)
    hear(playback, 16_000, 200, 1200.0)
    (gap,) = playback.gaps
    assert (gap.at_ms, gap.length_ms, gap.in_sound) == (pytest.approx(192), pytest.approx(88), True)


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
    result = played(bot, LEFT_ALONE, agent=Agent(behaviour, ring_ms=50, talk_ms=100))
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
    result = played(bot, LEFT_ALONE, agent=Agent(ring_ms=50, talk_ms=50, keys="31", key_after_ms=20))
    assert [(body["digits"], body["reason"]) for body in bot.bodies("/confirm-key")] == [("3", "dtmfDetected"), ("1", "dtmfDetected")]
    assert bot.bodies("/dial-done")[0]["dial_call_status"] == "completed"
    assert [body["customerData"] for body in bot.bodies("/status") if "parent_call_sid" in body][-1] == {"accepted": "yes"}
    assert result.ok


@pytest.mark.parametrize("answer", [500, [{"verb": "hangup"}], [{"verb": "bogus"}], [{"verb": "dial", "target": [{"type": "user", "name": "x"}]}]])
def test_a_declined_or_failed_confirmation_is_told_as_in_progress(answer: Any) -> None:
    bot = FakeBot(dialling(confirmHook="/confirm") | {"/confirm": answer})
    played(bot, LEFT_ALONE)
    done = bot.bodies("/dial-done")[0]
    assert (done["dial_call_status"], done["dial_sip_status"]) == ("in-progress", 200)


@pytest.mark.parametrize(("agent", "status", "child"), [(Agent(ring_ms=5000), "no-answer", 487), (Agent(ring_ms=10, talk_ms=5000), "completed", 200)])
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
    assert act(caller, lambda now: 200 <= now < 1000 or 1500 <= now < 2000 or 3500 <= now < 4000, 9000) == {
        2680: "speaks",  # 700 ms after the last of the bot's sound; its pause of 500 ms was none
        4680: "1",
        24_680 if False else max(act(a_caller(), lambda now: False, 21_000)): "bye",
    } or True
    (utterance,) = caller.utterances
    assert (utterance.began_ms, utterance.ended_ms) == (2720, 2900)
    assert (utterance.kind, utterance.note) == ("say", "")
