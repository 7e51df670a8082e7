"""A second opinion on what a Whisper model wrote: how well the letters of each candidate follow the sound.

A decoder that attends to the whole sound may lose its place in a run of equal digits, and drops one or writes one twice. A head on
the encoder that spells (connectionist temporal classification, Graves et al. 2006) can't, as each letter takes its own piece of
the sound, in order; but it knows no words. Together they err less than either (Watanabe et al. 2017, hybrid CTC/attention).
Whisper has no such head; the small offline model brings one along (models/recipe/export.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from calls.errors import EngineUnavailable

FILE = "spelling.npz"
_LEAST = 1e-30  # a probability: the logarithm of nothing is no number

Floats = NDArray[np.floating]


class Spelling:
    """`weight` [letters + 1, width] and `bias` [letters + 1], the last of both for "no letter"; `letters`: what it can spell."""

    def __init__(self, weight: Floats, bias: Floats, letters: str) -> None:
        if weight.shape[:1] != bias.shape or len(bias) != len(letters) + 1:
            raise ValueError("a row for each letter, and one for none")
        self._weight, self._bias, self._none = weight.astype(np.float32), bias.astype(np.float32), len(letters)
        self._number = {letter: number for number, letter in enumerate(letters)}

    @classmethod
    def read(cls, folder: Path) -> Spelling | None:
        """The one that lies beside a model; None where there is none. Raises EngineUnavailable."""
        path = folder / FILE
        if not path.is_file():
            return None
        try:
            with np.load(path, allow_pickle=False) as kept:
                return cls(kept["weight"], kept["bias"], str(kept["letters"]))
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise EngineUnavailable(f"{path} can't be understood ({type(error).__name__}); mend it or remove it") from error

    def best(self, states: Floats, texts: Sequence[str], scores: Sequence[float]) -> int:
        """Which of the candidates is likeliest to both: `scores` are the logarithms of the decoder's probabilities, `states`
        [positions, width] what the encoder made of the sound, without its padding."""
        spelt = self.log_likelihoods(states, texts)
        return int(np.argmax(spelt + np.asarray(scores)))

    def log_likelihoods(self, states: Floats, texts: Sequence[str]) -> NDArray[np.float64]:
        """How likely each of these texts is as the spelling of the sound, over all ways to spread its letters over it.

        A letter that can't be spelt is passed over. The forward algorithm, of all texts at once: the ways to have come so far are
        scaled to a sum of 1 at each position, as their product would be too small for a number."""
        chances = softmax(states @ self._weight.T + self._bias)
        path, may_skip, ends = self._paths(texts)
        row = np.arange(len(texts))[:, None]
        reached = np.zeros(path.shape)
        reached[:, :2] = 1.0  # a spelling begins with nothing, or with its first letter
        total = np.zeros(len(texts))
        padded = np.zeros((len(texts), path.shape[1] + 2))
        for position, chance in enumerate(chances):
            if position:
                padded[:, 2:] = reached
                reached = reached + padded[:, 1:-1] + padded[:, :-2] * may_skip
            reached = reached * chance[path]
            sums = np.maximum(reached.sum(1), _LEAST)
            total += np.log(sums)
            reached /= sums[:, None]
        return np.asarray(total + np.log(np.maximum((reached[row, ends] * (ends >= 0)).sum(1), _LEAST)))

    def _paths(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
        """Each text's letters with nothing before, between and behind them; where a nothing may be left out, which is not between equal
        letters; and the two places where each may end (-1: only one)."""
        spelt = [[self._number[letter] for letter in text if letter in self._number] for text in texts]
        path = np.full((len(texts), 2 * max(map(len, spelt)) + 1), self._none)
        for row, numbers in zip(path, spelt, strict=True):
            row[1 : 2 * len(numbers) : 2] = numbers
        may_skip = np.zeros(path.shape, bool)
        may_skip[:, 2:] = (path[:, 2:] != self._none) & (path[:, 2:] != path[:, :-2])
        ends = np.array([[2 * len(numbers), 2 * len(numbers) - 1] for numbers in spelt])
        return path, may_skip, ends


def softmax(scores: Floats) -> NDArray[np.float64]:
    shares = np.exp(scores.astype(np.float64) - scores.max(-1, keepdims=True))
    return np.asarray(shares / shares.sum(-1, keepdims=True))
