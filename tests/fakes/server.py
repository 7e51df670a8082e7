"""The base of the stand-in servers: HTTP/1.1 with keep-alive on a thread a connection, and misbehaviour on demand.

A stand-in subclasses `FakeServer` and answers requests:

    class Shop(FakeServer):
        def answer(self, request: Request) -> Response:  # one at a time: the base holds a lock
            return Response(201, self.keep("order", request.json()))

    with Shop() as shop:
        shop.misbehave("POST /orders", reset_after_accepting=True, times=1)

What it keeps is in `shop.kept["order"]`, and with `state=FILE` in that file too, one JSON line a thing, so that a test
that kills processes can look at it and a stand-in started again remembers. `main` makes a program of it.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import random
import signal
import socket
import struct
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, for 0 s: the peer gets a RST


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` by lower-case name; of a query parameter given twice the last."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def route(self) -> str:
        return f"{self.method} {self.path}"

    def json(self) -> Any:
        """Raises ValueError when the body is no JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Response:
    """`body` is sent as JSON, bytes as they are."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        if self.body is None or isinstance(self.body, bytes):
            return self.body or b""
        return json.dumps(self.body, ensure_ascii=False).encode()


@dataclass(slots=True)
class Misbehaviour:
    """What goes wrong on routes that fit the pattern, while `times` lasts (None: always), as the dice say."""

    route: str = "*"  # a shell pattern on "POST /api/tickets"
    latency_s: float = 0.0
    status: int = 0  # answered instead of doing the work
    retry_after: str = ""  # header of that answer: seconds or an HTTP date
    reset_before: bool = False  # the connection is reset and nothing done
    reset_after_accepting: bool = False  # the work is done, and nobody told
    truncate: bool = False  # the work is done, half of the answer comes
    garbage: bool = False  # the work is done, the answer is a proxy's HTML page
    probability: float = 1.0
    times: int | None = None

    def fits(self, request: Request) -> bool:
        return self.times != 0 and fnmatch.fnmatchcase(request.route, self.route)


GOOD = Misbehaviour()
MISHAPS: Sequence[Mapping[str, Any]] = (
    {"status": 500},
    {"status": 503, "retry_after": "1"},
    {"status": 429, "retry_after": "1"},
    {"reset_before": True},
    {"reset_after_accepting": True},
    {"truncate": True},
    {"garbage": True},
)


class FakeServer:
    """Serves from `with` on, at `url`. `fail`: the probability that any request meets one of MISHAPS; `seed` sets the dice."""

    def __init__(self, *, port: int = 0, fail: float = 0.0, seed: int = 0, state: str | Path | None = None) -> None:
        self.down = False  # True: every connection is reset
        self.requests: list[Request] = []
        self.kept: defaultdict[str, list[Any]] = defaultdict(list)
        self.lock, self.stopping = threading.RLock(), threading.Event()
        self._rules: list[Misbehaviour] = []
        self._dice, self._state = random.Random(seed), Path(state) if state else None
        self._remember()
        for mishap in MISHAPS if fail else ():
            self.misbehave(**mishap, probability=fail / len(MISHAPS))
        self._server = _Listener(("127.0.0.1", port), _handler(self))

    # -- for the test ---------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def misbehave(self, route: str = "*", **how: Any) -> None:
        """See Misbehaviour; later rules come after earlier ones that still apply."""
        with self.lock:
            self._rules.append(Misbehaviour(route, **how))

    def behave(self) -> None:
        with self.lock:
            self._rules.clear()
            self.down = False

    @property
    def connections(self) -> int:
        """How many were opened so far."""
        return self._server.accepted

    def count(self, route: str = "*") -> int:
        """How many requests to routes of this pattern came, whatever became of them."""
        with self.lock:
            return sum(fnmatch.fnmatchcase(request.route, route) for request in self.requests)

    # -- for the stand-in -----------------------------------------------------------

    def answer(self, request: Request) -> Response:
        raise NotImplementedError

    def error_body(self, status: int) -> Any:
        """The body of a misbehaving status, in the vendor's shape."""
        return {"error": status}

    def keep(self, kind: str, thing: Any) -> Any:
        """Add to `kept[kind]`, and to the state file when there is one."""
        with self.lock:
            self.kept[kind].append(thing)
            if self._state:
                with self._state.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"kind": kind, "thing": thing}) + "\n")
        return thing

    def _remember(self) -> None:
        if self._state and self._state.exists():
            for line in self._state.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                self.kept[entry["kind"]].append(entry["thing"])

    # -- its life -------------------------------------------------------------------

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="fake", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()

    # -- one request ----------------------------------------------------------------

    def came(self, request: Request) -> Misbehaviour:
        """Note the request; how it is to be treated."""
        with self.lock:
            self.requests.append(request)
            if self.down:
                return Misbehaviour(reset_before=True)
            rule = next((rule for rule in self._rules if rule.fits(request) and self._dice.random() < rule.probability), GOOD)
            if rule.times:
                rule.times -= 1
            return rule

    def response(self, request: Request, rule: Misbehaviour) -> Response:
        if rule.status:
            headers = {"Retry-After": rule.retry_after} if rule.retry_after else {}
            return Response(rule.status, self.error_body(rule.status), headers)
        with self.lock:
            response = self.answer(request)
        return Response(200, b"<html><body>Bad gateway</body></html>", {"Content-Type": "text/html"}) if rule.garbage else response


class _Listener(ThreadingHTTPServer):
    """Knows its open connections, so that those kept alive can be ended."""

    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: set[socket.socket] = set()
        self.accepted = 0
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        self.accepted += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Without the usual shutdown(), whose FIN would come before a reset."""
        self._open.discard(request)
        request.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no fault of the stand-in's."""

    def hang_up(self) -> None:
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def _handler(fake: FakeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60
        wbufsize = -1  # head and body in one segment: two would wait 40 ms for the client's delayed ACK
        disable_nagle_algorithm = True

        def serve(self) -> None:
            request = self._request()
            rule = fake.came(request)
            fake.stopping.wait(rule.latency_s)
            if rule.reset_before:
                return self._reset()
            response = fake.response(request, rule)
            if rule.reset_after_accepting:
                return self._reset()
            return self._send(response, truncate=rule.truncate)

        def _request(self) -> Request:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            return Request(self.command, parts.path, query, headers, body)

        def _send(self, response: Response, *, truncate: bool) -> None:
            body = response.encoded()
            self.send_response(response.status)
            for name, value in {"Content-Type": "application/json", **response.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if truncate else body)
            self.close_connection = self.close_connection or truncate

        def _reset(self) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            """Silent: a test's output is its own."""

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

    return Handler


def main(make: Callable[..., FakeServer], argv: Sequence[str] | None = None) -> None:
    """`python -m tests.fakes.X --port N --fail 0.3 --state FILE`: serves until SIGTERM or SIGINT, after printing its URL."""
    parser = argparse.ArgumentParser(description="a stand-in server that misbehaves")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fail", type=float, default=0.0, help="probability that a request meets a mishap")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--state", help="file for what is kept, one JSON line a thing")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with make(**vars(parser.parse_args(argv))) as fake:
        print(fake.url, flush=True)
        stop.wait()
