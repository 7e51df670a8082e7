"""Jambonz's audio socket in our words: whatever comes, decode has a defined answer."""

import json
import random
import threading
import time
from collections import deque
from typing import Any

import pytest
from simple_websocket import ConnectionClosed

from calls.call import Call
from calls.events import AudioFrame, Connected, Dtmf, HungUp, Ignored, MarkPlayed
from stream.line import MAX_BACKLOG, Line, decode

PREAMBLE = {"sampleRate": 8000, "mixType": "mono", "callSid": "c1", "direction": "inbound", "from": "15085551212", "to": "16174000000"}


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (b"\x01\x00" * 160, AudioFrame(b"\x01\x00" * 160)),
        (b"\x01\x00\x02", AudioFrame(b"\x01\x00")),
        (b"", Ignored("empty sound")),
        (b"\x01", Ignored("empty sound")),
        (json.dumps(PREAMBLE), Connected(Call("c1", "15085551212", "16174000000", 8000))),
        (
            json.dumps(PREAMBLE | {"language": "hi", "after": "no_agent"}),
            Connected(Call("c1", "15085551212", "16174000000", 8000, "hi", "no_agent")),
        ),
        (json.dumps(PREAMBLE | {"sampleRate": 11_025}), Ignored("a preamble without a sampleRate of 8000 or 16000")),
        (json.dumps(PREAMBLE | {"callSid": ""}), Ignored("a preamble without a sampleRate of 8000 or 16000")),
        (json.dumps(PREAMBLE | {"from": None, "to": 5}), Connected(Call("c1", "", "", 8000))),
        ('{"event":"dtmf","dtmf":"5","duration":"1280"}', Dtmf("5")),
        ('{"event":"dtmf","dtmf":"#","duration":"1280"}', Dtmf("#")),
        ('{"event":"dtmf","dtmf":"55"}', Ignored("an unknown message")),
        ('{"event":"dtmf","dtmf":5}', Ignored("an unknown message")),
        ('{"type": "mark", "data": {"name":"z", "event": "playout"}}', MarkPlayed("z", cleared=False)),
        ('{"type": "mark", "data": {"name":"z", "event": "cleared"}}', MarkPlayed("z", cleared=True)),
        ('{"hello": "wo"rld"}', Ignored("text that is no JSON")),
        ("", Ignored("text that is no JSON")),
        ("[" * 100_000, Ignored("text that is no JSON")),
        ("[]", Ignored("JSON that is no object")),
        ("null", Ignored("JSON that is no object")),
        ("{}", Ignored("an unknown message")),
    ],
)
def test_decode(message: str | bytes, event: Any) -> None:
    assert decode(message) == event


def test_ten_thousand_broken_messages_raise_nothing() -> None:
    dice = random.Random(7)
    whole = json.dumps(PREAMBLE).encode()
    for _ in range(10_000):
        broken = bytearray(whole)
        for _ in range(dice.randrange(1, 12)):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        text = bytes(broken[: dice.randrange(len(broken))]).decode("utf-8", "replace")
        assert decode(text) is not None
        assert decode(dice.randbytes(dice.randrange(2000))) is not None


class FakeSocket:
    """A socket with a script in it (the real one: tests/test_socket.py)."""

    def __init__(self, *messages: Any) -> None:
        self.backlog: deque[Any] = deque(messages)
        self.sent: list[Any] = []
        self.closed = False
        self._woken = threading.Event()

    def gather(self, count: int) -> None:
        """Each comes by itself here."""

    def receive(self, timeout: float | None = None) -> Any:
        if self.closed:
            raise ConnectionClosed()
        if not self.backlog:
            self._woken.wait(timeout)
        return self.backlog.popleft() if self.backlog else None

    def send(self, data: Any) -> None:
        if self.closed:
            raise ConnectionClosed()
        self.sent.append(data)

    def wake(self) -> None:
        self._woken.set()


def test_a_closed_socket_is_a_caller_who_hung_up() -> None:
    ws = FakeSocket()
    line = Line(ws)
    assert line.receive(0) is None
    ws.closed = True
    assert line.receive(0) == HungUp()
    line.play(b"\0\0")
    line.kill_audio()
    line.disconnect()


def test_waiting_for_the_line_can_be_ended() -> None:
    line = Line(FakeSocket())
    threading.Timer(0.05, line.wake).start()
    began = time.monotonic()
    assert line.receive(timeout=5) is None
    assert time.monotonic() - began < 1


def test_a_flood_is_cut_back_but_its_keys_are_kept() -> None:
    ws = FakeSocket(*[b"\0\0"] * 5000, '{"event":"dtmf","dtmf":"0"}', *[b"\1\0"] * 100)
    ws.backlog.insert(1000, '{"event":"dtmf","dtmf":"9"}')
    line, events = Line(ws), []
    while (event := line.receive(0)) is not None:
        events.append(event)
    assert len(events) <= MAX_BACKLOG + 1
    assert [event.digit for event in events if isinstance(event, Dtmf)] == ["9", "0"]
    assert line.dropped > 4000


def test_a_stall_of_the_line_loses_nothing() -> None:
    ws = FakeSocket(*[b"\0\0"] * MAX_BACKLOG)
    line = Line(ws)
    events = [line.receive(0) for _ in range(MAX_BACKLOG)]
    assert all(isinstance(event, AudioFrame) for event in events)
    assert line.dropped == 0


def test_what_we_send_is_what_jambonz_understands() -> None:
    ws = FakeSocket()
    line = Line(ws)
    line.play(b"\1\0")
    line.kill_audio()
    line.disconnect()
    assert ws.sent == [b"\1\0", '{"type": "killAudio"}', '{"type": "disconnect"}']


def test_frames_that_came_together_are_one_and_in_order() -> None:
    keyed, frames = '{"event":"dtmf","dtmf":"7"}', [bytes([n, 0]) * 160 for n in range(9)]
    line = Line(FakeSocket(*frames[:6], keyed, frames[6], b"\7\7" * 80, frames[7], frames[8]))
    line.gather(4)
    events: list[Any] = []
    while (event := line.receive(0)) is not None:
        events.append(event)
    sounds = [b"".join(frames[:4]), b"".join(frames[4:6]), frames[6], b"\7\7" * 80, b"".join(frames[7:])]
    assert [event.pcm for event in events if isinstance(event, AudioFrame)] == sounds
    assert events[2] == Dtmf("7")


def test_half_a_sample_at_an_end_is_still_dropped() -> None:
    line = Line(FakeSocket(b"\1\0\2", b"\3\0\4"))
    line.gather(4)
    assert [line.receive(0), line.receive(0)] == [AudioFrame(b"\1\0"), AudioFrame(b"\3\0")]
