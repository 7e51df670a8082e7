"""Where the time of an answer went: the stages between the caller's last sound and ours, from a turn's stamps. Pure.

The call's page, /metrics and the traces all show these stages, so that they mean the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

IN_WORDS = {
    "endpoint": "waiting for the end of speech",
    "queue": "waiting for the recogniser",
    "encode": "recogniser: encoding",
    "decode": "recogniser: decoding",
    "words": "words certain",
    "understand": "understanding",
    "compose": "first sentence",
    "voice": "voice",
    "send": "on the wire",
    "ear": "to the caller's ear",
}
"""The stages in the order in which they follow from each other, and what people are told of them."""

_SPEECH = ("endpoint", "asked", "decoded")
_THOUGHT = ("transcribed", "decoded", "understood", "first_text")
_MADE_OF = {  # stage: (the stamp that ends it, those of which the last one begins it)
    "endpoint": ("endpoint", ()),
    "queue": ("begun", ("asked",)),
    "encode": ("encoded", ("asked", "begun")),
    "decode": ("decoded", ("asked", "begun", "encoded")),
    "words": ("transcribed", _SPEECH),
    "understand": ("understood", ("transcribed", "decoded")),
    "compose": ("first_text", ("transcribed", "decoded", "understood")),
    "voice": ("voiced", _THOUGHT),
    "send": ("reply", ("endpoint", *_THOUGHT, "voiced")),
    "ear": ("heard", ("reply",)),
}


@dataclass(frozen=True, slots=True)
class Stage:
    """Times are ms since the caller's last speech frame."""

    name: str  # of IN_WORDS
    began_ms: int
    ended_ms: int
    ahead: bool = False  # it was done before the end of speech was decided: the caller did not wait for it

    @property
    def lasted_ms(self) -> int:
        return self.ended_ms - self.began_ms


def stages(timings: Mapping[str, int]) -> tuple[Stage, ...]:
    """`timings`: calls.call.Timings as a mapping, any of them missing; in the order of IN_WORDS.

    A stage begins when the last of what it needs was there. What was begun ahead and done after the words were certain is counted
    from then on: so long the caller waited for it."""
    return tuple(_found(timings))


def _found(timings: Mapping[str, int]) -> Iterator[Stage]:
    endpoint_ms = timings.get("endpoint")
    for name, (end, causes) in _MADE_OF.items():
        if (ended_ms := timings.get(end)) is not None:
            ahead = endpoint_ms is not None and ended_ms < endpoint_ms
            yield Stage(name, _began_ms(timings, causes, ended_ms), ended_ms, ahead)


def _began_ms(timings: Mapping[str, int], causes: Sequence[str], ended_ms: int) -> int:
    known = [timings[cause] for cause in causes if cause in timings] or [0]
    return max((at_ms for at_ms in known if at_ms <= ended_ms), default=ended_ms)


def decisive(found: Sequence[Stage]) -> tuple[Stage, ...]:
    """Those that the caller's wait was made of, the last one first: each had to be over before the next could begin."""
    at, chain = next((stage for stage in found if stage.name == "send"), None), list[Stage]()
    while at:
        chain.append(at)
        before = [stage for stage in found if stage.ended_ms == chain[-1].began_ms and stage.lasted_ms]
        at = max(before, key=lambda stage: stage.lasted_ms, default=None)
    return tuple(chain)
