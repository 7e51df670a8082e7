"""Pages that live: a `text/event-stream` response (server-sent events) of HTML fragments for htmx's sse extension.

    from console.events import Message, event_stream

    @bp.get("/desk/events")
    @needs("agent")
    def events() -> Response:
        bot = house()
        return event_stream(bot.live.subscribe, first=lambda: [Message("desk", whole_desk())], told=news, beat=still_here)

In the page: `<div hx-ext="sse" sse-connect="/desk/events"><section sse-swap="desk">...`; a part of a fragment that has
`hx-swap-oob` goes where its id is. An element with `data-when-offline hidden` in there shows itself while there is no stream
(static/events.js).

The callables run within the request's contexts (url_for, render_template, current_app work) and in its thread, one after the other.
One that raises a BotError (the database is away) costs its messages, and `first` is asked again; any other exception ends the
stream, and the page, which connects again by itself, begins with `first`.
"""

from __future__ import annotations

import logging
import select
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from flask import Response, current_app, request
from flask.globals import app_ctx, request_ctx
from flask_login import current_user

from console.sessions import account_of
from console.streaming import Message, Pace, Source, Stream, nothing

__all__ = ["Message", "Pace", "Source", "event_stream"]
log = logging.getLogger(__name__)
AGAIN_S = 5  # a page that was turned away may ask again
PACE = Pace()
CLOSED = select.POLLHUP | select.POLLERR | select.POLLNVAL

News = TypeVar("News")


class Environment(Protocol):
    @property
    def max_desks(self) -> int: ...


class Bot(Protocol):
    """What a stream looks for in `app.extensions["bot"]`."""

    environment: Environment

    def stopping(self) -> bool:
        """SIGTERM came: every open stream must end."""


def event_stream(
    source: Callable[[], Source[News]],
    first: Callable[[], Iterable[Message]],
    told: Callable[[Sequence[News]], Iterable[Message]],
    *,
    beat: Callable[[], Iterable[Message]] = nothing,
    pace: Pace = PACE,
) -> Response:
    """The response of a view that keeps a page up to date until the page leaves or the bot stops.

    `source` is opened first (usually `bot.live.subscribe`), then `first()` brings the page up to date: between the two nothing is lost.
    `told(news)` makes messages of what came since, at least one, in order; it leaves out what its page does not want. When a
    subscription has lost something (kind "lost") `first` is called instead. `beat()` is called every 15 s.
    At most 4 sends a second: the first at once, then what has gathered; a "pop" or "transfer" waits for nothing.
    Whoever is logged out by a new password or role loses the stream at the next beat.
    503 with Retry-After when `max_desks` pages are open in this process."""
    bot: Bot = current_app.extensions["bot"]
    pages: OpenPages = current_app.extensions.setdefault("open_pages", OpenPages())
    leave = None if bot.stopping() else pages.let_in(bot.environment.max_desks)
    if leave is None:
        log.warning("a page was not let in to the live events: too many are open, or the bot stops")
        return Response("too many live pages are open; this one tries again by itself\n", 503, {"Retry-After": str(AGAIN_S)})
    connection = request.environ.get("gunicorn.socket") or request.environ.get("werkzeug.socket")
    locked_out = threading.Event()

    def at_beat() -> Iterable[Message]:
        yield from beat()
        if not still_allowed():
            locked_out.set()

    stream = Stream(source, first, told, at_beat, over=lambda: bot.stopping() or locked_out.is_set() or has_left(connection), pace=pace)
    response = Response(within_request(stream.run(), leave), content_type="text/event-stream; charset=utf-8")
    response.headers["X-Accel-Buffering"] = "no"  # nginx passes it on at once
    response.headers["Cache-Control"] = "no-store"
    response.call_on_close(leave)  # also of a stream that never began
    return response


def within_request(chunks: Generator[str], leave: Callable[[], None]) -> Iterator[str]:
    """Each step is made within the request's contexts, which are let go in between: who serves the page may do other
    things there. `leave` is called after the last."""
    contexts = app_ctx._get_current_object(), request_ctx._get_current_object()  # type: ignore[attr-defined]

    def steps() -> Iterator[str]:
        try:
            while (chunk := step()) is not None:
                yield chunk
        finally:
            leave()
            with contexts[0], contexts[1]:
                chunks.close()

    def step() -> str | None:
        with contexts[0], contexts[1]:
            return next(chunks, None)

    return steps()


def still_allowed() -> bool:
    """Whether who opened the page is still logged in, with the same role; a stranger was let in by the view and stays."""
    return not current_user.is_authenticated or account_of(current_user.get_id()) is not None


class OpenPages:
    """How many live pages a process holds open: each holds a thread."""

    def __init__(self) -> None:
        self._lock, self.open = threading.Lock(), 0

    def let_in(self, most: int) -> Callable[[], None] | None:
        """What is to be called when the page has left (once counts); None when there are `most` already."""
        with self._lock:
            if self.open >= most:
                return None
            self.open += 1
        inside = [True]

        def leave() -> None:
            with self._lock:
                self.open -= len(inside)
                inside.clear()

        return leave


def has_left(connection: Any) -> bool:
    """Whether the page has closed its connection; otherwise that shows only when something is sent."""
    if not isinstance(connection, socket.socket) or isinstance(connection, ssl.SSLSocket):
        return False  # a test's client; and TLS lets nobody look ahead
    try:
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        states = [state for _, state in poll.poll(0)]
        return any(state & CLOSED for state in states) or (bool(states) and connection.recv(1, socket.MSG_PEEK) == b"")
    except (OSError, ValueError):
        return True
