"""Ended calls are summed up beside everything else: once, and whatever happens the call is handed over."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from calls.call import CallRecord, Consent, Question, TurnRecord
from calls.errors import JournalError
from nlu.summing_up import SummingUp

WHEN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
TURN = TurnRecord(1, "my licence", 0.9, "en", "license_renewal", 0.9, {}, (), Question.NONE, False, 0, 900, {})
CALL = CallRecord("sid", "inbound", "+91", "+92", "en", "completed", Consent.GIVEN, WHEN, WHEN, 9, None, (TURN,))


class AtOnce:
    """An executor that does a job when it gets it."""

    def submit(self, work: Callable[..., Any], *args: Any) -> Future[Any]:
        work(*args)
        return Future()


@dataclass
class Journal:
    kept: CallRecord = CALL
    broken: bool = False
    handed_over: list[str] = field(default_factory=list)

    def record(self, call_sid: str) -> CallRecord | None:
        return self.kept

    def summarised(self, call_sid: str, summary: str) -> None:
        if self.broken:
            raise JournalError("down")
        self.kept = replace(self.kept, summary=summary)


def summing_up(journal: Journal, summarise: Callable[[CallRecord], str]) -> SummingUp:
    return SummingUp(journal, summarise, journal.handed_over.append, AtOnce())  # type: ignore[arg-type]


def test_the_summary_is_journalled_and_the_call_handed_over() -> None:
    journal = Journal()
    assert summing_up(journal, lambda record: f"about {record.turns[0].heard}").begin(CALL)
    assert (journal.kept.summary, journal.handed_over) == ("about my licence", ["sid"])


def test_it_is_made_once_a_call() -> None:
    journal = Journal()
    sums = summing_up(journal, lambda record: "")
    assert [sums.begin(CALL), sums.begin(CALL)] == [True, False]
    assert not summing_up(journal, lambda record: "").begin(replace(CALL, summary="done"))
    assert not summing_up(journal, lambda record: "").begin(replace(CALL, turns=()))


def test_whoever_closes_the_call_meanwhile_waits_for_the_summary_too() -> None:
    journal, waits = Journal(), list[bool]()

    def summarise(record: CallRecord) -> str:
        waits.append(sums.begin(record))  # Jambonz's hook comes again, or the agent's wrap-up
        return "about a licence"

    sums = summing_up(journal, summarise)
    assert sums.begin(CALL)
    assert (waits, journal.handed_over) == ([True], ["sid"])
    assert not sums.begin(CALL)


@pytest.mark.parametrize("why", ["no summary", "an error", "no journal"])
def test_what_fails_hands_the_call_over_all_the_same(why: str) -> None:
    def fails(record: CallRecord) -> str:
        if why == "an error":
            raise RuntimeError("model")
        return "" if why == "no summary" else "text"

    journal = Journal(broken=why == "no journal")
    assert summing_up(journal, fails).begin(CALL)
    assert (journal.kept.summary, journal.handed_over) == ("", ["sid"])
