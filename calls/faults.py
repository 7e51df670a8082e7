"""What is wrong with a JSON text that should fit a pydantic type: every fault with its place, in plain words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from calls.marks import Marked, NotJson, Path, place, read, shown
from calls.section import Misfits, meant, nearest

M = TypeVar("M", bound=BaseModel)
PRIVATE = re.compile(r"(^|[._])(options|url|.*(token|secret|passw|credential|api_?key).*)($|[._])", re.IGNORECASE)  # in a path
PATTERNS = {
    r"^[a-z]{2,3}$": "a language code of two or three small letters, like en",
    r"^[a-z][a-z0-9_]*$": "a name of small letters, digits and _, like order_status",
    r"^[0-9*#]$": "one key of a telephone: 0 to 9, * or #",
    r"^[A-Z]{2}$": "a country code of two capital letters, like IN",
    r"^[a-z][a-z0-9_-]{0,31}$": "an id of at most 32 small letters, digits, _ and -, beginning with a letter",
    r"^[a-z][a-z0-9_]{0,31}$": "a name of at most 32 small letters, digits and _, beginning with a letter",
    r"^[a-z][a-z0-9_]{0,63}$": "a name of at most 64 small letters, digits and _, beginning with a letter",
    r"^https?://[^\s/]+(/\S*)?$": "an address that begins with https:// or http://",
    r"^(https://[^\s/]+(/\S*)?)?$": "an address that begins with https://, or nothing",
}
EXPECTED: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "string_type": lambda _: "expected a text in quotes",
    "int_type": lambda _: "expected a whole number, without quotes",
    "int_from_float": lambda _: "expected a whole number",
    "float_type": lambda _: "expected a number, without quotes",
    "bool_type": lambda _: "expected true or false, without quotes",
    "list_type": lambda _: "expected a list [...]",
    "dict_type": lambda _: "expected an object {...}",
    "model_type": lambda _: "expected an object {...}",
    "greater_than_equal": lambda c: f"expected {number(c['ge'])} or more",
    "greater_than": lambda c: f"expected more than {number(c['gt'])}",
    "less_than_equal": lambda c: f"expected {number(c['le'])} or less",
    "less_than": lambda c: f"expected less than {number(c['lt'])}",
    "string_too_short": lambda c: "must not be empty" if c["min_length"] == 1 else f"needs {c['min_length']} characters at least",
    "string_too_long": lambda c: f"has more than {c['max_length']} characters",
    "too_short": lambda c: "must not be empty" if c["min_length"] == 1 else f"needs {c['min_length']} entries at least",
    "too_long": lambda c: f"has more than {c['max_length']} entries",
    "string_pattern_mismatch": lambda c: f"expected {PATTERNS.get(c['pattern'], 'what fits ' + c['pattern'])}",
    "date_from_datetime_parsing": lambda _: "expected a day like 2026-12-25",
    "date_parsing": lambda _: "expected a day like 2026-12-25",
    "date_type": lambda _: "expected a day like 2026-12-25",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, or doubtful. `found` is what stands there, short; it is not for logs."""

    path: str  # in dots, "intents.gst_query.answer"; "" for the text as a whole
    line: int
    column: int
    message: str
    found: str = ""

    def told(self, name: str, *, found: bool = True) -> str:
        """One line, as editors and terminals follow it: `jambonz-app.json:412:7: intents.gst_query.answr: unknown key`."""
        where = f"{name}:{self.line}:{self.column}: " + (f"{self.path}: " if self.path else "")
        return where + self.message + (f"; here stands {self.found}" if found and self.found else "")


def fitted(model: type[M], text: str) -> tuple[M | None, Marked | None, tuple[Fault, ...]]:
    """The text as a `model`; None with all faults when it does not fit. The text with its places, when it is JSON at all."""
    try:
        marked = read(text)
    except NotJson as error:
        return None, None, (Fault("", *place(text, error.offset), f"no JSON: {error}"),)
    faults = [Fault(dotted(path), *place(text, at), "this key stands here twice; keep one") for path, at in marked.repeated]
    made, misfits = validated(model, marked.tree)
    faults += [fault_at(marked, model, path, message) for path, message in misfits.items()]
    return (None if faults else made), marked, tuple(sorted(faults, key=lambda fault: (fault.line, fault.column)))


def fault_at(marked: Marked, model: type[BaseModel], path: Path, message: str) -> Fault:
    """At the key for keys and for what is missing, else at the value; `found` for a value that somebody can see there."""
    known = longest(marked, path)
    mark = marked.marks[known]
    about_value = known == path and not message.startswith(("unknown key", "bad key", "missing"))
    found = "" if PRIVATE.search(dotted(path)) or not about_value else scalar(value_at(marked.tree, known))
    return Fault(dotted(path), *marked.place(mark.start if about_value else mark.key), message, "" if found in message else found)


def longest(marked: Marked, path: Path) -> Path:
    return next(path[:length] for length in range(len(path), -1, -1) if path[:length] in marked.marks)


