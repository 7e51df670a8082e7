"""One request to a language model, read on a thread of its own: whoever talks to the caller never waits for a socket."""

from __future__ import annotations

import logging
import queue
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from nlu.assistant_model import Model, ModelFailed, Piece, Request, Stopped

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Over:
    """The stream has ended."""


class Reading:
    """Begins at once. `next` gives what has come; `abandon` cuts the connection, and the thread ends with it.

    A connection that is not made yet can't be cut: then the thread ends with the adapter's time limit.
    `request` is made on the thread, too, as the desk may be asked for it."""

    def __init__(self, model: Model, request: Callable[[], Request]) -> None:
        self._pieces: queue.SimpleQueue[Piece | ModelFailed | Over] = queue.SimpleQueue()
        self._lock, self._abandoned = threading.Lock(), False
        self._closer: Callable[[], None] | None = None
        threading.Thread(target=self._read, args=(model, request), name="model", daemon=True).start()

    def next(self, timeout_s: float) -> Piece | Over | None:
        """None when nothing came within `timeout_s`. Raises ModelFailed."""
        try:
            piece = self._pieces.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(piece, ModelFailed):
            raise piece
        return piece

    def abandon(self) -> None:
        """Nobody wants the rest. May be called twice, and after the end."""
        with self._lock:
            self._abandoned = True
            if self._closer:
                self._closer()

    def _read(self, model: Model, request: Callable[[], Request]) -> None:
        try:
            whole = False
            for piece in model.stream(request(), self._hang_up_with):
                if isinstance(piece, Stopped):
                    whole = True
                    self._keep_line()
                self._pieces.put(piece)
                if self._abandoned and not whole:
                    return
            self._pieces.put(Over())
        except ModelFailed as failure:
            self._pieces.put(failure)
        except Exception as error:  # noqa: BLE001 - told by its class alone: its text may quote the caller
            if not self._abandoned:
                log.error("a language model's answer could not be read", extra={"error": type(error).__name__})
            self._pieces.put(ModelFailed("garbage"))

    def _hang_up_with(self, closer: Callable[[], None]) -> None:
        with self._lock:
            self._closer = closer
            if self._abandoned:
                closer()

    def _keep_line(self) -> None:
        """The answer is whole: the connection may serve another request now, which nobody must cut."""
        with self._lock:
            self._closer = None


def cut(response: Any) -> None:
    """Wakes the thread that waits for more of an httpx response: closing alone would let it wait for the next event."""
    with suppress(OSError, KeyError, AttributeError):
        line = response.extensions["network_stream"].get_extra_info("socket")
        socket.socket.shutdown(line, socket.SHUT_RDWR)  # also of a TLS socket, whose own shutdown takes the session from under the reader
