"""Queues that forget their oldest rather than grow, for what is worth little when it is late."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Generic, Self, TypeVar

from calls.live import LiveEvent

WAITING = 2000  # events that may wait for a page: some seconds of 200 calls
Thing = TypeVar("Thing")


class Bounded(Generic[Thing]):
    """A queue of at most `most` things between threads. Putting costs a microsecond or two and never waits."""

    def __init__(self, most: int) -> None:
        self._queue: SimpleQueue[Thing] = SimpleQueue()
        self._most = most
        self.dropped = 0  # so many of the oldest since the reader last set this to 0

    def put(self, thing: Thing) -> None:
        if self._queue.qsize() >= self._most:
            with suppress(Empty):  # the reader was quicker
                self._queue.get_nowait()
                self.dropped += 1
        self._queue.put(thing)

    def get(self, timeout_s: float) -> Thing | None:
        """The oldest; None when there was none in time."""
        try:
            return self._queue.get(timeout=max(0.0, timeout_s))
        except Empty:
            return None

    def batch(self, most: int) -> list[Thing]:
        """What is there now, at most so many."""
        things: list[Thing] = []
        with suppress(Empty):
            while len(things) < most:
                things.append(self._queue.get_nowait())
        return things

    def clear(self) -> None:
        self.batch(self._most)


class QueuedSubscription:
    """A `calls.live.Subscription` for one reader. One too slow loses its oldest events, and is told so by an event of kind "lost"."""

    def __init__(self, left: Callable[[QueuedSubscription], None], waiting: int = WAITING) -> None:
        self._left, self._events = left, Bounded[LiveEvent](waiting)

    def put(self, event: LiveEvent) -> None:
        self._events.put(event)

    def get(self, timeout_s: float) -> LiveEvent | None:
        if self._events.dropped:
            self._events.dropped = 0
            return LiveEvent("lost")
        return self._events.get(timeout_s)

    def close(self) -> None:
        self._left(self)
        self._events.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
