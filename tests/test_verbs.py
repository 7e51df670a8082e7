"""Our verbs against Jambonz's own schemas, and the judge against answers that a real Jambonz has refused."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.agents import Escalation, ScreenPop
from calls.columns import storable
from calls.helpdesk import Target
from tests import verb_check
from tests.hook_rig import NOW, recordings
from tests.verb_check import faults
from webhooks import human, verbs
from webhooks.screen_pop import as_headers, as_tag

POP = ScreenPop(
    call_sid="CA1",
    agent="asha",
    agent_name="Asha",
    queue="helpdesk",
    at=NOW,
    phone="15085551212",
    customer=None,
    open_tickets=(),
    intent="license_renewal",
    topic="your licence",
    confidence=0.934,
    language="hi",
    summary='Sagt "nein"\r\nX-Evil: 1 – लाइसेंस',
    transcript=(),
    last_words="nein",
    ticket_id="T1001",
    ticket_url="/tickets/T1001",
    call_url="/history/CA1",
    suggestion="नमस्ते",
)
TRY = Escalation("Asha", "dialling", NOW, id=12, queue="helpdesk", agents=("asha", "ravi"))
TARGETS = [
    Target(type="phone", number="+15085551212", trunk="main"),
    Target(type="user", name="agent@example.com"),
    Target(type="sip", sip_uri="sip:desk@pbx.example.com"),
]


@pytest.fixture(scope="module", autouse=True)
def _schemas() -> None:
    verb_check.needed()


def a_stream(**changes: Any) -> dict[str, Any]:
    return verbs.stream("/audio", action_hook="/e", sample_rate=16000, username="u", password="p", metadata={"language": "en"}) | changes


def every_verb() -> list[verbs.Verb]:
    ring = verbs.dial(
        [human.address(target, "https://bot.example.com/pop/W10.x-_") for target in TARGETS],
        timeout_s=25,
        action_hook="/escalate/ended",
        confirm_hook="/escalate/confirm",
        music="https://bot.example.com/sounds/ringback.wav",
        caller_id="+1",
        headers=as_headers(POP),
        tag=as_tag(POP, TRY),
    )
    asks = verbs.gather("https://bot.example.com/sounds/briefing/x.wav", action_hook="/escalate/confirm/key", timeout_s=8)
    return [verbs.say("नमस्ते"), a_stream(), verbs.redirect("/x"), ring, asks, verbs.hangup(), verbs.pause(0.5), verbs.tag({"a": "b"})]


@pytest.mark.parametrize("verb", every_verb(), ids=lambda verb: str(verb["verb"]))
def test_every_builder_makes_what_jambonz_takes(verb: verbs.Verb) -> None:
    assert faults([verb]) == []


# -- the judge ------------------------------------------------------------------
REFUSED = (
    "12_voice_method_property_on_listen",
    "12_voice_wrong_type_sampleRate_string",
    "12_voice_wrong_type_bidi_enabled_string",
    "12_voice_unknown_property",
    "12_voice_bad_mixType",
    "12_voice_missing_url",
    "12_voice_dial_with_method",
    "12_voice_pause_no_length",
    "12_voice_second_verb_invalid",
    "12_voice_unknown_verb",
    "12_voice_object_not_array",
)


@pytest.mark.parametrize("experiment", REFUSED)
def test_the_judge_refuses_what_a_real_jambonz_refused(experiment: str) -> None:
    [hook] = [hook for hook in recordings() if hook.experiment == experiment]  # refused: the call has no second hook
    assert faults(hook.answer) != []


@pytest.mark.parametrize("name", ["listen_actionHook_returns_verbs", "disconnect_message"])
def test_the_judge_takes_what_a_real_jambonz_took(name: str) -> None:
    answers = [hook.answer for hook in recordings() if hook.experiment == f"09_end_{name}" and isinstance(hook.answer, list)]
    assert answers
    assert [fault for answer in answers for fault in faults(answer)] == []


@pytest.mark.parametrize(
    "bad",
    [
        a_stream(method="POST"),
        a_stream(sampleRate="8000"),
        a_stream(bidirectionalAudio={"enabled": True, "streaming": True, "rate": 8000}),
        a_stream(wsAuth={"username": "u"}),
        verbs.dial([{"type": "phone", "number": "1", "colour": "red"}], timeout_s=1),
        verbs.dial([], timeout_s=1),
        verbs.dial([{"type": "person"}], timeout_s=1),
    ],
)
def test_the_judge_is_strict_at_any_depth(bad: verbs.Verb) -> None:
    assert faults([bad]) != []


# -- sizes and alphabets --------------------------------------------------------
def test_a_stream_has_all_that_sound_to_the_caller_needs() -> None:
    assert a_stream()["bidirectionalAudio"] == {"enabled": True, "streaming": True, "sampleRate": 16000}
    assert a_stream()["wsAuth"] == {"username": "u", "password": "p"}


def test_metadata_has_no_quotes_and_keeps_its_words() -> None:
    assert verbs.plain({"a": 'say "no"\\\r\nनहीं'}) == {"a": "say 'no'/  नहीं"}


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=3000), max_size=12))
def test_data_is_always_small_and_plain(data: dict[str, str]) -> None:
    kept = verbs.plain(data)
    assert len(json.dumps(kept)) <= verbs.MAX_DATA_BYTES
    assert not any(char in value for value in kept.values() for char in '"\\\r\n\0')
    assert faults([verbs.tag(data)]) == []


@given(st.text(max_size=700))
def test_header_values_are_short_ascii_and_can_be_read_back(text: str) -> None:
    value = verbs.header_value(text)
    assert len(value) <= verbs.MAX_HEADER
    assert value.isascii()
    assert not any(char.isspace() for char in value)
    assert storable(text).startswith(unquote(value, errors="strict"))
    assert len(text) > 40 or unquote(value) == storable(text)  # 12 characters each at the most


def test_headers_carry_the_screen_pop() -> None:
    ring = verbs.dial([{"type": "user", "name": "a"}], timeout_s=1, headers=as_headers(POP))
    assert {name: unquote(value) for name, value in ring["headers"].items()} == {
        "X-Bot-Call-Sid": "CA1",
        "X-Ticket-Id": "T1001",
        "X-Call-Intent": "license_renewal",
        "X-Call-Confidence": "0.93",
        "X-Call-Language": "hi",
        "X-Call-Summary": 'Sagt "nein"\r\nX-Evil: 1 – लाइसेंस',
    }
    assert "\r" not in str(ring["headers"].values())


def test_targets_are_spelled_as_jambonz_spells_them() -> None:
    assert [human.address(target) for target in TARGETS] == [
        {"type": "phone", "number": "+15085551212", "trunk": "main"},
        {"type": "user", "name": "agent@example.com"},
        {"type": "sip", "sipUri": "sip:desk@pbx.example.com"},
    ]


def test_the_tag_says_which_try_it_is_and_who_was_rung() -> None:
    assert {"try": "12", "agents": "asha,ravi", "bot_call_sid": "CA1"}.items() <= as_tag(POP, TRY).items()


def test_an_agents_link_is_readable_in_the_invite() -> None:
    [target] = [human.address(Target(type="user", name="asha@example.com"), "https://bot.example.com/pop/a.b")]
    assert target["headers"] == {"X-Screen-Pop": "https://bot.example.com/pop/a.b"}


@pytest.mark.parametrize(
    ("target", "called", "is_it"),
    [
        ({"type": "phone", "number": "+91 98 1234"}, "+91981234", True),
        ({"type": "phone", "number": "+91981234"}, "sip:+91981234@10.0.0.1:5060", True),
        ({"type": "phone", "number": "+91981234"}, "+91981235", False),
        ({"type": "phone", "number": "none"}, "", False),
        ({"type": "user", "name": "asha@example.com"}, "asha@example.com", True),
        ({"type": "user", "name": "asha"}, "asha@example.com", True),
        ({"type": "user", "name": "asha@example.com"}, "sip:asha", True),
        ({"type": "user", "name": "asha@example.com"}, "asha@example.org", False),
        ({"type": "user", "name": "asha@example.com"}, "ravi@example.com", False),
        ({"type": "sip", "sip_uri": "sip:desk@pbx.example.com;transport=udp"}, "sip:desk@pbx.example.com", True),
        ({"type": "sip", "sip_uri": "sip:desk@pbx.example.com"}, "sip:other@pbx.example.com", False),
        ({"type": "desk"}, "", False),
    ],
)
def test_whose_telephone_it_is(target: dict[str, str], called: str, is_it: bool) -> None:
    assert human.is_at(Target.model_validate(target), called) is is_it
