"""The base of stand-ins that stream server-sent events: scripted answers, with pauses, cuts and errors in any place.

    with FakeClaude() as claude:
        claude.will('{"intent": "gst_query"}', "\\n", Wait(0.1), "Look here. ", Cut())

Answers are given in the order in which they were scripted; the last one goes on being given.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.server import RESET_ON_CLOSE, FakeServer, Request, Response


@dataclass(frozen=True, slots=True)
class Wait:
    s: float


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection ends here, without the end of the stream."""


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    arguments: str = "{}"  # JSON, or what a model takes for it


@dataclass(frozen=True, slots=True)
class Broken:
    """An error event in mid-stream, of the vendor's type."""

    type: str


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes as they are."""

    data: bytes


Part = str | Wait | Cut | Tool | Broken | Raw


@dataclass(frozen=True, slots=True)
class Answer:
    parts: tuple[Part, ...] = ()
    stop: str = ""  # in the vendor's words; "": what fits the parts
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0  # before the head


class StreamingServer(FakeServer):
    """`sent_at`: when each piece of text left, by its words (time.monotonic); `hung_up`: how many clients went away in mid-stream."""

    letters = 12  # of a text that come in one event
    lingers_s = 0.0  # from the last event to the end of the stream

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self._answers: deque[Answer] = deque()
        self.sent_at: dict[str, float] = {}
        self.hung_up = 0
        self._test = 0  # which one it works for: a client of an earlier one may go away late
        self._server.RequestHandlerClass = _streaming(self._server.RequestHandlerClass)

    def will(self, *parts: Part, **how: Any) -> None:
        with self.lock:
            self._answers.append(Answer(parts, **how))

    def forget(self) -> None:
        """As new, for the next test."""
        with self.lock:
            self.behave()
            self._answers.clear()
            self.requests.clear()
            self.sent_at.clear()
            self.hung_up, self.letters, self.lingers_s = 0, type(self).letters, 0.0
            self._test += 1

    def answer(self, request: Request) -> Response:
        if fault := self.fault(request):
            return Response(400, self.error_body(400, fault))
        answer = self._answers.popleft() if len(self._answers) > 1 else self._answers[0]
        if answer.status != 200:
            return Response(answer.status, self.error_body(answer.status), answer.headers)
        return Response(200, _Stream(self, answer, self.head(request), self._test), {"Content-Type": "text/event-stream", **answer.headers})

    @property
    def asked(self) -> list[Any]:
        """The bodies of the requests."""
        return [request.json() for request in self.requests]

    # -- the vendor's part ----------------------------------------------------------

    def fault(self, request: Request) -> str:
        """What is wrong with the request, "" when it keeps to the contract."""
        raise NotImplementedError

    def error_body(self, status: int, fault: str = "scripted") -> Any:
        raise NotImplementedError

    def head(self, request: Request) -> Any:
        """What the events need to know of the request."""
        raise NotImplementedError

    def events(self, answer: Answer, head: Any) -> Iterator[bytes | Wait | Cut]:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class _Stream:
    fake: StreamingServer
    answer: Answer
    head: Any
    test: int

    def client_went(self) -> None:
        with self.fake.lock:
            self.fake.hung_up += self.test == self.fake._test


def _streaming(handler: Any) -> Any:
    class Handler(handler):  # type: ignore[misc]
        def _send(self, response: Response, *, truncate: bool) -> None:
            if not isinstance(response.body, _Stream):
                return super()._send(response, truncate=truncate)  # type: ignore[no-any-return]
            try:
                self._stream(response, response.body)
            except OSError:
                response.body.client_went()
                self.close_connection = True
            return None

        def _stream(self, response: Response, stream: _Stream) -> None:
            fake = stream.fake
            fake.stopping.wait(stream.answer.delay_s)
            self.send_response(response.status)
            for name, value in {**response.headers, "Transfer-Encoding": "chunked"}.items():
                self.send_header(name, value)
            self.end_headers()
            for event in fake.events(stream.answer, stream.head):
                if isinstance(event, Cut):
                    return self._cut()
                if isinstance(event, Wait):
                    self._wait(event.s, fake)
                else:
                    self._write(event)
            self._wait(fake.lingers_s, fake)
            self._write(b"")
            return None

        def _write(self, data: bytes) -> None:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()

        def _wait(self, s: float, fake: StreamingServer) -> None:
            """Notices a client that goes away meanwhile, as a write to it may only fail the second time."""
            ends = time.monotonic() + s
            self.connection.settimeout(0.005)
            while (left := ends - time.monotonic()) > 0 and not fake.stopping.is_set():
                try:
                    if not self.connection.recv(1, socket.MSG_PEEK):
                        raise ConnectionAbortedError
                    fake.stopping.wait(min(left, 0.005))
                except TimeoutError:
                    pass
            self.connection.settimeout(60)

        def _cut(self) -> None:
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            self.close_connection = True

    return Handler
