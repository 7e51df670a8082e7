"""The bench that puts another bot beside ours: its hooks, its figures, its table; and the other bot itself where it is installed."""

from __future__ import annotations

import asyncio
import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.__main__ import Report
from bench.peer import command_of, missing, parse, python_of
from bench.peers import table
from bench.peers.answers import Answers
from bench.peers.front import SAMPLE_RATE, Front, rate_in
from bench.peers.scenes import barge_report, load_report, memory_of_a_call
from bench.peers.usage import on_cores
from calls.signature import sign
from simulator.bot_process import BotProcess
from simulator.caller import Manners
from simulator.jambonz import CallSettings, SimulatedCall
from simulator.processes import cpu_seconds, tree
from simulator.result import CallResult, Gap, Traffic, Utterance, Violation
from simulator.script import Barge, Say, Step
from simulator.stream import hears, mistakes_of
from simulator.verbs import faults_of

SECRET, NOW_S = "a secret of the tests", 1_780_000_000.0
BODY = b'{"call_sid":"one"}'
REQUIREMENTS = Path(__file__).parent.parent / "bench" / "peers" / "pipecat-requirements.txt"


def answered(path: str, *, secret: str = SECRET, body: bytes = BODY) -> tuple[int, Any]:
    status, raw = Front(SECRET).answer(path, body, sign(BODY, secret, now=NOW_S), now_s=NOW_S)
    return status, json.loads(raw)


def test_the_call_hook_is_answered_with_a_stream_that_jambonz_takes() -> None:
    status, verbs = answered("/voice")
    assert status == 200
    assert faults_of(verbs) == []
    [stream] = verbs
    assert stream["verb"] == "stream"
    assert mistakes_of(stream) == []
    assert hears(stream)
    assert stream["sampleRate"] == SAMPLE_RATE


@pytest.mark.parametrize("path", ["/status", "/ended"])
def test_whatever_else_jambonz_tells_changes_nothing(path: str) -> None:
    assert answered(path) == (200, [])


@pytest.mark.parametrize("forged", [{"secret": "another"}, {"body": b'{"call_sid":"two"}'}])
def test_a_forged_hook_gets_no_verbs(forged: dict[str, Any]) -> None:
    assert answered("/voice", **forged) == (401, [])
    assert Front(SECRET).answer("/voice", BODY, None, now_s=NOW_S) == (401, b"[]")


def test_a_front_without_a_secret_lets_nobody_in() -> None:
    assert Front("").answer("/voice", BODY, sign(BODY, "", now=NOW_S), now_s=NOW_S) == (401, b"[]")


def test_the_rate_is_that_of_the_first_message() -> None:
    assert rate_in('{"sampleRate":8000,"callSid":"one"}') == 8000


@pytest.mark.parametrize("message", ["{}", "[]", "no JSON", '{"sampleRate":44100}', '{"sampleRate":"8000"}', '{"sampleRate":16000.0}'])
def test_a_first_message_without_a_rate_is_refused(message: str) -> None:
    with pytest.raises(ValueError):
        rate_in(message)


@pytest.mark.parametrize(
    ("heard", "begins"),
    [
        ("My Tally licence has expired!", "To renew in TallyPrime"),
        ("i forgot my password", "For a company user"),
        ("zzz", "Sorry, I did not"),
    ],
)
def test_a_peer_says_what_our_own_settings_say(heard: str, begins: str) -> None:
    assert Answers.read().to(heard).startswith(begins)


def test_a_peer_greets_as_we_do() -> None:
    greeting = Answers.read().greeting
    assert greeting.startswith("This call may be recorded")
    assert greeting.endswith("How can I help you?")


def result(*replies_ms: float | None, seconds: float = 30.0, sound_bytes: int = 320_000, lag_ms: float = 5.0) -> CallResult:
    said = [Utterance("words", "say", began_ms=0.0, ended_ms=1000.0, reply_ms=reply_ms) for reply_ms in replies_ms]
    traffic = Traffic(bytes_received=sound_bytes, latest_frame_ms=lag_ms)
    return CallResult("one", answered=True, duration_s=seconds, utterances=said, traffic=traffic)


def test_a_load_is_told_in_the_figures_of_the_main_bench() -> None:
    calls = [result(400.0, 500.0, None), result(600.0, 50.0, seconds=90.0, lag_ms=30.0)]
    calls[0].gaps = [Gap(10.0, 100.0, in_sound=True), Gap(20.0, 100.0, in_sound=False)]
    calls[1].violations = [Violation("something wrong")]
    told = load_report(calls, cpu_s=8.0)
    assert told == {
        "calls": 2,
        "reply_ms": {"n": 4, "median": 400.0, "p95": 600.0, "max": 600.0},
        "unanswered": 1,
        "answer_before_sounded_on": 1,
        "sound_s_a_call": 10.0,
        "cpu_s_a_call_minute": 4.0,
        "holes_in_the_sound": 1,
        "trouble": ["something wrong"],
        "callers_lag_ms": 30.0,
    }


def test_interruptions_count_only_where_there_was_something_to_interrupt() -> None:
    call = result()
    call.utterances = [
        Utterance("no, wait", "barge", barge_in_ms=220.0),
        Utterance("no, wait", "barge"),
        Utterance("no, wait", "barge", barge_in_ms=1.0, note="the bot was not heard before"),
        Utterance("a question", "say", reply_ms=300.0),
    ]
    told = barge_report([call])
    assert told["barge_in_ms"] == {"n": 1, "median": 220.0, "p95": 220.0, "max": 220.0}
    assert told["not_noticed"] == 1


