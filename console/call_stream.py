"""A call's page while the call goes on: its words as they fall, where the time of its answers went, and word of its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask import render_template

from calls.agents import SpokenLine
from calls.call import CallRecord
from calls.live import LiveEvent
from calls.stages import IN_WORDS
from console.desk_ports import Bot
from console.events import Message
from console.timeline_budget import budgets
from console.timeline_budget_drawing import budget_drawing
from console.words import Line, spoken, together, told

OVER = "over"  # the page is to be read anew: now it has the timeline
LEGEND = (
    (("endpoint",), "waiting for the end of speech; the line is the moment that it was decided"),
    (("queue",), "waiting for the recogniser"),
    (("encode", "decode"), "recogniser: encoding, decoding"),
    (("words",), "until the words were certain"),
    (("understand", "compose"), "understanding, first sentence"),
    (("voice",), "its sound"),
    (("send", "ear"), "on the wire, to the caller's ear"),
)


def words(lines: Sequence[SpokenLine]) -> str:
    return render_template("desk_words.html", at_hand=True, lines=lines)


def budget(record: CallRecord) -> str:
    """Where the time of the answers went, those that the journal has."""
    found = budgets(record)
    return render_template(
        "budget.html", budgets=found, budget_drawing=budget_drawing(found), budget_legend=LEGEND, stages_in_words=IN_WORDS
    )


class CallStream:
    """Its methods are what console.events.event_stream asks for."""

    def __init__(self, bot: Bot, call_sid: str) -> None:
        self._bot, self._call_sid = bot, call_sid
        self._heard: list[Line] = []  # what was told of turns that the journal does not have yet
        self._sent: dict[str, str] = {}  # of each piece, what the page has

    def whole(self) -> Iterable[Message]:
        self._sent = {}
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
        where_it_is = f'<div id="budget" hx-swap-oob="innerHTML">{budget(record)}</div>'
        pieces = {"words": words(together(spoken(record), self._heard)), "budget": where_it_is}
        news = [Message(name, html) for name, html in pieces.items() if self._sent.get(name) != html]
        self._sent = pieces
        return news