def scalar(value: object) -> str:
    return "" if isinstance(value, dict | list) else shown(value)


def value_at(tree: Any, path: Path) -> Any:
    for part in path:
        tree = tree[part]
    return tree


def dotted(path: Path) -> str:
    return ".".join(str(part) for part in path)


def number(bound: float) -> str:
    """1.0 as a person writes it."""
    return str(int(bound)) if bound == int(bound) else str(bound)


# -- what the type says ---------------------------------------------------------------
def validated(model: type[M], tree: Any) -> tuple[M | None, dict[Path, str]]:
    """What fits, or what does not: path -> why. What a section finds in itself pydantic asks only where the section's own values
    fit: the faulty ones that may be absent are left out and it is asked again, so that all faults come at once."""
    try:
        return strictly(model, tree), {}
    except ValidationError as error:
        found = merged(errors_of(error, model, tree))
    rest = without(tree, found)
    try:
        strictly(model, rest)
    except ValidationError as error:
        more = merged(each for each in errors_of(error, model, rest) if not each[1].startswith("missing"))
        hurt = {*found, *(path[:-1] for path in found)}  # what is missing there was left out just now
        found |= {path: why for path, why in more.items() if path not in hurt}
    return None, found


def strictly(model: type[M], tree: Any) -> M:
    """As JSON, so that "4" is no number, and what fits is what the published schema takes."""
    return model.model_validate_json(json.dumps(tree), strict=True)


def without(tree: Any, faulty: Iterable[Path]) -> Any:
    """A copy that lacks these members; a list goes as a whole, so that no item changes its place."""
    rest = deepcopy(tree)
    for path in faulty:
        first_item = next((at for at, part in enumerate(path) if isinstance(part, int)), len(path))
        member = path[:first_item]
        if member and member == within(rest, member):
            del value_at(rest, member[:-1])[member[-1]]
    return rest


def merged(errors: Iterable[tuple[Path, str]]) -> dict[Path, str]:
    """Of a value that may be this or that each alternative complains: one fault."""
    found: dict[Path, str] = {}
    for path, why in errors:
        found[path] = f"{found[path]}, or {why}" if path in found and why not in found[path] else found.get(path, why)
    return found


def errors_of(error: ValidationError, model: type[BaseModel], tree: Any) -> Iterator[tuple[Path, str]]:
    for each in error.errors(include_url=False):
        path = tuple(part for part in each["loc"] if part != "[key]")
        if each["type"] in ("missing", "extra_forbidden"):
            yield path, key_fault(each, model, path)
        elif isinstance(misfits := each.get("ctx", {}).get("error"), Misfits):
            yield from (((*path, *steps(tree, path, where)), why) for where, why in misfits.faults)
        else:
            yield within(tree, path), ("bad key: " if "[key]" in each["loc"] else "") + value_fault(each)


def key_fault(error: ErrorDetails, model: type[BaseModel], path: Path) -> str:
    owner = owner_of(model, path[:-1])
    if error["type"] == "missing":
        what = owner.model_fields[str(path[-1])].description if owner and path[-1] in owner.model_fields else ""
        return f"missing: {what}" if what else "missing"
    names = {field.alias or name for name, field in owner.model_fields.items()} if owner else set()
    return f"unknown key; {meant(str(path[-1]), names)}"


def value_fault(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if error["type"] in EXPECTED:
        return EXPECTED[error["type"]](context)
    if error["type"] in ("literal_error", "enum"):
        known = re.findall(r"'([^']*)'", context["expected"])
        near = nearest(str(error["input"]), known) if isinstance(error["input"], str) else ""
        return f"expected {context['expected']}" + (f'; did you mean "{near}"?' if near else "")
    return error["msg"].removeprefix("Value error, ")


def within(tree: Any, path: Path) -> Path:
    """Without the names of alternatives, which pydantic puts into the path of a value that may be this or that."""
    kept: list[str | int] = []
    for part in path:
        try:
            tree = tree[part]
        except (KeyError, IndexError, TypeError):
            break
        kept.append(part)
    return tuple(kept)


def steps(tree: Any, path: Path, where: str) -> Path:
    """ "agents.0" as the path that it is below `path`."""
    made: list[str | int] = []
    for part in where.split(".") if where else ():
        here = value_at(tree, within(tree, (*path, *made)))
        made.append(int(part) if isinstance(here, list) else part)
    return tuple(made)


def owner_of(model: Any, path: Path) -> type[BaseModel] | None:
    """The type that says which keys the object at `path` may have."""
    for part in path:
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            model = inner(model)
            continue
        named = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
        model = plain(named.get(str(part)))
    return model if isinstance(model, type) and issubclass(model, BaseModel) else None


def plain(kind: Any) -> Any:
    """Without Annotated and `| None`."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    others = [each for each in get_args(kind) if each is not type(None)]
    return plain(others[0]) if type(None) in get_args(kind) and len(others) == 1 else kind


def inner(kind: Any) -> Any:
    """What the items of a list or the values of an object are."""
    arguments = get_args(kind)
    return plain(arguments[-1]) if arguments else None
