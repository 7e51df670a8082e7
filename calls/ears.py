"""Who hears the callers of a process now: the state of the whole ladder, for /readyz and the page of the live calls. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

WELL = ("ok", "well")
BELOW = {"jambonz": "Jambonz", "keypad": "the keypad", "human": "a human"}  # listening.without_ears


@dataclass(frozen=True, slots=True)
class Ears:
    """`by`: "the local model", "a remote recogniser"; "Jambonz", "the keypad" or "a human" of a process that has no engines;
    "nobody" of one that loads them. `state`: "well", or in a few words what is not."""

    by: str
    state: str
    since: datetime


def ears(recognizer: Mapping[str, Any], trouble: str, without_ears: str, before: Ears | None, now: datetime) -> Ears:
    """`recognizer` describes itself; {} while there is none, for good where there is `trouble`. `before`: what was seen last."""
    by, state = _now(recognizer, trouble, without_ears)
    return before if before and (before.by, before.state) == (by, state) else Ears(by, state, now)


def _now(recognizer: Mapping[str, Any], trouble: str, without_ears: str) -> tuple[str, str]:
    if not recognizer:
        return (BELOW[without_ears], "the engines can't be started") if trouble else ("nobody", "loading")
    by = "a remote recogniser" if recognizer.get("engine") == "remote" else "the local model"
    state = str(recognizer.get("state", "well"))
    if recognizer.get("rung", 1) > 1:
        return by, f"in place of one that failed ({recognizer['rungs'][0].get('last', 'unknown')})"
    return by, "well" if state in WELL else state
