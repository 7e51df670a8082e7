"""Post-call hooks: what a receiver gets, how it knows that it is ours, and what its answers mean."""

from __future__ import annotations

import hmac
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from calls.agents import Escalation
from calls.call import CallRecord, CallSummary, Consent, Outcome, OutcomeKind, Question, TurnRecord
from calls.crm import CrmAdapter, FinishedCall
from calls.errors import CrmBusy, CrmError, CrmRefused, CrmUnknown, SettingsError
from calls.signature import verify
from crm.post_call import PostCallHook
from tests.fakes.server import FakeServer, Request, Response

DOCUMENT = (Path(__file__).parent.parent / "docs/post-call.md").read_text(encoding="utf-8")
SCHEMA = json.loads(re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)[-1])
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
UNIX = 1_772_357_400.0
SID = "5f22b387-49e1-4edd-b5e2-d7c3b304f5cd"
SECRET = "post-call-secret-0123456789"
WORDS = 'मेरा லைசென்ஸ் expired 😀 <script>alert(1)</script> & "quotes"'


class Receiver(FakeServer):
    """Keeps each delivery once, as docs/post-call.md asks for."""

    def answer(self, request: Request) -> Response:
        body = request.json()
        jsonschema.validate(body, SCHEMA)
        if request.headers["x-voicebot-delivery"] not in [call["delivery"] for call in self.kept["call"]]:
            self.keep("call", body)
        return Response(204)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


def hook_to(url: str, now: Callable[[], float] = lambda: UNIX) -> PostCallHook:
    return PostCallHook(name="warehouse", url=url, secret=SECRET, now=now)


def finished(words: str = WORDS, **facts: Any) -> FinishedCall:
    greeting = TurnRecord(0, "", 1.0, "en", "", 1.0, {}, ("Hello.",), Question.OPEN, False, 0, 0, {})
    turn = TurnRecord(1, words, 0.9, "hi", "license_renewal", 0.93, {"state": "Goa"}, ("Noted.",), Question.NONE, True, 900, 2400, {})
    record = CallRecord(
        SID, "inbound", "919812345678", "+914440000000", "hi", "completed", Consent.DECLINED, NOW, NOW, 75, None, (greeting, turn)
    )
    record = replace(record, outcome=Outcome(OutcomeKind.TRANSFERRED, "asked"), escalations=(Escalation("agent", "completed", NOW, NOW),))
    summary = CallSummary("license_renewal", 0.93, "hi", "high", "Wants a renewal.")
    return FinishedCall(replace(record, **facts), summary, "T-1001")


def post(hook: PostCallHook, call: FinishedCall, attempt: int = 1) -> str:
    return hook.do("post", call, {}, attempt=attempt)


# -- what arrives -------------------------------------------------------------------
def test_the_whole_call_arrives(receiver: Receiver) -> None:
    hook: CrmAdapter = hook_to(f"{receiver.url}/calls/?key=a%20b")
    assert hook.do("post", finished(), {}, attempt=1) == ""
    [call] = receiver.kept["call"]
    assert (call["call_sid"], call["caller"], call["phone"]) == (SID, "919812345678", "+919812345678")
    assert (call["outcome"], call["duration_s"], call["recording"]) == ({"kind": "transferred", "reason": "asked"}, 75, "declined")
    assert (call["started_at"], call["tickets"]) == ("2026-03-01T09:30:00+00:00", {"desk": "T-1001", "about": None})
    assert [turn["caller"] for turn in call["turns"]] == ["", WORDS]
    assert call["turns"][1]["slots"] == {"state": "Goa"}
    assert call["transfers"][0]["state"] == "completed"
    assert (receiver.requests[0].path, receiver.requests[0].query) == ("/calls/", {"key": "a b"})
    assert (hook.name, hook.steps, hook.known_caller("+919812345678", timeout_s=1)) == ("warehouse", ("post",), None)


def test_a_long_call_arrives_whole(receiver: Receiver) -> None:
    words = "मेरा 😀 <b> " * 20_000
    post(hook_to(receiver.url), finished(words))
    assert receiver.kept["call"][0]["turns"][1]["caller"] == words
    assert receiver.requests[0].path == "/"


@pytest.mark.parametrize("caller", ["anonymous", "+0", "", "1" * 30])
def test_a_call_of_which_little_is_known_arrives(receiver: Receiver, caller: str) -> None:
    call = finished("half a pair: \ud83d", caller=caller, ended_at=None, duration_s=None, outcome=None, escalations=())
    unsure = replace(call.summary, confidence=float("nan"))
    post(hook_to(receiver.url), replace(call, summary=unsure, ticket_id=""))
    [arrived] = receiver.kept["call"]
    assert (arrived["caller"], arrived["phone"], arrived["outcome"], arrived["tickets"]["desk"]) == (caller, None, None, None)
    assert arrived["turns"][1]["caller"] == "half a pair: \ufffd"


