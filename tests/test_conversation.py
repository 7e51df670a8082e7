"""A whole call without a socket: a scripted line, engines that do what they are told, and a clock that jumps 20 ms a frame."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from calls.agents import Customer
from calls.call import Call, CallerProfile, Completeness, Intent, Outcome, OutcomeKind, Question, Say, Transcript, Turn, Usage
from calls.errors import CrmError, JournalError
from calls.events import Dtmf
from calls.live import STATES
from stream.conversation import Conversation, House
from stream.fake import (
    InlinePool,
    Loudness,
    ScriptedLine,
    ScriptedRecognizer,
    ScriptedUnderstanding,
    ToneVoice,
    silence,
    speech,
)
from stream.lane import Lanes
from stream.manners import is_echo
from stream.waiting import Waiting
from stream.work import Engines
from tests.call_rig import ANSWER, DISCLOSURE_S, GOODBYE, GREETING_S, LICENSE, OPENING_S, REPLIES, SETTINGS, TO_HUMAN, Notes, play

WITH_WORDS_MS = Waiting(SETTINGS.listening).with_words_ms(Completeness.OPEN)  # the silence that ends words which do not tell


def test_disclosure_and_greeting_then_a_question_and_a_goodbye() -> None:
    call = play(silence(OPENING_S), speech(1), silence(5), speech(0.5), silence(4), hears=("licence", "bye"))
    assert call.outcome == GOODBYE
    assert call.notes.outcomes == [GOODBYE]
    assert call.notes.turns[0].said == [SETTINGS.prompts.disclosure["en"], SETTINGS.prompts.greeting["en"]]
    assert call.notes.turns[1].said == [ANSWER, "anything else?"]
    assert call.notes.turns[1].intent == LICENSE
    assert call.notes.turns[1].asked is Question.ANYTHING_ELSE
    assert call.notes.turns[2].said == ["goodbye"]
    assert call.notes.closed == 1
    assert call.line.times("disconnect"), "the last sentence was heard, then the line was let go"


def test_the_reply_comes_at_once_after_the_end_of_speech() -> None:
    call = play(silence(OPENING_S), speech(1), silence(6), hears=("licence",))
    end_of_speech = OPENING_S + 1
    first = next(at for at, sent in call.line.sent if isinstance(sent, bytes) and any(sent) and at > end_of_speech)
    assert WITH_WORDS_MS <= (first - end_of_speech) * 1000 + 1 <= WITH_WORDS_MS + 100
    timings = call.notes.turns[1].timings
    stamps = timings.endpoint, timings.transcribed, timings.understood, timings.reply
    assert WITH_WORDS_MS <= (stamps[0] or 0) <= (stamps[1] or 0) <= (stamps[2] or 0) <= (stamps[3] or 0) <= WITH_WORDS_MS + 90


def test_the_caller_may_interrupt_and_the_history_keeps_what_was_heard() -> None:
    call = play(silence(OPENING_S), speech(1), silence(2), speech(1), silence(3), hears=("licence", "human"))
    (killed_at,) = call.line.times("kill")
    assert 0.1 <= killed_at - (OPENING_S + 3) <= 0.2
    first = call.notes.turns[1]
    assert first.interrupted.is_set()
    assert len(first.said) == 1
    assert ANSWER.startswith(first.said[0])
    assert 8 <= len(first.said[0].split()) <= 18, "about 1.6 of 2.55 s"
    assert call.understanding.asked[-1] == ("human", ("", "licence"))
    assert call.outcome == TO_HUMAN


@pytest.mark.parametrize("sound", ["ok", "Hmm.", "हाँ", "சரி", ""])
def test_an_acknowledgement_does_not_interrupt(sound: str) -> None:
    call = play(silence(OPENING_S), speech(1), silence(2), speech(0.3), silence(8), hears=("licence", sound))
    assert len(call.line.times("kill")) == 1, "paused while we do not know"
    assert call.notes.turns[1].said == [ANSWER, "anything else?"], "then said to its end"
    assert not call.notes.turns[1].interrupted.is_set()
    assert call.heard() == ["licence"]


def test_a_yes_over_our_question_is_its_answer() -> None:
    call = play(silence(OPENING_S), speech(1), silence(1.6), speech(0.3), silence(8), hears=("ask", "yes"))
    assert call.heard() == ["ask", "yes"]


def test_our_own_echo_does_not_interrupt() -> None:
    echo = Transcript("k l m n o p", "en")
    say = "we renew it in the help menu under license and then a b c d e f g h i j k l m n o p"
    replies = REPLIES | {"licence": [LICENSE, Say(say, "en"), Say(say + " again", "en")]}
    call = play(silence(OPENING_S), speech(1), silence(6), speech(0.5), silence(9), hears=("licence", echo), replies=replies)
    assert call.heard() == ["licence"]
    assert call.notes.turns[1].said == [say, say + " again"]


def test_nothing_interrupts_the_disclosure_but_the_words_are_heard() -> None:
    call = play(silence(1), speech(1), silence(DISCLOSURE_S + 4), speech(0.5), silence(3), hears=("licence", "bye"))
    assert call.line.times("kill") == []
    assert call.notes.turns[0].said == [SETTINGS.prompts.disclosure["en"]], "the greeting is not needed any more"
    assert call.notes.turns[1].said == [ANSWER, "anything else?"]
    reply_at = next(at for at, _ in call.line.sent if at > DISCLOSURE_S)
    assert reply_at - DISCLOSURE_S < 0.5


def test_the_greeting_may_be_interrupted() -> None:
    call = play(silence(DISCLOSURE_S + 1), speech(1), silence(5), hears=("licence",))
    assert len(call.line.times("kill")) == 1
    assert call.notes.turns[1].said == [ANSWER, "anything else?"]


def test_words_that_a_pause_cut_apart_belong_together() -> None:
    call = play(
        silence(OPENING_S),
        speech(0.5),
        silence(0.42),
        speech(0.5),
        silence(7),
        hears=("my", "licence"),
        replies={"my licence": REPLIES["licence"]},
    )
    assert call.heard() == ["my licence"]
    assert call.notes.turns[1].said == [ANSWER, "anything else?"]


def test_what_cannot_be_made_out_is_asked_again_but_a_cough_is_not() -> None:
    call = play(silence(OPENING_S), speech(1), silence(3), speech(0.2), silence(3), hears=("", ""))
    assert [turn.said for turn in call.notes.turns.values()][1:] == [["sorry?"]]


@pytest.mark.parametrize(("digit", "intent"), [("0", "transfer_to_human"), ("1", "license_renewal")])
def test_a_key_is_as_good_as_words(digit: str, intent: str) -> None:
    call = play(silence(1), [Dtmf(digit)], silence(9), replies={"": REPLIES["human"]})
    assert call.notes.turns[1].intent == Intent("transfer_to_human"), "as the understanding says"
    assert call.conversation.turns[1].number == 1
    assert call.outcome == TO_HUMAN


def test_key_9_declines_the_recording_and_the_greeting_follows() -> None:
    call = play(silence(1), [Dtmf("9")], silence(DISCLOSURE_S + GREETING_S + 6))
    assert call.notes.declined
    assert call.notes.turns[1].said == [SETTINGS.prompts.recording_off["en"], SETTINGS.prompts.greeting["en"]]
    assert call.notes.turns[1].asked is Question.OPEN


def test_keys_without_a_meaning_change_nothing() -> None:
    call = play(silence(1), [Dtmf("7"), Dtmf("*")], silence(OPENING_S))
    assert call.notes.turns[0].said == [SETTINGS.prompts.disclosure["en"], SETTINGS.prompts.greeting["en"]]


def test_a_silent_caller_is_asked_twice_and_then_handed_to_a_human() -> None:
    call = play(silence(60))
    assert [turn.said for turn in call.notes.turns.values()][1:3] == [[SETTINGS.prompts.still_there["en"]]] * 2
    assert call.outcome == Outcome(OutcomeKind.ESCALATED, "silence")


def test_a_caller_who_falls_silent_is_said_goodbye() -> None:
    call = play(silence(OPENING_S), speech(1), silence(60), hears=("licence",))
    assert call.outcome == Outcome(OutcomeKind.FINISHED, "silence")


def test_a_call_that_does_not_end_goes_to_a_human() -> None:
    settings = SETTINGS.model_copy(update={"limits": SETTINGS.limits.model_copy(update={"max_call_s": 30})})
    talk = [speech(0.8) + silence(4)] * 10
    call = play(silence(OPENING_S), *talk, hears=("licence",) * 10, settings=settings)
    assert call.outcome == Outcome(OutcomeKind.ESCALATED, "time_up")


def test_last_words_before_a_hang_up_are_kept() -> None:
    call = play(silence(OPENING_S), speech(1), hears=("licence",))
    assert call.outcome.kind is OutcomeKind.HUNG_UP
    assert call.heard() == ["licence"]
    assert call.notes.turns[1].intent == LICENSE
    assert call.notes.turns[1].said == []


def test_a_hang_up_in_mid_sentence_keeps_what_was_heard() -> None:
    call = play(silence(OPENING_S), speech(1), silence(1.5), hears=("licence",))
    assert call.outcome.kind is OutcomeKind.HUNG_UP
    assert ANSWER.startswith(call.notes.turns[1].said[0])
    assert call.notes.closed == 1


def test_the_transfer_is_not_talked_away() -> None:
    call = play(silence(OPENING_S), speech(1), silence(0.9), speech(0.5), silence(4), hears=("human", "thank you"))
    assert call.outcome == TO_HUMAN
    assert call.heard() == ["human"]


def test_a_goodbye_may_be_talked_away() -> None:
    replies = REPLIES | {"bye": [Intent("goodbye"), Say(ANSWER, "en"), GOODBYE]}
    call = play(silence(OPENING_S), speech(1), silence(1.0), speech(0.5), silence(2.5), hears=("bye", "licence"), replies=replies)
    assert call.heard() == ["bye", "licence"]


@pytest.mark.parametrize(("hears", "said"), [((RuntimeError("gpu"), "licence"), "trouble")])
def test_a_recogniser_that_fails_once_is_excused(hears: tuple[Any, ...], said: str) -> None:
    call = play(silence(OPENING_S), speech(1), silence(9), speech(1), silence(9), hears=hears)
    assert call.notes.turns[1].said == [SETTINGS.prompts.trouble["en"]]
    assert call.heard() == ["licence"]


@pytest.mark.parametrize(("without_ears", "then"), [("jambonz", OutcomeKind.UNHEARD), ("human", OutcomeKind.ESCALATED)])
def test_a_recogniser_that_fails_twice_gives_the_caller_to_other_ears_or_to_a_human(without_ears: str, then: OutcomeKind) -> None:
    listening = SETTINGS.listening.model_copy(update={"without_ears": without_ears})
    settings = SETTINGS.model_copy(update={"listening": listening})
    script = silence(OPENING_S), speech(1), silence(9), speech(1), silence(9)
    call = play(*script, hears=(RuntimeError(), RuntimeError()), settings=settings)
    assert call.outcome == Outcome(then, "engine_failed")


def test_without_a_voice_the_caller_reaches_a_human() -> None:
    assert play(silence(3), voice=ToneVoice(fails=True)).outcome == Outcome(OutcomeKind.ESCALATED, "engine_failed")


def test_a_journal_that_fails_lets_the_line_go() -> None:
    call = play(silence(OPENING_S), speech(1), silence(3), hears=("bye",), notes=Notes(fails=True))
    assert call.line.times("disconnect")


def test_a_ticket_that_cannot_be_written_does_not_hold_the_call() -> None:
    class Refusing(Notes):
        def close(self, call_sid: str) -> None:
            raise CrmError("full")

    call = play(silence(OPENING_S), speech(1), silence(3), hears=("bye",), notes=Refusing())
    assert call.outcome == GOODBYE
    assert call.line.times("disconnect")


def test_when_nobody_took_the_call_the_bot_comes_back() -> None:
    call = play(silence(8), speech(1), silence(2), hears=("bye",), after="no_agent")
    assert call.notes.turns[0].said == [SETTINGS.prompts.no_agent["en"], SETTINGS.prompts.anything_else["en"]]
    assert call.notes.turns[0].asked is Question.ANYTHING_ELSE


def test_a_heartbeat_every_ten_seconds() -> None:
    assert 3 <= play(silence(25)).notes.beats <= 4, "one at the beginning"


def test_the_reply_follows_the_callers_language() -> None:
    call = play(silence(OPENING_S), speech(1), silence(9), hears=(Transcript("लाइसेंस", "hi"),))
    assert call.notes.turns[1].language == "hi"
    call = play(silence(OPENING_S), speech(1), silence(30), hears=(Transcript("लाइसेंस", "hi"),))
    assert SETTINGS.prompts.still_there["hi"] in call.notes.turns[2].said


RAVI = CallerProfile("Ravi", "T-1001", "gst_query")


def test_a_known_caller_is_greeted_by_name_and_offered_the_open_ticket() -> None:
    call = play(
        silence(OPENING_S + 5),
        speech(0.5),
        silence(3),
        hears=("yes",),
        replies={"yes": [Intent("yes"), Say("go on", "en")]},
        profile=lambda phone: RAVI,
    )
    assert call.notes.turns[0].said[1:] == [
        "Hello Ravi, you have reached the Tally helpdesk. How can I help you?",
        "Is it about your open ticket T-1001, GST?",
    ]
    assert call.notes.turns[0].asked is Question.ABOUT_TICKET
    assert call.notes.about == "T-1001"


def test_a_no_leaves_the_ticket_alone() -> None:
    call = play(
        silence(OPENING_S + 5),
        speech(0.5),
        silence(3),
        hears=("no",),
        replies={"no": [Intent("no"), Say("go on", "en")]},
        profile=lambda phone: RAVI,
    )
    assert call.notes.about == ""


def test_a_caller_without_a_name_or_without_a_ticket() -> None:
    call = play(silence(OPENING_S + 5), profile=lambda phone: CallerProfile("", "T-7", "other"))
    assert call.notes.turns[0].said[1:] == [SETTINGS.prompts.greeting["en"], "Is it about your open ticket T-7, your last call?"]
    call = play(silence(OPENING_S + 5), profile=lambda phone: CallerProfile("Ravi"))
    assert len(call.notes.turns[0].said) == 2
    assert call.notes.turns[0].asked is Question.OPEN


class LatePool(InlinePool):
    """Does its jobs when told to."""

    def __init__(self) -> None:
        self.jobs: list[Callable[[], None]] = []

    def submit(self, fn: Callable[[], None], /) -> None:
        self.jobs.append(fn)


@pytest.mark.parametrize(
    ("known_after_s", "by_name"), [(1.0, True), (DISCLOSURE_S - 0.6, True), (DISCLOSURE_S + 0.3, False), (OPENING_S + 2, False)]
)
def test_the_greeting_never_waits_for_the_files(known_after_s: float, by_name: bool) -> None:
    files, line = LatePool(), ScriptedLine(silence(OPENING_S + 4))
    engines = Engines(lambda rate: Loudness(), ScriptedRecognizer(), ScriptedUnderstanding({}), ToneVoice())
    lanes, notes = Lanes(ear=InlinePool(), mind=InlinePool(), pen=InlinePool(), files=files), Notes()
    house = House(engines, notes, notes.close, SETTINGS, lanes, lambda phone: CallerProfile("Ravi"), clock=line.clock)
    conversation = Conversation(Call("c1", "+911", "+912"), line, house)  # type: ignore[arg-type]
    receive = line.receive

    def receive_and_look(timeout: float) -> Any:
        if files.jobs and line.now >= known_after_s:
            files.jobs.pop()()
        return receive(timeout)

    line.receive = receive_and_look  # type: ignore[method-assign]
    conversation.run()
    assert ("Ravi" in " ".join(notes.turns[0].said)) is by_name
    assert len(notes.turns[0].said) == 2
    silences = [at - before for (before, _), (at, _) in zip(line.sent, line.sent[1:], strict=False) if at < OPENING_S]
    assert max(silences) < 0.3


def test_what_is_known_before_the_greeting_is_made_waits_for_it() -> None:
    """The files answer in a millisecond, the voice takes longer: one greeting is heard, not two."""
    minds, line = LatePool(), ScriptedLine(silence(OPENING_S + 4))
    engines = Engines(lambda rate: Loudness(), ScriptedRecognizer(), ScriptedUnderstanding({}), ToneVoice())
    lanes, notes = Lanes(ear=InlinePool(), mind=minds, pen=InlinePool(), files=InlinePool()), Notes()
    house = House(engines, notes, notes.close, SETTINGS, lanes, lambda phone: CallerProfile("Ravi"), clock=line.clock)
    conversation = Conversation(Call("c1", "+911", "+912"), line, house)  # type: ignore[arg-type]
    receive = line.receive

    def receive_and_speak(timeout: float) -> Any:
        if minds.jobs and line.now >= 0.1:
            minds.jobs.pop()()
        return receive(timeout)

    line.receive = receive_and_speak  # type: ignore[method-assign]
    conversation.run()
    assert len(notes.turns[0].said) == 2
    assert "Ravi" in notes.turns[0].said[1]


# -- what the records get ---------------------------------------------------------------------
PROMISED = Outcome(OutcomeKind.CALLBACK, "asked")
PROMISE = {"call me": [Intent("yes"), Say("we will", "en"), PROMISED]}


def test_a_promised_call_back_is_noted_before_the_outcome() -> None:
    call = play(silence(OPENING_S), speech(1), silence(3), hears=("call me",), replies=PROMISE)
    assert call.outcome == PROMISED
    assert (call.notes.promised, call.notes.outcomes, call.notes.closed) == (["c1"], [PROMISED], 1)


def test_nothing_is_promised_where_no_call_back_was() -> None:
    assert play(silence(OPENING_S), speech(1), silence(3), hears=("bye",)).notes.promised == []
    assert play(silence(OPENING_S), speech(1), silence(3), hears=("human",)).notes.promised == []


def test_a_promise_that_cannot_be_noted_does_not_lose_the_outcome() -> None:
    class Forgetful(Notes):
        def promise(self, call_sid: str) -> None:
            raise JournalError("down")

    call = play(silence(OPENING_S), speech(1), silence(3), hears=("call me",), replies=PROMISE, notes=Forgetful())
    assert (call.notes.outcomes, call.notes.closed) == ([PROMISED], 1)
    assert call.line.times("disconnect")


CUSTOMER = Customer("Ravi", "hubspot", "17")


def test_the_customer_is_journalled() -> None:
    assert play(silence(OPENING_S), profile=lambda phone: CallerProfile("Ravi", customer=CUSTOMER)).notes.customer == CUSTOMER
    assert play(silence(OPENING_S), profile=lambda phone: CallerProfile("Ravi")).notes.customer is None


@pytest.mark.parametrize("known_after_s", [OPENING_S + 1, OPENING_S + 4.02])
def test_a_customer_known_too_late_for_the_greeting_is_journalled_all_the_same(known_after_s: float) -> None:
    """The later of the two comes when the caller has hung up."""
    files, line = LatePool(), ScriptedLine(silence(OPENING_S + 4))
    engines = Engines(lambda rate: Loudness(), ScriptedRecognizer(), ScriptedUnderstanding({}), ToneVoice())
    lanes, notes = Lanes(ear=InlinePool(), mind=InlinePool(), pen=InlinePool(), files=files), Notes()
    house = House(engines, notes, notes.close, SETTINGS, lanes, lambda phone: CallerProfile("Ravi", customer=CUSTOMER), clock=line.clock)
    conversation = Conversation(Call("c1", "+911", "+912"), line, house)  # type: ignore[arg-type]
    receive = line.receive

    def receive_and_look(timeout: float) -> Any:
        event = receive(timeout)
        if files.jobs and line.now >= known_after_s:
            files.jobs.pop()()
        return event

    line.receive = receive_and_look  # type: ignore[method-assign]
    conversation.run()
    assert notes.customer == CUSTOMER
    assert "Ravi" not in " ".join(notes.turns[0].said)


# -- what the people who watch are told ---------------------------------------------------------
class Watching:
    """A `Tell` that keeps what it is told, as (kind, data)."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, kind: str, call_sid: str, data: Mapping[str, Any]) -> None:
        assert call_sid == "c1"
        self.told.append((kind, dict(data)))

    def row(self, part: str) -> list[Any]:
        return [data[part] for kind, data in self.told if kind == "call" and part in data]

    def words(self, speaker: str) -> list[dict[str, Any]]:
        return [data for kind, data in self.told if kind == "words" and data["speaker"] == speaker]


