"""`flask check` and `flask schema`: jambonz-app.json looked through before a bot reads it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from calls import schema
from calls.checking import Checked, Engines, check
from calls.errors import SettingsError
from calls.settings import read_text

USUAL = "jambonz-app.json"


def register(group: click.Group, engines: Engines, environ: Mapping[str, str]) -> None:
    """Add both to Flask's commands. `engines`: which there are, see calls.checking."""

    @group.command("check")
    @click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--json", "as_json", is_flag=True, help="one JSON object, for machines")
    def check_command(file: Path | None, as_json: bool) -> None:
        """Names every fault of FILE (BOT_CONFIG's, when left out) with its line and its mend, and what is hardly meant.

        Ends with 0 when the bot can use it, with 1 when it can't."""
        file = file or Path(environ.get("BOT_CONFIG", "").strip() or USUAL)
        checked = checked_file(file, engines)
        click.echo(json.dumps(as_tree(file, checked), ensure_ascii=False) if as_json else "\n".join(told(file, checked)))
        sys.exit(1 if checked.faults else 0)

    @group.command("schema")
    @click.option("--stdout", is_flag=True, help="show it, and write nothing")
    def schema_command(stdout: bool) -> None:
        """Writes jambonz-app.schema.json, which editors complete and check jambonz-app.json with."""
        text = schema.written(engines)
        if stdout:
            click.echo(text, nl=False)
        else:
            Path(schema.NAME).write_text(text, encoding="utf-8")
            click.echo(f'{schema.NAME} is written; name it in jambonz-app.json as "$schema": "./{schema.NAME}"')


def checked_file(file: Path, engines: Engines) -> Checked:
    try:
        return check(read_text(file), engines=engines)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None


def told(file: Path, checked: Checked) -> list[str]:
    """What a person reads: faults, warnings, and how many of each."""
    lines = [fault.told(str(file)) for fault in checked.faults]
    lines += [f"{warning.told(str(file))} (warning)" for warning in checked.warnings]
    return [*lines, summary(file, checked)]


def summary(file: Path, checked: Checked) -> str:
    if checked.settings is None:
        return f"{file}: {counted(len(checked.faults), 'fault')}; the bot can't use it"
    known = checked.settings
    holds = f"{counted(len(known.intents), 'intent')}, {', '.join(known.languages)}"
    return f"{file} fits: {holds}; {counted(len(checked.warnings), 'warning')}"


def counted(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def as_tree(file: Path, checked: Checked) -> dict[str, Any]:
    return {
        "file": str(file),
        "fits": checked.settings is not None,
        "faults": [asdict(fault) for fault in checked.faults],
        "warnings": [asdict(warning) for warning in checked.warnings],
    }
