"""One question over HTTP with a deadline that holds, whatever the server does: refuse, hang, or answer a byte a second.

Connections are kept and shared by all calls. What fails is told in one constant word and nothing else: errors of HTTP libraries
quote addresses and bodies.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import httpcore
import httpx

from calls.errors import EngineError

Why = Literal[
    "unreachable",  # no connection
    "timeout",  # no whole answer in time
    "refused_key",  # 401, 403
    "bad_request",  # another 4xx, or a redirect: address, model's name, parameters
    "rate_limited",  # 429
    "overloaded",  # 503, 529
    "server_error",  # another 5xx
    "truncated",  # the connection ended before the answer did
    "garbage",  # no answer of the agreed form
    "resting",  # it failed lately and is not asked for a while
]
_STATUSES: Mapping[int, Why] = {401: "refused_key", 403: "refused_key", 429: "rate_limited", 503: "overloaded", 529: "overloaded"}
_MAX_ANSWER = 2**20  # bytes
_PIECE = 2**16  # bytes sent between two looks at the clock
_KEEP_LINES_S = 90.0
_REST_OF_A_REFUSED_KEY_S = 20.0
_A_MOMENT_S = 1.0


class RemoteFailed(EngineError):
    """The recogniser elsewhere did not answer as agreed. `rest_s`, how long it is to be left alone; `status` of its answer, 0 without."""

    def __init__(self, why: Why, *, rest_s: float | None = None, status: int = 0) -> None:
        super().__init__(f"the remote recogniser failed: {why}")
        self.why, self.rest_s, self.status = why, rest_s, status

    @property
    def only_full(self) -> bool:
        """The server takes no more at this moment, and says so at once: the next utterance may be asked as well."""
        return self.why == "rate_limited" and self.rest_s is not None and self.rest_s <= _A_MOMENT_S


class Lines:
    """`most` connections at once. Used from several threads; a thread that waits for a free one waits within its deadline."""

    def __init__(self, url: str, key: str, *, most: int, connect_s: float) -> None:
        self._url, self._connect_s = url, connect_s
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._deadline = _Deadline()
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context() if url.startswith("https:") else None,
            max_connections=most,
            max_keepalive_connections=most,
            keepalive_expiry=_KEEP_LINES_S,
            network_backend=_Network(self._deadline),
        )

    def post(self, fields: Mapping[str, str], file: tuple[str, bytes, str], *, ends: float, headers: Mapping[str, str]) -> bytes:
        """The body of a 2xx to this multipart form; `ends`: in `time.monotonic` seconds. Raises RemoteFailed."""
        request = httpx.Request("POST", self._url, data=dict(fields), files={"file": file}, headers={**self._headers, **headers})
        body, head = request.read(), request.headers.raw
        again, failure = self._once(head, body, ends)
        if again:
            _, failure = self._once(head, body, ends)
        if isinstance(failure, RemoteFailed):
            raise failure  # here and not where it arose, so that no library's error hangs on it
        return failure

    def close(self) -> None:
        self._pool.close()

    def _once(self, headers: Sequence[tuple[bytes, bytes]], body: bytes, ends: float) -> tuple[bool, bytes | RemoteFailed]:
        """(whether only a kept connection was lost, what came of it)."""
        self._deadline.begin(ends)
        left, head_came = self._deadline.left(), False
        timeouts = {"connect": min(self._connect_s, left), "read": left, "write": left, "pool": left}
        try:
            with self._pool.stream("POST", self._url, headers=headers, content=body, extensions={"timeout": timeouts}) as response:
                head_came = True
                return False, _judged(response, _whole(response.iter_stream()))
        except httpcore.TimeoutException as error:
            return False, RemoteFailed("unreachable" if isinstance(error, httpcore.ConnectTimeout) else "timeout")
        except httpcore.ConnectError:
            return False, RemoteFailed("unreachable")
        except (httpcore.NetworkError, httpcore.ProtocolError):
            return not (head_came or self._deadline.connected), RemoteFailed("truncated")
        except ValueError:
            return False, RemoteFailed("garbage")


def _whole(pieces: Iterable[bytes]) -> bytes:
    """Raises ValueError when it is more than any transcript."""
    body = b""
    for piece in pieces:
        body += piece
        if len(body) > _MAX_ANSWER:
            raise ValueError("too long")
    return body


def _judged(response: httpcore.Response, body: bytes) -> bytes | RemoteFailed:
    status = response.status
    if 200 <= status < 300:
        return body
    why = _STATUSES.get(status, "server_error" if status >= 500 else "bad_request")
    rest_s = _REST_OF_A_REFUSED_KEY_S if why == "refused_key" else _seconds(dict(httpx.Headers(response.headers)).get("retry-after", ""))
    return RemoteFailed(why, rest_s=rest_s, status=status)


def _seconds(retry_after: str) -> float | None:
    """Of a Retry-After header in seconds; of a date, or none at all, nothing."""
    return float(retry_after) if retry_after.isascii() and retry_after.replace(".", "", 1).isdecimal() else None


# -- the deadline -------------------------------------------------------------------
class _Deadline(threading.local):
    """Of the question that this thread asks now; and whether a connection was made for it."""

    def __init__(self) -> None:
        self.ends, self.connected = math.inf, False

    def begin(self, ends: float) -> None:
        self.ends, self.connected = ends, False

    def left(self) -> float:
        return max(self.ends - time.monotonic(), 0.001)  # 0 would mean not to wait at all for what is there

    def within(self, timeout: float | None, late: Callable[[], Exception]) -> float:
        """Seconds that an operation may take. Raises `late()` when there are none."""
        if time.monotonic() >= self.ends:
            raise late()
        return min(self.left(), math.inf if timeout is None else timeout)


class _Network(httpcore.SyncBackend):
    """Counts all that a connection does against the deadline of the thread that uses it."""

    def __init__(self, deadline: _Deadline) -> None:
        self._deadline = deadline

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        self._deadline.connected = True
        within = self._deadline.within(timeout, httpcore.ConnectTimeout)
        return _Stream(super().connect_tcp(host, port, within, *args, **kwargs), self._deadline)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.within(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for at in range(0, len(buffer), _PIECE):
            self._stream.write(buffer[at : at + _PIECE], self._deadline.within(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> httpcore.NetworkStream:
        within = self._deadline.within(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, within), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