def test_the_watchers_are_told_what_changes_and_no_more() -> None:
    watching = Watching()
    play(silence(OPENING_S), speech(1), silence(5), speech(0.5), silence(4), hears=("licence", "bye"), tell=watching)
    assert watching.told[0] == ("call", {"caller": "+911", "language": "en", "turns": 0})
    assert watching.row("state") == ["greeting", *["listening", "speaking"] * 2], "engines that take no time never think"
    assert watching.row("intent") == ["license_renewal"], "a goodbye is no wish"
    assert watching.row("confidence") == [0.9]
    assert watching.row("last_words") == ["licence", "bye"]
    assert watching.row("turns") == [0, 1, 2]
    assert watching.row("language") == ["en"]
    assert all(WITH_WORDS_MS <= ms <= WITH_WORDS_MS + 90 for ms in watching.row("reply_ms"))


def test_the_watchers_read_along() -> None:
    watching = Watching()
    call = play(silence(OPENING_S), speech(1), silence(5), hears=("licence",), tell=watching)
    first, understood, replied = watching.words("caller")
    assert first == {"number": 1, "speaker": "caller", "text": "licence", "language": "en"}
    assert understood == {**first, "intent": "license_renewal", "confidence": 0.9}
    assert replied == {**understood, "reply_ms": call.notes.turns[1].timings.reply}
    said = [(each["number"], each["text"]) for each in watching.words("bot")]
    prompts = SETTINGS.prompts
    assert said == [(0, prompts.disclosure["en"]), (0, prompts.greeting["en"]), (1, ANSWER), (1, "anything else?")]


