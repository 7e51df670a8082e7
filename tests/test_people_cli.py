"""`flask people` and /people: who makes accounts, how, and what nobody learns on the way."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

import console.people
import console.people_cli
from calls.errors import JournalError
from calls.helpdesk import Agent, Target
from calls.settings import load
from console.people_cli import Opened
from records.database import open_database
from records.people import People
from tests import console_rig, databases
from tests.console_rig import NOW, PASSWORD, QUICK, log_in, token

migrated_file = databases.migrated_file
NASTY = "<script>alert(1)</script>\x1b[31m"


@pytest.fixture
def database(migrated_file: Path, tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'voicebot.db')}")
    yield engine
    engine.dispose()


@pytest.fixture
def people(database: Engine) -> People:
    return People(database, hasher=QUICK)


# -- the command line ----------------------------------------------------------------------
def flask_people(people: People, *arguments: str, typed: str = "") -> Result:
    group = click.Group("flask")
    console.people_cli.register(group, lambda: Opened(people, ["asha", "ravi"]))
    return CliRunner().invoke(group, ["people", *arguments], input=typed)


def test_add_asks_for_the_password_twice_and_never_shows_it(people: People) -> None:
    result = flask_people(people, "add", "meera", "--name", "Meera", "--role", "admin", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0
    assert PASSWORD not in result.output
    assert result.output.endswith("meera may log in as admin\n")
    known = people.verify("meera", PASSWORD, now=NOW)
    assert known is not None
    assert (known.name, known.role, known.agent) == ("Meera", "admin", "")


def test_a_password_is_never_an_argument() -> None:
    options = [name for command in ("add_command", "reset_command") for name in options_of(getattr(console.people_cli, command))]
    assert "--generate" in options
    assert not [name for name in options if "pass" in name]


def options_of(command: click.Command) -> list[str]:
    return [name for parameter in command.params for name in parameter.opts]


def test_add_with_a_generated_password(people: People) -> None:
    result = flask_people(people, "add", "asha", "--agent", "asha", "--generate")
    shown = re.fullmatch(r"asha may log in as agent with the password (\S{16})\n", result.output)
    assert shown is not None
    known = people.verify("asha", shown[1], now=NOW)
    assert known is not None
    assert (known.name, known.role, known.agent) == ("asha", "agent", "asha")


@pytest.mark.parametrize(
    ("arguments", "typed", "said"),
    [
        (["add", "meera"], "short\nshort\n", "at least 10 characters"),
        (["add", "asha", "--generate"], "", "this login is taken"),
        (["add", "meera", "--agent", "nobody", "--generate"], "", "there are: asha, ravi"),
        (["add", "meera", "--role", "king", "--generate"], "", "'king' is not one of"),
        (["add", " ", "--generate"], "", "a login is needed"),
        (["reset", "meera", "--generate"], "", "nobody has this login"),
        (["reset", "asha"], "short\nshort\n", "at least 10 characters"),
    ],
)
def test_what_can_not_be_done_is_told_in_plain_words(people: People, arguments: list[str], typed: str, said: str) -> None:
    people.add("asha", "Asha", PASSWORD, "agent", now=NOW)
    result = flask_people(people, *arguments, typed=typed)
    assert result.exit_code != 0
    assert said in result.output
    assert "Traceback" not in result.output
    assert [each.login for each in people.all()] == ["asha"]


def test_list(people: People) -> None:
    people.add("asha", NASTY, PASSWORD, "agent", "asha", now=NOW)
    people.change(people.add("meera", "Meera", PASSWORD, "admin", now=NOW).id, active=False)
    people.verify("asha", PASSWORD, now=NOW)
    headings, asha, meera = flask_people(people, "list").output.splitlines()
    assert headings.split() == ["login", "name", "role", "agent", "account", "last", "login"]
    assert asha.startswith("asha ")
    assert asha.endswith("open     2026-03-02 09:30 UTC")
    assert "\x1b" not in asha
    assert re.sub(" +", " ", meera) == "meera Meera admin - closed never"


def test_reset_ends_the_sessions_of_the_old_password(people: People) -> None:
    before = people.add("asha", "Asha", PASSWORD, "agent", now=NOW)
    shown = flask_people(people, "reset", "ASHA", "--generate").output.split()[-1]
    after = people.verify("asha", shown, now=NOW)
    assert after is not None
    assert after.epoch > before.epoch
    assert people.verify("asha", PASSWORD, now=NOW) is None


def test_a_database_that_is_away_is_told_in_the_operators_words() -> None:
    def away() -> Opened:
        raise JournalError("DATABASE_URL: can't be reached; start the server")

    group = click.Group("flask")
    console.people_cli.register(group, away)
    result = CliRunner().invoke(group, ["people", "list"])
    assert (result.exit_code, result.output) == (1, "Error: DATABASE_URL: can't be reached; start the server\n")


# -- the page ------------------------------------------------------------------------------
@pytest.fixture
def house(database: Engine) -> SimpleNamespace:
    settings = load()
    agents = {name: Agent(name=name.title(), target=Target(type="desk")) for name in ("asha", "ravi")}
    escalation = settings.escalation.model_copy(update={"agents": agents})
    return console_rig.house(database, settings=settings.model_copy(update={"escalation": escalation}))


@pytest.fixture
def app(house: SimpleNamespace) -> Flask:
    return console_rig.app(house, console.people.bp)


@pytest.fixture
def admin(app: Flask) -> FlaskClient:
    return console_rig.browser(app, "admin", login="meera")


def test_a_new_account_with_a_generated_password_that_is_shown_once(app: Flask, admin: FlaskClient, people: People) -> None:
    facts = {"login": "asha", "name": "Asha", "role": "agent", "agent": "asha", "password": ""}
    page = admin.post("/people", data={**facts, **token(admin)}).text
    shown = re.search(r'<code id="password-shown">(\S{16})</code>', page)
    assert shown is not None
    assert shown[1] not in admin.get("/people").text
    assert log_in(console_rig.browser(app), "asha", shown[1]).status_code == 303
    known = people.by_login("asha")
    assert known is not None
    assert (known.name, known.role, known.agent) == ("Asha", "agent", "asha")


def test_a_new_account_with_a_password_of_the_admins(admin: FlaskClient, people: People) -> None:
    facts = {"login": "asha", "name": "Asha", "role": "agent", "agent": "", "password": PASSWORD}
    page = admin.post("/people", data={**facts, **token(admin)}).text
    assert "asha has an account now." in page
    assert PASSWORD not in page
    assert people.verify("asha", PASSWORD, now=NOW) is not None


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"login": "MEERA"}, "this login is taken"),
        ({"login": ""}, "a login is needed"),
        ({"role": "king"}, "the role must be one of"),
        ({"agent": "nobody"}, "there are: asha, ravi"),
        ({"password": "short"}, "at least 10 characters"),
    ],
)
def test_an_account_that_can_not_be_made(admin: FlaskClient, people: People, more: dict[str, str], said: str) -> None:
    facts = {"login": "asha", "name": 'A "quoted" <name>', "role": "agent", "agent": "", "password": PASSWORD}
    answer = admin.post("/people", data={**facts, **more, **token(admin)})
    assert answer.status_code == 422
    assert said in answer.text
    assert "A &#34;quoted&#34; &lt;name&gt;" in answer.text  # nothing typed is lost
    assert PASSWORD not in answer.text
    assert [each.login for each in people.all()] == ["meera"]


def test_names_are_shown_harmlessly(admin: FlaskClient, people: People) -> None:
    number = people.add("asha", NASTY, PASSWORD, "agent", 'x" onfocus="alert(1)', now=NOW).id
    for page in (admin.get("/people").text, admin.get(f"/people/{number}").text):
        assert "<script>alert" not in page
        assert '" onfocus="' not in page
        assert "&lt;script&gt;" in page


def change(admin: FlaskClient, number: int, **facts: str) -> Any:
    return admin.post(f"/people/{number}", data={"name": "Asha", "role": "agent", "agent": "", **facts, **token(admin)})


def test_an_account_is_changed_and_closed(app: Flask, admin: FlaskClient, people: People) -> None:
    asha = console_rig.browser(app, "agent", login="asha")
    known = people.by_login("asha")
    assert known is not None
    assert change(admin, known.id, name="Asha K.", role="supervisor", agent="ravi", active="yes").status_code == 303
    after = people.get(known.id)
    assert after is not None
    assert (after.name, after.role, after.agent, after.active) == ("Asha K.", "supervisor", "ravi", True)
    assert asha.get("/account").status_code == 302  # another role: log in again
    assert change(admin, known.id, role="supervisor").status_code == 303  # the box "May log in" is empty
    assert log_in(asha, "asha", PASSWORD).status_code == 401
    assert "closed" in admin.get("/people").text


def test_an_agent_who_is_no_longer_in_the_settings_can_be_kept(admin: FlaskClient, people: People) -> None:
    number = people.add("asha", "Asha", PASSWORD, "agent", "gone", now=NOW).id
    assert "gone (no longer in jambonz-app.json)" in admin.get(f"/people/{number}").text
    assert change(admin, number, agent="gone", active="yes").status_code == 303
    assert change(admin, number, agent="other", active="yes").status_code == 422


def test_an_admin_can_not_lock_the_last_door_behind_the_admin(admin: FlaskClient, people: People) -> None:
    own = people.by_login("meera")
    assert own is not None
    for facts in ({"role": "agent", "active": "yes"}, {"role": "admin"}):
        answer = change(admin, own.id, **facts)
        assert (answer.status_code, "another admin must" in answer.text) == (422, True)
    assert change(admin, own.id, name="Meera R.", role="admin", active="yes").status_code == 303
    assert admin.post(f"/people/{own.id}/password", data=token(admin)).headers["Location"] == "/account"
    assert people.verify("meera", PASSWORD, now=NOW) is not None


def test_a_new_password_for_somebody(app: Flask, admin: FlaskClient, people: People) -> None:
    asha = console_rig.browser(app, "agent", login="asha")
    known = people.by_login("asha")
    assert known is not None
    address = f"/people/{known.id}/password"
    assert admin.post(address, data={"password": "short", **token(admin)}).status_code == 422
    shown = re.search(r'<code id="password-shown">(\S{16})</code>', admin.post(address, data=token(admin)).text)
    assert shown is not None
    assert asha.get("/account").status_code == 302
    assert log_in(asha, "asha", shown[1]).status_code == 303


def test_an_account_that_does_not_exist(admin: FlaskClient) -> None:
    assert [admin.get("/people/999").status_code, change(admin, 999).status_code] == [404, 404]
    assert "There is no such account." in admin.get("/people/999").text
