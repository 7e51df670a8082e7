"""Every way in which handing a call to a human goes, replayed from recorded hooks."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import pytest
from sqlalchemy import Engine

from calls.agents import CallbackState, LegAnswer, Presence
from calls.call import Outcome, OutcomeKind
from calls.signature import sign
from tests import hook_rig
from tests.hook_rig import SECRET, SID, House, Jambonz, assert_taken, kinds
from tests.transfer_rig import ASHA, RAVI, Replay, both_at_once, comes_back, house_with, later, rung, talked, telephones

migrated_file, database = hook_rig.migrated_file, hook_rig.database
TRANSFERRED = Outcome(OutcomeKind.TRANSFERRED, "asha")
ASKED = Outcome(OutcomeKind.ESCALATED, "asked")
VIA_TAG = "13_dial_confirm_gather_then_hangup_digit_accepts_via_tag"
NO_KEY = "13_dial_confirm_gather_then_hangup_no_digit"
EMPTY_REPLY = "13_dial_confirm_gather_then_hangup_digit_empty_reply"
MISSED = ["ringing", "missed"]


# -- the table --------------------------------------------------------------------
@dataclass(frozen=True)
class Case:
    """A recorded dial, and what is to be so when it is over."""

    name: str
    experiment: str
    then: str  # what the caller gets: "hangup", "nothing" (has gone), "next" (the other agent rings)
    state: str  # as journalled
    answer: str  # the agent's
    told: list[str]  # the agent's screen
    outcome: Outcome = ASKED
    keys: tuple[str, ...] | None = None
    leaves_out: tuple[str, ...] = ()
    resting: tuple[str, ...] = ()


RINGS, BRIEFED = ["ringing"], ["ringing", "briefed"]
TAKEN = [*BRIEFED, "accepted", "ended"]
BRIEFING_CUT = "13_dial_agent_hangs_up_during_confirm"
CALLER_CUT = "13_dial_caller_hangs_up_during_confirm"
UNASKED = ("/confirm",)  # our answer never came: what the recorded application answered is not replayed
CASES = [
    Case("accepted", VIA_TAG, "hangup", "completed", "accepted", TAKEN, TRANSFERRED, resting=("asha",)),
    Case("declined with key 2", EMPTY_REPLY, "next", "in-progress", "declined", [*BRIEFED, "declined"], keys=("2", "-", "-")),
    Case("no key", NO_KEY, "next", "in-progress", "briefed", [*BRIEFED, "missed"], keys=("-", "-", "-")),
    Case("another key", NO_KEY, "next", "in-progress", "briefed", [*BRIEFED, "missed"], keys=("7", "-", "-")),
    Case("busy", "13_dial_busy_486", "next", "busy", "", MISSED),
    Case("no answer", "13_dial_noanswer_timeout_3", "next", "no-answer", "", MISSED),
    Case("wrong number", "13_dial_notfound_404", "next", "failed", "", MISSED),
    Case("service unavailable", "13_dial_unavail_503", "next", "failed", "", MISSED),
    Case("refused at the telephone", "13_dial_decline_603", "next", "failed", "", MISSED),
    Case("no way to the telephone", "13_dial_unreachable_proxy", "next", "failed", "", MISSED),
    Case("the agent hangs up in the briefing", BRIEFING_CUT, "next", "completed", "briefed", [*BRIEFED, "missed"]),
    Case("our confirm hook answers 500", "13_dial_confirm_500", "next", "in-progress", "", MISSED, leaves_out=UNASKED),
    Case("our confirm hook hangs", "13_dial_confirm_hang_10s", "next", "in-progress", "", MISSED, leaves_out=UNASKED),
    Case("our confirm hook answers nonsense", "13_dial_confirm_bad_verb", "next", "in-progress", "", MISSED, leaves_out=UNASKED),
    Case("the caller goes while it rings", "13_dial_caller_hangs_up_while_ringing", "nothing", "no-answer", "", [*RINGS, "gone"]),
    Case("the caller goes during the briefing", CALLER_CUT, "nothing", "completed", "briefed", [*BRIEFED, "gone"]),
    Case("repeated, then accepted", VIA_TAG, "hangup", "completed", "accepted", TAKEN, TRANSFERRED, ("3", "1"), resting=("asha",)),
    Case("repeated, then declined", EMPTY_REPLY, "next", "in-progress", "declined", [*BRIEFED, "declined"], keys=("3", "2", "-")),
]


@pytest.mark.parametrize("twice", [False, True], ids=["", "each hook twice"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_dial_ends_well(database: Engine, case: Case, twice: bool) -> None:
    replay = Replay(house_with(database), case.experiment, case.keys, twice, case.leaves_out)
    verbs = replay.run()
    assert {"hangup": kinds(verbs) == ["hangup"], "nothing": verbs == [], "next": rung(verbs) == [RAVI]}[case.then]
    assert (replay.first_try.state, replay.first_try.agents, replay.first_try.queue) == (case.state, ("asha",), "helpdesk")
    assert replay.first_try.ended_at is not None
    assert replay.legs() == [("asha", case.answer)]
    assert replay.record.outcome == case.outcome
    told = [state for agent, state in replay.transfers() if agent == "asha"]
    assert [state for state, _ in groupby(told)] == case.told
    assert replay.resting() == set(case.resting)
    gone = replay.record.ended_at is not None  # the recorded application hung up; ours goes on to the next agent
    assert replay.held() == ({} if case.then != "next" or gone else {"ravi": replay.sid})
    assert replay.house.desk.ticket_of(replay.sid) is not None


def test_the_caller_goes_while_they_talk(database: Engine) -> None:
    """The recording was put through without a key; here the agent presses 1 first."""
    replay = Replay(house_with(database), "13_dial_caller_hangs_up_bridged")
    send_all(replay, until="/confirm")
    press(replay, "1")
    verbs = send_rest(replay, after="/confirm")
    assert verbs == []
    assert (replay.first_try.transferred, replay.record.outcome, replay.resting()) == (True, TRANSFERRED, {"asha"})
    assert replay.first_try.talk_s == 4  # 323.55 to 327.07
    assert replay.held() == {}


def test_of_two_who_take_it_at_once_the_first_gets_it(database: Engine) -> None:
    """13_dial_two_targets_simring: 1002 is first, and the dial's end names the leg of 1001."""
    replay = Replay(house_with(database, both_at_once()), "13_dial_two_targets_simring")
    verbs = []
    for hook in replay.hooks:
        for path, body in replay.posts(hook):
            verbs = replay.send(path, body)
            if path == "/escalate":
                assert rung(verbs) == ["1001", RAVI]
            if path == "/escalate/confirm":
                key = replay.send("/escalate/confirm/key", {**body, "digits": "1"})
                assert kinds(key) == (["tag"] if body["to"] == RAVI else [])
            if path == "/escalate/ended":
                assert kinds(verbs) == ["hangup"]
    assert replay.legs() == [("asha", ""), ("ravi", "accepted")]
    ended = replay.first_try
    assert (ended.transferred, ended.accepted and ended.accepted.agent) == (True, "ravi")
    assert ended.accepted is not None
    assert (ended.agent_call_sid, replay.record.outcome) == (ended.accepted.leg_sid, Outcome(OutcomeKind.TRANSFERRED, "ravi"))
    assert [state for agent, state in replay.transfers() if agent == "asha"] == ["ringing", "missed"]
    assert (replay.resting(), replay.held()) == ({"ravi"}, {})


