"""What a peer says: the English sentences of our own jambonz-app.json, chosen by plain counting of words, so that both bots sound alike."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SETTINGS = Path(__file__).resolve().parent.parent.parent / "jambonz-app.json"


@dataclass(frozen=True, slots=True)
class Answers:
    """`greeting` opens the call; `by_phrase` holds for each phrase's words the answer of its intent; `again` where no word fits."""

    greeting: str
    again: str
    by_phrase: tuple[tuple[frozenset[str], str], ...]

    @classmethod
    def read(cls, path: Path = SETTINGS) -> Answers:
        tree = json.loads(path.read_text(encoding="utf-8"))
        says = {name: prompt["en"] for name, prompt in tree["prompts"].items() if isinstance(prompt, dict)}
        greeting = f"{says['disclosure']} {says['greeting']}"
        return cls(greeting, says["again"], tuple(_phrases(tree["intents"].values(), says["anything_else"])))

    def to(self, heard: str) -> str:
        """The answer of the phrase that shares most of its words with what was heard."""
        words = _words(heard)
        phrase, answer = max(self.by_phrase, key=lambda entry: len(entry[0] & words) / len(entry[0] | words))
        return answer if phrase & words else self.again


def _phrases(intents: Iterable[Mapping[str, Any]], anything_else: str) -> Iterable[tuple[frozenset[str], str]]:
    answered = (intent for intent in intents if "answer" in intent)
    return ((_words(phrase), f"{intent['answer']['en']} {anything_else}") for intent in answered for phrase in intent["phrases"]["en"])


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", text.lower()))
