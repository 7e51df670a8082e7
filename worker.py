"""The worker: delivers ended calls to the CRMs, and finishes those whose process died. One a machine: `python worker.py`."""

from __future__ import annotations

import os
import sys

import dotenv

import crm.worker
from after_call import AfterCall
from calls import log
from calls.errors import BotError
from calls.settings import Environment, load
from records.database import open_database
from records.journal import Journal


def main() -> None:
    dotenv.load_dotenv(".env")
    try:
        environment = Environment.read(os.environ)
        settings = load(environment.bot_config)
        log.configure(environment.log_level)
        database = open_database(environment.database_url.get_secret_value())
        worker = AfterCall(database, Journal(database, max_calls=environment.max_calls), settings, environment).worker()
    except BotError as error:
        sys.exit(f"the worker can't start:\n{error}")
    crm.worker.main(worker)


if __name__ == "__main__":
    main()