def test_whoever_takes_the_call_sets_the_others_free_at_once(database: Engine) -> None:
    replay = Replay(house_with(database, both_at_once()), "13_dial_two_targets_simring")
    send_all(replay, until="/confirm")
    assert set(replay.held()) == {"asha", "ravi"}
    press(replay, "1")
    assert replay.held() == {"ravi": replay.sid}


def test_every_pop_and_status_is_told(database: Engine) -> None:
    replay = Replay(house_with(database), VIA_TAG)
    replay.run()
    [pop] = replay.house.told("pop", "asha")
    assert (pop.call_sid, pop.data["phone"], pop.data["queue"]) == (replay.sid, "15085551212", "helpdesk")
    assert (pop.data["intent"], pop.data["last_words"]) == ("license_renewal", "my licence has expired")
    assert [each.call_sid for each in replay.house.pushed] == [replay.sid]
    states = [event.data["state"] for event in replay.house.told("call")]
    assert states == ["greeting", "ringing", "with_agent", "ended", "ended"]
    assert [(event.data["call_sid"] == replay.sid) for event in replay.house.told("presence", "asha")][:1] == [True]


def test_the_talk_is_as_long_as_it_was(database: Engine) -> None:
    replay = Replay(house_with(database), VIA_TAG)
    replay.run()
    leg = replay.first_try.accepted
    assert leg is not None
    assert leg.accepted_at is not None
    assert (round(leg.accepted_at.timestamp() % 1000, 2), replay.first_try.talk_s) == (274.05, 4)
    assert leg.answered_at is not None
    assert leg.answered_at <= leg.accepted_at


