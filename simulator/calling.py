"""What `flask call` does: the steps of the command line, the call, and what is printed of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click

from calls.errors import BotError
from simulator.agents import Agent
from simulator.bot_process import BotFailed
from simulator.conditions import line_of
from simulator.jambonz import CallSettings
from simulator.placing import Bot, Placed, Tell, as_json, own_bot, place
from simulator.script import Barge, Drop, Press, Say, Step
from simulator.speaker import read_wav


def call(order: Sequence[str], options: Mapping[str, Any]) -> bool:
    """Make the call that the command line asks for; whether it was answered and without violations."""
    tell, progress = voices(quiet=options["quiet"], as_json_object=options["as_json_object"])
    rate = int(options["rate"]) if options["rate"] else None
    try:
        steps = steps_in_order(order, options, options["language"])
        with the_bot(options["url"], options["secret"], rate, progress) as bot:
            agent, line = agent_of(options["agent"], options["agent_keys"]), line_of(options["line"], options["snr"])
            settings = CallSettings(caller=options["caller"], agent=agent, line=line)
            placed = asyncio.run(place(bot, steps, settings, tell))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except (BotFailed, BotError) as error:
        raise click.ClickException(str(error)) from None
    recordings = placed.result.save(options["record"]) if options["record"] else {}
    if options["as_json_object"]:
        click.echo(json.dumps(as_json(placed, recordings), ensure_ascii=False))
    else:
        report(placed, recordings, tell)
    warn(placed, rate)
    return placed.result.ok


def voices(*, quiet: bool, as_json_object: bool) -> tuple[Tell, Tell]:
    """Where the conversation goes, and where it is said what is being waited for."""
    if quiet:
        return nobody, nobody
    return (nobody, partial(click.echo, err=True)) if as_json_object else (click.echo, click.echo)


def nobody(_: str) -> None:
    """Told to nobody."""


def steps_in_order(order: Sequence[str], given: Mapping[str, tuple[str, ...]], language: str) -> list[Step]:
    """The caller's steps. Raises ValueError in words for the command line."""
    values = {name: iter(given[name]) for name in set(order)}
    return [step for name in order for step in steps_of(name, next(values[name]), language)]


def steps_of(option: str, value: str, language: str) -> list[Step]:
    match option:
        case "say":
            return [Say(value, language)]
        case "barge":
            return [Barge(value, language=language)]
        case "drop":
            return [Drop(value)]
        case "wav":
            return [Say(read_wav(Path(value)), language)]
    if set(value) - set("0123456789*#"):
        raise ValueError(f"--dtmf {value}: keys are 0 to 9, * and #")
    return [Press(digit, at_once=at > 0) for at, digit in enumerate(value)]


def agent_of(behaviour: str, keys: str) -> Agent:
    """Raises ValueError in words for the command line."""
    if set(keys) - set("0123456789*#-"):
        raise ValueError(f"--agent-keys {keys}: keys are 0 to 9, * and #, and - for none")
    return Agent(behaviour, keys=keys)


@contextmanager
def the_bot(url: str | None, secret: str, rate: int | None, tell: Tell) -> Iterator[Bot]:
    """The bot at `url`, or one of our own."""
    if url is None:
        with own_bot(tell, rate) as bot:
            yield bot
    elif not secret:
        raise ValueError("--url needs --secret, or JAMBONZ_WEBHOOK_SECRET in the environment")
    else:
        yield Bot(url, secret)


def report(placed: Placed, recordings: Mapping[str, str], tell: Tell) -> None:
    """What there is to say when the call is over."""
    outcome, ticket = placed.view.get("outcome"), placed.view.get("ticket")
    tell(f"ended by {placed.result.end} after {placed.result.duration_s:.1f} s")
    if outcome:
        tell(f"outcome {outcome['kind']} ({outcome['reason']})")
    for dial in placed.result.dials:
        tell(f"dialled {dial.target.get('number') or dial.target.get('name') or dial.target.get('sipUri')}: {dial.status}")
    if ticket:
        tell(f"ticket  {ticket['id']} {ticket['intent']} ({ticket['priority']})")
    for path in recordings.values():
        tell(f"wrote   {path}")


def warn(placed: Placed, rate: int | None) -> None:
    """Mistakes go to stderr, whatever else is printed."""
    result = placed.result
    if result.end == "480":
        click.echo(f"the call was refused (SIP 480): {result.why}", err=True)
    if rate and result.answered and rate != result.sample_rate:
        click.echo(f"the bot's stream asks for {result.sample_rate} Hz, not {rate}; its rate was used", err=True)
    for violation in result.violations:
        click.echo(f"violation: {violation.text}", err=True)
