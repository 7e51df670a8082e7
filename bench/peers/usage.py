"""What a running bot takes of the machine: processor time and memory of its whole process tree, as Linux counts them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from simulator.bot_process import BotProcess

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
LOOK_EVERY_S = 0.5


def cpu_seconds(pid: int) -> float:
    """Processor time that the process and its living descendants have used so far."""
    return sum(_own_cpu_seconds(member) for member in tree(pid))


def tree(pid: int) -> list[int]:
    """The process and its descendants, parents first."""
    pids = [pid]
    for member in pids:
        pids += [int(child) for task in Path(f"/proc/{member}/task").glob("*/children") for child in task.read_text().split()]
    return pids


def _own_cpu_seconds(pid: int) -> float:
    behind_the_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(behind_the_name[11]) + int(behind_the_name[12])) / TICKS_A_SECOND  # utime, stime: fields 14 and 15 of proc(5)


@dataclass(slots=True)
class Watch:
    """`async with Watch(bot) as watch:` says afterwards what the bot used meanwhile."""

    bot: BotProcess
    cpu_s: float = 0.0
    peak_rss_mb: float = 0.0
    _began_cpu_s: float = 0.0
    _looking: asyncio.Task[None] | None = field(default=None)

    async def __aenter__(self) -> Watch:
        self._began_cpu_s = cpu_seconds(self.bot.pid)
        self._looking = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._looking:
            self._looking.cancel()
        self.cpu_s = cpu_seconds(self.bot.pid) - self._began_cpu_s

    async def _look(self) -> None:
        while True:
            self.peak_rss_mb = max(self.peak_rss_mb, rss_mb(self.bot))
            await asyncio.sleep(LOOK_EVERY_S)


def rss_mb(bot: BotProcess) -> float:
    return round(bot.rss_bytes() / 1e6, 1)


@contextmanager
def on_cores(count: int | None) -> Iterator[None]:
    """What is started within may use only the first `count` of our cores (None: all); we ourselves are free again afterwards."""
    ours = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(ours)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, ours)
