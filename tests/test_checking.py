"""jambonz-app.json checked as a text: places, plain words, the nearest valid name; and what is allowed but hardly meant."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from calls.checking import Checked, check
from calls.errors import SettingsError
from calls.marks import DEEPEST, NotJson, place, read
from calls.settings import load

SHIPPED = (Path(__file__).parents[1] / "jambonz-app.json").read_text(encoding="utf-8")
ENGINES = {"recognizer": ("whisper",), "understanding": ("rules", "claude"), "voice": ("espeak",)}
Tree = dict[str, Any]


def changed(*changes: Callable[[Tree], object]) -> str:
    tree = json.loads(SHIPPED)
    for change in changes:
        change(tree)
    return json.dumps(tree, ensure_ascii=False, indent=1)


def put(*path_and_value: Any) -> Callable[[Tree], None]:
    """`put("a", "b", 1)`: tree["a"]["b"] = 1, with objects made on the way."""
    *path, last, value = path_and_value

    def change(tree: Any) -> None:
        for part in path:
            tree = tree.setdefault(part, {}) if isinstance(tree, dict) else tree[part]
        tree[last] = value

    return change


def drop(*path: Any) -> Callable[[Tree], None]:
    def change(tree: Any) -> None:
        for part in path[:-1]:
            tree = tree[part]
        del tree[path[-1]]

    return change


def faults_of(text: str) -> dict[str, str]:
    return {fault.path: fault.told("f") for fault in check(text, engines=ENGINES).faults}


def warnings_of(text: str) -> dict[str, str]:
    checked = check(text)
    assert checked.faults == ()
    return {warning.path: warning.message for warning in checked.warnings}


# -- JSON -----------------------------------------------------------------------------
def test_the_reader_takes_and_refuses_what_jsons_own_does() -> None:
    dice = random.Random(5)
    base = '{"a": [1, -2.5e3, "\\u0928 x"], "b": {"c": true, "d": null}, "e": "ठीक"}'
    for _ in range(3000):
        at = dice.randrange(len(base))
        text = base[:at] + dice.choice(["", *'{}[],:"\\x1 \n-.eu']) + base[at + 1 :]
        try:
            expected = json.loads(text)
        except ValueError:
            with pytest.raises(NotJson):
                read(text)
        else:
            assert read(text).tree == expected


@pytest.mark.parametrize(
    ("text", "where", "hint"),
    [
        ('{\n "a": 1,\n}', (2, 8), 'the last one before "}" must go'),
        ('["a",]', (1, 5), 'the last one before "]" must go'),
        ('{"a": 1\n "b": 2}', (2, 2), "a comma missing at the end of line 1"),
        ('{"a" 1}', (1, 6), 'expected ":"'),
        ("{'a': 1}", (1, 2), "straight double quotes"),
        ("{“a”: 1}", (1, 2), "straight double quotes"),
        ("{a: 1}", (1, 2), 'write "a"'),
        ('{"a": "x\n}', (1, 7), "closing quote"),
        ('{"a": "x', (1, 7), "closing quote"),
        ('{"a": "x\ty"}', (1, 9), "tab"),
        ('{"a": "C:\\dir"}', (1, 10), "backslash"),
        ('{"a": "\\ud83d"}', (1, 7), "stands alone"),
        ('{"a": True}', (1, 7), "write true, not True"),
        ('{"a": None}', (1, 7), "write null"),
        ('{"a": hello}', (1, 7), '"hello"'),
        ('{"a": .5}', (1, 7), "0.5"),
        ('{"a": ' + "9" * 5000 + "}", (1, 7), "a number"),
        ('{"a": 1} }', (1, 10), "goes on after its end"),
        ('{"a": [1, 2', (1, 12), 'opened at line 1, column 7 lacks its "]"'),
        ('// mine\n{"a": 1}', (1, 1), "no comments"),
        ('\ufeff{"a": 1}', (1, 1), "BOM"),
        ("", (1, 1), "ends"),
        ("[" * (DEEPEST + 2), (1, DEEPEST + 2), "deep"),
    ],
)
def test_what_is_no_json_is_told_with_its_place_and_mend(text: str, where: tuple[int, int], hint: str) -> None:
    with pytest.raises(NotJson) as caught:
        read(text)
    assert place(text, caught.value.offset) == where
    assert hint in str(caught.value)


def test_a_fault_of_json_is_one_fault() -> None:
    faults = check(SHIPPED.replace('"company": "Tally helpdesk",', '"company": "Tally helpdesk"')).faults
    assert [(fault.path, fault.line, fault.column) for fault in faults] == [("", 4, 3)]
    assert faults[0].message.startswith("no JSON: ")


# -- faults ---------------------------------------------------------------------------
def test_the_shipped_file_has_neither_faults_nor_warnings() -> None:
    checked = check(SHIPPED, engines=ENGINES)
    assert checked.settings == load("jambonz-app.json")
    assert [fault.told("f") for fault in (*checked.faults, *checked.warnings)] == []


def test_a_fault_names_line_column_and_the_nearest_name() -> None:
    before, intent, after = SHIPPED.partition('"license_renewal": {')
    text = before + intent + after.replace('"answer"', '"answr"', 1)
    line, column = place(text, text.index('"answr"'))
    assert faults_of(text) == {
        "intents.license_renewal.answr": f'f:{line}:{column}: intents.license_renewal.answr: unknown key; did you mean "answer"?'
    }


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        (put("colour", 1), "colour", "unknown key; there are: "),
        (put("listening", "silense_ms", 1), "listening.silense_ms", 'did you mean "silence_ms"?'),
        (put("escalation", "agents", "asha", "langages", []), "escalation.agents.asha.langages", 'did you mean "languages"?'),
        (put("escalation", "target", 0, "nmae", "x"), "escalation.target.0.nmae", 'did you mean "name"?'),
        (drop("prompts", "goodbye"), "prompts.goodbye", "missing"),
        (drop("prompts", "filler"), "prompts.filler", "missing: a few words while"),
        (drop("intents", "other", "phrases"), "intents.other.phrases", "missing: how callers say it"),
        (put("keypad", "5", "gst_qury"), "keypad.5", "no intent 'gst_qury'; did you mean \"gst_query\"?"),
        (put("keypad", "12", "other"), "keypad.12", "bad key: expected one key of a telephone"),
        (put("prompts", "again", "english", "x"), "prompts.again.english", "bad key: expected a language code"),
        (
            put("intents", "Data Loss", {"description": "x", "phrases": {}}),
            "intents.Data Loss",
            "bad key: expected a name of small letters",
        ),
        (
            put("escalation", "queues", "helpdesk", "agents", ["asha", "rvi"]),
            "escalation.queues.helpdesk.agents.1",
            "no agent 'rvi'; did you mean \"ravi\"?",
        ),
        (put("escalation", "callback", "hours", "ofice"), "escalation.callback.hours", 'did you mean "office"?'),
        (put("escalation", "hours", "office", "week", "mon", ["9-17"]), "escalation.hours.office.week.mon.0", "a span is written"),
        (put("escalation", "hours", "office", "week", "monday", []), "escalation.hours.office.week.monday", 'did you mean "mon"?'),
        (put("escalation", "hours", "office", "holidays", ["Diwali"]), "escalation.hours.office.holidays.0", "a day like 2026-12-25"),
        (put("escalation", "hold_sound", "ringbck"), "escalation.hold_sound", 'did you mean "ringback"?'),
        (put("escalation", "max_tries", 0), "escalation.max_tries", "expected 1 or more; here stands 0"),
        (put("escalation", "max_tries", "4"), "escalation.max_tries", 'expected a whole number, without quotes; here stands "4"'),
        (put("escalation", "briefing", []), "escalation.briefing", "expected an object {...}"),
        (put("languages", []), "languages", "must not be empty"),
        (put("company", ""), "company", "must not be empty"),
        (put("recognizer", "hints", ["x" * 2001]), "recognizer.hints.0", "has more than 2000 characters; here stands"),
        (put("crm", "region", "India"), "crm.region", "a country code"),
        (put("intents", "other", "priority", "hihg"), "intents.other.priority", 'did you mean "high"?'),
        (put("voice", "use", "espek"), "voice.use", 'did you mean "espeak"?'),
        (put("understanding", {"use": "claud"}), "understanding.use", 'did you mean "claude"?'),
        (put("prompts", "closed", "en", "Back {opening}, {name}."), "prompts.closed.en", "nothing fills {name}"),
        (drop("prompts", "again", "en"), "prompts.again", "nothing in 'en', the first of languages"),
        (drop("intents", "other"), "intents", "there must be one called 'other'"),
    ],
)
def test_every_fault_has_its_place_and_its_mend(change: Callable[[Tree], None], path: str, says: str) -> None:
    faults = faults_of(changed(change))
    assert set(faults) == {path}
    assert says in faults[path]


def test_a_key_that_stands_twice_is_a_fault_at_the_second() -> None:
    text = SHIPPED.replace('"company": "Tally helpdesk",', '"company": "Tally helpdesk",\n  "company": "Other",')
    assert faults_of(text)["company"].startswith("f:4:3: company: this key stands here twice")


def test_all_faults_come_at_once_those_between_sections_too() -> None:
    text = changed(
        put("colour", 1), put("limits", "max_silences", 99), put("keypad", "5", "pizza"), put("escalation", "target_hours", "late")
    )
    assert set(faults_of(text)) == {"colour", "limits.max_silences", "keypad.5", "escalation.target_hours"}


@pytest.mark.parametrize(
    "change",
    [
        put("voice", "options", "api_key", 5),
        put("crm", "post_call", [{"name": "mine", "url": "ftp://user:s3cret@example.com"}]),
        put("crm", "token", "s3cret"),
    ],
)
def test_what_may_be_secret_is_not_shown(change: Callable[[Tree], None]) -> None:
    assert "s3cret" not in "".join(faults_of(changed(change)).values())


def test_a_long_value_is_shown_short_and_on_one_line() -> None:
    told = faults_of(changed(put("stream", "lead_ms", "many words\nand lines " * 50)))["stream.lead_ms"]
    assert len(told) < 200
    assert "\n" not in told


def test_what_load_raises_has_the_same_lines_without_values(tmp_path: Path) -> None:
    text = changed(put("understanding", "threshold", "private words"))
    (tmp_path / "app.json").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(tmp_path / "app.json")
    fault = check(text).faults[0]
    assert fault.told("app.json", found=False) in str(caught.value)
    assert "private" in fault.told("app.json")
    assert "private" not in str(caught.value)


# -- warnings -------------------------------------------------------------------------
SLOT = {"kind": "digits", "label": {"en": "pin", "hi": "पिन", "ta": "பின்"}, "ask": {"en": "Pin?", "hi": "पिन?"}}
FAQ = {"questions": {"en": ["where are you"], "hi": ["आप कहाँ हैं"]}, "answer": {"en": "In Chennai.", "ta": "சென்னையில்."}}
CAROL = {"name": "Carol", "target": {"type": "desk"}, "intents": ["training"], "languages": ["en"]}


@pytest.mark.parametrize(
    ("changes", "path", "says"),
    [
        ([drop("welcome", "ta")], "welcome", "nothing in 'ta': a translation is missing"),
        ([drop("prompts", "again", "hi")], "prompts.again", "nothing in 'hi'"),
        ([drop("intents", "training", "answer", "ta")], "intents.training.answer", "nothing in 'ta'"),
        ([drop("intents", "training", "label", "hi")], "intents.training.label", "nothing in 'hi'"),
        ([put("intents", "training", "slots", {"pin": SLOT})], "intents.training.slots.pin.ask", "nothing in 'ta'"),
        ([put("faq", {"where": FAQ})], "faq.where.answer", "nothing in 'hi'"),
        ([put("faq", {"where": FAQ})], "faq.where.questions", "no question in 'ta'"),
        ([drop("intents", "training", "phrases", "ta")], "intents.training.phrases", "no phrases in 'ta'"),
        ([put("intents", "training", "phrases", "ta", ["a", "b"])], "intents.training.phrases.ta", "2 phrases in 'ta'"),
        (
            [put("intents", "training", "phrases", "en", 0, "Renew  TSS")],
            "intents.training.phrases.en.0",
            "stands under the intent 'license_renewal' too",
        ),
        ([put("intents", "training", "phrases", "en", 1, "i want training")], "intents.training.phrases.en.1", "stands here already"),
        ([put("prompts", "closed", "hi", "बंद है।")], "prompts.closed.hi", "lacks {opening}"),
        ([put("prompts", "again", "en", "Please say that again. " * 12)], "prompts.again.en", "seconds to say"),
        ([put("intents", "training", "answer", "en", "We have training for you. " * 25)], "intents.training.answer.en", "seconds to say"),
        ([put("prompts", "again", "hn", "x")], "prompts.again.hn", "'hn' is not among the bot's languages; did you mean"),
        ([put("escalation", "agents", "asha", "languages", ["en", "hii"])], "escalation.agents.asha.languages.1", 'did you mean "hi"?'),
        ([put("escalation", "agents", "carol", CAROL)], "escalation.agents.carol", "is in no queue"),
        (
            [
                put("escalation", "agents", "carol", CAROL),
                put("escalation", "queues", "tamil", {"agents": ["ravi", "carol"], "languages": ["ta"]}),
            ],
            "escalation.agents.carol",
            "is never rung",
        ),
        (
            [
                put("escalation", "agents", "asha", "languages", ["en"]),
                put("escalation", "queues", "t", {"agents": ["asha"], "languages": ["ta"]}),
            ],
            "escalation.queues.t",
            "rings nobody",
        ),
        (
            [put("escalation", "hours", "never", {"week": {}}), put("escalation", "queues", "helpdesk", "hours", "never")],
            "escalation.queues.helpdesk",
            "never open",
        ),
        ([put("voice", {"names": {"en": "en-gb", "hi": "hi"}})], "voice.names", "no voice for 'ta'"),
    ],
)
def test_what_is_hardly_meant_is_a_warning(changes: list[Callable[[Tree], None]], path: str, says: str) -> None:
    warnings = warnings_of(changed(*changes))
    assert path in warnings
    assert says in warnings[path]


def test_a_warning_stands_at_the_line_of_what_lacks_something() -> None:
    text = changed(drop("prompts", "again", "hi"))
    (warning,) = check(text).warnings
    assert place(text, text.index('"again"')) == (warning.line, warning.column)


def test_a_language_more_makes_no_faults_but_says_what_is_to_be_translated() -> None:
    checked: Checked = check(changed(lambda tree: tree["languages"].append("te")))
    missing = [warning.path for warning in checked.warnings if "'te'" in warning.message]
    assert checked.settings is not None
    assert {"welcome", "prompts.greeting", "intents.training.answer", "intents.training.phrases", "voice.names"} <= set(missing)
