"""`python -m bench hundred`: a hundred calls at once, each speaking a third of the time; then more and more, until something breaks.

The recogniser is a timer of 100 ms, so that the machine and not the model is measured. Hooks go on meanwhile, some
four a second, as a hundred calls of three minutes send.
"""

from __future__ import annotations

import json
import queue
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from websockets.frames import Opcode

from bench.callers import QUESTIONS
from bench.crowd import RATE, Crowd, Heard
from bench.figures import distribution, percentile
from bench.wire import Wire, basic, framed
from calls.signature import HEADER, sign
from calls.tokens import audio_password
from simulator.bot_process import ROOT, BotProcess
from simulator.playback import LOUD
from simulator.processes import cpu_seconds
from simulator.result import Pcm
from simulator.script import Say
from simulator.speaker import Speaker

Report = dict[str, Any]
CALLS, MOST, STEP = 100, 400, 50
TIMER_MS = 100
APART_S, HOOKS_APART_S = 0.15, 1.0
SETTLE_S, MEASURE_S, SEARCH_S = 20.0, 60.0, 20.0
GAP_MS, HOOK_MS, CORES, MB_A_CALL, THREADS_A_CALL, REPLY_MS = 60, 50, 0.6 * 2, 1.5, 2.0, 900
FIRST_CALLS, GATHER_S = 20, 180.0
QUIET_MS = 10  # callers who are later than that themselves measure a busy machine, not the bot


def body(sid: str, **more: Any) -> dict[str, Any]:
    caller = f"9198{uuid.UUID(sid).int % 10**8:08d}"
    return {"call_sid": sid, "direction": "inbound", "from": caller, "to": "911800000000", "call_status": "trying", **more}


def kind(path: str, told: dict[str, Any]) -> str:
    return f"{path} {told['call_status']}" if path == "/status" else path


class Switchboard:
    """Sends hooks and opens sockets, in a thread beside the crowd's."""

    def __init__(self, bot: BotProcess) -> None:
        self._bot = bot
        self._client = httpx.Client(base_url=bot.url, timeout=20)
        self.hook_ms: dict[str, list[float]] = {}
        self.refused = 0
        self.wires: queue.SimpleQueue[Wire] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def hook(self, path: str, told: dict[str, Any]) -> httpx.Response:
        raw = json.dumps(told).encode()
        headers = {HEADER: sign(raw, self._bot.secret, now=time.time()), "Content-Type": "application/json"}
        began = time.monotonic()
        answer = self._client.post(path, content=raw, headers=headers)
        self.hook_ms.setdefault(kind(path, told), []).append((time.monotonic() - began) * 1000)
        self.refused += answer.status_code >= 300
        return answer

    def dial(self) -> None:
        sid = str(uuid.uuid4())
        if len(self.hook("/voice", body(sid)).json()) < 3:
            self.refused += 1
            return
        wire = Wire(f"{self._bot.url.replace('http', 'ws', 1)}/audio", basic(sid, audio_password(self._bot.secret, sid)))
        wire.send(framed(json.dumps(body(sid) | {"callSid": sid, "sampleRate": RATE}).encode(), Opcode.TEXT))
        self.wires.put(wire)

    def start(self, calls: int) -> None:
        """Dial so many; then send hooks of calls that come and go, until `stop`."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._work, args=(calls,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()

    def newcomer(self) -> Wire | None:
        return None if self.wires.empty() else self.wires.get()

    def _work(self, calls: int) -> None:
        for _ in range(calls):
            self.dial()
            time.sleep(APART_S)
        while not self._stop.wait(HOOKS_APART_S):
            sid = str(uuid.uuid4())
            self.hook("/status", body(sid))
            self.hook("/voice", body(sid))
            self.hook("/status", body(sid, call_status="in-progress"))
            self.hook("/status", body(sid, call_status="completed", duration=1))


@contextmanager
def bot_with_a_timer(most_calls: int, database: str) -> Iterator[BotProcess]:
    """The bot of jambonz-app.json, but for its ears."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        tree = json.loads((ROOT / "jambonz-app.json").read_text(encoding="utf-8"))
        tree["recognizer"] = {"use": "timer", "options": {"ms": TIMER_MS, "texts": list(QUESTIONS)}}
        path = Path(folder) / "bench-app.json"
        path.write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")
        given = {"BOT_CONFIG": str(path), "MAX_CALLS": str(most_calls), "LOG_LEVEL": "WARNING"}
        with BotProcess(given | ({"DATABASE_URL": database} if database else {})) as bot:
            yield bot


