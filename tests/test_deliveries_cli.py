"""`flask deliveries` and /admin/deliveries: what the admin sees and may do, and what nobody else may."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

import console.deliveries
import console.deliveries_cli
from calls.errors import JournalError
from crm.deliveries import Deliveries
from crm.delivery import State
from crm.delivery_schema import deliveries as table
from tests import console_rig, databases
from tests.console_rig import PASSWORD, token

database, migrated_file, migrated_postgres = databases.database, databases.migrated_file, databases.migrated_postgres
postgres_server = databases.postgres_server

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
NASTY = "<script>alert(1)</script>\x1b[31m"


class Queue:
    """Takes everything."""

    def __init__(self) -> None:
        self.queued: list[str] = []

    def enqueue(self, call_sid: str, crm: str, workflow_id: str, *, delay_s: float) -> None:
        self.queued.append(workflow_id)


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def deliveries(database: Engine, queue: Queue) -> Deliveries:
    """Three: one waits, one is delivered, one has failed with an error that another system wrote."""
    rows: list[dict[str, Any]] = [
        {"call_sid": "CA1", "state": State.WAITING, "steps": {}, "error": "", "delivered_at": None},
        {
            "call_sid": "CA2",
            "state": State.DELIVERED,
            "steps": {"ticket": {"attempts": 1, "result": "7"}},
            "error": "",
            "delivered_at": NOW,
        },
        {
            "call_sid": "CA3",
            "state": State.FAILED,
            "steps": {"ticket": {"attempts": 2, "error": NASTY}},
            "error": NASTY,
            "delivered_at": None,
        },
    ]
    with database.begin() as connection:
        connection.execute(table.delete())
        for minute, row in enumerate(rows):
            moments = dict.fromkeys(("created_at", "updated_at", "next_try_at", "queued_at"), NOW + timedelta(minutes=minute))
            connection.execute(
                table.insert().values(**row, **moments, crm="tally", workflow_id=f"{row['call_sid']}:tally", attempts=minute)
            )
    return Deliveries(database, crms=["tally"], client=queue, clock=lambda: NOW)


# -- the command line ----------------------------------------------------------------------
def flask_deliveries(deliveries: Deliveries, *arguments: str) -> Result:
    group = click.Group("flask")
    console.deliveries_cli.register(group, lambda: deliveries)
    return CliRunner().invoke(group, ["deliveries", *arguments])


def test_list(deliveries: Deliveries) -> None:
    result = flask_deliveries(deliveries, "list")
    assert result.exit_code == 0
    headings, *rows, totals = result.output.splitlines()
    assert headings.split() == ["call", "crm", "state", "tries", "begun", "error"]
    assert [row.split()[:4] for row in rows] == [
        ["CA3", "tally", "failed", "2"],
        ["CA2", "tally", "delivered", "1"],
        ["CA1", "tally", "waiting", "0"],
    ]
    assert len({row.index("2026-03-01") for row in rows}) == 1
    assert totals == "in all: tally delivered: 1, tally failed: 1, tally waiting: 1"
    assert "\x1b" not in result.output


@pytest.mark.parametrize(
    ("options", "calls"),
    [(["--state", "failed"], ["CA3"]), (["--crm", "hubspot"], []), (["--crm", "tally", "--limit", "2"], ["CA3", "CA2"])],
)
def test_list_narrowed_down(deliveries: Deliveries, options: list[str], calls: list[str]) -> None:
    result = flask_deliveries(deliveries, "list", *options)
    assert [row.split()[0] for row in result.output.splitlines()[1:-1]] == calls


def test_show(deliveries: Deliveries) -> None:
    output = flask_deliveries(deliveries, "show", "CA3", "tally").output
    assert output.splitlines()[0] == "CA3 to tally: failed"
    assert "ticket  tries 2  not done: <script>" in output
    assert "\x1b" not in output
    assert "done 7" in flask_deliveries(deliveries, "show", "CA2", "tally").output
    missing = flask_deliveries(deliveries, "show", "CA9", "tally")
    assert (missing.exit_code, "no such delivery" in missing.output) == (1, True)


def test_the_call_of_a_crms_ticket(deliveries: Deliveries) -> None:
    assert deliveries.call_of("tally", "ticket", "7") == "CA2"
    assert [
        deliveries.call_of(*other) for other in (("hubspot", "ticket", "7"), ("tally", "note", "7"), ("tally", "ticket", "' OR 1=1"))
    ] == [""] * 3


def test_retry(deliveries: Deliveries, queue: Queue) -> None:
    assert flask_deliveries(deliveries, "retry", "CA3", "tally").exit_code == 0
    assert queue.queued == ["CA3:tally:2"]
    for again in (["retry", "CA3", "tally"], ["retry", "CA2", "tally"], ["retry", "CA9", "tally"]):
        assert flask_deliveries(deliveries, *again).exit_code == 1
    assert queue.queued == ["CA3:tally:2"]


def test_retry_failed(deliveries: Deliveries, queue: Queue) -> None:
    assert flask_deliveries(deliveries, "retry-failed").output == "1 are tried again\n"
    assert flask_deliveries(deliveries, "retry-failed").output == "0 are tried again\n"
    assert queue.queued == ["CA3:tally:2"]


def test_a_database_that_is_away_is_told_in_the_operators_words() -> None:
    def away() -> Deliveries:
        raise JournalError("DATABASE_URL: can't be reached; start the server")

    group = click.Group("flask")
    console.deliveries_cli.register(group, away)
    result = CliRunner().invoke(group, ["deliveries", "list"])
    assert (result.exit_code, result.output) == (1, "Error: DATABASE_URL: can't be reached; start the server\n")


# -- the page ------------------------------------------------------------------------------
@pytest.fixture
def app(deliveries: Deliveries, database: Engine) -> Flask:
    return console_rig.app(console_rig.house(database, deliveries=deliveries), console.deliveries.bp)


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    return console_rig.browser(app, "admin")


ADDRESSES = ["/admin/deliveries", "/admin/deliveries.json", "/admin/deliveries/CA3/tally", "/admin/deliveries/CA3/tally.json"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_only_the_admin_gets_in(app: Flask, browser: FlaskClient, address: str) -> None:
    for_script = address.endswith(".json")
    assert console_rig.browser(app).get(address).status_code == (401 if for_script else 302)
    assert console_rig.browser(app).get(address, auth=("admin", PASSWORD)).status_code == (401 if for_script else 302)
    assert console_rig.browser(app, "supervisor").get(address).status_code == 403
    assert browser.get(address).status_code == 200


def test_the_page_shows_them_harmlessly(browser: FlaskClient) -> None:
    answer = browser.get("/admin/deliveries?state=failed")
    assert "CA3" in answer.text
    assert "CA2" not in answer.text
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_nasty_filter_is_harmless(browser: FlaskClient) -> None:
    answer = browser.get("/admin/deliveries", query_string={"state": NASTY, "crm": "' OR 1=1 --"})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


def test_the_same_as_json(browser: FlaskClient) -> None:
    told: Any = browser.get("/admin/deliveries.json?crm=tally").json
    assert [each["call_sid"] for each in told["deliveries"]] == ["CA3", "CA2", "CA1"]
    assert {"crm": "tally", "state": "failed", "count": 1} in told["counts"]
    one: Any = browser.get("/admin/deliveries/CA2/tally.json").json
    assert one["steps"] == {"ticket": {"attempts": 1, "error": "", "result": "7"}}
    assert browser.get("/admin/deliveries/CA9/tally.json").status_code == 404


def test_a_retry(app: Flask, browser: FlaskClient, queue: Queue) -> None:
    address = "/admin/deliveries/CA3/tally/retry"
    for wrong in ({}, {"csrf_token": ""}, {"csrf_token": "x" * 64}, {"csrf_token": "ü"}):
        assert browser.post(address, data=wrong).status_code == 400
    supervisor = console_rig.browser(app, "supervisor")
    assert supervisor.post(address, data=token(supervisor)).status_code == 403
    assert queue.queued == []
    for _ in range(2):  # an impatient admin
        answer = browser.post(address, data=token(browser))
        assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/deliveries/CA3/tally")
    assert queue.queued == ["CA3:tally:2"]
    assert "/retry" not in browser.get("/admin/deliveries/CA3/tally").text
    assert browser.post("/admin/deliveries/CA9/tally/retry", data=token(browser)).status_code == 404


def test_a_database_that_is_away_is_told(browser: FlaskClient, database: Engine) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE deliveries RENAME TO gone")
    try:
        answer = browser.get("/admin/deliveries")
    finally:
        with database.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE gone RENAME TO deliveries")
    assert (answer.status_code, "The database does not answer." in answer.text) == (503, True)
