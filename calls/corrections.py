"""What an agent says was really meant, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class CorrectionKind(StrEnum):
    INTENT = "intent"  # `heard` is an utterance that meant the intent `meant`
    WORD = "word"  # `heard` are misheard words that mean the words `meant`


class CorrectionState(StrEnum):
    PROPOSED = "proposed"
    KEPT = "kept"  # in jambonz-app.json now: a phrase of the intent, or one of understanding.variations
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Correction:
    id: int
    kind: CorrectionKind
    heard: str
    meant: str
    language: str
    state: CorrectionState
    proposed_at: datetime
    call_sid: str = ""
    turn: int | None = None
    person: str = ""  # who said so: a login, or the name under a wrap-up
    score: Mapping[str, int | float | str] = field(default_factory=dict)
    settled_at: datetime | None = None
    settled_by: str = ""
