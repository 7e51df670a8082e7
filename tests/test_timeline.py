"""A call's timeline: who spoke when, from the journal's record, and where that is drawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from calls.agents import AgentLeg, Escalation, LegAnswer
from calls.call import CallRecord, Consent, Question, TurnRecord
from calls.handover import Directory
from calls.stages import IN_WORDS
from console.call_stream import LEGEND
from console.timeline import Timeline, seconds, sockets, timeline
from console.timeline_budget import budgets
from console.timeline_budget_drawing import LEFT as BUDGET_LEFT
from console.timeline_budget_drawing import WIDTH as BUDGET_WIDTH
from console.timeline_budget_drawing import budget_drawing
from console.timeline_drawing import BAR, LEFT, STEP, TOP, drawing

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NAMES = Directory({"asha": "Asha Rao", "ravi": "Ravi Nair"})
ACCEPTED, DECLINED, BRIEFED = LegAnswer.ACCEPTED, LegAnswer.DECLINED, LegAnswer.BRIEFED


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def turn(number: int, began: int, ended: int | None = None, heard: str = "words", said: str = "x" * 14, **facts: Any) -> TurnRecord:
    known: dict[str, Any] = {"interrupted": False, "timings": {"reply": 700} if heard else {}, "intent": "fees", **facts}
    ended = began if ended is None else ended
    return TurnRecord(
        number, heard, 0.9, "en", slots={}, intent_confidence=0.9, said=(said,) if said else (), asked=Question.NONE,
        began_ms=began, ended_ms=ended, **known,
    )  # fmt: skip


def greeting(**facts: Any) -> TurnRecord:
    return turn(0, 0, heard="", said="x" * 28, **facts)


def call(*turns: TurnRecord, escalations: tuple[Escalation, ...] = (), lasted_s: float | None = 60) -> CallRecord:
    ended = None if lasted_s is None else later(lasted_s)
    return CallRecord(
        "CA1", "inbound", "+91", "1800", "en", "completed", Consent.GIVEN, NOW, ended, None, None, turns, escalations=escalations
    )  # fmt: skip


def tried(began: float, ended: float | None, *legs: AgentLeg, state: str = "completed", agents: tuple[str, ...] = ("asha",)) -> Escalation:
    return Escalation("Asha Rao", state, later(began), None if ended is None else later(ended), agents=agents, legs=legs)


def leg(answer: LegAnswer, answered: float | None, accepted: float | None, ended: float | None, agent: str = "asha") -> AgentLeg:
    moments = (None if at is None else later(at) for at in (answered, accepted, ended))
    return AgentLeg("CB1", agent, "completed", 200, answer, NOW, *moments)


def of(record: CallRecord, *, now: datetime = NOW) -> Timeline:
    return timeline(record, NAMES, now=now)


def spans(record: CallRecord, lane: str, *, now: datetime = NOW) -> list[tuple[str, int, int]]:
    return [(span.kind, span.began_ms, span.ended_ms) for span in of(record, now=now).spans if span.lane == lane]


# -- the conversation -------------------------------------------------------------------
def test_the_caller_speaks_as_long_as_was_measured() -> None:
    assert spans(call(greeting(), turn(1, 4000, 5500), turn(2, 9000, 9800)), "caller") == [
        ("speech", 4000, 5500),
        ("speech", 9000, 9800),
    ]


def test_the_bot_waits_and_then_speaks_about_as_long_as_it_takes_to_say() -> None:
    line = of(call(greeting(timings={"voiced": 200}), turn(1, 4000, 5500, said="x" * 28)))
    assert [(span.kind, span.began_ms, span.ended_ms, span.measured) for span in line.spans if span.lane == "bot"] == [
        ("speech", 200, 2200, False),
        ("wait", 5500, 6200, True),
        ("speech", 6200, 8200, False),
    ]


def test_the_bot_does_not_speak_beyond_the_next_turn_or_the_call() -> None:
    record = call(turn(1, 1000, 2000, said="x" * 1400), turn(2, 8000, 9000, said="x" * 1400), lasted_s=20)
    assert [span for span in spans(record, "bot") if span[0] == "speech"] == [("speech", 2700, 8000), ("speech", 9700, 20_000)]


def test_an_interruption_is_where_the_caller_cut_in() -> None:
    line = of(call(greeting(), turn(1, 4000, 5000, interrupted=True), turn(2, 6500, 7000)))
    assert line.interruptions == (6500,)
    (cut,) = [span for span in line.spans if span.lane == "bot" and span.kind == "speech" and span.began_ms == 5700]
    assert (cut.ended_ms, cut.measured) == (6500, True)
    assert "interrupted" in cut.told


def test_what_was_not_heard_is_not_drawn() -> None:
    record = call(turn(1, 1000, 2000, said="", timings={}), turn(2, 5000, heard="", said=""))
    assert (spans(record, "caller"), spans(record, "bot")) == ([("speech", 1000, 2000)], [])


def test_a_call_without_turns_is_drawn_too() -> None:
    line = of(call(lasted_s=0))
    assert (line.length_ms, line.spans, line.interruptions) == (1000, (), ())
    assert drawing(line).bars == ()


@pytest.mark.parametrize(("now", "length"), [(later(30), 30_000), (later(5 * 3600), 6700 + 1000)])
def test_a_call_that_goes_on_lasts_until_now_but_a_lost_one_does_not(now: datetime, length: int) -> None:
    assert of(call(greeting(), turn(1, 5000, 6000), lasted_s=None), now=now).length_ms == length


# -- the audio line that was opened again ------------------------------------------------
def test_turns_of_a_second_line_begin_at_the_end_of_the_try_before() -> None:
    first = (greeting(), turn(1, 4000, 5000))
    second = (turn(2, 0, heard=""), turn(3, 6000, 7000))
    line = of(call(*first, *second, escalations=(tried(10, 30, state="no-answer"),)))
    assert [each.began_ms for each in line.turns] == [0, 4000, 30_000, 36_000]
    assert spans(call(*first, *second, escalations=(tried(10, 30, state="no-answer"),)), "caller")[1] == ("speech", 36_000, 37_000)


def test_it_begins_after_the_last_of_several_tries_in_a_row() -> None:
    tries = (tried(10, 20, state="busy"), tried(20.1, 40, state="no-answer"))
    line = of(call(greeting(), turn(1, 4000, 5000), turn(2, 0, heard=""), turn(3, 3000, 4000), escalations=tries))
    assert [each.began_ms for each in line.turns] == [0, 4000, 40_000, 43_000]


def test_each_of_three_lines_has_its_own_begin() -> None:
    tries = (tried(10, 20, state="busy"), tried(40, 50, state="no-answer"))
    turns = (greeting(), turn(1, 4000, 5000), turn(2, 0, heard=""), turn(3, 3000, 4000), turn(4, 0, heard=""))
    assert [each.began_ms for each in of(call(*turns, escalations=tries)).turns] == [0, 4000, 20_000, 23_000, 50_000]


def test_a_second_line_without_a_known_try_goes_on_where_the_first_stopped() -> None:
    line = of(call(greeting(), turn(1, 4000, 5000), turn(2, 0, heard=""), turn(3, 3000, 4000)))
    assert [each.began_ms for each in line.turns] == [0, 4000, 5000, 8000]


def test_words_begun_before_a_turn_of_ours_open_no_new_line() -> None:
    """A key is pressed while the caller speaks."""
    turns = (greeting(), turn(1, 3000, heard=""), turn(2, 2500, 4000))
    assert [[each.number for each in group] for group in sockets(turns)] == [[0, 1, 2]]


def test_a_greeting_that_was_all_of_the_first_line() -> None:
    assert [len(group) for group in sockets((greeting(), turn(1, 0, heard="")))] == [1, 1]


# -- the agents -------------------------------------------------------------------------
def test_an_agent_rings_is_briefed_and_talks() -> None:
    record = call(greeting(), escalations=(tried(10, 50, leg(ACCEPTED, 14, 22, 50)),), lasted_s=50)
    assert spans(record, "agent") == [("ring", 10_000, 14_000), ("briefing", 14_000, 22_000), ("talk", 22_000, 50_000)]
    assert of(record).spans[-1].told == "Asha Rao talks to the caller for 28.0 s"


@pytest.mark.parametrize(
    ("escalation", "drawn"),
    [
        (tried(10, 30, leg(LegAnswer.NONE, None, None, 30), state="no-answer"), [("ring", 10_000, 30_000)]),
        (tried(10, 20, leg(DECLINED, 14, None, 19), state="busy"), [("ring", 10_000, 14_000), ("briefing", 14_000, 19_000)]),
        (tried(10, 20, leg(ACCEPTED, 14, 18, 20), state="in-progress"), [("ring", 10_000, 14_000), ("briefing", 14_000, 18_000)]),
        (tried(10, 20, state="failed"), [("ring", 10_000, 20_000)]),
    ],
)
def test_nobody_talks_who_was_not_put_through(escalation: Escalation, drawn: list[tuple[str, int, int]]) -> None:
    assert spans(call(greeting(), escalations=(escalation,)), "agent") == drawn


def test_an_agent_who_talks_now_talks_until_now() -> None:
    record = call(greeting(), escalations=(tried(10, None, leg(ACCEPTED, 14, 22, None), state="dialling"),), lasted_s=None)
    assert spans(record, "agent", now=later(40))[-1] == ("talk", 22_000, 40_000)
    assert of(record, now=later(40)).length_ms == 40_000


def test_of_two_who_were_rung_both_are_drawn() -> None:
    legs = (leg(BRIEFED, 12, None, 16, "ravi"), leg(ACCEPTED, 13, 15, 40))
    record = call(greeting(), escalations=(tried(10, 40, *legs, agents=("asha", "ravi")),))
    ring, *rest = [span for span in of(record).spans if span.lane == "agent"]
    assert (ring.label, ring.ended_ms, [span.kind for span in rest]) == ("Asha Rao, Ravi Nair", 12_000, ["briefing", "briefing", "talk"])


# -- drawn ------------------------------------------------------------------------------
def test_a_short_call_fills_the_page_and_its_bars_are_where_they_belong() -> None:
    drawn = drawing(of(call(greeting(), turn(1, 25_000, 30_000), lasted_s=50)))
    (caller,) = [bar for bar in drawn.bars if bar.classes == "caller speech"]
    assert (caller.x, caller.width, caller.y, caller.height) == (LEFT + 500, 100, TOP, BAR)
    assert {bar.y for bar in drawn.bars if bar.classes.startswith("bot")} == {TOP + STEP}
    assert [words.text for words in drawn.lanes] == ["Caller", "Bot"]
    assert drawn.width > LEFT + 1000


@pytest.mark.parametrize(("lasted_s", "per_s"), [(3, 60.0), (50, 20.0), (300, 12.0), (1200, 4.0)])
def test_the_scale_fits_the_length(lasted_s: float, per_s: float) -> None:
    drawn = drawing(of(call(greeting(), turn(1, 1000, 2000, said=""), lasted_s=lasted_s)))
    (caller,) = [bar for bar in drawn.bars if bar.classes == "caller speech"]
    assert caller.width == per_s
    gaps = {round(then.x - first.x) for first, then in pairwise(drawn.ticks)}
    assert min(gaps, default=70) >= 70


def test_agents_have_a_lane_when_one_was_rung() -> None:
    drawn = drawing(of(call(greeting(), escalations=(tried(10, 30, state="busy"),))))
    assert [words.text for words in drawn.lanes] == ["Caller", "Bot", "Agents"]
    assert drawn.height == TOP + 3 * STEP


def test_an_interruption_is_a_line_through_caller_and_bot() -> None:
    drawn = drawing(of(call(greeting(), turn(1, 4000, 5000, interrupted=True), turn(2, 25_000, 26_000), lasted_s=50)))
    assert drawn.cuts == ((LEFT + 500, TOP, TOP + STEP + BAR),)


@pytest.mark.parametrize(("every_ms", "all_are_there"), [(3500, True), (2000, True), (1000, False)])
def test_labels_do_not_write_over_each_other(every_ms: int, all_are_there: bool) -> None:
    turns = [turn(number, number * every_ms, number * every_ms + 300, said="") for number in range(1, 20)]
    waits = [words for words in drawing(of(call(*turns, lasted_s=300))).labels if words.classes == "bot"]
    for row in {words.y for words in waits}:
        places = sorted(words.x for words in waits if words.y == row)
        assert all(then - first >= 28 for first, then in pairwise(places))
    assert (len(waits) == 19) == all_are_there


def test_the_shortest_word_can_be_seen() -> None:
    drawn = drawing(of(call(turn(1, 1000, 1001, said=""), lasted_s=3000)))
    assert min(bar.width for bar in drawn.bars) >= 2


@pytest.mark.parametrize(("ms", "text"), [(0, "0.00 s"), (660, "0.66 s"), (12_340, "12.3 s"), (59_900, "59.9 s"), (200_000, "3 min 20 s")])
def test_times_are_told_shortly(ms: int, text: str) -> None:
    assert seconds(ms) == text


def test_a_longer_call_leaves_the_turns_as_they_are() -> None:
    record = call(greeting(), turn(1, 4000, 5000), turn(2, 9000, 9500))
    assert spans(record, "caller") == spans(replace(record, ended_at=later(3000)), "caller")


# -- where the time of the answers went ---------------------------------------------------
QUICK = {
    "asked": 200, "begun": 205, "encoded": 240, "decoded": 330, "endpoint": 450, "transcribed": 452,
    "understood": 335, "first_text": 336, "voiced": 400, "reply": 470, "heard": 650,
}  # fmt: skip
SLOW = {"endpoint": 450, "asked": 450, "begun": 460, "encoded": 500, "decoded": 1400, "transcribed": 1402, "understood": 1410,
        "first_text": 1412, "voiced": 1480, "reply": 1500, "heard": 1680}  # fmt: skip


def answers(*timings: dict[str, int], **facts: Any) -> CallRecord:
    turns = (turn(number, number * 4000, timings=each, **facts) for number, each in enumerate(timings, 1))
    return call(greeting(timings={"voiced": 200}), *turns)


def test_the_slowest_answer_is_told_with_what_made_it_slow() -> None:
    found = budgets(answers(QUICK, QUICK | {"endpoint": 455, "transcribed": 456, "reply": 475}, SLOW))
    assert [each.number for each in found.turns] == [1, 2, 3]
    assert found.median_ms == 475
    assert found.slowest
    assert (found.slowest.number, found.slowest.reply_ms) == (3, 1500)
    assert found.why == "mostly recogniser: decoding, 900 ms where 90 ms are usual in this call"


@pytest.mark.parametrize(
    ("timings", "why"),
    [
        ((QUICK,), "mostly waiting for the end of speech, 450 ms"),
        ((QUICK, QUICK), "mostly waiting for the end of speech, 450 ms"),
        ((QUICK, QUICK | {"endpoint": 1200, "transcribed": 1202, "reply": 1220}),
         "mostly waiting for the end of speech, 1200 ms where 825 ms are usual in this call"),
        (({"reply": 0},), ""),
    ],
)  # fmt: skip
def test_one_answer_or_alike_ones_have_a_longest_stage(timings: tuple[dict[str, int], ...], why: str) -> None:
    assert budgets(answers(*timings)).why == why


def test_without_a_reply_there_is_no_slowest() -> None:
    found = budgets(answers({"endpoint": 450, "transcribed": 500}, {}))
    assert ([each.number for each in found.turns], found.median_ms, found.slowest, found.why) == ([1], None, None, "")


def test_turns_without_words_have_no_budget() -> None:
    assert budgets(call(greeting(timings={"voiced": 200}), turn(1, 4000, heard="", timings={"voiced": 20}))).turns == ()


def test_stages_lie_where_they_belong_and_the_wait_above_them() -> None:
    (row,) = budget_drawing(budgets(answers(QUICK | {"heard": 1000}))).rows
    bars = {bar.stage: bar for bar in row.bars}
    per_ms = BUDGET_WIDTH / 1000
    assert (bars["endpoint"].x, bars["endpoint"].width) == (BUDGET_LEFT, 450 * per_ms)
    assert (bars["decode"].x, bars["decode"].width) == (BUDGET_LEFT + 240 * per_ms, pytest.approx(90 * per_ms, abs=0.1))
    assert row.cut
    assert row.cut[0] == BUDGET_LEFT + 450 * per_ms
    assert bars["endpoint"].y + bars["endpoint"].height < bars["decode"].y
    assert {bar.stage for bar in row.bars if bar.ahead} == {"queue", "encode", "decode", "understand", "compose", "voice"}
    assert bars["decode"].told == "recogniser: decoding: 90 ms, from 240 to 330 ms (ahead)"
    assert (bars["decode"].label, bars["queue"].label, row.told) == ("90", "", "470 ms")


def test_the_work_of_a_turn_does_not_overlap() -> None:
    for timings in (QUICK, SLOW):
        (row,) = budget_drawing(budgets(answers(timings))).rows
        work = sorted((bar for bar in row.bars if bar.stage != "endpoint" and bar.width > 2), key=lambda bar: bar.x)
        assert all(then.x >= first.x + first.width - 0.2 for first, then in pairwise(work))


@pytest.mark.parametrize("longest_ms", [470, 1500, 9000, 40_000, 600_000])
def test_answers_share_a_scale_that_holds_the_longest(longest_ms: int) -> None:
    drawn = budget_drawing(budgets(answers(QUICK, {"endpoint": 450, "transcribed": 460, "reply": longest_ms})))
    assert all(bar.x >= BUDGET_LEFT and bar.x + bar.width <= BUDGET_LEFT + BUDGET_WIDTH + 2 for row in drawn.rows for bar in row.bars)
    assert 2 <= len(drawn.ticks) <= 11
    assert drawn.rows[0].y < drawn.rows[1].y < drawn.height


def test_every_stage_has_a_colour_and_a_place_in_the_legend() -> None:
    style = (Path(__file__).parent.parent / "console/static/desk.css").read_text()
    assert all(f"svg.budget rect.{name} " in style for name in IN_WORDS)
    assert [kind for kinds, _ in LEGEND for kind in kinds] == list(IN_WORDS)
