"""A CRM for tests: it does what its script says, and remembers what was asked of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from calls.call import CallRecord
from calls.crm import FinishedCall, KnownCaller

Act = Callable[[], str] | str | Exception


class FakeCrm:
    """`script`: step -> what its tries bring, in order: a result, an error to raise, or something to call. After the last: done."""

    def __init__(
        self, name: str = "fake", steps: Sequence[str] = ("ticket", "note"), script: Mapping[str, Sequence[Act]] | None = None
    ) -> None:
        self.name, self.steps = name, tuple(steps)
        self._lock = threading.Lock()
        self.follow(script or {})
        self.tries: list[tuple[str, str, int, dict[str, str]]] = []  # call_sid, step, attempt, done
        self.known: dict[str, KnownCaller] = {}

    def follow(self, script: Mapping[str, Sequence[Act]]) -> None:
        """Another script from now on."""
        with self._lock:
            self._script = {step: list(acts) for step, acts in script.items()}

    def do(self, step: str, call: FinishedCall, done: Mapping[str, str], *, attempt: int) -> str:
        with self._lock:
            self.tries.append((call.record.sid, step, attempt, dict(done)))
            acts = self._script.get(step)
            act = acts.pop(0) if acts else f"{step} of {call.record.sid}"
        if isinstance(act, Exception):
            raise act
        return act if isinstance(act, str) else act()

    def known_caller(self, phone: str, *, timeout_s: float) -> KnownCaller | None:
        return self.known.get(phone)

    def tries_of(self, record: CallRecord | str) -> list[tuple[str, int]]:
        """(step, attempt) of one call, in order."""
        sid = record if isinstance(record, str) else record.sid
        return [(step, attempt) for call, step, attempt, _ in self.tries if call == sid]