# -- hooks again, and at odd moments -----------------------------------------------
def test_a_second_escalate_during_the_ring_rings_nobody_else(database: Engine) -> None:
    replay = Replay(house_with(database), VIA_TAG)
    send_all(replay, until="/confirm")
    first = replay.answered("/escalate")
    replay.house.later(7)
    assert replay.send("/escalate", {"call_sid": replay.sid, "call_status": "in-progress"}) == first
    assert len(replay.record.escalations) == len(replay.house.told("pop")) == len(replay.house.pushed) == 1


def test_a_second_escalate_after_the_talk_ends_the_call(database: Engine) -> None:
    replay = Replay(house_with(database), VIA_TAG)
    replay.run()
    assert replay.send("/escalate", {"call_sid": replay.sid, "call_status": "in-progress"}) == [{"verb": "hangup"}]


def test_a_long_talk_is_no_lost_dial(database: Engine) -> None:
    replay = Replay(house_with(database), VIA_TAG)
    send_all(replay, until="/confirm")
    press(replay, "1")
    replay.house.later(3000)
    replay.send("/escalate", {"call_sid": replay.sid, "call_status": "in-progress"})
    assert [each.state for each in replay.record.escalations] == ["dialling"]


def test_a_dial_whose_end_was_lost_is_over_after_five_minutes(database: Engine) -> None:
    house = house_with(database)
    jambonz = ring_first(house)
    house.later(301)
    assert rung(jambonz.verbs("/escalate")) == [RAVI]


# -- one after the other -------------------------------------------------------------
def ring_first(house: House) -> Jambonz:
    jambonz = Jambonz(house)
    jambonz.verbs("/voice", call_status="trying")
    talked(house, SID)
    assert rung(jambonz.verbs("/escalate")) == [ASHA]
    return jambonz


def fails(jambonz: Jambonz, status: str = "no-answer") -> list[dict[str, Any]]:
    jambonz.house.later(20)
    verbs = jambonz.verbs("/escalate/ended", dial_call_status=status, dial_sip_status=487)
    assert_taken(verbs)
    return verbs


@pytest.mark.parametrize("status", ["no-answer", "busy", "failed", "in-progress", "completed", "", "something new"])
def test_the_next_agent_rings_after_any_failure(database: Engine, status: str) -> None:
    house = house_with(database)
    jambonz = ring_first(house)
    assert rung(fails(jambonz, status)) == [RAVI]
    assert [event.agent for event in house.told("pop")] == ["asha", "ravi"]


