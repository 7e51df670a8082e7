"""Digits that the caller keys in where a number was asked for. Pure: keys and times in, the whole number out."""

from __future__ import annotations

ENDS, CLEARS = "#", "*"
MOST_DIGITS = 40  # more is somebody playing with the keys


class Keying:
    """One per call. A number is complete with "#", or when no key came for `timeout_s`; "*" begins it anew."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s, self._digits, self._last_at = timeout_s, "", 0.0

    @property
    def under_way(self) -> bool:
        return bool(self._digits)

    def press(self, key: str, now: float) -> str:
        """The whole number if this key completes it, else ""."""
        self._last_at = now
        if key == ENDS:
            return self.take()
        self._digits = "" if key == CLEARS else (self._digits + key)[:MOST_DIGITS]
        return ""

    def due(self, now: float) -> str:
        """The whole number if the caller has keyed no more for a while, else ""."""
        return self.take() if self._digits and now - self._last_at >= self._timeout_s else ""

    def take(self) -> str:
        """What was keyed so far, done with or not."""
        digits, self._digits = self._digits, ""
        return digits
