"""`flask bench stt`: how fast the recogniser's model hears on this machine, and how many calls that holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import click

from calls.errors import BotError
from stream.owner import OwnedRecognizer
from stream.throughput import Bench, flat_out, in_calls

WARM_S = 0.5
COLUMNS = {"per_second": 14, "times_real_time": 17, "median_ms": 12, "p95_ms": 10, "refused": 10}  # name -> width
Rows = Iterator[tuple[str, dict[str, Any]]]


Open = Callable[[str, str, str], Bench]
"""(model, device, language), each "" for the bot's own. Raises BotError."""


class Numbers(click.ParamType[list[int]]):
    """`1,2,4`"""

    name = "numbers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[int]:
        if isinstance(value, list):
            return value
        try:
            numbers = [int(part) for part in str(value).split(",") if part.strip()]
        except ValueError:
            numbers = [0]
        if any(number < 1 for number in numbers):
            self.fail(f"{value!r} is no list like 1,2,4", param, ctx)
        return numbers


def register(group: click.Group, open_bench: Open) -> None:
    """Add `bench stt` to Flask's commands."""

    @group.group("bench")
    def bench() -> None:
        """How fast this machine is."""

    @bench.command("stt")
    @click.option("--model", default="", help="as WHISPER_MODEL; the bot's own if not given")
    @click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default=None, help="as WHISPER_DEVICE")
    @click.option("--batch", "batches", type=Numbers(), default="1,2,4", help="utterances at once, such as 1,8,16", show_default=True)
    @click.option("--calls", type=Numbers(), default="", help="also: what callers wait when so many calls go on at once, such as 10,50")
    @click.option("--seconds", type=click.FloatRange(0.1, 600), default=5.0, help="for each line of the table", show_default=True)
    @click.option("--language", default="", help="of the utterances; the bot's first if not given")
    def stt(model: str, device: str | None, batches: list[int], calls: list[int], seconds: float, language: str) -> None:
        """Speech recognition: a table, and the same as a line of JSON.

        Batches: all that the device can do. Calls: callers who speak a third of the time, one queue, batches as the bot makes them."""
        try:
            opened = open_bench(model, device or "", language)
            measure(opened, batches, calls, seconds)
        except BotError as error:
            raise click.ClickException(str(error)) from error


def measure(bench: Bench, batches: Sequence[int], calls: Sequence[int], seconds: float) -> None:
    """Print each line when it is there, and all of them as JSON in the end. Raises BotError."""
    about = bench.engine.describe()
    told = {name: about.get(name, "") for name in ("model", "device", "compute_type", "hands")}
    mean_s = sum(each.duration_ms for each in bench.sounds) / 1000 / len(bench.sounds)
    click.echo(f"{told['model']} on {told['device']} ({told['compute_type']}), utterances of {mean_s:.1f} s ({bench.language})")
    click.echo(line("", {column: column for column in COLUMNS}))
    lines: dict[str, dict[str, Any]] = {}
    for name, figures in rows(bench, batches, calls, seconds):
        lines[name] = figures
        click.echo(line(name, figures))
    click.echo(json.dumps({**told, "language": bench.language, "utterance_s": round(mean_s, 2), "lines": lines}))


def rows(bench: Bench, batches: Sequence[int], calls: Sequence[int], seconds: float) -> Rows:
    language, sounds = bench.language, bench.sounds
    for batch in batches:
        flat_out(bench.engine, sounds, language=language, batch=batch, seconds=WARM_S)
        yield f"batch {batch}", flat_out(bench.engine, sounds, language=language, batch=batch, seconds=seconds).figures()
    with closing(OwnedRecognizer(lambda: bench.engine, settings=bench.settings)) as recognizer:
        for many in calls:
            measured = in_calls(recognizer, sounds, language=language, calls=many, seconds=seconds, threads=recognizer.at_once)
            yield f"{many} calls", measured.figures()


def line(name: str, figures: dict[str, Any]) -> str:
    shown = ["-" if figures[column] is None else figures[column] for column in COLUMNS]
    return f"{name:<12}" + "".join(f"{value:>{width}}" for value, width in zip(shown, COLUMNS.values(), strict=True))
