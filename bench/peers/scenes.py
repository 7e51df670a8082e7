"""What is asked of either bot: the same callers, the same words, the same measuring."""

from __future__ import annotations

from collections.abc import Sequence

from bench.__main__ import Report, lag, replies, trouble, unanswered
from bench.callers import call, questions, together, with_interruptions
from bench.figures import distribution
from bench.peers.usage import Watch
from simulator.bot_process import BotProcess
from simulator.result import CallResult

SOONEST_MS = 200  # no detector knows earlier that the caller has stopped: the answer before was still sounding
BYTES_A_SECOND = 32_000  # of sound at 16 kHz
CALLERS_WHO_INTERRUPT = 4


async def warm_up(bot: BotProcess) -> None:
    """One short call, so that what is loaded with the first call counts as start, and not as the price of a call."""
    await call(bot, questions(1, seed=0))


async def at_once(bot: BotProcess, calls: int, asked: int, rounds: int = 1) -> Report:
    """`calls` calls at once with `asked` questions each; `rounds` times, one after the other."""
    results: list[CallResult] = []
    async with Watch(bot) as watch:
        for round_ in range(rounds):
            results += await together(bot, [questions(asked, seed) for seed in range(round_ * calls, (round_ + 1) * calls)])
    return {**load_report(results, watch.cpu_s), "peak_rss_mb": watch.peak_rss_mb}


async def interrupted(bot: BotProcess, times: int) -> Report:
    """Callers who speak over the bot's answers, `times` times each."""
    results = await together(bot, [with_interruptions(times, seed) for seed in range(CALLERS_WHO_INTERRUPT)])
    return barge_report(results)


def load_report(results: Sequence[CallResult], cpu_s: float) -> Report:
    """The figures of calls that the bot spent `cpu_s` seconds of processor time on."""
    answered = replies(results)
    minutes = sum(result.duration_s for result in results) / 60
    return {
        "calls": len(results),
        "reply_ms": distribution(answered),
        "unanswered": unanswered(results),
        "answer_before_sounded_on": sum(reply_ms < SOONEST_MS for reply_ms in answered),
        "sound_s_a_call": round(sum(result.traffic.bytes_received for result in results) / BYTES_A_SECOND / len(results), 1),
        "cpu_s_a_call_minute": round(cpu_s / minutes, 2),
        "holes_in_the_sound": sum(len(result.holes) for result in results),
        "trouble": trouble(results),
        "callers_lag_ms": lag(results),
    }


def barge_report(results: Sequence[CallResult]) -> Report:
    asked = [said for result in results for said in result.utterances if said.kind == "barge" and not said.note]
    noticed = [said.barge_in_ms for said in asked if said.barge_in_ms is not None]
    return {
        "barge_in_ms": distribution(noticed),
        "not_noticed": len(asked) - len(noticed),
        "trouble": trouble(results),
        "callers_lag_ms": lag(results),
    }


def memory_of_a_call(rest_mb: float, loads: Sequence[Report], calls_at_once: Sequence[int]) -> float:
    """What one more call takes (MB): the growth from rest to the largest load's peak, by its calls."""
    peaks_mb = [float(load["peak_rss_mb"]) for load in loads]
    most, peak_mb = max(zip(calls_at_once, peaks_mb, strict=True))
    return round((peak_mb - rest_mb) / most, 1)
