"""`make storm`: three hundred calls end within a minute while everything fails, and what the CRMs hold afterwards.

The CRMs refuse 30 % of the requests and are down for 30 s; web and worker are each killed with -9 three times. Callers, CRMs, web and
worker are processes of their own on this machine. Before it, some calls in calm weather show how soon a ticket is there.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import sqlalchemy
from websockets.asyncio.client import connect

from bench.figures import line
from calls.phones import e164
from calls.signature import HEADER, sign
from calls.tokens import audio_password
from simulator.bot_process import ROOT, free_port
from simulator.script import Say
from simulator.speaker import Speaker
from tests.fakes.hubspot import TOKEN as HUBSPOT_TOKEN
from tests.fakes.tally import TOKEN as TALLY_TOKEN

SECRET = "storm-secret"  # noqa: S105 - of a bot that lives for some minutes on this machine
WORDS = "my tally licence has expired"
KILLS_S = {"web": (12, 30, 48), "worker": (8, 25, 45)}
DOWN_S = (20, 50)
GIVE_UP_S = 1200


@dataclass
class Part:
    """One process of the storm, started again whenever it is killed."""

    name: str
    command: Sequence[str]
    environ: dict[str, str]
    folder: Path
    process: subprocess.Popen[bytes] | None = None
    kills: int = 0

    def start(self) -> None:
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(self.command, cwd=ROOT, env=self.environ, stdout=log, stderr=log, start_new_session=True)

    def kill(self) -> None:
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.kills += 1

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()

    def rss_mb(self) -> float:
        pid = self.process.pid if self.process else 0
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@dataclass
class Scene:
    """Everything that runs, and where it writes."""

    folder: Path
    database: str
    fail: float
    parts: dict[str, Part] = field(default_factory=dict)
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        tally, hubspot = free_port(), free_port()
        own = {
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "DATABASE_URL": self.database,
            "JAMBONZ_WEBHOOK_SECRET": SECRET,
            "WHISPER_MODEL": "offline",
            "MAX_CALLS": "60",
            "LOG_LEVEL": "INFO",
            "TALLY_URL": f"http://127.0.0.1:{tally}",
            "TALLY_TOKEN": TALLY_TOKEN,
            "HUBSPOT_URL": f"http://127.0.0.1:{hubspot}",
            "HUBSPOT_TOKEN": HUBSPOT_TOKEN,
        }
        environ = {**os.environ, **own}
        python = sys.executable
        commands = {
            "tally": [
                python,
                "-m",
                "tests.fakes.tally",
                "--port",
                str(tally),
                "--fail",
                str(self.fail),
                "--state",
                str(self.state("tally")),
            ],
            "hubspot": [
                python,
                "-m",
                "tests.fakes.hubspot",
                "--port",
                str(hubspot),
                "--fail",
                str(self.fail),
                "--state",
                str(self.state("hubspot")),
            ],
            "web": [python, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"],
            "worker": [python, "worker.py"],
        }
        self.parts = {name: Part(name, command, environ, self.folder) for name, command in commands.items()}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def state(self, crm: str) -> Path:
        return self.folder / f"{crm}.jsonl"

    def kept(self, crm: str, kind: str) -> list[dict[str, Any]]:
        """What a CRM holds, in the order it came."""
        path = self.state(crm)
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [entry["thing"] for entry in map(loaded, lines) if entry.get("kind") == kind]

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=1).status_code == 200
        except httpx.HTTPError:
            return False


def loaded(text: str) -> dict[str, Any]:
    try:
        entry: dict[str, Any] = json.loads(text)
    except ValueError:  # a line that is being written
        return {}
    return entry


class Callers:
    """Calls as short as they can be with real words in them: the sentence comes faster than it can be spoken."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        pcm = np.concatenate([np.zeros(8000, np.int16), Speaker().pcm(Say(WORDS), 16_000), np.zeros(16_000, np.int16)])
        noise = np.random.default_rng(1).normal(0, 15, len(pcm)).astype(np.int16)
        self._sound = (pcm + noise).astype("<i2").tobytes()
        self.answered: dict[str, str] = {}  # call_sid -> caller
        self.ended_at: dict[str, float] = {}
        self.refused = 0

    async def call(self, number: int) -> None:
        """Dial until a bot answers; then speak, wait a moment, hang up."""
        caller = f"9198{number:08d}"
        async with httpx.AsyncClient(base_url=self._scene.url, timeout=5) as client:
            while not (sid := await self._dial(client, caller)):
                self.refused += 1
                await asyncio.sleep(0.5)
            self.answered[sid] = caller
            await self._talk(sid, caller)
            await self._hook(
                client, "/status", {"call_sid": sid, "call_status": "completed", "duration": 3, "call_termination_by": "caller"}
            )
            self.ended_at[sid] = time.monotonic()

    async def _dial(self, client: httpx.AsyncClient, caller: str) -> str:
        sid = str(uuid.uuid4())
        body = {"call_sid": sid, "direction": "inbound", "from": caller, "to": "911800000000", "call_status": "trying"}
        answer = await self._hook(client, "/voice", body)
        return sid if answer is not None and answer.status_code == 200 and len(answer.json()) == 3 else ""

    async def _hook(self, client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> httpx.Response | None:
        raw = json.dumps(body).encode()
        headers = {HEADER: sign(raw, SECRET, now=time.time()), "Content-Type": "application/json"}
        try:
            return await client.post(path, content=raw, headers=headers)
        except httpx.HTTPError:
            return None

    async def _talk(self, sid: str, caller: str) -> None:
        basic = base64.b64encode(f"{sid}:{audio_password(SECRET, sid)}".encode()).decode()
        opening = {"callSid": sid, "sampleRate": 16_000, "from": caller, "to": "911800000000"}
        try:
            url = f"{self._scene.url.replace('http', 'ws', 1)}/audio"
            headers = {"Authorization": f"Basic {basic}"}
            async with connect(url, additional_headers=headers, subprotocols=["audio.jambonz.org"], compression=None) as ws:  # type: ignore[list-item]
                await ws.send(json.dumps(opening))
                for at in range(0, len(self._sound), 640):
                    await ws.send(self._sound[at : at + 640])
                    if at % 12_800 == 0:
                        await asyncio.sleep(0.01)
                await asyncio.sleep(1.5)
        except Exception:  # noqa: BLE001, S110 - the web process was killed: the caller hears nothing any more
            pass


async def calm(scene: Scene, count: int) -> list[float]:
    """Seconds from the end of a call to its ticket in the CRM, when all is well."""
    callers = Callers(scene)
    seen: dict[str, float] = {}
    calling = asyncio.gather(*(delayed(number * 0.5, callers.call, 50_000_000 + number) for number in range(count)))
    give_up_at = time.monotonic() + count * 0.5 + 60
    while len(seen) < count and time.monotonic() < give_up_at:
        await asyncio.sleep(0.03)
        for ticket in scene.kept("tally", "ticket"):
            seen.setdefault(ticket["sent"]["call_sid"], time.monotonic())
    await calling
    return [seen[sid] - callers.ended_at[sid] for sid in callers.answered if sid in seen]


async def delayed(seconds: float, work: Callable[[int], Any], number: int) -> None:
    await asyncio.sleep(seconds)
    await work(number)


async def storm(scene: Scene, count: int) -> Callers:
    callers, dice = Callers(scene), random.Random(3)
    calls = [delayed(dice.uniform(0, 55), callers.call, number) for number in range(count)]
    await asyncio.gather(*calls, *(killer(scene.parts[name], KILLS_S[name]) for name in KILLS_S), outage(scene))
    return callers


async def killer(part: Part, moments_s: Sequence[float]) -> None:
    began = time.monotonic()
    for moment_s in moments_s:
        await asyncio.sleep(max(0.0, began + moment_s - time.monotonic()))
        part.kill()
        part.start()


async def outage(scene: Scene) -> None:
    await asyncio.sleep(DOWN_S[0])
    for name in ("tally", "hubspot"):
        scene.parts[name].kill()
    await asyncio.sleep(DOWN_S[1] - DOWN_S[0])
    for name in ("tally", "hubspot"):
        scene.parts[name].start()


def wait_for_all(scene: Scene, sids: set[str]) -> float:
    began = told_at = time.monotonic()
    while time.monotonic() - began < GIVE_UP_S:
        tickets = {ticket["sent"]["call_sid"] for ticket in scene.kept("tally", "ticket")}
        notes = {marked(note) for note in scene.kept("hubspot", "notes")}
        records = {marked(record) for record in scene.kept("hubspot", "calls")}
        if sids <= tickets and sids <= notes and sids <= records:
            break
        if time.monotonic() - told_at > 30:
            told_at = time.monotonic()
            left = [len(sids - there) for there in (tickets, notes, records)]
            print(f"    still to come: {left[0]} tickets, {left[1]} notes, {left[2]} call records", flush=True)
        time.sleep(1)
    time.sleep(10)  # what comes twice comes now
    return time.monotonic() - began


def marked(thing: dict[str, Any]) -> str:
    body = thing["properties"].get("hs_note_body") or thing["properties"].get("hs_call_body") or ""
    return str(body.rpartition("[vb:")[2].partition("]")[0])


def journal(scene: Scene, sid: str) -> dict[str, Any]:
    signature = sign(f"GET /calls/{sid}".encode(), SECRET, now=time.time())
    answer: dict[str, Any] = httpx.get(f"{scene.url}/calls/{sid}", headers={HEADER: signature}, timeout=10).json()
    return answer


def verdict(scene: Scene, callers: Callers) -> dict[str, Any]:
    """What the CRMs hold against what the journal knows: a line of figures."""
    tickets = scene.kept("tally", "ticket")
    notes, records = scene.kept("hubspot", "notes"), scene.kept("hubspot", "calls")
    counted = {
        "tickets": Counter(ticket["sent"]["call_sid"] for ticket in tickets),
        "notes": Counter(map(marked, notes)),
        "call records": Counter(map(marked, records)),
    }
    by_sid = {ticket["sent"]["call_sid"]: ticket["sent"] for ticket in tickets}
    wrong = [sid for sid, caller in callers.answered.items() if sid in by_sid and not is_right(by_sid[sid], caller, journal(scene, sid))]
    report: dict[str, Any] = {"calls": len(callers.answered), "refused dials": callers.refused}
    for name, counts in counted.items():
        ours = {sid: counts.get(sid, 0) for sid in callers.answered}
        report[name] = sum(ours.values())
        report[f"{name} lost"] = sum(count == 0 for count in ours.values())
        report[f"{name} twice"] = sum(count > 1 for count in ours.values())
    report["wrong content"] = len(wrong)
    report["with the caller's words"] = sum(WORDS in sent["description"] for sid, sent in by_sid.items() if sid in callers.answered)
    report["journalled but never answered"] = len(set(by_sid) - set(callers.answered))
    return report


def is_right(sent: dict[str, Any], caller: str, known: dict[str, Any]) -> bool:
    words = [turn["heard"] for turn in known["turns"] if turn["heard"]]
    ticket = known["ticket"] or {}
    same = sent["phone"] == e164(caller) and sent["intent_category"] == ticket.get("intent") and sent["language"] == ticket.get("language")
    return same and all(f"Caller: {heard}" in sent["description"] for heard in words)


def run(database: str, name: str, count: int, fail: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="storm-") as folder:
        url = database or f"sqlite:///{folder}/voicebot.db"
        report: dict[str, Any] = {"database": name}
        fair = Scene(Path(folder), url, 0.0)
        with running(fair):
            seconds = asyncio.run(calm(fair, 20))
            report["calm_s"] = sorted(round(second, 2) for second in seconds)
            report["worker_rss_mb"] = round(fair.parts["worker"].rss_mb())
            print(
                line(f"{name}: end of a call to its ticket, calm", [1000 * second for second in seconds], goal="goal: p95 <= 2000"),
                flush=True,
            )
        for crm in ("tally", "hubspot"):
            fair.state(crm).unlink(missing_ok=True)
        foul = Scene(Path(folder), url, fail)
        with running(foul):
            began = time.monotonic()
            callers = asyncio.run(storm(foul, count))
            print(
                f"  {name}: {len(callers.answered)} calls ended within {time.monotonic() - began:.0f} s; waiting for the CRMs", flush=True
            )
            report["settled_after_s"] = round(wait_for_all(foul, set(callers.answered)))
            report |= verdict(foul, callers)
            report["kills"] = {part: foul.parts[part].kills for part in ("web", "worker", "tally", "hubspot")}
            report["worker_rss_after_mb"] = round(foul.parts["worker"].rss_mb())
        if report["tickets lost"] or report["notes lost"] or report["wrong content"]:
            kept = Path("bench-results") / f"storm-{name}"
            kept.mkdir(parents=True, exist_ok=True)
            for path in Path(folder).glob("*.*"):
                (kept / path.name).write_bytes(path.read_bytes())
        return report


class running:
    """`with running(scene):` all parts started, the web ready; stopped at the end."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def __enter__(self) -> None:
        for part in self._scene.parts.values():
            part.start()
        give_up_at = time.monotonic() + 60
        while not self._scene.ready():
            if time.monotonic() > give_up_at:
                self.__exit__()
                raise SystemExit("the bot was not ready after a minute")
            time.sleep(0.2)

    def __exit__(self, *_: object) -> None:
        for part in self._scene.parts.values():
            part.stop()


def postgres() -> tuple[str, Callable[[], None]]:
    """A database of its own on the local server (STORM_POSTGRES_URL), and how to drop it."""
    server = sqlalchemy.make_url(os.environ.get("STORM_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"))
    name = f"storm_{uuid.uuid4().hex[:8]}"
    admin = sqlalchemy.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}"))

    def drop() -> None:
        with admin.connect() as connection:
            connection.execute(sqlalchemy.text(f"DROP DATABASE {name} WITH (FORCE)"))

    return server.set(drivername="postgresql", database=name).render_as_string(hide_password=False), drop


def table(reports: Sequence[dict[str, Any]]) -> None:
    names = [name for name in reports[0] if name not in ("calm_s",)]
    for name in names:
        print(f"  {name:<32}" + "".join(f"{report[name]!s:>24}" for report in reports))


def main() -> None:
    parser = argparse.ArgumentParser(prog="storm", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--fail", type=float, default=0.3)
    options = parser.parse_args()
    reports = []
    if options.database in ("sqlite", "both"):
        reports.append(run("", "sqlite", options.calls, options.fail))
    if options.database in ("postgres", "both"):
        url, drop = postgres()
        try:
            reports.append(run(url, "postgres", options.calls, options.fail))
        finally:
            drop()
    table(reports)
    Path("bench-results").mkdir(exist_ok=True)
    Path("bench-results/storm.json").write_text(json.dumps(reports, indent=1))
    clean = all(
        report[f"{what} {fault}"] == 0 for report in reports for what in ("tickets", "notes", "call records") for fault in ("lost", "twice")
    )
    sys.exit(0 if clean and not any(report["wrong content"] for report in reports) else 1)


if __name__ == "__main__":
    main()
