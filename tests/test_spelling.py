"""The second opinion on what the recogniser wrote: by hand for small cases, then what it is worth to the offline model."""

from __future__ import annotations

from itertools import groupby, product
from pathlib import Path

import numpy as np
import pytest

from calls.errors import EngineUnavailable
from stream.spelling import FILE, Spelling, softmax
from stream.whisper_model import OFFLINE_FOLDER

LETTERS = "59"
SPELLS = Spelling(np.eye(3), np.zeros(3), LETTERS)  # its states are its letters' scores
RNG = np.random.default_rng(7)


def spelt(way: tuple[int, ...]) -> str:
    """What a way along the positions spells: what comes again at once is one letter, and nothing parts letters."""
    return "".join(LETTERS[letter] for letter, _ in groupby(way) if letter < len(LETTERS))


def by_hand(states: np.ndarray, text: str) -> float:
    """Every way there is, added up."""
    chances = softmax(states)
    ways = product(range(3), repeat=len(states))
    return sum(float(np.prod([chances[at, letter] for at, letter in enumerate(way)])) for way in ways if spelt(way) == text)


@pytest.mark.parametrize("text", ["", "5", "9", "55", "59", "595", "5599", "95959"])
def test_it_is_the_sum_over_all_ways_to_spell(text: str) -> None:
    states = RNG.normal(0, 2, (6, 3))
    assert np.exp(SPELLS.log_likelihoods(states, [text])[0]) == pytest.approx(by_hand(states, text), rel=1e-6, abs=1e-12)


def test_texts_of_other_lengths_beside_it_change_nothing() -> None:
    states, texts = RNG.normal(0, 2, (40, 3)), ["", "5", "59" * 12, "9955"]
    together = SPELLS.log_likelihoods(states, texts)
    assert together == pytest.approx([SPELLS.log_likelihoods(states, [text])[0] for text in texts])


def test_a_run_of_equal_digits_is_as_long_as_it_sounds() -> None:
    said = np.array([[4, 0, 0], [0, 0, 4]] * 3, float)  # five, a break, five, a break, five, a break
    candidates = ["55", "555", "5555"]
    assert SPELLS.best(said, candidates, [-1.0, -1.5, -1.2]) == 1
    assert SPELLS.best(said, candidates, [-1.0, -90.0, -1.2]) == 0, "the decoder has a say too"


def test_a_text_that_does_not_fit_into_the_sound_is_the_least_likely() -> None:
    found = SPELLS.log_likelihoods(RNG.normal(0, 1, (3, 3)), ["59595959", "5"])
    assert np.isfinite(found).all()
    assert found[0] < found[1] - 20


def test_letters_that_it_does_not_know_are_passed_over() -> None:
    states = RNG.normal(0, 2, (6, 3))
    assert SPELLS.log_likelihoods(states, ["5 9!"]) == pytest.approx(SPELLS.log_likelihoods(states, ["59"]))


def test_a_model_without_one_is_believed_as_it_is(tmp_path: Path) -> None:
    assert Spelling.read(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive"])
def test_one_that_is_broken_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(EngineUnavailable, match=f"{FILE} can't be understood .*; mend it or remove it"):
        Spelling.read(tmp_path)


def test_one_that_does_not_fit_together_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / FILE, weight=np.eye(3), bias=np.zeros(3), letters=np.array("123"))
    with pytest.raises(EngineUnavailable, match="can't be understood"):
        Spelling.read(tmp_path)


def test_the_offline_model_brings_one_for_its_languages() -> None:
    spelling = Spelling.read(OFFLINE_FOLDER)
    assert spelling is not None
    assert spelling.log_likelihoods(np.zeros((80, 160)), ["9 5", "नौ", "ஐந்து"]).shape == (3,)
