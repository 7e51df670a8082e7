"""The worker: delivers ended calls to the CRMs, and finishes those whose process died. One a machine: `python worker.py`."""

from __future__ import annotations

import logging
import os
import sys
import threading

import dotenv

import crm.worker
from after_call import AfterCall
from calls import allocator, log
from calls.errors import BotError
from calls.settings import Environment, Settings
from calls.tracing import Traces, open_traces
from configuration import Configuration
from engines import CHOICES
from records.database import open_database
from records.journal import Journal


class Following:
    """How the worker goes by a changed jambonz-app.json: at once, or, where other CRMs are to be told, by beginning anew."""

    def __init__(self, after: AfterCall, traces: Traces) -> None:
        self._after, self._traces, self.stop, self.anew = after, traces, threading.Event(), False

    def take(self, settings: Settings) -> None:
        """Raises SettingsError when the CRMs of these settings can't be."""
        other_crms = self._after.other_crms(settings)
        self._after.adopt(settings)
        if other_crms:
            logging.getLogger("voicebot").info("other CRMs are to be told: the worker begins anew")
            self.anew = True
            self.stop.set()

    def leave(self) -> None:
        """The same process with the new settings, or its end. What was in hand is taken up again."""
        self._traces.close()
        if self.anew:
            os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606 - ourselves
        os._exit(0)


def main() -> None:
    dotenv.load_dotenv(".env")
    allocator.share_arenas(2)  # of its dozens of threads each would keep one, and the memory would grow for hours until all have
    try:
        environment = Environment.read(os.environ)
        configuration = Configuration(environment.bot_config, engines=CHOICES)
        log.configure(environment.log_level)
        database = open_database(environment.database_url.get_secret_value())
        after = AfterCall(database, Journal(database, max_calls=environment.max_calls), configuration.settings, environment)
        traces = open_traces(os.environ)
        worker = after.worker(traces)
    except BotError as error:
        sys.exit(f"the worker can't start:\n{error}")
    following = Following(after, traces)
    configuration.take = following.take
    configuration.watch()
    allocator.settle()
    crm.worker.main(worker, stop=following.stop, leave=following.leave)


if __name__ == "__main__":
    main()
