"""How long the bot waits: for a caller who says nothing, and for a call that does not end. Pure; seconds in, events out."""

from __future__ import annotations

from calls.events import CallerSilent, TimeUp


class Patience:
    """Tell it `stir` whenever somebody speaks; `due` says when it has run out."""

    def __init__(self, *, silence_ms: int, max_call_s: int, now: float) -> None:
        self._silence_s, self._ends_at = silence_ms / 1000, now + max_call_s
        self._stirred_at, self._silences, self._over = now, 0, False

    def stir(self, now: float, *, by_caller: bool = False) -> None:
        self._stirred_at = now
        if by_caller:
            self._silences = 0

    def due(self, now: float) -> CallerSilent | TimeUp | None:
        if now >= self._ends_at and not self._over:
            self._over = True
            return TimeUp()
        if now - self._stirred_at < self._silence_s:
            return None
        self._stirred_at = now
        self._silences += 1
        return CallerSilent(self._silences)