def test_when_nobody_is_left_the_bot_comes_back_and_a_call_back_is_promised(database: Engine) -> None:
    house = house_with(database)
    jambonz = ring_first(house)
    fails(jambonz)
    verbs = fails(jambonz)
    assert comes_back(verbs)
    promised = house.callbacks.of(SID)
    assert promised is not None
    assert (promised.phone, promised.intent, promised.reason) == ("15085551212", "license_renewal", "no_agent")
    assert promised.due_at == later(house, 7200)
    assert hook_rig.outcome(house) == Outcome(OutcomeKind.CALLBACK, "no_agent")
    assert [event.data["id"] for event in house.told("callback")] == [promised.id]
    assert not [each for each in house.presences.all() if each.call_sid]
    assert comes_back(jambonz.verbs("/escalate/ended", dial_call_status="no-answer", dial_sip_status=487))


def test_the_switchboard_is_the_last(database: Engine) -> None:
    house = house_with(database, telephones(target=[{"type": "sip", "sip_uri": "sip:desk@pbx.example.com"}]))
    jambonz = ring_first(house)
    fails(jambonz)
    assert rung(fails(jambonz)) == ["sip:desk@pbx.example.com"]
    assert comes_back(fails(jambonz))


def test_so_many_tries_and_no_more(database: Engine) -> None:
    jambonz = ring_first(house_with(database, telephones(max_tries=1)))
    assert comes_back(fails(jambonz))


def test_a_caller_who_asks_again_is_put_through_after_all(database: Engine) -> None:
    house = house_with(database)
    jambonz = ring_first(house)
    fails(jambonz)
    fails(jambonz)
    house.later(20)
    talked(house, SID)
    assert rung(jambonz.verbs("/escalate")) == [ASHA]
    answer_and_take(house, jambonz, "leg-2", ASHA)
    assert jambonz.verbs("/escalate/ended", dial_call_status="completed", dial_sip_status=200, dial_call_sid="leg-2") == [
        {"verb": "hangup"}
    ]
    promised = house.callbacks.of(SID)
    assert promised is not None
    assert (promised.state, hook_rig.outcome(house)) == (CallbackState.KEPT, TRANSFERRED)


def test_the_bot_comes_back_once(database: Engine) -> None:
    house = house_with(database)
    jambonz = ring_first(house)
    fails(jambonz)
    fails(jambonz)
    house.later(20)
    talked(house, SID)
    jambonz.verbs("/escalate")
    fails(jambonz)
    for _ in range(2):
        assert kinds(fails(jambonz)) == ["say", "hangup"]
    assert hook_rig.outcome(house) == Outcome(OutcomeKind.CALLBACK, "still_no_agent")


def answer_and_take(house: House, jambonz: Jambonz, leg: str, number: str) -> None:
    facts: dict[str, Any] = {"call_sid": leg, "parent_call_sid": SID, "direction": "outbound", "to": number}
    jambonz.post("/status", **facts, call_status="in-progress", sip_status=200)
    assert kinds(jambonz.verbs("/escalate/confirm", **facts)) == ["gather", "gather", "gather", "hangup"]
    [tag] = jambonz.verbs("/escalate/confirm/key", **facts, digits="1", reason="dtmfDetected")
    assert tag["data"]["accepted"] == "yes"


# -- who is there ------------------------------------------------------------------
def at_the_desk(**more: Any) -> dict[str, Any]:
    """Agents with a telephone who are rung when they are available on the desk."""
    tree = telephones(**more)
    for agent in tree["agents"].values():
        agent["presence"] = "desk"
    return tree


def test_only_who_is_available_rings(database: Engine) -> None:
    house = house_with(database, at_the_desk())
    house.presences.set("ravi", Presence.AVAILABLE, now=house.now)
    assert rung(Jambonz(house).verbs("/escalate")) == [RAVI]


def test_nobody_present_nobody_rings(database: Engine) -> None:
    house = house_with(database, at_the_desk())
    jambonz = Jambonz(house)
    jambonz.verbs("/voice")
    talked(house, SID, language="hi")
    verbs = jambonz.verbs("/escalate")
    assert comes_back(verbs)
    assert verbs[0]["metadata"]["language"] == "hi"
    assert jambonz.verbs("/escalate") == verbs
    promised = house.callbacks.of(SID)
    assert promised is not None
    assert (promised.reason, promised.language, house.told("pop")) == ("no_agent", "hi", [])


