"""The audio socket's server, over real connections: under gunicorn, under werkzeug, and a raw peer that does as it likes."""

from __future__ import annotations

import os
import random
import secrets
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from simple_websocket import ConnectionClosed
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed as PeerClosed
from websockets.exceptions import InvalidStatus
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.sync.client import ClientConnection, connect
from websockets.uri import parse_uri

from simulator.bot_process import free_port
from stream.frames import Frames, HandshakeRefused, usual_message
from stream.socket import UNSENT_BYTES, WebSocket

ROOT = Path(__file__).parent.parent
SOUND = bytes(range(256)) * 2 + bytes(128)  # 640 bytes
REQUEST = {
    "REQUEST_METHOD": "GET",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "HTTP_HOST": "bot.example.com",
    "HTTP_UPGRADE": "websocket",
    "HTTP_CONNECTION": "Upgrade",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
    "HTTP_SEC_WEBSOCKET_PROTOCOL": "other, audio.jambonz.org",
}


class Peer:
    """The other end, frame by frame."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.sock.settimeout(5)
        self.protocol = ClientProtocol(parse_uri("ws://bot.example.com/audio"))
        self.handshake = self._handshake()
        self.protocol.state = State.OPEN

    def _handshake(self) -> bytes:
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.sock.recv(1)
        return head

    def send(self, opcode: Opcode, data: bytes = b"", *, fin: bool = True) -> None:
        self.sock.sendall(Frame(opcode, data, fin).serialize(mask=True))

    def frames(self, count: int) -> list[tuple[Opcode, bytes]]:
        """The next frames, and nothing of later ones."""
        return [self._frame() for _ in range(count)]

    def _frame(self) -> tuple[Opcode, bytes]:
        head = self._exactly(2)
        size = head[1] & 127
        size = struct.unpack(">H", self._exactly(2))[0] if size == 126 else size
        return Opcode(head[0] & 15), self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.sock.recv(size - len(data))
            assert piece, "the connection has ended"
            data += piece
        return data

    def has_ended(self) -> bool:
        return self.sock.recv(1) == b""


@pytest.fixture
def pair() -> Iterator[Callable[..., tuple[WebSocket, Peer]]]:
    """Makes an open connection over TCP on this machine: our end, and the peer's."""
    opened: list[tuple[WebSocket, socket.socket, socket.socket]] = []

    def made(**options: Any) -> tuple[WebSocket, Peer]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            far = socket.create_connection(listener.getsockname())
            near, _ = listener.accept()
        ws = WebSocket({**REQUEST, "gunicorn.socket": near}, **options)
        opened.append((ws, near, far))
        return ws, Peer(far)

    yield made
    for ws, near, far in opened:
        far.close()
        ws.close()
        near.close()


Pair = Callable[..., tuple[WebSocket, Peer]]


def received(ws: WebSocket, count: int) -> list[str | bytes | None]:
    return [ws.receive(timeout=5) for _ in range(count)]


def closed_with(ws: WebSocket) -> int:
    """Receive to the end; the code that it ended with."""
    for _ in range(10_000):
        try:
            ws.receive(timeout=5)
        except ConnectionClosed as closed:
            return int(closed.reason)
    raise AssertionError("it did not end")


# -- the handshake ------------------------------------------------------------------


def test_the_handshake_takes_our_subprotocol_and_no_compression(pair: Pair) -> None:
    ws, peer = pair(subprotocols=["audio.jambonz.org"])
    head = peer.handshake.decode().lower()
    assert head.startswith("http/1.1 101 ")
    assert "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=" in head  # RFC 6455's own example
    assert "sec-websocket-protocol: audio.jambonz.org" in head
    assert "sec-websocket-extensions" not in head
    assert ws.subprotocol == "audio.jambonz.org"


def test_compression_is_for_those_who_ask_for_it() -> None:
    frames = Frames([], [ServerPerMessageDeflateFactory()], None)
    frames.shake_hands({**REQUEST, "HTTP_SEC_WEBSOCKET_EXTENSIONS": "permessage-deflate"})
    assert b"permessage-deflate" in frames.protocol.data_to_send()[0]


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"HTTP_SEC_WEBSOCKET_KEY": "short"}, 400),
        ({"HTTP_SEC_WEBSOCKET_VERSION": "8"}, 400),
        ({"HTTP_UPGRADE": "h2c"}, 426),
        ({"REQUEST_METHOD": "POST"}, 405),
        ({"HTTP_SEC_WEBSOCKET_PROTOCOL": "x" * 9000}, 400),
        ({"HTTP_SEC_WEBSOCKET_PROTOCOL": "a\x00b"}, 400),
    ],
)
def test_a_handshake_that_is_none_is_left_to_http(changed: dict[str, str], status: int) -> None:
    near, far = socket.socketpair()
    with near, far:
        with pytest.raises(HandshakeRefused) as refused:
            WebSocket({**REQUEST, **changed, "gunicorn.socket": near})
        assert refused.value.status == status
        assert near.getblocking(), "Flask still has to answer on it"
        far.setblocking(False)
        with pytest.raises(BlockingIOError):
            far.recv(1)


