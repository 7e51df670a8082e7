"""Changes to jambonz-app.json as a text: one thing is put in where it belongs, and all else stays as somebody wrote it."""

from __future__ import annotations

import json
import re
from typing import Any

from calls.marks import Mark, Marked, NotJson, Path, read

LINE_BEGIN = re.compile(r"\n[ \t]*")


class Misplaced(ValueError):
    """The text has no such place, or is no JSON; the text of the error says which."""


def add_phrase(text: str, intent: str, language: str, phrase: str) -> str:
    """One more way to say an intent; the text as it is when the phrase stands there already. Raises Misplaced."""
    marked = readable(text)
    wanted = held(marked, ("intents", intent)).get("phrases", {})
    if phrase in wanted.get(language, []):
        return text
    if language in wanted:
        return append(marked, ("intents", intent, "phrases", language), phrase)
    return put(marked, ("intents", intent, "phrases"), language, [phrase])


def add_variation(text: str, heard: str, meant: str) -> str:
    """`understanding.variations`: misheard words and what they mean; a new meaning replaces the old one. Raises Misplaced."""
    marked = readable(text)
    if "understanding" not in held(marked, ()):
        return put(marked, (), "understanding", {"variations": {heard: meant}})
    if "variations" not in held(marked, ("understanding",)):
        return put(marked, ("understanding",), "variations", {heard: meant})
    return put(marked, ("understanding", "variations"), heard, meant)


# -- members and items ----------------------------------------------------------------
def append(marked: Marked, path: Path, value: object) -> str:
    """`value` as the last item of the list at `path`."""
    return inserted(marked, path, written(value))


def put(marked: Marked, path: Path, key: str, value: object) -> str:
    """`value` under `key` of the object at `path`: in the place of the old one, or as the last member."""
    if old := marked.marks.get((*path, key)):
        return marked.text[: old.start] + written(value) + marked.text[old.end :]
    return inserted(marked, path, f"{written(key)}: {written(value)}")


def inserted(marked: Marked, path: Path, new: str) -> str:
    """`new` behind the last of what the list or object at `path` holds, set apart as its neighbours are."""
    text, around, inside = marked.text, marked.marks[path], children(marked, path)
    if not inside:
        return text[: around.start + 1] + new + text[around.end - 1 :]
    return text[: inside[-1].end] + "," + gap(text, around, inside) + new + text[inside[-1].end :]


def gap(text: str, around: Mark, inside: list[Mark]) -> str:
    """The space between two neighbours, or the one that stands before the only one."""
    before = text[inside[-2].end : inside[-1].key] if len(inside) > 1 else text[around.start + 1 : inside[-1].key]
    found = LINE_BEGIN.search(before)
    if found:
        return found[0]
    lonely = len(inside) == 1 and ": " in text[:2000]
    return " " if before.endswith(" ") or lonely else ""


def children(marked: Marked, path: Path) -> list[Mark]:
    """What stands directly below `path`, in the order of the text."""
    return [mark for place, mark in marked.marks.items() if len(place) == len(path) + 1 and place[:-1] == path]


def held(marked: Marked, path: Path) -> dict[str, Any]:
    """The object at `path`."""
    tree = marked.tree
    for part in path:
        if not isinstance(tree, dict) or part not in tree:
            raise Misplaced(f"there is no {'.'.join(str(part) for part in path)}")
        tree = tree[part]
    if not isinstance(tree, dict):
        raise Misplaced(f"{'.'.join(str(part) for part in path) or 'the file'} is no object")
    return tree


def readable(text: str) -> Marked:
    try:
        return read(text)
    except NotJson as error:
        raise Misplaced(f"no JSON: {error}") from None


def written(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
