"""The test sentences are honest, the harness adds up, and what is understood does not fall below what was reached."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from accuracy import __main__ as command
from accuracy import sheets
from accuracy.figures import Answer, calibration, figures
from calls.settings import Settings, load
from nlu import elsewhere, language
from nlu.rules import Rules

SHIPPED = Path(__file__).parents[1] / "jambonz-app.json"
FEWEST = 40  # utterances of an intent in a language

# A little below what the rules reach: a change that costs more than chance should be noticed.
FLOORS = {"en": 0.92, "hinglish": 0.93, "hi": 0.93, "ta": 0.91}
FALSE_TRANSFERS, OTHER_RECOGNISED = 0.01, 0.88


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load(SHIPPED)


@pytest.fixture(scope="module")
def report(settings: Settings) -> dict[str, dict[str, object]]:
    rules = Rules(settings)
    lines = [line for path in sheets.own_sheets("test") for line in sheets.read(path)]
    return command.measure(lines, command.asking(rules), settings)


@pytest.mark.parametrize("of", ["test", "second"])
@pytest.mark.parametrize("sheet", sheets.LANGUAGES)
def test_no_test_sentence_was_learnt(settings: Settings, sheet: str, of: str) -> None:
    phrases = {
        " ".join(language.words(text)) for intent in settings.intents.values() for texts in intent.phrases.values() for text in texts
    }
    taught = phrases | {" ".join(language.words(text)) for text in elsewhere.shipped()}
    lines = sheets.read(sheets.FOLDER / f"{sheet}_{of}.tsv")
    assert [line.text for line in lines if " ".join(language.words(line.text)) in taught] == []


@pytest.mark.parametrize("sheet", sheets.LANGUAGES)
def test_there_are_enough_sentences_of_each_intent(settings: Settings, sheet: str) -> None:
    counts = Counter(line.intent for line in sheets.read(sheets.FOLDER / f"{sheet}_test.tsv"))
    assert set(counts) == set(settings.intents)
    assert min(counts.values()) >= FEWEST


@pytest.mark.parametrize("sheet", sheets.LANGUAGES)
def test_the_rules_reach_what_they_reached(report: dict[str, dict[str, object]], sheet: str) -> None:
    found = report[sheet]
    assert float(str(found["accuracy"])) >= FLOORS[sheet]
    assert float(str(found["false_transfers"])) <= FALSE_TRANSFERS
    assert float(str(found["other_recognised"])) >= OTHER_RECOGNISED


def test_of_the_answers_given_with_nine_tenths_nine_in_ten_are_right(settings: Settings) -> None:
    rules = Rules(settings)
    lines = [line for path in sheets.own_sheets("test") for line in sheets.read(path)]
    told = [(line.intent, intent) for line in lines if (intent := rules.understand(line.text)).name != "other"]
    about = [name == intent.name for name, intent in told if 0.85 <= intent.confidence < 0.95]
    sure = [name == intent.name for name, intent in told if intent.confidence >= 0.95]
    assert len(about) > 50
    assert sum(about) / len(about) == pytest.approx(0.9, abs=0.08)
    assert sum(sure) / len(sure) >= 0.95


def test_the_figures_add_up() -> None:
    answers = [
        Answer("a", "a", 0.95, 1.0),
        Answer("a", "other", 0.3, 2.0),
        Answer("a", "transfer_to_human", 0.9, 1.0),
        Answer("other", "other", 0.1, 1.0),
        Answer("transfer_to_human", "transfer_to_human", 0.9, 1.0),
    ]
    told = figures(answers)
    assert (told["n"], told["accuracy"], told["false_transfers"], told["other_recognised"]) == (5, 0.6, 0.25, 1.0)
    assert told["intents"]["a"] == {"n": 3, "right": 1, "accuracy": 0.3333}
    assert told["confusion"]["a"] == {"a": 1, "other": 1, "transfer_to_human": 1}
    assert sum(sum(row.values()) for row in told["confusion"].values()) == told["n"]
    assert told["ms"] == {"median": 1.0, "p95": 2.0}


def test_calibration_compares_how_sure_with_how_often_right() -> None:
    rows = calibration(
        [Answer("a", "a", 0.92, 1.0), Answer("a", "b", 0.94, 1.0), Answer("a", "a", 1.0, 1.0), Answer("a", "other", 0.1, 1.0)]
    )
    assert rows == [
        {"from": 0.9, "to": 0.95, "n": 2, "confidence": 0.93, "right": 0.5},
        {"from": 0.95, "to": 1.0, "n": 1, "confidence": 1.0, "right": 1.0},
    ]


def test_a_sheet_names_the_line_that_is_none(tmp_path: Path) -> None:
    sheet = tmp_path / "en_test.tsv"
    sheet.write_text("# ours\ngst_query\tgst is wrong\ngst_query gst is wrong\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"en_test\.tsv:3: expected intent<TAB>text"):
        sheets.read(sheet)


def test_the_command_prints_and_keeps_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet, kept = tmp_path / "en_test.tsv", tmp_path / "kept" / "accuracy.json"
    sheet.write_text("license_renewal\tmy licence expired yesterday\ngst_query\tmy licence expired today\n", encoding="utf-8")
    assert command.main(["--file", str(SHIPPED), "--out", str(kept), "--misses", str(sheet)]) == 0
    printed = capsys.readouterr().out
    assert "en: 50.0% of 2 utterances" in printed
    assert "taken for license_renewal 1" in printed
    assert "gst_query taken for license_renewal" in printed
    told = json.loads(kept.read_text(encoding="utf-8"))
    assert (told["engine"], told["sheets"]["en"]["accuracy"]) == ("rules", 0.5)


def test_an_unknown_engine_is_named_and_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--engine", "magic", "--file", str(SHIPPED)]) == 0
    assert "no understanding named 'magic'" in capsys.readouterr().err


def test_an_engine_without_its_key_is_said_in_words(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "")
    assert command.main(["--engine", "claude"]) == 0
    assert "ANTHROPIC_API_KEY" in capsys.readouterr().err
