"""Live events of every process, for the pages of every process: `Live` (calls/live.py) over Redis or over the database.

Who publishes reaches the subscribers of its own process at once; a thread tells the other processes, another hears them.
Both begin when they are first needed. What can't be told or heard is dropped: the pages bring themselves up to date.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine

from calls.live import LiveEvent
from calls.settings import Environment
from records.bounded import Bounded, QueuedSubscription
from records.carriers import Carrier, CarrierFailed, DatabaseCarrier
from records.event_trees import event_of, tree_of

log = logging.getLogger(__name__)
OUTBOX = 10_000  # events that wait to be told to other processes
BATCH = 500
IDLE_S = 5.0  # between two looks for something to tidy
AGAIN_S = 1.0  # after a failure
REMEMBERED = 5000  # ids of events that came


def open_live(environment: Environment, engine: Engine) -> SharedLive:
    """Over Redis where REDIS_URL names one, else over the database. Opens nothing yet: a missing Redis is logged when it is needed."""
    if not (redis_url := environment.redis_url.get_secret_value()):
        return SharedLive(DatabaseCarrier(engine))
    from records.redis_carrier import RedisCarrier

    return SharedLive(RedisCarrier(redis_url))


class SharedLive:
    """A `calls.live.Live` for any number of threads; one a process."""

    def __init__(self, carrier: Carrier, *, patience_s: float = 3.0) -> None:
        self._carrier, self._origin, self._patience_s = carrier, uuid.uuid4().hex, patience_s
        self._outbox = Bounded[LiveEvent | None](OUTBOX)  # None: look whether it is time to stop
        self._known: OrderedDict[str, None] = OrderedDict()
        self._open: tuple[QueuedSubscription, ...] = ()
        self._changed = threading.Condition()  # of _open, _threads, _closed
        self._threads: dict[str, threading.Thread] = {}
        self._hearing, self._closed = threading.Event(), threading.Event()
        self._sending_trouble, self._hearing_trouble = Trouble("to"), Trouble("from")

    def publish(self, event: LiveEvent) -> None:
        """To the subscribers here at once, to the others a moment later. Some microseconds; never raises."""
        for subscription in self._open:
            subscription.put(event)
        if "send" not in self._threads:
            self._begin("send", self._send)
        self._outbox.put(event)

    def subscribe(self) -> QueuedSubscription:
        """The first one of a process waits (`patience_s` at most) until the other processes are heard."""
        subscription = QueuedSubscription(self._left)
        with self._changed:
            self._open = (*self._open, subscription)
            self._changed.notify_all()
        self._begin("hear", self._hear)
        self._hearing.wait(self._patience_s)
        return subscription

    def close(self) -> None:
        """Tell what waits to be told, then end both threads. Publishing goes on within the process alone."""
        with self._changed:
            self._closed.set()
            self._changed.notify_all()
            self._outbox.put(None)
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(self._patience_s)

    def _left(self, subscription: QueuedSubscription) -> None:
        with self._changed:
            self._open = tuple(each for each in self._open if each is not subscription)

    def _begin(self, name: str, work: Any) -> None:
        with self._changed:
            if name not in self._threads and not self._closed.is_set():
                self._threads[name] = threading.Thread(target=work, name=f"live-{name}", daemon=True)
                self._threads[name].start()

    # -- to the others --------------------------------------------------------------
    def _send(self) -> None:
        stopping = False
        while not stopping:
            stopping = self._closed.is_set()
            waiting = [self._outbox.get(0 if stopping else IDLE_S), *self._outbox.batch(OUTBOX if stopping else BATCH - 1)]
            try:
                self._tell([event for event in waiting if event])
                self._carrier.tidy()
                self._closed.wait(self._carrier.gap_s)
            except CarrierFailed as error:
                self._sending_trouble.came(error)
                self._closed.wait(AGAIN_S)

    def _tell(self, events: list[LiveEvent]) -> None:
        if self._outbox.dropped:
            log.warning("live events were dropped before other processes were told", extra={"count": self._outbox.dropped})
            self._outbox.dropped = 0
        if trees := [tree for event in events if (tree := tree_of(event, self._origin))]:
            self._carrier.send(trees)
            self._sending_trouble.over()

    # -- from the others ------------------------------------------------------------
    def _hear(self) -> None:
        while self._wanted():
            try:
                with self._carrier.listening() as hear:
                    self._heard_again()
                    while self._still_wanted():
                        for tree in hear():
                            self._came(tree)
            except CarrierFailed as error:
                self._hearing_trouble.came(error)
                self._closed.wait(AGAIN_S)

    def _wanted(self) -> bool:
        """Wait until somebody subscribes; False when all is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._open or self._closed.is_set())
            return not self._closed.is_set()

    def _still_wanted(self) -> bool:
        with self._changed:  # nobody subscribes between the look and the end of hearing
            if self._open and not self._closed.is_set():
                return True
            self._hearing.clear()
            return False

    def _heard_again(self) -> None:
        self._hearing.set()
        if self._hearing_trouble.over():
            for subscription in self._open:
                subscription.put(LiveEvent("lost"))

    def _came(self, tree: Mapping[str, Any]) -> None:
        event = event_of(tree, self._origin)
        if event is None or event.id in self._known:
            return
        self._known[event.id] = None
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        for subscription in self._open:
            subscription.put(event)


class Trouble:
    """Logged when it comes and when it is over, not each time in between. `way`: "to" or "from" the other processes."""

    def __init__(self, way: str) -> None:
        self._way, self._since_s = way, 0.0

    def came(self, error: CarrierFailed) -> None:
        if not self._since_s:
            self._since_s = time.monotonic()
            log.warning("live events don't travel for now; it is tried again and again", extra={"way": self._way, "error": str(error)})

    def over(self) -> bool:
        """Whether there was any."""
        since_s, self._since_s = self._since_s, 0.0
        if since_s:
            log.info("live events travel again", extra={"way": self._way, "seconds": round(time.monotonic() - since_s, 1)})
        return bool(since_s)