def look(bot: BotProcess) -> dict[str, float]:
    return {
        "at_s": time.monotonic(),
        "cpu_s": cpu_seconds(bot.pid),
        "rss_mb": bot.rss_bytes() / 1e6,
        "threads": bot.threads(),
        "files": bot.open_files(),
    }


def with_calls(bot: BotProcess, crowd: Crowd, board: Switchboard, calls: int, seconds: float, idle: dict[str, float]) -> Report:
    """So many calls in all, settled; then what they cost and how they are."""
    gather(crowd, board, calls)
    crowd.run(SETTLE_S, board.newcomer)
    crowd.forget()
    board.hook_ms.clear()
    before, left = look(bot), crowd.left
    crowd.run(seconds)
    after = look(bot)
    board.stop()
    there = len(crowd.callers)
    return {
        "calls": there,
        "left": crowd.left - left,
        "hooks_refused": board.refused,
        "hooks_ms": distribution([ms for taken in board.hook_ms.values() for ms in taken]),
        "hooks_by_kind_ms": {name: distribution(taken) for name, taken in sorted(board.hook_ms.items())},
        "cores": round((after["cpu_s"] - before["cpu_s"]) / (after["at_s"] - before["at_s"]), 3),
        "mb_a_call": round((after["rss_mb"] - idle["rss_mb"]) / max(1, there), 2),
        "threads_a_call": round((after["threads"] - idle["threads"]) / max(1, there), 2),
        "files_a_call": round((after["files"] - idle["files"]) / max(1, there), 2),
        **told(crowd.heard),
    }


def gather(crowd: Crowd, board: Switchboard, calls: int) -> None:
    """Until so many are there."""
    board.start(calls - len(crowd.callers))
    give_up_at = time.monotonic() + GATHER_S
    while len(crowd.callers) < calls and time.monotonic() < give_up_at:
        crowd.run(1.0, board.newcomer)


def told(heard: Heard) -> Report:
    return {
        "gaps_over_60_ms": sum(gap > GAP_MS for gap in heard.gaps_ms),
        "longest_gap_ms": round(max(heard.gaps_ms, default=0.0), 1),
        "reply_ms": distribution(heard.reply_ms),
        "unanswered": heard.unanswered,
        "kills": heard.kills,
        "bot_sound_s": round(heard.sound_s),
        "frames_dropped": heard.dropped,
        "callers_lag_ms": round(percentile(heard.lag_ms, 0.99), 1),
    }


def broken(report: Report) -> list[str]:
    """What is not as it should be, in words."""
    late = [f"hooks p95 {report['hooks_ms']['p95']} ms"] if report["hooks_ms"]["p95"] > HOOK_MS else []
    return late + noticed(report)


def noticed(report: Report) -> list[str]:
    """What is so wrong that a caller hears it."""
    found = {
        f"{report['gaps_over_60_ms']} gaps over {GAP_MS} ms in the bot's sound": report["gaps_over_60_ms"] > 0,
        f"replies p95 {report['reply_ms']['p95']} ms": report["reply_ms"]["p95"] > REPLY_MS,
        f"{report['frames_dropped']} frames that the bot did not take in time": report["frames_dropped"] > 0,
        f"{report['left']} calls ended by the bot": report["left"] > 0,
    }
    return [text for text, is_so in found.items() if is_so]


