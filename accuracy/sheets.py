"""Test sentences on disk: TSV, one utterance a line: `intent<TAB>text`, or `language<TAB>intent<TAB>text`; `#` begins a comment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
LANGUAGES = ("en", "hinglish", "hi", "ta")
SETS = ("test", "second", "dev")  # written by three hands: "second" was never tuned to, "dev" is read by who tunes


@dataclass(frozen=True, slots=True)
class Line:
    """One utterance with the intent that a support lead would give it. `sheet`: the language of its figures, e.g. "hinglish"."""

    sheet: str
    intent: str
    text: str


def own_sheets(of: str) -> list[Path]:
    """The files that come with the bot, of one of the SETS."""
    paths = (FOLDER / f"{language}_{of}.tsv" for language in LANGUAGES)
    return [path for path in paths if path.exists()]


def read(path: Path) -> list[Line]:
    """Raises ValueError that names the file and the line of what is no utterance."""
    return list(_lines(path))


def _lines(path: Path) -> Iterator[Line]:
    sheet = path.stem.rsplit("_", 1)[0]
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match [part.strip() for part in line.split("\t")]:
            case [intent, text] if intent and text:
                yield Line(sheet, intent, text)
            case [language, intent, text] if language and intent and text:
                yield Line(f"{sheet} {language}", intent, text)
            case _:
                raise ValueError(f"{path}:{number}: expected intent<TAB>text, or language<TAB>intent<TAB>text")
