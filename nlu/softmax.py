"""Softmax regression on sparse clues, fitted in numpy: a few thousand sentences take about a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Row = Mapping[str, float]  # clue -> how strongly it is there
_MEMORY = 8  # steps that the curvature is estimated from
_ENOUGH = 1e-4  # a step that makes the loss less by no more than this share is the last


class Softmax:
    """`chances(row)`: how likely each class is, in the order of `classes`; they add up to 1."""

    def __init__(self, classes: Sequence[str], columns: Mapping[str, int], weights: Array) -> None:
        """`weights`: one row a clue, the last for the bias; one column a class."""
        self.classes, self._columns = tuple(classes), columns
        self._weights, self._bias = weights[:-1], weights[-1]

    def knows(self, clue: str) -> bool:
        return clue in self._columns

    def chances(self, row: Row) -> list[float]:
        known = {self._columns[clue]: strength for clue, strength in row.items() if clue in self._columns}
        strengths = np.fromiter(known.values(), dtype=np.float32, count=len(known))
        scores = strengths @ self._weights[list(known)] + self._bias if known else self._bias
        return [float(chance) for chance in _normalised(scores[None, :])[0]]


def fit(rows: Sequence[Row], labels: Sequence[str], counts: Sequence[float], *, l2: float, steps: int = 60) -> Softmax:
    """`counts`: how much each row counts. `l2`: how dear strong weights are."""
    classes = sorted(set(labels))
    columns = {clue: at for at, clue in enumerate(dict.fromkeys(clue for row in rows for clue in row))}
    sheet = _Sheet(rows, columns)
    truth = np.zeros((len(rows), len(classes)), dtype=np.float32)
    truth[np.arange(len(rows)), [classes.index(label) for label in labels]] = 1
    share = (np.asarray(counts, dtype=np.float32) / sum(counts))[:, None]
    weights = np.zeros((len(columns) + 1, len(classes)), dtype=np.float32)

    def loss(weights: Array) -> tuple[float, Array]:
        chances = _normalised(sheet.times(weights))
        wrong = -float((share * truth * np.log(chances + 1e-9)).sum())
        slope = sheet.back(share * (chances - truth))
        slope[:-1] += l2 * weights[:-1]
        return wrong + 0.5 * l2 * float((weights[:-1] ** 2).sum()), slope

    return Softmax(classes, columns, _lowest(loss, weights, steps))


class _Sheet:
    """The rows as numbers, once by row and once by column, so that both products are sums of runs."""

    def __init__(self, rows: Sequence[Row], columns: Mapping[str, int]) -> None:
        filled = [*rows]
        lengths = [len(row) + 1 for row in filled]
        self._row = np.repeat(np.arange(len(filled)), lengths)
        self._column = np.array([at for row in filled for at in (*(columns[clue] for clue in row), len(columns))], dtype=np.int32)
        self._value = np.array([value for row in filled for value in (*row.values(), 1.0)], dtype=np.float32)[:, None]
        self._row_starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        order = np.argsort(self._column, kind="stable")
        self._by_column = self._row[order]
        self._value_by_column = self._value[order]
        self._column_starts = np.searchsorted(self._column[order], np.arange(len(columns) + 1))

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
