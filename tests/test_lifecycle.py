"""Start, a full house, and a stop that lets calls finish: with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import httpx
import pytest

from simulator.bot_process import GUNICORN, ROOT, BotFailed, BotProcess, free_port
from tests.bots import ended, hook, new_call, open_socket, preamble

FRAME = bytes(640)


def waited(pid: int, within_s: float) -> tuple[int, int]:
    """(pid, status) of a process of ours that ended."""
    give_up_at = time.monotonic() + within_s
    while time.monotonic() < give_up_at:
        ended_pid, status = os.waitpid(pid, os.WNOHANG)
        if ended_pid:
            return ended_pid, status
        time.sleep(0.05)
    raise AssertionError("it did not end")


def test_a_stop_lets_the_call_finish_and_sends_new_callers_to_a_human() -> None:
    with BotProcess({"MAX_CALLS": "3", "DRAIN_SECONDS": "20"}) as bot:
        sid = str(uuid.uuid4())
        hook(bot, "/voice", new_call(sid))
        with open_socket(bot, sid) as ws:
            ws.send(preamble(sid))
            assert isinstance(ws.recv(timeout=5), bytes)
            os.kill(bot.pid, signal.SIGTERM)
            time.sleep(1)
            assert httpx.get(f"{bot.url}/readyz").status_code == 503
            assert [verb["verb"] for verb in hook(bot, "/voice", new_call()).json()] == ["redirect"]
            ws.send('{"event":"dtmf","dtmf":"0"}')
            while not isinstance(ws.recv(timeout=15), str):  # the disclosure, "connecting you", then the disconnect
                ws.send(FRAME)
        assert ended(bot, sid)["outcome"] == {"kind": "escalated", "reason": "transfer_to_human"}
        assert hook(bot, "/voice/ended", new_call(sid, call_status="in-progress")).json()[0]["verb"] == "redirect"
        waited(bot.pid, 30)


def test_a_leaving_process_takes_calls_until_its_proxy_has_noticed() -> None:
    with BotProcess({"NOTICE_SECONDS": "6", "DRAIN_SECONDS": "5", "MAX_CALLS": "200"}) as bot:
        os.kill(bot.pid, signal.SIGTERM)
        began = time.monotonic()
        while (ready := httpx.get(f"{bot.url}/readyz")).status_code != 503:
            assert time.monotonic() - began < 5, "it does not say that it leaves"
        assert ready.json()["draining"] is True
        assert "stream" in [verb["verb"] for verb in hook(bot, "/voice", new_call()).json()]
        while "stream" in [verb["verb"] for verb in hook(bot, "/voice", new_call()).json()]:
            assert time.monotonic() - began < 15, "it takes calls for longer than its proxy needs"
            time.sleep(0.2)
        assert time.monotonic() - began > 5
        waited(bot.pid, 30)


def test_an_idle_bot_stops_at_once() -> None:
    with BotProcess() as bot:
        began = time.monotonic()
        os.kill(bot.pid, signal.SIGTERM)
        waited(bot.pid, 30)
        assert time.monotonic() - began < 8


def test_a_full_house_gets_the_tail_at_once() -> None:
    with BotProcess({"MAX_CALLS": "2"}) as bot:
        answers = [[verb["verb"] for verb in hook(bot, "/voice", new_call()).json()] for _ in range(4)]
        assert answers == [["say", "stream", "redirect"]] * 2 + [["redirect"]] * 2
        dial, _ = hook(bot, "/escalate", new_call(call_status="in-progress")).json()
        assert dial["verb"] == "dial"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"BOT_CONFIG": "nowhere.json"}, "nowhere.json: no such file; set BOT_CONFIG"),
        ({"PORT": "many", "MAX_CALLS": "0"}, "MAX_CALLS"),
        ({"DATABASE_URL": "postgresql://nobody:hush@127.0.0.1:9/none"}, "DATABASE_URL"),
    ],
)
def test_an_operators_mistake_is_named_at_start(environ: dict[str, str], expected: str, tmp_path: Path) -> None:
    url = {"DATABASE_URL": f"sqlite:///{tmp_path}/x.db"}
    given = {**os.environ, **url, "PORT": str(free_port()), "WHISPER_MODEL": "offline", **environ}
    process = subprocess.run(GUNICORN, cwd=ROOT, env=given, capture_output=True, text=True, timeout=60, check=False)
    assert process.returncode != 0
    assert expected in process.stderr + process.stdout
    assert "hush" not in process.stderr + process.stdout
    assert "Traceback" not in process.stderr


def test_the_bot_says_what_to_enter_in_jambonz_and_what_is_missing() -> None:
    with BotProcess({"PUBLIC_URL": "https://bot.example.com/tally"}) as bot:
        said = bot.log.read_text()
        assert "https://bot.example.com/tally/voice" in said
        assert "https://bot.example.com/tally/status" in said
        assert "not configured: TALLY_URL" in said
        assert "the first admin's at https://bot.example.com/tally/setup/" in said
        stream = hook(bot, "/voice", new_call()).json()[1]
        assert stream["url"] == "wss://bot.example.com/tally/audio"


def test_the_development_switch_is_said_aloud() -> None:
    with BotProcess({"ALLOW_UNSIGNED": "1", "JAMBONZ_WEBHOOK_SECRET": ""}) as bot:
        assert "ALLOW_UNSIGNED" in bot.log.read_text()
        assert httpx.post(f"{bot.url}/voice", json=new_call()).status_code == 200


def test_a_wrong_model_is_told_by_readyz(tmp_path: Path) -> None:
    with pytest.raises(BotFailed) as failed:
        BotProcess({"WHISPER_MODEL": str(tmp_path)}, ready_within_s=60).__enter__()
    assert "others hear the callers" in str(failed.value)
    assert "no model.bin lies there" in str(failed.value)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_make_run_starts_web_and_worker_and_ends_both(stop: signal.Signals) -> None:
    bot = BotProcess(command=(sys.executable, "serve.py"), grace_s=40)
    with bot:
        log = bot.log.read_text()
        assert "The bot listens on" in log
        for _ in range(100):
            if "the worker delivers" in (log := bot.log.read_text()):
                break
            time.sleep(0.1)
        assert "the worker delivers" in log
        os.kill(bot.pid, stop)
        _, status = waited(bot.pid, 40)
        assert os.waitstatus_to_exitcode(status) == 0
        log = bot.log.read_text()
        assert "the worker has stopped" in log
        assert "Traceback" not in log
