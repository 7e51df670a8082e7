"""`make bench`: the figures of the main line, printed as a table and kept as JSON.

Everything runs on this machine, the simulated callers too; the table says how far they themselves lagged behind.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import httpx

from bench.callers import call, questions, together, with_interruptions
from bench.figures import distribution, line
from bench.hundred import hundred
from simulator.bot_process import BotProcess
from simulator.result import CallResult
from simulator.script import HangUp, Say, Step, Wait

Report = dict[str, Any]
GAP_MS = 60


def replies(results: Sequence[CallResult]) -> list[float]:
    return [said.reply_ms for result in results for said in result.utterances if said.kind == "say" and said.reply_ms is not None]


def unanswered(results: Sequence[CallResult]) -> int:
    return sum(said.reply_ms is None for result in results for said in result.utterances if said.kind == "say")


def trouble(results: Sequence[CallResult]) -> list[str]:
    return [violation.text for result in results for violation in result.violations]


def lag(results: Sequence[CallResult]) -> float:
    return max((result.traffic.latest_frame_ms for result in results), default=0.0)


async def one_caller(bot: BotProcess, quick: bool) -> Report:
    results = [await call(bot, questions(5, seed), number=seed) for seed in range(1 if quick else 2)]
    print(line("reply, one call at a time", replies(results), goal="goal: median <= 480, p95 <= 650"))
    return {
        "reply_ms": distribution(replies(results)),
        "unanswered": unanswered(results),
        "trouble": trouble(results),
        "callers_lag_ms": lag(results),
    }


async def ten_callers(bot: BotProcess, quick: bool) -> Report:
    return await at_once(bot, "ten", 10, 2 if quick else 5, goal="goal: median <= 480, p95 <= 650")


async def thirty_callers(bot: BotProcess, quick: bool) -> Report:
    return await at_once(bot, "thirty", 30, 2 if quick else 5, goal="goal: p95 <= 900")


async def at_once(bot: BotProcess, name: str, calls: int, asked: int, *, goal: str) -> Report:
    results = await together(bot, [questions(asked, seed) for seed in range(calls)])
    print(line(f"reply, {name} calls at once", replies(results), goal=goal))
    return {
        "reply_ms": distribution(replies(results)),
        "unanswered": unanswered(results),
        "trouble": trouble(results),
        "callers_lag_ms": lag(results),
    }


async def interrupters(bot: BotProcess, quick: bool) -> Report:
    plans = [with_interruptions(1 if quick else 4, seed) for seed in range(4)]
    results = await together(bot, plans)
    asked = [said for result in results for said in result.utterances if said.kind == "barge" and not said.note]
    values = [said.barge_in_ms for said in asked if said.barge_in_ms is not None]
    print(line("barge-in: loud sample to killAudio", values, goal="goal: p95 <= 250"))
    return {"barge_in_ms": distribution(values), "not_noticed": len(asked) - len(values), "trouble": trouble(results)}


async def echoing_lines(bot: BotProcess, quick: bool) -> Report:
    """Fifty calls in which the bot's own voice comes back 20 dB quieter; nobody interrupts, so nothing may be killed."""
    rounds, at_once = (1, 5) if quick else (5, 10)
    results: list[CallResult] = []
    for _ in range(rounds):
        plans: list[list[Step]] = [[Say("my tally licence has expired"), Wait(12_000)] for _ in range(at_once)]
        results += await together(bot, plans, echo_db=20.0)
    kills = [result.traffic.kills for result in results]
    print(f"  {'self-interruptions with echo at -20 dB':<44} {sum(kills)} in {len(results)} calls   goal: 0")
    return {"calls": len(results), "kills": sum(kills), "unanswered": unanswered(results), "trouble": trouble(results)}


