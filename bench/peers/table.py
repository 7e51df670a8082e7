"""Two bots' reports side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Report = Mapping[str, Any]
Row = tuple[str, str, Callable[[Report], float]]  # what, unit, where it is in a bot's report
WHAT_WIDTH = 54
LAGGED_MS = 100  # callers that fall behind so far no longer say anything about the bot


def lines(reports: Mapping[str, Report]) -> Iterator[str]:
    """A table with a column for each bot, and how the second compares with the first."""
    names = list(reports)
    yield f"  {'':<{WHAT_WIDTH}}" + "".join(f"{name:>14}" for name in names)
    for what, unit, figure in rows(next(iter(reports.values()))):
        figures = [figure(report) for report in reports.values()]
        yield f"  {f'{what} ({unit})':<{WHAT_WIDTH}}" + "".join(f"{value:>14.1f}" for value in figures) + compared(figures)
    yield from warnings(reports)


def rows(report: Report) -> Iterator[Row]:
    """What the table shows; the numbers of calls are those of `report`."""
    yield "start to ready", "s", lambda bot: bot["start_to_ready_s"]
    yield "memory after a first call", "MB", lambda bot: bot["rest_rss_mb"]
    yield "memory a call", "MB", lambda bot: bot["call_rss_mb"]
    for count in report["at_once"]:
        yield from load_rows(count)
    yield "barge-in to killAudio, median", "ms", lambda bot: bot["barge_in"]["barge_in_ms"]["median"]
    yield "barge-in to killAudio, p95", "ms", lambda bot: bot["barge_in"]["barge_in_ms"]["p95"]
    yield "barge-ins not noticed", "of all", lambda bot: bot["barge_in"]["not_noticed"]


def load_rows(count: str) -> Iterator[Row]:
    calls = f"{count} call{'' if count == '1' else 's at once'}"
    yield f"reply, {calls}, median", "ms", lambda bot: bot["at_once"][count]["reply_ms"]["median"]
    yield f"reply, {calls}, p95", "ms", lambda bot: bot["at_once"][count]["reply_ms"]["p95"]
    yield f"unanswered, {calls}", "turns", lambda bot: bot["at_once"][count]["unanswered"]
    yield f"processor, {calls}", "s/call minute", lambda bot: bot["at_once"][count]["cpu_s_a_call_minute"]
    yield f"calls a core would carry, {calls}", "calls", lambda bot: calls_a_core(bot["at_once"][count])


def calls_a_core(load: Report) -> float:
    """How many calls would use a core up: what latency allows is less."""
    return 60 / load["cpu_s_a_call_minute"] if load["cpu_s_a_call_minute"] else float("inf")


def compared(figures: list[float]) -> str:
    """Of two figures, how many times the first the second is."""
    if len(figures) != 2 or not all(0 < value < float("inf") for value in figures):
        return ""
    return f"   x {figures[1] / figures[0]:.2f}"


def warnings(reports: Mapping[str, Report]) -> Iterator[str]:
    """What makes figures worth less than they look."""
    for name, report in reports.items():
        for where, scene in scenes(report):
            if scene["callers_lag_ms"] > LAGGED_MS:
                yield f"  {name}, {where}: the callers fell {scene['callers_lag_ms']:.0f} ms behind, the machine was too busy for this"
            if sounded_on := scene.get("answer_before_sounded_on", 0):
                yield f"  {name}, {where}: {sounded_on} replies are none: the answer before was still sounding"
            for text in scene["trouble"][:3]:
                yield f"  {name}, {where}: {text}"


def scenes(report: Report) -> Iterator[tuple[str, Report]]:
    for count, load in report["at_once"].items():
        yield f"{count} at once", load
    yield "barge-in", report["barge_in"]
