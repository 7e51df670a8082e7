"""Tries to reach a human and the legs of their agents, as the journal keeps them: on both databases, and with hooks at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from calls.agents import Escalation, LegAnswer, Presence
from records.journal import Journal
from records.presence import Presences
from tests import databases

database, migrated_file, migrated_postgres, postgres_server = (
    databases.database,
    databases.migrated_file,
    databases.migrated_postgres,
    databases.postgres_server,
)
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
BOTH = ("asha", "ravi")


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def journal(database: Engine) -> Journal:
    return Journal(database, max_calls=5)


def begun(journal: Journal, *, agents: tuple[str, ...] = BOTH, by: str = "dial", at: float = 0) -> Escalation:
    assert journal.escalation_started("CA1", "Asha, Ravi", later(at), queue="helpdesk", agents=agents, by=by)
    return tries(journal)[-1]


def tries(journal: Journal) -> tuple[Escalation, ...]:
    record = journal.record("CA1")
    assert record is not None
    return record.escalations


def answers(journal: Journal) -> dict[str, str]:
    return {leg.leg_sid: leg.answer.value for leg in tries(journal)[-1].legs}


def test_a_try_is_kept_with_whom_it_rang(journal: Journal) -> None:
    attempt = begun(journal)
    assert (attempt.target, attempt.queue, attempt.agents, attempt.by, attempt.legs) == ("Asha, Ravi", "helpdesk", BOTH, "dial", ())


def test_a_leg_from_its_first_status_to_its_last(journal: Journal) -> None:
    begun(journal)
    for second, state, sip_status in [(1, "trying", 100), (2, "ringing", 180), (5, "in-progress", 200)]:
        assert journal.agent_leg("CA1", "CB1", state, sip_status, later(second), candidates={"ravi"}) is LegAnswer.NONE
    assert journal.leg_answered("CA1", "CB1", "ravi", LegAnswer.BRIEFED, later(5))
    assert journal.leg_answered("CA1", "CB1", "ravi", LegAnswer.ACCEPTED, later(9))
    assert journal.agent_leg("CA1", "CB1", "completed", 200, later(69), candidates={"ravi"}) is LegAnswer.ACCEPTED
    assert journal.escalation_ended("CA1", "completed", 200, "CB1", later(70))
    [attempt] = tries(journal)
    [leg] = attempt.legs
    assert (leg.agent, leg.state, leg.sip_status, leg.answer) == ("ravi", "completed", 200, LegAnswer.ACCEPTED)
    assert (leg.began_at, leg.answered_at, leg.accepted_at, leg.ended_at) == (later(1), later(5), later(9), later(69))
    assert (attempt.transferred, attempt.talk_s) == (True, 60)


@pytest.mark.parametrize(
    ("rung", "candidates", "agent"),
    [
        (BOTH, {"asha"}, "asha"),
        (BOTH, {"asha", "somebody else"}, "asha"),
        (BOTH, set(), ""),
        (BOTH, {"asha", "ravi"}, ""),
        (("asha",), set(), "asha"),
        (("asha",), {"somebody else"}, "asha"),
    ],
)
def test_whose_leg_it_is(journal: Journal, rung: tuple[str, ...], candidates: set[str], agent: str) -> None:
    begun(journal, agents=rung)
    journal.agent_leg("CA1", "CB1", "trying", 100, later(1), candidates=candidates)
    assert [leg.agent for leg in tries(journal)[0].legs] == [agent]


def test_statuses_out_of_order_take_nothing_back(journal: Journal) -> None:
    begun(journal)
    for second, state in [(1, "in-progress"), (2, "ringing"), (3, "completed"), (4, "in-progress")]:
        journal.agent_leg("CA1", "CB1", state, 200, later(second), candidates={"asha"})
    [leg] = tries(journal)[0].legs
    assert (leg.state, leg.answered_at, leg.ended_at) == ("completed", later(1), later(3))


def test_answers_get_heavier_and_never_lighter(journal: Journal) -> None:
    begun(journal)
    said = [LegAnswer.BRIEFED, LegAnswer.DECLINED, LegAnswer.BRIEFED, LegAnswer.DECLINED, LegAnswer.ACCEPTED, LegAnswer.DECLINED]
    assert [journal.leg_answered("CA1", "CB1", "asha", answer, later(1)) for answer in said] == [True, True, False, True, True, False]
    assert answers(journal) == {"CB1": "accepted"}


def test_of_eight_who_accept_at_once_one_has_the_call(journal: Journal) -> None:
    agents = tuple(f"agent{number}" for number in range(8))
    begun(journal, agents=agents)
    legs = [f"CB{number}" for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(journal.leg_answered, ["CA1"] * 8, legs, agents, [LegAnswer.ACCEPTED] * 8, [later(1)] * 8))
    assert sorted(won) == [False] * 7 + [True]
    assert list(answers(journal).values()).count("accepted") == 1


def test_who_takes_the_call_sets_the_others_free(journal: Journal, database: Engine) -> None:
    presences = Presences(database)
    for agent in (*BOTH, "third"):
        presences.set(agent, Presence.AVAILABLE, now=NOW)
    presences.reserve(BOTH, "CA1", now=NOW, until=later(7200))
    presences.reserve(["third"], "CA2", now=NOW, until=later(7200))
    begun(journal)
    journal.leg_answered("CA1", "CB1", "asha", LegAnswer.ACCEPTED, later(1))
    assert presences.busy(now=later(2)) == {"asha", "third"}


def test_an_answer_after_the_try_is_over_does_not_hold(journal: Journal) -> None:
    begun(journal)
    assert journal.escalation_ended("CA1", "no-answer", 487, "", later(20))
    assert not journal.leg_answered("CA1", "CB1", "asha", LegAnswer.ACCEPTED, later(21))
    assert not journal.leg_answered("CA2", "CB1", "asha", LegAnswer.ACCEPTED, later(21))


def test_an_acceptance_may_be_told_after_a_dial_that_was_completed(journal: Journal) -> None:
    """Jambonz was quicker than our own key hook's journal."""
    begun(journal)
    journal.escalation_ended("CA1", "completed", 200, "CB1", later(60))
    assert journal.leg_answered("CA1", "CB1", "asha", LegAnswer.ACCEPTED, later(61))
    assert tries(journal)[0].transferred


