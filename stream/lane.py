"""A lane does a call's slow jobs of one kind in order; what each job yields goes into the call's inbox.

The threads belong to a pool that all calls share, so that a call costs none of its own while it only listens.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from calls.events import EngineFailed

log = logging.getLogger(__name__)
Job = Callable[..., Iterator[Any]]


class Inbox:
    """What a call's lanes have finished, in order; `wake` rouses the call's thread from waiting for its line."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._wake = wake

    def put(self, event: Any) -> None:
        self._events.put(event)
        self._wake()

    def get(self, timeout: float = 0.0) -> Any | None:
        """The next event, None when there is none within `timeout` seconds."""
        if not timeout and self._events.empty():
            return None  # the usual case, asked with every frame
        try:
            return self._events.get(timeout=timeout) if timeout else self._events.get_nowait()
        except queue.Empty:
            return None


class Pool(Protocol):
    def submit(self, fn: Callable[[], None], /) -> Any: ...


class Lane:
    """Jobs given to `do` run one after the other; an exception becomes EngineFailed in the inbox."""

    def __init__(self, name: str, inbox: Inbox, pool: Pool, call_sid: str) -> None:
        self.name, self._inbox, self._pool, self._call_sid = name, inbox, pool, call_sid
        self._jobs: deque[tuple[Job, tuple[Any, ...]]] = deque()
        self._lock = threading.Lock()
        self._running = False

    @property
    def busy(self) -> bool:
        return self._running

    def do(self, job: Job, *args: Any) -> None:
        with self._lock:
            self._jobs.append((job, args))
            if self._running:
                return
            self._running = True
        self._pool.submit(self._run)

    def _run(self) -> None:
        while work := self._next():
            job, args = work
            try:
                for event in job(*args):
                    self._inbox.put(event)
            except Exception as error:
                log.exception("a job failed", extra={"lane": self.name, "call_sid": self._call_sid})
                self._inbox.put(EngineFailed(self.name, type(error).__name__))

    def _next(self) -> tuple[Job, tuple[Any, ...]] | None:
        with self._lock:
            if self._jobs:
                return self._jobs.popleft()
            self._running = False
            return None


class Lanes:
    """The pools of one process: the ear (recogniser), the mind (understanding and voice), the pen (journal), the files (who calls)."""

    def __init__(self, *, ear: Pool, mind: Pool, pen: Pool, files: Pool) -> None:
        self._pools = {"ear": ear, "mind": mind, "pen": pen, "files": files}

    @classmethod
    def of_threads(cls, *, ears: int, minds: int, pens: int = 2, files: int = 4) -> Lanes:
        sizes = {"ear": ears, "mind": minds, "pen": pens, "files": files}
        return cls(**{name: ThreadPoolExecutor(size, thread_name_prefix=name) for name, size in sizes.items()})

    def lane(self, name: str, inbox: Inbox, call_sid: str) -> Lane:
        return Lane(name, inbox, self._pools[name], call_sid)