def test_out_of_hours_the_call_back_is_due_when_somebody_is_there(database: Engine) -> None:
    """Sunday the 1st of March 2026, 15:00 in India; two hours after Monday's opening."""
    hours = {"office": {"time_zone": "Asia/Kolkata", "week": {"mon": ["09:30-18:00"]}}}
    tree = telephones(hours=hours, callback={"within_min": 120, "hours": "office"})
    tree["queues"]["helpdesk"]["hours"] = "office"
    house = house_with(database, tree)
    assert comes_back(Jambonz(house).verbs("/escalate"))
    promised = house.callbacks.of(SID)
    assert promised is not None
    assert (promised.reason, promised.due_at) == ("closed", datetime(2026, 3, 2, 6, 0, tzinfo=UTC))


@pytest.mark.parametrize("why", ["draining", "full"])
def test_without_a_slot_the_promise_is_jambonz_own_to_say(database: Engine, why: str) -> None:
    house = house_with(database, at_the_desk(), max_calls=1)
    jambonz = Jambonz(house)
    house.is_draining = why == "draining"
    if why == "full":
        jambonz.verbs("/voice", call_sid="another")
    assert kinds(jambonz.verbs("/escalate")) == ["say", "hangup"]
    assert house.callbacks.of(SID) is not None


def test_two_calls_never_ring_one_agent(database: Engine) -> None:
    jambonz = ring_first(house_with(database))
    assert rung(jambonz.verbs("/escalate", call_sid="second")) == [RAVI]
    assert comes_back(jambonz.verbs("/escalate", call_sid="third"))


def test_an_agent_who_talked_is_left_alone_for_a_while(database: Engine) -> None:
    house = house_with(database, telephones(wrap_up_s=60))
    jambonz = ring_first(house)
    answer_and_take(house, jambonz, "leg", ASHA)
    jambonz.verbs("/escalate/ended", dial_call_status="completed", dial_sip_status=200, dial_call_sid="leg")
    assert rung(jambonz.verbs("/escalate", call_sid="second")) == [RAVI]
    house.later(61)
    assert rung(jambonz.verbs("/escalate", call_sid="third")) == [ASHA]


def test_the_end_of_the_call_lets_the_agents_go_even_if_the_dials_end_is_never_told(database: Engine) -> None:
    house = house_with(database)
    jambonz = ring_first(house)
    answer_and_take(house, jambonz, "leg", ASHA)
    jambonz.post("/status", call_status="completed")
    [asha] = [each for each in house.presences.all() if each.agent == "asha"]
    assert (asha.call_sid, asha.busy_until) == ("", later(house, 60))


# -- on the desk's page ----------------------------------------------------------------
def on_the_page(**more: Any) -> dict[str, Any]:
    agents = {name: {"name": name.title(), "target": {"type": "desk"}} for name in ("asha", "ravi")}
    queue = {"agents": ["asha", "ravi"], "ring": "all", "ring_timeout_s": 15}
    return {"agents": agents, "queues": {"helpdesk": queue}, "target": [{"type": "phone", "number": "+9144"}], **more}


def on_the_page_rings(database: Engine, *available: str) -> tuple[House, Jambonz]:
    house = house_with(database, on_the_page())
    for agent in available:
        house.presences.set(agent, Presence.AVAILABLE, now=house.now)
    jambonz = Jambonz(house)
    jambonz.verbs("/voice")
    talked(house, SID)
    verbs = jambonz.verbs("/escalate")
    assert kinds(verbs) == ["stream", "hangup"]
    assert (verbs[0]["actionHook"], verbs[0]["metadata"]) == ("/escalate/ended", {"language": "en", "after": "bridge", "try": "1"})
    assert jambonz.verbs("/escalate") == verbs
    assert_taken(verbs)
    return house, jambonz


