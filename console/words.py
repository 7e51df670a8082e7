"""A call's words as they fall: the journal's lines, and behind them what live events told of turns that it does not have yet. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from calls.agents import SpokenLine
from calls.call import CallRecord
from calls.live import LiveEvent

Line = tuple[int, SpokenLine]  # of a turn, by its number


def spoken(record: CallRecord) -> list[Line]:
    """What the caller said, and what the caller heard of ours."""
    lines = []
    for turn in record.turns:
        if turn.heard:
            lines.append((turn.number, SpokenLine("caller", turn.heard, turn.language)))
        if turn.said:
            lines.append((turn.number, SpokenLine("bot", " ".join(turn.said), turn.language, turn.interrupted)))
    return lines


def told(event: LiveEvent) -> Line | None:
    """The line that a "words" event tells; None of one that only says more of a line: its intent, its latency."""
    text, number = event.data.get("text"), event.data.get("number")
    if event.kind != "words" or not text or not isinstance(number, int):
        return None
    return number, SpokenLine(str(event.data.get("speaker", "")), str(text), str(event.data.get("language", "")))


def together(journalled: Sequence[Line], heard: Sequence[Line]) -> list[SpokenLine]:
    """A line that was told twice is one line, and none is repeated that the journal has by now."""
    known = {(number, line.speaker) for number, line in journalled}
    last = max((number for number, _ in journalled), default=-1)
    new = [line for number, line in dict.fromkeys(heard) if number >= last and (number, line.speaker) not in known]
    return [line for _, line in journalled] + new
