"""A call's timeline as shapes, in pixels: the template only writes them down as SVG. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from console.timeline import Span, Timeline

LEFT, RIGHT, BAR, STEP = 64, 40, 22, 62  # room for the lanes' names, at the end, a bar's height, from lane to lane
TOP = 40
FULL_WIDTH = 1000  # of a short call
CLOSEST, WIDEST = 12.0, 60.0  # pixels a second
LONG_MS, CLOSEST_LONG = 600_000, 4.0
TICK_AT_LEAST = 70  # pixels
TICKS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
LETTER = 7  # about a letter's width
NARROWEST = 2.0  # that can be seen and pointed at
LANES = {"caller": "Caller", "bot": "Bot", "agent": "Agents"}


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: int
    width: float
    height: int
    classes: str
    told: str


@dataclass(frozen=True, slots=True)
class Words:
    x: float
    y: int
    text: str
    classes: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    width: int
    height: int
    lanes: tuple[Words, ...]
    ticks: tuple[Words, ...]  # also the upright lines of the scale, which ends at `height`
    bars: tuple[Bar, ...]
    labels: tuple[Words, ...]
    cuts: tuple[tuple[float, int, int], ...]  # x, from y, to y: the bot was cut off


def drawing(line: Timeline) -> Drawing:
    names, per_s = used(line.spans), pixels_per_s(line.length_ms)
    tops = {name: TOP + number * STEP for number, name in enumerate(names)}
    labels = [label for name in names for label in labels_of([span for span in line.spans if span.lane == name], tops[name], per_s)]
    return Drawing(
        width=round(x_at(line.length_ms, per_s)) + RIGHT,
        height=TOP + len(names) * STEP,
        lanes=tuple(Words(4, tops[name] + BAR - 6, LANES[name], name) for name in names),
        ticks=tuple(Words(x_at(at, per_s), 14, text) for at, text in ticks(line.length_ms, per_s)),
        bars=tuple(bar_of(span, tops[span.lane], per_s) for span in line.spans),
        labels=tuple(labels),
        cuts=tuple((x_at(at, per_s), tops["caller"], tops["bot"] + BAR) for at in line.interruptions),
    )


def x_at(ms: int, per_s: float) -> float:
    return round(LEFT + ms * per_s / 1000, 1)


def bar_of(span: Span, top: int, per_s: float) -> Bar:
    width = max(NARROWEST, (span.ended_ms - span.began_ms) * per_s / 1000)
    classes = f"{span.lane} {span.kind}" + ("" if span.measured else " guessed")
    return Bar(x_at(span.began_ms, per_s), top, round(width, 1), BAR, classes, span.told)


def used(spans: Sequence[Span]) -> list[str]:
    """Caller and bot always; agents when one was rung."""
    return [name for name in LANES if name != "agent" or any(span.lane == name for span in spans)]


def pixels_per_s(length_ms: int) -> float:
    """A short call fills the page; a longer one is as wide as it needs to be for its labels to be read."""
    fitting = FULL_WIDTH * 1000 / length_ms
    return min(WIDEST, max(fitting, CLOSEST_LONG if length_ms > LONG_MS else CLOSEST))


def ticks(length_ms: int, per_s: float) -> Iterator[tuple[int, str]]:
    step = next((each for each in TICKS_S if each * per_s >= TICK_AT_LEAST), TICKS_S[-1])
    for second in range(0, length_ms // 1000 + 1, step):
        yield second * 1000, f"{second // 60}:{second % 60:02}" if length_ms >= 60_000 else f"{second} s"


def labels_of(spans: Sequence[Span], top: int, per_s: float) -> Iterator[Words]:
    """Above the bars of one lane, or below them where the one before would be written over; where there is no room at all, the
    figure is left to the table."""
    free_from = {top - 5: 0.0, top + BAR + 13: 0.0}  # by row
    for span in sorted((each for each in spans if each.label), key=lambda each: each.began_ms):
        x = x_at(span.began_ms, per_s)
        if (y := next((y for y, free in free_from.items() if x >= free), None)) is not None:
            free_from[y] = x + len(span.label) * LETTER + 4
            yield Words(x, y, span.label, span.lane)
