"""What a call leaves in traces: spans as plain trees, and the port of those who take them. Pure; nothing depends on their arrival.

A trace is a call. Its ids follow from the call_sid, so that every process and every hook adds to the same one without asking another.
Spans hold names, numbers and short constant words: never a caller's words, never a telephone number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from calls.call import CallRecord, Outcome, Turn
from calls.registry import Registry
from calls.stages import Stage, stages

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
EXPORTERS = Registry("traces exporter", otlp="stream.tracing:OtlpTraces")
Facts = Mapping[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class Span:
    """Something that lasted, with what it was made of."""

    name: str
    began_at: datetime
    ended_at: datetime
    facts: Facts = field(default_factory=dict)
    parts: tuple[Span, ...] = ()
    failed: bool = False


class Traces(Protocol):
    """One a process. `add` and `whole` may be called from any thread, never raise and never wait."""

    def add(self, call_sid: str, span: Span) -> None:
        """A span of the call's trace, below the call's own."""

    def whole(self, call_sid: str, span: Span) -> None:
        """The call itself, when it is over; told again, it is the same span again."""

    def close(self) -> None:
        """Hand over what waits, for some seconds at most; nothing more is taken."""


class NotTraced:
    """The `Traces` of a process that has no endpoint for them."""

    def add(self, call_sid: str, span: Span) -> None: ...
    def whole(self, call_sid: str, span: Span) -> None: ...
    def close(self) -> None: ...


NOT_TRACED: Traces = NotTraced()


def open_traces(environ: Mapping[str, str]) -> Traces:
    """By OpenTelemetry's own variables; its library is imported when they ask for it. Raises SettingsError when it is missing."""
    off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or environ.get("OTEL_TRACES_EXPORTER") == "none"
    if off or not any(environ.get(name) for name in ENDPOINTS):
        return NOT_TRACED
    traces: Traces = EXPORTERS.make("otlp", environ=environ)
    return traces


# -- ids --------------------------------------------------------------------------------
def trace_id(call_sid: str) -> int:
    """128 bits, never 0."""
    return int.from_bytes(hashlib.sha256(f"trace {call_sid}".encode()).digest()[:16]) or 1


def call_span_id(call_sid: str) -> int:
    """Of the call's own span: 64 bits, never 0."""
    return int.from_bytes(hashlib.sha256(f"call {call_sid}".encode()).digest()[:8]) or 1


# -- a conversation ---------------------------------------------------------------------
class ConversationTrace:
    """From the opening of its audio socket on, whose moment is that of its making."""

    def __init__(self, traces: Traces, call_sid: str, now: Callable[[], datetime]) -> None:
        self._traces, self._call_sid, self._now = traces, call_sid, now
        self._opened_at = now()

    def turn_finished(self, turn: Turn) -> None:
        self._traces.add(self._call_sid, turn_span(turn, self._opened_at))

    def ended(self, outcome: Outcome) -> None:
        facts = {"voicebot.outcome": outcome.kind.value, "voicebot.reason": outcome.reason}
        self._traces.add(self._call_sid, Span("conversation", self._opened_at, self._now(), facts))


UNTRACED = ConversationTrace(NOT_TRACED, "", lambda: datetime.now(UTC))


def turn_span(turn: Turn, opened_at: datetime) -> Span:
    """From the caller's first sound to the last that is known of our answer. `opened_at`: when the turn's audio socket opened."""
    spoken_at = opened_at + timedelta(milliseconds=turn.ended_ms)
    parts = tuple(stage_span(stage, spoken_at) for stage in stages(turn.timings.as_dict()))
    began_at = opened_at + timedelta(milliseconds=turn.began_ms)
    return Span(f"turn {turn.number}", began_at, max([spoken_at, *(part.ended_at for part in parts)]), turn_facts(turn), parts)


def turn_facts(turn: Turn) -> Facts:
    reply: Facts = {} if turn.timings.reply is None else {"voicebot.reply_ms": turn.timings.reply}
    return {
        "voicebot.turn": turn.number,
        "voicebot.language": turn.language,
        "voicebot.intent": turn.intent.name if turn.intent else "none",
        "voicebot.answers_words": bool(turn.heard),
        "voicebot.interrupted": turn.interrupted.is_set(),
        **reply,
    }


def stage_span(stage: Stage, spoken_at: datetime) -> Span:
    began_at, ended_at = (spoken_at + timedelta(milliseconds=ms) for ms in (stage.began_ms, stage.ended_ms))
    return Span(stage.name, began_at, ended_at, {"voicebot.ahead": stage.ahead})


def call_span(record: CallRecord) -> Span | None:
    """None while the call goes on. Its outcome may come later than its end: the conversation's span has it for certain."""
    if record.ended_at is None:
        return None
    outcome = {"voicebot.outcome": record.outcome.kind.value} if record.outcome else {}
    return Span("call", record.started_at, record.ended_at, {"voicebot.direction": record.direction} | outcome)
