"""Figures to lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def table(sheet: str, told: Mapping[str, Any]) -> Iterator[str]:
    """What is printed for one language."""
    yield f"{sheet}: {told['accuracy']:.1%} of {told['n']} utterances"
    for name, intent in told["intents"].items():
        missed = {wrong: count for wrong, count in told["confusion"][name].items() if wrong != name}
        taken = "  taken for " + ", ".join(f"{wrong} {count}" for wrong, count in missed.items()) if missed else ""
        yield f"  {name:<20} {intent['accuracy']:>6.1%}  {intent['right']:>3} of {intent['n']:<3}{taken}"
    yield f"  false transfers {told['false_transfers']:.1%}, other recognised {told['other_recognised']:.1%}"
    rows = (f"{row['from']:.2f}-{row['to']:.2f}: {row['right']:.0%} of {row['n']}" for row in told["calibration"])
    yield "  right by confidence " + ", ".join(rows)
    yield f"  an utterance takes {told['ms']['median']:.2f} ms (median), {told['ms']['p95']:.2f} ms (p95)"