def test_the_dials_end_ends_every_leg_and_keeps_who_took_it(journal: Journal) -> None:
    begun(journal)
    journal.agent_leg("CA1", "CB2", "in-progress", 200, later(3), candidates={"ravi"})
    journal.agent_leg("CA1", "CB1", "in-progress", 200, later(3), candidates={"asha"})
    journal.leg_answered("CA1", "CB2", "ravi", LegAnswer.ACCEPTED, later(5))
    assert journal.escalation_ended("CA1", "completed", 200, "CB1", later(60))
    [attempt] = tries(journal)
    assert (attempt.agent_call_sid, {leg.ended_at for leg in attempt.legs}) == ("CB2", {later(60)})


def test_a_repetition_is_counted_for_its_leg(journal: Journal) -> None:
    begun(journal)
    for leg, agent in [("CB1", "asha"), ("CB2", "ravi")]:
        journal.leg_answered("CA1", leg, agent, LegAnswer.BRIEFED, later(1))
    journal.leg_repeated("CA1", "CB1")
    journal.leg_repeated("CA1", "CB1")
    journal.leg_repeated("CA1", "unknown")
    assert {leg.leg_sid: leg.repeats for leg in tries(journal)[0].legs} == {"CB1": 2, "CB2": 0}


# -- on the desk's page --------------------------------------------------------------
def test_agents_on_the_desks_page_have_a_leg_from_the_beginning(journal: Journal) -> None:
    attempt = begun(journal, by="desk")
    assert sorted((leg.leg_sid, leg.agent, leg.began_at) for leg in attempt.legs) == [
        (f"desk-asha-{attempt.id}", "asha", NOW),
        (f"desk-ravi-{attempt.id}", "ravi", NOW),
    ]


@pytest.mark.parametrize(
    ("declines", "accepts", "state"),
    [
        ((), "ravi", "completed"),
        (("asha",), "ravi", "completed"),
        (BOTH, "", "declined"),
        (("asha",), "", "no-answer"),
        ((), "", "no-answer"),
    ],
)
def test_how_a_try_on_the_desks_page_ended_is_told_by_its_legs(
    journal: Journal, declines: tuple[str, ...], accepts: str, state: str
) -> None:
    number = begun(journal, by="desk").id
    for agent in declines:
        assert journal.leg_answered("CA1", f"desk-{agent}-{number}", agent, LegAnswer.DECLINED, later(2))
    if accepts:
        assert journal.leg_answered("CA1", f"desk-{accepts}-{number}", accepts, LegAnswer.ACCEPTED, later(3))
        journal.leg_ended("CA1", f"desk-{accepts}-{number}", later(33))
        journal.leg_ended("CA1", f"desk-{accepts}-{number}", later(40))
    assert journal.escalation_ended("CA1", "", None, "", later(34))
    [attempt] = tries(journal)
    assert (attempt.state, attempt.talk_s, attempt.transferred) == (state, 30 if accepts else None, bool(accepts))
    states = {leg.agent: leg.state for leg in attempt.legs}
    assert all(states[agent] == "declined" for agent in declines)
    assert states.get(accepts, "completed") == "completed"
    assert all(leg.ended_at for leg in attempt.legs)


def test_a_leg_of_an_earlier_try_is_not_taken_for_the_next_ones(journal: Journal) -> None:
    first = begun(journal, by="desk").id
    journal.escalation_ended("CA1", "", None, "", later(15))
    begun(journal, at=16)
    assert not journal.leg_answered("CA1", f"desk-asha-{first}", "asha", LegAnswer.ACCEPTED, later(17))
    assert tries(journal)[1].legs == ()


def test_an_agent_who_declined_may_take_it_after_all(journal: Journal) -> None:
    number = begun(journal, by="desk").id
    leg = f"desk-asha-{number}"
    assert journal.leg_answered("CA1", leg, "asha", LegAnswer.DECLINED, later(2))
    assert journal.leg_answered("CA1", leg, "asha", LegAnswer.ACCEPTED, later(4))
    [asha, _] = sorted(tries(journal)[0].legs, key=lambda each: each.agent)
    assert (asha.state, asha.ended_at, asha.accepted_at) == ("in-progress", None, later(4))
