"""Opening the database: migrations, several processes at once, faults in the operator's words, and what a journal makes of them."""

from __future__ import annotations

import fcntl
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, MetaData, create_engine, text
from sqlalchemy.exc import OperationalError

from calls.call import Outcome, OutcomeKind, Turn
from calls.errors import JournalError, SettingsError
from crm import delivery_schema, desk_schema
from records import schema
from records.database import BUSY_S, UPGRADE_LOCK, explained, open_database, parse
from records.journal import Journal
from tests import databases

database, migrated_file, migrated_postgres = databases.database, databases.migrated_file, databases.migrated_postgres
postgres_server = databases.postgres_server

ROOT = Path(__file__).parent.parent
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
FINISHED = Outcome(OutcomeKind.FINISHED, "goodbye")


@pytest.fixture
def journal(database: Engine) -> Journal:
    return Journal(database, max_calls=5)


# -- tables and transactions ---------------------------------------------------------------
def test_migrations_and_models_agree(database: Engine) -> None:
    models = MetaData()
    for table in [*schema.metadata.sorted_tables, *desk_schema.metadata.sorted_tables, *delivery_schema.metadata.sorted_tables]:
        table.to_metadata(models)
    with database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, models) == []


def test_a_naive_moment_is_refused(journal: Journal) -> None:
    with pytest.raises(JournalError):
        journal.alive("CA1", datetime(2026, 3, 1))  # noqa: DTZ001


def test_a_number_too_big_is_a_journal_error(journal: Journal) -> None:
    with pytest.raises(JournalError):
        journal.status_changed("CA1", "completed", now=NOW, duration_s=10**30)


def test_a_missing_table_is_a_journal_error_with_its_cause(database: Engine) -> None:
    journal = Journal(database, max_calls=5)
    journal.ping()
    other = create_engine("sqlite://")
    with pytest.raises(JournalError) as caught:
        Journal(other, max_calls=5).ping()
    other.dispose()
    assert isinstance(caught.value.__cause__, OperationalError)


@pytest.mark.postgres
def test_a_lost_connection_is_replaced(migrated_postgres: Engine, postgres_server: Engine) -> None:
    journal = Journal(migrated_postgres, max_calls=5)
    journal.ping()
    with postgres_server.connect() as connection:
        kill = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
        connection.execute(kill, {"name": migrated_postgres.url.database})
    journal.call_ended("CA1", FINISHED, now=NOW)
    assert journal.outcome("CA1") == FINISHED


def test_what_callers_say_is_in_no_error(database: Engine) -> None:
    turn = Turn(1, "my secret words")
    turn.began_ms = 2**70
    with pytest.raises(JournalError) as caught:
        Journal(database, max_calls=5).turn_finished("CA1", turn)
    assert "secret" not in f"{caught.value} {caught.value.__cause__}"


def test_sqlite_is_set_up_for_many_threads(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/new/folder/voicebot.db")
    with engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "busy_timeout", "synchronous", "foreign_keys")
        }
    engine.dispose()
    assert pragmas == {"journal_mode": "wal", "busy_timeout": 5000, "synchronous": 1, "foreign_keys": 1}