def test_the_watchers_read_what_was_heard_of_an_interrupted_answer() -> None:
    watching = Watching()
    call = play(silence(OPENING_S), speech(1), silence(2), speech(1), silence(3), hears=("licence", "human"), tell=watching)
    cut = [each["text"] for each in watching.words("bot") if each["number"] == 1]
    assert cut == call.notes.turns[1].said
    assert cut[0] != ANSWER


def test_the_state_tells_thinking_from_speaking() -> None:
    """The recogniser takes half a second of the caller's time."""
    watching, ears = Watching(), LatePool()
    line = ScriptedLine(silence(OPENING_S) + speech(1) + silence(5))
    engines = Engines(lambda rate: Loudness(), ScriptedRecognizer("licence"), ScriptedUnderstanding(REPLIES), ToneVoice())
    lanes, notes = Lanes(ear=ears, mind=InlinePool(), pen=InlinePool(), files=InlinePool()), Notes()
    house = House(engines, notes, notes.close, SETTINGS, lanes, clock=line.clock, tell=watching)
    conversation = Conversation(Call("c1", "+911", "+912"), line, house)  # type: ignore[arg-type]
    receive = line.receive

    def receive_and_hear(timeout: float) -> Any:
        if ears.jobs and line.now >= OPENING_S + 2:
            ears.jobs.pop()()
        return receive(timeout)

    line.receive = receive_and_hear  # type: ignore[method-assign]
    conversation.run()
    assert watching.row("state") == ["greeting", "listening", "thinking", "speaking", "listening"]
    assert set(watching.row("state")) <= set(STATES)


