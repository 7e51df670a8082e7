"""A call's page while the call goes on: its words as they fall, and word of its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask import render_template

from calls.agents import SpokenLine
from calls.live import LiveEvent
from console.desk_ports import Bot
from console.events import Message
from console.words import Line, spoken, together, told

OVER = "over"  # the page is to be read anew: now it has the timeline


def words(lines: Sequence[SpokenLine]) -> str:
    return render_template("desk_words.html", at_hand=True, lines=lines)


class CallStream:
    """Its methods are what console.events.event_stream asks for."""

    def __init__(self, bot: Bot, call_sid: str) -> None:
        self._bot, self._call_sid = bot, call_sid
        self._heard: list[Line] = []  # what was told of turns that the journal does not have yet
        self._sent = ""

    def whole(self) -> Iterable[Message]:
        self._sent = ""
        return self._changed()

    def told(self, news: Sequence[LiveEvent]) -> Iterable[Message]:
        ours = [event for event in news if event.call_sid == self._call_sid]
        self._heard += [line for line in map(told, ours) if line]
        return self._changed() if ours else ()

    def beat(self) -> Iterable[Message]:
        return self._changed()

    def _changed(self) -> Iterable[Message]:
        record = self._bot.journal.record(self._call_sid)
        if record is None or record.ended_at is not None:
            return [Message(OVER, "")]
        html = words(together(spoken(record), self._heard))
        if html == self._sent:
            return ()
        self._sent = html
        return [Message("words", html)]
