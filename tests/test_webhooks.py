"""A call behind the doors: /voice, the way to a human, and back."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from sqlalchemy import Engine

from calls.call import Outcome, OutcomeKind
from calls.links import PopKey, pop_key
from calls.settings import Environment
from calls.tokens import audio_authorized, audio_password
from tests import hook_rig
from tests.hook_rig import (
    AGENT,
    SECRET,
    SID,
    House,
    Jambonz,
    assert_taken,
    kinds,
    outcome,
    settings_with,
    talked,
)
from webhooks import ports

migrated_file, database, house, jambonz = hook_rig.migrated_file, hook_rig.database, hook_rig.house, hook_rig.jambonz


def test_the_rig_fits_the_port(house: House) -> None:
    fitting: ports.Bot = house
    assert fitting.clock().tzinfo is not None


# -- /voice ---------------------------------------------------------------------
def test_a_call_is_welcomed_streamed_and_has_a_net(jambonz: Jambonz) -> None:
    verbs = jambonz.verbs("/voice", call_status="trying")
    assert verbs == [
        {"verb": "say", "text": "Welcome to the Tally helpdesk."},
        {
            "verb": "stream",
            "url": "/audio",
            "actionHook": "/voice/ended",
            "wsAuth": {"username": SID, "password": audio_password(SECRET, SID)},
            "sampleRate": 16000,
            "mixType": "mono",
            "passDtmf": True,
            "bidirectionalAudio": {"enabled": True, "streaming": True, "sampleRate": 16000},
            "metadata": {"language": "en", "direction": "inbound"},
        },
        {"verb": "redirect", "actionHook": "/escalate"},
    ]
    assert_taken(verbs)


def test_the_call_is_journalled(house: House, jambonz: Jambonz) -> None:
    jambonz.verbs("/voice")
    record = house.journal.record(SID)
    assert record is not None
    assert (record.caller, record.called, record.direction, record.outcome) == ("15085551212", "16174000000", "inbound", None)


@pytest.mark.parametrize(
    ("public_url", "audio", "hook"),
    [
        ("https://bot.example.com", "wss://bot.example.com/audio", "https://bot.example.com/escalate"),
        ("http://10.0.0.5:3000/", "ws://10.0.0.5:3000/audio", "http://10.0.0.5:3000/escalate"),
        ("https://example.com/phone/bot", "wss://example.com/phone/bot/audio", "https://example.com/phone/bot/escalate"),
    ],
)
def test_addresses_are_absolute_below_public_url(database: Engine, public_url: str, audio: str, hook: str) -> None:
    environment = Environment.read({"JAMBONZ_WEBHOOK_SECRET": SECRET, "PUBLIC_URL": public_url})
    jambonz = Jambonz(House(database, environment=environment))
    _, stream, tail = jambonz.verbs("/voice")
    [dial, _] = jambonz.verbs("/escalate")
    assert (stream["url"], stream["actionHook"], tail["actionHook"]) == (audio, hook.replace("escalate", "voice/ended"), hook)
    assert (dial["actionHook"], dial["confirmHook"]) == (hook + "/ended", hook + "/confirm")
    assert dial["dialMusic"] == hook.replace("escalate", "sounds/ringback.wav")


def test_at_8_khz_both_rates_are_8000(database: Engine) -> None:
    jambonz = Jambonz(House(database, settings=settings_with(stream={"sample_rate": 8000})))
    stream = jambonz.verbs("/voice")[1]
    assert (stream["sampleRate"], stream["bidirectionalAudio"]["sampleRate"]) == (8000, 8000)


def test_the_same_call_twice_takes_one_slot(house: House, jambonz: Jambonz) -> None:
    assert jambonz.verbs("/voice") == jambonz.verbs("/voice")
    assert house.journal.active(house.now) == 1


def test_a_full_house_sends_the_next_caller_to_a_human(database: Engine) -> None:
    house = House(database, max_calls=1)
    jambonz = Jambonz(house)
    assert kinds(jambonz.verbs("/voice", call_sid="first")) == ["say", "stream", "redirect"]
    verbs = jambonz.verbs("/voice", call_sid="second")
    assert verbs == [{"verb": "redirect", "actionHook": "/escalate"}]
    assert outcome(house, "second") == Outcome(OutcomeKind.ESCALATED, "full_house")
    assert_taken(verbs)
    dial = jambonz.verbs("/escalate", call_sid="second")[0]
    assert dial["headers"]["X-Ticket-Id"]


def test_a_draining_process_takes_no_new_call_and_keeps_no_slot(house: House, jambonz: Jambonz) -> None:
    house.is_draining = True
    assert kinds(jambonz.verbs("/voice")) == ["redirect"]
    assert house.journal.active(house.now) == 0
    record = house.journal.record(SID)
    assert record is not None
    assert (record.caller, record.outcome) == ("15085551212", Outcome(OutcomeKind.ESCALATED, "draining"))


def test_with_a_random_secret_the_socket_still_has_its_key(database: Engine) -> None:
    house = House(database, environment=Environment.read({"ALLOW_UNSIGNED": "1"}))
    auth = Jambonz(house, secret="none").verbs("/voice")[1]["wsAuth"]
    assert auth["password"] == audio_password(house.secrets[0], SID)
    assert audio_authorized("Basic eDp5", house.secrets) is None


# -- /voice/ended ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "then"),
    [
        (OutcomeKind.ESCALATED, "redirect"),
        (OutcomeKind.FINISHED, "hangup"),
        (OutcomeKind.CALLBACK, "hangup"),
        (OutcomeKind.TRANSFERRED, "hangup"),
    ],
)
def test_the_outcome_says_what_comes_next(house: House, jambonz: Jambonz, kind: OutcomeKind, then: str) -> None:
    jambonz.verbs("/voice")
    talked(house, kind)
    verbs = jambonz.verbs("/voice/ended", dial_call_duration=8)
    assert kinds(verbs) == [then]
    assert outcome(house).kind is kind
    assert_taken(verbs)


def test_a_stream_that_was_given_up_goes_to_a_human(house: House, jambonz: Jambonz) -> None:
    """How often it is opened again: tests/test_reopening.py."""
    jambonz.verbs("/voice")
    talked(house, OutcomeKind.BROKEN)
    assert jambonz.verbs("/voice/ended") == [{"verb": "redirect", "actionHook": "/escalate"}]
    assert outcome(house).kind is OutcomeKind.BROKEN
    assert house.journal.active(house.now) == 0


def test_a_caller_who_hangs_up_gets_a_ticket_and_no_verbs(house: House, jambonz: Jambonz) -> None:
    jambonz.verbs("/voice")
    assert jambonz.verbs("/voice/ended", call_status="completed", call_termination_by="caller") == []
    assert outcome(house).kind is OutcomeKind.HUNG_UP
    assert house.desk.ticket_of(SID) is not None


def test_a_hang_up_after_the_goodbye_is_still_a_goodbye(house: House, jambonz: Jambonz) -> None:
    jambonz.verbs("/voice")
    talked(house, OutcomeKind.FINISHED)
    jambonz.verbs("/voice/ended", call_status="completed")
    assert outcome(house).kind is OutcomeKind.FINISHED


# -- /escalate ------------------------------------------------------------------
def test_the_agents_phone_rings_with_the_call_on_the_screen(house: House, jambonz: Jambonz) -> None:
    jambonz.verbs("/voice")
    talked(house)
    verbs = jambonz.verbs("/escalate")
    ticket = house.desk.ticket_of(SID)
    assert ticket is not None
    dial = verbs[0]
    [target] = dial.pop("target")
    link = target.pop("headers")["X-Screen-Pop"]
    assert target == AGENT[0]
    assert link.startswith("http://localhost/pop/")
    assert pop_key(link.rpartition("/")[2], house.secrets, now=house.now) == PopKey(SID, "switchboard")
    assert {name: unquote(value) for name, value in dial.pop("headers").items()} == {
        "X-Bot-Call-Sid": SID,
        "X-Ticket-Id": ticket.id,
        "X-Call-Intent": "license_renewal",
        "X-Call-Confidence": "0.90",
        "X-Call-Language": "en",
        "X-Call-Summary": 'The caller said: मेरा लाइसेंस "खत्म"',
    }
    assert dial.pop("tag") == {
        "purpose": "escalation",
        "bot_call_sid": SID,
        "try": "1",
        "agents": "switchboard",
        "ticket_id": ticket.id,
        "intent": "license_renewal",
        "confidence": "0.90",
        "language": "en",
        "summary": "The caller said: मेरा लाइसेंस 'खत्म'",
    }
    assert dial == {
        "verb": "dial",
        "timeout": 25,
        "actionHook": "/escalate/ended",
        "confirmHook": "/escalate/confirm",
        "dialMusic": "http://localhost/sounds/ringback.wav",
    }
    assert kinds(verbs) == ["dial", "hangup"]


def test_all_targets_ring_and_see_the_configured_number(database: Engine) -> None:
    targets = [{"type": "phone", "number": "+4930", "trunk": "main"}, {"type": "sip", "sip_uri": "sip:desk@pbx.example.com"}]
    settings = settings_with(escalation={"target": targets, "caller_id": "+49301", "ring_timeout_s": 12})
    house = House(database, settings=settings)
    verbs = Jambonz(house).verbs("/escalate")
    assert [{name: value for name, value in target.items() if name != "headers"} for target in verbs[0]["target"]] == [
        {"type": "phone", "number": "+4930", "trunk": "main"},
        {"type": "sip", "sipUri": "sip:desk@pbx.example.com"},
    ]
    assert (verbs[0]["callerId"], verbs[0]["timeout"]) == ("+49301", 12)
    assert_taken(verbs)
    record = house.journal.record(SID)
    assert record is not None
    assert [each.target for each in record.escalations] == ["+4930, sip:desk@pbx.example.com"]


def test_a_hook_sent_again_rings_the_same_way_once_journalled(house: House, jambonz: Jambonz) -> None:
    jambonz.verbs("/voice")
    talked(house)
    assert jambonz.verbs("/escalate") == jambonz.verbs("/escalate")
    record = house.journal.record(SID)
    assert record is not None
    assert len(record.escalations) == 1


def test_a_call_without_outcome_is_known_to_be_broken_and_keeps_no_slot(house: House, jambonz: Jambonz) -> None:
    jambonz.verbs("/voice")
    jambonz.verbs("/escalate")
    assert outcome(house) == Outcome(OutcomeKind.BROKEN, "no_outcome")
    assert house.journal.active(house.now) == 0


def test_without_a_ticket_the_agent_rings_all_the_same(house: House, jambonz: Jambonz, caplog: pytest.LogCaptureFixture) -> None:
    jambonz.verbs("/voice")
    talked(house)
    house.lose("tickets")
    verbs = jambonz.verbs("/escalate")
    assert "X-Ticket-Id" not in verbs[0]["headers"]
    assert verbs[0]["headers"]["X-Call-Intent"] == "license_renewal"
    assert "a call's ticket could not be filed" in caplog.messages
    assert_taken(verbs)


def test_nobody_is_rung_for_a_caller_who_is_gone(jambonz: Jambonz) -> None:
    assert jambonz.verbs("/escalate", call_status="completed") == []


# -- /escalate/ended ------------------------------------------------------------
@pytest.mark.parametrize("status", ["no-answer", "busy", "failed", "in-progress", "", None, "something new"])
def test_when_nobody_answers_the_bot_comes_back(house: House, jambonz: Jambonz, status: str | None) -> None:
    jambonz.verbs("/voice")
    talked(house)
    jambonz.verbs("/escalate")
    facts = {} if status is None else {"dial_call_status": status}
    verbs = jambonz.verbs("/escalate/ended", **facts)
    assert kinds(verbs) == ["stream", "hangup"]
    assert verbs[0]["metadata"] == {"language": "hi", "direction": "inbound", "after": "no_agent"}
    assert outcome(house).kind is OutcomeKind.CALLBACK
    assert house.journal.active(house.now) == 1
    assert_taken(verbs)


def test_a_late_dial_hook_sent_again_has_the_same_answer(house: House, jambonz: Jambonz) -> None:
    jambonz.verbs("/escalate")
    first = jambonz.verbs("/escalate/ended", dial_call_status="busy")
    assert jambonz.verbs("/escalate/ended", dial_call_status="busy") == first
    assert house.journal.active(house.now) == 1


def test_the_bot_comes_back_once(house: House, jambonz: Jambonz) -> None:
    jambonz.verbs("/voice")
    talked(house)
    jambonz.verbs("/escalate")
    jambonz.verbs("/escalate/ended", dial_call_status="no-answer")
    house.later(20)
    talked(house, OutcomeKind.ESCALATED)
    assert kinds(jambonz.verbs("/voice/ended")) == ["redirect"]
    assert kinds(jambonz.verbs("/escalate")) == ["dial", "hangup"]
    verbs = jambonz.verbs("/escalate/ended", dial_call_status="no-answer")
    assert verbs == [{"verb": "say", "text": house.settings.prompts.no_agent["hi"]}, {"verb": "hangup"}]
    assert outcome(house).kind is OutcomeKind.CALLBACK
    assert_taken(verbs)


@pytest.mark.parametrize("why", ["draining", "full"])
def test_without_a_slot_jambonz_promises_the_call_back(database: Engine, why: str) -> None:
    house = House(database, max_calls=1)
    jambonz = Jambonz(house)
    jambonz.verbs("/escalate")
    house.is_draining = why == "draining"
    if why == "full":
        jambonz.verbs("/voice", call_sid="another")
    assert kinds(jambonz.verbs("/escalate/ended", dial_call_status="busy")) == ["say", "hangup"]
    assert outcome(house).kind is OutcomeKind.CALLBACK


def test_a_caller_who_leaves_while_it_rings_is_filed(house: House, jambonz: Jambonz) -> None:
    jambonz.verbs("/voice")
    talked(house)
    jambonz.verbs("/escalate")
    assert jambonz.verbs("/escalate/ended", dial_call_status="no-answer", call_status="completed") == []
    assert outcome(house).kind is OutcomeKind.ESCALATED
    assert house.desk.ticket_of(SID) is not None
