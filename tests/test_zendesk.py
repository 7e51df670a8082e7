"""The third CRM: one file against a stand-in that keeps to Zendesk's published contract and misbehaves on demand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from calls.call import CallRecord, CallSummary, Consent, Outcome, OutcomeKind, Question, TurnRecord
from calls.crm import CrmAdapter, FinishedCall, KnownCaller
from calls.errors import CrmBusy, CrmError, CrmRefused, CrmUnknown, SettingsError
from crm.zendesk import Zendesk
from tests.fakes.server import Response
from tests.fakes.zendesk import EMAIL, TOKEN, FakeZendesk

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SID = "5f22b387-49e1-4edd-b5e2-d7c3b304f5cd"
PHONE = "+919812345678"
WORDS = 'मेरा லைசென்ஸ் expired 😀 <script>alert(1)</script> & "quotes"'
TICKETS, USERS = "POST /api/v2/tickets.json", "POST /api/v2/users/create_or_update.json"


def turn(heard: str, number: int = 1) -> TurnRecord:
    return TurnRecord(number, heard, 0.9, "en", "license_renewal", 0.93, {}, ("Noted.",), Question.NONE, False, 0, 900, {})


def finished(*heard: str, caller: str = PHONE, **summary: Any) -> FinishedCall:
    turns = tuple(turn(words, number) for number, words in enumerate(heard or (WORDS,), 1))
    outcome = Outcome(OutcomeKind.FINISHED, "goodbye")
    record = CallRecord(SID, "inbound", caller, "+914440000000", "en", "completed", Consent.GIVEN, NOW, NOW, 75, outcome, turns)
    facts = {"intent": "license_renewal", "confidence": 0.93, "language": "ta", "priority": "high", "text": "Wants a renewal."}
    return FinishedCall(record, CallSummary(**{**facts, **summary}), "T-1001")


def delivered(zendesk: Zendesk, call: FinishedCall, *, tries: int = 1) -> dict[str, str]:
    """Steps in order, as the delivery does them: again after CrmBusy and CrmUnknown, `tries` times at most."""
    done: dict[str, str] = {}
    for step in zendesk.steps:
        for attempt in range(1, tries + 1):
            try:
                done[step] = zendesk.do(step, call, done, attempt=attempt)
                break
            except (CrmBusy, CrmUnknown):
                if attempt == tries:
                    raise
    return done


@pytest.fixture
def fake() -> Iterator[FakeZendesk]:
    with FakeZendesk() as server:
        yield server


@pytest.fixture
def zendesk(fake: FakeZendesk) -> Zendesk:
    return Zendesk(url=fake.url, email=EMAIL, token=TOKEN)


# -- what arrives -------------------------------------------------------------------
def test_a_call_becomes_its_callers_ticket(fake: FakeZendesk, zendesk: Zendesk) -> None:
    adapter: CrmAdapter = zendesk
    fake.add_user("+91 98123 45678", "Anna")
    fake.add_user("+1 581 234 5678", "Somebody else, whom a search for part of the number finds too")
    assert delivered(zendesk, finished()) == {"user": "9000", "ticket": "35000"}
    [ticket] = fake.tickets
    assert (adapter.name, ticket["external_id"], ticket["requester_id"], ticket["priority"]) == ("zendesk", SID, 9000, "high")
    assert ticket["tags"] == ["voicebot", "license_renewal", "language_ta", "outcome_finished"]
    assert ticket["comment"]["public"] is False
    for text in ("Wants a renewal.", f"Caller: {WORDS}", "Bot: Noted.", "confidence 93%", "1 min 15 s", PHONE, "T-1001"):
        assert text in ticket["comment"]["body"]
    assert len(fake.users) == 2


def test_an_unknown_caller_is_made_a_user_once(fake: FakeZendesk, zendesk: Zendesk) -> None:
    fake.search_lag = 100  # the search does not show what was just made
    first = delivered(zendesk, finished(caller="098123 45678"))
    second = zendesk.do("user", finished(caller="919812345678"), {}, attempt=1)
    assert (first["user"], [user["phone"] for user in fake.users]) == (second, [PHONE])


@pytest.mark.parametrize("caller", ["anonymous", "+0", "Restricted", "1" * 30, "", "sip:unknown@example.com"])
def test_a_caller_without_a_number_gets_a_ticket_too(fake: FakeZendesk, zendesk: Zendesk, caller: str) -> None:
    assert delivered(zendesk, finished(caller=caller)) == {"user": "", "ticket": "35000"}
    assert "requester_id" not in fake.tickets[0]
    assert caller in fake.tickets[0]["comment"]["body"]
    assert fake.users == []


def test_of_several_who_share_a_number_none_is_taken_for_the_caller(fake: FakeZendesk, zendesk: Zendesk) -> None:
    for name in ("Anna", "Balu"):
        fake.add_user(PHONE, name)
    assert delivered(zendesk, finished()) == {"user": "", "ticket": "35000"}
    assert len(fake.users) == 2
    assert zendesk.known_caller(PHONE, timeout_s=10) is None


def test_a_number_that_zendesk_has_and_does_not_find_costs_no_ticket(fake: FakeZendesk, zendesk: Zendesk) -> None:
    fake.add_user(PHONE, "Anna", indexed_at=99)
    assert delivered(zendesk, finished()) == {"user": "", "ticket": "35000"}


@pytest.mark.parametrize("word", ["word ", "वाक्य ", "சொல் ", "😀 "])
def test_a_very_long_call_keeps_its_beginning_and_its_end(fake: FakeZendesk, zendesk: Zendesk, word: str) -> None:
    delivered(zendesk, finished("the very first", word * (200_000 // len(word)), "the very last"))
    body = fake.tickets[0]["comment"]["body"]  # the stand-in takes no more than Zendesk
    assert "Caller: the very first" in body
    assert "Caller: the very last" in body
    assert "are left out here" in body


def test_a_call_about_an_open_ticket_names_it(fake: FakeZendesk, zendesk: Zendesk) -> None:
    delivered(zendesk, replace(finished(), about_ticket_id="34999"))
    assert "About the open ticket, as the caller said: 34999" in fake.tickets[0]["comment"]["body"]


def test_a_call_of_which_little_is_known_arrives(fake: FakeZendesk, zendesk: Zendesk) -> None:
    call = finished(text="", priority="normal")
    bare = replace(call.record, outcome=None, duration_s=None, ended_at=None, turns=())
    delivered(zendesk, replace(call, record=bare, ticket_id=""))
    assert fake.tickets[0]["tags"][-1] == "outcome_none"


# -- nothing lost, nothing twice ------------------------------------------------------
TROUBLES: list[tuple[dict[str, Any], type[CrmError]]] = [
    ({"status": 429, "retry_after": "7"}, CrmBusy),
    ({"status": 503, "retry_after": "7"}, CrmBusy),
    ({"status": 500}, CrmUnknown),
    ({"reset_before": True}, CrmUnknown),
    ({"reset_after_accepting": True}, CrmUnknown),
    ({"truncate": True}, CrmUnknown),
    ({"garbage": True}, CrmUnknown),
]


@pytest.mark.parametrize(("how", "error"), TROUBLES, ids=lambda value: next(iter(value)) if isinstance(value, dict) else "")
@pytest.mark.parametrize("route", [TICKETS, USERS, "GET *"])
def test_trouble_is_told_and_the_next_try_makes_one_ticket(
    fake: FakeZendesk, zendesk: Zendesk, route: str, how: dict[str, Any], error: type[CrmError]
) -> None:
    fake.misbehave(route, **how, times=1)
    with pytest.raises(error) as caught:
        delivered(zendesk, finished())
    assert getattr(caught.value, "retry_after_s", 7) == 7
    assert delivered(zendesk, finished(), tries=2).keys() == {"user", "ticket"}
    assert (len(fake.tickets), len(fake.users)) == (1, 1)


def test_an_accepted_ticket_is_found_when_its_key_is_forgotten(fake: FakeZendesk, zendesk: Zendesk) -> None:
    fake.misbehave(TICKETS, reset_after_accepting=True, times=1)
    with pytest.raises(CrmUnknown):
        delivered(zendesk, finished())
    fake.forget_keys()
    assert zendesk.do("ticket", finished("more words"), {}, attempt=1) == "35000"
    assert len(fake.tickets) == 1


def test_a_key_known_with_another_body_is_our_own_ticket(fake: FakeZendesk, zendesk: Zendesk) -> None:
    """The first look saw nothing yet: the earlier try was still under way there."""
    delivered(zendesk, finished())
    fake.hidden_looks = 1
    assert zendesk.do("ticket", finished("more words"), {}, attempt=2) == "35000"
    fake.hidden_looks = 2
    with pytest.raises(CrmRefused, match="400"):
        zendesk.do("ticket", finished("more words"), {}, attempt=2)
    assert len(fake.tickets) == 1


def test_only_the_calls_own_ticket_is_taken_for_it(fake: FakeZendesk, zendesk: Zendesk) -> None:
    """Whatever a server lists that does not know the filter."""
    delivered(zendesk, replace(finished(), record=replace(finished().record, sid="another")))
    fake.tickets_of = lambda request: Response(200, {"tickets": [None, {"id": None}, *fake.tickets]})  # type: ignore[method-assign]
    assert zendesk.do("ticket", finished(), {}, attempt=1) == "35001"


def test_a_ticket_under_way_is_waited_for(fake: FakeZendesk, zendesk: Zendesk) -> None:
    fake.misbehave(TICKETS, status=409, times=1)
    with pytest.raises(CrmBusy):
        zendesk.do("ticket", finished(), {}, attempt=1)
    assert zendesk.do("ticket", finished(), {}, attempt=2) == "35000"


def test_a_storm(fake: FakeZendesk, zendesk: Zendesk) -> None:
    for mishap, _ in TROUBLES:
        fake.misbehave(**mishap, probability=0.1)
    for number in range(30):
        call = finished(caller=f"+9198123456{number:02}")
        delivered(zendesk, replace(call, record=replace(call.record, sid=f"sid-{number}")), tries=40)
    assert sorted(ticket["external_id"] for ticket in fake.tickets) == sorted(f"sid-{number}" for number in range(30))
    assert len(fake.users) == 30


# -- refusals and what they say -------------------------------------------------------
def test_a_refused_token_says_what_to_mend(fake: FakeZendesk) -> None:
    with pytest.raises(CrmRefused, match="set ZENDESK_EMAIL and ZENDESK_TOKEN") as caught:
        delivered(Zendesk(url=fake.url, email=EMAIL, token="wrong-token"), finished())
    assert "wrong-token" not in str(caught.value)


def test_a_ticket_that_zendesk_does_not_take_names_the_fields(zendesk: Zendesk) -> None:
    with pytest.raises(CrmRefused, match=r"422\): priority$"):
        delivered(zendesk, finished(priority="dire"))


def test_no_error_holds_a_secret_or_the_caller(fake: FakeZendesk, zendesk: Zendesk) -> None:
    said = []
    for mishap in [*(how for how, _ in TROUBLES), {"status": 401}, {"status": 404}, {"status": 422}, {"status": 302}]:
        for route in (TICKETS, "GET *"):
            fake.behave()
            fake.tickets.clear()
            fake.forget_keys()
            fake.misbehave(route, **mishap)
            with pytest.raises(CrmError) as caught:
                delivered(zendesk, finished())
            said += [str(caught.value), repr(caught.value.__cause__), repr(caught.value.__context__)]
    text = " ".join(said)
    assert not [secret for secret in (TOKEN, EMAIL, "9812345678", "alert", fake.url, SID) if secret in text]


@pytest.mark.parametrize("wrong", [{"url": ""}, {"url": "zendesk.com"}, {"email": ""}, {"token": "a b"}, {"token": ""}])
def test_settings_that_can_not_be_right_fail_at_boot(wrong: dict[str, str]) -> None:
    settings: dict[str, Any] = {"url": "https://example.zendesk.com", "email": EMAIL, "token": TOKEN} | wrong
    with pytest.raises(SettingsError, match=f"ZENDESK_{next(iter(wrong)).upper()}"):
        Zendesk(**settings)


# -- who calls ----------------------------------------------------------------------
def test_a_caller_is_known_by_the_number(fake: FakeZendesk, zendesk: Zendesk) -> None:
    fake.add_user("098123 45678", "Anna")
    assert zendesk.known_caller("919812345678", timeout_s=10) == KnownCaller("zendesk", "9000", "Anna", url=f"{fake.url}/agent/users/9000")
    assert zendesk.known_caller("+447700900123", timeout_s=10) is None
    assert zendesk.known_caller("anonymous", timeout_s=10) is None


def test_a_caller_that_we_have_named_ourselves_has_no_name(fake: FakeZendesk, zendesk: Zendesk) -> None:
    zendesk.do("user", finished(), {}, attempt=1)
    assert zendesk.known_caller(PHONE, timeout_s=10) == KnownCaller("zendesk", "9000", "", url=f"{fake.url}/agent/users/9000")


@pytest.mark.parametrize("how", [{"latency_s": 30}, {"status": 401}, {"status": 429}, {"garbage": True}, {"reset_before": True}])
def test_a_lookup_never_fails_and_never_lasts(fake: FakeZendesk, zendesk: Zendesk, how: dict[str, Any]) -> None:
    fake.add_user(PHONE, "Anna")
    fake.misbehave(**how)
    began = time.monotonic()
    assert zendesk.known_caller(PHONE, timeout_s=0.3) is None
    assert time.monotonic() - began < 5
