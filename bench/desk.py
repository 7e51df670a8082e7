"""`make bench-desk`: from the decision to escalate to the screen pop on an agent's page; and what 200 live calls cost.

Real processes of the bot, real hooks, real logins and event streams; each scene with the database as the way between processes, and
with Redis. The calls themselves have no sound here.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy.exc import OperationalError

from bench.figures import distribution, line
from bench.open_pages import OpenPage, logged_in
from bench.storm import postgres
from calls.call import Intent, Outcome, OutcomeKind, Timings, Turn
from calls.live import LiveEvent
from calls.settings import Environment
from calls.signature import HEADER, sign
from records.database import open_database
from records.journal import Journal
from records.live import open_live
from records.people import People
from simulator.bot_process import BotProcess, free_port
from simulator.processes import cpu_seconds

Report = dict[str, Any]
PASSWORD = "only for this bench"  # noqa: S105 - of a database that is gone afterwards
CALLS, PAGES = 200, 5
AT = re.compile(r"said at (\d+\.\d+)")


# -- the house ---------------------------------------------------------------------
@contextlib.contextmanager
def database_of(kind: str) -> Iterator[str]:
    """The URL of an empty database: "sqlite" or "postgres"."""
    if kind == "postgres":
        url, drop = postgres()
        try:
            yield url
        finally:
            drop()
        return
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/voicebot.db"


@contextlib.contextmanager
def redis_server() -> Iterator[str]:
    """The URL of a Redis of our own."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            time.sleep(0.5)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.wait()


@contextlib.contextmanager
def house(kind: str, *, redis: bool, processes: int) -> Iterator[tuple[list[BotProcess], dict[str, str]]]:
    """So many bots on one database, and the environment that they share."""
    with contextlib.ExitStack() as stack:
        environ = {
            "DATABASE_URL": stack.enter_context(database_of(kind)),
            "REDIS_URL": stack.enter_context(redis_server()) if redis else "",
            "JAMBONZ_WEBHOOK_SECRET": uuid.uuid4().hex,
            "MAX_CALLS": str(CALLS + 20),
            "MAX_DESKS": "20",
            "LOG_LEVEL": "WARNING",
        }
        people = People(open_database(environ["DATABASE_URL"]))
        for login, role, agent in (("asha", "agent", "asha"), ("supervisor", "supervisor", "")):
            people.add(login, login.title(), PASSWORD, role, agent, now=datetime.now(UTC))
        yield [stack.enter_context(BotProcess(environ, progress=print)) for _ in range(processes)], environ


class Jambonz:
    """Posts a call's hooks, signed."""

    def __init__(self, bot: BotProcess) -> None:
        self._bot, self._client = bot, httpx.Client(base_url=bot.url, timeout=30.0)

    def post(self, path: str, call_sid: str, **more: Any) -> httpx.Response:
        facts = {"call_sid": call_sid, "direction": "inbound", "from": "919812345678", "to": "1800123", "call_status": "in-progress"}
        body = json.dumps(facts | more).encode()
        headers = {HEADER: sign(body, self._bot.secret, now=time.time()), "Content-Type": "application/json"}
        return self._client.post(path, content=body, headers=headers).raise_for_status()


# -- (a) the screen pop ----------------------------------------------------------------
def pops(kind: str, *, redis: bool, processes: int, count: int) -> Report:
    """Hooks go to the first process, the agent's page is open at the last."""
    with house(kind, redis=redis, processes=processes) as (bots, environ):
        journal, jambonz = Journal(open_database(environ["DATABASE_URL"]), max_calls=1000), Jambonz(bots[0])
        browser = logged_in(bots[-1].url, "asha", PASSWORD)
        browser.post("/desk/presence", data={"state": "available"})
        took_ms, hooks_ms = [], []
        with OpenPage(browser, "/desk/events") as desk:
            for _ in range(count):
                pop_ms, hook_ms = one_pop(journal, jambonz, desk)
                took_ms.append(pop_ms)
                hooks_ms.append(hook_ms)
                time.sleep(random.uniform(0.3, 0.6))
    name = f"{processes} process{'es' if processes > 1 else ''}, {kind}{' and Redis' if redis else ''}"
    print(line(f"escalation to screen pop, {name}", took_ms, goal="goal: p95 < 500"), flush=True)
    return {"pop_ms": distribution(took_ms), "hook_ms": distribution(hooks_ms)}


