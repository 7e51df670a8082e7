"""What a running bot takes of the machine: processor time and memory of its whole process tree, as Linux counts them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType

from simulator.bot_process import BotProcess
from simulator.processes import cpu_seconds

LOOK_EVERY_S = 0.5


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