def test_a_key_shows_what_is_wanted_and_has_no_words() -> None:
    watching = Watching()
    play(silence(1), [Dtmf("1")], silence(9), replies={"": REPLIES["licence"]}, tell=watching)
    assert watching.row("intent") == ["license_renewal"]
    assert watching.words("caller") == []


def test_a_caller_without_a_number_is_not_told_as_one() -> None:
    watching, line, notes = Watching(), ScriptedLine(silence(1)), Notes()
    engines = Engines(lambda rate: Loudness(), ScriptedRecognizer(), ScriptedUnderstanding({}), ToneVoice())
    lanes = Lanes(ear=InlinePool(), mind=InlinePool(), pen=InlinePool(), files=InlinePool())
    house = House(engines, notes, notes.close, SETTINGS, lanes, clock=line.clock, tell=watching)
    Conversation(Call("c1", "", ""), line, house).run()  # type: ignore[arg-type]
    assert watching.row("caller") == []


def test_nothing_of_the_call_hangs_on_the_watchers(caplog: pytest.LogCaptureFixture) -> None:
    def broken(kind: str, call_sid: str, data: Mapping[str, Any]) -> None:
        raise RuntimeError("no live today")

    call = play(silence(OPENING_S), speech(1), silence(5), speech(0.5), silence(4), hears=("licence", "bye"), tell=broken)
    assert call.outcome == GOODBYE
    assert call.notes.turns[1].said == [ANSWER, "anything else?"]
    assert [record.message for record in caplog.records] == ["a live event could not be told"], "once a call"


