"""The callers of the bench, and their calls."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Sequence

from simulator.bot_process import BotProcess
from simulator.caller import Manners
from simulator.jambonz import CallSettings, SimulatedCall
from simulator.line import LineSettings
from simulator.result import CallResult
from simulator.script import Barge, Say, Step
from simulator.speaker import Speaker

QUESTIONS = (
    "my tally licence has expired",
    "i want to renew my licence",
    "how do i file my gst return",
    "i forgot my password",
    "i need training for tally",
    "my e invoice is invalid",
    "how do i install tally prime",
)
INTERRUPTION = "i want to renew my licence"
SPEAKER = Speaker()  # one for all, so that nobody's synthesis takes time from another's frames


def questions(count: int, seed: int) -> list[Step]:
    chosen = random.Random(seed).sample(QUESTIONS, k=min(count, len(QUESTIONS)))
    return [Say(text) for text in chosen]


def with_interruptions(count: int, seed: int) -> list[Step]:
    asked = questions(count, seed)
    return list(itertools.chain.from_iterable((question, Barge(INTERRUPTION, after_ms=1000)) for question in asked))


async def call(
    bot: BotProcess, steps: Sequence[Step], *, number: int = 0, echo_db: float | None = None, longest_s: float = 180.0
) -> CallResult:
    settings = CallSettings(
        caller=f"9198{number:08d}",
        line=LineSettings(echo_db=echo_db),
        manners=Manners(silence_ms=700, final_silence_ms=1200),
        longest_s=longest_s,
    )
    return await SimulatedCall(bot.url, bot.secret, steps, speaker=SPEAKER, settings=settings).run()


async def together(
    bot: BotProcess, plans: Sequence[Sequence[Step]], *, apart_s: float = 0.35, echo_db: float | None = None
) -> list[CallResult]:
    """All at once, but not in step: people do not dial on one beat."""

    async def later(number: int, steps: Sequence[Step]) -> CallResult:
        await asyncio.sleep(number * apart_s)
        return await call(bot, steps, number=number, echo_db=echo_db)

    return list(await asyncio.gather(*(later(number, steps) for number, steps in enumerate(plans))))
