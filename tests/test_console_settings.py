"""`/admin/settings`: jambonz-app.json checked, compared, tried out and published in a browser without scripts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from configuration import Configuration, Refused, version_of
from console import history, live, people, settings
from console.difference import difference
from engines import CHOICES
from nlu.trying import Trials, Tried
from records.database import open_database
from tests import console_rig, databases, desk_rig
from tests.console_rig import NOW, token
from tests.settings_rig import SHIPPED, small

migrated_file = databases.migrated_file
OTHER = SHIPPED.replace('"company": "Tally helpdesk"', '"company": "<b>Other</b> helpdesk"')
BROKEN = SHIPPED.replace('"company"', '"compny"')
PLACE = "/admin/settings"


@cache
def trials() -> Trials:
    return Trials()  # learns the phrases once for all tests


def try_out(draft: str, heard: str, language: str) -> Tried:
    return trials().of(draft)(heard, language)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "app.json"
    path.write_text(SHIPPED, encoding="utf-8")
    return path


@pytest.fixture
def bot(migrated_file: Path, tmp_path: Path, file: Path) -> Iterator[SimpleNamespace]:
    engine: Engine = open_database(f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'voicebot.db')}")
    configuration = Configuration(file, engines=CHOICES)
    yield console_rig.house(engine, configuration=configuration, settings=configuration.settings, try_out=try_out)
    engine.dispose()


@pytest.fixture
def app(bot: SimpleNamespace) -> Flask:
    return console_rig.app(bot, settings.bp, people.bp)


@pytest.fixture
def admin(app: Flask) -> FlaskClient:
    return console_rig.browser(app, "admin")


def post(browser: FlaskClient, what: str, text: str, *, piece: bool = False, **more: str) -> tuple[int, str]:
    """A draft as a browser sends it: a file's worth of text, with the ends of lines that forms have."""
    fields = {"text": text.replace("\n", "\r\n"), "version": version_of(SHIPPED), **more, **token(browser)}
    headers = {"HX-Request": "true"} if piece else {}
    answer = browser.post(f"{PLACE}{what}", data=fields, headers=headers, content_type="multipart/form-data")
    return answer.status_code, answer.text


def area(page: str) -> str:
    return page.split("<textarea", 1)[1].split(">\n", 1)[1].split("</textarea>")[0]


# -- the door -------------------------------------------------------------------------
@pytest.mark.parametrize(("role", "status"), [("", 302), ("agent", 403), ("supervisor", 403), ("admin", 200)])
def test_only_admins_see_it(app: Flask, role: str, status: int) -> None:
    assert console_rig.browser(app, role).get(PLACE).status_code == status


@pytest.mark.parametrize("what", ["", "/check", "/difference", "/try"])
def test_a_form_from_elsewhere_changes_nothing(app: Flask, admin: FlaskClient, file: Path, what: str) -> None:
    forged = {"text": OTHER, "version": version_of(SHIPPED)}
    assert admin.post(f"{PLACE}{what}", data=forged, content_type="multipart/form-data").status_code == 400
    agent = console_rig.browser(app, "supervisor")
    assert post(agent, what, OTHER)[0] == 403
    assert file.read_text(encoding="utf-8") == SHIPPED


# -- the page -------------------------------------------------------------------------
def test_the_page_has_the_file_its_version_and_no_faults(admin: FlaskClient) -> None:
    page = admin.get(PLACE).text
    assert "ठीक है, अब हम हिंदी में बात करेंगे।" in area(page)
    assert f'name="version" value="{version_of(SHIPPED)}"' in page
    assert f"version {version_of(SHIPPED)[:8]}" in page
    assert "It fits." in page


def test_the_draft_comes_back_as_it_was_sent(admin: FlaskClient) -> None:
    odd = OTHER.replace("Hello, you", "</textarea><script>alert(1)</script> &amp; Hello, you")
    status, page = post(admin, "/check", odd)
    assert status == 200
    assert "<script>alert(1)" not in page
    from html import unescape

    assert unescape(area(page)) == odd


