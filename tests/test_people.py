"""The console's accounts, on both databases: who they are, and who is let in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, select, update

from calls.errors import PersonError
from records import schema
from records.people import People, Person
from tests import databases

database, migrated_file, migrated_postgres = databases.database, databases.migrated_file, databases.migrated_postgres
postgres_server = databases.postgres_server

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PASSWORD = "correct horse"
HASHER = PasswordHasher(time_cost=2, memory_cost=256)  # what the real one costs is nothing that these tests need


@pytest.fixture
def people(database: Engine) -> People:
    return People(database, hasher=HASHER)


def add(people: People, login: str = "asha", role: str = "agent", password: str = PASSWORD) -> Person:
    return people.add(login, "Asha Rao", password, role, "agent-asha", now=NOW)


def kept_hash(database: Engine, person: Person) -> str:
    with database.connect() as connection:
        return str(connection.execute(select(schema.people.c.password_hash).where(schema.people.c.id == person.id)).scalar_one())


# -- accounts -------------------------------------------------------------------
def test_an_account_is_kept_as_it_was_made(people: People) -> None:
    assert people.count() == 0
    made = add(people)
    assert made == Person(made.id, "asha", "Asha Rao", "agent", "agent-asha", True, 1, NOW, None)
    assert (people.get(made.id), people.by_login("asha"), people.all(), people.count()) == (made, made, [made], 1)


def test_who_is_not_there(people: People) -> None:
    assert (people.get(1), people.by_login("asha"), people.all()) == (None, None, [])
    assert people.change(1, name="x") is None
    assert people.set_password(1, PASSWORD) is None


def test_logins_are_compared_without_case(people: People) -> None:
    made = add(people, " Asha.RAO ")
    assert made.login == "asha.rao"
    assert people.by_login("ASHA.rao") == made
    with pytest.raises(PersonError, match="taken"):
        add(people, "asha.rao")
    assert people.count() == 1


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"login": "  "}, "login is needed"),
        ({"password": "a" * 9}, "at least 10 characters"),
        ({"role": "boss"}, "agent, supervisor, admin"),
    ],
)
def test_an_account_that_cannot_be(people: People, facts: dict[str, Any], why: str) -> None:
    with pytest.raises(PersonError, match=why):
        add(people, **facts)
    assert people.count() == 0


def test_people_are_listed_by_login(people: People) -> None:
    for login in ("zoya", "asha", "Ravi"):
        add(people, login)
    assert [person.login for person in people.all()] == ["asha", "ravi", "zoya"]


# -- who is let in --------------------------------------------------------------
def test_the_right_password_lets_in_and_is_remembered(people: People) -> None:
    made = add(people)
    let_in = people.verify("Asha", PASSWORD, now=LATER)
    assert let_in is not None
    assert (let_in.id, let_in.epoch, let_in.last_login_at) == (made.id, 1, LATER)
    assert people.get(made.id) == let_in


@pytest.mark.parametrize(("login", "password"), [("asha", "wrong horse"), ("asha", ""), ("ravi", PASSWORD), ("", ""), ("asha\0", "\0")])
def test_anything_else_does_not(people: People, login: str, password: str) -> None:
    made = add(people)
    assert people.verify(login, password, now=LATER) is None
    assert people.get(made.id) == made


def test_a_closed_account_lets_nobody_in(people: People) -> None:
    made = add(people)
    people.change(made.id, active=False)
    assert people.verify("asha", PASSWORD, now=LATER) is None
    people.change(made.id, active=True)
    assert people.verify("asha", PASSWORD, now=LATER) is not None


@pytest.mark.parametrize("login", ["asha", "nobody", "closed"])
def test_every_refusal_checks_one_hash(people: People, monkeypatch: pytest.MonkeyPatch, login: str) -> None:
    """The library's own check is counted, as its time is what a stranger could measure."""
    add(people)
    people.change(add(people, "closed").id, active=False)
    checked: list[str] = []
    real = PasswordHasher.verify

    def counted(hasher: PasswordHasher, kept: str | bytes, password: str | bytes) -> bool:
        checked.append(str(kept))
        return real(hasher, kept, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    assert people.verify(login, "wrong horse", now=NOW) is None
    (cost,) = {each.split("$")[3] for each in checked}
    assert (len(checked), cost) == (1, kept_cost())


def kept_cost() -> str:
    return HASHER.hash(PASSWORD).split("$")[3]


def test_no_password_is_kept(people: People, database: Engine) -> None:
    kept = kept_hash(database, add(people))
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept


def test_a_letter_typed_as_two_is_the_same_letter(people: People) -> None:
    add(people, password="caf\u00e9 au lait")
    assert people.verify("asha", "cafe\u0301 au lait", now=NOW) is not None


def test_a_weaker_hash_of_old_is_made_anew_at_the_next_login(people: People, database: Engine) -> None:
    made, weak = add(people), PasswordHasher(time_cost=1, memory_cost=64).hash(PASSWORD)
    with database.begin() as connection:
        connection.execute(update(schema.people).values(password_hash=weak))
    let_in = people.verify("asha", PASSWORD, now=LATER)
    assert let_in is not None
    assert let_in.epoch == made.epoch
    assert kept_hash(database, made).split("$")[3] == kept_cost()
    assert people.verify("asha", PASSWORD, now=LATER) is not None


# -- changes --------------------------------------------------------------------
@pytest.mark.parametrize(
    ("facts", "ends_sessions"),
    [
        ({"name": "Asha R."}, False),
        ({"agent": ""}, False),
        ({"role": "supervisor"}, True),
        ({"active": False}, True),
        ({"role": "agent", "active": True}, False),
        ({}, False),
    ],
)
def test_another_role_or_a_closed_account_ends_sessions(people: People, facts: dict[str, Any], ends_sessions: bool) -> None:
    made = add(people)
    changed = people.change(made.id, **facts)
    assert changed is not None
    assert {name: getattr(changed, name) for name in facts} == facts
    assert changed.epoch == made.epoch + ends_sessions
    assert people.get(made.id) == changed


def test_nobody_gets_a_role_that_does_not_exist(people: People) -> None:
    made = add(people)
    with pytest.raises(PersonError):
        people.change(made.id, role="boss")
    assert people.get(made.id) == made


def test_a_new_password_ends_sessions_and_the_old_one(people: People) -> None:
    made = add(people)
    changed = people.set_password(made.id, "battery staple")
    assert changed is not None
    assert changed.epoch == 2
    assert people.verify("asha", PASSWORD, now=LATER) is None
    assert people.verify("asha", "battery staple", now=LATER) is not None
    with pytest.raises(PersonError):
        people.set_password(made.id, "short")
    assert people.verify("asha", "battery staple", now=LATER) is not None
