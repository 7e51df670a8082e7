"""The making of one page's event stream: when it is told what. No Flask in here; console/events.py makes a response of it."""

from __future__ import annotations

import logging
import math
import re
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from calls.columns import storable
from calls.errors import BotError
from calls.live import LiveEvent

log = logging.getLogger(__name__)
LOST = "lost"  # a subscription was too slow and has lost its oldest events
URGENT = {"pop", "transfer"}  # an agent waits for these
MOST_AT_ONCE = 1000
MEND_S = 2.0  # after trouble the page is brought up to date again
LINE_END = re.compile("\r\n|\r|\n")  # of an event stream; str.splitlines knows more of them

News = TypeVar("News")
News_co = TypeVar("News_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Message:
    """One event for the page: `event` is what `sse-swap` names, `data` its HTML (or JSON for a script)."""

    event: str
    data: str

    def encoded(self) -> str:
        """As the event stream writes it."""
        lines = "".join(f"data: {line}\n" for line in LINE_END.split(storable(self.data)))
        return f"event: {self.event}\n{lines}\n"


class Source(Protocol[News_co]):
    """Where news come from; a `calls.live.Subscription` is one."""

    def get(self, timeout_s: float) -> News_co | None:
        """The next one; None when none came in time."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a page hears from us, in seconds."""

    gap_s: float = 0.25  # between two sends; what comes meanwhile is told together
    beat_s: float = 15.0  # a comment that keeps the connection open; `beat` is called
    look_s: float = 1.0  # whether the page is still there, and we are to go on


def nothing() -> Iterable[Message]:
    return ()


class Stream(Generic[News]):
    """One page's stream, see event_stream. `over()`: the page has left, or the bot stops."""

    def __init__(
        self,
        source: Callable[[], Source[News]],
        first: Callable[[], Iterable[Message]],
        told: Callable[[Sequence[News]], Iterable[Message]],
        beat: Callable[[], Iterable[Message]],
        *,
        over: Callable[[], bool],
        pace: Pace,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source, self._first, self._told, self._beat = source, first, told, beat
        self._over, self._pace, self._clock = over, pace, clock
        self._sent_s, self._beat_s = -math.inf, clock() + pace.beat_s
        self._mend_s = math.inf  # when the page is to be brought up to date again

    def run(self) -> Generator[str]:
        with closing(self._source()) as source:
            yield f"retry: {MEND_S * 1000:.0f}\n\n" + self._made(self._first)
            while not self._over():
                if chunk := self._round(source):
                    yield chunk

    def _round(self, source: Source[News]) -> str:
        """What there is to send after at most `look_s`; "" for nothing."""
        now, chunk = self._clock(), ""
        if now >= self._mend_s:
            self._mend_s = math.inf
            chunk += self._made(self._first)
        if now >= self._beat_s:
            self._beat_s = now + self._pace.beat_s
            chunk += ": still here\n\n" + self._made(self._beat)
        if chunk:
            return chunk
        news = source.get(min(self._pace.look_s, self._beat_s - now, self._mend_s - now))
        return "" if news is None else self._news(self._gathered(source, news))

    def _gathered(self, source: Source[News], news: News) -> list[News]:
        """`news` and what comes until the page may be told again."""
        gathered = [news]
        while not is_urgent(gathered[-1]) and (wait_s := self._sent_s + self._pace.gap_s - self._clock()) > 0:
            if (another := source.get(wait_s)) is not None:
                gathered.append(another)
        while len(gathered) < MOST_AT_ONCE and (another := source.get(0)) is not None:
            gathered.append(another)
        return gathered

    def _news(self, gathered: list[News]) -> str:
        kept = [each for each in gathered if not is_lost(each)]
        chunk = self._made(self._first) if len(kept) < len(gathered) else ""
        chunk += self._made(lambda: self._told(kept)) if kept else ""
        if chunk:
            self._sent_s = self._clock()
        return chunk

    def _made(self, make: Callable[[], Iterable[Message]]) -> str:
        try:
            return "".join([message.encoded() for message in make()])
        except BotError as error:
            log.warning("a live page could not be brought up to date; it is tried again", extra={"error": str(error)})
            self._mend_s = self._clock() + MEND_S
            return ""


def is_urgent(news: object) -> bool:
    return isinstance(news, LiveEvent) and news.kind in URGENT


def is_lost(news: object) -> bool:
    return isinstance(news, LiveEvent) and news.kind == LOST
