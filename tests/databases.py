"""Fixtures: the same test on SQLite and on PostgreSQL.

`database` is an engine on an empty, migrated database. PostgreSQL is the server at TEST_POSTGRES_URL; a database of a
random name is made there for the test session and dropped after it. REQUIRE_SERVICES=1: a missing server fails the test.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from crm import delivery_schema, desk_schema
from records import schema
from records.database import open_database

SERVER = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Engine]:
    url = make_url(SERVER).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    try:
        engine.connect().close()
    except OperationalError:
        missing = pytest.fail if os.environ.get("REQUIRE_SERVICES") == "1" else pytest.skip
        missing("no PostgreSQL server answers at TEST_POSTGRES_URL")
    yield engine
    engine.dispose()


@contextmanager
def new_database(server: Engine) -> Iterator[str]:
    """The URL of a database without tables; it is dropped afterwards."""
    name = f"voicebot_test_{uuid.uuid4().hex}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: Engine) -> Iterator[Engine]:
    with new_database(postgres_server) as url:
        engine = open_database(url)
        yield engine
        engine.dispose()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "voicebot.db"
    open_database(f"sqlite:///{file}").dispose()
    return file


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "postgres":
        engine = request.getfixturevalue("migrated_postgres")
        empty(engine)
        yield engine
        return
    yield from sqlite_file(request.getfixturevalue("migrated_file"), tmp_path)


@pytest.fixture
def sqlite_database(migrated_file: Path, tmp_path: Path) -> Iterator[Engine]:
    """For tests of what stands above the rooms that speak to the database: those have been tested on both."""
    yield from sqlite_file(migrated_file, tmp_path)


def sqlite_file(template: Path, folder: Path) -> Iterator[Engine]:
    file = shutil.copy(template, folder / "voicebot.db")
    engine = open_database(f"sqlite:///{file}")
    yield engine
    engine.dispose()


def empty(engine: Engine) -> None:
    with engine.begin() as connection:
        rooms = (delivery_schema, desk_schema, schema)
        for table in [table for room in rooms for table in reversed(room.metadata.sorted_tables)]:
            connection.execute(table.delete())
