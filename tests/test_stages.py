"""Where the time of an answer went: from a turn's stamps to stages, whatever is missing and however they come."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from calls.call import Intent, Timings, Turn
from calls.stages import IN_WORDS, Stage, decisive, stages
from stream import measures

WAITED = Timings(
    asked=450, begun=460, encoded=500, decoded=620, endpoint=450, transcribed=622,
    understood=630, first_text=632, voiced=700, reply=720, heard=900,
).as_dict()  # fmt: skip
AHEAD = Timings(
    asked=200, begun=205, encoded=240, decoded=330, endpoint=450, transcribed=452,
    understood=335, first_text=336, voiced=400, reply=470, heard=650,
).as_dict()  # fmt: skip
stamped = st.dictionaries(st.sampled_from(Timings.__slots__), st.integers(-2000, 20_000))


def lasted(timings: dict[str, int]) -> dict[str, tuple[int, int]]:
    return {stage.name: (stage.began_ms, stage.ended_ms) for stage in stages(timings)}


def test_one_after_the_other_when_nothing_is_done_ahead() -> None:
    assert lasted(WAITED) == {
        "endpoint": (0, 450),
        "queue": (450, 460),
        "encode": (460, 500),
        "decode": (500, 620),
        "words": (620, 622),
        "understand": (622, 630),
        "compose": (630, 632),
        "voice": (632, 700),
        "send": (700, 720),
        "ear": (720, 900),
    }
    assert not any(stage.ahead for stage in stages(WAITED))


def test_what_is_done_ahead_lies_before_the_end_of_speech() -> None:
    assert lasted(AHEAD) == {
        "endpoint": (0, 450),
        "queue": (200, 205),
        "encode": (205, 240),
        "decode": (240, 330),
        "words": (450, 452),
        "understand": (330, 335),
        "compose": (335, 336),
        "voice": (336, 400),
        "send": (452, 470),
        "ear": (470, 650),
    }
    assert [stage.name for stage in stages(AHEAD) if stage.ahead] == ["queue", "encode", "decode", "understand", "compose", "voice"]


@pytest.mark.parametrize(
    ("timings", "expected"),
    [
        ({}, {}),
        ({"endpoint": 450, "transcribed": 520, "understood": 530, "voiced": 600, "reply": 660},  # as they were kept before
         {"endpoint": (0, 450), "words": (450, 520), "understand": (520, 530), "voice": (530, 600), "send": (600, 660)}),
        ({"understood": 5, "voiced": 40}, {"understand": (0, 5), "voice": (5, 40)}),  # a key: nothing had to be heard
        ({"asked": 200, "endpoint": 450, "decoded": 700, "transcribed": 700},
         {"endpoint": (0, 450), "decode": (200, 700), "words": (700, 700)}),
        ({"begun": 90, "encoded": 80}, {"queue": (0, 90), "encode": (80, 80)}),  # rounded past each other
        ({"voiced": -30}, {"voice": (-30, -30)}),
    ],
)  # fmt: skip
def test_what_is_missing_is_left_out(timings: dict[str, int], expected: dict[str, tuple[int, int]]) -> None:
    assert lasted(timings) == expected


@given(stamped)
def test_any_stamps_make_stages_that_end_where_they_were_stamped(timings: dict[str, int]) -> None:
    found = stages(timings)
    names = [stage.name for stage in found]
    assert names == [name for name in IN_WORDS if name in names]
    assert {stage.ended_ms for stage in found} == {ms for stamp, ms in timings.items() if stamp != "asked"}
    assert all(stage.lasted_ms >= 0 for stage in found)
    assert all(stage.began_ms in {0, stage.ended_ms, *timings.values()} for stage in found)


@given(stamped)
def test_ahead_is_what_ended_before_the_end_of_speech_was_decided(timings: dict[str, int]) -> None:
    for stage in stages(timings):
        assert stage.ahead == ("endpoint" in timings and stage.ended_ms < timings["endpoint"])


@given(st.lists(st.integers(0, 400), min_size=11, max_size=11))
def test_stamps_in_their_order_leave_no_gap(steps: list[int]) -> None:
    """Without anything ahead the stages up to our first sound add up to the reply."""
    order = ("endpoint", "asked", "begun", "encoded", "decoded", "transcribed", "understood", "first_text", "voiced", "reply", "heard")
    timings = {name: sum(steps[: at + 1]) for at, name in enumerate(order)} | {"asked": steps[0]}
    assert sum(stage.lasted_ms for stage in stages(timings)) == timings["heard"]
    assert sum(stage.lasted_ms for stage in decisive(stages(timings))) == timings["reply"]


@given(stamped)
def test_what_decides_goes_back_from_our_first_sound_without_a_gap(timings: dict[str, int]) -> None:
    chain = decisive(stages(timings))
    assert bool(chain) == ("reply" in timings)
    assert all(later.began_ms == earlier.ended_ms for later, earlier in pairwise(chain))
    assert len(set(chain)) == len(chain)


@pytest.mark.parametrize(
    ("timings", "names"),
    [
        (WAITED, ["send", "voice", "compose", "understand", "words", "decode", "encode", "queue", "endpoint"]),
        (AHEAD, ["send", "words", "endpoint"]),
        (WAITED | {"asked": 200, "begun": 300}, ["send", "voice", "compose", "understand", "words", "decode", "encode", "queue"]),
        ({"endpoint": 450}, []),
    ],
)
def test_what_the_caller_waited_for(timings: dict[str, int], names: list[str]) -> None:
    assert [stage.name for stage in decisive(stages(timings))] == names


# -- /metrics ---------------------------------------------------------------------------
def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_each_stage_is_counted_by_how_long_it_took() -> None:
    ahead = {"stage": "decode", "ahead": "yes"}
    before = sample("voicebot_stage_seconds_sum", **ahead), sample("voicebot_reply_seconds_sum")
    measures.turn_finished(Turn(1, "my licence", intent=Intent("license_renewal"), timings=Timings(**AHEAD)))
    assert sample("voicebot_stage_seconds_sum", **ahead) - before[0] == pytest.approx(0.09)
    assert sample("voicebot_reply_seconds_sum") - before[1] == pytest.approx(0.47)


def test_the_greeting_answers_nobody_and_is_not_counted() -> None:
    voice = {"stage": "voice", "ahead": "no"}
    before = sample("voicebot_stage_seconds_count", **voice)
    measures.turn_finished(Turn(0, timings=Timings(voiced=30)))
    assert sample("voicebot_stage_seconds_count", **voice) == before


def test_labels_are_few_and_buckets_fine_enough() -> None:
    measures.turn_finished(Turn(1, "my licence", timings=Timings(**WAITED)))
    found = {(each.labels["stage"], each.labels["ahead"], each.labels.get("le", "")) for family in REGISTRY.collect()
             if family.name == "voicebot_stage_seconds" for each in family.samples}  # fmt: skip
    assert {stage for stage, _, _ in found} <= set(IN_WORDS)
    assert {ahead for _, ahead, _ in found} <= {"yes", "no"}
    bounds = sorted(float(le) for stage, ahead, le in found if stage == "voice" and ahead == "no" and le)
    assert bounds[0] <= 0.01
    assert all(later <= 2.5 * earlier for earlier, later in pairwise(bounds) if later <= 1.0)


def test_a_stage_knows_how_long_it_lasted() -> None:
    assert Stage("voice", 336, 400).lasted_ms == 64


def test_every_stage_is_told_of_in_the_operators_handbook() -> None:
    handbook = (Path(__file__).parent.parent / "docs/operations.md").read_text()
    assert all(f"`{name}`" in handbook for name in IN_WORDS)
