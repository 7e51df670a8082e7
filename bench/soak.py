"""`python -m bench.soak`: an hour's worth of calls, one behind the other and at once, and whether anything of the bot's grows with them.

Web and worker run as they do in service, with a CRM that takes every ticket. Most callers are in a hurry: their words come faster
than they can be spoken, so that a call is over within seconds. Beside them one caller talks at a human's pace. Every few seconds a census
of both processes is taken; each figure after the warm-up is fitted as a line against the calls made.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import itertools
import json
import math
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import sqlalchemy
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from bench.callers import SPEAKER
from calls.signature import HEADER, sign
from calls.tokens import audio_password
from simulator import processes
from simulator.bot_process import ROOT, BotProcess, free_port
from simulator.jambonz import CallSettings, SimulatedCall
from simulator.script import Barge, Drop, HangUp, Press, Say, Step, Wait
from tests.fakes.tally import TOKEN as TALLY_TOKEN

RATE, FRAME = 16_000, 640  # Hz; bytes of 20 ms
AHEAD = 20  # frames sent at once: 0.4 s of sound ...
AHEAD_S = 0.02  # ... every 20 ms
HOURLY_CALLS, WORTH_TELLING = 600, 0.5  # of megabytes, threads or handles in that time
WARM_UP = 0.25  # of the calls: caches fill, pools get their threads, the allocator finds its size
WORDS = (
    *(Say("my tally licence has expired"), Say("how do i file my gst return"), Say("i forgot my password"), Say("no thank you")),
    *(Say("मेरा लाइसेंस खत्म हो गया है", "hi"), Say("எனக்கு பயிற்சி வேண்டும்", "ta")),
)
TALKS: tuple[Sequence[Step], ...] = (
    (Say("my tally licence has expired"), Barge("i want to talk to a human", after_ms=800)),
    (Press("9", at_once=True), Say("i forgot my password"), Say("no thank you")),
    (Say("how do i file my gst return"), Drop("reset"), Wait(3000), HangUp()),
    (Wait(500), HangUp()),
)


# -- what the processes hold -------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Census:
    """One process at one moment, after so many calls."""

    calls: int
    rss_mb: float
    threads: int
    files: int
    database: int  # connections (PostgreSQL), or handles on the database's file (SQLite)


FIGURES = ("rss_mb", "threads", "files", "database")


def census(pid: int, calls: int, database: Callable[[Sequence[int]], int]) -> Census:
    """Of the process and its descendants."""
    rss_mb = processes.rss_bytes(pid) / 1e6
    return Census(calls, rss_mb, processes.threads(pid), processes.open_files(pid), database(processes.tree(pid)))


def sqlite_handles(pids: Sequence[int]) -> int:
    return sum(link.endswith((".db", ".db-wal", ".db-shm")) for pid in pids for link in _links(pid))


def _links(pid: int) -> Iterator[str]:
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        try:
            yield os.readlink(handle)
        except FileNotFoundError:  # closed meanwhile
            continue


def postgres_connections(url: str) -> Callable[[Sequence[int]], int]:
    """Of a server on this machine: by the ports that the processes talk to it from."""
    engine = sqlalchemy.create_engine(sqlalchemy.make_url(url).set(drivername="postgresql+psycopg"))

    def count(pids: Sequence[int]) -> int:
        with engine.connect() as connection:
            rows = connection.execute(sqlalchemy.text("SELECT client_port FROM pg_stat_activity WHERE datname = current_database()"))
            ports = {row.client_port for row in rows}
        return len(ports & {port for pid in pids for port in _ports(pid)})

    return count


def _ports(pid: int) -> Iterator[int]:
    """The local ports of a process's TCP sockets."""
    inodes = {link[8:-1] for link in _links(pid) if link.startswith("socket:[")}
    for line in itertools.chain.from_iterable(Path(f"/proc/{pid}/net/{kind}").read_text().splitlines()[1:] for kind in ("tcp", "tcp6")):
        parts = line.split()
        if parts[9] in inodes:
            yield int(parts[1].rpartition(":")[2], 16)


# -- growth ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Growth:
    """Of a figure in 100 calls: a fitted line's slope, how far off it may be (95 %), and the slope of the later half alone. It counts as
    growth when it is beyond chance, comes to something in an hour's calls, and goes on: a pool that got its last thread does not grow."""

    per_100: float
    give_or_take: float
    late_per_100: float

    @property
    def is_growth(self) -> bool:
        least = WORTH_TELLING * 100 / HOURLY_CALLS
        return self.per_100 > self.give_or_take and self.per_100 >= least and self.late_per_100 >= least

    def __str__(self) -> str:
        verdict = "   GROWS" if self.is_growth else ""
        return (
            f"{self.per_100:+.3f} in 100 calls, give or take {self.give_or_take:.3f}; {self.late_per_100:+.3f} in the later half{verdict}"
        )


