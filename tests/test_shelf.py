"""What was learnt is learnt once a machine; nothing depends on the shelf."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from nlu import shelf
from nlu.classifier import Classifier, learnt
from nlu.clues import Clues
from nlu.kin import KIN
from nlu.lexicon import Lexicon

PHRASES = (("paint", ("blue paint", "a tin of paint", "paint the wall")), ("wood", ("a plank of wood", "saw the wood", "oak")))


@pytest.fixture(autouse=True)
def own_shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "voicebot" / "learnt"


def chances(classifier: Classifier) -> dict[str, float]:
    return classifier.weigh(["saw", "the", "paint"])


def fresh() -> Classifier:
    """As in a new process."""
    learnt.cache_clear()
    return learnt(PHRASES)


def test_a_second_process_finds_what_the_first_has_learnt(own_shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = fresh()
    assert len([*own_shelf.glob("*.npz")]) == 1
    monkeypatch.delattr(Classifier, "taught")  # nobody may teach any more
    assert chances(fresh()) == pytest.approx(chances(first), abs=1e-6)


def test_who_comes_while_another_process_learns_it_waits_and_learns_nothing(own_shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, key = fresh(), shelf.key_of(part for intent, texts in PHRASES for part in (intent, *texts, ""))
    kept = own_shelf / f"{key}.npz"
    lesson = kept.read_bytes()
    kept.unlink()
    monkeypatch.delattr(Classifier, "taught")  # nobody may teach any more
    waiting = threading.Thread(target=lambda: found.append(fresh()))
    found: list[Classifier] = []
    with shelf.one_at_a_time(key):
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        kept.write_bytes(lesson)
    waiting.join(30)
    assert chances(found[0]) == pytest.approx(chances(first), abs=1e-6)


def test_other_phrases_are_other_lessons() -> None:
    assert len({shelf.key_of(parts) for parts in (["a", "b"], ["ab"], ["a", "b", ""], ["b", "a"])}) == 4


@pytest.mark.parametrize("content", [b"", b"rubbish", b"PK\x03\x04 half"])
def test_a_broken_file_is_learnt_again(own_shelf: Path, content: bytes) -> None:
    first = fresh()
    (path,) = own_shelf.glob("*.npz")
    path.write_bytes(content)
    assert chances(fresh()) == pytest.approx(chances(first), abs=1e-6)
    assert path.stat().st_size > 100, "kept again"


def test_a_shelf_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "voicebot").write_text("a file where the folder should be")
    assert set(chances(fresh())) == {"paint", "wood", "~"}


def test_old_lessons_go_first(own_shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "KEPT", 2)
    known = Classifier.taught(dict(PHRASES), Clues(Lexicon.load(), KIN)).learnt
    for name in ("one", "two", "three"):
        shelf.keep(name, known)
    assert len([*own_shelf.glob("*.npz")]) == 2
    assert shelf.taken("one") is None or shelf.taken("three") is not None


def test_no_code_is_kept(own_shelf: Path) -> None:
    own_shelf.mkdir(parents=True)
    np.savez(own_shelf / "evil.npz", classes=np.array([{"a": 1}], dtype=object))
    assert shelf.taken("evil") is None