def test_a_call_takes_what_the_largest_load_added() -> None:
    loads: list[Report] = [{"peak_rss_mb": 330.0}, {"peak_rss_mb": 210.0}]
    assert memory_of_a_call(200.0, loads, [10, 1]) == 13.0


def bot_report(reply_ms: float, *, cpu: float = 3.0, barge_ms: list[float] | None = None) -> Report:
    load = load_report([result(reply_ms, seconds=60.0)], cpu_s=cpu)
    said = [Utterance("no, wait", "barge", barge_in_ms=value) for value in barge_ms or [200.0]]
    barge = barge_report([CallResult("one", utterances=said)])
    return {"start_to_ready_s": 3.0, "rest_rss_mb": 200.0, "call_rss_mb": 2.0, "at_once": {"1": load}, "barge_in": barge}


def rows_of(reports: dict[str, Report]) -> dict[str, list[str]]:
    cells = [line.rsplit(")", 1) for line in table.lines(reports) if ")" in line]
    return {what.strip() + ")": values.split() for what, values in cells}


def test_the_table_says_how_many_times_ours_the_other_takes() -> None:
    rows = rows_of({"ours": bot_report(400.0), "pipecat": bot_report(880.0, cpu=6.0)})
    assert rows["reply, 1 call, median (ms)"] == ["400.0", "880.0", "x", "2.20"]
    assert rows["processor, 1 call (s/call minute)"] == ["3.0", "6.0", "x", "2.00"]
    assert rows["calls a core would carry, 1 call (calls)"] == ["20.0", "10.0", "x", "0.50"]
    assert rows["memory a call (MB)"] == ["2.0", "2.0", "x", "1.00"]


def test_the_table_of_one_bot_compares_nothing() -> None:
    assert rows_of({"ours": bot_report(400.0)})["reply, 1 call, median (ms)"] == ["400.0"]


def test_figures_of_an_overloaded_machine_carry_a_warning() -> None:
    report = bot_report(400.0)
    assert not any("busy" in line for line in table.lines({"ours": report}))
    report["at_once"]["1"] = load_report([result(50.0, lag_ms=1200.0)], cpu_s=1.0)
    told = "\n".join(table.lines({"ours": report}))
    assert "ours, 1 at once: the callers fell 1200 ms behind" in told
    assert "1 replies are none" in told


def test_a_bot_that_answered_nothing_still_has_a_table() -> None:
    report = bot_report(400.0, barge_ms=[200.0])
    report["at_once"]["1"] = load_report([result(None)], cpu_s=0.0)
    rows = rows_of({"ours": report, "pipecat": bot_report(880.0)})
    assert rows["reply, 1 call, median (ms)"] == ["nan", "880.0"]
    assert rows["calls a core would carry, 1 call (calls)"] == ["inf", "20.0"]
    assert math.isnan(report["at_once"]["1"]["reply_ms"]["p95"])


BUSY = "import subprocess, sys; c = subprocess.Popen([sys.executable, '-c', '{}'], stdin=0); print('up', flush=True); c.wait()"
SPIN = "import time\nwhile time.process_time() < 0.3: pass\nprint(1, flush=True); input()"


def test_processor_time_is_that_of_the_whole_tree() -> None:
    parent = BUSY.replace("'{}'", repr(SPIN))
    with subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert {process.stdout.readline(), process.stdout.readline()} == {b"up\n", b"1\n"}
        assert len(tree(process.pid)) == 2
        assert cpu_seconds(process.pid) >= 0.3
        process.stdin.write(b"\n")
        process.stdin.close()


def test_a_bot_is_held_to_its_cores_and_the_callers_are_not() -> None:
    ours = os.sched_getaffinity(0)
    say = [sys.executable, "-c", "import os; print(len(os.sched_getaffinity(0)))"]
    with on_cores(1):
        assert subprocess.run(say, capture_output=True, check=True).stdout == b"1\n"
    assert os.sched_getaffinity(0) == ours


def test_the_default_is_the_whole_comparison() -> None:
    options = parse(["pipecat"])
    assert (options.calls, options.turns, options.cores) == ([1, 10, 20, 30], "timeout", None)


def test_it_is_said_how_a_peer_is_installed(tmp_path: Path) -> None:
    assert "make bench PEER=pipecat builds it" in missing("pipecat", tmp_path)
    python_of("pipecat", tmp_path).parent.mkdir(parents=True)
    python_of("pipecat", tmp_path).touch()
    assert missing("pipecat", tmp_path) == ""


def test_every_package_of_the_peer_is_pinned() -> None:
    packages = [line for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert "pipecat-ai[whisper,websocket]==1.14.0" in packages
    assert [line for line in packages if "==" not in line] == []


@pytest.mark.skipif(not python_of("pipecat").is_file(), reason="pipecat is not installed here: make bench PEER=pipecat does it")
def test_pipecat_takes_a_call_as_our_own_bot_does() -> None:
    with BotProcess({}, command=command_of("pipecat")) as bot:
        unsigned = httpx.post(f"{bot.url}/voice", content=BODY)
        forged = httpx.post(f"{bot.url}/voice", content=BODY, headers={"Jambonz-Signature": sign(BODY, "another", now=time.time())})
        steps: list[Step] = [Say("my tally licence has expired"), Barge("i want to renew my licence", after_ms=1000)]
        settings = CallSettings(manners=Manners(silence_ms=700), longest_s=90.0)
        call = asyncio.run(SimulatedCall(bot.url, bot.secret, steps, settings=settings).run())
    assert (unsigned.status_code, forged.status_code) == (401, 401)
    assert call.ok, call.violations
    said, interruption = call.utterances
    assert said.reply_ms is not None
    assert interruption.note or interruption.barge_in_ms is not None
    assert call.traffic.kills >= 1
