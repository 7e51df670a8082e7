"""jambonz-app.schema.json: as the types are now, true to what the bot takes, and useful to an editor. And `flask check`, `flask schema`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from calls import schema
from calls.checking import check
from console import check_cli
from engines import CHOICES

ROOT = Path(__file__).parents[1]
SHIPPED = (ROOT / "jambonz-app.json").read_text(encoding="utf-8")
WRITTEN = ROOT / schema.NAME
Change = Callable[[dict[str, Any]], object]


def faults(tree: Any) -> list[str]:
    found = Draft202012Validator(schema.schema(CHOICES)).iter_errors(tree)
    return [".".join(str(part) for part in fault.absolute_path) for fault in found]


# -- the schema -------------------------------------------------------------------------
def test_the_file_in_the_repository_is_what_the_types_say() -> None:
    assert WRITTEN.read_text(encoding="utf-8") == schema.written(CHOICES), "run `flask schema`"


def test_it_is_a_schema_of_the_newest_draft() -> None:
    made = json.loads(WRITTEN.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(made)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("path", ["jambonz-app.json", "examples/shop.json", "examples/clinic.json"])
def test_our_files_fit_it_and_name_it(path: str) -> None:
    tree = json.loads((ROOT / path).read_text(encoding="utf-8"))
    assert faults(tree) == []
    assert ((ROOT / path).parent / tree["$schema"]).resolve() == WRITTEN


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: tree.update(colour=1),
        lambda tree: tree.pop("company"),
        lambda tree: tree.update(languages=[]),
        lambda tree: tree.update(languages=["english"]),
        lambda tree: tree["prompts"].pop("filler"),
        lambda tree: tree["prompts"]["again"].update(english="x"),
        lambda tree: tree["prompts"]["again"].update(en=""),
        lambda tree: tree["intents"].pop("other"),
        lambda tree: tree["intents"].update({"Data Loss": tree["intents"]["other"]}),
        lambda tree: tree["intents"]["other"].update(priority="urgent"),
        lambda tree: tree["intents"]["other"].update(slots={"id": {"kind": "number", "label": {}, "ask": {}}}),
        lambda tree: tree["understanding"].update(threshold="0.5"),
        lambda tree: tree["understanding"].update(threshold=7),
        lambda tree: tree["understanding"].update(use="ruls"),
        lambda tree: tree.update(keypad={"12": "other"}),
        lambda tree: tree.update(stream={"sample_rate": 44100}),
        lambda tree: tree["escalation"].update(target=[{"type": "phone"}]),
        lambda tree: tree["escalation"].update(target=[{"type": "sip", "number": "1"}]),
        lambda tree: tree["escalation"].update(hold_sound="music"),
        lambda tree: tree["escalation"].update(max_tries=True),
        lambda tree: tree["escalation"]["hours"]["office"]["week"].update(mon=["9-17"]),
        lambda tree: tree["escalation"]["hours"]["office"]["week"].update(monday=[]),
        lambda tree: tree["escalation"]["agents"].update({"Asha Rao": tree["escalation"]["agents"]["asha"]}),
        lambda tree: tree.update(crm={"post_call": [{"name": "mine", "url": "example.com"}]}),
        lambda tree: tree.update(faq={"where": {"questions": {}, "answer": {}, "link": "http://example.com"}}),
    ],
)
def test_what_an_editor_can_see_it_catches_as_the_bot_does(change: Change) -> None:
    tree = json.loads(SHIPPED)
    change(tree)
    assert faults(tree) != []
    assert check(json.dumps(tree), engines=CHOICES).faults != ()


def test_everything_that_may_be_written_is_explained() -> None:
    made = schema.schema(CHOICES)
    kinds = made["$defs"]
    bare = [
        f"{owner}.{name}"
        for owner, kind in [("", made), *kinds.items()]
        for name, node in kind.get("properties", {}).items()
        if not (node.get("description") or kinds.get(node.get("$ref", "").removeprefix("#/$defs/"), {}).get("description"))
    ]
    assert bare == []


def test_nothing_in_it_says_what_the_names_say_already() -> None:
    assert [node["title"] for node in every(schema.schema(CHOICES)["$defs"]) if isinstance(node.get("title"), str)] == []


def every(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        tree = list(tree.values())
    for each in tree if isinstance(tree, list) else ():
        yield from every(each)


# -- the commands -------------------------------------------------------------------------
def run(*arguments: str, environ: dict[str, str] | None = None) -> Result:
    group = click.Group("flask")
    check_cli.register(group, CHOICES, environ or {})
    return CliRunner().invoke(group, arguments)


def test_check_says_what_fits(tmp_path: Path) -> None:
    answer = run("check", str(ROOT / "jambonz-app.json"))
    assert answer.exit_code == 0
    assert "fits: 9 intents, en, hi, ta; no warnings" in answer.output


def test_check_names_each_fault_as_editors_follow_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(SHIPPED.replace('"company"', '"compny"'), encoding="utf-8")
    answer = run("check", environ={"BOT_CONFIG": str(path)})
    assert answer.exit_code == 1
    assert f'{path}:3:3: compny: unknown key; did you mean "company"?' in answer.output.splitlines()
    assert answer.output.splitlines()[-1] == f"{path}: 2 faults; the bot can't use it"


def test_warnings_do_not_fail(tmp_path: Path) -> None:
    tree = json.loads(SHIPPED)
    del tree["welcome"]["ta"]
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(tree, indent=1), encoding="utf-8")
    answer = run("check", str(path))
    assert answer.exit_code == 0
    assert "welcome: nothing in 'ta': a translation is missing (warning)" in answer.output
    assert "1 warning" in answer.output


def test_check_for_machines(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(SHIPPED.replace('"threshold": 0.5', '"threshold": 7'), encoding="utf-8")
    answer = run("check", str(path), "--json")
    told = json.loads(answer.output)
    assert answer.exit_code == 1
    assert (told["file"], told["fits"], told["warnings"]) == (str(path), False, [])
    (fault,) = told["faults"]
    assert (fault["path"], fault["message"], fault["found"]) == ("understanding.threshold", "expected 1 or less", "7")
    assert SHIPPED.splitlines()[fault["line"] - 1][fault["column"] - 1 :].startswith("0.5")


@pytest.mark.parametrize(
    ("arguments", "environ"), [(["none.json"], {}), ([], {"BOT_CONFIG": "none.json"}), (["--colour"], {}), (["/"], {})]
)
def test_what_can_not_be_looked_at_is_a_mistake_in_the_command(arguments: list[str], environ: dict[str, str]) -> None:
    assert run("check", *arguments, environ=environ).exit_code == 2


def test_schema_is_written_where_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("schema").exit_code == 0
    assert (tmp_path / schema.NAME).read_text(encoding="utf-8") == WRITTEN.read_text(encoding="utf-8")
    assert run("schema", "--stdout").output == WRITTEN.read_text(encoding="utf-8")