def one_pop(journal: Journal, jambonz: Jambonz, desk: OpenPage) -> tuple[float, float]:
    """(ms from the sending of /escalate to the arrival of the pop, ms that the hook took)."""
    sid = f"bench-{uuid.uuid4()}"
    jambonz.post("/voice", sid, call_status="trying")
    for number, words in enumerate(("my tally licence has expired", "i want to talk to a person"), 1):
        wish = Intent("license_renewal" if number == 1 else "transfer_to_human", 0.9)
        journal.turn_finished(sid, Turn(number, heard=words, intent=wish, said=["I see."], timings=Timings(reply=640)))
    journal.call_ended(sid, Outcome(OutcomeKind.ESCALATED, "asked"), now=datetime.now(UTC))
    began_s = time.perf_counter()
    hook_ms: list[float] = []

    def escalate() -> None:
        jambonz.post("/escalate", sid)
        hook_ms.append((time.perf_counter() - began_s) * 1000)

    hook = threading.Thread(target=escalate)
    hook.start()
    came = desk.until(lambda message: f'data-rings="{sid}"' in message.data)
    hook.join()
    jambonz.post("/escalate/ended", sid, call_status="completed")
    jambonz.post("/status", sid, call_status="completed", duration=9)
    return (came.at_s - began_s) * 1000, hook_ms[0]


# -- (b) two hundred live calls ---------------------------------------------------------
def live_calls(kind: str, *, redis: bool, seconds: int) -> Report:
    """Another process has the calls, each changes once a second; this one has five supervisors' pages."""
    with house(kind, redis=redis, processes=1) as (bots, environ):
        engine = open_database(environ["DATABASE_URL"])
        sids = begun(Journal(engine, max_calls=CALLS), CALLS)
        browser = logged_in(bots[0].url, "supervisor", PASSWORD)
        live = open_live(Environment.read(environ), engine)
        with contextlib.ExitStack() as stack:
            idle = when_settled(bots[0])
            pages = [stack.enter_context(OpenPage(browser, "/live/events")) for _ in range(PAGES)]
            talk(live.publish, sids, 3)  # all rows have been drawn once
            before = [(page.bytes, page.chunks, len(page.messages)) for page in pages]
            cpu = cpu_share(bots[0], seconds, during=lambda: talk(live.publish, sids, seconds))
            report = counted(pages, before, seconds, idle, cpu)
            stack.callback(live.close)
    name = f"{kind}{' and Redis' if redis else ''}"
    told(name, report)
    return report


def when_settled(bot: BotProcess, within_s: float = 60.0) -> float:
    """% of a core that the process takes when nothing happens: after its start it speaks its sentences beforehand for a while."""
    give_up_at = time.monotonic() + within_s
    while (share := cpu_share(bot, 3.0)) > 5.0 and time.monotonic() < give_up_at:
        pass
    return share


def begun(journal: Journal, count: int) -> list[str]:
    sids = [f"bench-{number}-{uuid.uuid4()}" for number in range(count)]
    for number, sid in enumerate(sids):
        facts = {"direction": "inbound", "caller": f"9198{number:08d}", "called": "1800123", "language": "en"}
        journal.call_started(sid=sid, now=datetime.now(UTC), **facts)
    return sids


