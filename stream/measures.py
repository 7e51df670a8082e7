"""Notes the times of a turn and counts what happens, for the journal and /metrics."""

from __future__ import annotations

from calls import metrics
from calls.call import Outcome, Spent, Turn, Usage
from calls.stages import stages
from calls.tracing import UNTRACED, ConversationTrace


def stamp(turn: Turn, stage: str, since_speech_ms: int) -> None:
    """`stage` is a field of calls.call.Timings."""
    if getattr(turn.timings, stage) is None:
        setattr(turn.timings, stage, since_speech_ms)


def stamp_recognition(turn: Turn, spent: Spent | None, *, done_ms: int) -> None:
    """Where the recogniser's time went; `done_ms`: since the caller's last speech frame, when its words arrived."""
    if spent:
        timings = turn.timings
        timings.decoded = done_ms
        timings.encoded = done_ms - spent.decode_ms
        timings.begun = timings.encoded - spent.encode_ms
        timings.asked = timings.begun - spent.queue_ms


def turn_finished(turn: Turn, trace: ConversationTrace = UNTRACED) -> None:
    metrics.TURNS.labels(turn.intent.name if turn.intent else "none").inc()
    if turn.timings.reply is not None:
        metrics.REPLY.observe(turn.timings.reply / 1000)
    if turn.heard:
        for stage in stages(turn.timings.as_dict()):
            metrics.STAGE.labels(stage.name, "yes" if stage.ahead else "no").observe(stage.lasted_ms / 1000)
    if turn.interrupted.is_set():
        metrics.INTERRUPTIONS.inc()
    trace.turn_finished(turn)


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


def ended(outcome: Outcome, trace: ConversationTrace = UNTRACED) -> None:
    metrics.CALLS.labels(outcome.kind.value).inc()
    trace.ended(outcome)
