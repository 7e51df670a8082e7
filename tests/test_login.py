"""Who gets into the console, and who does not: logins, sessions, forged forms, tries, the first admin."""

from __future__ import annotations

import logging
import os
import random
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.routing import Rule

import console
from calls.agents import Callback, Escalation
from calls.call import CallRecord, Consent
from calls.errors import SettingsError
from console.door import may_see, needs, person
from console.limits import AN_ADDRESS
from console.setup import GOOD_FOR, setup_link
from records.database import open_database
from tests import console_rig, databases
from tests.console_rig import NOW, PASSWORD, log_in, token

any_database, migrated_file, migrated_postgres = databases.database, databases.migrated_file, databases.migrated_postgres
postgres_server = databases.postgres_server

REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
TRIES = int(AN_ADDRESS.split()[0])

pages = Blueprint("pages", __name__)
machines = Blueprint("machines", __name__)


@pages.get("/agents-page")
@needs("agent")
def agents_page() -> str:
    return f"seen by {person().login}"


@pages.get("/supervisors-page")
@needs("supervisor")
def supervisors_page() -> str:
    return "seen"


@pages.route("/admins-page", methods=["GET", "POST"])
@needs("admin")
def admins_page() -> str:
    return "seen"


@pages.get("/any/events")
@needs("agent")
def events() -> str:
    return "data: x\n\n"


@machines.post("/hook")
def hook() -> str:
    return "taken"


@pytest.fixture
def database(migrated_file: Path, tmp_path: Path) -> Iterator[Engine]:
    """SQLite's: what is asked of a database is asked of both in tests/test_people.py."""
    engine = open_database(f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'voicebot.db')}")
    yield engine
    engine.dispose()


@pytest.fixture
def house(database: Engine) -> SimpleNamespace:
    return console_rig.house(database)


@pytest.fixture
def app(house: SimpleNamespace) -> Flask:
    application = console_rig.app(house, pages)
    application.register_blueprint(machines)
    return application


@pytest.fixture
def stranger(app: Flask) -> FlaskClient:
    return console_rig.browser(app)


# -- the whole console -------------------------------------------------------------------
OPEN = {"login", "assets", "pop"}  # the login itself, what it looks like, and the pages behind a signed link


@pytest.fixture
def whole(database: Engine) -> Flask:
    """Every page that the bot has."""
    app = Flask("test", static_folder=None)
    app.extensions["bot"] = console_rig.house(database)
    console.register(app)
    return app


