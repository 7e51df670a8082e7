"""Hooks of real calls, and hooks of no call at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from tests import hook_rig, verb_check
from tests.hook_rig import (
    AGENT_HOOKS,
    CALL_HOOKS,
    House,
    Jambonz,
    Recorded,
    assert_taken,
    kinds,
    recordings,
)
from tests.verb_check import faults
from webhooks.payloads import NewCall, parse

migrated_file, database, house, jambonz = hook_rig.migrated_file, hook_rig.database, hook_rig.house, hook_rig.jambonz


def ascii_json(value: Any) -> bytes:
    return json.dumps(value).encode()


# -- recorded calls -------------------------------------------------------------
ROUTES = {
    "/voice": "/voice",
    "/status": "/status",
    "/status2": "/status",
    "/listen-done": "/voice/ended",
    "/next": "/escalate",
    "/after": "/escalate",
    "/alt": "/escalate",
    "/lcc": "/escalate",
    "/dial-done": "/escalate/ended",
    "/after-dial": "/voice/ended",
    "/confirm": "/escalate/confirm",
    "/confirm-digits": "/escalate/confirm/key",
}
POSTS = [hook for hook in recordings() if hook.method == "POST" and hook.target in ROUTES]


def replay(hook: Recorded, jambonz: Jambonz) -> list[str]:
    """What is wrong with our answer to a recorded hook."""
    jambonz.house.now = datetime.fromtimestamp(hook.at, UTC)
    path = ROUTES[hook.target]
    tampered = jambonz.raw(path, hook.body.replace("call_sid", "call_sib", 1).encode(), signature=hook.signature)
    response = jambonz.raw(path, hook.body.encode(), signature=hook.signature)
    if tampered.status_code != 401:
        return ["a body that was changed on its way was let in"]
    if path == "/status":
        return [] if (response.status_code, response.data) == (204, b"") else [f"answered {response.status_code}"]
    if response.status_code != 200:
        return [f"answered {response.status_code}"]
    verbs = response.get_json()
    return faults(verbs) + (["the bot did not take the call"] if path == "/voice" and kinds(verbs) != ["say", "stream", "redirect"] else [])


def test_recorded_calls_are_answered_with_what_jambonz_takes(database: Engine, caplog: pytest.LogCaptureFixture) -> None:
    verb_check.needed()
    jambonz = Jambonz(House(database, max_calls=1000))
    assert len(POSTS) > 500
    assert {(hook.experiment, hook.target): found for hook in POSTS if (found := replay(hook, jambonz))} == {}
    assert [record.message for record in caplog.records if record.exc_info] == []


def test_a_recorded_cancelled_call_leaves_no_slot_and_no_ticket(house: House, jambonz: Jambonz) -> None:
    verb_check.needed()
    hooks = [hook for hook in POSTS if hook.experiment == "11_caller_cancel_before_answer"]
    assert [hook.target for hook in hooks] == ["/voice", "/status", "/status"]
    for hook in hooks:
        assert replay(hook, jambonz) == []
    sid = parse(NewCall, hooks[0].body.encode()).call_sid
    record = house.journal.record(sid)
    assert record is not None
    assert record.status == "no-answer"
    assert (house.journal.active(house.now), house.desk.ticket_of(sid)) == (0, None)


# -- whatever is posted ---------------------------------------------------------
WORDS = st.sampled_from(["", "completed", "in-progress", "no-answer", "CA1", '"x"', "\ud800", "\0", "ख" * 300]) | st.text(max_size=20)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | WORDS
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3))
OPTIONAL = ("from", "to", "direction", "call_status", "caller_name", "parent_call_sid", "duration", "digits", "customerData")
OF_DIAL = ("dial_call_status", "dial_sip_status", "dial_call_sid")
SIDS = st.sampled_from(["CA1", "CA2"]) | VALUES
HOOKS = st.fixed_dictionaries({"call_sid": SIDS}, optional=dict.fromkeys((*OPTIONAL, *OF_DIAL), VALUES))


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from([*CALL_HOOKS, *AGENT_HOOKS, "/status"]), body=st.binary(max_size=200) | (HOOKS | VALUES).map(ascii_json))
@example(path="/voice", body=b'{"call_sid":"CA1","from":"\\u0000"}')
def test_no_authentic_hook_drops_a_caller(jambonz: Jambonz, path: str, body: bytes) -> None:
    response = jambonz.raw(path, body)
    if path == "/status":
        assert response.status_code in (204, 400)
    else:
        assert response.status_code == 200
        assert_taken(response.get_json())
        assert path != "/voice" or response.get_json() != []
