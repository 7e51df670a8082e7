"""CRMs tell of their tickets: who is believed, what is understood, and what is let pass."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import random
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from flask import Flask
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from calls.errors import CrmError
from calls.settings import Environment
from calls.signature import sign
from crm.events import CrmEvents, TicketMoved, named_secrets
from crm.events_bodies import moves
from webhooks.crm_events import bp

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
PUBLIC_URL = "https://bot.example.com/voice-desk"
SECRETS = {"tally": ("tally-secret",), "hubspot": ("hubspot-secret",), "zendesk": ("zendesk-secret",)}
CRMS = sorted(SECRETS)
SID = "5f22b387-49e1-4edd-b5e2-d7c3b304f5cd"
HUBSPOT_EVENT: dict[str, Any] = {
    "eventId": 3816279340,
    "subscriptionId": 25,
    "portalId": 33,
    "appId": 1160452,
    "occurredAt": 1772357340000,
    "subscriptionType": "ticket.propertyChange",
    "attemptNumber": 0,
    "objectId": 1246965,
    "propertyName": "hs_pipeline_stage",
    "propertyValue": "4",
    "changeSource": "CRM_UI",
}
ZENDESK_EVENT: dict[str, Any] = {
    "type": "zen:event-type:ticket.status_changed",
    "account_id": 22129848,
    "id": "2b24ef10-19d4-4740-93cf-8f98ec4776c0",
    "time": "2026-03-01T09:29:00.987654321Z",
    "zendesk_event_version": "2022-11-06",
    "subject": "zen:ticket:1246965",
    "detail": {"id": "1246965", "status": "SOLVED", "external_id": SID, "tags": ["voicebot"], "via": {"channel": "web"}},
    "event": {"current": "SOLVED", "previous": "OPEN"},
}
TALLY_EVENT = {"ticket_id": "1246965", "status": "closed", "call_sid": SID}
BODIES: dict[str, Any] = {"hubspot": [HUBSPOT_EVENT], "zendesk": ZENDESK_EVENT, "tally": TALLY_EVENT}


@dataclass
class House:
    """Fits webhooks.crm_events.EventHouse: a desk that knows one ticket of every CRM."""

    crm_events: CrmEvents = field(default_factory=lambda: CrmEvents(SECRETS))
    environment: Environment = field(default_factory=lambda: Environment.read({"PUBLIC_URL": PUBLIC_URL}))
    now: datetime = NOW
    states: dict[tuple[str, str], str] = field(default_factory=lambda: {(crm, "1246965"): "open" for crm in CRMS})
    heard: list[TicketMoved] = field(default_factory=list)
    broken: bool = False

    def clock(self) -> datetime:
        return self.now

    def ticket_moved(self, moved: TicketMoved) -> bool:
        if self.broken:
            raise CrmError("the desk's database refused to work")
        self.heard.append(moved)
        known = (moved.crm, moved.ticket_id) in self.states
        if known:
            self.states[moved.crm, moved.ticket_id] = moved.status
        return known

    def app(self) -> Flask:
        app = Flask("events", static_folder=None)
        app.extensions["bot"] = self
        app.register_blueprint(bp)
        return app

    def post(self, crm: str, body: bytes, headers: Mapping[str, str], query: str = "") -> TestResponse:
        return self.app().test_client().post(f"/crm/events/{crm}{query}", data=body, headers=dict(headers), content_type="application/json")


def base64_of(secret: str, signed: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()


def signed(crm: str, body: bytes, *, secret: str | None = None, at: datetime = NOW, uri: str = "") -> dict[str, str]:
    """The headers that the vendor would send, made from the vendor's own words and not by our code."""
    key = SECRETS[crm][0] if secret is None else secret
    if crm == "hubspot":
        stamp = str(int(at.timestamp() * 1000))
        told = uri or f"{PUBLIC_URL}/crm/events/hubspot"
        return {
            "X-HubSpot-Request-Timestamp": stamp,
            "X-HubSpot-Signature-v3": base64_of(key, b"POST" + told.encode() + body + stamp.encode()),
        }
    if crm == "zendesk":
        stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"X-Zendesk-Webhook-Signature-Timestamp": stamp, "X-Zendesk-Webhook-Signature": base64_of(key, stamp.encode() + body)}
    return {"X-Tally-Signature": sign(body, key, now=at.timestamp())}


def encoded(crm: str) -> bytes:
    return json.dumps(BODIES[crm]).encode()


