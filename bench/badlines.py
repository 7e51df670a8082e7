"""`python -m bench.badlines`: the same questions on a clean line and on bad ones, over the real socket: a row of figures for each.

"asked again": the bot did not make out what was wanted; "wrong": it took it for something else; "paused": it fell silent although nobody
interrupted it. A gap is a hole inside a word of the bot's; a line that is held up for 500 ms can't but make some.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from bench.callers import SPEAKER
from bench.figures import distribution
from calls.signature import HEADER, sign
from simulator.background import NOISES
from simulator.bot_process import BotProcess
from simulator.caller import Manners
from simulator.conditions import CONDITIONS, line_of
from simulator.jambonz import CallSettings, SimulatedCall
from simulator.line import LineSettings
from simulator.result import CallResult
from simulator.script import Drop, HangUp, Say, Step, Wait

Report = dict[str, Any]
QUESTIONS = {
    "my tally licence has expired": "license_renewal",
    "how do i file my gst return": "gst_query",
    "i forgot my password": "password_reset",
    "i need training for tally": "training",
    "my e invoice is invalid": "e_invoice",
    "how do i install tally prime": "install_help",
}
ONE_CALL = 3  # questions
HOLD_MUSIC = LineSettings(music_db=-22.0, music_after_ms=22_000)  # after the first answer
LISTENED_MS = 700  # of silence, until the caller takes an answer for finished
NOT_UNDERSTOOD = {"", "other"}


def plans(rounds: int) -> list[list[str]]:
    """The questions of each call."""
    asked = list(QUESTIONS)
    return [asked[at : at + ONE_CALL] for at in range(0, len(asked), ONE_CALL)] * rounds


def steps_of(asked: Sequence[str], condition: str) -> list[Step]:
    """In "reset" and "closed" the socket breaks between the first and the second question."""
    said: list[Step] = [Say(text) for text in asked]
    return [*said[:1], Drop(condition), *said[1:]] if condition in ("reset", "closed") else said


async def ring(bot: BotProcess, steps: Sequence[Step], line: LineSettings, number: int) -> CallResult:
    await asyncio.sleep(number * 0.7)
    settings = CallSettings(
        caller=f"9197{number:08d}", line=line, manners=Manners(silence_ms=LISTENED_MS, final_silence_ms=1200), longest_s=180
    )
    return await SimulatedCall(bot.url, bot.secret, steps, speaker=SPEAKER, settings=settings).run()


async def condition(bot: BotProcess, name: str, rounds: int, snr_db: float | None = None) -> Report:
    """All the questions on one kind of line. `snr_db`: how much softer than the caller is what else is there, where it is not as usual."""
    line, asked = line_of([name] if name in CONDITIONS else [], snr_db if name in NOISES else None), plans(rounds)
    results = await asyncio.gather(*(ring(bot, steps_of(each, name), line, number) for number, each in enumerate(asked)))
    await asyncio.sleep(1.5)  # the last words of who hung up are journalled
    counted = [counts(each, understood(bot, result)) for each, result in zip(asked, results, strict=True)]
    replies = [said.reply_ms for result in results for said in result.utterances if said.reply_ms is not None]
    gaps = [gap.length_ms for result in results for gap in result.holes]
    return {
        "questions": sum(len(each) for each in asked),
        **{key: sum(each[key] for each in counted) for key in counted[0]},
        "reply_ms": distribution(replies),
        "paused": sum(result.traffic.kills for result in results),
        "longest_gap_ms": round(max(gaps, default=0.0)),
        "trouble": [violation.text for result in results for violation in result.violations],
        "callers_lag_ms": max(result.traffic.latest_frame_ms for result in results),
    }


def understood(bot: BotProcess, result: CallResult) -> list[str]:
    """The intents of the caller's turns, as journalled; "" where nothing was made out."""
    signature = sign(f"GET /calls/{result.call_sid}".encode(), bot.secret, now=time.time())
    record = httpx.get(f"{bot.url}/calls/{result.call_sid}", headers={HEADER: signature}, timeout=10).json()
    return [turn["intent"] for turn in record["turns"] if turn["heard"] or (turn["intent"] in NOT_UNDERSTOOD and turn["number"])]


def counts(asked: Sequence[str], intents: Sequence[str]) -> dict[str, int]:
    """Which questions were answered as such, in order; what else the bot made of them."""
    left, answered = list(intents), 0
    for intent in (QUESTIONS[text] for text in asked):
        if intent in left:
            left = left[left.index(intent) + 1 :]
            answered += 1
    again = sum(intent in NOT_UNDERSTOOD for intent in intents)
    return {"answered": answered, "asked_again": again, "wrong": max(0, len(intents) - answered - again)}


async def hold_music(bot: BotProcess) -> Report:
    """A caller who asks one thing, and puts the bot on hold for ever: when does the bot let go?"""
    steps: list[Step] = [Say("my tally licence has expired"), Wait(400_000), HangUp()]
    settings = CallSettings(line=HOLD_MUSIC, longest_s=300)
    result = await SimulatedCall(bot.url, bot.secret, steps, speaker=SPEAKER, settings=settings).run()
    return {"ended_by": result.end, "after_s": round(result.duration_s - HOLD_MUSIC.music_after_ms / 1000, 1)}


HEAD = f"  {'line':<16}{'answered':>10}{'again':>7}{'wrong':>7}{'reply p50':>11}{'p95':>7}{'paused':>8}{'longest gap':>13}"


def row(name: str, report: Report) -> str:
    reply = report["reply_ms"]
    told = f"  {name:<16}{report['answered']:>7}/{report['questions']:<2}{report['asked_again']:>7}{report['wrong']:>7}"
    return f"{told}{reply['median']:>11.0f}{reply['p95']:>7.0f}{report['paused']:>8}{report['longest_gap_ms']:>10} ms"


def main() -> None:
    usual = ["clean", *(name for name in CONDITIONS if name not in ("hold-music", "tones")), "reset", "closed"]
    parser = argparse.ArgumentParser(prog="bench.badlines", description=__doc__)
    parser.add_argument("conditions", nargs="*", help=f"some of: {', '.join(usual)}, hold-music (default: all)")
    parser.add_argument("--rounds", type=int, default=2, help="times that every question is asked on each line")
    parser.add_argument("--snr", type=float, metavar="DB", help="noise and voices are so much softer than the caller (default: 10)")
    parser.add_argument("--out", default="bench-results/badlines.json", type=Path)
    options = parser.parse_args()
    report: Report = {"machine": f"{os.cpu_count()} cores, {platform.processor() or platform.machine()}"}
    with BotProcess({"MAX_CALLS": "20"}, progress=print) as bot:
        asyncio.run(condition(bot, "clean", 1))  # caches are warm
        print(HEAD, flush=True)
        for name in options.conditions or [*usual, "hold-music"]:
            if name == "hold-music":
                report[name] = asyncio.run(hold_music(bot))
                print(
                    f"  {name:<16}let go {report[name]['after_s']} s after the music began, by the {report[name]['ended_by']}", flush=True
                )
                continue
            report[name] = asyncio.run(condition(bot, name, options.rounds, options.snr))
            print(row(name, report[name]), flush=True)
        report["errors_logged"] = bot.log.read_text().count('"level": "ERROR"')
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1))
    lags = [each["callers_lag_ms"] for each in report.values() if isinstance(each, dict) and "callers_lag_ms" in each]
    print(f"  errors in the bot's log: {report['errors_logged']}; the callers were never more than {max(lags, default=0):.0f} ms late")
    print(f"  kept in {options.out}")


if __name__ == "__main__":
    main()
