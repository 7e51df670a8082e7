"""The audio socket drops in mid-call: the stream is opened again, and the conversation goes on where it was."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select

from calls.call import Call, CallerProfile, CallRecord, Consent, Intent, Outcome, OutcomeKind, Question, Say, TurnRecord
from records import schema
from simulator.bot_process import BotProcess
from simulator.caller import Manners
from simulator.jambonz import CallSettings, SimulatedCall
from simulator.script import Drop, Wait
from simulator.script import Say as Speak
from simulator.speaker import Speaker
from stream import manners
from stream.conversation import Conversation
from stream.fake import InlinePool, Loudness, ScriptedLine, ScriptedRecognizer, ScriptedUnderstanding, ToneVoice, silence, speech
from stream.house import House as StreamHouse
from stream.lane import Lanes
from stream.memory import STILL_TO_COME, turns_of, unanswered
from stream.work import Engines
from tests import hook_rig
from tests.bots import ended
from tests.call_rig import ANSWER, SETTINGS, Notes
from tests.hook_rig import SID, House, Jambonz, assert_taken, kinds, outcome, talked

migrated_file, database, house, jambonz = hook_rig.migrated_file, hook_rig.database, hook_rig.house, hook_rig.jambonz
ASKED = "What is your serial number?"


# -- the hook -----------------------------------------------------------------------------
def broke(jambonz: Jambonz) -> list[dict[str, Any]]:
    """A stream that ended while the caller is still there."""
    verbs = jambonz.verbs("/voice/ended", call_status="in-progress", dial_call_duration=4)
    assert_taken(verbs)
    return verbs


@pytest.mark.parametrize("before", [None, OutcomeKind.HUNG_UP])
def test_a_broken_stream_is_opened_again(house: House, jambonz: Jambonz, before: OutcomeKind | None) -> None:
    """Without an outcome its process died; a process that lives took the end of the socket for the caller's."""
    opened = jambonz.verbs("/voice")[1]
    if before:
        talked(house, before)
    stream, tail = broke(jambonz)
    language = "hi" if before else "en"
    assert stream == opened | {"metadata": {"language": language, "direction": "inbound", "after": "dropped"}}
    assert tail == {"verb": "redirect", "actionHook": "/escalate"}
    assert house.journal.active(house.now) == 1


def test_at_most_twice_a_call(house: House, jambonz: Jambonz) -> None:
    jambonz.verbs("/voice")
    for _ in range(2):
        house.later(20)
        assert kinds(broke(jambonz)) == ["stream", "redirect"]
    house.later(20)
    assert broke(jambonz) == [{"verb": "redirect", "actionHook": "/escalate"}]
    assert outcome(house) == Outcome(OutcomeKind.BROKEN, "stream")
    assert house.journal.active(house.now) == 0
    with house.database.connect() as connection:
        assert connection.execute(select(schema.calls.c.reopened)).scalar_one() == 2


def test_a_stream_that_breaks_at_once_is_not_tried_again(house: House, jambonz: Jambonz) -> None:
    """As one does whose handshake is refused: Jambonz tells it in the same moment."""
    jambonz.verbs("/voice")
    assert kinds(broke(jambonz)) == ["stream", "redirect"]
    house.later(2.9)
    assert kinds(broke(jambonz)) == ["redirect"]
    assert outcome(house).kind is OutcomeKind.BROKEN


def test_a_leaving_process_sends_the_caller_to_a_human(house: House, jambonz: Jambonz) -> None:
    jambonz.verbs("/voice")
    house.is_draining = True
    assert kinds(broke(jambonz)) == ["redirect"]


def test_a_caller_who_has_gone_is_not_waited_for(house: House, jambonz: Jambonz) -> None:
    jambonz.verbs("/voice")
    jambonz.post("/status", call_status="completed", duration=4)
    assert kinds(broke(jambonz)) == ["redirect"]  # Jambonz carries out nothing for a caller who has gone
    assert jambonz.verbs("/voice/ended", call_status="completed") == []


def test_the_reopened_are_counted(house: House, jambonz: Jambonz) -> None:
    def counted(result: str) -> float:
        return REGISTRY.get_sample_value("voicebot_reopened_total", {"result": result}) or 0.0

    before = counted("reopened"), counted("given_up")
    jambonz.verbs("/voice")
    broke(jambonz), broke(jambonz)
    assert (counted("reopened"), counted("given_up")) == (before[0] + 1, before[1] + 1)


