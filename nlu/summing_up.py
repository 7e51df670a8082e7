"""A language model sums up ended calls, beside everything else: the call's end does not wait for it, nor depend on it."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Protocol

from calls.call import CallRecord
from calls.errors import BotError

log = logging.getLogger("voicebot")
AT_ONCE = 4
REMEMBERED = 1000  # calls; a hook that comes again asks no second time

Summarise = Callable[[CallRecord], str]
"""The text, or "" when the rules' summary shall stand. May take some seconds."""


class Journal(Protocol):
    def record(self, call_sid: str, /) -> CallRecord | None: ...

    def summarised(self, call_sid: str, summary: str, /) -> None: ...


class SummingUp:
    """`begin` starts it once a call; `then` is called with the call's sid when it is done, well or not."""

    def __init__(self, journal: Journal, summarise: Summarise, then: Callable[[str], object], executor: Executor | None = None) -> None:
        self._journal, self._summarise, self._then = journal, summarise, then
        self._executor = executor or ThreadPoolExecutor(AT_ONCE, thread_name_prefix="summary")
        self._lock, self._under_way = threading.Lock(), set[str]()
        self._begun: deque[str] = deque(maxlen=REMEMBERED)

    def begin(self, record: CallRecord) -> bool:
        """Whether the call's end waits for the summary, which may be under way: not when it has one, had none before, or has no words."""
        if record.summary or not any(turn.heard for turn in record.turns):
            return False
        with self._lock:
            if record.sid in self._begun:
                return record.sid in self._under_way
            self._begun.append(record.sid)
            self._under_way.add(record.sid)
        try:
            self._executor.submit(self._do, record.sid)
        except RuntimeError:  # the process leaves
            self._under_way.discard(record.sid)
            return False
        return True

    def _do(self, sid: str) -> None:
        try:
            record = self._journal.record(sid)
            if record and not record.summary and (text := self._summarise(record)):
                self._journal.summarised(sid, text)
        except Exception:
            log.exception("a call could not be summed up by the language model; the rules' summary stands", extra={"call_sid": sid})
        self._under_way.discard(sid)
        try:
            self._then(sid)
        except BotError:
            log.exception("a call could not be handed over after its summary; the sweeper comes again", extra={"call_sid": sid})
