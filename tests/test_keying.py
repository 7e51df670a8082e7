"""Digits that are keyed in where a number was asked for."""

from __future__ import annotations

import pytest

from stream.keying import Keying


def keyed(keys: str) -> list[str]:
    keying = Keying(4.0)
    return [number for at, key in enumerate(keys) if (number := keying.press(key, float(at)))]


@pytest.mark.parametrize(
    ("keys", "numbers"),
    [("4567#", ["4567"]), ("45*67#", ["67"]), ("#", []), ("45", []), ("1#2#", ["1", "2"]), ("9" * 60 + "#", ["9" * 40])],
)
def test_hash_ends_and_star_begins_anew(keys: str, numbers: list[str]) -> None:
    assert keyed(keys) == numbers


def test_a_pause_ends_it_too() -> None:
    keying = Keying(4.0)
    keying.press("4", 10.0)
    keying.press("5", 12.0)
    assert [keying.due(15.9), keying.under_way, keying.due(16.0), keying.under_way, keying.due(30.0)] == ["", True, "45", False, ""]
