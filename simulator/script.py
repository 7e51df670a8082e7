"""What the caller does: a list of steps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sound:
    """Ready sound: 16-bit little-endian mono PCM."""

    pcm: bytes
    sample_rate: int
    name: str = "recording"


@dataclass(frozen=True, slots=True)
class Say:
    """Say it when the bot has been heard and is silent again; `keys` are pressed while saying it."""

    what: str | Sound
    language: str = "en"
    keys: str = ""
    keys_after_ms: int = 500  # of speech; the next ones follow 300 ms apart


@dataclass(frozen=True, slots=True)
class Barge:
    """Say it over the bot's next speech, when that has sounded for `after_ms`."""

    what: str | Sound
    after_ms: int = 900
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Press:
    """Press a key; `at_once` without waiting for the bot to be silent."""

    digit: str
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    ms: int


@dataclass(frozen=True, slots=True)
class Drop:
    """The audio socket breaks at once, and the call goes on without it: "reset" (TCP), or "closed" by a proxy between (1001)."""

    how: str = "reset"


@dataclass(frozen=True, slots=True)
class HangUp:
    """Hang up at once."""


Step = Say | Barge | Press | Wait | Drop | HangUp
Spoken = Say | Barge


def words_of(step: Spoken) -> str:
    return step.what if isinstance(step.what, str) else step.what.name