async def twenty_callers(bot: BotProcess, quick: bool) -> Report:
    """Twenty calls at once for two minutes; before and after: threads, memory, files."""
    seconds = 20 if quick else 120
    before = census(bot)
    hooks: list[float] = []
    stop_at = time.monotonic() + seconds

    async def keep_calling(number: int) -> list[CallResult]:
        await asyncio.sleep(number * 0.2)
        results: list[CallResult] = []
        while time.monotonic() < stop_at:
            results.append(await call(bot, questions(4, number + len(results)), number=number))
        return results

    peak = asyncio.create_task(highest(bot, stop_at))
    results = [result for of_one in await asyncio.gather(*(keep_calling(number) for number in range(20))) for result in of_one]
    hooks += [hook.took_ms for result in results for hook in result.hooks]
    gaps = [gap.length_ms for result in results for gap in result.holes]
    await asyncio.sleep(3)
    after = census(bot)
    print(line("reply, twenty calls at once", replies(results)))
    print(
        f"  {'gaps in the bot sound over 60 ms':<44} {sum(gap > GAP_MS for gap in gaps)} (longest {max(gaps, default=0):.0f} ms)   goal: 0"
    )
    print(line("webhooks under that load", hooks, goal="goal: p95 <= 50"))
    print(f"  {'before / peak / after':<44} {before} / {await peak} / {after}")
    return {
        "calls": len(results),
        "reply_ms": distribution(replies(results)),
        "gaps_over_60_ms": sum(gap > GAP_MS for gap in gaps),
        "longest_gap_ms": max(gaps, default=0.0),
        "hooks_ms": distribution(hooks),
        "before": before,
        "peak": peak.result(),
        "after": after,
        "unanswered": unanswered(results),
        "trouble": trouble(results),
        "callers_lag_ms": lag(results),
    }


def census(bot: BotProcess) -> dict[str, float]:
    return {"threads": bot.threads(), "pss_mb": round(bot.pss_bytes() / 1e6, 1), "files": bot.open_files()}


async def highest(bot: BotProcess, until: float) -> dict[str, float]:
    peak = census(bot)
    while time.monotonic() < until:
        await asyncio.sleep(2)
        now = census(bot)
        peak = {name: max(value, now[name]) for name, value in peak.items()}
    return peak


async def first_calls(bot: BotProcess, quick: bool) -> Report:
    """Twenty short calls at once: caches are warm and every thread of the pools exists, so that before and after can be compared."""
    await together(bot, [[Say("my tally licence has expired"), Wait(1000), HangUp()] for _ in range(20)], apart_s=0.1)
    return {"ready": httpx.get(f"{bot.url}/readyz").json()}


SCENES: dict[str, Callable[[BotProcess, bool], Coroutine[Any, Any, Report]]] = {
    "warm_up": first_calls,
    "one": one_caller,
    "ten": ten_callers,
    "thirty": thirty_callers,
    "barge_in": interrupters,
    "echo": echoing_lines,
    "twenty": twenty_callers,
    "hundred": hundred,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("scenes", nargs="*", help=f"some of: {', '.join(SCENES)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="a minute instead of eight")
    parser.add_argument("--out", default="bench-results/main-line.json", type=Path)
    parser.add_argument("--database", default="", help="PostgreSQL by URL, an empty database; without it SQLite files")
    options = parser.parse_args()
    chosen = options.scenes or list(SCENES)
    report: Report = {"machine": f"{os.cpu_count()} cores, {platform.processor() or platform.machine()}"}
    began = time.monotonic()
    given = {"MAX_CALLS": "35"} | ({"DATABASE_URL": options.database} if options.database else {})
    with BotProcess(given, progress=print) as bot:
        report["start_to_ready_s"] = round(time.monotonic() - began, 1)
        print(f"  start to ready: {report['start_to_ready_s']} s; idle: {census(bot)}", flush=True)
        for name in chosen:
            report[name] = asyncio.run(SCENES[name](bot, options.quick))
            for text in report[name].get("trouble", [])[:5]:
                print(f"  trouble in {name}: {text}")
        report["errors_logged"] = bot.log.read_text().count('"level": "ERROR"')
    print(f"  errors in the bot's log: {report['errors_logged']}")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1))
    lags = [scene.get("callers_lag_ms", 0.0) for scene in report.values() if isinstance(scene, dict)]
    print(f"  kept in {options.out}; the callers themselves were never more than {max(lags):.0f} ms late")


if __name__ == "__main__":
    main()
