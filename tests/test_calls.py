"""Whole calls: a simulated Jambonz with a caller, the running bot, real Whisper, real voice. Each takes its time; they run at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import httpx
import numpy as np
import pytest

from calls.settings import load
from simulator.bot_process import BotProcess
from simulator.caller import Manners
from simulator.dial import Agent
from simulator.jambonz import CallSettings, SimulatedCall
from simulator.line import LineSettings
from simulator.result import CallResult
from simulator.script import Barge, HangUp, Press, Say, Step, Wait
from simulator.speaker import Speaker
from tests.bots import ended, errors_in, journalled

SPEAKER = Speaker()
NUMBER = "919812345678"
LICENCE = "my tally licence has expired"

PLANS: dict[str, tuple[Sequence[Step], dict[str, Any]]] = {
    "answered": ([Say(LICENCE), Say("no thank you")], {}),
    "interrupted": ([Say(LICENCE), Barge("i want to talk to a human", after_ms=1500)], {}),
    # the wait ends in the middle of what the bot says when it comes back: it is heard out then, however slow the machine
    "nobody_free": ([Say("i want to talk to a human"), Wait(12_000), Say("no thank you")], {"agent": Agent("busy")}),
    "hindi": ([Say("मेरा लाइसेंस खत्म हो गया है", "hi"), HangUp()], {}),
    "keys": ([Press("9", at_once=True), Press("3"), Wait(2000), HangUp()], {}),
    "hung_up": ([Say("i forgot my password"), Wait(2500), HangUp()], {}),
    "echo": ([Say(LICENCE), Wait(9000), HangUp()], {"line": LineSettings(echo_db=20.0)}),
    "quiet_line": ([Say(LICENCE), Wait(1500), HangUp()], {"line": LineSettings(noise_db=None)}),
    "noisy_line": ([Say(LICENCE), Wait(1500), HangUp()], {"line": LineSettings(noise_db=-42.0)}),
}


@pytest.fixture(scope="module")
def calls(bot: BotProcess) -> dict[str, CallResult]:
    """All the plans, called at the same time."""

    async def all_of_them() -> list[CallResult]:
        manners = Manners(silence_ms=600, final_silence_ms=1000)
        plans = [
            SimulatedCall(bot.url, bot.secret, steps, speaker=SPEAKER, settings=CallSettings(caller=NUMBER, manners=manners, **more))
            for steps, more in PLANS.values()
        ]
        return await asyncio.gather(*(plan.run() for plan in plans))

    return dict(zip(PLANS, asyncio.run(all_of_them()), strict=True))


@pytest.fixture
def record(bot: BotProcess, calls: dict[str, CallResult], request: pytest.FixtureRequest) -> dict[str, Any]:
    return ended(bot, calls[request.param].call_sid)


def turns(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [turn for turn in record["turns"] if turn["heard"]]


@pytest.mark.parametrize("plan", PLANS)
def test_nothing_is_done_that_jambonz_refuses(calls: dict[str, CallResult], plan: str) -> None:
    assert [violation.text for violation in calls[plan].violations] == []
    assert calls[plan].answered


@pytest.mark.parametrize("record", ["answered"], indirect=True)
def test_a_question_is_answered_and_the_call_ends_with_a_goodbye(record: dict[str, Any]) -> None:
    licence, goodbye = turns(record)
    assert licence["heard"] == LICENCE
    assert (licence["intent"], licence["language"], licence["asked"]) == ("license_renewal", "en", "anything_else")
    assert licence["confidence"] >= 0.9
    shortest_ms = load("jambonz-app.json").listening.complete_end_of_speech_ms
    assert shortest_ms <= licence["timings"]["endpoint"] <= licence["timings"]["transcribed"] <= licence["timings"]["reply"]
    assert goodbye["intent"] == "goodbye"
    assert record["outcome"] == {"kind": "finished", "reason": "goodbye"}
    assert record["ticket"]["intent"] == "license_renewal"
    assert f"Caller: {LICENCE}" in record["ticket"]["description"]


def test_every_word_of_the_answer_was_played(calls: dict[str, CallResult], bot: BotProcess) -> None:
    """The journal says what was heard; the recording must be about as long as those words take."""
    record, heard = ended(bot, calls["answered"].call_sid), calls["answered"].heard_bot
    loud_s = np.count_nonzero(np.abs(heard.astype(np.int32)) > 300) / calls["answered"].sample_rate
    words = sum(len(sentence.split()) for turn in record["turns"] for sentence in turn["said"])
    assert 0.1 < loud_s / words < 0.45


@pytest.mark.parametrize("record", ["interrupted"], indirect=True)
def test_an_interrupted_answer_is_kept_as_far_as_it_was_heard(record: dict[str, Any], calls: dict[str, CallResult]) -> None:
    licence, human = turns(record)
    assert licence["interrupted"]
    assert not human["interrupted"]
    full = load("jambonz-app.json").intents["license_renewal"].answer["en"]
    heard = " ".join(licence["said"])
    assert full.startswith(heard)
    assert 1 <= len(heard.split()) <= 12
    (barge,) = (said for said in calls["interrupted"].utterances if said.kind == "barge")
    assert barge.barge_in_ms is not None
    assert human["intent"] == "transfer_to_human"
    assert record["outcome"]["kind"] == "transferred"
    assert record["escalations"][0]["state"] == "completed"


def test_the_agent_gets_the_screen_pop(calls: dict[str, CallResult]) -> None:
    (dial,) = calls["interrupted"].dials
    assert dial.headers["X-Call-Intent"] == "license_renewal"
    assert dial.headers["X-Call-Language"] == "en"
    assert dial.headers["X-Ticket-Id"].startswith("T-")
    assert dial.tag["purpose"] == "escalation"


@pytest.mark.parametrize("record", ["nobody_free"], indirect=True)
def test_when_nobody_is_free_the_bot_comes_back_and_promises_a_call(record: dict[str, Any]) -> None:
    assert record["outcome"]["kind"] == "callback"
    said = [sentence for turn in record["turns"] for sentence in turn["said"]]
    assert any("call you back" in sentence for sentence in said)
    assert record["turns"][-1]["intent"] == "goodbye"
    assert [turn["number"] for turn in record["turns"]] == list(range(len(record["turns"])))
    assert record["ticket"]["intent"] == "transfer_to_human"


@pytest.mark.parametrize("record", ["hindi"], indirect=True)
def test_a_hindi_caller_is_answered_in_hindi(record: dict[str, Any]) -> None:
    (turn,) = turns(record)
    assert (turn["language"], turn["intent"]) == ("hi", "license_renewal")


@pytest.mark.parametrize("record", ["keys"], indirect=True)
def test_keys(record: dict[str, Any]) -> None:
    assert record["consent"] == "declined"
    intents = [turn["intent"] for turn in record["turns"]]
    assert intents == ["", "no_recording", "data_corrupt"]
    assert record["ticket"]["priority"] == "high"
    assert "recording" in record["ticket"]["description"].lower()


@pytest.mark.parametrize("record", ["hung_up"], indirect=True)
def test_a_hang_up_in_mid_answer_leaves_a_ticket(record: dict[str, Any]) -> None:
    assert record["outcome"]["kind"] == "hung_up"
    assert record["ticket"]["intent"] == "password_reset"
    assert record["status"] == "completed"


def test_the_bots_own_echo_interrupts_nothing(calls: dict[str, CallResult], bot: BotProcess) -> None:
    assert calls["echo"].traffic.kills == 0
    assert [turn["heard"] for turn in turns(ended(bot, calls["echo"].call_sid))] == [LICENCE]


@pytest.mark.parametrize("record", ["quiet_line", "noisy_line"], indirect=True)
def test_a_line_may_be_digitally_silent_or_noisy(record: dict[str, Any]) -> None:
    assert [turn["intent"] for turn in turns(record)] == ["license_renewal"]


def test_the_log_holds_no_number_no_word_and_no_fault(bot: BotProcess, calls: dict[str, CallResult]) -> None:
    log = bot.log.read_text()
    assert calls["answered"].call_sid in log
    assert NUMBER not in log
    assert "licence has" not in log
    assert "expired" not in log
    assert errors_in(log) == []


def test_all_slots_are_free_again(bot: BotProcess, calls: dict[str, CallResult]) -> None:
    assert httpx.get(f"{bot.url}/readyz").json()["calls"] == 0
    metrics = httpx.get(f"{bot.url}/metrics").text
    assert "voicebot_reply_seconds_count" in metrics
    assert NUMBER not in metrics


def with_ticket(bot: BotProcess, sid: str, within_s: float = 15.0) -> dict[str, Any]:
    """The call's record once its ticket is written, a moment after its outcome."""
    give_up_at = time.monotonic() + within_s
    while not (call := journalled(bot, sid)) or not call["ticket"]:
        assert time.monotonic() < give_up_at, "the call has no ticket"
        time.sleep(0.05)
    return call


def test_who_calls_again_is_asked_about_the_open_ticket(bot: BotProcess) -> None:
    number = "919800000042"

    def ring(*steps: Step) -> dict[str, Any]:
        call = SimulatedCall(bot.url, bot.secret, steps, speaker=SPEAKER, settings=CallSettings(caller=number))
        return ended(bot, asyncio.run(call.run()).call_sid)

    first = with_ticket(bot, ring(Say("i forgot my password"), HangUp())["call_sid"])
    again = ring(Say("yes"), Wait(1500), HangUp())
    assert again["turns"][0]["asked"] == "about_ticket"
    assert len(again["turns"][0]["said"]) == 3, "disclosure, one greeting, the question"
    assert first["ticket"]["id"] in " ".join(again["turns"][0]["said"])
    assert again["ticket"]["id"] == first["ticket"]["id"]
    assert "Caller: i forgot my password" in again["ticket"]["description"]
    assert "Caller: yes" in again["ticket"]["description"]


def test_nobody_reads_a_call_without_a_signature(bot: BotProcess, calls: dict[str, CallResult]) -> None:
    sid = calls["answered"].call_sid
    assert httpx.get(f"{bot.url}/calls/{sid}").status_code == 401
    assert journalled(bot, "unknown") is None
