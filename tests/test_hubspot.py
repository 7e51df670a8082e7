"""The HubSpot adapter against a stand-in on a real socket that misbehaves on demand: nothing lost, nothing twice, nothing told."""

from __future__ import annotations

import html
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from calls.agents import AgentLeg, Callback, Escalation, LegAnswer, WrapUp
from calls.call import CallRecord, CallSummary, Consent, Outcome, OutcomeKind, Question, TurnRecord
from calls.crm import CrmAdapter, FinishedCall, KnownCaller
from calls.errors import CrmBusy, CrmError, CrmRefused, CrmUnknown
from calls.handover import Directory
from crm.hubspot import NO_NOTE, HubSpotCrm
from crm.hubspot_html import LIMIT, call_html, is_of, size
from crm.hubspot_newcomers import Newcomers
from crm.hubspot_pace import Pace
from tests.fakes.hubspot import TOKEN, FakeHubSpot, marked

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
PHONE = "+919812345678"
SUMMARY = CallSummary("license_renewal", 0.93, "hi", "normal", "The licence has expired.")
SEARCH, NOTES, CALLS = "POST /crm/v3/objects/contacts/search", "POST /crm/v3/objects/notes", "POST /crm/v3/objects/calls"
CONTACTS = "POST /crm/v3/objects/contacts"
UNICODE = "मेरा लाइसेंस 🙏🏽 என் உரிமம் <script>alert('x')</script> & \"quotes\" <b onclick=x>"


@dataclass(slots=True)
class Hand:
    """A clock whose time passes by sleeping."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def spoken(number: int, heard: str, *said: str) -> TurnRecord:
    return TurnRecord(number, heard, 0.9, "en", "license_renewal" if heard else "", 0.9, {}, said, Question.NONE, False, 0, 61_000, {})


def a_call(sid: str = "CA1", *, caller: str = "919812345678", words: str = "my licence has expired", **changes: Any) -> FinishedCall:
    record = CallRecord(
        sid,
        "inbound",
        caller,
        "+914422334455",
        "en",
        "completed",
        Consent.GIVEN,
        NOW,
        NOW + timedelta(seconds=75),
        75,
        Outcome(OutcomeKind.FINISHED, "goodbye"),
        (spoken(0, "", "Hello."), spoken(1, words, "It can be renewed.")),
    )
    return FinishedCall(replace(record, **changes), SUMMARY, ticket_id="T-1042")


def adapter(server: FakeHubSpot, **options: Any) -> HubSpotCrm:
    wide = {"pace": Pace(10_000, 1), "search_pace": Pace(10_000, 1), "timeout_s": (10.0, 10.0)}
    return HubSpotCrm(token=TOKEN, url=server.url, **{**wide, **options})


@pytest.fixture
def server() -> Iterator[FakeHubSpot]:
    with FakeHubSpot(limit_10s=10_000, search_limit_1s=10_000) as fake:
        yield fake


@pytest.fixture
def crm(server: FakeHubSpot) -> HubSpotCrm:
    return adapter(server)


def deliver(crm: CrmAdapter, call: FinishedCall, *, tries: int = 10) -> dict[str, str]:
    """As the delivery does it: step by step, each until it is done or refused."""
    done: dict[str, str] = {}
    for step in crm.steps:
        for attempt in range(1, tries + 1):
            try:
                done[step] = crm.do(step, call, done, attempt=attempt)
                break
            except (CrmBusy, CrmUnknown):
                if attempt == tries:
                    raise
    return done


def error_of(step: Callable[[], object]) -> CrmError:
    with pytest.raises(CrmError) as caught:
        step()
    text = str(caught.value)
    assert TOKEN not in text
    assert "98123" not in text
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__  # a traceback in the log would show the client's exception with its body
    return caught.value


def body(thing: dict[str, Any]) -> str:
    return str(thing["properties"].get("hs_note_body") or thing["properties"]["hs_call_body"])


def seen(markup: str) -> str:
    """What a browser shows."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup.replace("<br>", "\n").replace("</p>", "\n")))


# -- a call as it should be -----------------------------------------------------------
def test_a_call_becomes_a_note_and_a_call_record_on_the_known_contact(server: FakeHubSpot, crm: HubSpotCrm) -> None:
    server.add_contact(firstname="Ravi", phone="+919812345679")
    asha = server.add_contact(firstname="Asha", phone=PHONE)
    done = deliver(crm, a_call())
    assert done == {"contact": asha, "note": server.notes[0]["id"], "call": server.calls[0]["id"]}
    assert [server.notes[0]["contact"], server.calls[0]["contact"]] == [asha, asha]
    assert len(server.contacts) == 2


