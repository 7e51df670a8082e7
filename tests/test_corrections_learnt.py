"""What an agent corrects is learnt: from the wrap-up of a call to rules that understand it; on the desk and on the command line."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

import console.corrections_cli
from calls.call import Consent, Intent, Outcome, OutcomeKind, Question, Turn
from calls.corrections import CorrectionKind, CorrectionState
from calls.errors import CorrectionError, JournalError, SettingsChanged
from calls.settings import load, parsed
from configuration import Configuration
from console import call_corrections, corrections, wrap_ups
from house import Bot
from learning import Learning
from nlu.rules import Rules
from records.corrections import Proposal
from tests import console_rig, databases
from tests.console_rig import NOW, token

migrated_file, sqlite_database = databases.migrated_file, databases.sqlite_database

ODD = "the zimbu flarp is due"  # nobody's phrase: what its callers call their return
EXPIRED = "my licence has expired"
INTENT, WORD = CorrectionKind.INTENT, CorrectionKind.WORD


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small helpdesk, so that its rules are trained in a moment; written by hand, as somebody would."""
    tree: dict[str, Any] = json.loads(Path("jambonz-app.json").read_text(encoding="utf-8"))
    tree["languages"], tree["faq"], tree["keypad"] = ["en", "hi"], {}, {"0": "transfer_to_human"}
    wanted = ("license_renewal", "gst_query", "training", "transfer_to_human", "other")
    tree["intents"] = {name: {**tree["intents"][name], "slots": {}} for name in wanted}
    for intent in tree["intents"].values():
        intent["phrases"] = {"en": intent["phrases"]["en"][:8]}
    path = tmp_path / "jambonz-app.json"
    path.write_text(json.dumps(tree, indent=2, ensure_ascii=False), encoding="utf-8")
    return path


class WithoutCalls(Bot):
    """The real house, but for its engines."""

    def _load_engines(self) -> None:
        """Nobody calls."""