# -- who is believed --------------------------------------------------------------
@pytest.mark.parametrize("crm", CRMS)
def test_a_signed_event_moves_the_ticket(crm: str) -> None:
    house, body = House(), encoded(crm)
    response = house.post(crm, body, signed(crm, body))
    assert (response.status_code, response.get_json()) == (200, {"moved": 1, "ignored": 0})
    assert house.states[crm, "1246965"] == "closed"
    assert house.heard[0].call_sid == ("" if crm == "hubspot" else SID)


@pytest.mark.parametrize("crm", CRMS)
@pytest.mark.parametrize(
    ("secret", "late_s"), [("wrong", 0), ("", 0), (None, 301), (None, -301)], ids=["wrong", "empty", "old", "from the future"]
)
def test_a_wrong_or_old_signature_is_refused(crm: str, secret: str | None, late_s: int, caplog: pytest.LogCaptureFixture) -> None:
    house, body = House(), encoded(crm)
    response = house.post(crm, body, signed(crm, body, secret=secret, at=NOW - timedelta(seconds=late_s)))
    assert response.status_code == 401
    assert house.heard == []
    assert caplog.messages == ["a CRM's event without a valid signature was refused"]
    assert {"hubspot": "HUBSPOT_CLIENT_SECRET", "zendesk": "ZENDESK_WEBHOOK_SECRET", "tally": "TALLY_WEBHOOK_SECRET"}[crm] in response.text


@pytest.mark.parametrize("crm", CRMS)
def test_a_signature_fits_one_body_only(crm: str) -> None:
    house, body = House(), encoded(crm)
    headers = signed(crm, body)
    assert house.post(crm, body.replace(b"1246965", b"1246966"), headers).status_code == 401
    for name in headers:
        assert house.post(crm, body, {other: value for other, value in headers.items() if other != name}).status_code == 401
    assert house.heard == []


@pytest.mark.parametrize("crm", CRMS)
def test_one_crms_signature_opens_no_others_door(crm: str) -> None:
    house, body = House(), encoded(crm)
    for other in CRMS:
        if other != crm:
            assert house.post(other, body, signed(crm, body)).status_code == 401


@pytest.mark.parametrize("crm", CRMS)
def test_a_replay_changes_nothing_and_is_refused_when_it_is_late(crm: str) -> None:
    house, body = House(), encoded(crm)
    headers = signed(crm, body)
    assert [house.post(crm, body, headers).status_code for _ in range(2)] == [200, 200]  # a vendor whose answer was lost sends again
    assert house.states[crm, "1246965"] == "closed"
    house.now += timedelta(seconds=301)
    assert house.post(crm, body, headers).status_code == 401
    assert len(house.heard) == 2


@pytest.mark.parametrize("crm", CRMS)
def test_without_a_secret_nobody_is_believed(crm: str) -> None:
    body = encoded(crm)
    for secrets in ({}, {crm: ()}, {crm: ("",)}):
        house = House(crm_events=CrmEvents(secrets))
        for secret in (None, "", "None"):
            assert house.post(crm, body, signed(crm, body, secret=secret)).status_code == 401


def test_two_secrets_are_valid_while_one_is_replaced() -> None:
    secrets = named_secrets({"ZENDESK_WEBHOOK_SECRET": " new , zendesk-secret,", "TALLY_WEBHOOK_SECRET": " "})
    assert secrets == {"tally": (), "hubspot": (), "zendesk": ("new", "zendesk-secret")}
    house, body = House(crm_events=CrmEvents(secrets)), encoded("zendesk")
    assert house.post("zendesk", body, signed("zendesk", body)).status_code == 200
    assert house.post("zendesk", body, signed("zendesk", body, secret="new")).status_code == 200
    assert "zendesk-secret" not in repr(house.crm_events)


def test_hubspot_signs_the_address_that_it_was_told() -> None:
    house, body = House(), encoded("hubspot")
    told = f"{PUBLIC_URL}/crm/events/hubspot"
    assert house.post("hubspot", body, signed("hubspot", body, uri="http://localhost/crm/events/hubspot")).status_code == 401
    query = signed("hubspot", body, uri=f"{told}?to=a@b:c/d(e)*!$',;%20&x=%2B%23?")
    assert house.post("hubspot", body, query, "?to=a%40b%3Ac%2fd%28e%29%2A%21%24%27%2C%3B%20&x=%2B%23%3F").status_code == 200
    house.environment = Environment.read({})
    assert house.post("hubspot", body, signed("hubspot", body)).status_code == 401