def test_the_note_tells_everything(server: FakeHubSpot, crm: HubSpotCrm) -> None:
    deliver(crm, a_call())
    assert seen(body(server.notes[0])).splitlines() == [
        "The licence has expired.",
        "Intent: license renewal",
        "Confidence: 93%",
        "Language: Hindi",
        "Outcome: finished (goodbye)",
        "Duration: 1 min 15 s",
        "Priority: normal",
        "Ticket: T-1042",
        "Bot: Hello.",
        "Caller: my licence has expired",
        "Bot: It can be renewed.",
        "Outcome: finished (goodbye)",
        "[vb:CA1]",
    ]
    assert server.notes[0]["properties"]["hs_timestamp"] == "1772357400000"


def test_the_note_and_the_record_tell_of_people(server: FakeHubSpot, crm: HubSpotCrm) -> None:
    server.add_contact(phone=PHONE)
    leg = AgentLeg("leg", "asha", "completed", 200, LegAnswer.ACCEPTED, NOW, NOW, NOW, NOW + timedelta(seconds=65))
    tries = (Escalation("Ravi", "busy", NOW, NOW), Escalation("helpdesk", "completed", NOW, NOW, legs=(leg,)))
    promise = Callback(1, "CA1", PHONE, "gst_query", "en", "no_agent", NOW, NOW)
    wrap_up = WrapUp("CA1", "asha", "Asha <K>", "resolved", "gst_query", "Done.", NOW)
    call = a_call(outcome=Outcome(OutcomeKind.TRANSFERRED, "asha"), escalations=tries, callback=promise, wrap_up=wrap_up)
    deliver(crm, replace(call, directory=Directory({"asha": "Asha"}, "Asia/Kolkata"), at=NOW + timedelta(hours=1)))
    for body in (server.notes[0]["properties"]["hs_note_body"], server.calls[0]["properties"]["hs_call_body"]):
        assert "<strong>Outcome:</strong> transferred (Asha)" in body
        assert "<strong>Transfer:</strong> Asha took the call and talked for 1 min 5 s<br>" in body
        assert "<strong>Promise:</strong> Call back promised until 2026-03-01 15:00 (Asia/Kolkata), OVERDUE<br>" in body
        assert "<strong>Wrap-up:</strong> resolved (by Asha &lt;K&gt;)<br>" in body
        assert is_of("CA1", body)
    assert "Transfer to Ravi: busy" in server.notes[0]["properties"]["hs_note_body"]


def test_the_call_record_has_hubspots_fields(server: FakeHubSpot) -> None:
    deliver(adapter(server, dispositions={"finished": "f240bbac"}), a_call())
    properties = dict(server.calls[0]["properties"])
    assert "[vb:CA1]" in properties.pop("hs_call_body")
    assert properties == {
        "hs_timestamp": "1772357400000",
        "hs_call_direction": "INBOUND",
        "hs_call_duration": "75000",
        "hs_call_from_number": PHONE,
        "hs_call_to_number": "+914422334455",
        "hs_call_title": "Phone bot: license renewal",
        "hs_call_status": "COMPLETED",
        "hs_call_source": "INTEGRATIONS_PLATFORM",
        "hs_call_disposition": "f240bbac",
    }


def test_an_outbound_call_belongs_to_who_was_called(server: FakeHubSpot, crm: HubSpotCrm) -> None:
    contact = server.add_contact(phone="+914422334455")
    call = a_call(direction="outbound", turns=(), status="no-answer", outcome=None)
    assert deliver(crm, call)["contact"] == contact
    properties = server.calls[0]["properties"]
    assert (properties["hs_call_direction"], properties["hs_call_status"]) == ("OUTBOUND", "NO_ANSWER")


def test_a_call_whose_process_died_lasts_to_its_last_words(server: FakeHubSpot, crm: HubSpotCrm) -> None:
    deliver(crm, a_call(ended_at=None, duration_s=None, outcome=None))
    assert server.calls[0]["properties"]["hs_call_duration"] == "61000"
    assert "Duration: 1 min 1 s" in seen(body(server.notes[0]))
    deliver(crm, a_call("CA2", ended_at=None, duration_s=None, outcome=None, turns=()))
    assert "hs_call_duration" not in server.calls[1]["properties"]