# -- how it is known for ours ---------------------------------------------------------
def test_it_is_signed_over_the_raw_body_and_the_time(receiver: Receiver) -> None:
    post(hook_to(receiver.url), finished())
    request = receiver.requests[0]
    header = request.headers["x-voicebot-signature"]
    expected = hmac.new(SECRET.encode(), b"1772357400." + request.body, "sha256").hexdigest()
    assert header == f"t=1772357400,v1={expected}"
    assert verify(request.body, header, [SECRET], now=UNIX)
    assert request.headers["x-voicebot-delivery"] == f"{SID}:warehouse"


def test_the_documents_own_check_takes_it(receiver: Receiver) -> None:
    post(hook_to(receiver.url, now=time.time), finished())
    names: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)[0], names)  # noqa: S102 - our own document
    request = receiver.requests[0]
    header = request.headers["x-voicebot-signature"]
    assert names["is_ours"](request.body, header, SECRET)
    assert not names["is_ours"](request.body, header, "another")
    assert not names["is_ours"](request.body + b" ", header, SECRET)


def test_every_try_is_signed_anew_and_has_the_same_name(receiver: Receiver) -> None:
    times = iter([UNIX, UNIX + 600])
    hook = hook_to(receiver.url, now=lambda: next(times))
    for attempt in (1, 2):
        post(hook, finished(), attempt)
    first, second = [request.headers for request in receiver.requests]
    assert first["x-voicebot-delivery"] == second["x-voicebot-delivery"]
    assert (first["x-voicebot-signature"][:13], second["x-voicebot-signature"][:13]) == ("t=1772357400,", "t=1772358000,")
    assert len(receiver.kept["call"]) == 1


# -- what an answer means -------------------------------------------------------------
@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"status": 429, "retry_after": "7"}, CrmBusy),
        ({"status": 503, "retry_after": "7"}, CrmBusy),
        ({"status": 408}, CrmUnknown),
        ({"status": 500}, CrmUnknown),
        ({"status": 504}, CrmUnknown),
        ({"reset_before": True}, CrmUnknown),
        ({"reset_after_accepting": True}, CrmUnknown),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_trouble_is_tried_again_and_counts_once(receiver: Receiver, how: dict[str, Any], error: type[CrmError]) -> None:
    receiver.misbehave(**how, times=1)
    with pytest.raises(error) as caught:
        post(hook_to(receiver.url), finished())
    assert getattr(caught.value, "retry_after_s", 7) == 7
    post(hook_to(receiver.url), finished(), 2)
    assert len(receiver.kept["call"]) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 405, 409, 410, 422])
def test_a_refusal_is_final(receiver: Receiver, status: int) -> None:
    receiver.misbehave(status=status)
    with pytest.raises(CrmRefused, match=rf"The post-call hook warehouse .*{status}"):
        post(hook_to(receiver.url), finished())
    assert receiver.count() == 1


def test_a_redirect_takes_the_call_nowhere_else() -> None:
    class Redirecting(FakeServer):
        def answer(self, request: Request) -> Response:
            return Response(307, None, {"Location": f"{self.url}/elsewhere"})

    with Redirecting() as server, pytest.raises(CrmRefused, match="307"):
        post(hook_to(f"{server.url}/calls"), finished())
    assert [request.path for request in server.requests] == ["/calls"]


@pytest.mark.parametrize("answer", [Response(200, b"OK", {"Content-Type": "text/plain"}), Response(202), Response(200, {"id": 1})])
def test_any_2xx_is_a_receipt(answer: Response) -> None:
    class Plain(FakeServer):
        def answer(self, request: Request) -> Response:
            return answer

    with Plain() as server:
        assert post(hook_to(server.url), finished()) == ""


def test_nobody_there_is_tried_again() -> None:
    with Receiver() as server:
        url = server.url
    with pytest.raises(CrmBusy, match="can't be reached"):
        post(hook_to(url), finished())


def test_no_error_holds_a_secret_or_the_caller(receiver: Receiver) -> None:
    said = []
    for how in ({"status": 401}, {"status": 500}, {"status": 302}, {"reset_before": True}, {"status": 422}):
        receiver.behave()
        receiver.misbehave(**how)
        with pytest.raises(CrmError) as caught:
            post(hook_to(f"{receiver.url}/hidden?key=in-the-url"), finished())
        said += [str(caught.value), repr(caught.value.__cause__), repr(caught.value.__context__)]
    assert not [secret for secret in (SECRET, "in-the-url", "9812345678", "alert", receiver.url) if secret in " ".join(said)]


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"name": "Ware house"}, "post_call"),
        ({"name": ""}, "post_call"),
        ({"name": "x" * 33}, "post_call"),
        ({"url": "ftp://example.com"}, "post_call.warehouse"),
        ({"url": "https://user:pass@example.com/"}, "post_call.warehouse"),
        ({"url": "https://example.com/#part"}, "post_call.warehouse"),
        ({"url": ""}, "post_call.warehouse"),
        ({"secret": ""}, "POST_CALL_SECRET"),
    ],
)
def test_settings_that_can_not_be_right_fail_at_boot(wrong: dict[str, str], place: str) -> None:
    settings: dict[str, Any] = {"name": "warehouse", "url": "https://example.com/calls", "secret": SECRET} | wrong
    with pytest.raises(SettingsError, match=place) as caught:
        PostCallHook(**settings)
    assert "pass" not in str(caught.value)
