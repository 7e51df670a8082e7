"""`flask people`: accounts from the command line, for whoever can reach the database. A password is asked for, never an argument."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import NamedTuple

import click

from calls.errors import BotError
from console.people import generated, known_agent, moment
from records.people import ROLES, People, Person


class Opened(NamedTuple):
    people: People
    agents: Collection[str]  # the ids of jambonz-app.json


def register(group: click.Group, open_people: Callable[[], Opened]) -> None:
    """Add `people` to Flask's commands; `open_people` opens the database and reads the settings, when a command runs."""

    @group.group("people")
    @click.pass_context
    def people(context: click.Context) -> None:
        """Who may use the console."""
        context.obj = in_plain_words(open_people)

    for command in (list_command, add_command, reset_command):
        people.add_command(command)


def in_plain_words(work: Callable[[], Opened]) -> Opened:
    try:
        return work()
    except BotError as error:
        raise click.ClickException(str(error)) from error


@click.command("list")
@click.pass_obj
def list_command(opened: Opened) -> None:
    """Everybody, by login."""
    try:
        rows = [cells_of(each) for each in opened.people.all()]
    except BotError as error:
        raise click.ClickException(str(error)) from error
    for row in table([("login", "name", "role", "agent", "account", "last login"), *rows]):
        click.echo(row)


@click.command("add")
@click.argument("login")
@click.option("--name", default="", help="as colleagues say; the login when left out")
@click.option("--role", type=click.Choice(ROLES), default="agent", show_default=True)
@click.option("--agent", default="", help="who this is in jambonz-app.json")
@click.option("--generate", is_flag=True, help="make a password and show it, instead of asking for one")
@click.pass_obj
def add_command(opened: Opened, login: str, name: str, role: str, agent: str, generate: bool) -> None:
    """Make an account."""
    password = generated() if generate else asked()
    try:
        new = opened.people.add(login, name or login, password, role, known_agent(agent, opened.agents), now=datetime.now(UTC))
    except BotError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{printable(new.login)} may log in as {new.role}" + (f" with the password {password}" if generate else ""))


@click.command("reset")
@click.argument("login")
@click.option("--generate", is_flag=True, help="make a password and show it, instead of asking for one")
@click.pass_obj
def reset_command(opened: Opened, login: str, generate: bool) -> None:
    """Give somebody a new password; the sessions with the old one end."""
    try:
        known = opened.people.by_login(login)
        if known is None:
            raise click.ClickException("nobody has this login; `flask people list` shows everybody")
        password = generated() if generate else asked()
        opened.people.set_password(known.id, password)
    except BotError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{printable(known.login)} has a new password" + (f": {password}" if generate else ""))


def asked() -> str:
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


def cells_of(each: Person) -> tuple[str, ...]:
    cells = (each.login, each.name, each.role, each.agent or "-", "open" if each.active else "closed", moment(each.last_login_at))
    return tuple(printable(cell) for cell in cells)


def table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def printable(text: str) -> str:
    """Without what steers a terminal."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
