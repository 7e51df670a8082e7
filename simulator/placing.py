"""Placing one call at a bot and watching its journal meanwhile; shared by `flask call` and `flask demo`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.bot_process import ROOT, BotProcess
from simulator.jambonz import CallSettings, SimulatedCall
from simulator.journal import Conversation, View, follow
from simulator.result import CallResult
from simulator.script import Step
from simulator.speaker import Speaker

PROGRESS_AFTER_S, PROGRESS_AGAIN_S = 1.0, 5.0
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Placed:
    """A call that is over: what we measured, and what the bot journalled."""

    result: CallResult
    view: View


@dataclass(frozen=True, slots=True)
class Bot:
    """Where a bot is rung."""

    url: str
    secret: str


@contextmanager
def own_bot(tell: Tell, rate: int | None = None) -> Iterator[Bot]:
    """A bot started for this call alone; `rate` changes its stream.sample_rate for that time."""
    with stopping_politely(), tempfile.TemporaryDirectory(prefix="voicebot-config-") as folder:
        environ = {} if rate is None else {"BOT_CONFIG": str(config_at(rate, Path(folder)))}
        with BotProcess(environ, progress=tell) as process:
            yield Bot(process.url, process.secret)


@dataclass(slots=True)
class Progress:
    """Says what goes on when it has gone on for more than a second, and every few seconds after."""

    tell: Tell
    _what: str = ""
    _since_s: float = 0.0
    _tell_at_s: float = 0.0

    def look(self, what: str, now_s: float) -> None:
        if what != self._what:
            self._what, self._since_s, self._tell_at_s = what, now_s, now_s + PROGRESS_AFTER_S
        elif now_s >= self._tell_at_s:
            self.tell(f"        ({what}, {now_s - self._since_s:.0f} s)")
            self._tell_at_s = now_s + PROGRESS_AGAIN_S


@contextmanager
def stopping_politely() -> Iterator[None]:
    """SIGTERM ends what is within as Ctrl-C does, so that no bot is left behind."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def config_at(rate: int, folder: Path) -> Path:
    """A copy of the bot's settings with another rate of the line."""
    tree = json.loads((ROOT / os.environ.get("BOT_CONFIG", "jambonz-app.json")).read_text(encoding="utf-8"))
    tree.setdefault("stream", {})["sample_rate"] = rate
    path = folder / "jambonz-app.json"
    path.write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")
    return path


async def place(bot: Bot, steps: Sequence[Step], settings: CallSettings, tell: Tell) -> Placed:
    """Make the call and print the conversation as it happens."""
    call = SimulatedCall(bot.url, bot.secret, steps, speaker=Speaker(), settings=settings)
    conversation, ended, progress = Conversation(tell), asyncio.Event(), Progress(tell)

    def look() -> None:
        progress.look("the bot writes the ticket" if ended.is_set() else call.doing, time.monotonic())

    following = asyncio.create_task(follow(bot.url, bot.secret, call.call_sid, conversation, ended, look))
    try:
        result = await call.run()
    finally:
        ended.set()
        await following
    return Placed(result, conversation.view)


def as_json(placed: Placed, recordings: dict[str, str]) -> dict[str, Any]:
    """The one object that `flask call --json` prints."""
    view, result = placed.view, placed.result
    said = ["heard", "intent", "confidence", "language", "said", "interrupted"]
    turns = [
        {**{name: turn.get(name) for name in said}, "reply_ms": turn.get("timings", {}).get("reply")} for turn in view.get("turns", [])
    ]
    return {
        "call_sid": result.call_sid,
        "language": view.get("language"),
        "turns": turns,
        "outcome": view.get("outcome"),
        "ticket": view.get("ticket"),
        "escalation": (view.get("escalations") or [None])[-1],
        "recordings": recordings,
        "measured": {**result.measured(), "end": result.end, "answered": result.answered, "duration_s": round(result.duration_s, 2)},
        "violations": [violation.text for violation in result.violations],
    }
