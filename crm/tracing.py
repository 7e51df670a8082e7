"""The steps of a delivery in the trace of its call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from calls.crm import FinishedCall, Teller
from calls.tracing import Facts, Span, Traces


class TracedTeller:
    """A `calls.crm.Teller` whose every try is told of, with how it ended."""

    def __init__(self, teller: Teller, traces: Traces, clock: Callable[[], datetime]) -> None:
        self._teller, self._traces, self._clock = teller, traces, clock
        self.name, self.steps = teller.name, teller.steps

    def do(self, step: str, call: FinishedCall, done: Mapping[str, str], *, attempt: int) -> str:
        """See calls.crm.Teller."""
        began_at, failed = self._clock(), True
        try:
            result = self._teller.do(step, call, done, attempt=attempt)
            failed = False
            return result
        finally:
            facts: Facts = {"voicebot.crm": self.name, "voicebot.step": step, "voicebot.attempt": attempt}
            span = Span(f"deliver {self.name} {step}", began_at, self._clock(), facts, failed=failed)
            self._traces.add(call.record.sid, span)
