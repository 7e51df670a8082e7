"""Callers that cost next to nothing: raw sockets, frames made beforehand, one thread for all of them."""

from __future__ import annotations

import base64
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

SUBPROTOCOL = Subprotocol("audio.jambonz.org")


def framed(data: bytes, opcode: Opcode = Opcode.BINARY) -> bytes:
    """As a client sends it, under a mask."""
    return Frame(opcode, data).serialize(mask=True)


def stamped(data: bytes, seconds: float) -> bytes:
    """A frame of `data`, whose first eight bytes are the time. The mask is zero, so that they can be read as they are."""
    return struct.pack(">BBHL", 0x82, 0xFE, len(data), 0) + struct.pack(">d", seconds) + data[8:]


class Wire:
    """A client's WebSocket: what it sends are bytes made with `framed`; what came is read when one likes."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, *, timeout_s: float = 20.0) -> None:
        parts = urlsplit(url)
        self.sock = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=timeout_s)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._protocol = ClientProtocol(parse_uri(url), subprotocols=[SUBPROTOCOL], max_size=None)
        request = self._protocol.connect()
        request.headers.update(headers or {})
        self._protocol.send_request(request)
        for data in self._protocol.data_to_send():
            self.sock.sendall(data)
        self.status = self._answer()
        self.sock.settimeout(0)
        self.dropped = 0  # frames that the server's buffers did not take
        self.ended = self.status != 101

    def send(self, frame: bytes) -> None:
        try:
            if self.sock.send(frame) < len(frame):
                self.ended = True  # a frame cut in two can't be mended here
        except BlockingIOError:
            self.dropped += 1
        except OSError:
            self.ended = True

    def read(self) -> Iterator[str | bytes]:
        """The messages that have come, without waiting."""
        try:
            data = self.sock.recv(262_144)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._protocol.receive_data(data)
        else:
            self.ended = True
        for frame in self._protocol.events_received():
            if isinstance(frame, Frame) and frame.opcode in (Opcode.BINARY, Opcode.TEXT):
                yield bytes(frame.data) if frame.opcode is Opcode.BINARY else bytes(frame.data).decode()
        self._answer_pings()

    def close(self) -> None:
        if not self.ended:
            self._protocol.send_close(1000)
            self._answer_pings()
        self.sock.close()

    def _answer_pings(self) -> None:
        for data in self._protocol.data_to_send():
            self.send(data)

    def _answer(self) -> int:
        give_up_at = time.monotonic() + (self.sock.gettimeout() or 0)
        while time.monotonic() < give_up_at:
            self._protocol.receive_data(self.sock.recv(65_536))
            for event in self._protocol.events_received():
                if isinstance(event, Response):
                    return event.status_code
        return 0


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}