# -- numbers that are asked for -----------------------------------------------------------------
ASK = {
    **REPLIES,
    "where is it": [Intent("order_status", 0.9), Say("your order number please?", "en", Question.SLOT, "order_id")],
    "4567": [Intent("details", 0.97, {"order_id": "4567"}), Say("on its way", "en", Question.ANYTHING_ELSE)],
}
ASKED = (silence(OPENING_S), speech(1), silence(2))


def keys(digits: str) -> list[Any]:
    return [event for digit in digits for event in (Dtmf(digit), *silence(0.4))]


@pytest.mark.parametrize("digits", ["4567#", "99*4567#", "4567"])
def test_keys_are_the_digits_of_what_was_asked_for(digits: str) -> None:
    call = play(*ASKED, keys(digits), silence(7), hears=("where is it",), replies=ASK)
    turn = call.notes.turns[2]
    assert (turn.heard, turn.keyed, turn.intent) == ("4567", True, Intent("details", 0.97, {"order_id": "4567"}))
    assert call.notes.turns[1].asked_slot == "order_id"
    assert not call.notes.declined


def test_a_key_stops_the_question_for_the_number() -> None:
    call = play(silence(OPENING_S), speech(1), silence(1), keys("4567#"), silence(3), hears=("where is it",), replies=ASK)
    assert call.notes.turns[1].interrupted.is_set()
    assert call.heard() == ["where is it", "4567"]


