"""What the questions and phrases of jambonz-app.json are about: read once a machine (nlu/shelf.py), as they are thousands."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from nlu import shelf
from nlu.question_kinds import Asked, Kind
from nlu.question_words import Keys, Meaning, Reader

Readings = Mapping[str, Meaning]  # text -> what it is about


def read_all(reader: Reader, texts: Iterable[str]) -> Readings:
    """Every text, from the shelf if they were read before."""
    wanted = sorted(set(texts))
    return shelf.taken_or_made(shelf.key_of(["readings", *wanted]), _FORM, partial(_read, reader, wanted))


def _read(reader: Reader, texts: Iterable[str]) -> Readings:
    return {text: reader.read(text) for text in texts}


def as_bytes(readings: Readings) -> bytes:
    """For `from_bytes`. Words share their keys, so these are written once."""
    numbers: dict[Keys, int] = {}
    told = {text: _told(meaning, numbers) for text, meaning in readings.items()}
    return json.dumps({"keys": [sorted(keys) for keys in numbers], "told": told}).encode()


def _told(meaning: Meaning, numbers: dict[Keys, int]) -> list[list[Any]]:
    meant = [numbers.setdefault(keys, len(numbers)) for keys in meaning.meant]
    return [sorted(meaning.asked.kinds), sorted(meaning.asked.places), meant, sorted(meaning.light), sorted(meaning.fails)]


def from_bytes(content: bytes) -> Readings:
    """Raises ValueError."""
    try:
        written = json.loads(content)
        keys = [frozenset(names) for names in written["keys"]]
        kinds = {kind.value: kind for kind in Kind}
        return {
            text: Meaning(
                Asked(frozenset(kinds[name] for name in asked), frozenset(places)),
                tuple(keys[number] for number in meant),
                frozenset(light),
                frozenset(fails),
            )
            for text, (asked, places, meant, light, fails) in written["told"].items()
        }
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError("no readings were written there") from error


_FORM = shelf.Form(".json", as_bytes, from_bytes)
