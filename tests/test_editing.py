"""Changes to jambonz-app.json as a text: the tree changes as wanted, and every other character stays."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.editing import Misplaced, add_phrase, add_variation
from calls.marks import read

SHIPPED = (Path(__file__).parents[1] / "jambonz-app.json").read_text(encoding="utf-8")
TREE = json.loads(SHIPPED)
MINIFIED = json.dumps(TREE, ensure_ascii=False, separators=(",", ":"))
ODD = 'völlig "anders" \\ {x}\n'


def lines_changed(before: str, after: str) -> tuple[int, int]:
    """(lines gone, lines new)"""
    diff = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    return sum(line.startswith("- ") for line in diff), sum(line.startswith("+ ") for line in diff)


@pytest.mark.parametrize("text", [SHIPPED, MINIFIED], ids=["by hand", "minified"])
@pytest.mark.parametrize(("intent", "language"), [("training", "ta"), ("other", "en"), ("training", "te")])
def test_a_phrase_more(text: str, intent: str, language: str) -> None:
    wanted: Any = json.loads(text)
    wanted["intents"][intent]["phrases"].setdefault(language, []).append(ODD)
    made = add_phrase(text, intent, language, ODD)
    assert json.loads(made) == wanted
    assert add_phrase(made, intent, language, ODD) == made


def test_a_phrase_stands_on_a_line_of_its_own_where_the_others_do() -> None:
    made = add_phrase(SHIPPED, "training", "en", "teach us payroll")
    assert lines_changed(SHIPPED, made) == (1, 2)  # the line before it has a comma now
    assert '\n          "teach us payroll"\n        ],' in made


def test_minified_stays_minified() -> None:
    made = add_phrase(MINIFIED, "training", "en", "teach us payroll")
    assert made == json.dumps(json.loads(made), ensure_ascii=False, separators=(",", ":"))


@pytest.mark.parametrize("text", [SHIPPED, MINIFIED, "{}", '{"understanding": {}}', '{"understanding": {"variations": {}}}'])
def test_a_variation_is_put_in_and_changed(text: str) -> None:
    first = add_variation(text, "tele", "tally")
    second = add_variation(first, "tail e", ODD)
    third = add_variation(second, "tail e", "tally")
    assert json.loads(second)["understanding"]["variations"] == {"tele": "tally", "tail e": ODD}
    assert json.loads(third)["understanding"]["variations"] == {"tele": "tally", "tail e": "tally"}
    assert lines_changed(SHIPPED, add_variation(SHIPPED, "tele", "tally")) <= (1, 1)


@given(st.lists(st.text(min_size=1, max_size=8), max_size=4, unique=True), st.sampled_from([None, 1]), st.text(min_size=1, max_size=8))
def test_any_list_takes_a_phrase(phrases: list[str], indent: int | None, new: str) -> None:
    tree = {"intents": {"a": {"phrases": {"en": phrases}, "z": 1}}}
    text = json.dumps(tree, ensure_ascii=True, indent=indent)
    made = add_phrase(text, "a", "en", new)
    assert json.loads(made)["intents"]["a"] == {"phrases": {"en": [*phrases, *([new] if new not in phrases else [])]}, "z": 1}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"intents": {}}', "no intents.a"),
        ("{}", "no intents"),
        ('{"intents": {"a": []}}', "no object"),
        ("{,", "no JSON"),
        ("[]", "there is no"),
    ],
)
def test_a_place_that_is_not_there_is_told(text: str, says: str) -> None:
    with pytest.raises(Misplaced, match=says):
        add_phrase(text, "a", "en", "x")


def test_every_value_is_where_its_mark_says() -> None:
    marked = read(SHIPPED)
    for path, mark in marked.marks.items():
        value = marked.tree
        for part in path:
            value = value[part]
        assert json.loads(SHIPPED[mark.start : mark.end]) == value
