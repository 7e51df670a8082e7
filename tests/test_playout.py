"""Our side of the sound: paced, clocked by what the caller has heard, paused and taken up again."""

from typing import Any

from calls.call import Outcome, OutcomeKind, Question, Say, Turn
from calls.events import Replied, Said, Sound
from stream.fake import RATE, tone
from stream.playout import Playout, level_db

TURN = Turn(1)
HELLO, WORLD = Say("one two three four five six seven eight nine ten", "en"), Say("anything else", "en", Question.ANYTHING_ELSE)


def sound(say: Say, ms: int, *, interruptible: bool = True) -> Sound:
    return Sound(TURN, say, tone(ms), interruptible)


class Run:
    """Drives a playout with a clock of 20 ms steps."""

    def __init__(self, *items: Any) -> None:
        self.playout, self.now, self.out = Playout(sample_rate=RATE), 0.0, []
        for item in items:
            self.playout.add(item)

    def until(self, end_s: float) -> "Run":
        while self.now < end_s - 1e-9:
            self.out += [(round(self.now, 3), item) for item in self.playout.due(self.now)]
            self.now += 0.02
        return self

    def sent_ms(self) -> float:
        return sum(len(item.pcm) / RATE / 2 * 1000 for _, item in self.out if isinstance(item, Sound))

    def events(self) -> list[Any]:
        return [(at, item) for at, item in self.out if not isinstance(item, Sound)]


def test_never_more_than_the_lead_ahead() -> None:
    run = Run(sound(HELLO, 5000))
    for step in range(1, 200):
        run.until(step * 0.02)
        assert run.sent_ms() - run.now * 1000 <= 240 + 80


def test_the_first_200_ms_go_out_at_once() -> None:
    assert Run(sound(HELLO, 5000)).until(0.02).sent_ms() >= 200


def test_said_comes_out_when_the_caller_has_heard_it() -> None:
    run = Run(sound(HELLO, 1000), Said(TURN, HELLO), sound(WORLD, 500), Said(TURN, WORLD), Replied(TURN)).until(3)
    at = {type(item).__name__ + (item.say.text[:3] if isinstance(item, Said) else ""): when for when, item in run.events()}
    assert 1.0 <= at["Saidone"] <= 1.04
    assert 1.5 <= at["Saidany"] <= 1.54
    assert 1.7 <= at["Replied"] <= 1.74, "after the 200 ms of silence that flush the far prebuffer"


def test_small_chunks_of_a_sentence_leave_in_pieces_of_80_ms() -> None:
    run = Run(*(sound(HELLO, 10) for _ in range(100))).until(2)
    assert {len(item.pcm) for _, item in run.out} == {80 * 32, 40 * 32}


def test_a_false_alarm_is_taken_up_where_the_caller_stopped_hearing() -> None:
    run = Run(sound(HELLO, 2000), Said(TURN, HELLO)).until(0.8)
    assert run.playout.hold(run.now), "something is on its way: killAudio is needed"
    before = run.sent_ms()
    run.until(1.6)
    assert run.sent_ms() == before, "silent while held"
    run.playout.resume(run.now)
    run.until(4.5)
    heard_again = run.sent_ms() - 2000
    assert 240 <= heard_again <= 240 + 240 + 80, "what killAudio destroyed, and a moment before it"
    assert [type(item) for _, item in run.events()] == [Said]


def test_a_hold_between_sentences_repeats_nothing() -> None:
    run = Run(sound(HELLO, 400), Said(TURN, HELLO)).until(1.0)
    assert not run.playout.hold(run.now), "nothing is on its way"
    run.playout.resume(run.now)
    run.playout.add(sound(WORLD, 400))
    assert run.until(2.0).sent_ms() == 800


def test_stopping_tells_how_much_of_the_sentence_was_heard() -> None:
    run = Run(sound(HELLO, 2000), Said(TURN, HELLO), sound(WORLD, 500), Said(TURN, WORLD), Replied(TURN)).until(1.0)
    cut = run.playout.stop(run.now)
    assert cut is not None
    assert cut.say.text in ("one two three four", "one two three four five")
    assert not run.playout.busy(run.now)
    assert run.until(3.0).events() == [], "what was not heard is not said"


def test_stopping_before_a_word_was_heard_cuts_nothing() -> None:
    run = Run(sound(HELLO, 2000), Said(TURN, HELLO)).until(0.02)
    assert run.playout.stop(run.now) is None


def test_the_disclosure_plays_on() -> None:
    disclosure = Say("this call may be recorded", "en")
    run = Run(sound(disclosure, 1000, interruptible=False), Said(TURN, disclosure, False), sound(HELLO, 1000), Said(TURN, HELLO)).until(0.3)
    assert not run.playout.hold(run.now)
    run.until(2.0)
    assert run.sent_ms() == 1000, "all of the disclosure, nothing of the greeting behind it"
    assert [item.say for _, item in run.events()] == [disclosure]
    assert run.playout.stop(run.now) is None
    assert run.until(4.0).sent_ms() == 1000


def test_stopping_in_the_disclosure_keeps_it_and_drops_the_greeting() -> None:
    disclosure = Say("this call may be recorded", "en")
    run = Run(sound(disclosure, 1000, interruptible=False), Said(TURN, disclosure, False), sound(HELLO, 1000), Said(TURN, HELLO)).until(0.3)
    run.playout.stop(run.now)
    run.playout.add(sound(WORLD, 200))
    run.until(3.0)
    assert run.sent_ms() == 1200
    assert [item.say for _, item in run.events()] == [disclosure]


def test_after_a_kill_it_stays_silent_for_a_moment() -> None:
    run = Run(sound(HELLO, 2000)).until(0.5)
    killed_at = run.now
    run.playout.stop(run.now)
    run.playout.add(sound(WORLD, 500))
    run.out.clear()
    run.until(1.0)
    assert run.out[0][0] - killed_at >= 0.02, "sound sent 0-5 ms after killAudio was lost in the recordings"


def test_a_reply_that_ends_the_call_carries_its_outcome_to_the_end() -> None:
    goodbye = Outcome(OutcomeKind.FINISHED, "goodbye")
    run = Run(sound(HELLO, 300), Said(TURN, HELLO), Replied(TURN, goodbye)).until(2)
    assert run.events()[-1][1].outcome is goodbye
    assert run.events()[-1][0] >= 0.5


def test_it_knows_how_loud_an_echo_may_be() -> None:
    run = Run(sound(HELLO, 1000))
    assert run.playout.echo_db(0.0) is None
    run.until(0.5)
    loudness = run.playout.echo_db(run.now)
    assert loudness is not None
    assert abs(loudness - -20.0) < 0.5
    run.until(1.2)
    assert run.playout.echo_db(run.now) is not None, "an echo comes late"
    run.until(1.6)
    assert run.playout.echo_db(run.now) is None


def test_it_knows_when_it_asks() -> None:
    run = Run(sound(HELLO, 500), Said(TURN, HELLO), sound(WORLD, 500), Said(TURN, WORLD)).until(0.3)
    assert not run.playout.asking()
    assert run.until(0.8).playout.asking()


def test_levels() -> None:
    assert abs(level_db(tone(100, db=-20)) - -20) < 0.1
    assert level_db(bytes(640)) == -100
    assert level_db(b"") == -100
