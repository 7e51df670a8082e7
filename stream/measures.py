"""Notes the times of a turn and counts what happens, for the journal and /metrics."""

from __future__ import annotations

from calls import metrics
from calls.call import Outcome, Turn


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


def paused() -> None:
    metrics.PAUSES.inc()


def engine_failed(lane: str) -> None:
    metrics.ENGINE_FAILURES.labels(lane).inc()


def ended(outcome: Outcome) -> None:
    metrics.CALLS.labels(outcome.kind.value).inc()
