"""`make accuracy`: how well callers are understood, by language and intent; printed, and kept as JSON.

Figures, not a test: ends with 0 whatever they are."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from accuracy import sheets
from accuracy.figures import OTHER, Answer, figures
from accuracy.table import table
from calls.call import Call, Intent, Question, Turn
from calls.errors import BotError
from calls.ports import Understanding
from calls.settings import Environment, Settings, load
from engines import make_understanding, understood_by

CALL = Call("accuracy", "+919876500001", "+911140000000")
BEFORE = (Turn(0, said=["How can I help you?"], asked=Question.OPEN),)
KEPT = Path("bench-results/accuracy.json")
Understand = Callable[[str], Intent]


def main(arguments: Sequence[str] | None = None) -> int:
    told = parser().parse_args(arguments)
    try:
        settings = load(told.file)
        lines = [line for path in told.files or sheets.own_sheets(told.set) for line in sheets.read(path)]
        engine = make_understanding(understood_by(settings, told.engine), Environment.read(os.environ), anybody=lambda *about: True)
    except BotError as error:
        print(error, file=sys.stderr)
        return 0
    report = measure(lines, asking(engine), settings, misses=told.misses)
    for sheet, found in report.items():
        print("\n".join(table(sheet, found)), end="\n\n")
    keep(told.out, {"engine": told.engine, "file": str(told.file), "sheets": report})
    return 0


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m accuracy", description="How well callers are understood.")
    parser.add_argument("--engine", default="rules", help="as in understanding.use")
    parser.add_argument("--file", default="jambonz-app.json", type=Path, help="the settings to understand by")
    parser.add_argument("--set", default="test", choices=sheets.SETS, help="which of the sentences that come with the bot")
    parser.add_argument("--misses", action="store_true", help="print what was misunderstood")
    parser.add_argument("--out", default=KEPT, type=Path, help="where the figures are kept")
    parser.add_argument("files", nargs="*", type=Path, help="sheets of your own: intent<TAB>text")
    return parser


def asking(engine: Understanding) -> Understand:
    """The first words of a call, answered by `engine` as in a call."""

    def understand(heard: str) -> Intent:
        answer = engine.respond(Turn(1, heard=heard), BEFORE, CALL)
        return next(item for item in answer if isinstance(item, Intent))

    return understand


def measure(lines: Iterable[sheets.Line], understand: Understand, settings: Settings, *, misses: bool = False) -> dict[str, Any]:
    """sheet -> its figures. What is below the threshold counts as "other", as it does in a call."""
    answers: dict[str, list[Answer]] = {}
    for line in lines:
        began = time.thread_time()
        intent = understand(line.text)
        ms = (time.thread_time() - began) * 1000
        name = intent.name if intent.confidence >= settings.understanding.threshold else OTHER
        answers.setdefault(line.sheet, []).append(Answer(line.intent, name, intent.confidence, ms, line.text))
        if misses and name != line.intent:
            print(f"  {line.sheet}: {line.intent} taken for {name} ({intent.confidence:.2f}): {line.text}")
    return {sheet: figures(given) for sheet, given in answers.items()}


def keep(path: Path, report: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(without_nan(report), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def without_nan(value: Any) -> Any:
    """JSON has no nan: what can't be said is null."""
    if isinstance(value, dict):
        return {key: without_nan(part) for key, part in value.items()}
    if isinstance(value, list):
        return [without_nan(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value


if __name__ == "__main__":
    raise SystemExit(main())