def test_only_one_of_two_hooks_at_once_reopens(house: House, jambonz: Jambonz) -> None:
    jambonz.verbs("/voice")
    given: list[bool] = []
    threads = [
        threading.Thread(target=lambda: given.append(house.journal.reopened(SID, house.now, most=2, apart=timedelta(seconds=3))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == [False, False, False, True]


def test_the_late_end_of_the_stream_before_frees_no_slot(house: House, jambonz: Jambonz) -> None:
    jambonz.verbs("/voice")
    broke(jambonz)
    house.later(1)
    house.journal.call_ended(SID, Outcome(OutcomeKind.HUNG_UP), now=house.now)
    assert house.journal.active(house.now) == 1
    jambonz.post("/status", call_status="completed", duration=9)
    house.journal.call_ended(SID, Outcome(OutcomeKind.HUNG_UP), now=house.now)
    assert house.journal.active(house.now) == 0


# -- what is known of the stream before -----------------------------------------------------
def turn(number: int, heard: str = "", said: tuple[str, ...] = (), **more: Any) -> TurnRecord:
    facts: dict[str, Any] = {"language": "en", "intent": "", "intent_confidence": 0.9, "asked": Question.NONE, "interrupted": False} | more
    return TurnRecord(number, heard, 1.0, slots={}, said=said, began_ms=0, ended_ms=0, timings={}, **facts)


GREETED = turn(0, said=("Hello.", "How can I help you?"), asked=Question.OPEN)
ASKING = turn(1, "my licence", (ASKED,), intent="license_renewal", asked=Question.SLOT, asked_slot="serial")
CUT_OFF = turn(2, "712345678", ("To renew in",), intent="details", interrupted=True)
STILL_THERE = turn(2, said=("Are you",), intent="silence", asked=Question.STILL_THERE, interrupted=True)


def record(*turns: TurnRecord, talking: bool = False) -> CallRecord:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    call = CallRecord(SID, "inbound", "+911", "+912", "en", "in-progress", Consent.GIVEN, now, None, None, None)
    return replace(call, turns=turns, talking=talking)


def said_at_first(known: CallRecord, language: str = "en") -> list[str]:
    call = Call(SID, "+911", "+912", language=language, after="dropped")
    return [sentence.say.text for sentence in manners.opening(call, SETTINGS, turns_of(known))]


def test_words_that_were_not_answered_to_the_end_are_answered_anew() -> None:
    lost = unanswered(turns_of(record(GREETED, ASKING, CUT_OFF)))
    assert lost is not None
    assert (lost.number, lost.heard) == (2, "712345678")


def test_so_is_a_key() -> None:
    key = turn(1, intent="gst_query", said=("For GST",), interrupted=True)
    lost = unanswered(turns_of(record(GREETED, key)))
    assert lost is not None
    assert lost.intent == Intent("gst_query", 0.9)


@pytest.mark.parametrize("known", [record(), record(GREETED), record(GREETED, ASKING), record(GREETED, ASKING, STILL_THERE)])
def test_what_was_answered_or_never_asked_is_not(known: CallRecord) -> None:
    assert unanswered(turns_of(known)) is None


def test_nothing_is_said_when_nothing_was_cut_off() -> None:
    assert said_at_first(record(GREETED, ASKING)) == []


def test_a_question_of_ours_that_was_cut_off_is_asked_again() -> None:
    asked = turn(2, said=(SETTINGS.prompts.still_there["en"],), intent="silence", asked=Question.STILL_THERE)
    cut = turn(3, said=("Are you",), intent="silence", asked=Question.STILL_THERE, interrupted=True)
    assert said_at_first(record(GREETED, ASKING, asked, cut)) == [SETTINGS.prompts.back_again["en"], SETTINGS.prompts.still_there["en"]]


def test_of_which_no_word_is_known_is_asked_in_general() -> None:
    expected = [SETTINGS.prompts.back_again["en"], SETTINGS.prompts.again_simpler["en"]]
    assert said_at_first(record(GREETED, ASKING, STILL_THERE)) == expected


def test_a_stream_that_never_told_its_end_may_have_lost_words_so_the_question_is_repeated() -> None:
    killed = record(GREETED, ASKING, talking=True)
    assert said_at_first(killed) == [SETTINGS.prompts.back_again["en"], ASKED]
    *_, last = turns_of(killed)
    assert last.number == 1 + STILL_TO_COME, "what it may still write has a number of its own"
    assert unanswered(turns_of(killed)) is None


def test_a_call_that_broke_in_the_greeting_begins_anew() -> None:
    greeting = [SETTINGS.prompts.disclosure["hi"], SETTINGS.prompts.greeting["hi"]]
    assert said_at_first(record(), "hi") == greeting
    assert said_at_first(record(turn(0, said=("This call",), interrupted=True)), "hi") == greeting


def test_the_repeated_question_is_one_that_a_short_answer_fits() -> None:
    sentences = manners.opening(Call(SID, "", "", after="dropped"), SETTINGS, turns_of(record(GREETED, ASKING, talking=True)))
    assert (sentences[-1].say.asks, sentences[-1].say.slot) == (Question.SLOT, "serial")


def test_a_turn_keeps_that_it_was_cut_off() -> None:
    assert [each.interrupted.is_set() for each in turns_of(record(GREETED, ASKING, CUT_OFF))] == [False, False, True]


# -- the conversation on the new stream -------------------------------------------------------
LICENCE = Intent("license_renewal", 0.9)
REPLIES: dict[str, list[Any]] = {
    "my licence": [LICENCE, Say(ANSWER, "en"), Say("anything else?", "en", Question.ANYTHING_ELSE)],
    "yes": [Intent("yes"), Say("go on", "en")],
    "no": [Intent("no"), Say("goodbye", "en"), Outcome(OutcomeKind.FINISHED, "goodbye")],
}


def goes_on(
    known: CallRecord, *script: list[Any], hears: tuple[str, ...] = (), profile: Callable[[str], CallerProfile | None] = lambda phone: None
) -> tuple[Notes, ScriptedUnderstanding]:
    """The conversation of a stream that is opened again, and what it journals."""
    line, notes, understanding = ScriptedLine([event for part in script for event in part]), Notes(), ScriptedUnderstanding(REPLIES, [])
    engines = Engines(lambda rate: Loudness(), ScriptedRecognizer(*hears), understanding, ToneVoice())
    lanes = Lanes(**{name: InlinePool() for name in ("ear", "mind", "pen", "files")})
    house = StreamHouse(engines, notes, notes.close, SETTINGS, lanes, profile, clock=line.clock)
    call = Call(SID, "+911", "+912", after="dropped")
    Conversation(call, line, house, history=turns_of(known)).run()  # type: ignore[arg-type]
    return notes, understanding


def test_the_answer_that_was_cut_off_is_given_anew() -> None:
    cut = turn(1, "my licence", ("a b c",), intent="license_renewal", interrupted=True)
    notes, understanding = goes_on(record(GREETED, cut), silence(5), speech(0.5), silence(4), hears=("no",))
    assert understanding.asked[0] == ("my licence", ("",))
    assert [(number, each.said) for number, each in sorted(notes.turns.items())] == [(1, [ANSWER, "anything else?"]), (2, ["goodbye"])]
    assert notes.outcomes == [Outcome(OutcomeKind.FINISHED, "goodbye")]


def test_after_a_whole_answer_the_bot_only_listens() -> None:
    answered = turn(1, "my licence", (ANSWER, "anything else?"), intent="license_renewal", asked=Question.ANYTHING_ELSE)
    notes, understanding = goes_on(record(GREETED, answered), silence(2), speech(0.5), silence(4), hears=("no",))
    assert [(number, each.said) for number, each in sorted(notes.turns.items())] == [(2, []), (3, ["goodbye"])]
    assert understanding.asked == [("no", ("", "my licence", ""))]


def test_a_killed_stream_is_followed_by_its_question() -> None:
    asked = turn(1, "my licence", (ANSWER, "anything else?"), intent="license_renewal", asked=Question.ANYTHING_ELSE)
    notes, _ = goes_on(record(GREETED, asked, talking=True), silence(6), speech(0.5), silence(4), hears=("no",))
    number = 1 + STILL_TO_COME + 1
    assert notes.turns[number].said == [SETTINGS.prompts.back_again["en"], "anything else?"]
    assert notes.turns[number + 1].said == ["goodbye"]


@pytest.mark.parametrize(("says", "about"), [("yes", "T-1001"), ("no", "")])
@pytest.mark.parametrize("cut_off", [False, True])
def test_the_ticket_that_was_asked_about_is_not_forgotten(says: str, about: str, cut_off: bool) -> None:
    answered = turn(1, "my licence", (ANSWER,), intent="license_renewal")
    offer = turn(2, said=("Is it about your open ticket T-1001?",), asked=Question.ABOUT_TICKET)
    notes, _ = goes_on(
        record(GREETED, answered, offer, talking=cut_off),
        silence(8),
        speech(0.5),
        silence(4),
        hears=(says,),
        profile=lambda phone: CallerProfile("Ravi", "T-1001", "gst_query"),
    )
    assert notes.about == about


# -- a whole call -------------------------------------------------------------------------
def test_a_call_whose_socket_drops_goes_on(bot: BotProcess) -> None:
    steps = [Speak("my tally licence has expired"), Wait(1500), Drop(), Wait(1500), Speak("no thank you")]
    placed = SimulatedCall(bot.url, bot.secret, steps, speaker=Speaker(), settings=CallSettings(manners=Manners(silence_ms=600)))
    result = asyncio.run(placed.run())
    known = ended(bot, result.call_sid)
    assert [verb["verb"] for verb in result.verbs][:3] == ["say", "stream", "stream"]
    assert known["outcome"] == {"kind": "finished", "reason": "goodbye"}
    assert [each["intent"] for each in known["turns"] if each["heard"]] == ["license_renewal", "goodbye"]