def test_a_check_names_lines_faults_and_warnings(admin: FlaskClient) -> None:
    _, faults = post(admin, "/check", BROKEN, piece=True)
    assert "<html" not in faults
    assert 'data-line="3"' in faults
    assert "did you mean &#34;company&#34;?" in faults
    tree = json.loads(SHIPPED)
    del tree["welcome"]["ta"]
    _, warnings = post(admin, "/check", json.dumps(tree, ensure_ascii=False, indent=1), piece=True)
    assert "It fits. 1 thing is doubtful" in warnings
    assert "nothing in &#39;ta&#39;" in warnings


def test_the_difference_is_to_what_runs(admin: FlaskClient, file: Path) -> None:
    file.write_text(BROKEN, encoding="utf-8")  # not in force
    _, piece = post(admin, "/difference", OTHER, piece=True)
    assert piece.count('<tr class="gone">') == piece.count('<tr class="new">') == 1
    assert "&lt;b&gt;Other&lt;/b&gt;" in piece
    assert "There is none." in post(admin, "/difference", SHIPPED, piece=True)[1]


@pytest.mark.parametrize(
    ("heard", "language", "says"),
    [
        ("my licence has expired", "", ("<dd>en</dd>", "<strong>license_renewal</strong>", "To renew in TallyPrime")),
        ("लाइसेंस एक्सपायर हो गया", "", ("<dd>hi</dd>", "<strong>license_renewal</strong>", "टैली")),
        ("i want to speak to a human", "en", ("<strong>transfer_to_human</strong>", "its part would be over: escalated")),
        ("<script>", "en", ("&lt;script&gt;", "the bot would ask again")),
    ],
)
def test_a_sentence_is_tried_on_the_draft(admin: FlaskClient, heard: str, language: str, says: tuple[str, ...]) -> None:
    status, piece = post(admin, "/try", small(), piece=True, heard=heard, language=language)
    assert status == 200
    assert [words for words in says if words not in piece] == []


def test_the_trial_is_of_the_draft_and_not_of_what_runs(admin: FlaskClient) -> None:
    draft = small(training="purple elephants on parade")
    _, piece = post(admin, "/try", draft, piece=True, heard="purple elephants on parade", language="en")
    assert "<strong>training</strong>" in piece
    assert "The draft has faults" in post(admin, "/try", BROKEN, piece=True, heard="hello", language="en")[1]


def test_a_trial_beside_a_language_model_says_that_it_is_of_the_rules(admin: FlaskClient, bot: SimpleNamespace) -> None:
    assert "Tried with the rules" not in post(admin, "/try", small(), piece=True, heard="hello", language="en")[1]
    running = bot.configuration.settings
    by_model = running.understanding.model_copy(update={"use": "claude"})
    bot.configuration.settings = running.model_copy(update={"understanding": by_model})
    assert "Tried with the rules" in post(admin, "/try", small(), piece=True, heard="hello", language="en")[1]


def test_a_large_file_is_taken_and_a_huge_one_refused(admin: FlaskClient) -> None:
    fields = token(admin)
    for spaces, status in ((1_000_000, 200), (3_000_000, 413)):
        sent = {**fields, "text": SHIPPED + " " * spaces}
        parts = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in sent.items()]
        body = "".join(parts) + "--x--\r\n"
        answer = admin.post(f"{PLACE}/check", data=body.encode(), content_type="multipart/form-data; boundary=x")
        assert answer.status_code == status


def test_without_scripts_each_button_answers_with_the_whole_page(admin: FlaskClient) -> None:
    for what, words in (("/check", "did you mean"), ("/difference", "compny"), ("/try", "The draft has faults")):
        status, page = post(admin, what, BROKEN, heard="my licence has expired")
        assert (status, "compny" in area(page), words in page) == (200, True, True), what


