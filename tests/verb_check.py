"""Jambonz's own JSON schemas as a judge of verbs: as they are published, and strictly, as the feature server reads them.

The real one refuses what the published schemas let pass: an unknown property, at any depth (recording 12_voice_unknown_property).
The schemas are the npm package @jambonz/schema: `npm --prefix tests/jambonz_schema ci`.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

PACKAGE = Path(__file__).parent / "jambonz_schema/node_modules/@jambonz/schema"
BASE = "https://jambonz.org/schema/"


def needed() -> None:
    """Skip (or fail, with REQUIRE_SERVICES=1) where the package is not installed."""
    if not PACKAGE.is_dir():
        missing = pytest.fail if os.environ.get("REQUIRE_SERVICES") == "1" else pytest.skip
        missing("Jambonz's schemas are missing: npm --prefix tests/jambonz_schema ci")


def faults(verbs: object) -> list[str]:
    """Why Jambonz would refuse an application; empty when it would not."""
    if not isinstance(verbs, list):
        return ["an application is an array"]
    return [fault for verb in verbs for fault in faults_of(verb)]


def faults_of(verb: Any) -> list[str]:
    """An application is one of the verbs, again and again; which one its name says, so that only that schema is asked."""
    name = verb.get("verb") if isinstance(verb, dict) else None
    if not isinstance(name, str) or name not in verb_names():
        return ["an instruction without a verb that there is"]
    return [error.message for strict in (False, True) for error in judge(name, strict=strict).iter_errors(verb)]


@cache
def schemas() -> dict[str, Any]:
    trees = [json.loads(file.read_text(encoding="utf-8")) for file in PACKAGE.rglob("*.schema.json") if "callbacks" not in file.parts]
    return {tree["$id"]: tree for tree in trees}


@cache
def verb_names() -> frozenset[str]:
    return frozenset(name.removeprefix(BASE + "verbs/") for name in schemas() if name.startswith(BASE + "verbs/"))


@cache
def judge(verb: str, *, strict: bool) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"{BASE}verbs/{verb}"}, registry=registry(strict=strict))


@cache
def registry(*, strict: bool) -> Registry[Any]:
    trees = ((name, closed(tree) if strict else tree) for name, tree in schemas().items())
    return Registry().with_resources((name, Resource.from_contents(tree)) for name, tree in trees)


def closed(tree: Any) -> Any:
    """The schema with every object closed that names its properties and does not say that it is open."""
    if isinstance(tree, list):
        return [closed(part) for part in tree]
    if not isinstance(tree, dict):
        return tree
    inner = {key: closed(part) for key, part in tree.items()}
    names_properties = tree.get("type") == "object" and isinstance(tree.get("properties"), dict)
    return {"additionalProperties": False, **inner} if names_properties else inner