# -- who calls ------------------------------------------------------------------------
@pytest.mark.parametrize("written", ["098123 45678", "+91 98123-45678", "9812345678", "91 98123 45678"])
def test_a_contact_is_found_however_its_number_is_written(server: FakeHubSpot, crm: HubSpotCrm, written: str) -> None:
    contact = server.add_contact(phone=written)
    assert crm.do("contact", a_call(), {}, attempt=1) == contact
    assert len(server.contacts) == 1


def test_a_contact_is_found_by_its_mobile_number(server: FakeHubSpot, crm: HubSpotCrm) -> None:
    contact = server.add_contact(phone="+914422334400", mobilephone="98123 45678")
    assert crm.do("contact", a_call(), {}, attempt=1) == contact


def test_the_same_local_number_in_another_country_is_somebody_else(server: FakeHubSpot, crm: HubSpotCrm) -> None:
    stranger = server.add_contact(firstname="Stranger", phone="+449812345678")
    assert crm.do("contact", a_call(), {}, attempt=1) != stranger
    assert server.contacts[1]["properties"] == {"phone": PHONE}


def test_of_two_contacts_with_the_number_it_is_always_the_older(server: FakeHubSpot, crm: HubSpotCrm) -> None:
    first = server.add_contact(phone=PHONE)
    server.add_contact(phone="098123 45678")
    assert crm.do("contact", a_call(), {}, attempt=1) == first


def test_an_unknown_caller_becomes_a_contact_once(server: FakeHubSpot, crm: HubSpotCrm) -> None:
    server.lag_searches = 3
    first, second = deliver(crm, a_call("CA1")), deliver(crm, a_call("CA2"))
    assert first["contact"] == second["contact"]
    assert [contact["properties"] for contact in server.contacts] == [{"phone": PHONE}]
    assert list(marked(server.notes)) == list(marked(server.calls)) == ["CA1", "CA2"]


def test_two_calls_of_a_new_caller_that_end_at_once_make_one_contact(server: FakeHubSpot, crm: HubSpotCrm) -> None:
    server.lag_s = 60
    server.misbehave(CONTACTS, latency_s=0.05)
    found: list[str] = []
    threads = [threading.Thread(target=lambda n=n: found.append(deliver(crm, a_call(f"CA{n}"))["contact"])) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.contacts) == 1
    assert found == [server.contacts[0]["id"]] * 4


def test_newcomers_are_forgotten_when_search_must_know_them() -> None:
    clock = Hand()
    newcomers = Newcomers(clock=clock)
    assert newcomers.contact_of(PHONE) == ""
    newcomers.made(PHONE, "7")
    clock.now += 599
    assert newcomers.contact_of(PHONE) == "7"
    clock.now += 2
    assert newcomers.contact_of(PHONE) == ""


@pytest.mark.parametrize("caller", ["anonymous", "+0", "", "1" * 30, "sip:someone@example.com", "0800-FLOWERS", "<script>"])
def test_without_a_number_the_call_record_tells_all(server: FakeHubSpot, crm: HubSpotCrm, caller: str) -> None:
    done = deliver(crm, a_call(caller=caller))
    assert (done["contact"], done["note"]) == ("", NO_NOTE)
    assert (server.contacts, server.notes) == ([], [])
    assert [(call["id"], call["contact"]) for call in server.calls] == [(done["call"], "")]
    assert "Caller: my licence has expired" in seen(body(server.calls[0]))
    assert server.calls[0]["properties"].get("hs_call_from_number", "") == caller


def test_without_leave_to_make_contacts_it_makes_none(server: FakeHubSpot) -> None:
    assert deliver(adapter(server, create_contacts=False), a_call())["note"] == NO_NOTE
    assert server.contacts == []
    assert len(server.calls) == 1


def test_a_contact_that_hubspot_says_exists_is_taken(server: FakeHubSpot, crm: HubSpotCrm) -> None:
    server.misbehave(CONTACTS, status=409)
    assert crm.do("contact", a_call(), {}, attempt=1) == "77"