@pytest.fixture
def logging_as_it_was() -> Iterator[None]:
    """A bot that starts sets up the whole process's."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def bot(sqlite_database: Engine, file: Path, logging_as_it_was: None) -> Iterator[Bot]:
    url = sqlite_database.url.render_as_string(hide_password=False)
    bot = WithoutCalls({"DATABASE_URL": url, "BOT_CONFIG": str(file), "SESSION_SECRET": "kept by the test"}, clock=lambda: NOW)
    bot.start()
    yield bot
    bot.closing.leave()
    bot.database.dispose()


@pytest.fixture
def app(bot: Bot) -> Flask:
    return console_rig.app(bot, corrections.bp, call_corrections.bp, wrap_ups.bp)


@pytest.fixture
def admin(app: Flask) -> FlaskClient:
    return console_rig.browser(app, "admin")


def call(bot: Bot, sid: str, *turns: tuple[str, str, float]) -> None:
    """A call in which the bot understood these: (words, intent, confidence)."""
    bot.journal.call_started(sid=sid, direction="inbound", caller="919812345678", called="1800", language="en", now=NOW)
    bot.journal.turn_finished(sid, Turn(0, said=["Hello."], asked=Question.OPEN))
    for number, (heard, intent, confidence) in enumerate(turns, 1):
        said = Turn(number, heard, 0.9, "en", Intent(intent, confidence), ["Well."], Question.ANYTHING_ELSE)
        bot.journal.turn_finished(sid, said)
    bot.journal.call_ended(sid, Outcome(OutcomeKind.ESCALATED, "offered"), now=NOW + timedelta(seconds=30))
    bot.journal.status_changed(sid, "completed", now=NOW + timedelta(seconds=60), duration_s=60)


def proposal(bot: Bot, heard: str = ODD, meant: str = "gst_query", kind: CorrectionKind = INTENT) -> int:
    return bot.learning.propose(Proposal(kind, heard, meant, "en", person="asha")).id


def post(browser: FlaskClient, path: str, *, piece: bool = False, **data: str) -> tuple[int, str]:
    answer = browser.post(path, data={**data, **token(browser)}, headers={"HX-Request": "true"} if piece else {})
    return answer.status_code, answer.text


def scored(learning: Learning, number: int) -> None:
    """As if: what scoring comes to is tested elsewhere, and takes its time."""
    correction = learning.corrections.get(number)
    assert correction is not None
    assert learning.corrections.scored(correction, {"verdict": "better", "version": learning.version()}) is not None


def understood(file: Path, heard: str) -> str:
    return rules(file.read_text(encoding="utf-8")).understand(heard).name


@cache
def rules(text: str) -> Rules:
    return Rules(parsed(text, "jambonz-app.json"))


# -- the whole way ----------------------------------------------------------------------
def test_a_corrected_call_is_understood_the_next_time(
    bot: Bot, app: Flask, admin: FlaskClient, file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert understood(file, ODD) == "other"
    call(bot, "CA1", (ODD, "other", 0.2), ("a person please", "transfer_to_human", 0.9))
    call(bot, "CA2", (EXPIRED, "license_renewal", 0.95))
    supervisor = console_rig.browser(app, "supervisor")
    assert post(supervisor, "/desk/calls/CA1/wrap-up", resolution="resolved", intent="gst_query")[0] == 303
    (made,) = bot.learning.corrections.newest()
    assert (made.heard, made.meant, made.call_sid, made.turn, made.person) == (ODD, "gst_query", "CA1", 1, "Supervisor")
    status, piece = post(supervisor, f"/admin/corrections/{made.id}/score", piece=True)
    assert (status, "<!doctype" in piece) == (200, False)
    assert ("1 better" in piece, "0 worse" in piece, ODD in piece, EXPIRED in piece) == (True, True, True, False)
    assert "Keep it" not in piece  # an admin's affair
    assert "Keep it" in admin.get("/admin/corrections").text
    assert post(admin, f"/admin/corrections/{made.id}/keep")[0] == 303
    kept = bot.learning.corrections.get(made.id)
    assert kept is not None
    assert (kept.state, kept.settled_by, kept.score["verdict"], kept.score["better"]) == (CorrectionState.KEPT, "admin", "better", 1)
    assert json.loads(file.read_text(encoding="utf-8"))["intents"]["gst_query"]["phrases"]["en"][-1] == ODD
    assert (understood(file, ODD), understood(file, EXPIRED)) == ("gst_query", "license_renewal")
    assert len(list((tmp_path / "data").iterdir())) == 1
    assert ODD not in caplog.text + str([vars(record) for record in caplog.records if record.name.startswith(("voicebot", "console"))])


def test_an_agent_who_changes_their_mind_withdraws_it(bot: Bot, app: Flask) -> None:
    call(bot, "CA1", (ODD, "other", 0.2))
    supervisor = console_rig.browser(app, "supervisor")
    for intent, proposed in (("gst_query", ["gst_query"]), ("training", ["training"]), ("", [])):
        assert post(supervisor, "/desk/calls/CA1/wrap-up", resolution="resolved", intent=intent)[0] == 303
        assert [each.meant for each in bot.learning.corrections.newest()] == proposed


def test_a_wrap_up_teaches_nothing_where_there_is_nothing_to_learn(bot: Bot, app: Flask) -> None:
    call(bot, "CA1", (EXPIRED, "license_renewal", 0.9), ("and my gst return", "gst_query", 0.7))
    call(bot, "CA2", ("a person please", "transfer_to_human", 0.9))
    call(bot, "CA3", (ODD, "other", 0.2))
    bot.journal.consent_declined("CA3")
    supervisor = console_rig.browser(app, "supervisor")
    for sid in ("CA1", "CA2", "CA3"):
        intent = "license_renewal" if sid == "CA1" else "gst_query"
        assert post(supervisor, f"/desk/calls/{sid}/wrap-up", resolution="resolved", intent=intent)[0] == 303
    record = bot.journal.record("CA3")
    assert record is not None
    assert record.consent is Consent.DECLINED
    assert bot.learning.corrections.newest() == []


def test_a_wrap_up_stands_without_its_correction(bot: Bot, app: Flask, sqlite_database: Engine) -> None:
    call(bot, "CA1", (ODD, "other", 0.2))
    with sqlite_database.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE corrections RENAME TO gone")
    supervisor = console_rig.browser(app, "supervisor")
    assert post(supervisor, "/desk/calls/CA1/wrap-up", resolution="resolved", intent="gst_query")[0] == 303
    assert bot.wrap_ups.of("CA1") is not None


# -- what is kept and what is not --------------------------------------------------------
def test_a_worse_one_is_shown_worse_and_wants_to_be_said_twice(bot: Bot, admin: FlaskClient, file: Path) -> None:
    call(bot, "CA1", (EXPIRED, "license_renewal", 0.95))
    call(bot, "CA2", ("licence expired yesterday", "license_renewal", 0.95))
    number = proposal(bot, "licence expired", "training", WORD)
    status, piece = post(admin, f"/admin/corrections/{number}/score", piece=True)
    assert (status, "1 worse" in piece, "licence expired yesterday" in piece, EXPIRED in piece) == (200, True, True, False)
    assert 'name="even_if_worse"' in piece
    before = file.read_text(encoding="utf-8")
    status, page = post(admin, f"/admin/corrections/{number}/keep")
    assert (status, "understand less than before" in page, file.read_text(encoding="utf-8")) == (409, True, before)
    assert post(admin, f"/admin/corrections/{number}/keep", even_if_worse="yes")[0] == 303
    assert load(file).understanding.variations == {"licence expired": "training"}
    assert understood(file, "licence expired yesterday") == "training"


def test_it_is_not_kept_unscored_nor_scored_against_another_file(bot: Bot, file: Path) -> None:
    first, second = proposal(bot), proposal(bot, "flarp the zimbu")
    with pytest.raises(CorrectionError, match="not scored yet"):
        bot.learning.keep(first, "anu")
    for number in (first, second):
        scored(bot.learning, number)
    bot.learning.keep(first, "anu")
    with pytest.raises(CorrectionError, match="has changed since it was scored"):
        bot.learning.keep(second, "anu")
    scored(bot.learning, second)
    assert bot.learning.keep(second, "anu").state is CorrectionState.KEPT
    assert load(file).intents["gst_query"].phrases["en"][-2:] == [ODD, "flarp the zimbu"]
    for settled in (first, second):
        for again in (
            bot.learning.score,
            lambda number: bot.learning.refuse(number, "anu"),
            lambda number: bot.learning.keep(number, "anu"),
        ):
            with pytest.raises(CorrectionError, match="settled already"):
                again(settled)


@pytest.mark.parametrize("theirs", ["98123 45678", "nine eight one double two three four five six seven", "९८१२३ ४५६७८"])
def test_somebodys_number_does_not_get_into_the_file(bot: Bot, file: Path, theirs: str) -> None:
    number = proposal(bot, f"{ODD} {theirs}")
    with pytest.raises(CorrectionError, match="number"):
        bot.learning.keep(number, "anu")
    bot.learning.reword(number, f" {ODD}\n", "gst_query", "hi")
    with pytest.raises(CorrectionError, match="not scored yet"):
        bot.learning.keep(number, "anu")
    scored(bot.learning, number)
    bot.learning.keep(number, "anu")
    assert load(file).intents["gst_query"].phrases["hi"] == [ODD]


@pytest.mark.parametrize(
    ("kind", "heard", "meant", "language", "why"),
    [
        (INTENT, "", "gst_query", "en", "say what was heard"),
        (WORD, "jeem", " ", "en", "say what was heard"),
        (INTENT, "return", "gst_qury", "en", 'did you mean "gst_query"'),
        (INTENT, "return", "gst_query", "ta", "no language 'ta'"),
        (INTENT, "x" * 301, "gst_query", "en", "at most 300"),
        (WORD, "x" * 101, "gst", "en", "at most 100"),
        (WORD, "gst", "GST ", "en", "the same words"),
    ],
)
def test_what_can_not_be_proposed(bot: Bot, kind: CorrectionKind, heard: str, meant: str, language: str, why: str) -> None:
    with pytest.raises(CorrectionError, match=why):
        bot.learning.propose(Proposal(kind, heard, meant, language))
    assert bot.learning.corrections.newest() == []


def test_a_file_that_has_no_place_for_it_any_more(bot: Bot, file: Path) -> None:
    number, whole = proposal(bot, ODD, "training"), file.read_text(encoding="utf-8")
    tree = json.loads(whole)
    del tree["intents"]["training"]
    file.write_text(json.dumps(tree), encoding="utf-8")
    with pytest.raises(CorrectionError, match="no place for it"):
        bot.learning.score(number)
    file.write_text(whole[:-2], encoding="utf-8")
    with pytest.raises(CorrectionError, match="mend it first"):
        bot.learning.score(number)


class Meddling(Configuration):
    """Somebody saves the file in an editor just before we write it."""

    def publish(self, text: str, *, expected_version: str, by: str = "") -> str:
        self.path.write_text(self.text + "\n", encoding="utf-8")
        return super().publish(text, expected_version=expected_version, by=by)


def test_somebody_elses_change_is_not_overwritten(bot: Bot, file: Path) -> None:
    learning = Learning(bot.learning.corrections, Meddling(file))
    number = proposal(bot)
    scored(learning, number)
    with pytest.raises(SettingsChanged):
        learning.keep(number, "anu")
    after = learning.corrections.get(number)
    assert after is not None
    assert after.state is CorrectionState.PROPOSED
    assert ODD not in file.read_text(encoding="utf-8")


# -- the page of the supervisors -------------------------------------------------------------
@pytest.mark.parametrize("role", ["", "agent"])
def test_callers_words_are_for_supervisors(bot: Bot, app: Flask, role: str) -> None:
    proposal(bot)
    browser = console_rig.browser(app, role, agent="asha" if role else "")
    answer = browser.get("/admin/corrections", headers={"Accept": "text/html"})
    assert (answer.status_code, ODD in answer.text) == (403 if role else 302, False)


def test_a_supervisor_sees_and_scores_and_an_admin_decides(bot: Bot, app: Flask, admin: FlaskClient) -> None:
    number, supervisor = proposal(bot), console_rig.browser(app, "supervisor")
    page = supervisor.get("/admin/corrections").text
    assert (ODD in page, "Score it" in page, "/keep" in page, "/refuse" in page) == (True, True, False, False)
    status, page = post(supervisor, f"/admin/corrections/{number}/score")  # without scripts: the whole page
    assert (status, "<h1>Corrections</h1>" in page, "an agent says so" in page) == (200, True, True)
    for what in ("keep", "refuse"):
        assert post(supervisor, f"/admin/corrections/{number}/{what}")[0] == 403
    for what in ("score", "keep", "refuse", "reword"):
        assert admin.post(f"/admin/corrections/{number}/{what}").status_code == 400  # no token
        assert post(admin, f"/admin/corrections/999/{what}")[0] == 404
    assert post(admin, f"/admin/corrections/{number}/refuse")[0] == 303
    assert "refused" in admin.get("/admin/corrections").text
    for what in ("score", "keep", "refuse"):
        status, page = post(admin, f"/admin/corrections/{number}/{what}")
        assert (status, "settled already" in page) == (409, True)


def test_what_is_typed_is_kept_when_it_is_wrong(bot: Bot, admin: FlaskClient) -> None:
    status, page = post(admin, "/admin/corrections", kind="word", heard='<b>"gst"</b>', word='<B>"gst"</B>', language="en")
    assert (status, "the same words" in page, "&lt;b&gt;&#34;gst&#34;" in page, "<b>" in page) == (422, True, True, False)
    assert post(admin, "/admin/corrections", kind="word", heard="jst", word="gst", language="en")[0] == 303
    (made,) = bot.learning.corrections.newest()
    assert (made.kind, made.heard, made.meant, made.person) == (WORD, "jst", "gst", "admin")
    assert post(admin, f"/admin/corrections/{made.id}/reword", heard="jst", meant="", language="en")[0] == 422
    assert post(admin, f"/admin/corrections/{made.id}/reword", heard="jsst", meant="gst", language="en")[0] == 303
    assert "jsst" in admin.get("/admin/corrections").text


# -- the form of a call --------------------------------------------------------------------
def test_nothing_is_learnt_from_a_caller_who_declined_to_be_recorded(bot: Bot, admin: FlaskClient) -> None:
    call(bot, "CA1", (ODD, "other", 0.2))
    assert ODD in admin.get("/corrections/CA1").text
    bot.journal.consent_declined("CA1")
    page = admin.get("/corrections/CA1").text
    assert (ODD in page, "declined to be recorded" in page) == (False, True)
    assert post(admin, "/corrections/CA1/1", kind="intent", intent="gst_query")[0] == 404
    assert bot.learning.corrections.newest() == []


def test_an_agent_puts_right_a_turn_of_an_own_call(bot: Bot, app: Flask) -> None:
    call(bot, "CA1", ("Jeem essay tee, return", "other", 0.2))
    assert bot.journal.escalation_started("CA1", "asha", NOW, queue="first", agents=["asha"], by="desk")
    asha, ravi = (console_rig.browser(app, "agent", agent=agent) for agent in ("asha", "ravi"))
    assert ravi.get("/corrections/CA1").status_code == 403
    assert post(ravi, "/corrections/CA1/1", kind="intent", intent="gst_query")[0] == 403
    assert "Jeem essay tee, return" in asha.get("/corrections/CA1").text
    assert post(asha, "/corrections/CA1/1", kind="intent", intent="gst_query", heard="something else")[0] == 303
    assert post(asha, "/corrections/CA1/1", kind="word", heard="jeem essay tee", word="gst")[0] == 303
    status, page = post(asha, "/corrections/CA1/1", kind="word", heard="not heard there", word="gst")
    assert (status, "did not hear these words" in page, 'value="not heard there"' in page) == (422, True, True)
    assert post(asha, "/corrections/CA1/1", kind="intent", intent="")[0] == 422
    assert [post(asha, f"/corrections/{place}", kind="intent", intent="training")[0] for place in ("CA1/0", "CA1/9", "CA9/1")] == [404] * 3
    assert [(each.kind, each.heard, each.meant, each.turn, each.person) for each in bot.learning.corrections.of_call("CA1")] == [
        (INTENT, "Jeem essay tee, return", "gst_query", 1, "asha"),
        (WORD, "jeem essay tee", "gst", 1, "asha"),
    ]


# -- the command line --------------------------------------------------------------------------
def flask_corrections(bot: Bot, *arguments: str) -> Result:
    group = click.Group("flask")
    console.corrections_cli.register(group, lambda: bot.learning)
    return CliRunner().invoke(group, ["corrections", *arguments])


def test_from_the_command_line(bot: Bot, file: Path) -> None:
    call(bot, "CA1", (ODD, "other", 0.2))
    added = flask_corrections(bot, "add", "zimbu flarp", "gst return", "--word", "--language", "en")
    assert (added.exit_code, added.output.split()[:2]) == (0, ["correction", "1"])
    assert flask_corrections(bot, "add", "hello\x1b[31m", "training").exit_code == 0
    early = flask_corrections(bot, "keep", "1")
    assert (early.exit_code, early.output) == (1, "Error: it was not scored yet: score it first\n")
    scored = flask_corrections(bot, "score", "1").output.splitlines()
    assert scored[0].startswith("equal: 0 better, ")
    assert scored[0].endswith("1 otherwise (nobody has said what they meant), of 2 stored utterances")
    assert scored[1].split()[0] == "unclear"
    assert flask_corrections(bot, "keep", "1").output == "correction 1 is kept\n"
    assert flask_corrections(bot, "refuse", "2").output == "correction 2 is refused\n"
    assert load(file).understanding.variations == {"zimbu flarp": "gst return"}
    assert understood(file, ODD) == "gst_query"
    headings, *rows = flask_corrections(bot, "list").output.splitlines()
    assert headings.split() == ["id", "state", "score", "language", "proposed", "correction"]
    assert [row.split()[:3] for row in rows] == [["2", "refused", "-"], ["1", "kept", "equal"]]
    assert "\x1b" not in rows[0]
    assert len(flask_corrections(bot, "list", "--state", "kept").output.splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("add", "return", "gst_qury"), 'did you mean "gst_query"'),
        (("score", "7"), "never proposed"),
        (("refuse", "7"), "never proposed"),
    ],
)
def test_what_goes_wrong_is_told_in_plain_words(bot: Bot, arguments: tuple[str, ...], why: str) -> None:
    result = flask_corrections(bot, *arguments)
    assert (result.exit_code, why in result.output, "Traceback" in result.output) == (1, True, False)


def test_a_database_that_is_away_is_told() -> None:
    def away() -> Learning:
        raise JournalError("DATABASE_URL: can't be reached; start the server")

    group = click.Group("flask")
    console.corrections_cli.register(group, away)
    result = CliRunner().invoke(group, ["corrections", "list"])
    assert (result.exit_code, result.output) == (1, "Error: DATABASE_URL: can't be reached; start the server\n")
