"""What the sections of jambonz-app.json have in common."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from rapidfuzz.distance import JaroWinkler

Text = Annotated[str, Field(min_length=1, max_length=2000)]
LanguageCode = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
ALIKE = 0.65  # of 1: below it a name is not what somebody meant
NAMES_SHOWN = 12


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Misfits(ValueError):
    """What a section finds in itself: (place below it, in dots; what is wrong there)."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{place}: {why}" if place else why for place, why in faults))
        self.faults = tuple(faults)


def unknown(kind: str, name: str, known: Collection[str]) -> str:
    """`no intent 'gst_qury'; did you mean 'gst_query'?`: for a name that stands for nothing."""
    return f"no {kind} {name!r}; {meant(name, known)}"


def meant(name: str, known: Collection[str]) -> str:
    """What somebody may have meant who wrote `name`: the nearest of the known names, or else all of them."""
    near = nearest(name, known)
    if near:
        return f'did you mean "{near}"?'
    names = sorted(known)
    return f"there are: {', '.join(names[:NAMES_SHOWN]) or 'none'}" + (" ..." if len(names) > NAMES_SHOWN else "")


def nearest(name: str, known: Collection[str]) -> str:
    """The known name that looks most like `name`, one with its first letter rather than another; "" when none does."""
    likeness = {each: JaroWinkler.similarity(name.casefold(), each.casefold()) for each in sorted(known)}
    best = max(likeness, key=lambda each: (round(likeness[each], 3), each[:1] == name[:1]), default="")
    return best if best and likeness[best] >= ALIKE else ""