# -- what goes wrong ------------------------------------------------------------------
@pytest.mark.parametrize(
    ("how", "kind", "told"),
    [
        ({"status": 401}, CrmRefused, "HUBSPOT_TOKEN"),
        ({"status": 403}, CrmRefused, "crm.objects.contacts.write"),
        ({"status": 400}, CrmRefused, "VALIDATION_ERROR"),
        ({"status": 404}, CrmRefused, "OBJECT_NOT_FOUND"),
        ({"status": 409}, CrmRefused, "CONFLICT"),
        ({"status": 422}, CrmRefused, "422"),
        ({"status": 429}, CrmBusy, "TEN_SECONDLY_ROLLING"),
        ({"status": 423}, CrmBusy, "423"),
        ({"status": 477}, CrmBusy, "477"),
        ({"status": 500}, CrmUnknown, "500"),
        ({"status": 502}, CrmUnknown, "502"),
        ({"status": 524}, CrmUnknown, "524"),
        ({"latency_s": 1.2}, CrmUnknown, "ReadTimeoutError"),
        ({"reset_before": True}, CrmUnknown, "ProtocolError"),
        ({"reset_after_accepting": True}, CrmUnknown, "ProtocolError"),
        ({"truncate": True}, CrmUnknown, "not whole"),
        ({"garbage": True}, CrmUnknown, "ValidationError"),
    ],
    ids=str,
)
@pytest.mark.parametrize("step", ["note", "call"])
def test_a_mishap_becomes_ours_and_the_next_try_leaves_exactly_one(
    server: FakeHubSpot, step: str, how: dict[str, Any], kind: type[CrmError], told: str
) -> None:
    crm = adapter(server, timeout_s=(10.0, how.get("latency_s", 20) / 2))
    done = {"contact": server.add_contact(phone=PHONE)}
    server.misbehave(NOTES if step == "note" else CALLS, times=1, **how)
    error = error_of(lambda: crm.do(step, a_call(), done, attempt=1))
    assert type(error) is kind
    assert told in str(error)
    settled(server, step)
    things = server.notes if step == "note" else server.calls
    assert crm.do(step, a_call(), done, attempt=2) == things[0]["id"]
    assert list(marked(things)) == ["CA1"]
    assert things[0]["contact"] == done["contact"]


def settled(server: FakeHubSpot, step: str) -> None:
    """Wait for what a slow server still does after the client gave up."""
    slow = [rule for rule in server._rules if rule.latency_s]
    deadline = time.monotonic() + 2
    while slow and not (server.notes if step == "note" else server.calls) and time.monotonic() < deadline:
        time.sleep(0.01)


@pytest.mark.parametrize("how", ["reset_before", "reset_after_accepting", "truncate", "garbage"])
def test_a_contact_that_may_have_been_made_is_looked_for_before_it_is_made_again(server: FakeHubSpot, crm: HubSpotCrm, how: str) -> None:
    """Search knows of it only a while later: the second attempt asks for that while."""
    server.lag_searches = 1
    server.misbehave(CONTACTS, times=1, **{how: True})
    assert isinstance(error_of(lambda: crm.do("contact", a_call(), {}, attempt=1)), CrmUnknown)
    with pytest.raises(CrmBusy) as caught:
        crm.do("contact", a_call(), {}, attempt=2)
    assert caught.value.retry_after_s == 20
    assert crm.do("contact", a_call(), {}, attempt=3) == server.contacts[0]["id"]
    assert len(server.contacts) == 1


@pytest.mark.parametrize("how", ["reset_before", "reset_after_accepting", "truncate", "garbage"])
def test_a_call_record_of_nobody_is_not_made_twice(server: FakeHubSpot, crm: HubSpotCrm, how: str) -> None:
    server.lag_searches = 1
    server.misbehave(CALLS, times=1, **{how: True})
    deliver(crm, a_call("CA0", caller="anonymous"))
    deliver(crm, a_call("CA1", caller="anonymous"))  # began in the same millisecond
    assert sorted(marked(server.calls)) == ["CA0", "CA1"]


@pytest.mark.parametrize(
    ("status", "policy", "retry_after", "wait_s"),
    [
        (429, "TEN_SECONDLY_ROLLING", "", 10),
        (429, "SECONDLY", "", 1),
        (429, "DAILY", "", 3600),
        (429, "something new", "", 10),
        (429, "SECONDLY", "7", 7),
        (423, "", "", 2),
        (423, "", "1", 2),
        (477, "", "120", 120),
        (477, "", "Wed, 21 Oct 2026 07:28:00 GMT", 3600),
    ],
)
def test_how_long_hubspot_wants_to_be_left_alone(
    server: FakeHubSpot, crm: HubSpotCrm, status: int, policy: str, retry_after: str, wait_s: float
) -> None:
    server.policy = policy
    server.misbehave(SEARCH, status=status, retry_after=retry_after)
    error = error_of(lambda: crm.do("contact", a_call(), {}, attempt=1))
    assert isinstance(error, CrmBusy)
    assert error.retry_after_s == wait_s


