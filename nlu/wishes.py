"""What a call is about: one of the wishes that were understood in it. Pure; tickets, routing and first sentences agree by asking here."""

from __future__ import annotations

from collections.abc import Sequence

from calls.call import Intent
from calls.settings import Settings, pick

TRANSFER, OTHER = "transfer_to_human", "other"
Wish = tuple[str, float]  # (intent, confidence) of a turn


def main_wish(settings: Settings, wishes: Sequence[Wish]) -> int | None:
    """The place of the wish that the call is about, None when none was understood.

    Of those that were well understood: an urgent one, else one for more than a human, each time the latest."""
    return max(
        (at for at, wish in enumerate(wishes) if is_wish(settings, wish)),
        key=lambda at: (settings.intents[wishes[at][0]].priority == "high", wishes[at][0] != TRANSFER, at),
        default=None,
    )


def is_wish(settings: Settings, wish: Wish) -> bool:
    name, confidence = wish
    return name in settings.intents and name != OTHER and confidence >= settings.understanding.threshold


def is_sure(settings: Settings, intent: Intent) -> bool:
    return intent.confidence >= settings.understanding.threshold


def has_topic(settings: Settings, intent: str) -> bool:
    """Whether the intent says what the call is about; to want a human, or something else, does not."""
    return intent in settings.intents and intent not in (TRANSFER, OTHER)


def topic_of(settings: Settings, intent: str, language: str) -> str:
    """What an intent is called when spoken of."""
    wish = settings.intents.get(intent)
    return (pick(wish.label, language, settings.language) if wish else "") or intent.replace("_", " ")
