"""`flask deliveries`: what went out to the CRMs, what did not, and another try."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import click

from calls.errors import BotError
from crm.deliveries import Deliveries
from crm.delivery import Delivery, State

HEADINGS = ("call", "crm", "state", "tries", "begun", "error")


def register(group: click.Group, open_deliveries: Callable[[], Deliveries]) -> None:
    """Add `deliveries` to Flask's commands; `open_deliveries` opens the database and nothing else, when a command runs."""

    @group.group("deliveries")
    @click.pass_context
    def deliveries(context: click.Context) -> None:
        """Deliveries of ended calls to the CRMs."""
        context.obj = in_the_operators_words(open_deliveries)

    for command in (list_command, show_command, retry_command, retry_failed_command):
        deliveries.add_command(command)


def in_the_operators_words(work: Callable[[], Deliveries]) -> Deliveries:
    try:
        return work()
    except BotError as error:
        raise click.ClickException(str(error)) from error


@click.command("list")
@click.option("--state", type=click.Choice([state.value for state in State]), help="only those")
@click.option("--crm", default="", help="only those to this CRM")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@click.pass_obj
def list_command(deliveries: Deliveries, state: str | None, crm: str, limit: int) -> None:
    """The newest first, and how many there are in all."""
    for line in table(deliveries.list(state=state or "", crm=crm, limit=limit)):
        click.echo(line)
    totals = (f"{each} {name}: {count}" for (each, name), count in sorted(deliveries.counts().items()) if count)
    click.echo("in all: " + (", ".join(totals) or "none"))


@click.command("show")
@click.argument("call_sid")
@click.argument("crm")
@click.pass_obj
def show_command(deliveries: Deliveries, call_sid: str, crm: str) -> None:
    """One delivery, with its steps and their errors."""
    delivery = deliveries.show(call_sid, crm)
    if delivery is None:
        raise click.ClickException("no such delivery; `flask deliveries list` shows those that there are")
    for line in in_full(delivery):
        click.echo(line)


@click.command("retry")
@click.argument("call_sid")
@click.argument("crm")
@click.pass_obj
def retry_command(deliveries: Deliveries, call_sid: str, crm: str) -> None:
    """Try a failed delivery again, from the step where it failed."""
    if not deliveries.retry(call_sid, crm):
        raise click.ClickException("there is no failed delivery of that call to that CRM")
    click.echo("it is tried again")


@click.command("retry-failed")
@click.pass_obj
def retry_failed_command(deliveries: Deliveries) -> None:
    """Try every failed delivery again."""
    click.echo(f"{deliveries.retry_failed()} are tried again")


def table(rows: Sequence[Delivery]) -> Iterator[str]:
    """Columns as wide as they need be; the error is last and as long as it is."""
    cells = [HEADINGS, *(cells_of(delivery) for delivery in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADINGS) - 1)]
    for row in cells:
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()


def cells_of(delivery: Delivery) -> tuple[str, ...]:
    shown = (delivery.call_sid, delivery.crm, delivery.state, str(delivery.attempts), moment(delivery.created_at), delivery.error)
    return tuple(printable(cell) for cell in shown)


def in_full(delivery: Delivery) -> Iterator[str]:
    yield f"{printable(delivery.call_sid)} to {printable(delivery.crm)}: {delivery.state}"
    yield f"  begun {moment(delivery.created_at)}, tries {delivery.attempts}, workflow {printable(delivery.workflow_id)}"
    if delivery.delivered_at:
        yield f"  delivered {moment(delivery.delivered_at)}"
    elif delivery.state is not State.FAILED:
        yield f"  next try {moment(delivery.next_try_at)}"
    for name, step in delivery.steps.items():
        became = f"done {step.result}" if step.result is not None else f"not done: {step.error or 'no answer yet'}"
        yield f"  {printable(name)}  tries {step.attempts}  {printable(became)}".rstrip()


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%SZ")


def printable(text: str) -> str:
    """Without what steers a terminal: ids and texts come from other systems."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
