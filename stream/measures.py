"""Notes the times of a turn and counts what happens, for the journal and /metrics."""

from __future__ import annotations

from calls import metrics
from calls.call import Outcome, Turn, Usage


def stamp(turn: Turn, stage: str, since_speech_ms: int) -> None:
    """`stage` is a field of calls.call.Timings."""
    if getattr(turn.timings, stage) is None:
        setattr(turn.timings, stage, since_speech_ms)


def turn_finished(turn: Turn) -> None:
    metrics.TURNS.labels(turn.intent.name if turn.intent else "none").inc()
    for stage, ms in turn.timings.as_dict().items():
        if stage == "reply":
            metrics.REPLY.observe(ms / 1000)
        else:
            metrics.STAGE.labels(stage).observe(ms / 1000)
    if turn.interrupted.is_set():
        metrics.INTERRUPTIONS.inc()


def model_used(usage: Usage) -> None:
    metrics.MODEL_TURNS.labels(usage.engine, usage.fell_back or "answered").inc()
    for kind in ("input", "output", "cache_read", "cache_write"):
        metrics.MODEL_TOKENS.labels(usage.engine, kind).inc(getattr(usage, f"{kind}_tokens"))
    metrics.MODEL_COST.labels(usage.engine).inc(usage.cost_usd)
    if usage.first_text_ms is not None:
        metrics.FIRST_TEXT.labels(usage.engine).observe(usage.first_text_ms / 1000)


def asked_whether_solved(intent: str) -> None:
    """The caller's answer to Question.SOLVED."""
    metrics.FAQ.labels(intent if intent in ("yes", "no") else "unsaid").inc()


def paused() -> None:
    metrics.PAUSES.inc()


def engine_failed(lane: str) -> None:
    metrics.ENGINE_FAILURES.labels(lane).inc()


def ended(outcome: Outcome) -> None:
    metrics.CALLS.labels(outcome.kind.value).inc()