def rules_of(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every address of the console's pages behind the login."""
    for rule in app.url_map.iter_rules():
        blueprint = rule.endpoint.split(".")[0]
        if blueprint in app.extensions["console"] and blueprint not in OPEN:
            values = {name: 1 if type(rule._converters[name]).__name__ == "IntegerConverter" else "x" for name in rule.arguments}
            yield rule, app.url_map.bind("localhost").build(rule.endpoint, values, method=next(iter((rule.methods or set()) - {"OPTIONS"})))


def test_a_stranger_sees_nothing_of_any_page(whole: Flask) -> None:
    stranger, seen = console_rig.browser(whole), 0
    for rule, address in rules_of(whole):
        if "GET" in (rule.methods or ()):
            answer, seen = stranger.get(address), seen + 1
            sent_away = answer.status_code == 302 and answer.headers["Location"].startswith("/login")
            assert sent_away or answer.status_code == 401, f"{rule} answers {answer.status_code}"
    assert seen > 10


def test_no_page_takes_a_form_without_its_token(whole: Flask) -> None:
    admin, forms = console_rig.browser(whole, "admin"), 0
    posts = [(rule, address) for rule, address in rules_of(whole) if "POST" in (rule.methods or ())]
    for rule, address in posts:
        for data in ({}, {"csrf_token": "x"}, token(console_rig.browser(whole))):
            answer = admin.post(address, data=data)
            assert (answer.status_code, "too old to be sent" in answer.text) == (400, True), f"{rule} answers {answer.status_code}"
        forms += 1
    assert forms > 5


def test_no_page_takes_a_form_from_a_stranger(whole: Flask) -> None:
    stranger = console_rig.browser(whole)
    for rule, address in rules_of(whole):
        if "POST" in (rule.methods or ()):
            answer = stranger.post(address, data=token(stranger))
            assert answer.status_code == 401, f"{rule} answers {answer.status_code}"
            answer = stranger.post(address, data=token(stranger), headers={"Accept": "text/html"})
            assert (answer.status_code, answer.headers["Location"]) == (302, "/login"), f"{rule} answers {answer.status_code}"


@pytest.mark.parametrize("role", ["agent", "supervisor"])
def test_what_is_the_admins_is_nobody_elses(whole: Flask, role: str) -> None:
    browser, seen = console_rig.browser(whole, role), 0
    for rule, address in rules_of(whole):
        if rule.endpoint.split(".")[0] in {"people", "deliveries"}:
            seen += 1
            answer = browser.get(address) if "GET" in (rule.methods or ()) else browser.post(address, data=token(browser))
            assert answer.status_code == 403, f"{rule} answers {answer.status_code}"
    assert seen > 5


def test_machines_are_not_asked_for_a_login(whole: Flask) -> None:
    assert whole.test_client().get("/healthz").status_code == 200
    assert "Set-Cookie" not in whole.test_client().get("/metrics").headers


# -- strangers, roles --------------------------------------------------------------------
def test_a_stranger_is_sent_to_the_login_and_back(stranger: FlaskClient, house: SimpleNamespace) -> None:
    answer = stranger.get("/agents-page?day=today")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login?next=/agents-page?day%3Dtoday")
    page = stranger.get(answer.headers["Location"]).text
    back = re.search(r'name="next" value="([^"]*)"', page)
    assert back is not None
    house.people.add("asha", "Asha", PASSWORD, "agent", now=NOW)
    answer = log_in(stranger, "asha", PASSWORD, next=back[1])
    assert (answer.status_code, answer.headers["Location"]) == (303, "/agents-page?day=today")
    assert stranger.get("/agents-page").text == "seen by asha"
    assert house.people.by_login("asha").last_login_at == NOW


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("/agents-page", {"HX-Request": "true"}),
        ("/agents-page", {"Accept": "application/json"}),
        ("/any/events", {}),
        ("/any/events", {"Accept": "text/event-stream"}),
    ],
)
def test_a_script_is_told_that_nobody_is_logged_in(stranger: FlaskClient, address: str, headers: dict[str, str]) -> None:
    answer = stranger.get(address, headers=headers)
    assert (answer.status_code, answer.text) == (401, "log in first\n")
    assert ("HX-Redirect" in answer.headers) == ("HX-Request" in headers)


@pytest.mark.parametrize(
    ("role", "answers"),
    [("agent", (200, 403, 403)), ("supervisor", (200, 200, 403)), ("admin", (200, 200, 200))],
)
def test_each_role_may_do_what_those_below_may(app: Flask, role: str, answers: tuple[int, ...]) -> None:
    browser = console_rig.browser(app, role)
    assert tuple(browser.get(f"/{page}-page").status_code for page in ("agents", "supervisors", "admins")) == answers
    assert browser.get("/").headers["Location"] == "/desk"


def test_the_wrong_role_is_told_in_plain_words(app: Flask) -> None:
    page = console_rig.browser(app, "agent").get("/supervisors-page").text
    assert "This page is for a person with the role &#39;supervisor&#39;" in page
    assert 'href="/people"' not in page


def record(*, rang: str = "", promised: bool = False) -> CallRecord:
    call = CallRecord("CA1", "inbound", "+15085551212", "100", "en", "completed", Consent.GIVEN, NOW, NOW, 60, None)
    escalations = (Escalation("Asha", "completed", NOW, agents=(rang,)),) if rang else ()
    callback = Callback(1, "CA1", "+15085551212", "other", "en", "no_agent", NOW, NOW) if promised else None
    return CallRecord(**{name: getattr(call, name) for name in call.__slots__} | {"escalations": escalations, "callback": callback})


@pytest.mark.parametrize(
    ("role", "agent", "call", "seen"),
    [
        ("agent", "asha", record(rang="asha"), True),
        ("agent", "asha", record(rang="ravi"), False),
        ("agent", "asha", record(), False),
        ("agent", "", record(), False),
        ("agent", "", record(rang=""), False),
        ("agent", "", record(promised=True), True),
        ("supervisor", "", record(rang="ravi"), True),
    ],
)
def test_an_agent_sees_the_own_calls(app: Flask, role: str, agent: str, call: CallRecord, seen: bool) -> None:
    found: list[bool] = []
    app.view_functions["pages.agents_page"] = needs("agent")(lambda: str(found.append(may_see(call))))
    console_rig.browser(app, role, agent=agent).get("/agents-page")
    assert found == [seen]


