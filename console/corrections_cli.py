"""`flask corrections`: what was really meant, proposed, scored, kept or refused from the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

import click

from calls.corrections import Correction, CorrectionKind, CorrectionState
from calls.errors import BotError
from calls.scoring import Changed, Score
from console.corrections import Learning
from records.corrections import Proposal

HEADINGS = ("id", "state", "score", "language", "proposed", "correction")
PERSON = "command line"
SHOWN = 50  # changed utterances
T = TypeVar("T")


def register(group: click.Group, open_learning: Callable[[], Learning]) -> None:
    """Add `corrections` to Flask's commands; `open_learning` opens the database and the settings, when a command runs."""

    @group.group("corrections")
    @click.pass_context
    def corrections(context: click.Context) -> None:
        """What callers really meant, and whether the bot would understand them better with it."""
        context.obj = in_plain_words(open_learning)

    for command in (list_command, add_command, score_command, keep_command, refuse_command):
        corrections.add_command(command)


def in_plain_words(work: Callable[[], T]) -> T:
    try:
        return work()
    except BotError as error:
        raise click.ClickException(str(error)) from error


@click.command("list")
@click.option("--state", type=click.Choice([state.value for state in CorrectionState]), help="only those")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@click.pass_obj
def list_command(learning: Learning, state: str | None, limit: int) -> None:
    """The newest first."""
    wanted = CorrectionState(state) if state else None
    for line in table(in_plain_words(lambda: learning.corrections.newest(wanted, limit=limit))):
        click.echo(line)


@click.command("add")
@click.argument("heard")
@click.argument("meant")
@click.option("--word", "is_word", is_flag=True, help="HEARD are misheard words, MEANT the right ones; else MEANT is an intent")
@click.option("--language", default="en", show_default=True, help="of the words")
@click.pass_obj
def add_command(learning: Learning, heard: str, meant: str, is_word: bool, language: str) -> None:
    """Propose that HEARD means the intent MEANT (or, with --word, the words MEANT)."""
    kind = CorrectionKind.WORD if is_word else CorrectionKind.INTENT
    made = in_plain_words(lambda: learning.propose(Proposal(kind, heard, meant, language, person=PERSON)))
    click.echo(f"correction {made.id} is {made.state}; `flask corrections score {made.id}` shows what it would change")


@click.command("score")
@click.argument("number", type=int, metavar="ID")
@click.pass_obj
def score_command(learning: Learning, number: int) -> None:
    """Read what callers said lately with and without it: better, equal or worse."""
    for line in told(in_plain_words(lambda: learning.score(number))):
        click.echo(line)


@click.command("keep")
@click.argument("number", type=int, metavar="ID")
@click.option("--even-if-worse", is_flag=True, help="although the bot would understand less")
@click.pass_obj
def keep_command(learning: Learning, number: int, even_if_worse: bool) -> None:
    """Write it into jambonz-app.json; the bot takes it for new calls by itself."""
    kept = in_plain_words(lambda: learning.keep(number, PERSON, even_if_worse=even_if_worse))
    click.echo(f"correction {kept.id} is kept")


@click.command("refuse")
@click.argument("number", type=int, metavar="ID")
@click.pass_obj
def refuse_command(learning: Learning, number: int) -> None:
    """Keep it out; nothing is deleted."""
    refused = in_plain_words(lambda: learning.refuse(number, PERSON))
    click.echo(f"correction {refused.id} is refused")


def table(rows: Sequence[Correction]) -> Iterator[str]:
    """Columns as wide as they need be; the words are last and as long as they are."""
    cells = [HEADINGS, *(cells_of(each) for each in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADINGS) - 1)]
    for row in cells:
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()


def cells_of(each: Correction) -> tuple[str, ...]:
    meant = each.meant if each.kind is CorrectionKind.INTENT else f'"{each.meant}"'
    verdict = str(each.score.get("verdict", "-"))
    shown = (str(each.id), each.state, verdict, each.language, moment(each.proposed_at), f'"{each.heard}" means {meant}')
    return tuple(printable(cell) for cell in shown)


def told(score: Score) -> Iterator[str]:
    counts = f"{score.better} better, {score.equal} equal, {score.worse} worse"
    unclear = f", {score.unclear} otherwise (nobody has said what they meant)" if score.unclear else ""
    yield f"{score.verdict}: {counts}{unclear}, of {score.samples} stored utterances"
    yield from (printable(line) for line in map(change_of, score.changed[:SHOWN]))
    if len(score.changed) > SHOWN:
        yield f"  and {len(score.changed) - SHOWN} more"


def change_of(each: Changed) -> str:
    before, after = (f"{intent.name} {intent.confidence:.0%}" for intent in (each.before, each.after))
    return f'  {each.verdict:7}  "{each.sample.heard}": {before} -> {after}' + (f", meant {each.meant}" if each.meant else "")


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%SZ")


def printable(text: str) -> str:
    """Without what steers a terminal: the words are callers'."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