def test_headers_that_are_not_the_handshakes_do_not_matter_to_it() -> None:
    frames = Frames([], [], None)
    frames.shake_hands({**REQUEST, "HTTP_COOKIE": "x" * 9000, "HTTP_X_NAME": "a\x00b", "wsgi.version": (1, 0)})
    assert frames.protocol.data_to_send()[0].startswith(b"HTTP/1.1 101 ")


def test_a_server_that_keeps_its_sockets_is_named() -> None:
    with pytest.raises(RuntimeError, match="gthread"):
        WebSocket(REQUEST)


# -- messages -------------------------------------------------------------------------


def test_messages_in_one_and_in_several_frames(pair: Pair) -> None:
    ws, peer = pair()
    peer.send(Opcode.BINARY, SOUND)
    peer.send(Opcode.TEXT, '{"event":"ग्राहक"}'.encode())
    peer.send(Opcode.BINARY, SOUND[:100], fin=False)
    peer.send(Opcode.CONT, SOUND[100:500], fin=False)
    peer.send(Opcode.PING, b"alive?")  # control frames may come between
    peer.send(Opcode.CONT, SOUND[500:])
    half = "ह".encode()
    peer.send(Opcode.TEXT, half[:1], fin=False)  # a letter cut in two
    peer.send(Opcode.CONT, half[1:])
    peer.send(Opcode.BINARY)
    peer.send(Opcode.TEXT)
    assert received(ws, 6) == [SOUND, '{"event":"ग्राहक"}', SOUND, "ह", b"", ""]
    assert peer.frames(1) == [(Opcode.PONG, b"alive?")]


def test_a_frame_that_comes_byte_by_byte(pair: Pair) -> None:
    ws, peer = pair()
    found = []
    for byte in Frame(Opcode.BINARY, SOUND).serialize(mask=True) + Frame(Opcode.TEXT, b"x").serialize(mask=True):
        peer.sock.sendall(bytes([byte]))
        found.append(ws.receive(timeout=0.01))
    found.append(ws.receive(timeout=0.1))
    assert [message for message in found if message is not None] == [SOUND, "x"]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 640, 65_535, 65_536, 200_000])
def test_every_length_is_read_as_the_library_reads_it(size: int) -> None:
    sound = secrets.token_bytes(size)
    frame = Frame(Opcode.BINARY, sound).serialize(mask=True)
    short_way = usual_message(frame)
    assert short_way == (sound if 126 <= size <= 65_535 else None)
    frames = opened_frames(None)
    assert list(frames.take(frame)) == [sound]
    assert [*frames.take(frame[:7]), *frames.take(frame[7:])] == [sound]


def opened_frames(max_bytes: int | None) -> Frames:
    frames = Frames([], [], max_bytes)
    frames.shake_hands(REQUEST)
    frames.protocol.data_to_send()
    return frames


@pytest.mark.parametrize(
    "frame",
    [
        Frame(Opcode.BINARY, SOUND, fin=False),
        Frame(Opcode.TEXT, SOUND[:127]),
        Frame(Opcode.CONT, SOUND),
        Frame(Opcode.PING, b"x" * 100),
    ],
)
def test_the_short_way_is_for_whole_sound_only(frame: Frame) -> None:
    assert usual_message(frame.serialize(mask=True)) is None
    whole = Frame(Opcode.BINARY, SOUND)
    assert usual_message(whole.serialize(mask=False)) is None
    assert usual_message(whole.serialize(mask=True)[:-1]) is None