def show(report: Report) -> None:
    n = report["calls"]
    print(f"  {n} calls at once, recogniser a timer of {TIMER_MS} ms, {report['bot_sound_s']} s of the bot's sound heard")
    print(f"  {'gaps in it over 60 ms':<44} {report['gaps_over_60_ms']} (longest {report['longest_gap_ms']:.0f} ms)   goal: 0")
    print(f"  {'webhooks':<44} n={report['hooks_ms']['n']} p95 {report['hooks_ms']['p95']} ms   goal: p95 <= {HOOK_MS}")
    for name, taken in report["hooks_by_kind_ms"].items():
        print(f"    {name:<42} n={taken['n']} median {taken['median']} p95 {taken['p95']} ms")
    print(f"  {'cores taken by the bot':<44} {report['cores']:.2f}   goal: < {CORES:.2f}")
    print(f"  {'memory and threads a call':<44} {report['mb_a_call']} MB, {report['threads_a_call']}   goal: < {MB_A_CALL} MB, <= 2")
    print(f"  {'replies':<44} median {report['reply_ms']['median']} p95 {report['reply_ms']['p95']} ms; {report['unanswered']} unanswered")
    busy = "" if report["callers_lag_ms"] < QUIET_MS else "   the machine was busy with other things: these figures are not the bot's"
    print(f"  {'the callers themselves were late (p99)':<44} {report['callers_lag_ms']} ms{busy}", flush=True)


def measure(calls: int = CALLS, most: int = MOST, quick: bool = False, database: str = "") -> Report:
    """`database`: a URL; without it a new SQLite file."""
    sys.setswitchinterval(0.0005)  # who sends hooks shares this process with the crowd, and would time its own waiting for it
    speaker = Speaker()
    crowd = Crowd([to_its_last_sound(speaker.pcm(Say(text), RATE)) for text in QUESTIONS])
    with bot_with_a_timer((calls if quick else most) + 60, database) as bot:
        board = Switchboard(bot)
        first_calls(bot, crowd, board)
        idle = look(bot)
        report = with_calls(bot, crowd, board, calls, MEASURE_S / 3 if quick else MEASURE_S, idle)
        show(report)
        report["more"] = [] if quick else list(until_it_breaks(bot, crowd, board, most, idle))
        crowd.close()
        report["errors_logged"] = bot.log.read_text().count('"level": "ERROR"')
    return report


def until_it_breaks(bot: BotProcess, crowd: Crowd, board: Switchboard, most: int, idle: dict[str, float]) -> Iterator[Report]:
    """More and more calls, until a caller hears that they are too many, or those who play the callers can't follow."""
    while len(crowd.callers) < most:
        step = with_calls(bot, crowd, board, len(crowd.callers) + STEP, SEARCH_S, idle)
        how = f"{step['cores']:.2f} cores, replies p95 {step['reply_ms']['p95']} ms, hooks p95 {step['hooks_ms']['p95']} ms"
        print(f"  {step['calls']} calls: {how}; {'; '.join(broken(step)) or 'all well'}", flush=True)
        yield step
        if step["callers_lag_ms"] >= QUIET_MS:
            print(f"  the callers themselves were {step['callers_lag_ms']} ms late (p99): beyond this it is not the bot that is measured")
            return
        if noticed(step):
            return


def first_calls(bot: BotProcess, crowd: Crowd, board: Switchboard) -> None:
    """Some calls come and go, so that every cache is warm and the pools have their threads before anything is compared."""
    gather(crowd, board, FIRST_CALLS)
    crowd.run(SETTLE_S, board.newcomer)
    board.stop()
    for caller in crowd.callers:
        caller.wire.ended = True
    crowd.run(3.0)


def to_its_last_sound(pcm: Pcm) -> Pcm:
    """Without the silence behind it, so that the reply is timed from the end of the words."""
    return pcm[: int(np.flatnonzero(np.abs(pcm.astype(np.int32)) > LOUD)[-1])]


async def hundred(bot: BotProcess, quick: bool) -> Report:
    """A scene of `python -m bench`; it has a bot of its own, as its ears are others."""
    database = bot.environ()["DATABASE_URL"]
    return measure(quick=quick, database="" if database.startswith("sqlite") else database)
