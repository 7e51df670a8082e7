"""jambonz-app.json while the bot runs: changes are taken, broken files refused, publishing is all or nothing."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from after_call import AfterCall
from calls.editing import add_phrase
from calls.errors import EngineUnavailable, SettingsChanged, SettingsError
from calls.settings import Environment, Settings
from calls.tracing import NOT_TRACED
from configuration import KEPT_BACKUPS, SETTLED_S, Configuration, version_of
from engines import CHOICES
from house import Bot
from records.database import open_database
from records.journal import Journal
from tests.settings_rig import SHIPPED, small
from worker import Following

ROOT = Path(__file__).parents[1]
OTHER = SHIPPED.replace('"company": "Tally helpdesk"', '"company": "Other helpdesk"')
BROKEN = SHIPPED.replace('"company"', '"compny"')
HALF = SHIPPED[: len(SHIPPED) // 2]


class Rig:
    """A file, who follows it, and a clock that moves when told."""

    def __init__(self, folder: Path) -> None:
        self.path, self.time, self.taken = folder / "app.json", 100.0, list[Settings]()
        self.path.write_text(SHIPPED, encoding="utf-8")
        self.refuse: Exception | None = None
        self.configuration = Configuration(
            self.path, engines=CHOICES, take=self.take, clock=lambda: self.time, now=lambda: datetime.now(UTC)
        )

    def take(self, settings: Settings) -> None:
        if self.refuse:
            raise self.refuse
        self.taken.append(settings)

    def write(self, text: str) -> None:
        self.path.write_text(text, encoding="utf-8")
        os.utime(self.path, ns=(time.time_ns(), time.time_ns()))

    def look(self, *, after_s: float = 1.0) -> None:
        self.time += after_s
        self.configuration.look()

    @property
    def company(self) -> str:
        return self.configuration.settings.company


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


# -- following ------------------------------------------------------------------------
def test_a_changed_file_is_taken_when_it_rests(rig: Rig) -> None:
    rig.write(OTHER)
    rig.look()
    assert rig.company == "Tally helpdesk"
    rig.look()
    assert (rig.company, rig.configuration.version, rig.configuration.text) == ("Other helpdesk", version_of(OTHER), OTHER)
    rig.look()
    assert [settings.company for settings in rig.taken] == ["Other helpdesk"]


def test_a_file_that_is_still_written_is_no_fault(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.write(HALF)
    rig.look()
    rig.look(after_s=SETTLED_S / 2)
    rig.write(OTHER)
    rig.look()
    rig.look()
    assert rig.company == "Other helpdesk"
    assert rig.configuration.refused is None
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_broken_file_is_refused_once_and_visibly_and_the_old_one_stays(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.write(BROKEN)
    for _ in range(6):
        rig.look()
    refused = rig.configuration.refused
    assert refused is not None
    assert refused.version == version_of(BROKEN)
    assert any('did you mean "company"?' in line for line in refused.lines)
    assert (rig.company, rig.taken) == ("Tally helpdesk", [])
    (error,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert "is refused" in error.message
    assert any("compny" in line for line in error.__dict__["faults"])


@pytest.mark.parametrize("mended", [SHIPPED, OTHER])
def test_a_mended_file_ends_the_refusal(rig: Rig, mended: str) -> None:
    rig.write(BROKEN)
    for _ in range(5):
        rig.look()
    rig.write(mended)
    for _ in range(3):
        rig.look()
    assert rig.configuration.refused is None
    assert rig.configuration.text == mended


def test_settings_that_the_house_can_not_have_are_refused(rig: Rig) -> None:
    rig.refuse = EngineUnavailable("the model can't be had")
    rig.write(OTHER)
    for _ in range(4):
        rig.look()
    assert rig.company == "Tally helpdesk"
    assert rig.configuration.refused is not None
    assert rig.configuration.refused.lines == ("the model can't be had",)


def test_what_nobody_expected_is_refused_too_and_not_tried_again_and_again(rig: Rig) -> None:
    rig.refuse = ZeroDivisionError("somewhere")
    rig.write(OTHER)
    for _ in range(4):
        rig.look()
    assert rig.configuration.refused is not None
    rig.refuse = None
    rig.look()
    assert (rig.company, rig.taken) == ("Tally helpdesk", [])


def test_an_engine_that_is_not_there_is_refused_by_name(rig: Rig) -> None:
    rig.write(SHIPPED.replace('"use": "rules"', '"use": "ruls"'))
    for _ in range(5):
        rig.look()
    assert rig.configuration.refused is not None
    assert 'did you mean "rules"?' in rig.configuration.refused.lines[0]


def test_a_file_that_is_gone_is_refused_and_taken_when_it_is_back(rig: Rig) -> None:
    rig.path.unlink()
    for _ in range(5):
        rig.look()
    assert rig.configuration.refused is not None
    assert "no such file" in rig.configuration.refused.lines[0]
    rig.write(OTHER)
    for _ in range(3):
        rig.look()
    assert (rig.company, rig.configuration.refused) == ("Other helpdesk", None)


def test_it_looks_by_itself(rig: Rig) -> None:
    rig.configuration.watch(poll_s=0.02)
    rig.write(OTHER)
    wait_until(lambda: rig.company == "Other helpdesk")
    rig.configuration.close()


def test_a_file_that_does_not_fit_at_first_is_told_as_at_any_boot(tmp_path: Path) -> None:
    (tmp_path / "app.json").write_text(BROKEN, encoding="utf-8")
    with pytest.raises(SettingsError, match="unknown key"):
        Configuration(tmp_path / "app.json")


# -- publishing -----------------------------------------------------------------------
def test_published_is_written_kept_before_and_taken(rig: Rig, tmp_path: Path) -> None:
    rig.path.chmod(0o640)
    version = rig.configuration.publish(OTHER, expected_version=version_of(SHIPPED), by="anu")
    assert rig.path.read_text(encoding="utf-8") == OTHER
    assert rig.path.stat().st_mode & 0o777 == 0o640
    assert [(kept.read_text(encoding="utf-8"), kept.stat().st_mode & 0o777) for kept in (tmp_path / "data").iterdir()] == [(SHIPPED, 0o640)]
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []
    rig.look()
    rig.look()
    assert (rig.configuration.version, rig.company) == (version, "Other helpdesk")


def test_who_published_is_logged_and_nothing_of_the_text(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    rig.configuration.publish(OTHER, expected_version=version_of(SHIPPED), by="anu")
    published = next(record for record in caplog.records if "published" in record.message)
    assert (published.__dict__["by"], published.__dict__["before"]) == ("anu", version_of(SHIPPED))
    assert "Other helpdesk" not in caplog.text


def test_a_change_on_an_older_file_is_refused(rig: Rig) -> None:
    rig.write(OTHER)
    with pytest.raises(SettingsChanged, match="changed meanwhile"):
        rig.configuration.publish(SHIPPED, expected_version=version_of(SHIPPED))
    assert rig.path.read_text(encoding="utf-8") == OTHER


def test_what_does_not_fit_is_not_published(rig: Rig) -> None:
    with pytest.raises(SettingsError, match="unknown key"):
        rig.configuration.publish(BROKEN, expected_version=version_of(SHIPPED))
    assert rig.path.read_text(encoding="utf-8") == SHIPPED


def test_a_broken_file_can_be_mended_by_publishing(rig: Rig) -> None:
    rig.write(BROKEN)
    rig.configuration.publish(OTHER, expected_version=version_of(BROKEN))
    assert rig.path.read_text(encoding="utf-8") == OTHER


def test_a_change_keeps_all_else(rig: Rig) -> None:
    rig.configuration.change(lambda text: add_phrase(text, "training", "en", "teach us payroll"), by="asha")
    rig.look()
    rig.look()
    assert "teach us payroll" in rig.configuration.settings.intents["training"].phrases["en"]
    assert rig.configuration.text == add_phrase(SHIPPED, "training", "en", "teach us payroll")
    with pytest.raises(SettingsChanged):
        rig.configuration.change(lambda text: text + "\n", expected_version=version_of(SHIPPED))


def test_changes_at_once_are_all_there_or_refused(rig: Rig) -> None:
    done: list[int] = []

    def work(number: int) -> None:
        while True:
            try:
                rig.configuration.change(lambda text: add_phrase(text, "training", "en", f"phrase number {number}"))
            except SettingsChanged:
                continue
            done.append(number)
            return

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    phrases = json.loads(rig.path.read_text(encoding="utf-8"))["intents"]["training"]["phrases"]["en"]
    assert sorted(done) == list(range(4))
    assert {f"phrase number {number}" for number in range(4)} <= set(phrases)


def test_only_so_many_are_kept(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for number in range(KEPT_BACKUPS + 5):
        (tmp_path / "data" / f"app.json.20200101-0000{number:02}-000000.bak").write_text("old")
    rig.configuration.change(lambda text: text + "\n")
    kept = sorted(each.name for each in (tmp_path / "data").iterdir())
    assert len(kept) == KEPT_BACKUPS
    assert (tmp_path / "data" / kept[-1]).read_text(encoding="utf-8") == SHIPPED


def test_a_link_to_the_file_stays_a_link(rig: Rig, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "link.json"
    link.parent.mkdir()
    link.symlink_to(rig.path)
    Configuration(link).publish(OTHER, expected_version=version_of(SHIPPED))
    assert link.is_symlink()
    assert rig.path.read_text(encoding="utf-8") == OTHER


def test_a_folder_that_can_not_be_written_is_told(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the backups' folder should be")
    with pytest.raises(SettingsError, match="can't be written"):
        rig.configuration.publish(OTHER, expected_version=version_of(SHIPPED))
    assert rig.path.read_text(encoding="utf-8") == SHIPPED


# -- the processes --------------------------------------------------------------------
def environ_in(folder: Path) -> dict[str, str]:
    (folder / "app.json").write_text(small(), encoding="utf-8")
    return {"BOT_CONFIG": str(folder / "app.json"), "DATABASE_URL": f"sqlite:///{folder}/bot.db", "PUBLIC_URL": "https://bot.example.com"}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return environ_in(tmp_path)


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    made = Bot(environ_in(tmp_path_factory.mktemp("bot")))
    made.start()
    wait_until(lambda: made.house is not None)
    yield made
    made.configuration.close()
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)


def test_the_bot_takes_a_change_for_new_calls_and_running_ones_keep_theirs(bot: Bot) -> None:
    before, path = bot.house, bot.configuration.path
    assert before is not None
    company = before.settings.company
    changed = json.loads(small(company="Other helpdesk", training="purple elephants on parade"))
    changed["escalation"]["agents"]["asha"]["name"] = "Asha Rao"
    path.write_text(json.dumps(changed), encoding="utf-8")
    wait_until(lambda: bot.settings.company == "Other helpdesk")
    after = bot.house
    assert after is not None
    assert (before.settings.company, after.settings.company) == (company, "Other helpdesk")
    assert after.engines.recognizer is before.engines.recognizer
    assert after.engines.voice is before.engines.voice
    assert after.lanes is before.lanes
    assert after.engines.understanding is not before.engines.understanding
    assert bot.closing.summarizer is bot.summarizer
    assert bot.readiness()["configuration"] == {"file": str(path), "version": version_of(json.dumps(changed))}

    path.write_text(BROKEN, encoding="utf-8")
    wait_until(lambda: "refused" in bot.readiness()["configuration"])
    assert bot.readiness()["ready"]
    assert 'did you mean "company"' in " ".join(bot.readiness()["configuration"]["refused"])
    assert bot.house is after


def test_other_ears_are_loaded_beside_the_calls(bot: Bot) -> None:
    before = bot.house
    changed = json.loads(small(company="Third helpdesk"))
    changed["languages"] = ["en", "hi"]
    changed["voice"] = {"words_per_minute": 200}
    bot.configuration.path.write_text(json.dumps(changed), encoding="utf-8")
    wait_until(lambda: bot.settings.company == "Third helpdesk")
    assert before is not None
    assert bot.house is not None
    assert bot.house.engines.recognizer is not before.engines.recognizer
    assert bot.house.engines.voice is not before.engines.voice
    assert bot.readiness()["recognizer"]["languages"] == ["en", "hi"]


def test_the_worker_begins_anew_only_for_other_crms(environ: dict[str, str]) -> None:
    environment = Environment.read({**environ, "POST_CALL_SECRET": "whsec_" + "c2VjcmV0" * 6})
    database = open_database(environment.database_url.get_secret_value())
    settings = Configuration(environ["BOT_CONFIG"]).settings
    after = AfterCall(database, Journal(database, max_calls=5), settings, environment)
    following = Following(after, NOT_TRACED)
    following.take(settings.model_copy(update={"company": "Other helpdesk"}))
    assert (following.anew, following.stop.is_set()) == (False, False)
    hook = {"name": "mine", "url": "https://example.com/calls"}
    following.take(Settings.model_validate({**json.loads(small()), "crm": {"post_call": [hook]}}))
    assert (following.anew, following.stop.is_set()) == (True, True)
    assert list(after.crms) == ["mine"]


def test_a_worker_goes_on_as_itself(environ: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    environ = {**os.environ, **environ, "POST_CALL_SECRET": "whsec_" + "c2VjcmV0" * 6}
    with log.open("w") as file:
        process = subprocess.Popen([sys.executable, "worker.py"], cwd=ROOT, env=environ, stdout=file, stderr=file)
    try:
        wait_until(lambda: "the worker delivers" in log.read_text())
        changed = {**json.loads(small()), "crm": {"post_call": [{"name": "mine", "url": "https://example.com/calls"}]}}
        Path(environ["BOT_CONFIG"]).write_text(json.dumps(changed), encoding="utf-8")
        wait_until(lambda: log.read_text().count("the worker delivers") == 2)
        last = [json.loads(line) for line in log.read_text().splitlines() if "the worker delivers" in line][-1]
        assert "mine" in last["crms"]
        assert process.poll() is None
    finally:
        process.terminate()
        assert process.wait(20) == 0
    assert "Traceback" not in log.read_text()


def wait_until(true: Callable[[], bool], within_s: float = 30.0) -> None:
    give_up_at = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)
