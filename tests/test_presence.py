"""Where the agents are, on both databases: presence, heartbeats, reservations that never give one agent to two calls."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from calls.agents import AgentPresence, Presence
from records.presence import NEVER, Presences
from tests import databases

database, migrated_file, migrated_postgres = databases.database, databases.migrated_file, databases.migrated_postgres
postgres_server = databases.postgres_server

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
AVAILABLE, AWAY = Presence.AVAILABLE, Presence.AWAY


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def presences(database: Engine) -> Presences:
    return Presences(database)


def reserve(presences: Presences, *agents: str, sid: str = "CA1", now: datetime = NOW, seconds: float = 60) -> tuple[str, ...]:
    return presences.reserve(agents, sid, now=now, until=now + timedelta(seconds=seconds))


# -- presence -------------------------------------------------------------------
def test_an_agent_who_was_never_here_is_nowhere(presences: Presences) -> None:
    assert (presences.of("asha"), presences.all(), presences.free(now=NOW)) == (None, [], set())


def test_who_is_available_and_who_is_away(presences: Presences) -> None:
    assert presences.set("asha", AVAILABLE, now=NOW) == AgentPresence("asha", AVAILABLE, NOW, NOW)
    presences.set("ravi", AWAY, now=NOW)
    assert presences.free(now=NOW) == {"asha"}
    assert [(each.agent, each.state) for each in presences.all()] == [("asha", AVAILABLE), ("ravi", AWAY)]


def test_since_is_when_the_state_was_changed(presences: Presences) -> None:
    presences.set("asha", AVAILABLE, now=NOW)
    assert presences.set("asha", AVAILABLE, now=later(5)) == AgentPresence("asha", AVAILABLE, NOW, later(5))
    assert presences.set("asha", AWAY, now=later(9)) == AgentPresence("asha", AWAY, later(9), later(9))


def test_a_closed_desk_is_unavailable_after_45_seconds(presences: Presences) -> None:
    presences.set("asha", AVAILABLE, now=NOW)
    assert (presences.free(now=later(45)), presences.free(now=later(45.1))) == ({"asha"}, set())


def test_an_open_desk_stays_available(presences: Presences) -> None:
    presences.set("asha", AVAILABLE, now=NOW)
    presences.seen("asha", now=later(40))
    assert presences.free(now=later(85)) == {"asha"}
    assert presences.of("asha") == AgentPresence("asha", AVAILABLE, NOW, later(40))


def test_an_open_desk_alone_makes_nobody_available(presences: Presences) -> None:
    presences.seen("asha", now=NOW)
    assert presences.of("asha") == AgentPresence("asha", AWAY, NOW, NOW)
    assert presences.free(now=NOW) == set()


# -- reservations ---------------------------------------------------------------
def test_a_reserved_agent_is_busy_and_not_free(presences: Presences) -> None:
    presences.set("asha", AVAILABLE, now=NOW)
    assert reserve(presences, "asha") == ("asha",)
    assert (presences.free(now=NOW), presences.busy(now=NOW)) == (set(), {"asha"})
    assert presences.of("asha") == AgentPresence("asha", AVAILABLE, NOW, NOW, "CA1", later(60))


def test_an_agent_who_is_always_rung_can_be_reserved_without_having_been_here(presences: Presences) -> None:
    assert reserve(presences, "asha") == ("asha",)
    assert presences.of("asha") == AgentPresence("asha", AWAY, NOW, NEVER, "CA1", later(60))
    assert presences.busy(now=NOW) == {"asha"}


def test_a_second_call_gets_those_who_are_left_in_the_order_asked(presences: Presences) -> None:
    reserve(presences, "ravi")
    assert reserve(presences, "zoya", "ravi", "asha", sid="CA2") == ("zoya", "asha")
    assert reserve(presences, "ravi", "zoya", sid="CA3") == ()


def test_the_same_call_keeps_whom_it_has(presences: Presences) -> None:
    reserve(presences, "asha")
    assert reserve(presences, "asha", now=later(30)) == ("asha",)
    assert presences.busy(now=later(89)) == {"asha"}


def test_a_reservation_outlives_its_process_by_its_lease_only(presences: Presences) -> None:
    presences.set("asha", AVAILABLE, now=NOW)
    reserve(presences, "asha", seconds=30)
    assert (presences.free(now=later(29)), presences.free(now=later(30))) == (set(), {"asha"})
    assert reserve(presences, "asha", sid="CA2", now=later(30)) == ("asha",)


def test_a_change_of_presence_leaves_the_reservation(presences: Presences) -> None:
    reserve(presences, "asha")
    assert presences.set("asha", AVAILABLE, now=later(1)).call_sid == "CA1"
    presences.seen("asha", now=later(2))
    assert presences.busy(now=later(2)) == {"asha"}


@pytest.mark.parametrize("order", [("asha", "ravi", "zoya"), ("zoya", "asha", "ravi")])
def test_two_calls_never_get_one_agent(database: Engine, order: tuple[str, ...]) -> None:
    doors = [Presences(database) for _ in range(12)]
    wishes = [order if number % 2 else order[::-1] for number in range(12)]
    with ThreadPoolExecutor(12) as threads:
        got = list(threads.map(lambda number: reserve(doors[number], *wishes[number], sid=f"CA{number}"), range(12)))
    assert sorted(agent for agents in got for agent in agents) == ["asha", "ravi", "zoya"]
    for sid, agents in ((f"CA{number}", agents) for number, agents in enumerate(got)):
        for agent in agents:
            here = doors[0].of(agent)
            assert here is not None
            assert here.call_sid == sid


# -- release --------------------------------------------------------------------
def test_a_release_frees_all_of_the_call_and_of_no_other(presences: Presences) -> None:
    reserve(presences, "asha", "ravi")
    reserve(presences, "zoya", sid="CA2")
    presences.release("CA1", now=later(1))
    assert presences.busy(now=later(1)) == {"zoya"}


def test_some_of_the_call_are_released(presences: Presences) -> None:
    reserve(presences, "asha", "ravi")
    presences.release("CA1", now=later(1), agents=("asha", "zoya"))
    assert presences.busy(now=later(1)) == {"ravi"}


def test_who_talked_is_left_alone_to_wrap_up(presences: Presences) -> None:
    presences.set("asha", AVAILABLE, now=later(100))
    reserve(presences, "asha", now=later(90))
    presences.release("CA1", now=later(100), agents=("asha",), busy_until=later(140))
    assert presences.of("asha") == AgentPresence("asha", AVAILABLE, later(100), later(100), "", later(140))
    assert (presences.free(now=later(139)), presences.busy(now=later(139))) == (set(), {"asha"})
    assert reserve(presences, "asha", sid="CA2", now=later(139)) == ()
    assert presences.free(now=later(140)) == {"asha"}


def test_a_hook_that_comes_again_does_not_cut_the_time_to_wrap_up(presences: Presences) -> None:
    reserve(presences, "asha")
    presences.release("CA1", now=later(1), busy_until=later(61))
    presences.release("CA1", now=later(2))
    assert presences.busy(now=later(60)) == {"asha"}


def test_who_has_wrapped_up_early_is_free_at_once(presences: Presences) -> None:
    presences.set("asha", AVAILABLE, now=NOW)
    reserve(presences, "asha")
    presences.release("CA1", now=later(1), busy_until=later(61))
    presences.ready("asha")
    assert presences.free(now=later(2)) == {"asha"}


def test_who_is_rung_already_is_not_made_ready(presences: Presences) -> None:
    reserve(presences, "asha")
    presences.ready("asha")
    assert presences.busy(now=later(1)) == {"asha"}


def test_no_call_is_nobodys_reservation(presences: Presences) -> None:
    reserve(presences, "asha")
    presences.release("CA1", now=later(1), busy_until=later(61))
    presences.release("", now=later(2))
    assert presences.busy(now=later(3)) == {"asha"}
