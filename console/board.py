"""The board of live calls: one a process, for all who watch. It follows the live events, and mends itself from the journal."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Container, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from calls.call import CallRecord
from calls.errors import JournalError
from calls.live import Live, LiveEvent, Subscription
from console.board_rows import Row, ended, is_over, mended, told

log = logging.getLogger(__name__)
TOGETHER_S = 0.1  # events that come within it change the board at once
LOOK_S = 1.0
MEND_S = 30.0  # the journal is read again
UNWATCHED_S = 60.0  # then the board rests until somebody watches again
MOST_AT_ONCE = 5000
AROUND = {"presence", "callback", "transfer"}  # what happens beside the calls, on the same page


class History(Protocol):
    def live(self, *, now: datetime, limit: int = 500) -> list[CallRecord]:
        """The calls that are not over. Raises JournalError."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row, and the version of the board since which it is so."""

    row: Row
    version: int


class Board:
    """`rows()` and `changed_since()` cost no more than the rows they return; a thread does the rest, while somebody watches."""

    def __init__(
        self, live: Live, history: History, wishes: Container[str], *, clock: Callable[[], datetime], rests_after_s: float = UNWATCHED_S
    ) -> None:
        self._live, self._history, self._wishes = live, history, wishes
        self._clock, self._rests_after_s = clock, rests_after_s
        self._entries: dict[str, Entry] = {}
        self._drawn: dict[str, tuple[int, str]] = {}
        self._changed = threading.Condition()
        self._version = self.around = 0
        self._watchers, self._left_s = 0, 0.0
        self._filled, self._is_running = threading.Event(), False

    # -- for the pages --------------------------------------------------------------
    def watch(self) -> Watcher:
        """A source of news for one page; the first waits until the board is filled."""
        with self._changed:
            self._watchers += 1
            if not self._is_running:
                self._is_running = True
                self._filled.clear()
                threading.Thread(target=self._run, name="board", daemon=True).start()
        self._filled.wait(5.0)
        return Watcher(self)

    def rows(self) -> list[Row]:
        """The newest call first."""
        return sorted((entry.row for entry in list(self._entries.values())), key=lambda row: row.since, reverse=True)

    def changed_since(self, version: int) -> tuple[int, list[Row]]:
        """(the board's version now, rows that changed after `version`, the oldest call first); see `sids` for what has gone."""
        with self._changed:
            entries, now = list(self._entries.values()), self._version
        return now, sorted((entry.row for entry in entries if entry.version > version), key=lambda row: row.since)

    def sids(self) -> set[str]:
        return set(self._entries)

    def drawn(self, row: Row, draw: Callable[[Row], str]) -> str:
        """`draw(row)`, made once for all who watch."""
        entry = self._entries.get(row.call_sid)
        known = self._drawn.get(row.call_sid)
        if entry is None or entry.row is not row:
            return draw(row)
        if known is None or known[0] != entry.version:
            self._drawn[row.call_sid] = known = (entry.version, draw(row))
        return known[1]

    def wait(self, version: int, timeout_s: float) -> int:
        """The board's version, as soon as it is another than `version`, or when the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != version, timeout_s)
            return self._version

    def left(self) -> None:
        with self._changed:
            self._watchers -= 1
            self._left_s = time.monotonic()

    # -- the board's thread -----------------------------------------------------------
    def _run(self) -> None:
        try:
            with self._live.subscribe() as news:
                self._follow(news)
        except Exception:
            log.exception("the board of live calls has stopped; it begins again with the next page that watches")
            self._is_running = False

    def _follow(self, news: Subscription) -> None:
        self._put({}, self.sids(), around=False)
        self._mend()
        self._filled.set()
        mend_s = time.monotonic() + MEND_S
        while self._is_watched():
            lost = self._take(self._gathered(news))
            if lost or time.monotonic() >= mend_s:
                self._mend()
                mend_s = time.monotonic() + MEND_S

    def _is_watched(self) -> bool:
        with self._changed:
            self._is_running = bool(self._watchers) or time.monotonic() - self._left_s < self._rests_after_s
            return self._is_running

    def _gathered(self, news: Subscription) -> list[LiveEvent]:
        if (first := news.get(LOOK_S)) is None:
            return []
        time.sleep(TOGETHER_S)
        return [first, *waiting(news)]

    def _take(self, events: list[LiveEvent]) -> bool:
        """Whether the board missed something."""
        now = self._clock()
        rows: dict[str, Row] = {}
        for event in events:
            if event.kind == "call" and event.call_sid:
                rows[event.call_sid] = told(rows.get(event.call_sid) or self._row(event.call_sid), event, now)
        around = any(event.kind in AROUND for event in events)
        gone = {sid for sid, entry in self._entries.items() if entry.row.gone(now)}
        self._put(rows, gone, around=around)
        return any(event.kind == "lost" for event in events)

    def _mend(self) -> None:
        now = self._clock()
        try:
            records = {record.sid: record for record in self._history.live(now=now)}
        except JournalError as error:
            log.warning("the board of live calls can't be mended from the journal for now", extra={"error": str(error)})
            return
        rows = {sid: mended(self._row(sid), record, self._wishes, now) for sid, record in records.items()}
        over = [entry.row for sid, entry in self._entries.items() if sid not in records and is_over(entry.row, now)]
        self._put(rows | {row.call_sid: ended(row, now) for row in over}, (), around=True)

    def _row(self, sid: str) -> Row | None:
        entry = self._entries.get(sid)
        return entry.row if entry else None

    def _put(self, rows: dict[str, Row], gone: Collection[str], *, around: bool) -> None:
        rows = {sid: row for sid, row in rows.items() if self._row(sid) is not row}
        if not (rows or gone or around):
            return
        with self._changed:
            self._version += 1
            self.around += around
            self._entries |= {sid: Entry(row, self._version) for sid, row in rows.items()}
            for sid in gone:
                self._entries.pop(sid, None)
                self._drawn.pop(sid, None)
            self._changed.notify_all()


class Watcher:
    """A `console.events.Source` for one page: the board's versions as they come."""

    def __init__(self, board: Board) -> None:
        self._board, self._seen, self._open = board, -1, True

    def get(self, timeout_s: float) -> int | None:
        version = self._board.wait(self._seen, timeout_s)
        if version == self._seen:
            return None
        self._seen = version
        return version

    def close(self) -> None:
        if self._open:
            self._open = False
            self._board.left()


def waiting(news: Subscription) -> Iterator[LiveEvent]:
    """What is there without waiting, within reason."""
    for _ in range(MOST_AT_ONCE):
        if (event := news.get(0)) is None:
            return
        yield event
