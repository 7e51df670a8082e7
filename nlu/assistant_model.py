"""What the assistant asks of a language model, and what comes back. No vendor in here: claude.py and openai_chat.py translate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from calls.errors import EngineError

Why = Literal[
    "unreachable",  # no connection
    "timeout",  # connected, and then nothing
    "refused_key",  # 401, 403
    "bad_request",  # another 4xx: model's name, parameters
    "rate_limited",  # 429
    "overloaded",  # 529, or said in mid-stream
    "server_error",  # 5xx
    "truncated",  # the stream ended before the answer did
    "garbage",  # no answer of the agreed form
    "refused",  # the model declined
    "empty",  # no words
    "unsafe",  # words that must not be spoken
    "deadline",  # no speakable words in time
    "stalled",  # it stopped in mid-answer
    "resting",  # the model failed lately and is not asked for a while
]


class ModelFailed(EngineError):
    """The model did not answer as agreed. `why` is a constant word; `rest_s`, how long it asks to be left alone."""

    def __init__(self, why: Why, *, rest_s: float | None = None) -> None:
        super().__init__(f"the language model failed: {why}")
        self.why, self.rest_s = why, rest_s


# -- asked ------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Message:
    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    description: str
    parameters: Mapping[str, Any]  # JSON Schema of its arguments


@dataclass(frozen=True, slots=True)
class ToolCall:
    """`arguments` is JSON as the model wrote it, not checked."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolRound:
    """What the model did with tools in this turn, and what they brought: (call, result, went well). `text`: what it said before."""

    text: str
    results: tuple[tuple[ToolCall, str, bool], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """`system` is the same bytes for every call, so that the vendor caches it. `messages` begin and end with the user and alternate."""

    system: str
    messages: tuple[Message, ...]
    max_tokens: int
    tools: tuple[Tool, ...] = ()
    tool_round: ToolRound | None = None


# -- answered ---------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class ToolBegan:
    """The text is over for now; arguments follow."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens of the request so far; the latest counts. `input` without those read from or written to the cache."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0


@dataclass(frozen=True, slots=True)
class Stopped:
    """The answer is whole. "length": cut off at max_tokens."""

    why: Literal["end", "tools", "length", "refused"] = "end"


Piece = Text | ToolBegan | ToolCall | Spent | Stopped


class Model(Protocol):
    """Shared by all calls; `stream` runs on a thread of its own."""

    engine: str  # "claude", "openai"
    model: str

    def stream(self, request: Request, hang_up: Callable[[Callable[[], None]], None]) -> Iterator[Piece]:
        """One request; `Stopped` is its last piece. `hang_up(closer)` hands over how the connection is cut from another thread, as soon
        as there is one.

        Raises ModelFailed."""

    def close(self) -> None:
        """Lets go of the connections that are kept; what is asked now may fail."""


def seconds_of(retry_after: str) -> float | None:
    """Of a Retry-After header in seconds; of a date, or none at all, nothing."""
    return float(retry_after) if retry_after.replace(".", "", 1).isdecimal() else None
