"""When the caller begins and ends to speak: frames in, events out, no audio and no clock needed."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calls.events import SpeechEnded, SpeechPaused, SpeechResumed, SpeechStarted
from stream.endpointing import Endpointing, EndpointingOptions, Framer

FRAME = bytes(640)
OPTIONS = EndpointingOptions(start_ms=120, end_ms=450, pre_roll_ms=240, max_utterance_ms=3000, hint_ms=9000)  # pauses: test_ahead.py


def run(pattern: Iterable[tuple[bool, int]], options: EndpointingOptions = OPTIONS) -> list[tuple[int, Any]]:
    """(speech?, ms) stretches -> (time in ms, event)."""
    endpointing, events = Endpointing(options, sample_rate=16_000), []
    for number, (speech, ms) in enumerate(pattern):
        for _ in range(ms // 20):
            events += [(endpointing.now_ms, event) for event in endpointing.feed(bytes([number]) * 640, speech)]
    return events


def test_an_utterance_from_start_to_end() -> None:
    (started_at, started), (ended_at, ended) = run([(False, 1000), (True, 1000), (False, 1000)])
    assert (started_at, started) == (1120, SpeechStarted(1000))
    assert isinstance(ended, SpeechEnded)
    assert (ended.utterance.began_ms, ended.utterance.ended_ms) == (1000, 2000)
    assert ended_at == 2000 + 460, "450 ms of silence, seen at the end of a 20 ms frame"


def test_the_first_phoneme_is_kept_and_the_silence_behind_is_not() -> None:
    _, (_, ended) = run([(False, 1000), (True, 1000), (False, 1000)])
    pcm = ended.utterance.pcm
    assert pcm.count(bytes([0])) * 20 // 640 == 240, "pre-roll"
    assert pcm.count(bytes([1])) * 20 // 640 == 1000
    assert pcm.count(bytes([2])) * 20 // 640 == 100, "afterglow"


def test_a_click_starts_nothing() -> None:
    assert run([(False, 500), (True, 80), (False, 500), (True, 100), (False, 500)]) == []


def test_speech_with_dropped_frames_still_starts() -> None:
    assert isinstance(run([(True, 60), (False, 20), (True, 60), (False, 20), (True, 100)])[0][1], SpeechStarted)


def test_a_lone_frame_does_not_keep_the_turn_open() -> None:
    events = run([(True, 500), (False, 300), (True, 20), (False, 200)])
    assert events[-1][1].utterance.ended_ms == 500


def test_a_pause_shorter_than_the_end_of_speech_belongs_to_the_utterance() -> None:
    events = run([(True, 500), (False, 400), (True, 500), (False, 600)])
    assert [type(event) for _, event in events] == [SpeechStarted, SpeechEnded]
    assert events[1][1].utterance.ended_ms == 1400


def test_a_caller_who_never_stops_is_cut_into_utterances() -> None:
    events = run([(True, 7000)])
    assert [type(event) for _, event in events] == [SpeechStarted, SpeechEnded, SpeechStarted, SpeechEnded, SpeechStarted]


def test_what_was_cut_off_by_a_hang_up_is_an_utterance() -> None:
    endpointing = Endpointing(OPTIONS, sample_rate=16_000)
    for _ in range(30):
        list(endpointing.feed(FRAME, True))
    (ended,) = endpointing.flush()
    assert ended.utterance.ended_ms == 600
    assert list(endpointing.flush()) == []


@pytest.mark.parametrize("end_ms", [200, 450, 1200])
def test_the_end_of_speech_is_adjustable(end_ms: int) -> None:
    events = run([(True, 500), (False, 3000)], EndpointingOptions(end_ms=end_ms))
    assert end_ms <= events[-1][0] - 500 <= end_ms + 20


@pytest.mark.parametrize("sizes", [[640], [320], [1, 639, 1280], [16_000], [2, 2, 2], [641, 639]])
@pytest.mark.parametrize("rate", [8000, 16_000])
def test_sound_of_any_size_is_cut_into_frames_of_20_ms(sizes: list[int], rate: int) -> None:
    sound = bytes(range(256)) * 40
    framer, at, frames = Framer(rate), 0, []
    while at < len(sound):
        for size in sizes:
            frames += framer.cut(sound[at : at + size])
            at += size
    assert {len(frame) for frame in frames} == {rate // 50 * 2}
    joined = b"".join(frames)
    assert sound.startswith(joined)
    assert len(sound) - len(joined) < rate // 50 * 2


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 40)), max_size=12))
def test_nothing_is_decided_within_the_sound_that_is_said_to_be_needed(pattern: list[tuple[bool, int]]) -> None:
    """Frames that are taken together are never taken too late."""
    options = EndpointingOptions(start_ms=120, end_ms=450, hint_ms=200, max_utterance_ms=3000)
    endpointing, not_before_ms = Endpointing(options, sample_rate=16_000), 0
    for speech in [speech for speech, frames in pattern for _ in range(frames)]:
        told = [event for event in endpointing.feed(FRAME, speech) if not isinstance(event, SpeechResumed)]
        assert not told or endpointing.now_ms >= not_before_ms
        not_before_ms = endpointing.now_ms + endpointing.undecided_ms


def test_the_next_decision_is_seen_as_early_as_it_can_come() -> None:
    endpointing = Endpointing(EndpointingOptions(start_ms=120, end_ms=460, hint_ms=200), sample_rate=16_000)
    assert endpointing.undecided_ms == 120
    for needed_ms in (100, 80, 60, 40, 20):
        list(endpointing.feed(FRAME, True))
        assert endpointing.undecided_ms == needed_ms
    assert [type(event) for event in endpointing.feed(FRAME, True)] == [SpeechStarted]
    assert endpointing.undecided_ms == 200
    silence = [(endpointing.undecided_ms, [type(event) for event in endpointing.feed(FRAME, False)]) for _ in range(23)]
    assert [needed_ms for needed_ms, _ in silence] == [*range(200, 0, -20), *range(260, 0, -20)]
    assert {at: told for at, (_, told) in enumerate(silence) if told} == {9: [SpeechPaused], 22: [SpeechEnded]}
