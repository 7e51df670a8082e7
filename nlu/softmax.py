"""Softmax regression on sparse clues, fitted in numpy: a few thousand sentences take about a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Row = Mapping[str, float]  # clue -> how strongly it is there
_MEMORY = 8  # steps that the curvature is estimated from
_ENOUGH = 1e-4  # a step that makes the loss less by no more than this share is the last


@dataclass(frozen=True, slots=True)
class Lesson:
    """`columns` (int32) and `strengths` (float32): which clues are there, and how strongly. `counts`: how much the lesson counts."""

    label: str
    columns: Array
    strengths: Array
    counts: float


class Softmax:
    """`chances(row)`: how likely each class is, in the order of `classes`; they add up to 1."""

    def __init__(self, classes: Sequence[str], columns: Mapping[str, int], weights: Array) -> None:
        """`columns`: clue -> its row of `weights`, whose last row is for the bias; one column a class."""
        self.classes, self.columns, self.weights = tuple(classes), columns, weights
        self._bias = weights[-1]

    def knows(self, clue: str) -> bool:
        return clue in self.columns

    def chances(self, row: Row) -> list[float]:
        known = {self.columns[clue]: strength for clue, strength in row.items() if clue in self.columns}
        strengths = np.fromiter(known.values(), dtype=np.float32, count=len(known))
        scores = strengths @ self.weights[list(known)] + self._bias if known else self._bias
        return [float(chance) for chance in _normalised(scores[None, :])[0]]


def fit(lessons: Sequence[Lesson], columns: Mapping[str, int], *, l2: float, steps: int = 60) -> Softmax:
    """`columns`: clue -> its number in the lessons. `l2`: how dear strong weights are."""
    classes = sorted({lesson.label for lesson in lessons})
    sheet = _Sheet(lessons, len(columns))
    truth = np.zeros((len(lessons), len(classes)), dtype=np.float32)
    truth[np.arange(len(lessons)), [classes.index(lesson.label) for lesson in lessons]] = 1
    counts = np.array([lesson.counts for lesson in lessons], dtype=np.float32)
    share = (counts / counts.sum())[:, None]
    weights = np.zeros((len(columns) + 1, len(classes)), dtype=np.float32)

    def loss(weights: Array) -> tuple[float, Array]:
        chances = _normalised(sheet.times(weights))
        wrong = -float((share * truth * np.log(chances + 1e-9)).sum())
        slope = sheet.back(share * (chances - truth))
        slope[:-1] += l2 * weights[:-1]
        return wrong + 0.5 * l2 * float((weights[:-1] ** 2).sum()), slope

    return Softmax(classes, columns, _lowest(loss, weights, steps))


class _Sheet:
    """The lessons as numbers, once by lesson and once by column, so that both products are sums of runs. Each column stands in some
    lesson; the last one, of the bias, in all."""

    def __init__(self, lessons: Sequence[Lesson], width: int) -> None:
        bias, one = np.array([width], dtype=np.int32), np.ones(1, dtype=np.float32)
        lengths = [len(lesson.columns) + 1 for lesson in lessons]
        row = np.repeat(np.arange(len(lessons), dtype=np.int32), lengths)
        self._column = np.concatenate([part for lesson in lessons for part in (lesson.columns, bias)])
        self._value = np.concatenate([part for lesson in lessons for part in (lesson.strengths, one)])[:, None]
        self._row_starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        order = np.argsort(self._column, kind="stable")
        self._by_column, self._value_by_column = row[order], self._value[order]
        self._column_starts = np.searchsorted(self._column[order], np.arange(width + 1))

    def times(self, weights: Array) -> Array:
        product: Array = np.add.reduceat(weights[self._column] * self._value, self._row_starts, axis=0)
        return product

    def back(self, errors: Array) -> Array:
        product: Array = np.add.reduceat(errors[self._by_column] * self._value_by_column, self._column_starts, axis=0)
        return product


def _normalised(scores: Array) -> Array:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances: Array = raised / raised.sum(axis=1, keepdims=True)
    return chances


def _lowest(loss: Callable[[Array], tuple[float, Array]], at: Array, steps: int) -> Array:
    """L-BFGS: downhill along the slope, bent by the curvature that the last steps showed."""
    height, slope = loss(at)
    past: list[tuple[Array, Array]] = []
    for _ in range(steps):
        way = _downhill(slope, past)
        moved = _step(loss, at, height, slope, way, 1.0 if past else min(1.0, 1 / (float(np.abs(slope).sum()) + 1e-12)))
        if moved is None:
            break
        new_at, new_height, new_slope = moved
        past = [*past, (new_at - at, new_slope - slope)][-_MEMORY:]
        settled = height - new_height < _ENOUGH * height
        at, height, slope = new_at, new_height, new_slope
        if settled:
            break
    return at


def _downhill(slope: Array, past: Sequence[tuple[Array, Array]]) -> Array:
    way, shares = -slope, []
    for step, bend in reversed(past):
        share = float((step * way).sum()) / float((step * bend).sum())
        shares.append(share)
        way = way - share * bend
    if past:
        step, bend = past[-1]
        way = way * (float((step * bend).sum()) / float((bend * bend).sum()))
    for (step, bend), share in zip(past, reversed(shares), strict=True):
        way = way + step * (share - float((bend * way).sum()) / float((step * bend).sum()))
    return way


def _step(
    loss: Callable[[Array], tuple[float, Array]], at: Array, height: float, slope: Array, way: Array, length: float
) -> tuple[Array, float, Array] | None:
    """The first of ever shorter steps that goes down enough."""
    fall = float((slope * way).sum())
    for _ in range(20):
        there = at + length * way
        found, new_slope = loss(there)
        if found <= height + 1e-4 * length * fall and float(((new_slope - slope) * way).sum()) > 0:
            return there, found, new_slope
        length /= 2
    return None
