"""`flask understand`: what the bot would understand, one utterance a line."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

import click

from calls.call import Intent
from calls.errors import BotError

ENGINES = ("rules", "claude", "openai")
Reader = Callable[[str, str], tuple[str, Intent]]
"""(text, language or "") -> (language, intent). Raises BotError."""


def register(group: click.Group, open_reader: Callable[[str], AbstractContextManager[Reader]]) -> None:
    """Add `understand` to Flask's commands; `open_reader` makes the engine of that name when the command runs."""

    @group.command("understand")
    @click.option("--engine", type=click.Choice(ENGINES), default=None, help="the one of jambonz-app.json if not given")
    @click.argument("lines", type=click.File("r", encoding="utf-8"), default="-")
    def understand(engine: str | None, lines: Iterable[str]) -> None:
        """Read utterances (a line each, optionally `language<TAB>text`) and print a JSON line for each."""
        try:
            with open_reader(engine or "") as read:
                for line in lines:
                    if line.strip():
                        click.echo(json.dumps(understood(read, line.rstrip("\r\n")), ensure_ascii=False))
        except UnicodeDecodeError as error:
            raise click.ClickException("the input is no UTF-8 text") from error
        except BotError as error:
            raise click.ClickException(str(error)) from error


def understood(read: Reader, line: str) -> dict[str, Any]:
    """What was understood, and how long it took (`ms`, one thread)."""
    language, _, text = line.rpartition("\t")
    began = time.perf_counter()
    language, intent = read(text.strip(), language.strip())
    took_ms = (time.perf_counter() - began) * 1000
    known: dict[str, Any] = {"text": text.strip(), "language": language, "intent": intent.name, "confidence": round(intent.confidence, 3)}
    beside = {"also": list(intent.also), "signals": list(intent.signals), "faq": intent.faq}
    return {**known, "slots": dict(intent.slots), **{name: value for name, value in beside.items() if value}, "ms": round(took_ms, 2)}