def growth(calls: Sequence[float], values: Sequence[float]) -> Growth:
    """Least squares. A census resembles the one before it, so that as many count as are independent of each other (from the
    residuals' correlation with the ones before them); fewer than four points prove nothing."""
    x, y = np.asarray(calls, float), np.asarray(values, float)
    if len(x) < 4 or not np.ptp(x):
        return Growth(0.0, math.inf, 0.0)
    slope, base = np.polyfit(x, y, 1)
    residuals = y - slope * x - base
    power = float(residuals @ residuals)
    alike = max(0.0, float(residuals[1:] @ residuals[:-1]) / power) if power > 1e-12 else 0.0
    independent = max(3.0, len(x) * (1 - alike) / (1 + alike))
    deviation = math.sqrt(power / (independent - 2) / len(x) / float(np.var(x)))
    late = x >= (x[0] + x[-1]) / 2
    late_slope = np.polyfit(x[late], y[late], 1)[0] if np.ptp(x[late]) else 0.0
    return Growth(100 * float(slope), 100 * student_95(independent - 2) * deviation, 100 * float(late_slope))


def student_95(freedom: float) -> float:
    """The two-sided 95 % point of Student's t, never too small, and at most a fifteenth too large."""
    return 1.96 + 2.4 / freedom + 3.0 / freedom**2 + 5.4 / freedom**3


