"""The machinery of `python -m bench.endpointing`: pauses as long as written, endpoints counted where they fall, waits from the real end."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from bench.dialogues import BETWEEN_MS, PAUSE, RATE, Caller, Line, lines, spoken
from bench.ears import as_said
from bench.endpointing import bench_settings, by, measured
from bench.smart_turn import features
from bench.turn_taking import Ended, Policy, Talk, fixed, standing
from calls.call import Question, Transcript, Utterance
from calls.settings import Settings
from nlu.ending import Ending

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def settings() -> Settings:
    return bench_settings(ROOT / "jambonz-app.json")


@pytest.fixture(scope="module")
def ending(settings: Settings) -> Ending:
    return Ending(settings)


@pytest.fixture(scope="module")
def caller() -> Caller:
    turns = [
        Line("x", "held", "en", Question.OPEN, "", text, text)
        for text in ("my tally licence and [700] my password have a problem", "i forgot my password")
    ]
    return spoken("x", turns, random.Random(1))


def ended(caller: Caller, policy: Policy, ending: Ending) -> list[Ended]:
    return Talk(caller, policy, ending, recognition_ms=60).run()


def test_the_pauses_are_as_long_as_written(caller: Caller) -> None:
    first, second = caller.turns
    before, after = first.stretches
    assert after.began_ms - before.ended_ms == 700
    assert second.began_ms - first.ended_ms == BETWEEN_MS
    assert len(caller.pcm) == 2 * RATE // 1000 * (second.ended_ms + BETWEEN_MS)


def test_a_fixed_silence_shorter_than_the_pause_cuts_in_and_a_longer_one_does_not(caller: Caller, ending: Ending) -> None:
    hasty, patient = ended(caller, fixed(400), ending), ended(caller, fixed(900), ending)
    assert [turn.early for turn in hasty] == [1, 0]
    assert [turn.early for turn in patient] == [0, 0]
    assert all(turn.wait_ms is not None and abs(turn.wait_ms - 400) <= 60 for turn in hasty)
    assert all(turn.wait_ms is not None and abs(turn.wait_ms - 900) <= 60 for turn in patient)


def test_words_wait_through_the_pause_and_not_after_the_end(caller: Caller, ending: Ending, settings: Settings) -> None:
    turns = ended(caller, Policy("words", settings.listening, as_said), ending)
    assert [turn.early for turn in turns] == [0, 0], "the first stretch ends with 'and'"
    assert turns[1].wait_ms is not None
    assert turns[1].wait_ms < settings.listening.end_of_speech_ms


def test_slow_recognition_leaves_the_question_alone_to_decide(caller: Caller, ending: Ending, settings: Settings) -> None:
    turns = Talk(caller, Policy("words", settings.listening, as_said), ending, recognition_ms=2000).run()
    assert [turn.early for turn in turns] == [1, 0]


def test_what_was_said_is_known_stretch_by_stretch(caller: Caller) -> None:
    first = caller.turns[0]
    until_the_pause = Utterance(b"", RATE, first.began_ms, first.stretches[0].ended_ms)
    assert as_said(caller, first, until_the_pause) == Transcript("my tally licence and", "en")
    assert (
        as_said(caller, first, Utterance(b"", RATE, first.began_ms, first.ended_ms)).text
        == "my tally licence and my password have a problem"
    )


def test_the_figures() -> None:
    line = Line("x", "held", "en", Question.OPEN, "", "a", "a")
    hindi = Line("y", "held", "hi", Question.OPEN, "", "a", "a")
    turns = [Ended(line, 0, 300), Ended(line, 2, 500), Ended(line, 0, None), Ended(hindi, 0, 400)]
    figures = measured(turns)
    assert figures == {
        "turns": 4,
        "cut_ins_per_100": 25.0,
        "wait_median_ms": 400,
        "wait_p95_ms": 500,
        "wait_mean_ms": 400,
        "not_heard": 1,
    }
    assert by(turns, "language")["hi"]["wait_median_ms"] == 400


def test_a_value_that_is_read_back_was_given_before() -> None:
    asked, told = standing(Line("x", "held", "en", Question.CONFIRM_SLOT, "serial", "yes", "yes"))
    assert (asked.asked, told.asked) == (Question.SLOT, Question.CONFIRM_SLOT)
    assert told.intent is not None
    assert len(told.intent.slots["serial"]) == 9


def test_the_dialogues_are_many_and_pause_as_people_do() -> None:
    told = lines()
    assert len(told) >= 150
    assert set(Counter(line.language for line in told)) == {"en", "hi", "ta", "hinglish"}
    assert min(Counter((line.language, line.half) for line in told).values()) >= 10
    pauses = sorted(int(ms) for line in told for ms in PAUSE.findall(line.said))
    assert 200 <= pauses[len(pauses) // 2] <= 500
    assert 1200 <= pauses[round(0.95 * len(pauses))] <= 1600


def test_a_pause_that_is_not_in_the_sound_is_refused(tmp_path: Path) -> None:
    sheet = tmp_path / "dialogues.tsv"
    sheet.write_text(
        "caller\tset\tlanguage\tasked\tsaid\tspoken\nx\theld\thinglish\topen\tmera [300] licence\tमेरा लाइसेंस\n", encoding="utf-8"
    )
    with pytest.raises(ValueError, match="x: the pauses"):
        lines(sheet)


def test_smart_turn_hears_the_last_eight_seconds() -> None:
    second = random.Random(1).randbytes(2 * RATE)
    assert features(second).shape == features(second * 12).shape == (80, 800)
    assert (features(second)[:, :600] == features(second)[:, :1]).all(), "silence before a short sound"
    assert (features(second * 8) == features(second * 12)).all()
