"""What the documents say is so: every setting is named, every command they show exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from calls.settings import Environment, Settings

ROOT = Path(__file__).parent.parent
VARIABLES = sorted(str(field.alias) for field in Environment.model_fields.values())
README, EXAMPLE = (ROOT / "README.md").read_text(), (ROOT / ".env.example").read_text()


@pytest.mark.parametrize("variable", VARIABLES)
def test_every_variable_is_documented(variable: str) -> None:
    assert f"`{variable}`" in README
    assert re.search(rf"^#? ?{variable}=", EXAMPLE, re.MULTILINE)


def test_the_example_names_nothing_that_does_not_exist() -> None:
    assert set(re.findall(r"^#? ?([A-Z_]+)=", EXAMPLE, re.MULTILINE)) <= set(VARIABLES)


def test_the_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z-]+)", README)) <= targets


def test_every_room_stands_in_the_picture_of_the_house() -> None:
    house = (ROOT / "docs" / "architecture.md").read_text()
    for room in ROOT.glob("*/__init__.py"):
        assert f"`{room.parent.name}/`" in house
    for process in ("wsgi.py", "worker.py", "after_call.py"):
        assert process in house


def test_every_file_that_the_picture_names_exists() -> None:
    house = (ROOT / "docs" / "architecture.md").read_text()
    for room, text in re.findall(r"^\| `(\w+)/` \| (.*) \|$", house, re.MULTILINE):
        for name in re.findall(r"`([a-z_]+\.py)`", text):
            assert (ROOT / room / name).exists(), f"{room}/{name}"


def test_the_settings_refuse_what_they_do_not_know() -> None:
    assert Settings.model_config["extra"] == "forbid"


def test_the_licences_are_told() -> None:
    assert "GPL-3" in README
    assert "MIT" in README