def test_a_signature_checked_by_hand() -> None:
    """Figures from `openssl dgst -sha256 -hmac s -binary | base64`, so that test and code can't be wrong together."""
    house = House(crm_events=CrmEvents({"zendesk": ("s",)}), now=datetime(2024, 4, 17, 17, 18, 10, tzinfo=UTC))
    headers = {"X-Zendesk-Webhook-Signature-Timestamp": "2024-04-17T17:18:10Z", "X-Zendesk-Webhook-Signature": ZENDESK_BY_HAND}
    assert house.post("zendesk", b"{}", headers).status_code == 200
    house = House(crm_events=CrmEvents({"hubspot": ("s",)}), now=datetime(2024, 4, 17, 17, 18, 10, tzinfo=UTC))
    headers = {"X-HubSpot-Request-Timestamp": "1713374290000", "X-HubSpot-Signature-v3": HUBSPOT_BY_HAND}
    assert house.post("hubspot", b"[]", headers).status_code == 200


ZENDESK_BY_HAND = "GX7qaqvsh9/+WYmTm3pHp4uzGlDjmfjOKcZS5CR+WWE="
HUBSPOT_BY_HAND = "S4C3lJ6QSUiNuQ306k7KXyA+ble6htAy46PJsmI+JNM="


# -- what is understood -----------------------------------------------------------
@pytest.mark.parametrize(
    ("stage", "status"), [("1", "open"), ("2", "pending"), ("3", "open"), ("4", "closed"), ("939275049", None), ("", None), (None, None)]
)
def test_hubspots_stages(stage: str | None, status: str | None) -> None:
    found = moves("hubspot", json.dumps([HUBSPOT_EVENT | {"propertyValue": stage}]).encode())
    assert [move.status for move in found] == ([status] if status else [])


@pytest.mark.parametrize("other", [{"propertyName": "hs_ticket_priority"}, {"subscriptionType": "ticket.creation"}, {"objectId": ""}])
def test_hubspots_other_events_pass(other: dict[str, str]) -> None:
    assert moves("hubspot", json.dumps([HUBSPOT_EVENT | other]).encode()) == ()


def test_hubspots_own_pipelines_and_generic_subscriptions() -> None:
    generic = HUBSPOT_EVENT | {"subscriptionType": "object.propertyChange", "objectTypeId": "0-5", "propertyValue": "939275049"}
    events = CrmEvents(SECRETS, hubspot_stages={"939275049": "pending"})
    assert [(move.ticket_id, move.status) for move in events.moves("hubspot", json.dumps([generic]).encode())] == [("1246965", "pending")]
    assert events.moves("hubspot", json.dumps([generic | {"objectTypeId": "0-1"}]).encode()) == ()


def test_of_hubspots_batch_the_last_move_of_each_ticket_counts() -> None:
    """Its order is no promise: the time says which is the last."""
    batch = [
        HUBSPOT_EVENT | {"occurredAt": 1772357340005, "propertyValue": "4"},
        HUBSPOT_EVENT | {"occurredAt": 1772357340001, "propertyValue": "2"},
        HUBSPOT_EVENT | {"objectId": 7, "propertyValue": "2"},
        HUBSPOT_EVENT | {"subscriptionType": "contact.propertyChange"},
        HUBSPOT_EVENT | {"propertyName": "subject"},
    ]
    found = moves("hubspot", json.dumps(batch).encode())
    assert [(move.ticket_id, move.status) for move in found] == [("1246965", "closed"), ("7", "pending")]
    assert found[0].at == datetime(2026, 3, 1, 9, 29, 0, 5000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("NEW", "open"),
        ("OPEN", "open"),
        ("PENDING", "pending"),
        ("HOLD", "pending"),
        ("SOLVED", "closed"),
        ("CLOSED", "closed"),
        ("DELETED", None),
        ("ARCHIVED", None),
        ("SCRUBBED", None),
    ],
)
def test_zendesks_states(word: str, status: str | None) -> None:
    event = ZENDESK_EVENT | {"event": {"current": word, "previous": "OPEN"}}
    assert [move.status for move in moves("zendesk", json.dumps(event).encode())] == ([status] if status else [])


def test_zendesks_other_events_pass_and_a_triggers_body_is_read() -> None:
    assert moves("zendesk", json.dumps(ZENDESK_EVENT | {"type": "zen:event-type:ticket.comment_added"}).encode()) == ()
    [move] = moves("zendesk", json.dumps({"ticket_id": 35436, "status": "On-hold", "call_sid": SID}).encode())
    assert move == TicketMoved("zendesk", "35436", "pending", SID)


