"""The recogniser alone, for web processes on this machine and others that share one model: `python stt.py`, or `make stt`.

Speaks OpenAI's /v1/audio/transcriptions on STT_PORT; the bot asks it where jambonz-app.json has `recognizer.use` "remote" and STT_URL
leads here. docs/recogniser.md tells the rest.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

import dotenv
import flask
from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import ThreadWorker

from calls import log
from calls.errors import BotError
from calls.ports import Recognizer
from calls.settings import Environment, Settings, load
from engines import make_recognizer
from service.ears import Ears
from service.transcriptions import make_app

MOST_BATCH = 64  # of recognizer.batch
BESIDE = 8  # threads that are left to refuse, and to answer whoever watches, while all others hear
ANSWERED_WITHIN_S = 30  # what is being heard when the process is to end
KEEP_LINES_S = 100  # longer than our own client does: it never asks over one that is just being closed


def served(settings: Settings) -> Settings:
    """The file may be the bot's own, which says "remote": then what it has behind that is what is served."""
    chosen = settings.recognizer
    if chosen.use != "remote":
        return settings
    behind = str(chosen.options.get("fallback") or "whisper")
    return settings.model_copy(update={"recognizer": chosen.model_copy(update={"use": behind, "options": {}})})


def at_once(settings: Settings) -> int:
    """Utterances that are heard or wait for the model, at most: what is more is refused."""
    return settings.recognizer.most_waiting + MOST_BATCH


def make_ears(settings: Settings, environment: Environment) -> Ears:
    """Not started. The recogniser of `settings`, on this machine."""

    def loaded() -> Recognizer:
        return make_recognizer(served(settings), environment)

    return Ears(loaded, at_once=at_once(settings))


class LeavingWorker(ThreadWorker):  # type: ignore[misc]
    """On SIGTERM /readyz says so for NOTICE_SECONDS, in which it still hears; what is being heard is answered, and then it ends."""

    def init_process(self) -> None:
        """Here and not before the fork: an engine's threads live in one process."""
        self.app.ears.start()
        super().init_process()

    def handle_exit(self, sig: int, frame: Any) -> None:
        self.app.ears.leave()
        threading.Timer(self.app.notice_s, super().handle_exit, (sig, frame)).start()


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn around one process: the model is loaded once."""

    def __init__(self, settings: Settings, environment: Environment) -> None:
        self._environment, self._threads = environment, at_once(settings) + BESIDE  # made as they are needed
        self.notice_s = environment.notice_s
        self.ears = make_ears(settings, environment)
        super().__init__()

    def load_config(self) -> None:
        environment = self._environment
        chosen = {
            "bind": f"{environment.host}:{environment.stt_port}",
            "workers": 1,
            "threads": self._threads,
            "worker_class": LeavingWorker,
            "timeout": 60,
            "keepalive": KEEP_LINES_S,
            "graceful_timeout": environment.notice_s + ANSWERED_WITHIN_S,
            "control_socket_disable": True,
            "errorlog": "-",
            "loglevel": "warning",
            "proc_name": "voicebot-stt",
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> flask.Flask:
        return make_app(self.ears, key=self._environment.stt_key.get_secret_value())


def main() -> None:
    dotenv.load_dotenv(".env")
    try:
        environment = Environment.read(os.environ)
        settings = load(environment.bot_config)
    except BotError as error:
        sys.exit(f"the recogniser can't start:\n{error}")
    log.configure(environment.log_level)
    if not environment.stt_key.get_secret_value():
        print("!! STT_KEY is not set: everybody who reaches this port can have sound recognised.", file=sys.stderr, flush=True)
    print(f"The recogniser listens on {environment.host}:{environment.stt_port} (/readyz tells when it has loaded).", flush=True)
    Server(settings, environment).run()


if __name__ == "__main__":
    main()
