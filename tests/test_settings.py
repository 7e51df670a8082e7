"""jambonz-app.json and the environment: the shipped file fits, and every fault is named, all at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from calls.errors import SettingsError
from calls.routing import SWITCHBOARD, rings
from calls.settings import Environment, Settings, fill, load, pick

SHIPPED = Path(__file__).parents[1] / "jambonz-app.json"
Change = Callable[[dict[str, Any]], object]


def written(folder: Path, *changes: Change) -> Path:
    tree = json.loads(SHIPPED.read_text(encoding="utf-8"))
    for change in changes:
        change(tree)
    path = folder / "app.json"
    path.write_text(json.dumps(tree), encoding="utf-8")
    return path


def complaint(path: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        load(path)
    return str(caught.value)


def test_the_shipped_file_loads_and_speaks_all_its_languages() -> None:
    settings = load(SHIPPED)
    assert settings.languages == ["en", "hi", "ta"]
    assert {name for name, spoken in settings.prompts if set(spoken) != {"en", "hi", "ta"}} == set()
    answered = {name: set(intent.answer) for name, intent in settings.intents.items() if intent.answer}
    assert {*answered, "transfer_to_human", "other"} == set(settings.intents)
    assert {frozenset(languages) for languages in answered.values()} == {frozenset({"en", "hi", "ta"})}


def test_the_shipped_intents_have_phrases_enough() -> None:
    for name, intent in load(SHIPPED).intents.items():
        if name != "other":
            assert [len(intent.phrases[language]) >= least for language, least in (("en", 12), ("hi", 12), ("ta", 6))] == [True] * 3, name


def test_no_phrase_stands_under_two_intents() -> None:
    phrases = [phrase for intent in load(SHIPPED).intents.values() for texts in intent.phrases.values() for phrase in texts]
    assert len(phrases) == len(set(phrases))


def test_urgency_and_keys_of_the_shipped_file() -> None:
    settings = load(SHIPPED)
    assert [name for name, intent in settings.intents.items() if intent.priority == "high"] == ["data_corrupt"]
    assert [name for name, intent in settings.intents.items() if intent.ends_in == "human"] == ["transfer_to_human"]
    assert (settings.keypad["0"], settings.keypad["9"]) == ("transfer_to_human", "no_recording")


def test_all_faults_are_named_at_once_with_their_paths(tmp_path: Path) -> None:
    text = complaint(
        written(
            tmp_path,
            lambda tree: tree.update(colour="red"),
            lambda tree: (
                tree["listening"].update(end_of_speech_ms=5) if "listening" in tree else tree.update(listening={"end_of_speech_ms": 5})
            ),
            lambda tree: tree["understanding"].update(threshold=7),
            lambda tree: tree["escalation"].update(target=[{"type": "phone"}]),
            lambda tree: tree["prompts"].pop("goodbye"),
        )
    )
    for place in ("colour", "listening.end_of_speech_ms", "understanding.threshold", "escalation.target.0", "prompts.goodbye"):
        assert f": {place}: " in text
    assert "'phone' needs 'number'" in text


def test_what_the_first_language_lacks_is_named(tmp_path: Path) -> None:
    text = complaint(
        written(tmp_path, lambda tree: tree["prompts"]["again"].pop("en"), lambda tree: tree["intents"]["training"]["answer"].pop("en"))
    )
    assert "prompts.again: nothing in 'en'" in text
    assert "intents.training.answer: nothing in 'en'" in text


def test_keys_and_obligatory_intents_must_exist(tmp_path: Path) -> None:
    text = complaint(written(tmp_path, lambda tree: tree["keypad"].update({"5": "pizza"}), lambda tree: tree["intents"].pop("other")))
    assert "keypad.5: no intent 'pizza'" in text
    assert "must be one called 'other'" in text


def test_a_blank_that_nothing_fills_is_named(tmp_path: Path) -> None:
    text = complaint(written(tmp_path, lambda tree: tree["prompts"]["closed"].update(en="Back {opening}, {name}. Call you back?")))
    assert "closed.en: nothing fills {name}" in text
    assert "{opening}" not in text


@pytest.mark.parametrize(("part", "place"), [("agents", "asha"), ("queues", "helpdesk")])
def test_what_agents_know_must_exist(tmp_path: Path, part: str, place: str) -> None:
    text = complaint(written(tmp_path, lambda tree: tree["escalation"][part][place].update(intents=["pizza"])))
    assert f"escalation.{part}.{place}.intents.0: no intent 'pizza'" in text


def test_somebody_of_the_shipped_helpdesk_is_there_at_any_hour() -> None:
    settings = load(SHIPPED).escalation
    assert {agent.target.type for agent in settings.agents.values()} == {"desk"}
    for hour in range(24):
        now = datetime(2026, 10, 2, hour, tzinfo=UTC)
        assert rings(settings, intent="gst_query", language="hi", now=now, present=())[-1].agents == (SWITCHBOARD,)


@pytest.mark.parametrize(
    ("text", "filled"),
    [("Hello {name}!", "Hello {topic}!"), ("{other} {name}", "{other} {topic}"), ("no blank", "no blank"), ("{}{ name }", "{}{ name }")],
)
def test_blanks_are_filled_once(text: str, filled: str) -> None:
    assert fill(text, {"name": "{topic}", "topic": "GST"}) == filled


def test_a_wrong_value_is_not_repeated_in_the_complaint(tmp_path: Path) -> None:
    assert "s3cret-token" not in complaint(
        written(
            tmp_path,
            lambda tree: (
                tree["stream"].update(sample_rate="s3cret-token")
                if "stream" in tree
                else tree.update(stream={"sample_rate": "s3cret-token"})
            ),
        )
    )


def test_bad_json_names_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "app.json"
    path.write_text('{\n  "company": "x",,\n}', encoding="utf-8")
    assert "app.json:2:18: no JSON: a comma too many" in complaint(path)


def test_a_missing_or_binary_file_is_told(tmp_path: Path) -> None:
    assert "no such file" in complaint(tmp_path / "none.json")
    (tmp_path / "app.json").write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in complaint(tmp_path / "app.json")
    assert "can't be read" in complaint(tmp_path)


def test_settings_can_not_be_changed_by_accident() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(SHIPPED).company = "Other"  # type: ignore[misc]


def test_the_schema_key_is_allowed(tmp_path: Path) -> None:
    settings: Settings = load(written(tmp_path, lambda tree: tree.update({"$schema": "app.schema.json"})))
    assert settings.schema_ == "app.schema.json"


def test_pick_falls_back() -> None:
    assert [pick({"en": "hello", "hi": "नमस्ते"}, language, "en") for language in ("hi", "ta")] == ["नमस्ते", "hello"]
    assert pick({}, "hi", "en") == ""


def test_the_environment_has_a_default_for_everything_and_no_secret() -> None:
    environment = Environment.read({})
    assert (environment.port, environment.allow_unsigned, environment.webhook_secrets) == (3000, False, ())
    assert environment.threads == environment.max_calls + 3 * environment.max_desks + 16


def test_empty_variables_count_as_absent() -> None:
    assert Environment.read({"PORT": "", "MAX_CALLS": "  ", "LOG_LEVEL": ""}) == Environment.read({})


def test_all_faults_of_the_environment_are_named_without_their_values() -> None:
    with pytest.raises(SettingsError) as caught:
        Environment.read({"PORT": "99999", "PUBLIC_URL": "ftp://s3cret.example.com", "MAX_CALLS": "many", "LOG_LEVEL": "LOUD", "HOME": "/"})
    for name in ("PORT", "PUBLIC_URL", "MAX_CALLS", "LOG_LEVEL"):
        assert f"  {name}: " in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_several_secrets_may_be_valid_and_none_is_printed() -> None:
    environment = Environment.read({"JAMBONZ_WEBHOOK_SECRET": " new , old,", "ANTHROPIC_API_KEY": "sk-1"})
    assert environment.webhook_secrets == ("new", "old")
    assert "sk-1" not in repr(environment)
    assert "old" not in repr(environment)
