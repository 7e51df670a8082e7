"""Softmax regression on sparse clues."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Row = Mapping[str, float]  # clue -> how strongly it is there
_APART = "\n"
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


def as_bytes(learnt: Softmax) -> bytes:
    """For `from_bytes`: weights by name, and no code. Raises ValueError for a clue or a class that holds a line break."""
    columns = sorted(learnt.columns, key=learnt.columns.__getitem__)
    if any(_APART in name for name in (*columns, *learnt.classes)):
        raise ValueError("a line break stands in a name")
    texts = {
        name: np.frombuffer(_APART.join(names).encode(), np.uint8) for name, names in (("classes", learnt.classes), ("columns", columns))
    }
    file = BytesIO()
    np.savez(file, weights=learnt.weights, **texts)  # type: ignore[arg-type]
    return file.getvalue()


def from_bytes(content: bytes) -> Softmax:
    """Raises ValueError."""
    try:
        with np.load(BytesIO(content), allow_pickle=False) as kept:
            classes, columns = (bytes(kept[name]).decode().split(_APART) for name in ("classes", "columns"))
            return Softmax(classes, {clue: at for at, clue in enumerate(columns)}, kept["weights"])
    except (KeyError, EOFError, BadZipFile, OSError) as error:
        raise ValueError("no weights were written there") from error


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
    """The lessons as a sparse matrix, a row a lesson and a column a clue; the last column, of the bias, stands in all rows."""

    def __init__(self, lessons: Sequence[Lesson], width: int) -> None:
        from scipy.sparse import csr_array  # 20 MB of memory, and only who learns needs it

        bias, one = np.array([width], dtype=np.int32), np.ones(1, dtype=np.float32)
        columns = np.concatenate([part for lesson in lessons for part in (lesson.columns, bias)])
        strengths = np.concatenate([part for lesson in lessons for part in (lesson.strengths, one)])
        starts = np.cumsum([0, *(len(lesson.columns) + 1 for lesson in lessons)])
        self._rows = csr_array((strengths, columns, starts), shape=(len(lessons), width + 1))
        self._columns = self._rows.T.tocsr()

    def times(self, weights: Array) -> Array:
        product: Array = self._rows @ weights
        return product

    def back(self, errors: Array) -> Array:
        product: Array = self._columns @ errors
        return product


def _normalised(scores: Array) -> Array:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances: Array = raised / raised.sum(axis=1, keepdims=True)
    return chances


@dataclass(frozen=True)
class _Past:
    """A step, and how much the slope changed on it."""

    step: Array
    bend: Array

    @cached_property
    def curve(self) -> float:
        return _dot(self.step, self.bend)


def _lowest(loss: Callable[[Array], tuple[float, Array]], at: Array, steps: int) -> Array:
    """L-BFGS: downhill along the slope, bent by the curvature that the last steps showed."""
    height, slope = loss(at)
    past: list[_Past] = []
    for _ in range(steps):
        way = _downhill(slope, past)
        moved = _step(loss, at, height, slope, way, 1.0 if past else min(1.0, 1 / (float(np.abs(slope).sum()) + 1e-12)))
        if moved is None:
            break
        new_at, new_height, new_slope = moved
        past = [*past, _Past(new_at - at, new_slope - slope)][-_MEMORY:]
        settled = height - new_height < _ENOUGH * height
        at, height, slope = new_at, new_height, new_slope
        if settled:
            break
    return at


def _downhill(slope: Array, past: Sequence[_Past]) -> Array:
    way, shares = -slope, []
    for was in reversed(past):
        share = _dot(was.step, way) / was.curve
        shares.append(share)
        way -= share * was.bend
    if past:
        way *= past[-1].curve / _dot(past[-1].bend, past[-1].bend)
    for was, share in zip(past, reversed(shares), strict=True):
        way += was.step * (share - _dot(was.bend, way) / was.curve)
    return way


def _dot(one: Array, other: Array) -> float:
    return float(np.vdot(one, other))


def _step(
    loss: Callable[[Array], tuple[float, Array]], at: Array, height: float, slope: Array, way: Array, length: float
) -> tuple[Array, float, Array] | None:
    """The first of ever shorter steps that goes down enough."""
    fall = _dot(slope, way)
    for _ in range(20):
        there = at + length * way
        found, new_slope = loss(there)
        if found <= height + 1e-4 * length * fall and _dot(new_slope - slope, way) > 0:
            return there, found, new_slope
        length /= 2
    return None