def test_the_limits_that_the_server_keeps(server: FakeHubSpot, crm: HubSpotCrm) -> None:
    server.search_limit_1s = 1
    crm.do("contact", a_call(), {}, attempt=1)
    error = error_of(lambda: crm.do("contact", a_call(), {}, attempt=1))
    assert isinstance(error, CrmBusy)
    assert error.retry_after_s == 1


def test_a_wrong_token_says_what_to_mend(server: FakeHubSpot) -> None:
    error = error_of(lambda: HubSpotCrm(token="wrong", url=server.url).do("contact", a_call(), {}, attempt=1))
    assert isinstance(error, CrmRefused)
    assert "HUBSPOT_TOKEN" in str(error)


def test_a_property_that_hubspot_refuses_is_named_but_not_its_value(server: FakeHubSpot) -> None:
    contact = server.add_contact(phone=PHONE)
    call = a_call(direction="inbound")
    crm = adapter(server, dispositions={"finished": "x" * 70_000})
    error = error_of(lambda: crm.do("call", call, {"contact": contact}, attempt=1))
    assert (
        str(error) == "HubSpot refused this (400 VALIDATION_ERROR: hs_call_disposition) correlationId 5f1c0a52-0000-4000-8000-9f6c2b7e3d11"
    )


def test_a_contact_that_is_gone_is_refused(server: FakeHubSpot, crm: HubSpotCrm) -> None:
    assert isinstance(error_of(lambda: crm.do("note", a_call(), {"contact": "4711"}, attempt=1)), CrmRefused)


def test_a_server_that_is_not_there_is_busy() -> None:
    with FakeHubSpot() as gone:
        crm = adapter(gone)
    error = error_of(lambda: crm.do("contact", a_call(), {}, attempt=1))
    assert isinstance(error, CrmBusy)
    assert "HUBSPOT_URL" in str(error)


def test_tls_that_fails_is_told_as_such(server: FakeHubSpot) -> None:
    """The client trips over its own error there."""
    error = error_of(lambda: HubSpotCrm(token=TOKEN, url=server.url.replace("http:", "https:")).do("contact", a_call(), {}, attempt=1))
    assert isinstance(error, CrmUnknown)
    assert "HUBSPOT_URL" in str(error)


def test_a_storm_loses_nothing_and_doubles_nothing() -> None:
    with FakeHubSpot(fail=0.3, seed=3, limit_10s=100_000, search_limit_1s=100_000) as server:
        crm = adapter(server)
        contacts = [deliver(crm, a_call(f"CA{n}", caller=f"98123456{n % 7:02}"), tries=60)["contact"] for n in range(24)]
    everyone = sorted(f"CA{n}" for n in range(24))
    assert sorted(marked(server.notes)) == everyone
    assert sorted(marked(server.calls)) == everyone
    assert len(server.contacts) == 7
    assert [note["contact"] for note in sorted(server.notes, key=lambda note: int(next(marked([note]))[2:]))] == contacts


def test_the_marker_is_found_among_many_notes_of_the_contact(server: FakeHubSpot, crm: HubSpotCrm) -> None:
    """More than a page of associations and a batch of reads."""
    contact = server.add_contact(phone=PHONE)
    ours = crm.do("note", a_call(), {"contact": contact}, attempt=1)
    for number in range(2, 620):
        server.keep("notes", {"id": server._new_id(), "properties": {"hs_note_body": f"[vb:CA{number}]"}, "contact": contact})
    assert crm.do("note", a_call(), {"contact": contact}, attempt=2) == ours
    assert len(server.notes) == 619


# -- what is said stays what was said -------------------------------------------------
def test_every_script_arrives_intact_and_harmless(server: FakeHubSpot, crm: HubSpotCrm) -> None:
    call = replace(a_call(words=UNICODE), summary=replace(SUMMARY, text=UNICODE))
    deliver(crm, call)
    for thing in (server.notes[0], server.calls[0]):
        assert UNICODE in seen(body(thing))
        assert "<script" not in body(thing)
        assert "<b onclick" not in body(thing)
    assert f"Caller: {UNICODE}" in seen(body(server.notes[0]))