LONG = Say("i am connecting you to somebody who knows it and who will be with you in a moment or two or three", "en")
READ_BACK = [
    Intent("details", 0.97, {"order_id": "4567"}),
    Say("i have understood 4 5 6 7 and nothing else at all.", "en", Question.CONFIRM_SLOT, "order_id"),
    Say("is that right?", "en", Question.CONFIRM_SLOT, "order_id"),
]
TOLD = {**ASK, "4567": READ_BACK, "wait": [Intent("wait", 0.97)]}


def test_keys_put_right_what_is_read_back() -> None:
    """The 9 of the number declines no recording."""
    call = play(*ASKED, keys("4567#"), silence(1), keys("9999#"), silence(4), hears=("where is it",), replies=TOLD)
    assert call.heard() == ["where is it", "4567", "9999"]
    assert not call.notes.declined


def test_who_asks_for_a_moment_may_still_key_it_in() -> None:
    call = play(*ASKED, speech(0.6), silence(3), keys("9999#"), silence(4), hears=("where is it", "wait"), replies=TOLD)
    assert call.heard() == ["where is it", "wait", "9999"]
    assert not call.notes.declined


def test_who_looks_for_the_number_is_still_asked_for_it() -> None:
    call = play(*ASKED, silence(12), keys("4567#"), silence(3), hears=("where is it",), replies=ASK)
    silent = call.notes.turns[2]
    assert silent.said == [SETTINGS.prompts.still_there["en"], "your order number please?"]
    assert (silent.asked, silent.asked_slot) == (Question.SLOT, "order_id")
    assert call.heard() == ["where is it", "4567"]