# -- the callers -------------------------------------------------------------------------------------------------
@dataclass
class Callers:
    """Those who ring until the time is over, and how many calls they have made."""

    bot: BotProcess
    stop_at: float
    most: int
    made: int = 0
    refused: int = 0
    failed: int = 0
    ends: dict[str, int] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.stop_at or self.made >= self.most

    async def keep_calling(self, number: int) -> None:
        """In a hurry, one call behind the other."""
        async with httpx.AsyncClient(base_url=self.bot.url, timeout=20) as client:
            for step in itertools.islice(itertools.cycle(WORDS), number, None):
                if self.over:
                    return
                await self._counted(self._hurried(client, step, f"9198{number:04d}{self.made:04d}"))

    async def keep_talking(self) -> None:
        """At a human's pace, with all that a call may hold."""
        for steps in itertools.cycle(TALKS):
            if self.over:
                return
            call = SimulatedCall(self.bot.url, self.bot.secret, steps, speaker=SPEAKER, settings=CallSettings(longest_s=60))
            await self._counted(call.run())

    async def _counted(self, call: Any) -> None:
        try:
            await call
            self.made += 1
        except (httpx.HTTPError, WebSocketException, OSError) as error:
            self.failed += 1
            self.ends[type(error).__name__] = self.ends.get(type(error).__name__, 0) + 1

    async def _hurried(self, client: httpx.AsyncClient, step: Say, caller: str) -> None:
        sid = str(uuid.uuid4())
        about = {"call_sid": sid, "direction": "inbound", "from": caller, "to": "911800000000"}
        answer = await self._hook(client, "/voice", {**about, "call_status": "trying"})
        if len(answer.json()) < 3:  # no slot: the tail alone
            self.refused += 1
            return
        async with AsyncExitStack() as stack:
            ws = await stack.enter_async_context(self._socket(sid))
            await ws.send(json.dumps({"callSid": sid, "sampleRate": RATE, "from": caller, "to": "911800000000"}))
            await self._speak(ws, step)
        end = {**about, "call_status": "completed", "duration": 3, "call_termination_by": "caller"}
        await self._hook(client, "/status", end)
        await self._hook(client, "/voice/ended", {**end, "dial_call_duration": 3})

    async def _speak(self, ws: ClientConnection, step: Say) -> None:
        """The words in a hurry; then at the sound's own pace until the bot has said something to them, or three seconds are over."""
        for frames in (in_frames(step)[at : at + AHEAD] for at in range(0, len(in_frames(step)), AHEAD)):
            for frame in frames:
                await ws.send(frame)
            await asyncio.sleep(AHEAD_S)
        for _ in range(150):
            await ws.send(bytes(FRAME))
            try:
                await asyncio.wait_for(ws.recv(), 0.02)
            except TimeoutError:
                continue

    async def _hook(self, client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> httpx.Response:
        raw = json.dumps(body).encode()
        headers = {HEADER: sign(raw, self.bot.secret, now=time.time()), "Content-Type": "application/json"}
        return await client.post(path, content=raw, headers=headers)

    def _socket(self, sid: str) -> Any:
        basic = base64.b64encode(f"{sid}:{audio_password(self.bot.secret, sid)}".encode()).decode()
        url, headers = f"{self.bot.url.replace('http', 'ws', 1)}/audio", {"Authorization": f"Basic {basic}"}
        return connect(url, additional_headers=headers, subprotocols=["audio.jambonz.org"], compression=None)  # type: ignore[list-item]


def in_frames(step: Say) -> list[bytes]:
    """The words with half a second of quiet before and a second behind them."""
    pcm = np.concatenate([np.zeros(RATE // 2, np.int16), SPEAKER.pcm(step, RATE), np.zeros(RATE, np.int16)])
    sound = (pcm + np.random.default_rng(1).normal(0, 15, len(pcm)).astype(np.int16)).astype("<i2").tobytes()
    return [sound[at : at + FRAME] for at in range(0, len(sound), FRAME)]


# -- the run -----------------------------------------------------------------------------------------------------
@contextmanager
def process(command: Sequence[str], environ: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        started = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=out, stderr=out)
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


@dataclass
class Watched:
    """The processes under watch, and their censuses."""

    pids: dict[str, int]
    count: Callable[[Sequence[int]], int]
    taken: dict[str, list[Census]] = field(default_factory=dict)

    def take(self, calls: int) -> None:
        for name, pid in self.pids.items():
            self.taken.setdefault(name, []).append(census(pid, calls, self.count))


async def soak(callers: Callers, watched: Watched, at_once: int, every_s: float) -> None:
    calling = [asyncio.create_task(callers.keep_calling(number)) for number in range(at_once)]
    calling.append(asyncio.create_task(callers.keep_talking()))
    while not all(task.done() for task in calling):
        await asyncio.sleep(every_s)
        if callers.over:  # fewer and fewer of them, and so less of everything
            continue
        watched.take(callers.made)
        last = {name: censuses[-1] for name, censuses in watched.taken.items()}
        print(f"    {callers.made:>5} calls   " + "   ".join(told(name, last[name]) for name in last), flush=True)
    await asyncio.gather(*calling)


def told(name: str, now: Census) -> str:
    return f"{name} {now.rss_mb:.1f} MB, {now.threads} threads, {now.files} files, {now.database} db"


def judged(watched: Watched, callers: Callers) -> dict[str, Any]:
    """Every figure's growth, printed and returned."""
    report: dict[str, Any] = {"calls": callers.made, "refused": callers.refused, "failed": callers.failed, "why": callers.ends}
    growing = []
    for name, censuses in watched.taken.items():
        settled = [one for one in censuses if one.calls >= WARM_UP * callers.made]
        report[name] = {"first": as_dict(settled[0]), "last": as_dict(settled[-1])}
        for figure in FIGURES:
            found = growth([one.calls for one in settled], [getattr(one, figure) for one in settled])
            report[name][f"{figure}_per_100_calls"] = [round(found.per_100, 3), round(found.give_or_take, 3), round(found.late_per_100, 3)]
            growing += [f"{name} {figure}"] if found.is_growth else []
            print(f"  {name:<7} {figure:<9} {getattr(settled[0], figure):>8.1f} -> {getattr(settled[-1], figure):>8.1f}   {found}")
    report["growing"] = growing
    print(f"  verdict: {'nothing grows' if not growing else 'growing: ' + ', '.join(growing)}")
    return report


def as_dict(one: Census) -> dict[str, float]:
    return {"calls": one.calls, **{figure: round(getattr(one, figure), 1) for figure in FIGURES}}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="so long at most")
    parser.add_argument("--calls", type=int, default=HOURLY_CALLS, help="so many calls at most: an hour's of a helpdesk with ten lines")
    parser.add_argument("--at-once", type=int, default=4, help="callers in a hurry; one at a human's pace is beside them")
    parser.add_argument("--every", type=float, default=10, help="seconds between two censuses")
    parser.add_argument("--database", default="", help="PostgreSQL by URL, an empty database; without it an SQLite file")
    parser.add_argument("--out", default="bench-results/soak.json", type=Path)
    options = parser.parse_args()
    report = run(options)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1))
    print(f"  kept in {options.out}")


def run(options: argparse.Namespace) -> dict[str, Any]:
    tally_port = free_port()
    with tempfile.TemporaryDirectory(prefix="soak-") as kept:
        folder = Path(kept)
        environ = {"MAX_CALLS": str(options.at_once + 4), "TALLY_URL": f"http://127.0.0.1:{tally_port}", "TALLY_TOKEN": TALLY_TOKEN}
        environ["DATABASE_URL"] = options.database or f"sqlite:///{folder}/voicebot.db"
        tally = [
            sys.executable,
            "-m",
            "tests.fakes.tally",
            "--port",
            str(tally_port),
            "--fail",
            "0",
            "--state",
            str(folder / "tally.jsonl"),
        ]
        with process(tally, dict(os.environ), folder / "tally.log"), BotProcess(environ, progress=print) as bot:
            with process([sys.executable, "worker.py"], bot.environ(), folder / "worker.log") as worker:
                count = postgres_connections(options.database) if options.database else sqlite_handles
                watched = Watched({"web": bot.pid, "worker": worker.pid}, count)
                callers = Callers(bot, time.monotonic() + 60 * options.minutes, options.calls)
                asyncio.run(soak(callers, watched, options.at_once, options.every))
                report = judged(watched, callers)
            report["errors_logged"] = bot.log.read_text().count('"level": "ERROR"')
    print(f"  {report['calls']} calls ({report['refused']} refused, {report['failed']} failed); errors logged: {report['errors_logged']}")
    return report


if __name__ == "__main__":
    main()