@pytest.mark.parametrize("atom", ["word ", "अ", "🙏🏽", "<&>\"'", "line\n", "<script>alert(1)</script> "])
def test_200_000_characters_keep_their_beginning_and_end(server: FakeHubSpot, crm: HubSpotCrm, atom: str) -> None:
    words = "It began here. " + (atom * 200_000)[:200_000] + " It ended there."
    deliver(crm, a_call(words=words))
    note = body(server.notes[0])
    assert size(note) <= LIMIT
    shown = seen(note)
    assert "It began here." in shown
    assert "It ended there." in shown
    assert "characters left out" in shown
    assert shown.rstrip().endswith("[vb:CA1]")
    assert "<script" not in note


def test_it_leaves_out_no_more_than_it_must() -> None:
    assert size(call_html(a_call(words="word " * 40_000), with_transcript=True)) > LIMIT - 500
    whole = call_html(a_call(words="word " * 12_000), with_transcript=True)
    assert "left out" not in whole
    assert whole.count("word") == 12_000


def test_characters_that_no_json_or_page_carries_are_replaced(server: FakeHubSpot, crm: HubSpotCrm) -> None:
    deliver(crm, a_call(words="a\x00b\ud800c\x1bd"))
    assert "a\ufffdb\ufffdc\ufffdd" in body(server.notes[0])


def test_one_calls_marker_is_not_anothers() -> None:
    noted = call_html(a_call("CA10"), with_transcript=True)
    assert is_of("CA10", noted)
    assert not is_of("CA1", noted)
    assert not is_of("CA10", None)


# -- beside the greeting --------------------------------------------------------------
def test_a_known_caller_has_a_name(server: FakeHubSpot, crm: HubSpotCrm) -> None:
    contact = server.add_contact(firstname=" Asha ", phone="098123 45678")
    assert crm.known_caller("919812345678", timeout_s=10) == KnownCaller("hubspot", contact, "Asha")
    assert crm.known_caller("+914422334455", timeout_s=10) is None


@pytest.mark.parametrize("phone", ["anonymous", "+0", "", "x" * 30, "1" * 30])
def test_no_number_asks_nothing(server: FakeHubSpot, crm: HubSpotCrm, phone: str) -> None:
    assert crm.known_caller(phone, timeout_s=10) is None
    assert server.count() == 0


@pytest.mark.parametrize("how", [{"latency_s": 30}, {"status": 401}, {"status": 500}, {"reset_before": True}, {"garbage": True}], ids=str)
def test_a_lookup_that_fails_is_quick_and_quiet(
    server: FakeHubSpot, crm: HubSpotCrm, how: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    server.add_contact(firstname="Asha", phone=PHONE)
    server.misbehave(SEARCH, **how)
    began = time.monotonic()
    with caplog.at_level(logging.DEBUG):
        assert crm.known_caller(PHONE, timeout_s=0.2) is None
    assert time.monotonic() - began < 5
    assert "the caller could not be looked up" in caplog.text
    assert "98123" not in repr([vars(record) for record in caplog.records if record.name != "tests"])


def test_a_lookup_waits_for_no_turn(server: FakeHubSpot) -> None:
    server.add_contact(firstname="Asha", phone=PHONE)
    crm = adapter(server, search_pace=Pace(1, 30.0))
    assert crm.known_caller(PHONE, timeout_s=10)
    began = time.monotonic()
    assert crm.known_caller(PHONE, timeout_s=10) is None
    assert time.monotonic() - began < 5


# -- its pace -------------------------------------------------------------------------
def test_the_pace_lets_no_more_through_than_the_limit() -> None:
    clock = Hand()
    pace = Pace(3, 10.0, clock=clock, sleep=clock.sleep)
    passed = []
    for _ in range(7):
        pace.wait()
        passed.append(clock.now - 1000)
    assert passed == [0, 0, 0, 10, 10, 10, 20]


def test_who_is_in_a_hurry_is_told_how_long_it_would_take() -> None:
    clock = Hand()
    pace = Pace(1, 10.0, clock=clock, sleep=clock.sleep)
    pace.wait()
    clock.now += 4
    with pytest.raises(CrmBusy) as caught:
        pace.wait(at_most_s=1)
    assert caught.value.retry_after_s == 6
    assert pace.wait(at_most_s=6) == 6  # the one who gave up took no turn
    assert clock.slept == [6]


def test_nothing_is_logged_of_what_hubspot_answers(server: FakeHubSpot, crm: HubSpotCrm, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        deliver(crm, a_call(words="secret words"))
    told = repr([vars(record) for record in caplog.records])
    assert "secret words" not in told
    assert "98123" not in told
    assert TOKEN not in told
