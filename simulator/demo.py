"""`flask demo`: one whole call - a question, an interruption, a human, a ticket - and whether all of it happened."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click
import numpy as np

from calls.errors import BotError
from simulator.agents import Agent
from simulator.bot_process import BotFailed
from simulator.jambonz import CallSettings
from simulator.placing import Placed, Tell, own_bot, place
from simulator.playback import LOUD
from simulator.script import Barge, Say, Step

INTENT = "license_renewal"
STEPS: Sequence[Step] = (
    Say("my tally licence has expired"),
    Say("i want to renew my licence"),
    Barge("i want to talk to a human", after_ms=1500),
)
LISTENS_MS = 2500  # the human, to the briefing, before pressing 1
HANDED_OVER = {"escalated", "transferred"}


def what_happened(placed: Placed) -> dict[str, bool]:
    """The demo's promises, and which were kept."""
    result, view = placed.result, placed.view
    turns: Sequence[Mapping[str, Any]] = view.get("turns", [])
    ticket, outcome = view.get("ticket") or {}, view.get("outcome") or {}
    licence = next((turn for turn in turns if turn.get("intent") == INTENT), {})
    return {
        "the greeting was heard": bool(turns and turns[0]["said"]),
        f"{INTENT} was understood": bool(licence),
        "its answer was heard": bool(licence.get("said")),
        "killAudio came when the caller interrupted": any(utterance.barge_in_ms is not None for utterance in result.utterances),
        "a turn is marked interrupted": any(turn.get("interrupted") for turn in turns),
        "a human was asked for": outcome.get("kind") in HANDED_OVER,
        "a human was dialled and answered": any(dial.status == "completed" for dial in result.dials),
        "the human heard a briefing and took the call": any(clip.loud for dial in result.dials for clip in dial.heard),
        f"there is a ticket with the intent {INTENT}": ticket.get("intent") == INTENT,
        "both recordings hold sound": sounds(result.heard_bot) and sounds(result.heard_caller),
        "nothing was done that Jambonz refuses": not result.violations,
    }


def sounds(samples: np.ndarray[Any, np.dtype[np.int16]]) -> bool:
    return bool(np.any(np.abs(samples.astype(np.int32)) > LOUD))


def report(placed: Placed, recordings: Mapping[str, str], tell: Tell) -> None:
    tell("")
    for utterance in placed.result.utterances:
        reply = f"answered after {utterance.reply_ms:.0f} ms" if utterance.reply_ms is not None else "no answer"
        barge = f", bot silenced after {utterance.barge_in_ms:.0f} ms" if utterance.barge_in_ms is not None else ""
        tell(f"latency     {utterance.words!r}: {reply}{barge}{' (' + utterance.note + ')' if utterance.note else ''}")
    ticket = placed.view.get("ticket")
    if ticket:
        tell(f"ticket      {ticket['id']}: {ticket['intent']}, {ticket['priority']}, {ticket['status']}: {ticket['summary']}")
    for dial in placed.result.dials:
        target = dial.target.get("number") or dial.target.get("name") or dial.target.get("sipUri")
        headers = ", ".join(f"{name}: {unquote(value)}" for name, value in dial.headers.items())
        tell(f"escalation  {target}: {dial.status}; headers {headers}")
    for name, path in recordings.items():
        tell(f"recording   {name}: {path}")


def demo(record: Path) -> bool:
    """Make the call, print it, keep it in the folder `record`; whether everything happened."""
    try:
        with own_bot(click.echo) as bot:
            placed = asyncio.run(place(bot, STEPS, CallSettings(agent=Agent(key_after_ms=LISTENS_MS)), click.echo))
    except (BotFailed, BotError) as error:
        raise click.ClickException(str(error)) from None
    report(placed, placed.result.save(record), click.echo)
    missing = [promise for promise, kept in what_happened(placed).items() if not kept]
    for violation in placed.result.violations:
        click.echo(f"violation   {violation.text}")
    for promise in missing:
        click.echo(f"NOT so      {promise}")
    click.echo("the demo failed" if missing else "everything happened as it should; to talk to the bot yourself: make phone")
    return not missing
