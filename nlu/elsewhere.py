"""Sentences that are none of a helpdesk's business: food, trains, cricket ... The rules learn from them what to leave alone.

What one helpdesk has nothing to do with is another's business, so these count little beside an admin's own phrases."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_SHIPPED = Path(__file__).with_name("elsewhere.tsv")


@cache
def shipped() -> tuple[str, ...]:
    """In English, Hindi, Hinglish and Tamil."""
    lines = (line.split("\t") for line in _SHIPPED.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    return tuple(text for _world, _language, text in lines)