# -- publishing -----------------------------------------------------------------------
def test_published_is_the_file_with_who_and_a_backup(admin: FlaskClient, file: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    fields = {"text": OTHER, "version": version_of(SHIPPED), **token(admin)}
    answer = admin.post(PLACE, data=fields, content_type="multipart/form-data", follow_redirects=True)
    assert "Published." in answer.text
    assert file.read_text(encoding="utf-8") == OTHER
    assert [kept.read_text(encoding="utf-8") for kept in (file.parent / "data").iterdir()] == [SHIPPED]
    assert {record.__dict__["by"] for record in caplog.records if "published" in record.message} == {"admin"}


def test_a_draft_with_faults_is_not_published(admin: FlaskClient, file: Path) -> None:
    status, page = post(admin, "", BROKEN)
    assert (status, "Nothing was published" in page, "compny" in area(page)) == (422, True, True)
    assert file.read_text(encoding="utf-8") == SHIPPED


def test_a_file_that_changed_meanwhile_is_not_overwritten_unseen(admin: FlaskClient, file: Path) -> None:
    meanwhile = SHIPPED.replace("Welcome to the", "Welcome at the")
    file.write_text(meanwhile, encoding="utf-8")
    status, page = post(admin, "", OTHER)
    assert (status, "Somebody has changed the file meanwhile" in page) == (409, True)
    assert "Welcome at the" in page.split('id="difference"')[1]
    assert file.read_text(encoding="utf-8") == meanwhile
    assert f'name="version" value="{version_of(meanwhile)}"' in page
    assert post(admin, "", OTHER, version=version_of(meanwhile))[0] == 303
    assert file.read_text(encoding="utf-8") == OTHER


# -- a broken file ----------------------------------------------------------------------
def test_a_refused_file_shows_on_every_page_of_an_admin(app: Flask, admin: FlaskClient, bot: SimpleNamespace, file: Path) -> None:
    file.write_text(BROKEN, encoding="utf-8")
    assert "is broken" not in admin.get("/people").text
    bot.configuration.refused = Refused(version_of(BROKEN), ("app.json:3:3: compny: unknown key",), NOW)
    assert "is broken; the bot goes on with the one before" in admin.get("/people").text
    page = admin.get(PLACE).text
    assert "The file as it stands is refused" in page
    assert "compny: unknown key" in page
    assert "compny" in area(page)  # to be mended here
    assert "refused" in admin.get(f"{PLACE}/state").text
    assert "is broken" not in console_rig.browser(app, "supervisor").get("/account").text


def test_a_file_that_is_gone_is_told(admin: FlaskClient, file: Path) -> None:
    file.unlink()
    answer = admin.get(PLACE)
    assert (answer.status_code, "no such file" in answer.text) == (500, True)


def test_a_page_that_is_kept_for_all_follows_the_settings(migrated_file: Path, tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'live.db')}")
    bot = desk_rig.house(engine)
    supervisor = console_rig.browser(console_rig.app(bot, live.bp, history.bp), "supervisor")
    assert "Asha Rao" in supervisor.get("/live").text
    escalation = desk_rig.ESCALATION
    asha = escalation.agents["asha"].model_copy(update={"name": "Asha Iyer"})
    bot.settings = bot.settings.model_copy(
        update={"escalation": escalation.model_copy(update={"agents": {**escalation.agents, "asha": asha}})}
    )
    bot.time += timedelta(seconds=6)
    page = supervisor.get("/live").text
    assert ("Asha Iyer" in page, "Asha Rao" in page) == (True, False)
    engine.dispose()


# -- the difference -----------------------------------------------------------------------
def test_the_difference_leaves_out_what_is_the_same() -> None:
    before = "\n".join(str(number) for number in range(100))
    after = before.replace("\n10\n", "\nten\n").replace("\n90\n", "\n90\nmore\n")
    lines = difference(before, after)
    assert [(line.kind, line.text, line.before, line.after) for line in lines if line.kind in ("gone", "new")] == [
        ("gone", "10", 11, None),
        ("new", "ten", None, 11),
        ("new", "more", None, 92),
    ]
    assert [line.kind for line in lines].count("gap") == 1
    assert len(lines) == 3 + 1 + 4 * 3
