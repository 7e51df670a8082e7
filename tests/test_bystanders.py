"""Who talks behind the caller is not taken for the caller; a caller with nobody behind is heard as ever."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.dialogues import RATE, Caller, beside, callers, lines
from bench.endpointing import bench_settings
from bench.turn_taking import Ended, Talk, fixed
from nlu.ending import Ending
from simulator.background import background
from stream.bystanders import Bystanders
from stream.detector import WebRtcDetector

FRAME = RATE // 50
SECOND = 50  # frames


def theirs(*levels_db: float | None, bystanders: Bystanders | None = None) -> list[bool]:
    """For each frame of speech at that level (None: no speech), whether it is somebody else's."""
    told = bystanders or Bystanders()
    return [told.explain(-90.0 if level_db is None else level_db, level_db is not None) for level_db in levels_db]


def test_what_is_far_softer_than_the_caller_for_long_is_somebody_else() -> None:
    told = theirs(*[-20.0] * SECOND, *[-32.0] * SECOND)
    assert not any(told[:SECOND])
    began = told.index(True) - SECOND
    assert Bystanders.SPEECH <= began <= Bystanders.FRAMES + Bystanders.EVERY
    assert all(told[SECOND + began :])


def test_who_is_nearly_as_loud_is_the_caller() -> None:
    assert not any(theirs(*[-20.0] * SECOND, *[-27.0] * 10 * SECOND))


def test_a_soft_word_at_a_sentences_end_is_the_callers() -> None:
    assert not any(theirs(*[*[-20.0] * SECOND, *[-35.0] * (Bystanders.SPEECH - 1), *[None] * SECOND] * 5))


def test_the_caller_is_heard_above_them_at_once() -> None:
    told = theirs(*[-20.0] * SECOND, *[-32.0] * 2 * SECOND, *[-20.0] * SECOND, *[-32.0] * SECOND)
    assert not any(told[3 * SECOND : 4 * SECOND])
    assert all(told[4 * SECOND :])


def test_when_they_are_silent_they_are_forgotten() -> None:
    bystanders = Bystanders()
    assert theirs(*[-20.0] * SECOND, *[-32.0] * SECOND, bystanders=bystanders)[-1]
    theirs(*[None] * (Bystanders.GONE_FRAMES + 30), bystanders=bystanders)
    assert not any(theirs(*[-32.0] * (Bystanders.SPEECH - 1), bystanders=bystanders)), "as soft a caller may be meant for us"


def test_a_caller_who_has_become_softer_is_the_caller_again_by_and_by() -> None:
    """Twelve decibels below before: of each utterance the beginning is heard, and in the end all of it."""
    bystanders, softly = Bystanders(), [*[-32.0] * 2 * SECOND, *[None] * 2 * SECOND]
    theirs(*[-20.0] * SECOND, bystanders=bystanders)
    heard = [theirs(*softly, bystanders=bystanders)[: 2 * SECOND].count(False) for _ in range(12)]
    assert min(heard) >= Bystanders.SPEECH
    assert heard[-1] == 2 * SECOND, heard


def spoken(half: str = "held") -> list[Caller]:
    chosen = [line for line in lines() if line.half == half and line.language in ("en", "hi")]
    return [*callers(chosen, seed=0)][:4]


def ended(heard: list[Caller]) -> list[Ended]:
    ending = Ending(bench_settings(Path(__file__).parents[1] / "jambonz-app.json"))
    return [turn for caller in heard for turn in Talk(caller, fixed(450), ending, 60).run()]


@pytest.mark.parametrize(("kind", "snr_db", "at_least"), [("voices", 10.0, 0.85), ("television", 10.0, 0.7), ("television", 15.0, 0.85)])
def test_a_turn_ends_although_others_talk_on(kind: str, snr_db: float, at_least: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measured on all callers: python -m bench.endpointing --behind. Without Bystanders most turns do not end before the next begins."""
    turns = ended([beside(caller, kind, snr_db, seed=3) for caller in spoken()])
    assert sum(turn.wait_ms is not None for turn in turns) >= at_least * len(turns)
    monkeypatch.setattr(Bystanders, "explain", lambda self, level_db, is_speech: False)
    without = ended([beside(caller, kind, snr_db, seed=4) for caller in spoken()])  # another sound: verdicts are remembered
    assert sum(turn.wait_ms is not None for turn in without) < at_least * len(without)


def test_below_the_bots_own_voice_they_are_not_forgotten() -> None:
    """Whatever is softer than our echo may be, is taken for it: for as long as an answer lasts, nobody is heard behind the caller."""
    television = [frame.tobytes() for frame in background("television", -42.0, rate=RATE, samples=FRAME)]
    (caller, *_), detector = spoken(), WebRtcDetector(RATE)
    turn = caller.turns[0]
    loud = caller.pcm[turn.began_ms * RATE // 500 : turn.ended_ms * RATE // 500]
    for at in range(0, len(loud), 2 * FRAME):
        detector.is_speech(loud[at : at + 2 * FRAME], bot_db=None)
    told = [detector.is_speech(frame, bot_db=None) for frame in television]
    assert sum(told[:SECOND]) > SECOND / 4
    assert sum(told[2 * SECOND :]) < SECOND / 2
    answer = [detector.is_speech(frame, bot_db=-18.0) for frame in television[: 4 * SECOND]]
    assert not any(answer)
    assert sum(detector.is_speech(frame, bot_db=None) for frame in television[:SECOND]) < SECOND / 4


def test_on_a_clean_line_no_frame_is_judged_otherwise() -> None:
    for caller in spoken():
        frames = [caller.pcm[at : at + 2 * FRAME] for at in range(0, len(caller.pcm) - 2 * FRAME, 2 * FRAME)]
        with_them, without = WebRtcDetector(RATE), WebRtcDetector(RATE)
        without._bystanders = Nobody()
        assert [with_them.is_speech(frame, bot_db=None) for frame in frames] == [without.is_speech(frame, bot_db=None) for frame in frames]


class Nobody(Bystanders):
    def explain(self, level_db: float, is_speech: bool) -> bool:
        return False


def test_something_behind_the_caller_is_so_much_softer() -> None:
    (caller, *_) = spoken()
    added = np.frombuffer(beside(caller, "pink", 10.0, seed=1).pcm, np.int16).astype(float) - np.frombuffer(caller.pcm, np.int16)
    words = np.concatenate(
        [
            np.frombuffer(caller.pcm, np.int16)[at.began_ms * RATE // 1000 : at.ended_ms * RATE // 1000].astype(float)
            for turn in caller.turns
            for at in turn.stretches
        ]
    )
    assert 10 * np.log10(np.mean(words**2) / np.mean(added**2)) == pytest.approx(10.0, abs=0.3)


def test_the_television_speaks() -> None:
    frames = background("television", -30.0, rate=RATE, samples=FRAME)
    detector = WebRtcDetector(RATE)
    assert sum(detector.is_speech(frame.tobytes(), bot_db=None) for frame in frames) > len(frames) / 2
