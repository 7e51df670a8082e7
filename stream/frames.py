"""WebSocket frames in, whole messages out: `websockets`' sans-I/O protocol, and a short way for the frame that comes fifty times a second.

Pure: bytes in, messages out; what is to be written lies in the protocol.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeader
from websockets.extensions import ServerExtensionFactory
from websockets.frames import CTRL_OPCODES, TEXT, CloseCode, Frame
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

try:
    from websockets.speedups import apply_mask
except ImportError:  # no compiled part for this platform
    from websockets.utils import apply_mask

WHOLE_BINARY, MASKED_LONG = 0x82, 0xFE  # a frame's first two bytes
HANDSHAKE = frozenset({"HOST", "CONNECTION", "UPGRADE", "ORIGIN"})
ANY_BYTES = 2**63

quiet = logging.getLogger(__name__)
quiet.setLevel(logging.ERROR)  # the library tells of every connection's end


class HandshakeRefused(Exception):
    """This request opens no WebSocket. `status`: what HTTP answers."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Frames:
    """One connection's, from its handshake on. `max_bytes`: a longer message is answered with close code 1009; None: of any length."""

    def __init__(self, subprotocols: Sequence[str], extensions: Sequence[ServerExtensionFactory], max_bytes: int | None) -> None:
        offered = [Subprotocol(name) for name in subprotocols]
        self.protocol = ServerProtocol(subprotocols=offered, extensions=extensions, max_size=max_bytes, logger=quiet)
        self._most_bytes = ANY_BYTES if max_bytes is None else max_bytes
        self._parts: list[bytes] = []  # of a message that comes in several frames
        self._is_text = False
        self.usual_bytes = 0  # of the last frame that took the short way, as it came

    def shake_hands(self, environ: Mapping[str, Any]) -> None:
        """Answer the request that the WSGI server has read. Raises HandshakeRefused; then nothing is to be written."""
        self.protocol.receive_data(request(environ))
        requests = self.protocol.events_received()
        if not requests:
            raise HandshakeRefused(400, "a request that can't be read")
        response = self.protocol.accept(cast(Request, requests[0]))
        if response.status_code != 101:
            raise HandshakeRefused(response.status_code, response.reason_phrase)
        self.protocol.send_response(response)

    def take(self, data: bytes) -> Iterator[str | bytes]:
        """The messages that end in `data`; b"" is the end of the connection."""
        between_messages = not self._parts and not self.protocol.reader.buffer and self.protocol.state is OPEN
        while between_messages and (sound := usual_message(data, self._most_bytes)):
            yield sound
            self.usual_bytes = len(sound) + 8
            data = data[self.usual_bytes :]
            if not data:
                return
        yield from self._understand(data)

    def _understand(self, data: bytes) -> Iterator[str | bytes]:
        if data:
            self.protocol.receive_data(data)
        else:
            self.protocol.receive_eof()
        for frame in self.protocol.events_received():
            if isinstance(frame, Frame) and frame.opcode not in CTRL_OPCODES:
                yield from self._assemble(frame)

    def _assemble(self, frame: Frame) -> Iterator[str | bytes]:
        if not self._parts:
            self._is_text = frame.opcode is TEXT
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            return
        whole, self._parts = b"".join(self._parts), []
        try:
            yield whole.decode() if self._is_text else whole
        except UnicodeDecodeError:
            if self.protocol.state is OPEN:
                self.protocol.fail(CloseCode.INVALID_DATA, "text that is no UTF-8")


def request(environ: Mapping[str, Any]) -> bytes:
    """What of the WSGI server's request is the handshake's. Raises HandshakeRefused."""
    named = {name.removeprefix("HTTP_").replace("_", "-"): value for name, value in environ.items()}
    try:
        headers = Headers((name, value) for name, value in named.items() if name in HANDSHAKE or name.startswith("SEC-WEBSOCKET-"))
        return Request("/", headers, environ["REQUEST_METHOD"], environ["SERVER_PROTOCOL"]).serialize()
    except InvalidHeader:
        raise HandshakeRefused(400, "a header that can't be read") from None


def usual_message(data: bytes, most_bytes: int = ANY_BYTES) -> bytes | None:
    """The payload, if `data` begins with a frame that is whole, binary, masked and of 126 to 65,535 bytes: the caller's sound. Else None.

    The library takes six times as long for it, as it is ready for frames that come in pieces."""
    if len(data) < 8 or data[0] != WHOLE_BINARY or data[1] != MASKED_LONG:
        return None
    size = data[2] << 8 | data[3]
    return apply_mask(data[8 : 8 + size], data[4:8]) if size <= most_bytes and size <= len(data) - 8 else None