@pytest.mark.parametrize("cut", [0, 1, 5, 99, 648])
def test_sound_that_comes_together_is_read_as_if_it_came_alone(cut: int) -> None:
    frames = opened_frames(None)
    sounds = [bytes([at]) * size for at, size in enumerate((640, 320, 640, 640))]
    together = b"".join(Frame(Opcode.BINARY, sound).serialize(mask=True) for sound in sounds)
    last, key = Frame(Opcode.BINARY, SOUND).serialize(mask=True), Frame(Opcode.TEXT, b"{}").serialize(mask=True)
    taken = [*frames.take(together + last[:cut]), *(frames.take(last[cut:]) if cut < len(last) else ()), *frames.take(key + together)]
    assert taken == [*sounds, SOUND, "{}", *sounds]
    assert frames.usual_bytes == 648


def test_sound_between_the_parts_of_another_message_is_a_fault(pair: Pair) -> None:
    ws, peer = pair()
    peer.send(Opcode.BINARY, SOUND, fin=False)
    assert ws.receive(timeout=0.05) is None
    peer.send(Opcode.BINARY, SOUND)
    assert closed_with(ws) == 1002


def test_a_thousand_messages_at_once_are_all_there_and_in_order(pair: Pair) -> None:
    ws, peer = pair()
    sent = [bytes([at % 256, at // 256]) * 320 for at in range(1000)]
    threading.Thread(target=peer.sock.sendall, args=(b"".join(Frame(Opcode.BINARY, one).serialize(mask=True) for one in sent),)).start()
    assert received(ws, 1000) == sent


def test_what_is_sent_arrives(pair: Pair) -> None:
    ws, peer = pair()
    ws.send(SOUND)
    ws.send('{"type": "killAudio"}')
    assert peer.frames(2) == [(Opcode.BINARY, SOUND), (Opcode.TEXT, b'{"type": "killAudio"}')]


# -- waiting --------------------------------------------------------------------------


def test_messages_that_are_gathered_wake_us_together(pair: Pair) -> None:
    ws, peer = pair()
    peer.send(Opcode.BINARY, SOUND)
    assert ws.receive(timeout=5) == SOUND  # now their size is known
    ws.gather(3)
    threading.Thread(target=lambda: [(time.sleep(0.1), peer.send(Opcode.BINARY, bytes([at]) * 640)) for at in range(3)]).start()
    began = time.monotonic()
    assert ws.receive(timeout=20) == bytes(640)
    assert time.monotonic() - began > 0.25, "not before the third"
    assert [ws.receive(timeout=0), ws.receive(timeout=0)] == [b"\1" * 640, b"\2" * 640]


def test_who_gathers_hears_at_the_timeout_what_has_come(pair: Pair) -> None:
    ws, peer = pair()
    peer.send(Opcode.BINARY, SOUND)
    ws.receive(timeout=5)
    ws.gather(4)
    peer.send(Opcode.TEXT, b"key")
    began = time.monotonic()
    assert ws.receive(timeout=0.1) == "key"
    assert time.monotonic() - began >= 0.1
    ws.gather(1)
    peer.send(Opcode.TEXT, b"another")
    assert ws.receive(timeout=20) == "another"
    assert time.monotonic() - began < 10, "who waits for one message is woken by the shortest"


def test_who_gathers_is_woken_by_a_wake_and_by_the_end(pair: Pair) -> None:
    ws, peer = pair()
    peer.send(Opcode.BINARY, SOUND)
    ws.receive(timeout=5)
    ws.gather(4)
    threading.Timer(0.05, ws.wake).start()
    began = time.monotonic()
    assert ws.receive(timeout=20) is None
    peer.send(Opcode.BINARY, SOUND)
    peer.sock.shutdown(socket.SHUT_WR)
    assert ws.receive(timeout=20) == SOUND
    with pytest.raises(ConnectionClosed):
        ws.receive(timeout=20)
    assert time.monotonic() - began < 10


def test_who_gathers_and_closes_sees_the_peers_short_answer_at_once(pair: Pair) -> None:
    ws, peer = pair()
    peer.send(Opcode.BINARY, SOUND)
    ws.receive(timeout=5)
    ws.gather(4)
    assert ws.receive(timeout=0.01) is None

    def answer() -> None:
        assert peer.frames(1)[0][0] is Opcode.CLOSE
        peer.send(Opcode.CLOSE, b"\x03\xe8")
        if peer.has_ended():  # we have had its answer
            peer.sock.close()

    threading.Thread(target=answer).start()
    began = time.monotonic()
    ws.close()
    assert time.monotonic() - began < 0.9, "not GOODBYE_S"


def test_waiting_ends_in_time(pair: Pair) -> None:
    ws, _ = pair()
    began = time.monotonic()
    assert ws.receive(timeout=0.05) is None
    assert time.monotonic() - began >= 0.05
    assert ws.receive(timeout=0) is None


def test_another_thread_ends_the_waiting(pair: Pair) -> None:
    ws, peer = pair()
    threading.Timer(0.05, ws.wake).start()
    began = time.monotonic()
    assert ws.receive(timeout=20) is None
    assert time.monotonic() - began < 10
    ws.wake()
    ws.wake()
    assert ws.receive() is None, "a wake before the waiting ends it too, and two are one"
    peer.send(Opcode.BINARY, SOUND)
    assert ws.receive(timeout=5) == SOUND


def test_no_wake_is_lost_between_many_threads(pair: Pair) -> None:
    """As a lane does it: first the result, then the wake."""
    ws, _ = pair()
    results: list[int] = []
    found = 0

    def lane(number: int) -> None:
        for at in range(200):
            results.append(number * 1000 + at)
            ws.wake()

    lanes = [threading.Thread(target=lane, args=(number,)) for number in range(5)]
    for thread in lanes:
        thread.start()
    while found < 1000:
        found = len(results)
        assert found == 1000 or ws.receive(timeout=20) is None
    for thread in lanes:
        thread.join()


def test_a_wake_after_the_end_is_no_fault_and_touches_no_other_file(pair: Pair) -> None:
    ws, _ = pair()
    ws.close()
    reused = [socket.socketpair() for _ in range(3)]
    ws.wake()
    for near, far in reused:
        far.setblocking(False)
        with pytest.raises(BlockingIOError):
            far.recv(1)
        near.close()
        far.close()


def test_an_ended_socket_leaves_no_file_behind(pair: Pair) -> None:
    before = len(os.listdir("/proc/self/fd"))
    ws, peer = pair()
    opened = len(os.listdir("/proc/self/fd"))
    peer.sock.close()
    ws.close()
    assert opened - before <= 4, "both ends, and two for the wake"
    assert len(os.listdir("/proc/self/fd")) <= before + 1, "our end is the WSGI server's to close"


# -- the end --------------------------------------------------------------------------


@pytest.mark.parametrize("code", [1000, 1001, 3000, 4999])
def test_a_peers_close_is_answered_and_what_came_before_it_is_received(pair: Pair, code: int) -> None:
    ws, peer = pair()
    peer.send(Opcode.BINARY, SOUND)
    peer.send(Opcode.CLOSE, struct.pack(">H", code) + b"bye")
    assert ws.receive(timeout=5) == SOUND
    with pytest.raises(ConnectionClosed) as closed:
        ws.receive(timeout=5)
    assert (closed.value.reason, closed.value.message) == (code, "bye")
    assert peer.frames(1) == [(Opcode.CLOSE, struct.pack(">H", code) + b"bye")]
    assert peer.has_ended()
    with pytest.raises(ConnectionClosed):
        ws.send(SOUND)


def test_our_close_waits_for_the_peers_answer(pair: Pair) -> None:
    ws, peer = pair()
    ws.send('{"type": "disconnect"}')

    def answer() -> None:
        assert peer.frames(2)[1] == (Opcode.CLOSE, struct.pack(">H", 1000))
        for _ in range(20):
            peer.send(Opcode.BINARY, SOUND)  # what was on its way
        peer.send(Opcode.CLOSE, struct.pack(">H", 1000))
        assert peer.has_ended(), "and no reset, which would have taken the disconnect with it"
        peer.sock.close()

    answering = threading.Thread(target=answer)
    answering.start()
    ws.close()
    answering.join()
    ws.close()  # again is no fault
    with pytest.raises(ConnectionClosed):
        ws.receive()


def test_a_peer_that_does_not_answer_our_close_is_not_waited_for(pair: Pair) -> None:
    ws, peer = pair()
    began = time.monotonic()
    ws.close(1011, "trouble")
    assert time.monotonic() - began < 10
    assert peer.frames(1) == [(Opcode.CLOSE, struct.pack(">H", 1011) + b"trouble")]
    assert peer.has_ended()


def test_a_connection_that_ends_without_a_close(pair: Pair) -> None:
    ws, peer = pair()
    peer.send(Opcode.BINARY, SOUND)
    peer.sock.shutdown(socket.SHUT_WR)
    assert ws.receive(timeout=5) == SOUND
    assert closed_with(ws) == 1006


def test_a_connection_that_ends_in_mid_frame(pair: Pair) -> None:
    ws, peer = pair()
    peer.sock.sendall(Frame(Opcode.BINARY, SOUND).serialize(mask=True)[:300])
    peer.sock.shutdown(socket.SHUT_WR)
    assert closed_with(ws) == 1006


def test_an_abrupt_reset(pair: Pair) -> None:
    ws, peer = pair()
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.sock.close()
    assert closed_with(ws) == 1006
    with pytest.raises(ConnectionClosed):
        ws.send(SOUND)
    ws.close()


def test_a_reset_that_sending_notices_first(pair: Pair) -> None:
    ws, peer = pair()
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.sock.close()

    def talk() -> None:
        for _ in range(1000):
            ws.send(SOUND)

    with pytest.raises(ConnectionClosed):
        talk()
    assert closed_with(ws) == 1006


@pytest.mark.parametrize("in_parts", [False, True])
def test_a_message_that_is_too_long(pair: Pair, in_parts: bool) -> None:
    ws, peer = pair(max_message_size=1000)
    peer.send(Opcode.BINARY, bytes(1000))
    assert ws.receive(timeout=5) == bytes(1000)
    for at in range(3 if in_parts else 0):
        peer.send(Opcode.CONT if at else Opcode.BINARY, bytes(400), fin=at == 2)
    if not in_parts:
        peer.send(Opcode.BINARY, bytes(1001))
    assert closed_with(ws) == 1009
    opcode, said = peer.frames(1)[0]
    assert (opcode, said[:2]) == (Opcode.CLOSE, struct.pack(">H", 1009))


@pytest.mark.parametrize(
    ("garbage", "code"),
    [
        (b"\xff" * 64, 1002),
        (b"\x00" * 64, 1002),
        (b"GET / HTTP/1.1\r\n\r\n", 1002),
        (Frame(Opcode.TEXT, b"\xff\xfe").serialize(mask=True), 1007),
        (Frame(Opcode.BINARY, SOUND).serialize(mask=False), 1002),
        (b"\x89\xfe\x00\x7e" + bytes(130), 1002),  # a ping that is too long
        (b"\x88\x81" + bytes(5), 1002),  # half a close code
        (b"\x82\xff" + b"\xff" * 12, 1009),  # a length of 2**64
    ],
    ids=["ones", "zeros", "http", "no utf-8", "unmasked", "long ping", "half a close code", "endless"],
)
def test_garbage_ends_the_socket_with_its_code(pair: Pair, garbage: bytes, code: int) -> None:
    ws, peer = pair(max_message_size=2**20)
    peer.sock.sendall(garbage)
    assert closed_with(ws) == code
    opcode, said = peer.frames(1)[0]
    assert (opcode, said[:2]) == (Opcode.CLOSE, struct.pack(">H", code))


def test_two_thousand_broken_frames_raise_nothing_else() -> None:
    dice = random.Random(3)
    whole = Frame(Opcode.BINARY, SOUND[:200]).serialize(mask=True) + Frame(Opcode.TEXT, b'{"event":"dtmf"}').serialize(mask=True)
    for _ in range(2000):
        broken, frames = bytearray(whole), opened_frames(100_000)
        for _ in range(dice.randrange(1, 6)):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        for at in range(0, len(broken), 100):
            assert all(isinstance(message, str | bytes) for message in frames.take(bytes(broken[at : at + 100])))


# -- peers that are gone or slow --------------------------------------------------------


def test_a_peer_that_is_silent_for_too_long_has_gone(pair: Pair) -> None:
    ws, peer = pair(ping_interval=0.1)
    assert closed_with(ws) == 1008
    assert [opcode for opcode, _ in peer.frames(2)] == [Opcode.PING, Opcode.CLOSE]


def test_a_peer_that_answers_pings_stays(pair: Pair) -> None:
    ws, peer = pair(ping_interval=0.3)

    def answer() -> None:
        for _ in range(3):
            assert peer.frames(1) == [(Opcode.PING, b"")]
            peer.send(Opcode.PONG)
        ws.wake()

    threading.Thread(target=answer).start()
    assert ws.receive(timeout=30) is None


def test_a_peer_that_speaks_but_answers_no_ping_stays_and_is_pinged_all_the_same(pair: Pair) -> None:
    ws, peer = pair(ping_interval=0.2)
    until = time.monotonic() + 0.9
    while time.monotonic() < until:
        peer.send(Opcode.BINARY, SOUND)
        assert ws.receive(timeout=5) == SOUND
        time.sleep(0.02)
    assert {opcode for opcode, _ in peer.frames(3)} == {Opcode.PING}


def test_a_peer_whose_sound_lay_unread_while_we_were_busy_has_not_gone(pair: Pair) -> None:
    ws, peer = pair(ping_interval=0.1)
    assert ws.receive(timeout=0.15) is None
    peer.send(Opcode.BINARY, SOUND)
    time.sleep(0.3)
    assert received(ws, 1) == [SOUND]


def test_a_slow_reader_is_waited_for_and_loses_nothing(pair: Pair) -> None:
    ws, peer = pair()
    pieces = [bytes([at]) * 2560 for at in range(100)]  # 8 s of sound
    for piece in pieces:
        ws.send(piece)
    heard: list[bytes] = []

    def listen() -> None:
        heard.extend(data for _, data in peer.frames(100))
        ws.wake()

    threading.Thread(target=listen).start()
    give_up_at = time.monotonic() + 20
    while not heard and time.monotonic() < give_up_at:
        ws.receive(timeout=0.1)  # sends on what waits
    assert heard == pieces


def test_a_peer_that_takes_nothing_is_given_up_and_nothing_ever_waits_for_it(pair: Pair) -> None:
    ws, peer = pair()
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    began, sent = time.monotonic(), 0
    with suppress(ConnectionClosed):
        while sent < 20_000_000:
            ws.send(bytes(2560))
            sent += 2560
    assert UNSENT_BYTES < sent < 10_000_000
    ws.close()
    assert time.monotonic() - began < 10


# -- both servers -----------------------------------------------------------------------

GUNICORN = [sys.executable, "-m", "gunicorn", "-k", "gthread", "--threads", "16", "--no-control-socket", "-b"]
SERVERS = {
    "gunicorn": [*GUNICORN, "127.0.0.1:{port}", "tests.socket_app:app"],
    "werkzeug": [sys.executable, "-m", "tests.socket_app", "{port}"],
}


@contextmanager
def serving(command: list[str], log: Path) -> Iterator[str]:
    port = free_port()
    with log.open("wb") as out:
        process = subprocess.Popen(  # elsewhere, or gunicorn would read the bot's own gunicorn.conf.py
            [part.format(port=port) for part in command],
            cwd=log.parent,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=out,
            stderr=out,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        give_up_at = time.monotonic() + 60
        while not answers(url):
            assert time.monotonic() < give_up_at, log.read_text()
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/threads", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    log = tmp_path_factory.mktemp(request.param) / "server.log"
    with serving(SERVERS[request.param], log) as url:
        yield url, log


def opened(url: str, path: str = "/echo") -> ClientConnection:
    return connect(url.replace("http", "ws", 1) + path, proxy=None)


def test_an_echo_comes_back_and_the_end_is_clean(server: tuple[str, Path]) -> None:
    url, log = server
    with opened(url) as ws:
        for message in (SOUND, "text", bytes(100_000)):
            ws.send(message)
            assert ws.recv(timeout=5) == message
    assert ws.protocol.close_rcvd is not None
    assert ws.protocol.close_rcvd.code == 1000
    assert "Traceback" not in log.read_text()


def test_the_last_message_before_our_close_arrives(server: tuple[str, Path]) -> None:
    url, log = server
    with opened(url, "/bye") as ws:
        with suppress(PeerClosed):
            for _ in range(50):
                ws.send(SOUND)  # nobody reads it any more
        assert ws.recv(timeout=5) == "goodbye"
        with pytest.raises(PeerClosed) as closed:
            ws.recv(timeout=5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1000
    assert "Traceback" not in log.read_text()


def test_a_refused_handshake_is_an_http_answer(server: tuple[str, Path]) -> None:
    url, _ = server
    with pytest.raises(InvalidStatus) as refused:
        opened(url, "/echo?refuse=503")
    assert refused.value.response.status_code == 503
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    assert httpx.get(f"{url}/echo", headers=upgrade).status_code == 400
    assert httpx.get(f"{url}/echo").status_code == 400


def test_a_call_holds_one_thread_and_gives_it_back(server: tuple[str, Path]) -> None:
    url, _ = server
    before = int(httpx.get(f"{url}/threads").text)
    with ExitStack() as stack:
        for ws in [stack.enter_context(opened(url)) for _ in range(5)]:
            ws.send(SOUND)
            assert ws.recv(timeout=5) == SOUND
        assert int(httpx.get(f"{url}/threads").text) <= before + 5 + 1, "one more, as the pool may have been quick"
    assert int(httpx.get(f"{url}/sockets").text) == 0
