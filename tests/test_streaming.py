"""When a live page is told what: a stream at a clock of the test's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import pytest

from calls.errors import JournalError
from calls.live import LiveEvent
from console.streaming import Message, Pace, Stream


class Timetable:
    """News at known seconds, and the clock: it moves only while the stream waits."""

    def __init__(self, *news: tuple[float, object]) -> None:
        self.now, self._news, self.is_closed = 0.0, list(news), False

    def clock(self) -> float:
        return self.now

    def get(self, timeout_s: float) -> object | None:
        assert timeout_s >= 0
        if self._news and self._news[0][0] <= self.now + timeout_s:
            at, news = self._news.pop(0)
            self.now = max(self.now, at)
            return news
        self.now += timeout_s
        return None

    def close(self) -> None:
        self.is_closed = True


class Page:
    """What the stream sent, with its second. `told` sends the news that are texts."""

    def __init__(self, *news: tuple[float, object], until_s: float, trouble_at: Sequence[int] = ()) -> None:
        self.table, self._until_s, self._trouble_at = Timetable(*news), until_s, trouble_at
        self.firsts = self.beats = 0

    def first(self) -> Iterable[Message]:
        self.firsts += 1
        if self.firsts in self._trouble_at:
            raise JournalError("the database refused to work")
        return [Message("all", f"{self.firsts}")]

    def told(self, news: Sequence[object]) -> Iterable[Message]:
        wanted = [str(each.kind if isinstance(each, LiveEvent) else each) for each in news]
        return [Message("news", "+".join(wanted))] if any(word != "other" for word in wanted) else []

    def beat(self) -> Iterable[Message]:
        self.beats += 1
        return []

    def sent(self) -> list[tuple[float, str]]:
        stream = Stream(
            lambda: self.table,
            self.first,
            self.told,
            self.beat,
            over=lambda: self.table.now >= self._until_s,
            pace=Pace(),
            clock=self.table.clock,
        )
        return [(round(self.table.now, 3), chunk) for chunk in stream.run()]

    def news(self) -> list[tuple[float, str]]:
        """(second, data) of the messages that are news."""
        return [
            (second, part.partition("data: ")[2]) for second, chunk in self.sent() for part in chunk.split("\n\n") if "event: news" in part
        ]


def test_begins_with_the_whole_page() -> None:
    page = Page(until_s=1)
    assert page.sent() == [(0, "retry: 2000\n\nevent: all\ndata: 1\n\n")]
    assert page.table.is_closed


def test_the_first_news_come_at_once_and_what_follows_within_a_quarter_second_together() -> None:
    news = [(1.0, "a"), (1.01, "b"), (1.1, "c"), (1.24, "d"), (1.3, "e"), (5.0, "f")]
    assert Page(*news, until_s=10).news() == [(1.0, "a"), (1.25, "b+c+d"), (1.5, "e"), (5.0, "f")]


def test_a_storm_is_four_sends_a_second_and_loses_nothing() -> None:
    storm = [(second / 200, f"{second}") for second in range(1, 2001)]
    sent = Page(*storm, until_s=12).news()
    assert [int(each) for _, words in sent for each in words.split("+")] == list(range(1, 2001))
    assert len(sent) <= 4 * 10 + 2
    assert all(later - earlier >= 0.249 for (earlier, _), (later, _) in pairwise(sent))


@pytest.mark.parametrize("kind", ["pop", "transfer"])
def test_what_an_agent_waits_for_is_not_held_back(kind: str) -> None:
    assert Page((1.0, "a"), (1.02, LiveEvent(kind)), until_s=3).news() == [(1.0, "a"), (1.02, kind)]


def test_what_the_page_does_not_want_holds_nothing_back() -> None:
    assert Page((1.0, "other"), (1.01, "a"), until_s=3).news() == [(1.01, "a")]


def test_a_beat_every_fifteen_seconds_also_while_news_come() -> None:
    page = Page(*[(second / 2, "x") for second in range(1, 100)], until_s=46)
    beats = [second for second, chunk in page.sent() if ": still here" in chunk]
    assert page.beats == len(beats) == 3
    assert beats == pytest.approx([15, 30, 45], abs=1.01)


def test_who_lost_something_gets_the_whole_page_again_before_what_is_new() -> None:
    page = Page((1.0, LiveEvent("lost")), (1.0, "a"), until_s=3)
    assert [chunk for _, chunk in page.sent()][1:] == ["event: all\ndata: 2\n\nevent: news\ndata: a\n\n"]


def test_trouble_with_the_database_is_mended_by_the_whole_page(caplog: pytest.LogCaptureFixture) -> None:
    page = Page(until_s=10, trouble_at=[1, 2])
    assert page.sent() == [(0, "retry: 2000\n\n"), (4, "event: all\ndata: 3\n\n")]
    assert len(caplog.records) == 2


def test_it_looks_every_second_whether_the_page_is_there() -> None:
    page = Page(until_s=7.5)
    page.sent()
    assert page.table.now == 8


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ("<p>one</p>\n<p>two</p>", "data: <p>one</p>\ndata: <p>two</p>\n"),
        ("a\r\nb\rc", "data: a\ndata: b\ndata: c\n"),
        ("", "data: \n"),
        ("line\u2028separator\x0b", "data: line\u2028separator\x0b\n"),
        ("half \ud83d of a pair", "data: half \ufffd of a pair\n"),
        ("event: forged\n\nevent: forged", "data: event: forged\ndata: \ndata: event: forged\n"),
    ],
)
def test_a_message_on_the_wire(data: str, lines: str) -> None:
    encoded = Message("calls", data).encoded()
    assert encoded == f"event: calls\n{lines}\n"
    assert encoded.encode()
