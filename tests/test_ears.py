"""What /readyz and the live page say of who hears the callers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from calls.ears import Ears, ears

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LOCAL = {"model": "small", "device": "cpu", "state": "ok"}
REMOTE = {"engine": "remote", "state": "well"}
FALLEN = {**LOCAL, "rung": 2, "rungs": [{**REMOTE, "last": "timeout"}, LOCAL]}


@pytest.mark.parametrize(
    ("recognizer", "trouble", "switch", "by", "state"),
    [
        ({}, "", "jambonz", "nobody", "loading"),
        ({}, "no model.bin lies there", "jambonz", "Jambonz", "the engines can't be started"),
        ({}, "no model.bin lies there", "keypad", "the keypad", "the engines can't be started"),
        ({}, "no model.bin lies there", "human", "a human", "the engines can't be started"),
        (LOCAL, "", "jambonz", "the local model", "well"),
        ({**LOCAL, "state": "restarting"}, "", "jambonz", "the local model", "restarting"),
        (REMOTE, "", "jambonz", "a remote recogniser", "well"),
        ({**REMOTE, "state": "resting"}, "", "jambonz", "a remote recogniser", "resting"),
        ({**REMOTE, "rung": 1, "rungs": [REMOTE, LOCAL]}, "", "jambonz", "a remote recogniser", "well"),
        (FALLEN, "", "jambonz", "the local model", "in place of one that failed (timeout)"),
    ],
)
def test_who_hears(recognizer: Mapping[str, Any], trouble: str, switch: str, by: str, state: str) -> None:
    assert ears(recognizer, trouble, switch, None, NOW) == Ears(by, state, NOW)


def test_since_is_kept_until_something_changes() -> None:
    before, later = ears(REMOTE, "", "jambonz", None, NOW), NOW + timedelta(minutes=5)
    assert ears(REMOTE, "", "jambonz", before, later) == before
    assert ears(FALLEN, "", "jambonz", before, later).since == later