# -- the login ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("login", "password"), [("asha", "wrong password"), ("nobody", PASSWORD), ("", ""), ("asha", ""), ("closed", PASSWORD)]
)
def test_a_wrong_login_never_says_what_was_wrong(
    app: Flask, house: SimpleNamespace, login: str, password: str, caplog: pytest.LogCaptureFixture
) -> None:
    house.people.add("asha", "Asha", PASSWORD, "agent", now=NOW)
    house.people.change(house.people.add("closed", "Closed", PASSWORD, "agent", now=NOW).id, active=False)
    stranger = console_rig.browser(app)
    answer = log_in(stranger, login, password)
    assert answer.status_code == 401
    assert "Login or password is wrong." in answer.text
    assert 'aria-invalid="true" aria-describedby="refused"' in answer.text
    assert stranger.get("/agents-page").status_code == 302
    refused = [each for each in caplog.records if each.getMessage() == "a login was refused"]
    assert [each.__dict__["pii_login"] for each in refused] == [login]
    assert PASSWORD not in caplog.text


def test_what_was_typed_comes_back_harmlessly(stranger: FlaskClient) -> None:
    page = log_in(stranger, '"><script>alert(1)</script>', "x", next='/"><script>').text
    assert "<script>alert" not in page
    assert '"><script>"' not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize(
    "wanted",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "/\\elsewhere.example",
        "\\\\elsewhere.example",
        "/\t/elsewhere.example",
        "/\n/elsewhere.example",
        "javascript:alert(1)",
        "elsewhere.example",
        "///elsewhere.example",
        "/desk\r\nSet-Cookie: a=b",
        "/logout",
        "http://[",
        "",
    ],
)
def test_the_login_leads_nowhere_else(app: Flask, wanted: str) -> None:
    app.extensions["bot"].people.add("asha", "Asha", PASSWORD, "agent", now=NOW)
    answer = log_in(console_rig.browser(app), "asha", PASSWORD, next=wanted)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    logged_in = console_rig.browser(app, "agent", login="asha")
    assert logged_in.get("/login", query_string={"next": wanted}).headers["Location"] == "/"


def test_log_out(app: Flask) -> None:
    browser = console_rig.browser(app, "agent")
    assert browser.post("/logout").status_code == 400  # a picture on another site can't log anybody out
    assert browser.post("/logout", data=token(browser)).status_code == 303
    assert browser.get("/agents-page").status_code == 302


@pytest.fixture
def app_on_any(any_database: Engine) -> Flask:
    return console_rig.app(console_rig.house(any_database), pages)


# -- sessions ----------------------------------------------------------------------------
@pytest.mark.parametrize(("public_url", "secure"), [("", False), ("http://bot.example.com", False), ("https://bot.example.com", True)])
def test_the_cookie(database: Engine, public_url: str, secure: bool) -> None:
    app = console_rig.app(console_rig.house(database, {"PUBLIC_URL": public_url}), pages)
    app.extensions["bot"].people.add("asha", "Asha", PASSWORD, "agent", now=NOW)
    scheme = public_url.partition(":")[0] or "http"
    browser = app.test_client()
    page = browser.get("/login", base_url=f"{scheme}://localhost").text
    sent = {"login": "asha", "password": PASSWORD, "csrf_token": page.split('name="csrf_token" value="')[1].split('"')[0]}
    answer = browser.post("/login", data=sent, base_url=f"{scheme}://localhost", headers={"Referer": f"{scheme}://localhost/login"})
    name, *flags = answer.headers["Set-Cookie"].split("; ")
    assert name.startswith("voicebot_session=")
    assert ("Secure" in flags, "HttpOnly" in flags, "SameSite=Lax" in flags) == (secure, True, True)
    expires = parsedate_to_datetime(next(flag for flag in flags if flag.startswith("Expires=")).removeprefix("Expires="))
    assert abs(expires - datetime.now(UTC) - timedelta(hours=12)) < timedelta(minutes=1)


def test_a_session_lasts_from_the_last_request(app: Flask) -> None:
    browser = console_rig.browser(app, "agent")
    assert "voicebot_session=" in browser.get("/agents-page").headers["Set-Cookie"]