def test_the_question_for_a_number_outlives_a_fault_and_a_declined_recording() -> None:
    hears = ("where is it", RuntimeError("gpu"))
    call = play(*ASKED, speech(0.6), silence(5), keys("9#"), silence(5), hears=hears, replies=ASK)
    asked = [(turn.asked, turn.asked_slot) for number, turn in sorted(call.notes.turns.items()) if number in (2, 3)]
    assert asked == [(Question.SLOT, "order_id")] * 2
    assert call.notes.declined


def test_keys_before_a_hang_up_are_kept() -> None:
    call = play(*ASKED, keys("4567"), hears=("where is it",), replies=ASK)
    assert call.outcome.kind is OutcomeKind.HUNG_UP
    assert call.notes.turns[2].intent == Intent("details", 0.97, {"order_id": "4567"})


def test_keys_left_over_do_not_hold_up_who_is_connected() -> None:
    hears = ("where is it", "human")
    call = play(*ASKED, keys("45"), speech(0.6), silence(9), hears=hears, replies={**ASK, "human": [*REPLIES["human"][:1], LONG, TO_HUMAN]})
    assert (call.outcome, call.heard()) == (TO_HUMAN, ["where is it", "human"])


@pytest.mark.parametrize(("after_s", "heard"), [(1.0, ["where is it", "4567"]), (3.3, ["where is it", "4567", "okay"])])
def test_an_okay_counts_when_all_was_read_back(after_s: float, heard: list[str]) -> None:
    """Over the digits it says no more than that the caller listens."""
    hears = ("where is it", "4567", "okay")
    call = play(*ASKED, speech(0.6), silence(1.3 + after_s), speech(0.4), silence(4), hears=hears, replies=TOLD)
    assert call.heard() == heard


