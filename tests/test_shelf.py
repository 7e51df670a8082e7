"""What was made of the phrases is made once a machine; nothing depends on the shelf."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from calls.errors import EngineUnavailable
from nlu import pupil, shelf
from nlu.classifier import Classifier, learnt
from nlu.clues import Clues
from nlu.kin import KIN
from nlu.lexicon import Lexicon
from nlu.question_words import Reader
from nlu.readings import as_bytes, from_bytes, read_all
from nlu.softmax import from_bytes as weights_from

PHRASES = (("paint", ("blue paint", "a tin of paint", "paint the wall")), ("wood", ("a plank of wood", "saw the wood", "oak")))
QUESTIONS = ("how do i take a backup", "बैकअप कैसे लें", "my data is not opening", "எப்படி பேக்கப் எடுப்பது", "", "monday 12")
Lesson = tuple[str, bytes, dict[str, float]]
LINES: shelf.Form[list[str]] = shelf.Form(".lines", lambda lines: "\n".join(lines).encode(), lambda content: content.decode().split("\n"))


@pytest.fixture(autouse=True)
def own_shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "voicebot" / "learnt"


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Lesson:
    """The file that is kept of PHRASES: its name, what it holds, and what somebody who has learnt them says."""
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("shelf")))
        told = chances(fresh())
        (kept,) = shelf.folder().glob("*.npz")
    return kept.name, kept.read_bytes(), told


def chances(classifier: Classifier) -> dict[str, float]:
    return classifier.weigh(["saw", "the", "paint"])


def fresh() -> Classifier:
    """As in a new process."""
    learnt.cache_clear()
    return learnt(PHRASES)


def nobody_teaches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")


def test_another_process_learns_the_same_as_this_one_would(lesson: Lesson) -> None:
    here = Classifier.taught(dict(PHRASES), Clues(Lexicon.load(), KIN))
    assert lesson[2] == pytest.approx(chances(here), abs=1e-4)


def test_a_second_process_finds_what_the_first_has_learnt(own_shelf: Path, lesson: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    name, content, told = lesson
    own_shelf.mkdir(parents=True)
    (own_shelf / name).write_bytes(content)
    nobody_teaches(monkeypatch)
    assert chances(fresh()) == pytest.approx(told, abs=1e-6)


def test_what_cannot_be_learnt_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody_teaches(monkeypatch)
    with pytest.raises(EngineUnavailable, match=r"the phrases of jambonz-app\.json could not be learnt: .* exit status 1"):
        fresh()


def test_a_killed_pupil_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = tmp_path / "killed"
    killed.write_text("#!/bin/sh\nkill -9 $$\n")
    killed.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(killed))
    with pytest.raises(EngineUnavailable, match="signal 9"):
        pupil.learn(PHRASES)


def test_who_comes_while_another_process_learns_it_waits_and_learns_nothing(
    own_shelf: Path, lesson: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, content, told = lesson
    key = shelf.key_of(part for intent, texts in PHRASES for part in (intent, *texts, ""))
    assert name == f"{key}.npz"
    nobody_teaches(monkeypatch)
    waiting = threading.Thread(target=lambda: found.append(fresh()))
    found: list[Classifier] = []
    with shelf.one_at_a_time(key):
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        (own_shelf / name).write_bytes(content)
    waiting.join(30)
    assert chances(found[0]) == pytest.approx(told, abs=1e-6)


def test_other_phrases_are_other_lessons() -> None:
    assert len({shelf.key_of(parts) for parts in (["a", "b"], ["ab"], ["a", "b", ""], ["b", "a"])}) == 4


@pytest.mark.parametrize("content", [b"", b"rubbish", b"PK\x03\x04 half"])
def test_a_broken_file_is_learnt_again(own_shelf: Path, lesson: Lesson, content: bytes) -> None:
    name, _, told = lesson
    own_shelf.mkdir(parents=True)
    path = own_shelf / name
    path.write_bytes(content)
    assert chances(fresh()) == pytest.approx(told, abs=1e-6)
    assert path.stat().st_size > 100, "kept again"


def test_a_shelf_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "voicebot").write_text("a file where the folder should be")
    assert set(chances(fresh())) == {"paint", "wood", "~"}


def test_the_oldest_go_first(own_shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "KEPT", 2)
    for name in ("one", "two", "three"):
        shelf.keep(name, LINES, [name])
    assert len([*own_shelf.glob("*.lines")]) == 2
    assert shelf.taken("one", LINES) is None or shelf.taken("three", LINES) is not None


def test_no_code_is_kept(tmp_path: Path) -> None:
    np.savez(tmp_path / "evil.npz", classes=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError):
        weights_from((tmp_path / "evil.npz").read_bytes())


# -- what questions are about -------------------------------------------------------
def test_readings_come_back_as_they_were_read(own_shelf: Path) -> None:
    reader = Reader()
    read = {text: reader.read(text) for text in QUESTIONS}
    assert read_all(reader, QUESTIONS) == read
    (path,) = own_shelf.glob("*.json")
    assert from_bytes(path.read_bytes()) == read
    told = path.read_text().replace("how do i take", "how do i bake")
    path.write_text(told)
    assert "how do i bake a backup" in read_all(reader, QUESTIONS), "it was taken from the shelf"


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"[]", b"{}", b'{"keys": [], "told": {"a": [["how"], [], [7], [], []]}}', b'{"keys": [], "told": {"a": 7}}']
)
def test_broken_readings_are_read_again(own_shelf: Path, content: bytes) -> None:
    reader = Reader()
    first = read_all(reader, QUESTIONS)
    (path,) = own_shelf.glob("*.json")
    path.write_bytes(content)
    assert read_all(reader, QUESTIONS) == first
    assert json.loads(path.read_bytes()) == json.loads(as_bytes(first)), "kept again"
