"""DATABASE_URL -> an engine on a database that is up to date.

SQLite keeps everything in one file (WAL: readers never wait for the writer); every writing transaction takes the
write lock at its beginning, so that what it read still holds when it writes. PostgreSQL is spoken to by psycopg 3.
"""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, SQLAlchemyError
from sqlalchemy.exc import OperationalError as Unreachable
from sqlalchemy.pool import ConnectionPoolEntry

from calls.errors import JournalError, SettingsError

DRIVERS = {"sqlite": "sqlite", **dict.fromkeys(("postgres", "postgresql", "postgresql+psycopg"), "postgresql+psycopg")}
EXAMPLES = "sqlite:///data/voicebot.db or postgresql://user:password@host:5432/name"
BUSY_S = 5
_TURN = "writes"  # in a connection's own notes
MIGRATIONS = Path(__file__).parent / "migrations"
UPGRADE_LOCK = 0x766F6963  # of PostgreSQL's advisory locks; any number that nobody else takes


class OtherRelease(Exception):
    """The database holds tables that this release knows nothing of."""


def open_database(url: str) -> Engine:
    """An engine with all migrations applied, also when several processes start at once.

    Raises SettingsError when DATABASE_URL is wrong, JournalError when the database refuses; neither shows the password."""
    address = parse(url)
    engine = engine_for(address)
    try:
        with only_one_upgrades(engine, address) as connection:
            upgrade(connection)
    except (SQLAlchemyError, OtherRelease, OSError) as error:
        engine.dispose()
        raise explained(error, address) from error
    return engine


def parse(url: str) -> URL:
    scheme, found, rest = url.strip().partition("://")
    if not found or scheme not in DRIVERS:
        raise SettingsError(f"DATABASE_URL: begins with no database that we know; write {EXAMPLES}")
    try:
        address = make_url(f"{DRIVERS[scheme]}://{rest}")
    except (ArgumentError, ValueError):
        raise SettingsError(f"DATABASE_URL: can't be read as an address (is the port a number?); write {EXAMPLES}") from None
    if "@" in (address.host or ""):
        raise SettingsError("DATABASE_URL: the password holds an @; write it as %40 (and : as %3A, / as %2F)")
    if address.drivername == "sqlite" and address.database in (None, "", ":memory:"):
        raise SettingsError("DATABASE_URL: names no file, and a database in memory is lost; write sqlite:///data/voicebot.db")
    return address


def engine_for(address: URL) -> Engine:
    # hide_parameters: callers' words and numbers belong in no error message.
    pool: dict[str, Any] = {"hide_parameters": True, "pool_size": 5, "max_overflow": 15, "pool_timeout": 5}
    if address.drivername == "sqlite":
        engine = create_engine(address, **pool)
        event.listen(engine, "connect", prepare_sqlite)
        turns = Turns()
        event.listen(engine, "begin", turns.begin)
        event.listen(engine, "checkin", turns.end)
        return engine
    return create_engine(address, connect_args={"connect_timeout": 5, "application_name": "voicebot"}, pool_recycle=1800, **pool)


def prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # Turns.begin begins, not the driver
    for setting in (f"busy_timeout={BUSY_S * 1000}", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {setting}")


class Turns:
    """The writers of one process take turns. Who finds SQLite's own lock taken sleeps, up to 100 ms a time, and whoever comes when it is
    free goes first: with a hundred calls a hook waited for seconds now and then. SQLite's lock alone keeps other processes apart."""

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def begin(self, connection: Connection) -> None:
        if connection.get_execution_options().get("reads_only", False):
            connection.exec_driver_sql("BEGIN")
            return
        if not connection.info.get(_TURN):  # a second transaction of a connection that was not given back has its turn already
            connection.info[_TURN] = self._turn.acquire(timeout=BUSY_S)  # else SQLite says whether it can be written
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def end(self, _: object, record: ConnectionPoolEntry) -> None:
        """The connection comes back, whatever became of it."""
        if record.info.pop(_TURN, False):
            self._turn.release()


@contextmanager
def only_one_upgrades(engine: Engine, address: URL) -> Iterator[Connection]:
    """A connection in a transaction, while every other process that opens the database waits."""
    if address.drivername != "sqlite":
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
            yield connection
        return
    file = Path(str(address.database))
    file.parent.mkdir(parents=True, exist_ok=True)
    # A file's lock, as turning WAL on for the first time waits for no busy_timeout.
    with file.with_name(f"{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with engine.begin() as connection:
            yield connection


def upgrade(connection: Connection) -> None:
    """All migrations that are not applied yet. Raises OtherRelease."""
    if version(connection) == newest():
        return
    from alembic import command  # a quarter of a second of each start, for the one that needs it
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise OtherRelease(str(error)) from error


def version(connection: Connection) -> str:
    """Of the tables that are there, "" when there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def newest() -> str:
    """A migration's file is named after its revision: v0001_calls_and_tickets.py is "0001"."""
    return max(path.name for path in (MIGRATIONS / "versions").glob("v*.py")).removeprefix("v").partition("_")[0]


def explained(error: Exception, address: URL) -> SettingsError | JournalError:
    """`error` in the operator's words."""
    place = URL.create(address.get_backend_name(), address.username, None, address.host, address.port, address.database).render_as_string()
    if isinstance(error, OtherRelease):
        return SettingsError(f"DATABASE_URL: {place} was made by another release ({error}); run that release, or name another database")
    if isinstance(error, OSError):
        return SettingsError(
            f"DATABASE_URL: the folder of {place} can't be written ({error.strerror}); mend its permissions or name another"
        )
    said = (str(error.orig).splitlines() or [""])[0] if isinstance(error, DatabaseError) else type(error).__name__
    said = said.replace(address.password, "***") if address.password else said
    if address.drivername == "sqlite":
        return SettingsError(f"DATABASE_URL: {place} can't be used ({said}); name a file that is ours, in a folder that we may write")
    if isinstance(error, Unreachable):
        return JournalError(f"DATABASE_URL: {place} can't be reached ({said}); start the server, or mend host, user, password and name")
    return JournalError(f"DATABASE_URL: {place} refused its tables ({said}); the user needs the right to create them")
