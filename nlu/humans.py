"""Whether a human could take a call at this moment, and if not, when one can."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from calls.call import Intent, Turn
from calls.routing import opens_at
from calls.settings import Settings
from nlu.moments import spoken_moment
from nlu.wishes import TRANSFER, main_wish

log = logging.getLogger(__name__)
Anybody = Callable[[str, str], bool]
"""`anybody(intent, language)`: whether somebody could be rung now for a call about this in that language."""


def always(intent: str, language: str) -> bool:
    """The `Anybody` of a house in which somebody is there at any time."""
    return True


def utc_now() -> datetime:
    return datetime.now(UTC)


class Humans:
    """`why` is the reason of the handover: the intent that asked for it, or a constant word; `intent` what this turn was understood as.

    A call is routed by what it is about, as its summary will say."""

    def __init__(self, settings: Settings, anybody: Anybody = always, now: Callable[[], datetime] = utc_now) -> None:
        self._settings, self._anybody, self._now = settings, anybody, now

    def are_there(self, why: str, intent: Intent, turn: Turn, history: Sequence[Turn]) -> bool:
        """When that can't be found out, yes: the caller is connected, and then it shows."""
        try:
            return self._anybody(self._matter(why, intent, history), turn.language)
        except Exception:
            log.exception("whether anybody is there could not be found out; the caller is connected")
            return True

    def come_back(self, why: str, intent: Intent, turn: Turn, history: Sequence[Turn], language: str) -> str:
        """When somebody will be there, in words of `language`; "" while it is open and everybody is busy, or when it can't be said."""
        now = self._now()
        opening = opens_at(self._settings.escalation, intent=self._matter(why, intent, history), language=turn.language, now=now)
        return spoken_moment(opening, now, language) if opening and opening > now else ""

    def _matter(self, why: str, intent: Intent, history: Sequence[Turn]) -> str:
        understood = [*(turn.intent for turn in history if turn.intent), intent]
        wishes = [*((each.name, each.confidence) for each in understood), (why, 1.0)]
        at = main_wish(self._settings, wishes)
        return TRANSFER if at is None else wishes[at][0]
