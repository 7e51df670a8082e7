"""The telephone in the browser: our own hooks knocked at in this process, for the page's own calls and nobody else's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import TestResponse

import console.phone
import webhooks
from calls.call import Intent, Outcome, OutcomeKind, Ticket, Turn
from calls.errors import JournalError
from calls.live import LiveEvent
from calls.settings import Environment
from calls.signature import HEADER, sign
from calls.tokens import audio_key_fits
from records.closing import Closing
from records.history import History
from records.people import People
from tests import console_rig, hook_rig
from tests.console_rig import QUICK

migrated_file, database = hook_rig.migrated_file, hook_rig.database
SECRET = hook_rig.SECRET
SWITCHBOARD = {"agents": {}, "queues": {}, "target": hook_rig.AGENT}


class House(hook_rig.House):
    """What the page's hooks and the console's door look for."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.people, self.history = People(self.database, hasher=QUICK), History(self.database)

    def start(self) -> None:
        """It has been."""

    def stopping(self) -> bool:
        return False


class ClosedDesk(Closing):
    """The desk's database is away, so that the status hook of a call's end answers 500."""

    def close(self, sid: str, *, now: datetime) -> Ticket | None:
        raise JournalError("away")


def house_with(database: Engine, **environ: str) -> House:
    environment = Environment.read({"JAMBONZ_WEBHOOK_SECRET": SECRET, "SESSION_SECRET": "kept by the test", **environ})
    return House(database, environment=environment, settings=hook_rig.settings_with(escalation=SWITCHBOARD))


@pytest.fixture
def house(database: Engine) -> House:
    return house_with(database)


def app_of(house: House) -> Flask:
    app = console_rig.app(house, console.phone.bp)
    webhooks.register(app)
    return app


