"""The queue between those who find ended calls and the workers that deliver them: DBOS, spoken to from outside a worker.

DBOS keeps its tables in a file of its own beside SQLite's journal, or in the schema "dbos" of the journal's PostgreSQL
database. It is imported at the first use: a bot without a CRM does without it.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError

from calls.errors import CrmBusy

if TYPE_CHECKING:
    from dbos import DBOSClient, EnqueueOptions

APPLICATION = "voicebot"
SCHEMA = "dbos"
VERSION = "deliveries-1"  # of the workflow's shape, not of the bot: a run that one release begins, the next one may end
WORKFLOW = "deliver"


def queue_of(crm: str) -> str:
    """A CRM's wrap-ups ("hubspot.wrap_up") wait in the same queue as its calls."""
    return f"deliveries-{crm.partition('.')[0]}"


def system_database(database_url: str) -> str:
    """Where DBOS keeps its tables, from DATABASE_URL: another SQLite file, by its whole path, or the same PostgreSQL database."""
    scheme, _, rest = database_url.strip().partition("://")
    if not scheme.startswith("sqlite"):
        return f"postgresql://{rest}"
    journal = make_url(database_url.strip()).database or ""
    return f"sqlite:///{Path(f'{journal}.dbos.sqlite').absolute()}"


def engine_for(url: str, *, busy_timeout_s: float) -> Engine | None:
    """SQLite's engine as the journal has it (WAL: readers never wait), but DBOS's own transactions; None: DBOS makes PostgreSQL's."""
    if not url.startswith("sqlite"):
        return None
    file = Path(str(make_url(url).database))
    file.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, hide_parameters=True, pool_size=5, max_overflow=45)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = "IMMEDIATE"  # dbos/_sys_db_sqlite.py: writers are put in line
        for setting in (f"busy_timeout={round(busy_timeout_s * 1000)}", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {setting}")

    return engine


def json_serializer() -> Any:
    """DBOS pickles by default, and what is read from a database should not be code."""
    from dbos import Serializer

    class Json(Serializer):
        def serialize(self, data: Any) -> str:
            return json.dumps(data, default=lambda thing: type(thing).__name__)  # an exception's text may hold a caller's words

        def deserialize(self, serialized_data: str) -> Any:
            return json.loads(serialized_data)

        def name(self) -> str:
            return "voicebot_json"

    return Json()


class DbosClient:
    """Puts deliveries in the queue. Connects at the first use; may be used by any thread."""

    def __init__(self, database_url: str, *, busy_timeout_s: float = 5.0) -> None:
        self._url, self._busy_timeout_s = system_database(database_url), busy_timeout_s
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._client: DBOSClient | None = None

    def enqueue(self, call_sid: str, crm: str, workflow_id: str, *, delay_s: float) -> None:
        """Have a worker deliver the call after `delay_s`. The same `workflow_id` again does nothing.

        Raises CrmBusy when the queue can't be reached, or no worker has ever been there to make its tables."""
        options: EnqueueOptions = {"workflow_name": WORKFLOW, "queue_name": queue_of(crm), "workflow_id": workflow_id}
        options["app_version"] = VERSION
        if delay_s > 0:
            options["delay_seconds"] = delay_s
        try:
            self.open().enqueue(options, call_sid, crm)
        except SQLAlchemyError as error:
            raise CrmBusy(f"the queue can't be reached ({type(error).__name__}); a worker makes its tables when it starts") from error

    def open(self) -> DBOSClient:
        """Import DBOS and connect, which takes a moment; for boot."""
        from dbos import DBOSClient

        with self._lock:
            if self._client is None:
                self._engine = engine_for(self._url, busy_timeout_s=self._busy_timeout_s)
                self._client = DBOSClient(
                    system_database_url=self._url,
                    system_database_engine=self._engine,
                    dbos_system_schema=SCHEMA,
                    serializer=json_serializer(),
                    application_name=APPLICATION,
                    lazy=True,
                    retry_connection_errors=False,
                )
            return self._client

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.destroy()
            if self._engine is not None:
                self._engine.dispose()
            self._client = self._engine = None
