"""Tally: tickets by way of a stand-in that keeps to the contract, and does not behave."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.call import CallRecord, CallSummary, Consent, Outcome, OutcomeKind, Question, TurnRecord
from calls.crm import CrmAdapter, FinishedCall, KnownCaller
from calls.errors import CrmBusy, CrmError, CrmRefused, CrmUnknown, SettingsError
from crm.http import Bearer, HttpCrm, retry_after_s
from crm.tally import MAX_DESCRIPTION, MAX_SUMMARY, TALLY_UNKNOWN_PHONE, Tally, ticket_body
from crm.transcript import cut_in_the_middle, shortened
from tests.fakes.server import FakeServer, Request, Response
from tests.fakes.tally import TOKEN, FakeTally

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
PHONE, WORDS = "+919812345678", "my secret licence words"
ANNA = {"id": "C-7", "name": "Anna  S", "phone": PHONE, "license_expiry": "2026-04-30"}
CREATE, FIND, LOOK_UP = "POST /api/tickets", "GET /api/tickets", "GET /api/customers"


def a_call(sid: str = "CA1", *words: str, caller: str = "919812345678", direction: str = "inbound", **summary: Any) -> FinishedCall:
    turns = tuple(
        TurnRecord(number, heard, 0.9, "en", "other", 0.9, {}, ("One moment.",), Question.NONE, False, 0, 0, {})
        for number, heard in enumerate(words or (WORDS,), 1)
    )
    end = Outcome(OutcomeKind.FINISHED)
    record = CallRecord(sid, direction, caller, "1800", "en", "completed", Consent.GIVEN, NOW, NOW + timedelta(minutes=2), 125, end, turns)
    facts = CallSummary("license_renewal", 0.93, "hi", "normal", "The licence has expired.")
    return FinishedCall(record, replace(facts, **summary), ticket_id="T-1001")


@pytest.fixture
def server() -> Iterator[FakeTally]:
    with FakeTally(customers=[ANNA]) as fake:
        yield fake


def patient(server: FakeTally, timeout_s: float) -> Tally:
    return Tally(url=server.url, token=TOKEN, timeout_s=timeout_s)


@pytest.fixture
def tally(server: FakeTally) -> Tally:
    return patient(server, 20)


def deliver(adapter: CrmAdapter, call: FinishedCall, tries: int = 10) -> tuple[dict[str, str], list[CrmError]]:
    """As the worker does it, without the waiting: each step until it succeeds."""
    done: dict[str, str] = {}
    errors: list[CrmError] = []
    for step in adapter.steps:
        for attempt in range(1, tries + 1):
            try:
                done[step] = adapter.do(step, call, done, attempt=attempt)
                break
            except (CrmBusy, CrmUnknown) as error:
                errors.append(error)
    return done, errors


def assert_tells_nothing(error: CrmError) -> None:
    """Neither the text that is kept nor the traceback that is logged holds a token, a number or words."""
    assert error.__context__ is None
    told = str(error) + "".join(traceback.format_exception(error))
    for private in (TOKEN, PHONE[3:], "98123", WORDS):
        assert private not in told


# -- the whole of a ticket ----------------------------------------------------------


def test_a_call_becomes_a_ticket_of_its_customer(tally: Tally, server: FakeTally) -> None:
    adapter: CrmAdapter = tally
    assert deliver(adapter, a_call()) == ({"customer": "C-7", "ticket": "TLY-1"}, [])
    assert server.tickets == [
        {
            "ticket_id": "TLY-1",
            "key": "CA1:ticket",
            "sent": {
                "customer_id": "C-7",
                "phone": PHONE,
                "intent_category": "license_renewal",
                "description": f"Duration: 2 min 5 s\nTicket on the bot's desk: T-1001\n\n"
                f"Caller: {WORDS}\nBot: One moment.\nOutcome: finished",
                "language": "hi",
                "source": "voice_ivr",
                "priority": "normal",
                "call_sid": "CA1",
                "summary": "The licence has expired.",
                "confidence": 0.93,
            },
        }
    ]


def test_an_outbound_call_is_about_the_one_who_was_called(tally: Tally, server: FakeTally) -> None:
    call = a_call(caller="1800", direction="outbound")
    deliver(tally, replace(call, record=replace(call.record, called="098123 45678")))
    assert (server.tickets[0]["sent"]["phone"], server.tickets[0]["sent"]["customer_id"]) == (PHONE, "C-7")


def test_a_call_about_an_open_ticket_names_it(tally: Tally, server: FakeTally) -> None:
    deliver(tally, replace(a_call(), about_ticket_id="TLY-900"))
    assert server.tickets[0]["sent"]["description"].startswith("About the open ticket TLY-900, as the caller said\n")


@pytest.mark.parametrize(
    ("summary", "sent"),
    [
        ({"intent": "data_corrupt", "priority": "normal"}, {"intent_category": "data_corrupt", "priority": "high"}),
        ({"intent": "gst_query", "priority": "high"}, {"intent_category": "gst_query", "priority": "normal"}),
        ({"intent": "our_own_intent"}, {"intent_category": "other"}),
        ({"language": "ta"}, {"language": "ta"}),
        ({"language": "hi-IN"}, {"language": "hi"}),
        ({"language": "te"}, {"language": "en"}),
        ({"confidence": 1.0000001}, {"confidence": 1.0}),
        ({"confidence": float("nan")}, {"confidence": None}),
    ],
)
def test_only_the_contracts_values_are_sent(tally: Tally, server: FakeTally, summary: dict[str, Any], sent: dict[str, Any]) -> None:
    deliver(tally, a_call(**summary))
    assert {name: server.tickets[0]["sent"].get(name) for name in sent} == sent


def test_long_sids_fit_and_stay_different(tally: Tally, server: FakeTally) -> None:
    sids = ["CA" + "0" * 100 + end for end in "ab"]
    for sid in [*sids, *sids]:
        deliver(tally, a_call(sid))
    assert [ticket["sent"]["call_sid"][:31] for ticket in server.tickets] == ["CA" + "0" * 29] * 2
    assert [sid in ticket["sent"]["description"] for sid, ticket in zip(sids, server.tickets, strict=True)] == [True, True]


@pytest.mark.parametrize("caller", ["anonymous", "+0", "letters", "9" * 30, "", "sip:anonymous@anonymous.invalid", "<b>x</b>"])
def test_a_caller_without_a_number_leaves_a_ticket_too(tally: Tally, server: FakeTally, caller: str) -> None:
    done, _ = deliver(tally, a_call(caller=caller))
    sent = server.tickets[0]["sent"]
    assert (done["customer"], sent["customer_id"], sent["phone"]) == ("", None, TALLY_UNKNOWN_PHONE)
    assert sent["description"].startswith(f"Calling number: {caller or 'none'}\n")
    assert server.count(LOOK_UP) == 0


# -- words ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "मेरा लाइसेंस ख़त्म हो गया",
        "தரவு அழிந்துவிட்டது",
        "👩‍👩‍👧 ok 🙂",
        "<script>alert('x')</script> &amp; <img src=x onerror=y>",
        'a"\\\r\n\tb',
        "' OR 1=1 --",
    ],
)
def test_words_arrive_unchanged(tally: Tally, server: FakeTally, words: str) -> None:
    deliver(tally, a_call("CA1", words, text=words))
    assert f"\nCaller: {words}\nBot:" in server.tickets[0]["sent"]["description"]
    assert server.tickets[0]["sent"]["summary"] == words


def test_what_no_database_holds_is_taken_out(tally: Tally, server: FakeTally) -> None:
    deliver(tally, a_call("CA1", "a\0b\ud800c"))
    assert "Caller: ab\ufffdc\n" in server.tickets[0]["sent"]["description"]


@pytest.mark.parametrize("word", ["licence", "लाइसेंस", "உரிமம்", "🙂🙂"])
def test_of_a_very_long_call_the_beginning_and_the_end_arrive(tally: Tally, server: FakeTally, word: str) -> None:
    words = " ".join(f"{word}{number}" for number in range(200_000 // (len(word) + 6)))
    deliver(tally, a_call("CA1", "first words", words, "last words", text=words))
    sent = server.tickets[0]["sent"]
    text = sent["description"]
    assert MAX_DESCRIPTION - 500 < len(text) <= MAX_DESCRIPTION
    assert "Caller: first words" in text
    assert "characters of the transcript are left out here" in text
    assert text.endswith("Caller: last words\nBot: One moment.\nOutcome: finished")
    assert set(text.partition("\n\n[...")[0].split()[20:]) <= set(words.split()), "no word is cut in two"
    assert len(sent["summary"]) <= MAX_SUMMARY
    assert sent["summary"].endswith(" ...")


def test_two_hundred_thousand_characters_without_a_blank(tally: Tally, server: FakeTally) -> None:
    deliver(tally, a_call("CA1", "क" * 200_000))
    assert len(server.tickets[0]["sent"]["description"]) <= MAX_DESCRIPTION


@given(st.text(max_size=600), st.integers(200, 500))
def test_a_cut_keeps_both_ends(text: str, most: int) -> None:
    cut = cut_in_the_middle(text, most)
    assert len(cut) <= most
    assert cut == text if len(text) <= most else (text.startswith(cut.partition("\n\n[...")[0]) and text.endswith(cut[-1]))
    assert len(shortened(text, most)) <= most


# -- trouble --------------------------------------------------------------------------

TROUBLE: list[Any] = [
    pytest.param({"status": 429, "retry_after": "7"}, CrmBusy, 7.0, id="429"),
    pytest.param({"status": 503, "retry_after": "2"}, CrmBusy, 2.0, id="503"),
    pytest.param({"status": 503}, CrmBusy, None, id="503-without-a-time"),
    pytest.param({"status": 423}, CrmBusy, None, id="423"),
    pytest.param({"status": 500}, CrmUnknown, None, id="500"),
    pytest.param({"status": 502}, CrmUnknown, None, id="502"),
    pytest.param({"status": 408}, CrmUnknown, None, id="408"),
    pytest.param({"latency_s": 1.2}, CrmUnknown, None, id="slow"),
    pytest.param({"reset_before": True}, CrmUnknown, None, id="reset-before"),
    pytest.param({"reset_after_accepting": True}, CrmUnknown, None, id="reset-after-accepting"),
    pytest.param({"truncate": True}, CrmUnknown, None, id="truncated"),
    pytest.param({"garbage": True}, CrmUnknown, None, id="html-instead-of-json"),
]


@pytest.mark.parametrize("route", [LOOK_UP, FIND, CREATE])
@pytest.mark.parametrize(("how", "kind", "wait_s"), TROUBLE)
def test_after_any_trouble_there_is_one_ticket(
    server: FakeTally, route: str, how: dict[str, Any], kind: type[CrmError], wait_s: float | None
) -> None:
    tally = patient(server, how.get("latency_s", 20) / 2)
    server.misbehave(route, **how, times=1)
    done, errors = deliver(tally, a_call())
    assert [type(error) for error in errors] == [kind]
    assert getattr(errors[0], "retry_after_s", None) == wait_s
    assert_tells_nothing(errors[0])
    assert done == {"customer": "C-7", "ticket": "TLY-1"}
    assert [ticket["sent"]["summary"] for ticket in server.tickets] == ["The licence has expired."]


@pytest.mark.parametrize("how", [{"reset_after_accepting": True}, {"truncate": True}, {"garbage": True}])
def test_without_a_way_to_look_the_key_keeps_it_one_ticket(tally: Tally, server: FakeTally, how: dict[str, Any]) -> None:
    server.misbehave(FIND, status=404)
    server.misbehave(CREATE, **how, times=1)
    done, errors = deliver(tally, a_call())
    assert ([type(error) for error in errors], done["ticket"], len(server.tickets)) == ([CrmUnknown], "TLY-1", 1)
    assert server.count(CREATE) == 2


def test_a_worker_killed_in_the_middle_of_a_step_makes_no_second_ticket(tally: Tally, server: FakeTally) -> None:
    """It does the step again as its first attempt, and knows nothing of the one before; meanwhile the record has grown."""
    server.misbehave(CREATE, reset_after_accepting=True, times=1)
    with pytest.raises(CrmUnknown):
        tally.do("ticket", a_call(), {}, attempt=1)
    assert tally.do("ticket", a_call("CA1", "more", "words"), {}, attempt=1) == "TLY-1"
    assert len(server.tickets) == 1


def test_our_key_with_an_earlier_body_is_our_ticket(tally: Tally, server: FakeTally) -> None:
    """The look found nothing as Tally had not yet indexed it; the key knows better."""
    tally.do("ticket", a_call(), {}, attempt=1)
    server.misbehave(FIND, status=404, times=1)
    assert tally.do("ticket", a_call("CA1", "more", "words"), {}, attempt=2) == "TLY-1"
    assert (len(server.tickets), server.count(CREATE)) == (1, 2)


def test_our_key_with_an_earlier_body_and_no_way_to_look(tally: Tally, server: FakeTally) -> None:
    tally.do("ticket", a_call(), {}, attempt=1)
    server.misbehave(FIND, status=405)
    with pytest.raises(CrmRefused, match=r"has a ticket of this call .* search there"):
        tally.do("ticket", a_call("CA1", "more"), {}, attempt=2)
    assert len(server.tickets) == 1


def test_a_conflict_that_passes(tally: Tally, server: FakeTally) -> None:
    server.misbehave(CREATE, status=409, times=2)
    done, errors = deliver(tally, a_call())
    assert ([type(error) for error in errors], done["ticket"], len(server.tickets)) == ([CrmUnknown] * 2, "TLY-1", 1)


def test_a_tally_of_the_known_routes_only() -> None:
    with FakeTally(customers=[ANNA], proposals=False) as server:
        assert deliver(Tally(url=server.url + "/", token=TOKEN), a_call()) == ({"customer": "", "ticket": "TLY-1"}, [])
        assert len(server.tickets) == 1


def test_tickets_of_other_calls_are_not_taken_for_ours() -> None:
    with FakeTally(lists_any_call=True) as server:
        tally = Tally(url=server.url, token=TOKEN)
        made = [deliver(tally, a_call(sid))[0]["ticket"] for sid in ("CA1", "CA2", "CA1")]
    assert made == ["TLY-1", "TLY-2", "TLY-1"]


@pytest.mark.parametrize("step", Tally.steps)
def test_a_wrong_token_is_named_and_not_shown(server: FakeTally, step: str) -> None:
    tally = Tally(url=server.url, token="an-old-token-5678")
    with pytest.raises(CrmRefused, match=r"Tally refused the token \(401\): set TALLY_TOKEN") as caught:
        tally.do(step, a_call(), {}, attempt=1)
    assert "an-old-token" not in "".join(traceback.format_exception(caught.value))
    assert_tells_nothing(caught.value)
    assert server.tickets == []


def test_a_refused_field_is_named_and_its_value_is_not(server: FakeTally) -> None:
    http = HttpCrm("Tally", server.url, auth=Bearer(TOKEN))
    body = ticket_body(a_call(), "", "IN") | {"phone": PHONE[3:], "language": WORDS}
    with pytest.raises(CrmRefused, match=r"\(422\): phone, language$") as caught:
        http.post("/api/tickets", body)
    assert_tells_nothing(caught.value)


@pytest.mark.parametrize("name", ["98123", "+919812345678", "two words", "a" * 100, "<b>"])
def test_what_is_no_name_of_a_field_is_not_repeated(name: str) -> None:
    with Refusing({"error": {"fields": {name: "wrong", "phone": "wrong"}}}) as server, pytest.raises(CrmRefused, match=r"\(422\): phone$"):
        HttpCrm("Tally", server.url).post("/", {})


class Refusing(FakeServer):
    def __init__(self, body: Any) -> None:
        super().__init__()
        self.body = body

    def answer(self, request: Request) -> Response:
        return Response(422, self.body)


@pytest.mark.parametrize("body", [None, [], "no", {"error": None}, {"error": {"fields": ["phone"]}}, b"<html>"])
def test_a_refusal_in_another_shape(body: Any) -> None:
    with Refusing(body) as server, pytest.raises(CrmRefused, match=r"\(422\)$"):
        HttpCrm("Tally", server.url).post("/", {})


def test_a_number_that_tally_does_not_like_costs_no_ticket(tally: Tally, server: FakeTally) -> None:
    server.misbehave(LOOK_UP, status=422)
    assert deliver(tally, a_call()) == ({"customer": "", "ticket": "TLY-1"}, [])


@pytest.mark.parametrize("status", [400, 402, 404, 405, 410, 413, 422])
def test_what_tally_will_never_take(tally: Tally, server: FakeTally, status: int) -> None:
    server.misbehave(CREATE, status=status)
    with pytest.raises(CrmRefused, match=rf"\({status}\)") as caught:
        tally.do("ticket", a_call(), {}, attempt=1)
    assert_tells_nothing(caught.value)


def test_a_tally_that_is_not_there_is_asked_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for step in Tally.steps:
        with pytest.raises(CrmBusy, match=r"can't be reached") as caught:
            Tally(url=f"http://127.0.0.1:{port}", token=TOKEN).do(step, a_call(), {}, attempt=1)
        assert_tells_nothing(caught.value)


def test_connections_are_kept(tally: Tally, server: FakeTally) -> None:
    for number in range(5):
        deliver(tally, a_call(f"CA{number}"))
    assert (server.count(), server.connections) == (15, 1)


def test_a_tally_that_comes_back(tally: Tally, server: FakeTally) -> None:
    server.down = True
    with pytest.raises(CrmUnknown):
        tally.do("ticket", a_call(), {}, attempt=1)
    server.behave()
    assert tally.do("ticket", a_call(), {}, attempt=2) == "TLY-1"


class Elsewhere(FakeServer):
    """Sends everybody to `target`."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self.target = target

    def answer(self, request: Request) -> Response:
        return Response(307, b"", {"Location": self.target + request.path})


