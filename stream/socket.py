"""A call's WebSocket, served by the call's own thread: no other reads for it, and others can only wake it.

flask-sock's interface (`receive`, `send`, `close`): what frames mean is stream/frames.py's, the waiting is ours. A socket that has gone
raises simple_websocket's ConnectionClosed, which flask-sock expects, once every message that came was received. Nothing blocks for longer
than it was told to: sound for a line that takes none waits in a buffer, and a line whose buffer is full is lost.
"""

from __future__ import annotations

import logging
import select
import socket
import ssl
import time
from collections import deque
from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from simple_websocket import ConnectionClosed
from websockets.extensions import ServerExtensionFactory
from websockets.frames import CloseCode
from websockets.protocol import CLOSED, OPEN

from stream.bell import Bell
from stream.frames import Frames

log = logging.getLogger(__name__)

READ_BYTES = 16_384
READ_AHEAD = 1000  # messages; what a peer sends beyond them waits in the network
SEND_BUFFER_BYTES = 65_536  # the system's own: 2 s of sound at 16 kHz, and Linux takes the double
UNSENT_BYTES = 131_072  # 4 s more, here
GOODBYE_S = 1.0  # so long a closed socket waits for the peer's answer
NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class WebSocket:
    """The server's end. One thread receives, sends and closes; any may `wake` it.

    `environ`: gunicorn's or werkzeug's, which hold the socket. `max_message_size` in bytes: a longer one ends the socket with code 1009.
    `ping_interval` in s: a peer that sends nothing at all from one ping to the next has gone. `extensions`: none unless given, so that
    nobody's sound is deflated. Raises HandshakeRefused."""

    def __init__(
        self,
        environ: Mapping[str, Any],
        *,
        subprotocols: Sequence[str] = (),
        max_message_size: int | None = None,
        ping_interval: float | None = None,
        extensions: Sequence[ServerExtensionFactory] = (),
    ) -> None:
        self.mode, self._sock = connection(environ)
        self._frames = Frames(subprotocols, extensions, max_message_size)
        self._frames.shake_hands(environ)
        self._protocol = self._frames.protocol
        self.backlog: deque[str | bytes] = deque()  # has come, and was not received yet
        self._unsent = bytearray()
        self._lost = self._half_closed = self._released = False
        self._pings_every_s, self._heard = ping_interval or inf, True
        self._ping_at = time.monotonic() + self._pings_every_s
        self._wanted, self._low_water = 1, 1  # messages; bytes
        self._bell, self._poll = Bell(), select.poll()
        prepare(self._sock)
        self._poll.register(self._sock, select.POLLIN)
        self._poll.register(self._bell, select.POLLIN)
        self._write()

    def gather(self, count: int) -> None:
        """A `receive` that waits is woken by so many messages of the usual size together, not by each; what has come is there at its
        timeout in any case, so give it one."""
        self._wanted = count

    def receive(self, timeout: float | None = None) -> str | bytes | None:
        """The next message; None when none came within `timeout` seconds, or at once after `wake`. Raises ConnectionClosed."""
        if not self.backlog and not self._over:
            self._wait(inf if timeout is None else timeout)
        if self.backlog:
            return self.backlog.popleft()
        if self._over:
            raise self._closed()
        return None

    def send(self, data: str | bytes) -> None:
        """Never waits. Raises ConnectionClosed, also for a peer that has taken nothing for seconds."""
        if self._over:
            raise self._closed()
        if isinstance(data, str):
            self._protocol.send_text(data.encode())
        else:
            self._protocol.send_binary(data)
        self._write()

    def close(self, reason: int | None = None, message: str | None = None) -> None:
        """End it with a code (1000 if None is given) and wait a moment for the peer's, or what was sent last might be lost on its way.

        The connection itself is left to the WSGI server, which counts them."""
        if self._released:
            return
        self._wake_for(1)
        if not self._over:
            self._protocol.send_close(reason or CloseCode.NORMAL_CLOSURE, message or "")
            self._write()
        give_up_at = time.monotonic() + GOODBYE_S
        while not self._lost and self._protocol.state is not CLOSED and (left_s := give_up_at - time.monotonic()) > 0:
            self._look(left_s)
            self.backlog.clear()
        self._release()

    def wake(self) -> None:
        """End a `receive` that waits, or the next one; from any thread, and after the end too."""
        self._bell.ring()

    @property
    def subprotocol(self) -> str | None:
        return self._protocol.subprotocol

    # -- inside: waiting ------------------------------------------------------------

    @property
    def _over(self) -> bool:
        return self._lost or self._protocol.state is not OPEN

    def _wait(self, timeout_s: float) -> None:
        """Until a message is there, the peer has gone, somebody calls `wake`, or the time is up."""
        self._wake_for(max(1, self._wanted * self._frames.usual_bytes) if self._wanted > 1 else 1)
        now = time.monotonic()
        give_up_at = now + timeout_s
        while not self._over:
            woken = self._look(min(give_up_at, self._ping_at) - now)
            now = time.monotonic()
            if now >= self._ping_at:
                self._ping(now)
            if woken or self.backlog or now >= give_up_at:
                return

    def _wake_for(self, size: int) -> None:
        """The system wakes us for so many bytes. Those that only have a few to say are heard at the timeout."""
        if size != self._low_water:
            self._low_water = size
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)

    def _look(self, timeout_s: float) -> bool:
        """Read and write what can be, at the latest after `timeout_s`. True if the bell has rung."""
        woken = False
        happened = self._poll.poll(None if timeout_s == inf else max(0.0, timeout_s) * 1000)
        if not happened and self._low_water > 1:
            self._read()
        for number, what in happened:
            if number == self._bell.fileno():
                self._bell.hush()
                woken = True
            else:
                if what & select.POLLOUT:
                    self._write()
                if what & ~select.POLLOUT:
                    self._read()
        return woken

    def _ping(self, now: float) -> None:
        if not self._heard:
            self._protocol.fail(CloseCode.POLICY_VIOLATION, "nothing was heard for too long")
            self._write()
            return
        self._heard, self._ping_at = False, now + self._pings_every_s
        self._protocol.send_ping(b"")
        self._write()

    # -- inside: reading ------------------------------------------------------------

    def _read(self) -> None:
        while len(self.backlog) < READ_AHEAD and self._read_once():
            pass

    def _read_once(self) -> bool:
        """True if there may be more."""
        try:
            data = self._sock.recv(READ_BYTES)
        except NOT_NOW:
            return False
        except OSError:  # reset
            data = b""
        self._heard = True
        self.backlog.extend(self._frames.take(data))
        self._write()
        return len(data) == READ_BYTES or (bool(data) and isinstance(self._sock, ssl.SSLSocket))

    # -- inside: writing, and the end -------------------------------------------------

    def _write(self) -> None:
        """As much as the line takes now; the rest when it takes more."""
        waited = bool(self._unsent)
        for data in self._protocol.data_to_send():
            self._unsent += data  # SEND_EOF is empty
        self._flush()
        if len(self._unsent) > UNSENT_BYTES and not self._lost:
            self._lost = True
            log.warning("an audio socket is given up: its peer takes nothing", extra={"unsent_bytes": len(self._unsent)})
        if waited != bool(self._unsent):
            self._poll.modify(self._sock, select.POLLIN | (select.POLLOUT if self._unsent else 0))
        if self._protocol.eof_sent and not self._unsent and not self._half_closed:
            self._half_closed = True
            self._shut(socket.SHUT_WR)

    def _flush(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self._sock.send(self._unsent)]
        except NOT_NOW:
            pass
        except OSError:  # the peer has gone
            self._lost = True

    def _closed(self) -> ConnectionClosed:
        told = self._protocol.close_rcvd or self._protocol.close_sent
        return ConnectionClosed(told.code, told.reason) if told else ConnectionClosed(CloseCode.ABNORMAL_CLOSURE)

    def _release(self) -> None:
        self._released = self._lost = True
        self._bell.close()
        self._shut(socket.SHUT_RDWR)
        self._sock.setblocking(True)

    def _shut(self, how: int) -> None:
        try:
            self._sock.shutdown(how)
        except OSError:  # the peer was quicker
            pass


def connection(environ: Mapping[str, Any]) -> tuple[str, socket.socket]:
    """The WSGI server, by the name that flask-sock has for it, and its socket."""
    for server in ("gunicorn", "werkzeug"):
        if found := environ.get(f"{server}.socket"):
            return server, found
    raise RuntimeError("this WSGI server does not give its sockets away: serve with gunicorn's gthread worker or flask run")


def prepare(sock: socket.socket) -> None:
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
