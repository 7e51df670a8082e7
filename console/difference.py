"""Two texts compared line by line, for people."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

AROUND = 3  # unchanged lines that are shown beside a change
LONGEST = 2000  # lines


@dataclass(frozen=True, slots=True)
class Line:
    """`gap` stands for unchanged lines that are left out."""

    kind: Literal["same", "gone", "new", "gap"]
    before: int | None  # its number in the old text
    after: int | None  # and in the new one
    text: str = ""

    @property
    def sign(self) -> str:
        return {"gone": "−", "new": "+"}.get(self.kind, "")

    @property
    def said(self) -> str:
        """For who hears the page."""
        return {"gone": "removed", "new": "added"}.get(self.kind, "")


def difference(before: str, after: str) -> list[Line]:
    """What changes from one to the other; [] when nothing does."""
    old, new = before.splitlines(), after.splitlines()
    groups = difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(AROUND)
    lines: list[Line] = []
    for number, group in enumerate(groups):
        if number:
            lines.append(Line("gap", None, None))
        for opcode in group:
            lines += changed(old, new, *opcode)
    return lines[:LONGEST]


def changed(old: list[str], new: list[str], tag: str, i1: int, i2: int, j1: int, j2: int) -> Iterator[Line]:
    if tag == "equal":
        yield from (Line("same", i1 + at + 1, j1 + at + 1, text) for at, text in enumerate(old[i1:i2]))
        return
    yield from (Line("gone", i1 + at + 1, None, text) for at, text in enumerate(old[i1:i2]))
    yield from (Line("new", None, j1 + at + 1, text) for at, text in enumerate(new[j1:j2]))
