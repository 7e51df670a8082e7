"""Who may use the console: accounts with a role and a password, of which only an Argon2 hash is kept."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, func, select, update

from calls.errors import PersonError
from records import schema
from records.transactions import in_transaction
from records.writing import insert

ROLES = ("agent", "supervisor", "admin")  # each may do what those before it may
SHORTEST_PASSWORD = 10  # characters
COLUMNS = schema.people.c
ARGON2 = PasswordHasher()  # with the library's parameters, which grow with its releases


@dataclass(frozen=True, slots=True)
class Person:
    """An account. `agent`: who this is in jambonz-app.json, "" for nobody who is rung. A session of an earlier `epoch` is over."""

    id: int
    login: str
    name: str
    role: str
    agent: str
    active: bool
    epoch: int
    created_at: datetime
    last_login_at: datetime | None


class People:
    """`engine` is open_database's; `hasher` decides how much work a password is. Logins are compared without case.

    All raise JournalError."""

    def __init__(self, engine: Engine, *, hasher: PasswordHasher = ARGON2) -> None:
        self._writer, self._reader, self._hasher = engine, engine.execution_options(reads_only=True), hasher
        nobodys_hash(hasher)  # made at boot

    def add(self, login: str, name: str, password: str, role: str, agent: str = "", *, now: datetime) -> Person:
        """Raises PersonError, with a reason to show: the login is taken or empty, the password too short, the role unknown."""
        facts = {"login": plain(login), "name": name.strip(), "role": known_role(role), "agent": agent, "active": True, "epoch": 1}
        if not facts["login"]:
            raise PersonError("a login is needed: letters that this person types to log in")
        return in_transaction(self._writer, added, facts | {"password_hash": self._hash(password), "created_at": now})

    def verify(self, login: str, password: str, *, now: datetime) -> Person | None:
        """Who logs in; None when login or password is wrong, or the account is closed. Each takes the same work."""
        row = in_transaction(self._reader, found, COLUMNS.login == plain(login))
        kept = row["password_hash"] if row else nobodys_hash(self._hasher)
        if not is_right(self._hasher, kept, password) or row is None or not row["active"]:
            return None
        facts: dict[str, Any] = {"last_login_at": now}
        if self._hasher.check_needs_rehash(kept):  # more work is asked for than when it was made
            facts["password_hash"] = self._hasher.hash(normal(password))
        return in_transaction(self._writer, changed, row["id"], facts)

    def get(self, person_id: int) -> Person | None:
        return self._one(COLUMNS.id == person_id)

    def by_login(self, login: str) -> Person | None:
        return self._one(COLUMNS.login == plain(login))

    def all(self) -> list[Person]:
        """By login."""
        wanted = select(schema.people).order_by(COLUMNS.login)
        return in_transaction(self._reader, lambda connection: [person_of(row) for row in connection.execute(wanted).mappings()])

    def change(
        self, person_id: int, *, name: str | None = None, role: str | None = None, agent: str | None = None, active: bool | None = None
    ) -> Person | None:
        """What is not None is changed; None for nobody. Another role, or a closed account, ends the person's sessions.

        Raises PersonError for an unknown role."""
        facts = {"name": name, "role": None if role is None else known_role(role), "agent": agent, "active": active}
        return in_transaction(self._writer, changed, person_id, {what: value for what, value in facts.items() if value is not None})

    def set_password(self, person_id: int, password: str) -> Person | None:
        """Ends the person's sessions. Raises PersonError when it is too short."""
        return in_transaction(self._writer, changed, person_id, {"password_hash": self._hash(password)}, ends_sessions=True)

    def count(self) -> int:
        """Closed accounts too."""
        everybody = select(func.count()).select_from(schema.people)
        return in_transaction(self._reader, lambda connection: connection.execute(everybody).scalar_one())

    def _hash(self, password: str) -> str:
        if len(normal(password)) < SHORTEST_PASSWORD:
            raise PersonError(f"the password must have at least {SHORTEST_PASSWORD} characters")
        return self._hasher.hash(normal(password))

    def _one(self, condition: ColumnElement[bool]) -> Person | None:
        row = in_transaction(self._reader, found, condition)
        return person_of(row) if row else None


def plain(login: str) -> str:
    """As it is kept and compared."""
    return unicodedata.normalize("NFKC", login).strip().casefold()


def known_role(role: str) -> str:
    if role not in ROLES:
        raise PersonError(f"the role must be one of: {', '.join(ROLES)}")
    return role


def normal(password: str) -> str:
    """One spelling of a letter that keyboards send in two."""
    return unicodedata.normalize("NFC", password)


@cache
def nobodys_hash(hasher: PasswordHasher) -> str:
    """Checked for logins that nobody has, so that their refusal takes as long as another."""
    return hasher.hash("a password that opens nothing")


def is_right(hasher: PasswordHasher, kept: str, password: str) -> bool:
    try:
        return hasher.verify(kept, normal(password))
    except (VerificationError, InvalidHashError):
        return False


def added(connection: Connection, facts: dict[str, Any]) -> Person:
    statement = insert(connection, schema.people).values(**facts).on_conflict_do_nothing(index_elements=["login"])
    row = connection.execute(statement.returning(*COLUMNS)).mappings().one_or_none()
    if row is None:
        raise PersonError("this login is taken")
    return person_of(row)


def changed(connection: Connection, person_id: int, facts: dict[str, Any], *, ends_sessions: bool = False) -> Person | None:
    row = connection.execute(select(schema.people).where(COLUMNS.id == person_id).with_for_update()).mappings().one_or_none()
    if row is None:
        return None
    over = ends_sessions or any(facts.get(what, row[what]) != row[what] for what in ("role", "active"))
    statement = update(schema.people).where(COLUMNS.id == person_id).values(**facts, epoch=row["epoch"] + over)
    return person_of(connection.execute(statement.returning(*COLUMNS)).mappings().one())


def found(connection: Connection, condition: ColumnElement[bool]) -> RowMapping | None:
    return connection.execute(select(schema.people).where(condition)).mappings().one_or_none()


def person_of(row: RowMapping) -> Person:
    return Person(**{name: value for name, value in row.items() if name != "password_hash"})