def test_an_event_says_when_so_that_an_older_one_can_be_told() -> None:
    [move] = moves("zendesk", json.dumps(ZENDESK_EVENT).encode())
    assert move.at == datetime(2026, 3, 1, 9, 29, 0, 987654, tzinfo=UTC)
    [move] = moves("tally", json.dumps(TALLY_EVENT | {"at": "2026-03-01T14:59:00+05:30"}).encode())
    assert move.at == datetime(2026, 3, 1, 9, 29, tzinfo=UTC)


# -- what is let pass -------------------------------------------------------------
@pytest.mark.parametrize("crm", CRMS)
@pytest.mark.parametrize("body", [b"", b"{", b"5", b'"closed"', b"null", b"\xff\xfe", b"[" * 100_000, b"9" * 5000])
def test_bad_json_is_400_and_repeats_nothing(crm: str, body: bytes) -> None:
    house = House()
    response = house.post(crm, body, signed(crm, body))
    assert response.status_code == 400
    assert response.get_json()["error"].startswith("the body is n")
    assert house.heard == []


@pytest.mark.parametrize("crm", CRMS)
def test_an_unknown_ticket_is_200_and_ignored(crm: str) -> None:
    house, body = House(states={}), encoded(crm)
    response = house.post(crm, body, signed(crm, body))
    assert (response.status_code, response.get_json()) == (200, {"moved": 0, "ignored": 1})


def test_an_unknown_crm_is_404() -> None:
    assert House().post("salesforce", b"{}", {}).status_code == 404
    assert House().app().test_client().get("/crm/events/tally").status_code == 405


@pytest.mark.parametrize("crm", CRMS)
def test_a_body_too_large_is_not_read(crm: str) -> None:
    body = b'{"x":"' + b" " * 1_048_576 + b'"}'
    response = House().post(crm, body, signed(crm, body))
    assert response.status_code == 413
    assert response.get_json()["error"]


@pytest.mark.parametrize("crm", CRMS)
def test_trouble_of_our_own_asks_for_another_try(crm: str, caplog: pytest.LogCaptureFixture) -> None:
    house, body = House(broken=True), encoded(crm)
    response = house.post(crm, body, signed(crm, body))
    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
    assert [(record.levelno, record.message) for record in caplog.records] == [(logging.ERROR, "a CRM's event could not be kept")]
    assert "desk" not in response.text


@pytest.mark.parametrize("crm", CRMS)
def test_any_signed_body_is_answered(crm: str) -> None:
    """Values of every kind in every place: 200 or 400, never a fault of ours."""
    dice, house = random.Random(crm), House()
    odd = [
        "",
        "x" * 200,
        -1,
        10**40,
        1.5,
        None,
        True,
        [],
        {},
        [[]],
        {"id": {}},
        "\ud83d",
        "<script>",
        "SOLVED",
        "4",
        "9" * 400,
        "0001-01-01",
    ]
    for _ in range(300):
        tree = json.loads(encoded(crm))
        target = tree[0] if isinstance(tree, list) else tree
        for name in dice.sample(sorted(target), k=dice.randint(1, len(target))):
            target[name] = dice.choice(odd)
        body = json.dumps(dice.choice([tree, [tree, *odd], target])).encode()
        assert house.post(crm, body, signed(crm, body)).status_code == 200
        cut = body[: dice.randrange(len(body))]
        assert house.post(crm, cut, signed(crm, cut)).status_code in (200, 400)
    assert all(len(move.ticket_id) <= 128 and move.status in ("open", "pending", "closed") for move in house.heard)


@pytest.mark.parametrize("crm", CRMS)
def test_odd_headers_never_fail(crm: str) -> None:
    body, house = encoded(crm), House()
    for name in signed(crm, body):
        for value in ("", "ü", "-1", "9" * 14, "9" * 400, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "t=1,t=2,v1=", "====="):
            assert house.post(crm, body, signed(crm, body) | {name: value}).status_code == 401


# -- on a real socket ---------------------------------------------------------------
@pytest.fixture
def served() -> Iterator[tuple[House, str]]:
    house = House()
    server = make_server("127.0.0.1", 0, house.app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield house, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("crm", CRMS)
def test_over_the_wire(served: tuple[House, str], crm: str) -> None:
    house, url = served
    body = encoded(crm)
    headers = {name.lower(): value for name, value in signed(crm, body).items()}
    assert requests.post(f"{url}/crm/events/{crm}", data=body, headers=headers, timeout=5).json() == {"moved": 1, "ignored": 0}
    assert house.states[crm, "1246965"] == "closed"
