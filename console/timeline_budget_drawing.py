"""The budgets of a call's answers as shapes, in pixels: a row for each turn, all on one scale. Pure.

Above lies the wait for the end of speech, below it the work: what is left of the wait's end was done ahead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from calls.stages import IN_WORDS, Stage
from console.timeline_budget import Budget, Budgets

LEFT, WIDTH, RIGHT = 64, 760, 120  # room for the turns' numbers, for the bars, for the replies
TOP, STEP = 26, 44  # room for the scale, from turn to turn
WAIT_HEIGHT, WORK_HEIGHT = 8, 18
NARROWEST = 1.5  # that can be seen and pointed at
LETTER = 7.0  # about a letter's width
LEAST_MS = 1000  # on the scale
TICKS_MS = (100, 200, 500, 1000, 2000, 5000, 10_000, 60_000)
MOST_TICKS = 10


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: int
    stage: str  # of calls.stages.IN_WORDS
    told: str
    ahead: bool
    label: str  # ms, where there is room


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    y: int  # of its words' feet
    bars: tuple[Bar, ...]
    told: str  # the reply
    told_x: float
    cut: tuple[float, int, int] | None  # x, from y, to y: the end of speech was decided


@dataclass(frozen=True, slots=True)
class BudgetDrawing:
    width: int
    height: int
    ticks: tuple[tuple[float, str], ...]
    rows: tuple[Row, ...]


def budget_drawing(found: Budgets) -> BudgetDrawing:
    longest_ms = max([LEAST_MS, *(stage.ended_ms for turn in found.turns for stage in turn.stages)])
    per_ms = WIDTH / longest_ms
    rows = tuple(row_of(turn, TOP + number * STEP, per_ms) for number, turn in enumerate(found.turns))
    return BudgetDrawing(LEFT + WIDTH + RIGHT, TOP + len(rows) * STEP, tuple(ticks(longest_ms, per_ms)), rows)


def x_at(ms: int, per_ms: float) -> float:
    return round(LEFT + max(0, ms) * per_ms, 1)


def ticks(longest_ms: int, per_ms: float) -> Iterator[tuple[float, str]]:
    step = next((each for each in TICKS_MS if longest_ms / each <= MOST_TICKS), TICKS_MS[-1])
    for at_ms in range(0, longest_ms + 1, step):
        yield x_at(at_ms, per_ms), f"{at_ms} ms" if longest_ms < 10_000 else f"{at_ms // 1000} s"


def row_of(turn: Budget, top: int, per_ms: float) -> Row:
    bars = tuple(bar_of(stage, top, per_ms) for stage in turn.stages)
    end_ms = max(stage.ended_ms for stage in turn.stages)
    told = "not heard" if turn.reply_ms is None else f"{turn.reply_ms} ms"
    decided = next((bar.x + bar.width for bar in bars if bar.stage == "endpoint"), None)
    cut = None if decided is None else (round(decided, 1), top, top + WAIT_HEIGHT + WORK_HEIGHT + 4)
    return Row(turn.number, top + WAIT_HEIGHT + WORK_HEIGHT - 3, bars, told, x_at(end_ms, per_ms) + 6, cut)


def bar_of(stage: Stage, top: int, per_ms: float) -> Bar:
    waits = stage.name == "endpoint"
    x, end = x_at(stage.began_ms, per_ms), x_at(stage.ended_ms, per_ms)
    label = str(stage.lasted_ms)
    fits = not waits and end - x > (len(label) + 0.5) * LETTER
    told = f"{IN_WORDS[stage.name]}: {stage.lasted_ms} ms, from {stage.began_ms} to {stage.ended_ms} ms{' (ahead)' if stage.ahead else ''}"
    y, height = (top, WAIT_HEIGHT) if waits else (top + WAIT_HEIGHT + 2, WORK_HEIGHT)
    return Bar(x, y, round(max(NARROWEST, end - x), 1), height, stage.name, told, stage.ahead, label if fits else "")