@pytest.mark.parametrize(
    "change",
    [
        lambda people, number: people.set_password(number, "another password"),
        lambda people, number: people.change(number, role="supervisor"),
        lambda people, number: people.change(number, active=False),
    ],
    ids=["password", "role", "closed"],
)
def test_what_an_account_may_do_changes_at_once(app_on_any: Flask, change: Any) -> None:
    app = app_on_any
    browser, people = console_rig.browser(app, "agent", login="asha"), app.extensions["bot"].people
    people.change(people.by_login("asha").id, name="Asha K.", agent="asha")
    assert browser.get("/agents-page").status_code == 200
    change(people, people.by_login("asha").id)
    assert browser.get("/agents-page").status_code == 302


def test_a_session_of_another_key_is_worth_nothing(app: Flask, database: Engine) -> None:
    browser = console_rig.browser(app, "admin")
    cookie = browser.get_cookie("voicebot_session")
    assert cookie is not None
    other = console_rig.app(console_rig.house(database, {"SESSION_SECRET": "of another house"}), pages).test_client()
    same = console_rig.app(console_rig.house(database), pages).test_client()
    for client, status in ((other, 302), (same, 200)):
        client.set_cookie("voicebot_session", cookie.value)
        assert client.get("/admins-page").status_code == status


@pytest.mark.parametrize(("secrets", "status"), [(("webhook secret",), 200), (("another",), 302)])
def test_without_a_session_secret_the_webhook_secret_makes_the_key(database: Engine, secrets: tuple[str, ...], status: int) -> None:
    environ = {"SESSION_SECRET": ""}
    cookie = console_rig.browser(console_rig.app(console_rig.house(database, environ), pages), "admin").get_cookie("voicebot_session")
    client = console_rig.app(console_rig.house(database, environ, secrets=secrets), pages).test_client()
    client.set_cookie("voicebot_session", cookie.value if cookie else "")
    assert client.get("/admins-page").status_code == status


def test_nothing_of_a_strangers_session_outlives_the_login(app: Flask) -> None:
    app.extensions["bot"].people.add("asha", "Asha", PASSWORD, "agent", now=NOW)
    browser = console_rig.browser(app)
    before = token(browser)
    log_in(browser, "asha", PASSWORD)
    assert browser.post("/logout", data=before).status_code == 400


def test_the_bot_starts_before_the_first_page(database: Engine) -> None:
    """The key is known only once the configuration was read."""
    started: list[str] = []
    bot = console_rig.house(database, start=lambda: started.append("yes"))
    assert console_rig.app(bot).test_client().get("/login").status_code == 200
    assert started == ["yes"]


# -- what every answer carries -----------------------------------------------------------
def test_pages_are_kept_private_and_run_no_strange_scripts(app: Flask) -> None:
    admin = console_rig.browser(app, "admin")
    for address, status in (("/admins-page", 200), ("/login", 302), ("/nowhere", 404), ("/supervisors-page", 200)):
        answer = admin.get(address, headers={"Accept": "text/html"})
        assert answer.status_code == status
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy.split("; "))
        assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


def test_no_page_of_ours_breaks_its_policy(app: Flask) -> None:
    stranger, admin = console_rig.browser(app), console_rig.browser(app, "admin")
    for page in (stranger.get("/login").text, admin.get("/account").text, admin.get("/nowhere", headers={"Accept": "text/html"}).text):
        assert not re.search(r"<style|\sstyle=|<script(?! src=)|\son\w+=|hx-on|javascript:", page)


def test_a_hook_has_nothing_of_it(app: Flask) -> None:
    answer = app.test_client().post("/hook")
    assert (answer.status_code, answer.text) == (200, "taken")
    assert not {"Set-Cookie", "Content-Security-Policy", "Vary"} & set(answer.headers.keys())
    assert "Helpdesk" not in app.test_client().get("/hook").text


def test_a_database_that_is_away_is_told(app_on_any: Flask, any_database: Engine) -> None:
    app, database = app_on_any, any_database
    browser = console_rig.browser(app, "admin")
    with database.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE people RENAME TO gone")
    try:
        answers = [browser.get("/admins-page"), browser.get("/nowhere", headers={"Accept": "text/html"}), browser.get("/any/events")]
    finally:
        with database.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE gone RENAME TO people")
    assert [answer.status_code for answer in answers] == [503, 404, 503]
    assert "The database does not answer" in answers[0].text
    assert "<h1>" not in answers[2].text
    assert browser.get("/admins-page").status_code == 200


