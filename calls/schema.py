"""jambonz-app.schema.json: what editors complete and check jambonz-app.json with, made of the types that the bot reads it with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from calls.checking import Engines
from calls.helpdesk import SPAN
from calls.settings import Settings

NAME = "jambonz-app.schema.json"
ADDRESS = {"phone": "number", "user": "name", "sip": "sip_uri"}  # type of a target -> what it needs


def schema(engines: Engines) -> dict[str, Any]:
    """JSON Schema, draft 2020-12. `engines`: see calls.checking."""
    made = Settings.model_json_schema(by_alias=True)
    for node in nodes(made):
        tidy(node)
    kinds = made["$defs"]
    kinds["Target"]["allOf"] = [needs(kind, address) for kind, address in ADDRESS.items()]
    spans = kinds["Hours"]["properties"]["week"]["additionalProperties"]
    spans["items"]["pattern"] = f"^{SPAN.pattern}$"
    made["properties"]["intents"]["required"] = ["transfer_to_human", "other"]
    for section, names in engines.items():
        kinds[made["properties"][section]["$ref"].removeprefix("#/$defs/")]["properties"]["use"]["enum"] = sorted(names)
    return {"$schema": GenerateJsonSchema.schema_dialect, "title": "jambonz-app.json", **made, "description": Settings.__doc__}


def written(engines: Engines) -> str:
    """As the file holds it."""
    return json.dumps(schema(engines), ensure_ascii=False, indent=2) + "\n"


def needs(kind: str, address: str) -> dict[str, Any]:
    return {"if": {"properties": {"type": {"const": kind}}}, "then": {"required": [address]}}


def tidy(node: dict[str, Any]) -> None:
    """Titles say nothing that the names do not; a key that fits no pattern is a fault."""
    if isinstance(node.get("title"), str):
        del node["title"]
    if "patternProperties" in node:
        node["additionalProperties"] = False


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        tree = list(tree.values())
    for each in tree if isinstance(tree, list) else ():
        yield from nodes(each)
