"""jambonz-app.json checked as a text: every fault with its place, and what is allowed but hardly meant (warnings).

Used by `flask check`, by the page that edits the file, and by whoever takes a changed file (configuration.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from calls.doubts import doubts
from calls.faults import Fault, dotted, fitted
from calls.marks import Marked, Path
from calls.section import unknown
from calls.settings import Settings

Engines = Mapping[str, Collection[str]]  # section of jambonz-app.json -> the names that its `use` may have


@dataclass(frozen=True, slots=True)
class Checked:
    """`settings` is None when there are faults; warnings are looked for only when there are none."""

    settings: Settings | None
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...] = ()


def check(text: str, *, engines: Engines | None = None) -> Checked:
    """`engines`: which there are; without it their names are not looked at."""
    settings, marked, faults = fitted(Settings, text)
    if settings is None or marked is None:
        return Checked(None, faults)
    if faults := tuple(fault_of(marked, path, why) for path, why in unknown_engines(settings, engines or {})):
        return Checked(None, faults)
    found = {warning(marked, path, why) for path, why in doubts(settings)}
    return Checked(settings, (), tuple(sorted(found, key=lambda fault: (fault.line, fault.column, fault.message))))


def unknown_engines(settings: Settings, engines: Engines) -> list[tuple[Path, str]]:
    chosen = {section: getattr(settings, section).use for section in engines}
    return [((section, "use"), unknown("engine", use, engines[section])) for section, use in chosen.items() if use not in engines[section]]


def fault_of(marked: Marked, path: Path, why: str) -> Fault:
    mark = marked.marks.get(path) or marked.marks[path[:-1]]
    return Fault(dotted(path), *marked.place(mark.start), why)


def warning(marked: Marked, path: Path, why: str) -> Fault:
    """At the key of what is doubtful, or of what lacks it; the file's first line for what it does not hold at all."""
    known = next((path[:length] for length in range(len(path), 0, -1) if path[:length] in marked.marks), ())
    return Fault(dotted(path), *marked.place(marked.marks[known].key), why)


__all__ = ["Checked", "Engines", "Fault", "check"]
