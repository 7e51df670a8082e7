"""JSON text with the place of every value: for faults that name line and column, and for changes that leave the rest as it is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from json import JSONDecodeError, decoder
from typing import Any

Path = tuple[str | int, ...]
DEEPEST = 40
LONGEST_NUMBER = 30
SPACE = re.compile(r"[ \t\r\n]*")
NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")
WORD = re.compile(r"[A-Za-z_][\w$.-]*")
WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
MEANT = {"True": "true", "False": "false", "None": "null", "undefined": "null"}
QUOTES = "'\u2018\u2019\u201c\u201d`"
HALF = re.compile("[\ud800-\udfff]")


class NotJson(ValueError):
    """The text is no JSON; `offset` is where, and the text says how to mend it."""

    def __init__(self, offset: int, why: str) -> None:
        super().__init__(why)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a value stands, as offsets of characters; `key` is where its key begins, or the value where it has none."""

    start: int
    end: int
    key: int


@dataclass(frozen=True, slots=True)
class Marked:
    """A JSON text read: `tree` as json.loads gives it, and where each value of it stands."""

    text: str
    tree: Any
    marks: dict[Path, Mark]
    repeated: tuple[tuple[Path, int], ...] = ()  # keys that stand twice in their object: which, and the second's offset

    def place(self, offset: int) -> tuple[int, int]:
        return place(self.text, offset)


def place(text: str, offset: int) -> tuple[int, int]:
    """(line, column) of a character, both from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def read(text: str) -> Marked:
    """Raises NotJson at the first character that can't be JSON."""
    reader = _Reader(text)
    tree, end = reader.value((), reader.skip(0), None)
    end = reader.skip(end)
    if end < len(text):
        raise NotJson(end, "the text goes on after its end; is there a } too many, or a comma missing?")
    return Marked(text, tree, reader.marks, tuple(reader.repeated))


