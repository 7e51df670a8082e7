"""How long the bot waits: for a caller who says nothing or nothing that is words, and for a call that does not end.

Pure; seconds in, events out.
"""

from __future__ import annotations

from calls.events import CallerSilent, TimeUp


class Patience:
    """Tell it `stir` whenever anything sounds, and `heard` when words were made out; `due` says when it has run out."""

    def __init__(self, *, silence_ms: int, max_silences: int, max_unheard_s: float, max_call_s: int, now: float) -> None:
        self._silence_s, self._most, self._unheard_s = silence_ms / 1000, max_silences, max_unheard_s
        self._stirred_at, self._ends_at, self._over = now, now + max_call_s, False
        self._silences = 0  # in a row
        self._wordless_s, self._sounding = 0.0, False  # of the caller's sound since the last word
        self._asked = False  # into such sound

    def stir(self, now: float, *, by_caller: bool = False) -> None:
        """Something sounds, of ours or the caller's, or is awaited."""
        if by_caller and self._sounding:
            self._wordless_s += now - self._stirred_at
        self._stirred_at, self._sounding = now, by_caller

    def heard(self, now: float) -> None:
        """The caller's words were made out, or a key was pressed."""
        self._stirred_at, self._wordless_s = now, 0.0
        self._silences, self._asked = 0, False

    def due(self, now: float) -> CallerSilent | TimeUp | None:
        """What the bot has waited for long enough. Hold music never is silent: after `max_unheard_s` of sound without a word the caller is
        taken for a silent one and asked once, and two silences' time later for one who was asked as often as may be."""
        if now >= self._ends_at and not self._over:
            self._over = True
            return TimeUp()
        if now - self._stirred_at >= self._silence_s:
            self._stirred_at, self._sounding = now, False
            return self._silent(self._silences + 1)
        if self._wordless_s >= (2 * self._silence_s if self._asked else self._unheard_s):
            self._wordless_s = 0.0
            return self._silent(max(self._silences, self._most) + 1 if self._asked else self._silences + 1, asked=True)
        return None

    def _silent(self, times: int, *, asked: bool = False) -> CallerSilent:
        self._silences, self._asked = times, self._asked or asked
        return CallerSilent(times)
