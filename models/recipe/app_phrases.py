"""Write phrases_app.tsv anew: the phrases of the bot's jambonz-app.json that can be read aloud as they stand.

    python models/recipe/app_phrases.py jambonz-app.json

Those in the script of their language are taken, without digits (the synthesiser would read them as sums); romanised Hindi and
Tamil are left out, as the model writes those languages in their own scripts.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

LETTERS = {"en": "a-z", "hi": "\u0900-\u097f", "ta": "\u0b80-\u0bff"}
HERE = Path(__file__).with_name("phrases_app.tsv")


def phrases_of(app: dict) -> Iterator[tuple[str, str]]:
    """(language, phrase), of the intents and of the questions of the FAQ."""
    tables = [intent.get("phrases", {}) for intent in app["intents"].values()]
    tables += [entry["questions"] for entry in app.get("faq", {}).values()]
    for table in tables:
        for code, phrases in table.items():
            for phrase in phrases:
                yield code, phrase.lower().replace("-", " ")


def readable(code: str, phrase: str) -> bool:
    return bool(re.fullmatch(rf"[{LETTERS[code]}' ]+", phrase))


def main() -> None:
    app = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    rows = dict.fromkeys(f"{code}\t{' '.join(phrase.split())}" for code, phrase in phrases_of(app) if readable(code, phrase))
    HERE.write_text("\n".join(rows) + "\n", encoding="utf-8")
    print(len(rows), "phrases")


if __name__ == "__main__":
    main()
