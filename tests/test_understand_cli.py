"""`flask understand`: what the bot would understand, a line each."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskCliRunner

from tests.assistant_rig import head
from tests.fakes.claude import KEY, FakeClaude
from wsgi import create_app

ENVIRON = {"ALLOW_UNSIGNED": "1", "DATABASE_URL": "sqlite:///:memory:"}


def understand(lines: str, *options: str, environ: dict[str, str] | None = None) -> tuple[int, list[dict[str, Any]], str]:
    runner: CliRunner = FlaskCliRunner(create_app(ENVIRON | (environ or {})))
    result = runner.invoke(args=["understand", *options], input=lines)
    told = [json.loads(line) for line in result.output.splitlines() if line.startswith("{")]
    return result.exit_code, told, result.output


@pytest.fixture(scope="module")
def told() -> list[dict[str, Any]]:
    both = "my licence expired serial seven one two three four five six seven eight and i want training too"
    return understand(f"my licence has expired\n\nhi\tजीएसटी रिटर्न भरना है\n{both}\n")[1]


def test_a_line_of_json_for_each(told: list[dict[str, Any]]) -> None:
    assert [(each["text"][:10], each["language"], each["intent"]) for each in told] == [
        ("my licence", "en", "license_renewal"),
        ("जीएसटी रिट", "hi", "gst_query"),
        ("my licence", "en", "license_renewal"),
    ]
    assert all(0 <= each["confidence"] <= 1 and each["ms"] > 0 for each in told)


def test_slots_and_what_stands_beside(told: list[dict[str, Any]]) -> None:
    assert told[2]["slots"] == {"serial": "712345678"}
    assert told[2]["also"] == ["training"]
    assert "also" not in told[0]


def test_what_is_no_text_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = FlaskCliRunner(create_app(ENVIRON))
    result = runner.invoke(args=["understand"], input=b"\xff\xfe\n")
    assert result.exit_code == 1
    assert "no UTF-8 text" in result.output


def test_an_engine_without_its_key_is_said() -> None:
    code, _, output = understand("hello\n", "--engine", "claude", environ={"ANTHROPIC_API_KEY": ""})
    assert code == 1
    assert "ANTHROPIC_API_KEY" in output


def test_claude_understands_when_it_is_chosen() -> None:
    with FakeClaude() as fake:
        fake.will(head("training", 0.81), "We have courses every month.")
        environ = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": fake.url}
        _, (told,), _ = understand("do you hold classes\n", "--engine", "claude", environ=environ)
    assert (told["intent"], told["confidence"]) == ("training", 0.81)
