"""A whole call that a language model answers: a real bot process, a simulated Jambonz, and a stand-in for Claude."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.bot_process import ROOT, BotProcess
from simulator.jambonz import CallSettings, SimulatedCall
from simulator.script import HangUp, Say, Step, Wait
from simulator.speaker import Speaker
from tests.assistant_rig import head
from tests.bots import journalled
from tests.fakes.claude import KEY, FakeClaude

SUMMARY = "The caller's Tally licence has expired. The bot told how to renew it. Nothing more is wanted."


@pytest.fixture(scope="module")
def claude() -> Iterator[FakeClaude]:
    with FakeClaude() as fake:
        yield fake


@pytest.fixture(scope="module")
def bot(claude: FakeClaude, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BotProcess]:
    tree = json.loads((ROOT / "jambonz-app.json").read_text(encoding="utf-8"))
    tree["understanding"]["use"] = "claude"
    path = tmp_path_factory.mktemp("config") / "app.json"
    path.write_text(json.dumps(tree), encoding="utf-8")
    with BotProcess({"BOT_CONFIG": str(path), "ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": claude.url}) as process:
        yield process


def called(bot: BotProcess, *steps: Step) -> str:
    call = SimulatedCall(bot.url, bot.secret, steps, speaker=Speaker(), settings=CallSettings())
    return asyncio.run(call.run()).call_sid


def summed_up(bot: BotProcess, sid: str, words: str) -> dict[str, Any]:
    give_up_at = time.monotonic() + 20
    while True:
        call = journalled(bot, sid)
        if call and call["ended_at"] and words in call["summary"] and call["ticket"] and words in call["ticket"]["summary"]:
            return call
        assert time.monotonic() < give_up_at, f"no such summary: {call and call['summary']}"
        time.sleep(0.1)


def test_claude_answers_and_sums_up(bot: BotProcess, claude: FakeClaude) -> None:
    claude.forget()
    claude.will(head("license_renewal"), "Press F1 and choose TSS. Can I help you with anything else?")
    claude.will(SUMMARY)
    call = summed_up(bot, called(bot, Say("my tally licence has expired"), Wait(3000), HangUp()), SUMMARY)
    turn = call["turns"][1]
    assert (turn["intent"], turn["said"][0], turn["asked"]) == ("license_renewal", "Press F1 and choose TSS.", "anything_else")
    assert turn["usage"]["engine"] == "claude"
    assert turn["usage"]["cost_usd"] > 0
    assert turn["usage"]["fell_back"] == ""
    assert SUMMARY in call["ticket"]["summary"]
    asked, summary = claude.asked[0], claude.asked[-1]
    assert "my tally licence" in json.dumps(asked["messages"])
    assert "Press F1 and choose TSS." in json.dumps(summary["messages"])


def test_a_model_that_is_down_costs_the_caller_nothing(bot: BotProcess, claude: FakeClaude) -> None:
    claude.forget()
    claude.will(status=529)
    call = summed_up(bot, called(bot, Say("my tally licence has expired"), Wait(3000), HangUp()), "The bot answered")
    turn = call["turns"][1]
    assert turn["intent"] == "license_renewal"
    assert " ".join(turn["said"]).startswith("To renew")  # how far a busy machine gets until the caller hangs up is not told here
    assert turn["usage"]["fell_back"] == "overloaded"