def test_a_single_key_still_stands_for_its_wish() -> None:
    call = play(*ASKED, keys("0#"), silence(3), hears=("where is it",), replies={**ASK, "": REPLIES["human"]})
    assert call.outcome == TO_HUMAN


def test_who_reads_out_a_number_may_breathe() -> None:
    """A pause that ends any other turn does not end this one."""
    breath = [*speech(0.6), *silence(0.9), *speech(0.6), *silence(3)]
    read = play(*ASKED, breath, hears=("where is it", "4567"), replies=ASK)
    assert read.heard() == ["where is it", "4567"]
    talk = play(silence(OPENING_S), breath, hears=("licence", "bye"))
    assert talk.heard() == ["licence", "bye"]


# -- languages, and what a model cost -------------------------------------------------------------
def test_the_language_of_a_turn_is_decided_by_the_house() -> None:
    line, notes = ScriptedLine([*silence(OPENING_S), *speech(1), *silence(3)]), Notes()
    asked: list[tuple[str, int, str]] = []

    def follow(transcript: Transcript, turns: Any, language: str) -> str:
        asked.append((transcript.text, len(turns), language))
        return "ta"

    engines = Engines(lambda rate: Loudness(), ScriptedRecognizer("licence"), ScriptedUnderstanding(REPLIES), ToneVoice(), follow)
    lanes = Lanes(ear=InlinePool(), mind=InlinePool(), pen=InlinePool(), files=InlinePool())
    Conversation(Call("c1", "", ""), line, House(engines, notes, notes.close, SETTINGS, lanes, clock=line.clock)).run()  # type: ignore[arg-type]
    assert notes.turns[1].language == "ta"
    assert asked == [("licence", 1, "en")]


USAGE = Usage("claude", "m", 100, 20, cost_usd=0.001)


@pytest.mark.parametrize("order", [[0, 1, 2], [0, 2, 1]], ids=["before the words", "after them"])
def test_what_a_model_was_asked_is_journalled(order: list[int]) -> None:
    parts = [LICENSE, USAGE, Say(ANSWER, "en")]
    call = play(silence(OPENING_S), speech(1), silence(5), hears=("licence",), replies={"licence": [parts[at] for at in order]})
    assert call.notes.turns[1].usage == USAGE


class CountsLate(ScriptedUnderstanding):
    """Tells what it cost a moment after nobody listens any more, as a stream that is cut off does."""

    def respond(self, turn: Turn, history: Any, call: Call) -> Any:
        yield LICENSE
        assert turn.interrupted.wait(5)
        time.sleep(0.1)
        yield USAGE


def test_what_a_model_cost_is_journalled_of_a_caller_who_has_hung_up() -> None:
    line, notes = ScriptedLine([*silence(OPENING_S), *speech(1), *silence(1)]), Notes()
    engines = Engines(lambda rate: Loudness(), ScriptedRecognizer("licence"), CountsLate({}), ToneVoice())
    with ThreadPoolExecutor(1) as mind:
        lanes = Lanes(ear=InlinePool(), mind=mind, pen=InlinePool(), files=InlinePool())
        house = House(engines, notes, notes.close, SETTINGS, lanes, clock=line.clock)  # type: ignore[arg-type]
        assert Conversation(Call("c1", "", ""), line, house).run().kind is OutcomeKind.HUNG_UP  # type: ignore[arg-type]
        assert notes.turns[1].usage == USAGE


def test_a_number_put_right_over_our_own_is_no_echo_of_it() -> None:
    said = ["i have understood 1 2 3 4 5 6 7"]
    assert is_echo("understood 1 2 3 4 5 6 7", said)
    assert not is_echo("understood 1 2 3 4 5 6 8", said)
    assert is_echo("press 9 if you do not want that", ["press nine if you do not want that"])