# -- tries -------------------------------------------------------------------------------
def test_an_address_has_few_tries(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    app.extensions["bot"].people.add("asha", "Asha", PASSWORD, "agent", now=NOW)
    stranger = console_rig.browser(app)
    caplog.set_level(logging.INFO)
    assert [log_in(stranger, f"guess{number}", "x").status_code for number in range(TRIES)] == [401] * TRIES
    answer = log_in(stranger, "asha", PASSWORD)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    assert "Wait a minute, then try again." in answer.text
    assert stranger.get("/login").status_code == 200
    assert not any("127.0.0.1" in each.getMessage() for each in caplog.records)
    elsewhere = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.7"}, "headers": {"X-Forwarded-For": "192.0.2.8"}}
    sent = {"login": "asha", "password": PASSWORD, **token(stranger)}
    assert stranger.post("/login", data=sent, headers={"X-Forwarded-For": "192.0.2.8"}).status_code == 429
    assert stranger.post("/login", data=sent, **elsewhere).status_code == 303


def test_a_login_that_succeeds_forgives_the_tries_before(app: Flask) -> None:
    app.extensions["bot"].people.add("asha", "Asha", PASSWORD, "agent", now=NOW)
    for _ in range(TRIES + 1):  # an office behind one address in the morning
        assert log_in(console_rig.browser(app), "asha", PASSWORD).status_code == 303


def test_an_account_has_few_tries_from_all_addresses(app: Flask) -> None:
    app.extensions["bot"].people.add("asha", "Asha", PASSWORD, "agent", now=NOW)
    stranger = console_rig.browser(app)
    hidden = token(stranger)

    def answer(login: str, password: str, last: int) -> int:
        sent = {"login": login, "password": password, **hidden}
        return stranger.post("/login", data=sent, environ_overrides={"REMOTE_ADDR": f"192.0.2.{last}"}).status_code

    assert {answer("ASHA" if number % 2 else "asha", "x", number) for number in range(20)} == {401}
    assert answer("asha", PASSWORD, 20) == 429
    assert answer("ravi", PASSWORD, 21) == 401


def redis_server() -> redis.Redis:
    client = redis.Redis.from_url(REDIS, socket_connect_timeout=1)
    try:
        client.ping()
    except redis.RedisError:
        (pytest.fail if os.environ.get("REQUIRE_SERVICES") == "1" else pytest.skip)("no Redis answers at TEST_REDIS_URL")
    return client


def test_tries_are_counted_for_all_processes_in_redis(database: Engine) -> None:
    redis_server().close()
    clients = [console_rig.app(console_rig.house(database), redis_url=REDIS).test_client() for _ in range(2)]
    address = f"2001:db8::{random.getrandbits(16):x}:{random.getrandbits(16):x}:{random.getrandbits(16):x}"
    answers = []
    for number in range(TRIES + 1):
        client = clients[number % 2]
        sent = {"login": f"guess {random.random()}", "password": "x", **token(client)}
        answers.append(client.post("/login", data=sent, environ_overrides={"REMOTE_ADDR": address}).status_code)
    assert answers == [401] * TRIES + [429]


def test_while_redis_is_away_tries_are_counted_here(database: Engine) -> None:
    app = console_rig.app(console_rig.house(database), redis_url="redis://127.0.0.1:1/0")
    app.extensions["bot"].people.add("asha", "Asha", PASSWORD, "agent", now=NOW)
    assert log_in(console_rig.browser(app), "asha", PASSWORD).status_code == 303
    stranger = console_rig.browser(app)
    assert [log_in(stranger, f"guess{number}", "x").status_code for number in range(TRIES + 1)] == [401] * TRIES + [429]


def test_an_address_of_redis_that_is_none_is_told(database: Engine) -> None:
    with pytest.raises(SettingsError, match="REDIS_URL"):
        console_rig.app(console_rig.house(database), redis_url="localhost:6379")


# -- the emergency key -------------------------------------------------------------------
def test_the_emergency_key(database: Engine) -> None:
    house = console_rig.house(database, {"ADMIN_PASSWORD": "break the glass"})
    app = console_rig.app(house, pages)
    browser = console_rig.browser(app)
    assert log_in(browser, "admin", "break the glas").status_code == 401
    assert log_in(browser, "Admin", "break the glass").status_code == 303
    assert browser.get("/admins-page").status_code == 200
    assert browser.get("/agents-page").text == "seen by admin"
    assert house.people.count() == 0
    house.environment = console_rig.house(database, {"ADMIN_PASSWORD": "another"}).environment
    assert browser.get("/admins-page").status_code == 302  # another password ends its sessions


def test_an_account_called_admin_takes_the_place_of_the_emergency_key(database: Engine) -> None:
    house = console_rig.house(database, {"ADMIN_PASSWORD": "break the glass"})
    app = console_rig.app(house, pages)
    browser = console_rig.browser(app)
    log_in(browser, "admin", "break the glass")
    house.people.add("admin", "A person", PASSWORD, "agent", now=NOW)
    assert browser.get("/admins-page").status_code == 302
    assert log_in(browser, "admin", "break the glass").status_code == 401
    assert log_in(browser, "admin", PASSWORD).status_code == 303
    assert browser.get("/admins-page").status_code == 403


def test_without_an_admin_password_there_is_no_emergency_key(app: Flask) -> None:
    stranger = console_rig.browser(app)
    assert {log_in(stranger, "admin", password).status_code for password in ("", "admin")} == {401}


# -- the first admin ---------------------------------------------------------------------
FIRST = {"login": "meera", "name": "Meera", "password": PASSWORD}


def path_of(link: str) -> str:
    return link.removeprefix("https://bot.example.com")


def test_the_first_admins_account_is_made_once(app: Flask, house: SimpleNamespace) -> None:
    link = setup_link(house, "https://bot.example.com/")
    assert link.startswith("https://bot.example.com/setup/")
    browser, late = console_rig.browser(app), console_rig.browser(app)
    assert "The first account" in late.get(path_of(link)).text
    hidden = token(late)
    answer = browser.post(path_of(link), data={**FIRST, **token(browser)})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert browser.get("/admins-page").status_code == 200
    assert late.get(path_of(link)).status_code == 403
    assert late.post(path_of(link), data={**FIRST, "login": "mallory", **hidden}).status_code == 403
    assert [each.login for each in house.people.all()] == ["meera"]
    assert setup_link(house, "https://bot.example.com") == ""


def test_a_set_up_that_does_not_fit_says_why_and_keeps_what_was_typed(app: Flask, house: SimpleNamespace) -> None:
    browser, path = console_rig.browser(app), path_of(setup_link(house, "https://bot.example.com"))
    answer = browser.post(path, data={**FIRST, "password": "short", **token(browser)})
    assert answer.status_code == 422
    assert "at least 10 characters" in answer.text
    assert 'value="Meera"' in answer.text
    assert house.people.count() == 0


def test_a_link_that_is_old_forged_or_of_another_house_opens_nothing(app: Flask, house: SimpleNamespace, database: Engine) -> None:
    path = path_of(setup_link(house, "https://bot.example.com"))
    other = console_rig.house(database, {"SESSION_SECRET": "of another house"})
    browser = console_rig.browser(app)
    forged = [path[:-2] + ("a" if path[-2] != "a" else "b") + path[-1], "/setup/x", path_of(setup_link(other, "https://bot.example.com"))]
    assert [browser.get(wrong).status_code for wrong in forged] == [403] * 3
    house.clock = lambda: NOW + GOOD_FOR - timedelta(seconds=1)
    assert browser.get(path).status_code == 200
    house.clock = lambda: NOW + GOOD_FOR
    assert browser.get(path).status_code == 403
    assert browser.post(path, data={**FIRST, **token(browser)}).status_code == 403
    assert house.people.count() == 0


def test_links_are_not_guessed_without_end(app: Flask) -> None:
    stranger = console_rig.browser(app)
    hidden = token(stranger)
    answers = [stranger.post("/setup/x", data={**FIRST, **hidden}).status_code for _ in range(TRIES + 1)]
    assert answers == [403] * TRIES + [429]


# -- one's own password ------------------------------------------------------------------
def test_somebody_changes_the_own_password(app: Flask) -> None:
    here, there = (console_rig.browser(app, "agent", login="asha") for _ in range(2))

    def change(password: str, new_password: str) -> Any:
        return here.post("/account", data={"password": password, "new_password": new_password, **token(here)})

    assert (change("wrong", "a new password").status_code, change(PASSWORD, "short").status_code) == (422, 422)
    assert there.get("/agents-page").status_code == 200
    assert change(PASSWORD, "a new password").status_code == 200
    assert (here.get("/agents-page").status_code, there.get("/agents-page").status_code) == (200, 302)
    assert log_in(there, "asha", PASSWORD).status_code == 401
    assert log_in(there, "asha", "a new password").status_code == 303
