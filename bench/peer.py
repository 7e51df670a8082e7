"""`make bench PEER=pipecat`: the same calls to another bot and to ours, one after the other on the same machine, side by side.

Same for both: callers and their words, measuring, line (Jambonz's audio socket), Whisper model, voice with its cache, cores.
Not the same, in the peer's favour: it keeps no journal, writes no ticket, and finds its answers by counting words.
In neither's: our worker, which delivers ended calls, is a process of its own and does not run here.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.__main__ import Report
from bench.peers import scenes, table
from bench.peers.usage import on_cores, rss_mb
from simulator.bot_process import GUNICORN, ROOT, BotProcess

SPARE_CALLS = 5  # of our own bot's MAX_CALLS over what is asked for: a call's slot is free only after its end is written
INSTALLED = {"pipecat": "bench.peers.pipecat_bot"}  # its environment lies in .bench/<name>


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is asked of each bot."""

    at_once: Sequence[int] = (1, 10, 20, 30)
    questions: int = 5
    interruptions: int = 4
    rounds_alone: int = 4  # calls one after the other where one call is asked for

    def rounds(self, calls: int) -> int:
        return self.rounds_alone if calls == 1 else 1


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse(arguments)
    if fault := missing(options.peer):
        raise SystemExit(fault)
    plan = Plan(options.calls, 2, 1, 1) if options.quick else Plan(options.calls)
    bots = {
        "ours": BotProcess({"MAX_CALLS": str(max(plan.at_once) + SPARE_CALLS)}, command=GUNICORN),
        options.peer: BotProcess({"PEER_TURNS": options.turns}, command=command_of(options.peer)),
    }
    reports = {name: measure(name, bot, plan, options.cores) for name, bot in reversed(bots.items()) if name not in options.without}
    tell(dict(sorted(reports.items(), key=lambda item: item[0] != "ours")), options)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.peer", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=INSTALLED)
    parser.add_argument("--calls", nargs="+", type=int, default=list(Plan().at_once), help="how many at once (default: 1 10 20 30)")
    parser.add_argument("--turns", choices=["timeout", "smart"], default="timeout", help="how the peer finds the end of a turn")
    parser.add_argument("--cores", type=int, default=None, help="cores that each bot may use (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer questions: some minutes instead of twenty")
    parser.add_argument("--without", nargs="+", default=[], help="leave out: ours, or the peer")
    parser.add_argument("--out", default=None, type=Path, help="where the JSON goes (default: bench-results/peer-<name>.json)")
    return parser.parse_args(arguments)


def python_of(peer: str, root: Path = ROOT) -> Path:
    return root / ".bench" / peer / "bin" / "python"


def missing(peer: str, root: Path = ROOT) -> str:
    """Why the peer can't be started here; "" when it can."""
    return "" if python_of(peer, root).is_file() else f"{peer} has no environment here: make bench PEER={peer} builds it"


def command_of(peer: str) -> tuple[str, ...]:
    return (str(python_of(peer)), "-m", INSTALLED[peer])


def measure(name: str, bot: BotProcess, plan: Plan, cores: int | None) -> Report:
    """Start the bot, ask everything of it, and end it."""
    print(f"{name}: starting", flush=True)
    began_s = time.monotonic()
    with ExitStack() as running:
        with on_cores(cores):
            running.enter_context(bot)
        ready_s = round(time.monotonic() - began_s, 1)
        return {"start_to_ready_s": ready_s, "start_rss_mb": rss_mb(bot), **asyncio.run(ask(name, bot, plan))}


async def ask(name: str, bot: BotProcess, plan: Plan) -> Report:
    await scenes.warm_up(bot)
    rest_mb = rss_mb(bot)
    loads: dict[str, Report] = {}
    for calls in plan.at_once:
        loads[str(calls)] = await scenes.at_once(bot, calls, plan.questions, plan.rounds(calls))
        print(f"{name}: {calls} at once: {loads[str(calls)]['reply_ms']}", flush=True)
    barge_in = await scenes.interrupted(bot, plan.interruptions)
    return {
        "rest_rss_mb": rest_mb,
        "call_rss_mb": scenes.memory_of_a_call(rest_mb, list(loads.values()), plan.at_once),
        "at_once": loads,
        "barge_in": barge_in,
    }


def tell(reports: Mapping[str, Report], options: argparse.Namespace) -> None:
    """Print the table and keep the JSON."""
    machine = f"{os.cpu_count()} cores, {platform.processor() or platform.machine()}"
    out: Path = options.out or Path(f"bench-results/peer-{options.peer}.json")
    out.parent.mkdir(parents=True, exist_ok=True)
    about = {"machine": machine, "cores_of_a_bot": options.cores, "peer": options.peer, "peer_turns": options.turns}
    out.write_text(json.dumps({**about, "bots": reports}, indent=1))
    print("\n".join(table.lines(reports)))
    print(f"  kept in {out}")


if __name__ == "__main__":
    main()
