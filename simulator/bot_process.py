"""The bot as a process of its own, for calls, the demo, benches and tests: started, awaited, measured and ended."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import httpx

from simulator import processes

ROOT = Path(__file__).resolve().parent.parent
GUNICORN = (sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app")
POLL_S = 0.1
GRACE_S = 10.0
OUTSIDE = ("PUBLIC_URL", "REDIS_URL", "TALLY_URL", "HUBSPOT_TOKEN", "ALLOW_UNSIGNED")  # a bot of our own keeps to itself


class BotFailed(Exception):
    """The bot did not start; the text holds the end of its log."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class BotProcess:
    """`with BotProcess() as bot:` rings `bot.url` with hooks signed by `bot.secret`.

    `environ` is laid over this process's environment; without it the bot gets an empty SQLite file, a secret of its own and,
    unless WHISPER_MODEL is set, the model that lies in the repository. `progress` is told once a second what is awaited.
    """

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        command: Sequence[str] = GUNICORN,
        ready_within_s: float = 180.0,
        grace_s: float = GRACE_S,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._given, self._command, self._ready_within_s, self._progress = dict(environ or {}), command, ready_within_s, progress
        self._grace_s = grace_s
        self._folder = tempfile.TemporaryDirectory(prefix="voicebot-")
        self.port = int(self._given.get("PORT") or free_port())
        self.secret = (self._given.get("JAMBONZ_WEBHOOK_SECRET") or secrets.token_hex(16)).partition(",")[0].strip()
        self.log = Path(self._folder.name) / "bot.log"
        self._trouble = ""  # why it will never be ready
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of the process started; its workers are its children."""
        return self._running().pid

    def environ(self) -> dict[str, str]:
        """The whole environment that the bot is started with."""
        own = {
            "DATABASE_URL": f"sqlite:///{self._folder.name}/voicebot.db",
            "JAMBONZ_WEBHOOK_SECRET": self.secret,
            "WHISPER_MODEL": os.environ.get("WHISPER_MODEL") or "offline",
            "DRAIN_SECONDS": "5",
        }
        return {**os.environ, **dict.fromkeys(OUTSIDE, ""), **own, **self._given, "HOST": "127.0.0.1", "PORT": str(self.port)}

    def __enter__(self) -> BotProcess:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(self._command, cwd=ROOT, env=self.environ(), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            self._wait_until_ready()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end()

    def log_tail(self, lines: int = 30) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def rss_bytes(self) -> int:
        return processes.rss_bytes(self.pid)

    def pss_bytes(self) -> int:
        return processes.pss_bytes(self.pid)

    def threads(self) -> int:
        return processes.threads(self.pid)

    def open_files(self) -> int:
        return processes.open_files(self.pid)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise BotFailed("the bot was not started")
        return self._process

    def _wait_until_ready(self) -> None:
        began_s, told = time.monotonic(), 0
        while not self._ready():
            waited_s = time.monotonic() - began_s
            if self._running().poll() is not None:
                raise BotFailed(f"the bot ended at its start with code {self._running().returncode}:\n{self.log_tail()}")
            if self._trouble:
                raise BotFailed(f"the bot can't take calls: {self._trouble}\n{self.log_tail()}")
            if waited_s > self._ready_within_s:
                raise BotFailed(f"the bot was not ready after {waited_s:.0f} s:\n{self.log_tail()}")
            if int(waited_s) > told:
                told = int(waited_s)
                self._progress(f"starting the bot and loading its model ... {told} s")
            time.sleep(POLL_S)

    def _ready(self) -> bool:
        try:
            response = httpx.get(f"{self.url}/readyz", timeout=2.0)
        except httpx.HTTPError:
            return False
        self._trouble = trouble_in(response)
        return response.status_code == httpx.codes.OK

    def _end(self) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(self._grace_s)
            except subprocess.TimeoutExpired:
                self._kill_tree()
                process.wait()
        self._folder.cleanup()

    def _kill_tree(self) -> None:
        for pid in reversed(processes.tree(self.pid)):
            os.kill(pid, 9)


def trouble_in(response: httpx.Response) -> str:
    """What /readyz says of engines that will not load; "" while they still may."""
    try:
        engines = str(response.json()["engines"])
    except (ValueError, KeyError, TypeError):
        return ""
    return "" if engines in {"loading", "loaded"} else engines
