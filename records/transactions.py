"""One transaction of the journal's; a database's own exceptions become JournalError here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from calls.errors import JournalError

SERIALIZATION, DEADLOCK, LOCK_TIMEOUT = "40001", "40P01", "55P03"  # PostgreSQL's SQLSTATEs, its appendix A

P = ParamSpec("P")
T = TypeVar("T")


def in_transaction(engine: Engine, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """What `work` returns; it runs a second time where that helps. Raises JournalError with the database's error as its cause."""
    try:
        try:
            return once(engine, work, *args, **kwargs)
        except DBAPIError as error:
            if not passing(error):
                raise
            return once(engine, work, *args, **kwargs)
    except (SQLAlchemyError, OverflowError) as error:  # SQLite's driver raises OverflowError for a number over 64 bits
        raise JournalError(f"the database refused to work ({type(error).__name__})") from error


def once(engine: Engine, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    with engine.begin() as connection:
        return work(connection, *args, **kwargs)


def passing(error: DBAPIError) -> bool:
    """Whether another try may succeed: a lost connection, or somebody else's transaction was in the way.

    SQLite's "database is locked" is none of them: the driver has waited for busy_timeout already."""
    state = getattr(error.orig, "sqlstate", None)
    return error.connection_invalidated or isinstance(error, IntegrityError) or state in (SERIALIZATION, DEADLOCK, LOCK_TIMEOUT)
