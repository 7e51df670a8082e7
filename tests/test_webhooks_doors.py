"""Who is let in, what Jambonz tells by the way, and a caller who reaches a human whatever fails."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from sqlalchemy import Engine

from calls.errors import HookError
from calls.settings import Environment
from calls.signature import sign
from tests import hook_rig
from tests.hook_rig import (
    AGENT,
    CALL_HOOKS,
    JOURNAL,
    SECRET,
    SID,
    House,
    Jambonz,
    assert_taken,
    settings_with,
)
from webhooks.payloads import DialEnded, NewCall, StatusChange, parse

migrated_file, database, house, jambonz = hook_rig.migrated_file, hook_rig.database, hook_rig.house, hook_rig.jambonz


# -- /status --------------------------------------------------------------------
def test_statuses_are_journalled_and_the_last_one_files_the_ticket(house: House, jambonz: Jambonz) -> None:
    jambonz.verbs("/voice")
    for status in ("trying", "in-progress"):
        assert jambonz.post("/status", call_status=status).status_code == 204
    assert house.desk.ticket_of(SID) is None
    assert jambonz.post("/status", call_status="completed", duration="9", call_termination_by="caller").status_code == 204
    record = house.journal.record(SID)
    assert record is not None
    assert (record.status, record.duration_s, record.ended_at) == ("completed", 9, house.now)
    assert house.desk.ticket_of(SID) is not None
    assert house.journal.active(house.now) == 0


def test_the_last_status_is_answered_before_the_ticket_is_filed(house: House) -> None:
    jambonz = Jambonz(house)
    jambonz.verbs("/voice")
    body = json.dumps({"call_sid": SID, "direction": "inbound", "from": "1", "to": "2", "call_status": "completed"}).encode()
    signature = sign(body, SECRET, now=house.now.timestamp())
    response = house.client().post("/status", data=body, content_type="application/json", headers={"Jambonz-Signature": signature})
    assert (response.status_code, house.desk.ticket_of(SID)) == (204, None)
    response.close()  # as the server does when the answer is on its way
    assert house.desk.ticket_of(SID) is not None


def test_a_ticket_that_can_not_be_filed_then_is_logged_and_left_to_the_sweeper(
    house: House, jambonz: Jambonz, caplog: pytest.LogCaptureFixture
) -> None:
    jambonz.verbs("/voice")
    house.lose("ticket_calls")
    assert jambonz.post("/status", call_status="completed").status_code == 204
    assert "a call's ticket could not be filed" in caplog.messages
    record = house.journal.record(SID)
    assert record is not None
    assert record.ended_at == house.now


def test_the_agents_leg_is_journalled_with_its_parent(house: House, jambonz: Jambonz) -> None:
    jambonz.verbs("/escalate")
    facts = {"direction": "outbound", "parent_call_sid": SID, "call_sid": "agent-1"}
    assert jambonz.post("/status", **facts, call_status="in-progress", sip_status=200).status_code == 204
    record = house.journal.record(SID)
    assert record is not None
    assert [(each.agent_call_sid, each.sip_status) for each in record.escalations] == [("agent-1", 200)]
    assert house.journal.record("agent-1") is None


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "the body is no JSON"),
        (b"[]", "the body is no JSON object"),
        (b"[" * 100_000, "the body is no JSON"),
        (b'{"call_status":"trying"}', "call_sid: Field required"),
        (b'{"call_sid":"a b","call_status":"trying"}', "call_sid: String should match"),
        (b'{"call_sid":"a","call_status":null}', "call_status: String should have at least 1 character"),
        (b'{"call_sid":"a","call_status":["secret"]}', "call_status: Input should be a valid string"),
    ],
)
def test_a_bad_status_names_its_field_and_repeats_nothing(jambonz: Jambonz, body: bytes, says: str) -> None:
    response = jambonz.raw("/status", body)
    assert response.status_code == 400
    assert response.get_json()["error"].startswith(says)
    assert "secret" not in response.get_data(as_text=True)


def test_a_status_must_be_json(jambonz: Jambonz) -> None:
    assert jambonz.raw("/status", b'{"call_sid":"a","call_status":"trying"}', content_type="text/plain").status_code == 415


def test_a_status_that_can_not_be_kept_is_500_and_logged(house: House, jambonz: Jambonz, caplog: pytest.LogCaptureFixture) -> None:
    house.lose("calls")
    response = jambonz.post("/status", call_status="trying")
    assert response.status_code == 500
    assert caplog.messages == ["a status hook failed"]
    assert "15085551212" not in response.get_data(as_text=True)


# -- the lock -------------------------------------------------------------------
@pytest.mark.parametrize("path", [*CALL_HOOKS, "/status"])
@pytest.mark.parametrize("signature", ["", "t=1,v1=ff", "nonsense"])
def test_no_hook_without_a_signature(house: House, jambonz: Jambonz, path: str, signature: str) -> None:
    response = jambonz.raw(path, b'{"call_sid":"1","call_status":"completed"}', signature=signature)
    assert response.status_code == 401
    assert "JAMBONZ_WEBHOOK_SECRET" in response.get_json()["error"]
    assert house.journal.record("1") is None


def test_without_a_configured_secret_only_the_house_itself_is_let_in(database: Engine) -> None:
    house = House(database, environment=Environment.read({}))
    for secret in ("", "guessed"):
        assert Jambonz(house, secret=secret).post("/voice").status_code == 401
    assert Jambonz(house, secret=house.secrets[0]).post("/voice").status_code == 200  # random, and known to nobody else


def test_unsigned_hooks_are_let_in_when_that_is_said_aloud(database: Engine) -> None:
    house = House(database, environment=Environment.read({"ALLOW_UNSIGNED": "1"}))
    body = b'{"call_sid":"1","call_status":"trying"}'
    assert Jambonz(house).raw("/voice", body, signature="").status_code == 200


def test_a_body_too_large_is_not_read(jambonz: Jambonz) -> None:
    for path in ("/voice", "/status"):
        response = jambonz.raw(path, b" " * 1_048_577, signature="t=1,v1=ff")
        assert response.status_code == 413
        assert response.get_json()["error"]


# -- trouble: the caller reaches a human whatever happens -----------------------
DIRECT: list[dict[str, Any]] = [{"verb": "dial", "target": AGENT, "timeout": 25}, {"verb": "hangup"}]


@pytest.mark.parametrize("path", CALL_HOOKS)
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"call_sid":5}', b"\xff\xfe", b'{"call_sid":"' + b"x" * 200 + b'"}'])
def test_an_authentic_hook_that_can_not_be_read_reaches_a_human(jambonz: Jambonz, path: str, body: bytes) -> None:
    response = jambonz.raw(path, body)
    assert (response.status_code, response.get_json()) == (200, DIRECT)


@pytest.mark.parametrize("path", CALL_HOOKS)
def test_without_a_journal_the_caller_reaches_a_human(house: House, jambonz: Jambonz, path: str, caplog: pytest.LogCaptureFixture) -> None:
    house.lose(*JOURNAL)
    assert jambonz.verbs(path) == DIRECT
    [record] = caplog.records
    assert (record.levelno, record.message) == (logging.ERROR, "a call hook failed; the caller goes straight to a human")
    assert (getattr(record, "hook", ""), getattr(record, "call_sid", "")) == (path, SID)
    assert "15085551212" not in caplog.text
    assert_taken(DIRECT)


def test_without_a_journal_nobody_is_rung_in_vain(house: House, jambonz: Jambonz) -> None:
    house.lose("calls")
    assert jambonz.verbs("/voice/ended", call_status="completed") == [{"verb": "hangup"}]
    assert jambonz.verbs("/escalate/ended", dial_call_status="completed", dial_sip_status=200) == [{"verb": "hangup"}]


def test_without_a_journal_an_agent_who_hung_up_in_the_briefing_is_no_reason_to_let_the_caller_go(house: House, jambonz: Jambonz) -> None:
    house.lose("calls")
    assert jambonz.verbs("/escalate/ended", dial_call_status="completed") == DIRECT


@pytest.mark.parametrize(("path", "then"), [("/escalate/confirm", [{"verb": "hangup"}]), ("/escalate/confirm/key", [])])
@pytest.mark.parametrize("trouble", ["journal", "body"])
def test_an_agent_is_not_put_through_by_a_failure(
    house: House, jambonz: Jambonz, path: str, then: list[dict[str, Any]], trouble: str
) -> None:
    if trouble == "journal":
        house.lose(*JOURNAL)
        assert jambonz.verbs(path, call_sid="leg", parent_call_sid=SID, digits="2") == then
    else:
        assert jambonz.raw(path, b'{"call_sid": "leg"}').get_json() == then


def test_without_a_switchboard_the_agents_with_a_telephone_ring(database: Engine) -> None:
    agents = {
        "asha": {"name": "Asha", "target": {"type": "desk"}},
        "ravi": {"name": "Ravi", "target": {"type": "phone", "number": "+9144"}},
    }
    escalation = {"agents": agents, "queues": {"helpdesk": {"agents": ["asha", "ravi"]}}}
    house = House(database, settings=settings_with(escalation=escalation))
    house.lose(*JOURNAL)
    verbs = Jambonz(house).verbs("/escalate")
    assert verbs == [{"verb": "dial", "target": [{"type": "phone", "number": "+9144"}], "timeout": 25}, {"verb": "hangup"}]


@pytest.mark.parametrize("lost", [(), JOURNAL])
def test_where_nobody_has_a_telephone_a_call_back_is_promised(database: Engine, lost: tuple[str, ...]) -> None:
    agents = {"asha": {"name": "Asha", "target": {"type": "desk"}}}
    house = House(database, settings=settings_with(escalation={"agents": agents, "queues": {"helpdesk": {"agents": ["asha"]}}}))
    jambonz = Jambonz(house)
    jambonz.verbs("/voice")
    house.lose("presence", *lost)
    assert jambonz.verbs("/escalate") == [{"verb": "say", "text": house.settings.prompts.no_agent["en"]}, {"verb": "hangup"}]
    if not lost:
        promised = house.callbacks.of(SID)
        assert promised is not None
        assert promised.phone == "15085551212"


def test_a_call_hook_in_another_content_type_is_still_answered(jambonz: Jambonz) -> None:
    assert jambonz.raw("/voice", b'{"call_sid":"1"}', content_type="text/plain").get_json()[1]["verb"] == "stream"


# -- payloads -------------------------------------------------------------------
def test_jambonz_literal_quotes_and_numbers_as_strings() -> None:
    call = parse(NewCall, b'{"call_sid":"1","caller_name":"\\"Anna S\\"","from":15085551212,"to":null,"new_thing":{"a":[1]}}')
    assert (call.caller_name, call.caller, call.called) == ("Anna S", "15085551212", "")
    ended = parse(DialEnded, b'{"call_sid":"1","dial_sip_status":"486"}')
    assert (ended.dial_sip_status, ended.dial_call_status, ended.agent_talked) == (486, "", False)
    odd = parse(StatusChange, b'{"call_sid":"1","call_status":"completed","customerData":"yes"}')
    assert (odd.customer_data, odd.accepted) == ({}, False)


@pytest.mark.parametrize("odd", ["-1", "1e400", '"x"', "true", "[]", "99999999999999999999", "NaN"])
def test_an_odd_duration_loses_no_status(odd: str) -> None:
    assert parse(StatusChange, f'{{"call_sid":"1","call_status":"completed","duration":{odd}}}'.encode()).duration is None


def test_half_a_surrogate_pair_is_no_reason_to_refuse_a_call() -> None:
    assert parse(NewCall, b'{"call_sid":"1","caller_name":"\\ud83d"}').caller_name == "\ufffd"


def test_every_fault_is_named() -> None:
    with pytest.raises(HookError, match=r"call_sid: .*; call_status: "):
        parse(StatusChange, b'{"call_sid":"","call_status":7.5e, "x":1}'.replace(b"7.5e", b"{}"))
