"""The stream on which the caller talks: with the bot, or with an agent at the desk's page."""

from __future__ import annotations

from calls.call import CallRecord
from calls.tokens import audio_password
from webhooks.addresses import audio_url, hook_url
from webhooks.ports import Bot
from webhooks.verbs import Verb, stream


def talk(house: Bot, call_sid: str, *, action_hook: str = "/voice/ended", **metadata: str) -> Verb:
    """Only this call can open the stream's socket; what it is for is said by its metadata."""
    return stream(
        audio_url(house.environment),
        action_hook=hook_url(house.environment, action_hook),
        sample_rate=house.settings.stream.sample_rate,
        username=call_sid,
        password=audio_password(house.secrets[0], call_sid),
        metadata=metadata,
    )


def language_of(record: CallRecord | None) -> str:
    """The language that the caller spoke last; "" of an unknown call."""
    if record is None:
        return ""
    return record.turns[-1].language if record.turns else record.language
