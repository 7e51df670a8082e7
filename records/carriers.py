"""How live events travel from process to process: by rows of the database that everybody looks at, or by Redis (records/redis_carrier.py).

A carrier takes each event as a tree of JSON (texts, numbers, lists, mappings) and may lose some: nothing depends on their arrival.
One thread sends, another listens.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, delete, func, insert, or_, select, update

from calls.errors import BotError, JournalError
from records.schema import live_events as table
from records.transactions import in_transaction

Tree = Mapping[str, Any]
Hear = Callable[[], Sequence[Tree]]
POLL_S = 0.2
KEPT = timedelta(seconds=60)
TIDY_S = 30.0
LATE_S = 10.0  # a row whose number was passed over may still come for so long: PostgreSQL numbers at the insert, and shows at the commit
MOST_GAPS = 500
MOST_ROWS = 2000  # of one look

T = TypeVar("T")


class CarrierFailed(BotError):
    """The way to the other processes is blocked; the text names neither its address nor what was sent."""


class Carrier(Protocol):
    @property
    def gap_s(self) -> float:
        """What comes within it is sent together."""

    def send(self, trees: Sequence[Tree]) -> None:
        """To the other processes, in order. Raises CarrierFailed."""

    def tidy(self) -> None:
        """Called again and again by the thread that sends. Raises CarrierFailed."""

    @contextmanager
    def listening(self) -> Iterator[Hear]:
        """Within it, each `hear()` waits a moment and returns what was sent since, ours too. Raises CarrierFailed."""


class DatabaseCarrier:
    """Rows of `live_events`: written in batches, looked for every `poll_s`, gone after a minute."""

    gap_s = POLL_S  # who hears looks no more often

    def __init__(self, engine: Engine, *, poll_s: float = POLL_S, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._writer, self._reader = engine, engine.execution_options(reads_only=True)
        self._poll_s, self._clock = poll_s, clock
        self._tidied_s, self._untidy = time.monotonic(), False

    def send(self, trees: Sequence[Tree]) -> None:
        rows = [{"at": self._clock(), "event": dict(tree)} for tree in trees]
        self._untidy = True
        self._do(self._writer, lambda connection: connection.execute(insert(table), rows))

    def tidy(self) -> None:
        if self._untidy and time.monotonic() - self._tidied_s >= TIDY_S:
            self._tidied_s = time.monotonic()
            before = self._clock() - KEPT
            self._untidy = self._do(self._writer, lambda connection: sweep(connection, before=before))

    @contextmanager
    def listening(self) -> Iterator[Hear]:
        place = Place(self._do(self._reader, newest))

        def hear() -> Sequence[Tree]:
            time.sleep(self._poll_s)
            return place.new(self._do(self._reader, lambda connection: read(connection, place)))

        yield hear

    def _do(self, engine: Engine, work: Callable[[Connection], T]) -> T:
        try:
            return in_transaction(engine, work)
        except JournalError as error:
            raise CarrierFailed(f"the database carries no live events ({error})") from error


class Place:
    """How far a reader has come. PostgreSQL gives a row its number at the insert and shows it at the commit: a number that was
    passed over is asked for again for `LATE_S` seconds."""

    def __init__(self, last: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.last, self._clock = last, clock
        self.gaps: dict[int, float] = {}  # number -> until when it may still come

    def new(self, rows: Sequence[tuple[int, Tree]]) -> list[Tree]:
        """The events of these rows, none twice."""
        now = self._clock()
        fresh = [(number, tree) for number, tree in rows if number > self.last or number in self.gaps]
        highest = max([self.last, *(number for number, _ in fresh)])
        skipped = range(max(self.last + 1, highest - MOST_GAPS), highest)
        self.gaps.update(dict.fromkeys(skipped, now + LATE_S))
        came = {number for number, _ in fresh}
        self.gaps = {number: until for number, until in self.gaps.items() if number not in came and until > now}
        self.last = highest
        return [tree for _, tree in fresh]


def newest(connection: Connection) -> int:
    return connection.execute(select(func.max(table.c.number))).scalar() or 0


def read(connection: Connection, place: Place) -> list[tuple[int, Tree]]:
    later = or_(table.c.number > place.last, table.c.number.in_(list(place.gaps)))
    wanted = select(table.c.number, table.c.event).where(later).order_by(table.c.number).limit(MOST_ROWS)
    return [(number, event) for number, event in connection.execute(wanted)]


def sweep(connection: Connection, *, before: datetime) -> bool:
    """Forget what is old; whether anything is left. The newest row stays, emptied, so that SQLite gives no number twice."""
    last = newest(connection)
    connection.execute(delete(table).where(table.c.at < before, table.c.number < last))
    connection.execute(update(table).where(table.c.at < before, table.c.number == last).values(event={}))
    return connection.execute(select(table.c.number).where(table.c.at >= before).limit(1)).first() is not None