def test_an_agent_takes_the_call_on_the_page(database: Engine) -> None:
    house, jambonz = on_the_page_rings(database, "asha", "ravi")
    assert [event.data["takes_on_desk"] for event in house.told("pop")] == [True, True]
    house.later(5)
    house.journal.alive(SID, house.now)  # as the bridge does
    assert house.journal.leg_answered(SID, "desk-ravi-1", "ravi", LegAnswer.ACCEPTED, house.now)
    assert not house.journal.leg_answered(SID, "desk-asha-1", "asha", LegAnswer.ACCEPTED, house.now)
    assert {each.agent for each in house.presences.all() if each.call_sid} == {"ravi"}
    house.later(30)
    house.journal.leg_ended(SID, "desk-ravi-1", house.now)
    assert jambonz.verbs("/escalate/ended", dial_call_duration=35) == [{"verb": "hangup"}]
    record = house.journal.record(SID)
    assert record is not None
    [attempt] = record.escalations
    assert (attempt.state, attempt.talk_s, attempt.by) == ("completed", 30, "desk")
    assert (record.outcome, record.talking) == (Outcome(OutcomeKind.TRANSFERRED, "ravi"), False)
    assert sorted((leg.leg_sid, leg.state) for leg in attempt.legs) == [("desk-asha-1", "completed"), ("desk-ravi-1", "completed")]


@pytest.mark.parametrize(("answers", "state"), [(["asha", "ravi"], "declined"), (["asha"], "no-answer"), ([], "no-answer")])
def test_nobody_takes_it_on_the_page(database: Engine, answers: list[str], state: str) -> None:
    house, jambonz = on_the_page_rings(database, "asha", "ravi")
    for agent in answers:
        assert house.journal.leg_answered(SID, f"desk-{agent}-1", agent, LegAnswer.DECLINED, house.now)
    assert {each.agent for each in house.presences.all() if each.call_sid} == {"asha", "ravi"} - set(answers)
    house.later(15)
    house.journal.alive(SID, house.now)
    assert rung(jambonz.verbs("/escalate/ended", dial_call_duration=15)) == ["+9144"]
    record = house.journal.record(SID)
    assert record is not None
    assert (record.escalations[0].state, record.talking) == (state, False)
    assert not house.journal.leg_answered(SID, "desk-asha-1", "asha", LegAnswer.ACCEPTED, house.now)
    missed = {event.agent for event in house.told("transfer") if event.data["state"] == "missed"}
    assert missed == {"asha", "ravi"} - set(answers)


def test_a_caller_who_goes_while_the_page_rings_is_filed(database: Engine) -> None:
    house, jambonz = on_the_page_rings(database, "asha")
    house.later(4)
    house.journal.alive(SID, house.now)
    jambonz.post("/status", call_status="completed", call_termination_by="caller")
    assert jambonz.verbs("/escalate/ended", call_status="completed") == []
    record = house.journal.record(SID)
    assert record is not None
    assert (record.outcome, record.talking, record.escalations[0].state) == (ASKED, False, "no-answer")
    assert house.presences.of("asha").call_sid == ""  # type: ignore[union-attr]
    assert house.told("call")[-1].data == {"state": "ended"}