@dataclass(slots=True)
class _Reader:
    text: str
    marks: dict[Path, Mark] = field(default_factory=dict)
    repeated: list[tuple[Path, int]] = field(default_factory=list)

    def skip(self, at: int) -> int:
        """The next character that is no space; a comment is told by name, as JSON has none."""
        at = SPACE.match(self.text, at).end()  # type: ignore[union-attr]  # it matches always
        if self.text.startswith(("//", "/*"), at) or self.text.startswith("#", at):
            raise NotJson(at, "JSON has no comments: remove this one")
        return at

    def value(self, path: Path, at: int, key: int | None) -> tuple[Any, int]:
        """The value that begins at `at`, and where it ends."""
        if len(path) > DEEPEST:
            raise NotJson(at, f"nested more than {DEEPEST} deep")
        letter = self.text[at : at + 1]
        made: Any
        if letter == "{":
            made, end = self.members(path, at)
        elif letter == "[":
            made, end = self.items(path, at)
        elif letter == '"':
            made, end = self.string(at)
        else:
            made, end = self.scalar(at)
        self.marks[path] = Mark(at, end, at if key is None else key)
        return made, end

    def members(self, path: Path, begin: int) -> tuple[dict[str, Any], int]:
        made: dict[str, Any] = {}
        at = self.skip(begin + 1)
        while not self.text.startswith("}", at):
            key, at = self.key(at, begin)
            name, end = self.string(key)
            at = self.skip(end)
            if not self.text.startswith(":", at):
                raise NotJson(at, f'expected ":" and a value after the key {shown(name)}')
            if name in made:
                self.repeated.append(((*path, name), key))
            made[name], at = self.value((*path, name), self.skip(at + 1), key)
            at = self.after(at, "}", begin)
        return made, at + 1

    def items(self, path: Path, begin: int) -> tuple[list[Any], int]:
        made: list[Any] = []
        at = self.skip(begin + 1)
        while not self.text.startswith("]", at):
            self.not_over(at, "]", begin)
            item, at = self.value((*path, len(made)), at, None)
            made.append(item)
            at = self.after(at, "]", begin)
        return made, at + 1

    def key(self, at: int, begin: int) -> tuple[int, int]:
        self.not_over(at, "}", begin)
        letter = self.text[at]
        if letter == '"':
            return at, at
        if letter in QUOTES:
            raise NotJson(at, f'expected a key in straight double quotes ("), not in {letter}')
        if letter == ",":
            raise NotJson(at, "a comma too many: remove it")
        if found := WORD.match(self.text, at):
            raise NotJson(at, f'expected a key in double quotes: write "{shortened(found[0])}"')
        raise NotJson(at, f"expected a key in double quotes, or }}; here stands {shown(letter)}")

    def after(self, end: int, close: str, begin: int) -> int:
        """Where the next member or item begins, or `close` stands."""
        at = self.skip(end)
        if self.text.startswith(close, at):
            return at
        self.not_over(at, close, begin)
        if not self.text.startswith(",", at):
            line, _ = place(self.text, end)
            missing = f"; is a comma missing at the end of line {line}?" if "\n" in self.text[end:at] else ""
            raise NotJson(at, f'expected "," or "{close}" here{missing}')
        following = self.skip(at + 1)
        if self.text.startswith(close, following):
            raise NotJson(at, f'a comma too many: the last one before "{close}" must go')
        return following

    def not_over(self, at: int, close: str, begin: int) -> None:
        if at >= len(self.text):
            line, column = place(self.text, begin)
            raise NotJson(at, f'the text ends too early: what was opened at line {line}, column {column} lacks its "{close}"')

    def string(self, at: int) -> tuple[str, int]:
        try:
            made, end = decoder.scanstring(self.text, at + 1, True)  # type: ignore[attr-defined]  # typeshed lacks it
        except JSONDecodeError as error:
            raise NotJson(*string_fault(self.text, at, error)) from None
        if HALF.search(made):
            raise NotJson(at, r"a \ud800..\udfff escape stands alone; write the letter itself")
        return made, end

    def scalar(self, at: int) -> tuple[Any, int]:
        word = WORD.match(self.text, at)
        if word and word[0] in WORDS:
            return WORDS[word[0]], word.end()
        number = NUMBER.match(self.text, at)
        if number and len(number[0]) <= LONGEST_NUMBER and not WORD.match(self.text, number.end()):
            written = number[0]
            return (float(written) if set(written) & set(".eE") else int(written)), number.end()
        raise NotJson(at, scalar_fault(self.text, at, word[0] if word else ""))


def string_fault(text: str, at: int, error: JSONDecodeError) -> tuple[int, str]:
    """(offset, why) of a text in quotes that can't be read."""
    where = min(error.pos, len(text))
    if "Unterminated" in error.msg or text[where : where + 1] in {"\n", "\r", ""}:
        return at, 'the closing quote (") of this text is missing on its line'
    if "control character" in error.msg:
        return where, r"a tab or another invisible character within a text: remove it, or write \t"
    return where, r"a backslash must be followed by one of \" \\ \/ b f n r t u0041; to write a backslash, double it"


def scalar_fault(text: str, at: int, word: str) -> str:
    letter = text[at : at + 1]
    if not letter:
        return "the text ends where a value is expected"
    if word in MEANT:
        return f"write {MEANT[word]}, not {word}"
    if letter in QUOTES:
        return f'expected a text in straight double quotes ("), not in {letter}'
    if letter == ",":
        return "a comma too many: remove it, or put a value before it"
    if letter == "\ufeff":
        return "an invisible mark (BOM) stands here; save the file as UTF-8 without it"
    if letter in "}]":
        return f"expected a value, not {letter}"
    if letter in "+.0123456789-":
        return "a number is written like 12, 0.5 or -3"
    return f'expected a value; a text stands in double quotes: "{shortened(word or letter)}"'


def shown(found: object) -> str:
    """A value as a fault may show it: short, on one line."""
    return shortened(json.dumps(found, ensure_ascii=False))


def shortened(text: str, most: int = 40) -> str:
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return text if len(text) <= most else f"{text[: most - 1]}…"
