"""How long a silence ends what the caller says. Pure: no sound, no words."""

from __future__ import annotations

import pytest

from calls.call import Completeness, Question
from calls.settings import Listening
from stream.waiting import Waiting

LISTENING = Listening(
    end_of_speech_ms=450,
    digits_end_of_speech_ms=1200,
    answer_end_of_speech_ms=350,
    complete_end_of_speech_ms=300,
    unfinished_end_of_speech_ms=1000,
    slower_by=0.5,
)
COMPLETE, OPEN, UNFINISHED = Completeness.COMPLETE, Completeness.OPEN, Completeness.UNFINISHED


def after(asked: Question, listening: Listening = LISTENING) -> Waiting:
    waiting = Waiting(listening)
    waiting.expect(asked)
    return waiting


def row(waiting: Waiting) -> tuple[int, int, int, int]:
    """Without words; then with words that are complete, open, unfinished."""
    return waiting.before_words_ms(), *(waiting.with_words_ms(told) for told in (COMPLETE, OPEN, UNFINISHED))


def test_before_anything_was_asked() -> None:
    assert row(Waiting(LISTENING)) == (450, 300, 382, 1000)


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        (Question.OPEN, (450, 300, 382, 1000)),
        (Question.ANYTHING_ELSE, (450, 300, 382, 1000)),
        (Question.OFFER_HUMAN, (350, 300, 382, 1000)),
        (Question.CONFIRM_SLOT, (350, 300, 382, 1000)),
        (Question.SLOT, (1200, 300, 1200, 1200)),
    ],
)
def test_by_the_question(asked: Question, waits: tuple[int, int, int, int]) -> None:
    assert row(after(asked)) == waits


def test_a_question_holds_until_the_next() -> None:
    waiting = after(Question.SLOT)
    waiting.ended()
    assert waiting.before_words_ms() == 1200
    waiting.expect(Question.OPEN)
    assert waiting.before_words_ms() == 450


def test_complete_words_never_wait_longer_and_unfinished_ones_never_shorter_than_none() -> None:
    hasty = Listening(end_of_speech_ms=200, answer_end_of_speech_ms=150, complete_end_of_speech_ms=300, unfinished_end_of_speech_ms=180)
    assert row(after(Question.OPEN, hasty)) == (200, 200, 170, 200)
    assert row(after(Question.SOLVED, hasty)) == (150, 150, 170, 180)


def test_a_caller_who_pauses_long_is_waited_for_longer_but_not_where_the_words_are_complete() -> None:
    waiting = after(Question.OPEN)
    waiting.went_on(1000)
    assert 450 < waiting.before_words_ms() < 675
    assert waiting.with_words_ms(OPEN) > 382
    assert waiting.with_words_ms(UNFINISHED) > 1000
    assert waiting.with_words_ms(COMPLETE) == 300


def test_the_longer_the_pauses_the_longer_the_wait() -> None:
    waits = []
    for pause_ms in (250, 500, 750, 1000):
        waiting = after(Question.OPEN)
        waiting.went_on(pause_ms)
        waits.append(waiting.before_words_ms())
    assert waits[0] == 450 < waits[1] < waits[2] < waits[3]


def test_however_slow_the_caller_there_is_an_end() -> None:
    waiting = after(Question.SLOT)
    for _ in range(50):
        waiting.went_on(60_000)
    assert waiting.before_words_ms() <= 1200 * 1.5 == pytest.approx(waiting.with_words_ms(UNFINISHED))


def test_a_slow_start_is_forgotten_by_and_by() -> None:
    waiting = after(Question.OPEN)
    for _ in range(5):
        waiting.went_on(1500)
    slow_ms = waiting.before_words_ms()
    waiting.ended()
    once_ms = waiting.before_words_ms()
    for _ in range(100):
        waiting.ended()
    assert slow_ms > once_ms > 450 == waiting.before_words_ms()


def test_one_short_pause_does_not_make_a_slow_caller_quick() -> None:
    waiting = after(Question.OPEN)
    waiting.went_on(1000)
    slow_ms = waiting.before_words_ms()
    waiting.went_on(220)
    assert slow_ms - 30 < waiting.before_words_ms() < slow_ms


def test_all_callers_are_alike_where_the_settings_say_so() -> None:
    waiting = after(Question.OPEN, LISTENING.model_copy(update={"slower_by": 0.0}))
    waiting.went_on(5000)
    assert row(waiting) == (450, 300, 382, 1000)


def test_callers_do_not_share_their_pace() -> None:
    slow, other = Waiting(LISTENING), Waiting(LISTENING)
    slow.went_on(2000)
    assert slow.before_words_ms() > other.before_words_ms() == 450