def test_a_redirect_is_not_followed(server: FakeTally) -> None:
    with Elsewhere(server.url) as elsewhere, pytest.raises(CrmRefused, match=r"\(307\)"):
        Tally(url=elsewhere.url, token=TOKEN).do("ticket", a_call(), {}, attempt=1)
    assert server.requests == []


def test_a_netrc_does_not_replace_the_token(server: FakeTally, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert Tally(url=server.url, token=TOKEN).do("ticket", a_call(), {}, attempt=1) == "TLY-1"


@contextmanager
def odd_server(*parts: bytes) -> Iterator[str]:
    """The URL of a server that answers one request with `parts`, one every 20 ms."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as threads:
        threads.submit(send_slowly, listener, parts)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def send_slowly(listener: socket.socket, parts: Sequence[bytes]) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65_536)
        try:
            for part in parts:
                connection.sendall(part)
                time.sleep(0.02)
        except OSError:
            return


def test_a_malformed_header_tells_the_log_no_number(caplog: pytest.LogCaptureFixture) -> None:
    with odd_server(b"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 2\r\n\r\n{}") as url:
        assert Tally(url=url, token=TOKEN).known_caller(PHONE, timeout_s=10) is None
    assert PHONE[3:] not in caplog.text


def test_an_answer_that_trickles_in_is_given_up() -> None:
    began = time.monotonic()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    with odd_server(head, *[b" "] * 1000) as url, pytest.raises(CrmUnknown, match=r"Timeout"):
        HttpCrm("Tally", url, auth=Bearer(TOKEN), timeout_s=0.2).get("/api/tickets")
    assert time.monotonic() - began < 10, "it comes for 20 s"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *[("7", 7.0), ("0", 0.0), ("-3", 0.0), ("1.5", 1.5), ("999999999", 86_400.0), ("nan", None), ("inf", None), ("9" * 400, None)],
        *[("Sun, 01 Mar 2026 09:31:00 GMT", 60.0), ("Sun, 01 Mar 2026 09:00:00 GMT", 0.0), ("", None), ("soon", None)],
    ],
)
def test_when_to_come_again(header: str, seconds: float | None) -> None:
    assert retry_after_s(header, now=NOW.timestamp()) == seconds


@pytest.mark.parametrize(
    ("url", "token", "named"),
    [("tally.example", "t", "TALLY_URL"), ("https://u:p@tally.example", "t", "TALLY_URL"), ("", "t", "TALLY_URL")]
    + [("https://tally.example", token, "TALLY_TOKEN") for token in ("", "a secret\n", "ப")],
)
def test_a_wrong_setting_is_found_at_boot(url: str, token: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named) as caught:
        Tally(url=url, token=token)
    assert "secret" not in str(caught.value)


def test_twenty_calls_at_once_in_a_storm(server: FakeTally) -> None:
    with FakeTally(customers=[ANNA], fail=0.4, seed=3) as server:
        tally = Tally(url=server.url, token=TOKEN)
        calls = [a_call(f"CA{number}", f"words {number}") for number in range(20)]
        with ThreadPoolExecutor(8) as threads:
            results = list(threads.map(lambda call: deliver(tally, call, tries=60), calls))
        assert sum(len(errors) for _, errors in results) > 20
        assert [done["customer"] for done, _ in results] == ["C-7"] * 20
        told = {ticket["sent"]["call_sid"]: ticket for ticket in server.tickets}
        assert len(told) == len(server.tickets) == 20
        for call, (done, _) in zip(calls, results, strict=True):
            assert told[call.record.sid]["ticket_id"] == done["ticket"]
            assert call.record.turns[0].heard in told[call.record.sid]["sent"]["description"]


# -- who calls ------------------------------------------------------------------------


def test_a_known_caller(tally: Tally) -> None:
    assert tally.known_caller("098123 45678", timeout_s=10) == KnownCaller("tally", "C-7", "Anna S", "2026-04-30")


def test_an_unknown_caller(tally: Tally, server: FakeTally) -> None:
    assert tally.known_caller("04423456789", timeout_s=10) is None
    assert tally.known_caller("anonymous", timeout_s=10) is None
    assert server.count() == 1


@pytest.mark.parametrize(
    "customers",
    [
        [ANNA, {"id": "C-8", "phone": PHONE}],
        [{"id": "C-7", "phone": "+914423456789"}, {"id": ""}],
        [{"name": "without an id"}, None, "C-7"],
    ],
)
def test_an_answer_that_names_nobody_for_sure(customers: list[Any]) -> None:
    with Customers(customers) as server:
        assert Tally(url=server.url, token=TOKEN).known_caller(PHONE, timeout_s=10) is None


class Customers(FakeServer):
    """Answers every lookup with the same, as the contract does not allow."""

    def __init__(self, customers: list[Any]) -> None:
        super().__init__()
        self.customers = customers

    def answer(self, request: Request) -> Response:
        return Response(200, {"customers": self.customers})


@pytest.mark.parametrize("field", [{"name": None, "license_expiry": "soon"}, {"name": 7, "license_expiry": 2026}])
def test_a_customer_with_odd_fields(field: dict[str, Any]) -> None:
    with Customers([ANNA | field]) as server:
        assert Tally(url=server.url, token=TOKEN).known_caller(PHONE, timeout_s=10) == KnownCaller("tally", "C-7")


@pytest.mark.parametrize(
    "how",
    [{"status": 401}, {"status": 500}, {"status": 429}, {"reset_before": True}, {"truncate": True}, {"garbage": True}, {"latency_s": 30}],
)
def test_a_lookup_in_trouble_is_an_unknown_caller_in_time(tally: Tally, server: FakeTally, how: dict[str, Any]) -> None:
    server.misbehave(LOOK_UP, **how)
    began = time.monotonic()
    assert tally.known_caller(PHONE, timeout_s=0.2) is None
    assert time.monotonic() - began < 5


# -- the stand-in itself --------------------------------------------------------------


def test_the_stand_in_remembers_when_it_is_killed(tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    for _ in range(2):
        with stand_in(state) as url:
            assert Tally(url=url, token=TOKEN).do("ticket", a_call(), {}, attempt=1) == "TLY-1"
    assert len(state.read_text().splitlines()) == 1


@contextmanager
def stand_in(state: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.fakes.tally", "--state", str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGKILL)