# -- trouble -----------------------------------------------------------------------
def test_an_acceptance_that_could_not_be_journalled_is_made_good_by_the_legs_last_status(
    database: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    house = house_with(database)
    jambonz = ring_first(house)
    facts: dict[str, Any] = {"call_sid": "leg", "parent_call_sid": SID, "direction": "outbound", "to": ASHA}
    jambonz.verbs("/escalate/confirm", **facts)
    with database.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE agent_legs RENAME TO away")
    [tag] = jambonz.verbs("/escalate/confirm/key", **facts, digits="1")
    assert tag["data"]["accepted"] == "yes"
    assert "an agent took a call, and that could not be journalled" in caplog.messages
    with database.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO agent_legs")
    jambonz.verbs("/escalate/ended", dial_call_status="completed", dial_sip_status=200, dial_call_sid="leg", call_status="completed")
    assert hook_rig.outcome(house) == ASKED
    tagged = {"accepted": "yes", "agent": "asha"}
    jambonz.post("/status", **facts, call_status="completed", sip_status=200, customerData=tagged)
    assert hook_rig.outcome(house) == TRANSFERRED
    record = house.journal.record(SID)
    assert record is not None
    assert record.escalations[0].transferred


def test_an_agent_who_answers_when_the_call_is_gone_hears_nothing(database: Engine) -> None:
    jambonz = ring_first(house_with(database))
    jambonz.verbs("/escalate/ended", dial_call_status="no-answer", dial_sip_status=487, call_status="completed")
    facts = {"call_sid": "late", "parent_call_sid": SID, "to": ASHA}
    assert jambonz.verbs("/escalate/confirm", **facts) == [{"verb": "hangup"}]
    assert jambonz.verbs("/escalate/confirm/key", **facts, digits="1") == []
    assert jambonz.verbs("/escalate/confirm", call_sid="x", parent_call_sid="unknown", to=ASHA) == [{"verb": "hangup"}]


def test_a_late_status_of_an_earlier_try_belongs_to_it(database: Engine) -> None:
    house = house_with(database)
    jambonz = ring_first(house)
    facts: dict[str, Any] = {"call_sid": "leg-1", "parent_call_sid": SID, "to": ASHA}
    jambonz.post("/status", **facts, call_status="ringing", sip_status=180)
    fails(jambonz)
    jambonz.post("/status", **facts, call_status="no-answer", sip_status=487)
    record = house.journal.record(SID)
    assert record is not None
    assert [[leg.leg_sid for leg in each.legs] for each in record.escalations] == [["leg-1"], []]
    assert house.presences.of("ravi").call_sid == SID  # type: ignore[union-attr]


def test_without_the_pops_parts_the_agent_rings_all_the_same(database: Engine, caplog: pytest.LogCaptureFixture) -> None:
    house = house_with(database)

    def broken(*_: Any) -> Any:
        raise RuntimeError("no words today")

    house.summarizer, house.suggestion = broken, broken  # type: ignore[method-assign]
    jambonz = Jambonz(house)
    jambonz.verbs("/voice")
    talked(house, SID)
    assert rung(jambonz.verbs("/escalate")) == [ASHA]
    [pop] = house.told("pop")
    assert (pop.data["intent"], pop.data["last_words"], pop.data["suggestion"]) == ("other", "my licence has expired", "")
    assert all(record.levelno == logging.ERROR for record in caplog.records if record.exc_info)


def test_hooks_of_the_transfer_need_a_signature(database: Engine) -> None:
    jambonz = Jambonz(house_with(database))
    body, now = b'{"call_sid":"a","parent_call_sid":"b"}', jambonz.house.now.timestamp()
    for path in hook_rig.AGENT_HOOKS:
        assert jambonz.raw(path, body, signature=sign(b"another body", SECRET, now=now)).status_code == 401


# -- replaying by halves -------------------------------------------------------------
def send_all(replay: Replay, *, until: str) -> None:
    for hook in replay.hooks:
        for path, body in replay.posts(hook):
            replay.send(path, body)
        if hook.target == until:
            return


def send_rest(replay: Replay, *, after: str) -> list[dict[str, Any]]:
    last: list[dict[str, Any]] = []
    seen = False
    for hook in replay.hooks:
        if seen:
            for path, body in replay.posts(hook):
                last = replay.send(path, body) if path != "/status" else (replay.send(path, body), last)[1]
        seen = seen or hook.target == after
    return last


def press(replay: Replay, key: str) -> list[dict[str, Any]]:
    leg = next(leg for leg in replay.first_try.legs if leg.answer is LegAnswer.BRIEFED)
    return replay.send("/escalate/confirm/key", {"call_sid": leg.leg_sid, "parent_call_sid": replay.sid, "digits": key})