def talk(publish: Callable[[LiveEvent], None], sids: Sequence[str], seconds: int) -> None:
    """Each call tells once a second what a talking call tells: its state changes, words come, an answer begins."""
    states = ("listening", "thinking", "speaking")
    end_s = time.perf_counter() + seconds
    order = list(sids)
    beat = 0
    while time.perf_counter() < end_s:
        began_s = time.perf_counter()
        random.shuffle(order)
        for number, sid in enumerate(order):
            words = f"my tally licence has expired, said at {time.perf_counter():.4f}"
            data = {"state": states[beat % 3], "last_words": words, "reply_ms": 600 + number, "turns": beat}
            publish(LiveEvent("call", sid, data=data))
            time.sleep(max(0.0, began_s + (number + 1) / len(order) - time.perf_counter()))
        beat += 1


def counted(pages: Sequence[OpenPage], before: Sequence[tuple[int, int, int]], seconds: int, idle: float, cpu: float) -> Report:
    late_ms, updates, rows = [], 0, 0
    for page, (_, _, messages) in zip(pages, before, strict=True):
        for came in page.messages[messages:]:
            if came.event == "changes":
                updates, rows = updates + 1, rows + came.data.count("<tr ")
                late_ms += [(came.at_s - float(said)) * 1000 for said in AT.findall(came.data)]
    size = sum(page.bytes - was for page, (was, _, _) in zip(pages, before, strict=True))
    return {
        "page_kbytes_per_s": round(size / len(pages) / seconds / 1000, 1),
        "updates_per_s_a_page": round(updates / len(pages) / seconds, 2),
        "rows_an_update": round(rows / max(1, updates), 1),
        "change_to_page_ms": distribution(late_ms),
        "cpu_idle_percent": round(idle, 1),
        "cpu_percent": round(cpu, 1),
        "cpu_ms_an_update": round((cpu - idle) / 100 * seconds * 1000 / max(1, updates), 2),
    }


def told(name: str, report: Report) -> None:
    late = report["change_to_page_ms"]
    print(f"  {f'{CALLS} live calls, {PAGES} pages, {name}':<44} {report['page_kbytes_per_s']} kB/s a page", end="; ")
    print(
        f"{report['updates_per_s_a_page']} updates/s of {report['rows_an_update']} rows; {report['cpu_ms_an_update']} ms CPU each", end="; "
    )
    print(f"process {report['cpu_percent']} % of a core (idle {report['cpu_idle_percent']} %)", end="; ")
    print(f"change to page median {late['median']} p95 {late['p95']} ms", flush=True)


def cpu_share(bot: BotProcess, seconds: float, during: Callable[[], None] | None = None) -> float:
    """Percent of one core that the bot's processes used."""
    began_s, before_s = time.perf_counter(), cpu_seconds(bot.pid)
    (during or (lambda: time.sleep(seconds)))()
    return (cpu_seconds(bot.pid) - before_s) / (time.perf_counter() - began_s) * 100


# -- all of it ---------------------------------------------------------------------------
def ways() -> list[tuple[str, bool]]:
    """(database, whether Redis carries the events) of what this machine has."""
    found = [("sqlite", False)]
    with contextlib.suppress(OperationalError):
        postgres()[1]()  # made and dropped: there is a server
        found.append(("postgres", False))
    return found + ([(found[-1][0], True)] if shutil.which("redis-server") else [])


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.desk", description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="screen pops of each row")
    parser.add_argument("--seconds", type=int, default=20, help="of 200 live calls, for each row")
    parser.add_argument("--out", default="bench-results/desk.json", type=Path)
    options = parser.parse_args()
    report: Report = {"machine": f"{os.cpu_count()} cores", "pop": {}, "live": {}}
    for kind, redis in ways():
        name = f"{kind}{'+redis' if redis else ''}"
        for processes in (1, 2):
            report["pop"][f"{name}, {processes}"] = pops(kind, redis=redis, processes=processes, count=options.count)
        report["live"][name] = live_calls(kind, redis=redis, seconds=options.seconds)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1))
    print(f"  kept in {options.out}")


if __name__ == "__main__":
    main()
