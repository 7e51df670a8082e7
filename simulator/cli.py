"""`flask call` and `flask demo`: a simulated caller on the command line.

The simulator itself is loaded when a command runs: the bot's own process, which knows these commands too, does without it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

STEP_OPTIONS = ("say", "wav", "barge", "dtmf", "drop")
LANGUAGES = ("en", "hi", "ta")
LINES = (
    *("bursts", "stalls", "lossy", "lossy-repeated", "lossy-missing"),
    *("white", "pink", "hum", "street", "voices", "television", "dtx", "echo", "tones", "hold-music"),
)
BEHAVIOURS = ("answer", "voicemail", "hangs-up", "busy", "decline", "no-answer")


def register(group: click.Group) -> None:
    """Add the commands to Flask's."""
    group.add_command(call_command)
    group.add_command(demo_command)


class OrderedOptions(click.Command):
    """Remembers in which order the steps stand on the command line."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        ctx.meta["steps"] = [parameter.name for parameter in order if parameter.name in STEP_OPTIONS]
        return super().parse_args(ctx, args)


@click.command("call", cls=OrderedOptions)
@click.option("--url", help="a bot that runs already, like http://127.0.0.1:3000; without it one is started for this call")
@click.option(
    "--secret", default=lambda: os.environ.get("JAMBONZ_WEBHOOK_SECRET", "").partition(",")[0].strip(), help="signs the hooks of --url"
)
@click.option("--say", multiple=True, metavar="TEXT", help="the caller says it when the bot has finished; repeatable")
@click.option("--wav", multiple=True, metavar="FILE", type=click.Path(exists=True, dir_okay=False), help="the same with a mono recording")
@click.option("--barge", multiple=True, metavar="TEXT", help="the caller interrupts the bot's next answer with it; repeatable")
@click.option("--dtmf", multiple=True, metavar="DIGITS", help="keys pressed when the bot has finished; repeatable")
@click.option("--drop", multiple=True, type=click.Choice(["reset", "closed"]), help="the audio socket breaks, the call goes on; repeatable")
@click.option("--line", multiple=True, type=click.Choice(LINES), help="a bad line; repeatable, for several at once")
@click.option(
    "--snr", type=float, metavar="DB", help="the line's noise is so much quieter than the caller (white, unless --line says otherwise)"
)
@click.option("--language", default="en", type=click.Choice(LANGUAGES), help="what --say and --barge are spoken in")
@click.option("--rate", type=click.Choice(["8000", "16000"]), help="the line's rate, of a bot started here")
@click.option("--json", "as_json_object", is_flag=True, help="print one JSON object and nothing else")
@click.option(
    "--record", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help="write caller.wav, bot.wav and call.wav there"
)
@click.option("--from", "caller", default="15085551212", metavar="NUMBER", help="the caller's number")
@click.option("--agent", default="answer", type=click.Choice(BEHAVIOURS), help="what the human does when the bot dials one")
@click.option(
    "--agent-keys",
    default="1",
    metavar="KEYS",
    help="what the human presses, a key for each time of being asked",
)
@click.option("--quiet", is_flag=True, help="print nothing but mistakes")
@click.pass_context
def call_command(ctx: click.Context, /, **options: Any) -> None:
    """Call the bot as a simulated Jambonz with a caller on the line.

    The options --say, --wav, --barge, --dtmf and --drop are the caller's steps, in the order given. Exits with 0 when the call was
    answered and the bot did nothing that Jambonz would refuse."""
    from simulator.calling import call

    sys.exit(0 if call(ctx.meta["steps"], options) else 1)


@click.command("demo")
@click.option("--record", default="recordings/demo", type=click.Path(file_okay=False, path_type=Path), help="where the recordings go")
def demo_command(record: Path) -> None:
    """Start the bot, let a simulated caller talk to it, interrupt it and ask for a human; exits with 0 when all of it worked."""
    from simulator.demo import demo

    sys.exit(0 if demo(record) else 1)
