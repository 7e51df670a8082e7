"""The house has floors; imports go down only, rooms of one floor never meet, and Flask stays at the doors."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = {
    "calls": 0,
    "stream": 1,
    "nlu": 1,
    "tts": 1,
    "crm": 1,
    "records": 1,
    "webhooks": 2,
    "console": 2,
    "simulator": 2,
    "service": 2,
    "after_call": 3,
    "engines": 3,
    "configuration": 3,
    "learning": 3,
    "house": 4,
    "wsgi": 5,
    "worker": 5,
    "stt": 5,
}
DOORS = {"stream/route.py"}  # the only Flask below the doors' floor
FILES = [path for room in FLOORS for path in ((ROOT / room).rglob("*.py") if (ROOT / room).is_dir() else [ROOT / f"{room}.py"])]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    home = name.split("/")[0].removesuffix(".py")
    for module in imported(path):
        top = module.split(".")[0]
        if top in FLOORS and top != home:
            assert FLOORS[top] < FLOORS[home], f"{name} imports {module}"
        if top in {"flask", "flask_sock"} and FLOORS[home] < 2:
            assert name in DOORS, f"{name} imports {module}"


def test_the_test_sees_every_room() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name not in {"tests", "bench", "accuracy"}}
    assert rooms == set(FLOORS) - {"wsgi", "worker", "stt", "after_call", "engines", "configuration", "learning", "house"}