class Page:
    """A browser with /phone open."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        found = re.search(r'data-csrf="([^"]+)"', client.get("/phone").text)
        assert found is not None
        self.headers = {"X-CSRFToken": found.group(1), "Accept": "application/json"}

    def post(self, path: str, **body: Any) -> TestResponse:
        return self.client.post(path, json=body, headers=self.headers)

    def call(self) -> tuple[str, list[dict[str, Any]]]:
        answer = self.post("/phone/call")
        assert answer.status_code == 200, answer.text
        told = answer.get_json()
        return told["call_sid"], told["verbs"]

    def hook(self, sid: str, hook: str, **facts: Any) -> list[dict[str, Any]]:
        answer = self.post(f"/phone/{sid}/hook", hook=hook, facts=facts)
        assert answer.status_code == 200, answer.text
        verbs: list[dict[str, Any]] = answer.get_json()["verbs"]
        return verbs


def page_of(house: House, login: str = "asha") -> Page:
    return Page(console_rig.browser(app_of(house), "agent", login=login))


# -- a call -----------------------------------------------------------------------------
def test_a_call_goes_through_the_real_hooks(house: House) -> None:
    sid, (say, stream, redirect) = page_of(house).call()
    assert (say["verb"], redirect) == ("say", {"verb": "redirect", "actionHook": "/escalate"})
    assert (stream["verb"], stream["actionHook"]) == ("stream", "/voice/ended")
    record = house.journal.record(sid)
    assert record is not None
    assert (record.caller, record.called, record.direction, record.status) == ("web:asha", "browser", "inbound", "in-progress")
    assert house.journal.active(house.now) == 1
    address = urlsplit(stream["url"])
    given = parse_qs(address.query)
    assert (address.scheme, address.netloc, address.path) == ("", "", "/audio")
    assert audio_key_fits(given["call"][0], given["key"][0], house.secrets) == sid
    assert "wsAuth" not in stream
    first = stream["first_frame"]
    assert (first["callSid"], first["sampleRate"], first["from"], first["language"]) == (sid, 16_000, "web:asha", "en")


def test_a_full_house_is_the_same_for_a_browser(database: Engine) -> None:
    house = house_with(database)
    house.is_draining = True
    _, verbs = page_of(house).call()
    assert verbs == [{"verb": "redirect", "actionHook": "/escalate"}]


def test_to_a_human_who_can_not_be_rung_and_back(house: House) -> None:
    page = page_of(house)
    sid, _ = page.call()
    house.journal.call_ended(sid, Outcome(OutcomeKind.ESCALATED, "asked"), now=house.now)
    assert page.hook(sid, "/voice/ended", dial_call_duration=9) == [{"verb": "redirect", "actionHook": "/escalate"}]
    dial, hangup = page.hook(sid, "/escalate")
    assert (dial["verb"], dial["target"][0]["name"], dial["actionHook"]) == ("dial", "agent@example.com", "/escalate/ended")
    assert hangup == {"verb": "hangup"}
    stream, _ = page.hook(sid, "/escalate/ended", dial_call_status="failed", dial_sip_status=503)
    assert (stream["verb"], stream["first_frame"]["after"]) == ("stream", "no_agent")
    record = house.journal.record(sid)
    assert record is not None
    assert [(each.state, each.sip_status) for each in record.escalations] == [("failed", 503)]


def test_the_caller_hangs_up(house: House) -> None:
    page = page_of(house)
    sid, _ = page.call()
    assert page.post(f"/phone/{sid}/hangup", hook="/voice/ended", duration_s=12).status_code == 204
    record = house.journal.record(sid)
    assert record is not None
    assert (record.status, record.duration_s) == ("completed", 12)
    assert record.ended_at == house.now
    assert record.outcome == Outcome(OutcomeKind.HUNG_UP)
    assert house.desk.ticket_of(sid) is not None
    assert house.journal.active(house.now) == 0


def test_the_verbs_come_to_their_end(house: House) -> None:
    page = page_of(house)
    sid, _ = page.call()
    house.journal.call_ended(sid, Outcome(OutcomeKind.FINISHED, "goodbye"), now=house.now)
    assert page.hook(sid, "/voice/ended") == [{"verb": "hangup"}]
    assert page.post(f"/phone/{sid}/hangup", by="jambonz").status_code == 204
    record = house.journal.record(sid)
    assert record is not None
    assert (record.status, record.outcome) == ("completed", Outcome(OutcomeKind.FINISHED, "goodbye"))


def test_without_a_webhook_secret_the_page_calls_and_strangers_do_not(database: Engine) -> None:
    house = house_with(database, JAMBONZ_WEBHOOK_SECRET="")
    page = page_of(house)
    sid, verbs = page.call()
    assert [verb["verb"] for verb in verbs] == ["say", "stream", "redirect"]
    body = json.dumps({"call_sid": sid, "call_status": "completed"}).encode()
    for secret in ("", SECRET, "guessed"):
        header = sign(body, secret, now=house.now.timestamp())
        assert page.client.post("/status", data=body, content_type="application/json", headers={HEADER: header}).status_code == 401


def test_addresses_are_of_the_pages_own_origin(database: Engine) -> None:
    house = house_with(database, PUBLIC_URL="https://bot.example.com/tally")
    page = page_of(house)
    sid, (_, stream, redirect) = page.call()
    assert stream["url"].startswith("/audio?call=")
    assert (stream["actionHook"], redirect["actionHook"]) == ("/voice/ended", "/escalate")
    house.journal.call_ended(sid, Outcome(OutcomeKind.ESCALATED, "asked"), now=house.now)
    dial, _ = page.hook(sid, "/escalate")
    assert dial["actionHook"] == "/escalate/ended"


def test_statuses_that_can_not_be_kept_do_not_touch_the_call(house: House) -> None:
    page = page_of(house)
    sid, _ = page.call()
    house.journal.call_ended(sid, Outcome(OutcomeKind.FINISHED, "goodbye"), now=house.now)
    house.closing = ClosedDesk(house.journal, house.summarizer, house.desk)
    assert page.post(f"/phone/{sid}/hangup", by="jambonz").status_code == 204


# -- who may ----------------------------------------------------------------------------
def test_a_stranger_can_not_call(house: House) -> None:
    stranger = console_rig.browser(app_of(house))
    assert stranger.get("/phone", headers={"Accept": "text/html"}).status_code == 302
    assert stranger.get("/phone/web-1/events").status_code == 401
    for path in ("/phone/call", "/phone/web-1/hook", "/phone/web-1/hangup"):
        assert stranger.post(path, json={}).status_code in (400, 401)
        assert stranger.post(path, json={}, headers={"X-CSRFToken": console_rig.token(stranger)["csrf_token"]}).status_code == 401
    assert house.journal.recent() == []


def test_no_call_without_the_pages_token(house: House) -> None:
    page = page_of(house)
    assert page.client.post("/phone/call", json={}).status_code == 400
    assert house.journal.recent() == []


def test_a_person_touches_only_own_calls_of_the_page(house: House) -> None:
    app = app_of(house)
    asha, ravi = (Page(console_rig.browser(app, "agent", login=login)) for login in ("asha", "ravi"))
    boss = Page(console_rig.browser(app, "admin", login="boss"))
    sid, _ = asha.call()
    hook_rig.Jambonz(house).verbs("/voice")
    for page, call_sid, code in ((ravi, sid, 403), (boss, sid, 403), (asha, hook_rig.SID, 404), (asha, "web-unknown", 404)):
        assert page.post(f"/phone/{call_sid}/hook", hook="/escalate", facts={}).status_code == code
        assert page.post(f"/phone/{call_sid}/hangup").status_code == code
        assert page.client.get(f"/phone/{call_sid}/events").status_code == code
    for call_sid in (sid, hook_rig.SID):
        record = house.journal.record(call_sid)
        assert record is not None
        assert (record.ended_at, record.outcome) == (None, None)


def test_only_what_a_telephone_says(house: House) -> None:
    page = page_of(house)
    sid, _ = page.call()
    for body in (
        {"hook": "/voice"},
        {"hook": "/status"},
        {"hook": "/crm/events/zendesk"},
        {"hook": "/escalate", "facts": {"from": "15085551212"}},
        {"hook": "/escalate", "facts": {"call_sid": "another"}},
        {"hook": "/escalate/ended", "facts": {"dial_call_status": "completed"}},
        {"hook": "/escalate/ended", "facts": {"customerData": {"accepted": "yes"}}},
        {"hook": "/voice/ended", "facts": {"call_status": "ringing"}},
        {},
    ):
        assert page.post(f"/phone/{sid}/hook", **body).status_code == 400
    assert page.post(f"/phone/{sid}/hangup", hook="/escalate").status_code == 400
    assert page.client.post(f"/phone/{sid}/hook", data=b"{", content_type="application/json", headers=page.headers).status_code == 400


@pytest.mark.parametrize(
    ("environ", "address", "headers", "code"),
    [
        ({"OPEN_PHONE": "1"}, "127.0.0.1", {}, 200),
        ({"OPEN_PHONE": "1"}, "::1", {}, 200),
        ({"OPEN_PHONE": "1"}, "192.0.2.7", {}, 302),
        ({"OPEN_PHONE": "1"}, "127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 302),  # a proxy on this machine
        ({"OPEN_PHONE": "1"}, "127.0.0.1", {"Forwarded": "for=192.0.2.7"}, 302),
        ({}, "127.0.0.1", {}, 302),
    ],
)
def test_the_demo_is_open_to_who_sits_at_this_machine(
    database: Engine, environ: dict[str, str], address: str, headers: dict[str, str], code: int
) -> None:
    client = app_of(house_with(database, **environ)).test_client()
    answer = client.get("/phone", headers={"Accept": "text/html", **headers}, environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == code


def test_a_guests_call_is_a_guests(database: Engine) -> None:
    house = house_with(database, OPEN_PHONE="1")
    sid, _ = Page(app_of(house).test_client()).call()
    record = house.journal.record(sid)
    assert record is not None
    assert record.caller == "web:guest"


# -- what the page is told -----------------------------------------------------------------
def messages(answer: TestResponse) -> Iterator[tuple[str, Any]]:
    """(event, data) of an event stream."""
    name = ""
    for chunk in answer.iter_encoded():
        for line in chunk.decode().splitlines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            if line.startswith("data: "):
                yield name, json.loads(line.removeprefix("data: "))


def test_the_page_is_told_of_its_call_as_it_goes_on(house: House) -> None:
    page = page_of(house)
    sid, _ = page.call()
    turn = Turn(1, heard='<b>"licence"</b>', intent=Intent("license_renewal", 0.93), said=["Sure."])
    turn.timings.reply = 640
    house.journal.turn_finished(sid, turn)
    stream = messages(page.client.get(f"/phone/{sid}/events"))
    caller = {"number": 1, "language": "en", "speaker": "caller", "text": '<b>"licence"</b>'}
    known = {"intent": "license_renewal", "confidence": 0.93, "reply_ms": 640}
    assert next(stream) == ("so-far", [{**caller, **known}, {"number": 1, "language": "en", "speaker": "bot", "text": "Sure."}])
    house.live.publish(LiveEvent("words", "another-call", data={"text": "not for you"}))
    house.live.publish(LiveEvent("presence", agent="asha", data={"state": "away"}))
    house.live.publish(LiveEvent("words", sid, data={"number": 2, "speaker": "bot", "text": "Anything else?"}))
    assert next(stream) == ("words", {"number": 2, "speaker": "bot", "text": "Anything else?", "agent": ""})
    house.live.publish(LiveEvent("call", sid, data={"state": "with_agent", "agent": "asha"}))
    assert next(stream) == ("call", {"state": "with_agent", "agent": "asha"})