def test_what_a_sqlite_transaction_read_holds_until_it_writes(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/voicebot.db")
    other = sqlite3.connect(tmp_path / "voicebot.db", timeout=0)
    with engine.begin() as connection:
        connection.execute(text("SELECT 1 FROM calls")).all()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("INSERT INTO ticket_numbers VALUES ('other', 1)")
    other.close()
    engine.dispose()


def test_sqlite_writers_of_one_process_come_in_turn(tmp_path: Path) -> None:
    engine, order = open_database(f"sqlite:///{tmp_path}/x.db"), []

    def write(name: int) -> None:
        with engine.begin():
            order.append(name)
            time.sleep(0.01)
            order.append(name)

    with ThreadPoolExecutor(8) as pool:
        with engine.begin():
            waiting = [pool.submit(write, name) for name in range(8)]
            with engine.execution_options(reads_only=True).begin() as reader:
                reader.execute(text("SELECT 1"))  # waits for nobody
            assert order == []
        wait(waiting)
    assert order[::2] == order[1::2], "one at a time"
    assert sorted(order[::2]) == list(range(8))
    engine.dispose()


def breaks_off(connection: Connection, *, lost: bool) -> None:
    if lost:
        connection.invalidate()
    raise ZeroDivisionError


@pytest.mark.parametrize("lost", [False, True])
def test_a_sqlite_writer_that_fails_lets_the_next_one_in(tmp_path: Path, lost: bool) -> None:
    engine, began = open_database(f"sqlite:///{tmp_path}/x.db"), time.monotonic()
    for _ in range(4):
        with pytest.raises(ZeroDivisionError), engine.begin() as connection:
            breaks_off(connection, lost=lost)
    with engine.begin() as connection:
        connection.execute(text("SELECT 1"))
    assert time.monotonic() - began < 4 * BUSY_S, "nobody waited for a turn that was over"
    engine.dispose()


def test_sqlite_readers_wait_for_no_writer(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/voicebot.db")
    with engine.begin():
        assert Journal(engine, max_calls=5).active(NOW) == 0
    engine.dispose()


def test_several_processes_open_a_new_file_at_once(tmp_path: Path) -> None:
    open_by_several(f"sqlite:///{tmp_path}/voicebot.db")


@pytest.mark.postgres
def test_several_processes_open_an_empty_server_at_once(postgres_server: Engine) -> None:
    with databases.new_database(postgres_server) as url:
        open_by_several(url)


def test_a_file_is_opened_only_when_nobody_upgrades_it(tmp_path: Path) -> None:
    with (tmp_path / "voicebot.db.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waits_until(f"sqlite:///{tmp_path}/voicebot.db", lambda: fcntl.flock(lock, fcntl.LOCK_UN))


@pytest.mark.postgres
def test_a_server_is_opened_only_when_nobody_upgrades_it(postgres_server: Engine) -> None:
    with databases.new_database(postgres_server) as url:
        holder = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        with holder.connect() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
            waits_until(url, connection.rollback)
        holder.dispose()


def waits_until(url: str, release: Callable[[], None]) -> None:
    with ThreadPoolExecutor(1) as threads:
        opening = threads.submit(open_database, url)
        early, _ = wait([opening], timeout=0.5)
        release()
        opening.result(timeout=30).dispose()
    assert not early


def open_by_several(url: str) -> None:
    code = "import sys; from records.database import open_database; open_database(sys.argv[1]).dispose()"
    processes = [subprocess.Popen([sys.executable, "-W", "error", "-c", code, url], cwd=ROOT) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0] * 4
    engine = open_database(url)
    Journal(engine, max_calls=5).ping()
    engine.dispose()


# -- DATABASE_URL, in the operator's words --------------------------------------
SECRET = "s3cr3t-pass"


@pytest.mark.parametrize(
    ("url", "mend"),
    [
        ("", "write sqlite:///"),
        (f"mysql://user:{SECRET}@host/name", "no database that we know"),
        (SECRET, "no database that we know"),
        (f"postgresql://user:{SECRET}@host:port/name", "port"),
        (f"postgresql://user:a@{SECRET}@host/name", "%40"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:////proc/none/voicebot.db", "permissions"),
    ],
)
def test_a_wrong_address_is_told_with_its_mend(url: str, mend: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_database(url)
    assert str(caught.value).startswith("DATABASE_URL: ")
    assert mend in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_an_unreachable_server_is_told_without_its_password(scheme: str) -> None:
    with pytest.raises(JournalError) as caught:
        open_database(f"{scheme}://user:{SECRET}@127.0.0.1:9/name?application_name={SECRET}")
    assert "DATABASE_URL: postgresql://user@127.0.0.1:9/name can't be reached" in str(caught.value)
    assert "start the server" in str(caught.value)
    assert SECRET not in f"{caught.value} {caught.value.__cause__}"


def test_a_password_that_a_driver_repeats_is_struck_out() -> None:
    told = explained(OperationalError("", {}, Exception(f"no entry for {SECRET}")), parse(f"postgresql://user:{SECRET}@host/name"))
    assert "no entry for ***" in str(told)


@pytest.mark.postgres
def test_a_database_that_is_not_there(postgres_server: Engine) -> None:
    url = postgres_server.url.set(drivername="postgresql", database="no_such_database")
    with pytest.raises(JournalError, match=r"DATABASE_URL: .*does not exist"):
        open_database(url.render_as_string(hide_password=False))


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "voicebot.db"
    file.write_text("a shopping list, long enough to be read as a page header " * 40)
    with pytest.raises(SettingsError, match=r"DATABASE_URL: .*not a database"):
        open_database(f"sqlite:///{file}")


def test_a_database_of_a_newer_release(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/voicebot.db"
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(SettingsError, match="another release"):
        open_database(url)
