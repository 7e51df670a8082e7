"""The desk's tickets for people: found again, read, opened and closed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from crm.desk_search import TicketSearch
from tests import databases, desk_rig
from tests.console_rig import browser
from tests.desk_rig import ESCAPED, HOSTILE, PHONE, at, post, taken_and_ended, talked

database, migrated_file = databases.sqlite_database, databases.migrated_file

OTHER_PHONE = "911122334455"


@pytest.fixture
def bot(database: Engine) -> SimpleNamespace:
    return desk_rig.house(database)


@pytest.fixture
def app(bot: SimpleNamespace) -> Flask:
    return desk_rig.app(bot)


@pytest.fixture
def asha(app: Flask) -> FlaskClient:
    return browser(app, "agent", agent="asha")


def page(client: FlaskClient, path: str = "/tickets") -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


# -- the search -----------------------------------------------------------------------
@pytest.fixture
def three(bot: SimpleNamespace) -> SimpleNamespace:
    """T-1001 of one caller, closed; T-1002 and T-1003 of others."""
    talked(bot, "CA1", "my licence says 100% expired")
    talked(bot, "CA2", "लाइसेंस खत्म हो गया", caller=OTHER_PHONE)
    talked(bot, "CA3", "the under_score shop", caller="+91 22 1234 0000")
    bot.desk.change_status("T-1001", "closed", now=at(1))
    return bot


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["T-1003", "T-1002", "T-1001"]),
        ({"status": "open"}, ["T-1003", "T-1002"]),
        ({"status": "closed"}, ["T-1001"]),
        ({"status": "nonsense"}, []),
        ({"intent": "license_renewal"}, ["T-1003", "T-1002", "T-1001"]),
        ({"intent": "gst_query"}, []),
        ({"text": "LICENCE"}, ["T-1001"]),
        ({"text": "लाइसेंस"}, ["T-1002"]),
        ({"text": "0% exp"}, ["T-1001"]),
        ({"text": "%"}, ["T-1001"]),
        ({"text": "r_s"}, ["T-1003"]),
        ({"text": "under\\_score"}, []),
        ({"text": "t-1002"}, ["T-1002"]),
        ({"text": "T-99"}, []),
        ({"text": PHONE[-4:]}, ["T-1001"]),
        ({"text": "334 455"}, ["T-1002"]),
        ({"text": "\0"}, ["T-1003", "T-1002", "T-1001"]),  # nothing that could be looked for
        ({"text": "licence", "status": "open"}, []),
    ],
)
def test_tickets_are_found(three: SimpleNamespace, asked: dict[str, str], found: list[str]) -> None:
    page = three.desk.tickets(TicketSearch(**asked))
    assert [ticket.id for ticket in page.tickets] == found
    assert page.total == len(found)


@pytest.mark.parametrize(
    ("number", "shown", "found"), [(1, 1, ["T-1003", "T-1002"]), (2, 2, ["T-1001"]), (9, 2, ["T-1001"]), (-3, 1, ["T-1003", "T-1002"])]
)
def test_page_by_page(three: SimpleNamespace, number: int, shown: int, found: list[str]) -> None:
    page = three.desk.tickets(TicketSearch(page=number, per_page=2))
    assert ([ticket.id for ticket in page.tickets], page.page, page.pages, page.total) == (found, shown, 2, 3)


def test_a_callers_open_tickets(three: SimpleNamespace) -> None:
    assert [ticket.id for ticket in three.desk.tickets_of(OTHER_PHONE)] == ["T-1002"]
    assert three.desk.tickets_of(PHONE) == []  # closed
    assert three.desk.tickets_of("anonymous") == []


# -- the pages ------------------------------------------------------------------------
def test_the_list_keeps_what_was_asked(three: SimpleNamespace, asha: FlaskClient) -> None:
    seen = page(asha, "/tickets?status=open&intent=license_renewal&text=score&page=x")
    assert "1 ticket" in seen
    assert 'href="/tickets/T-1003"' in seen
    assert "T-1002" not in seen
    for part in ("<option selected>open</option>", '<option value="license_renewal" selected>', 'value="score"'):
        assert part in seen, part


def test_pages_are_links_that_keep_the_search(bot: SimpleNamespace, asha: FlaskClient) -> None:
    for number in range(26):
        talked(bot, f"CA{number}", caller=f"9198000000{number:02}")
    assert "text=licence&amp;status=open&amp;intent=&amp;page=2" in page(asha, "/tickets?text=licence&status=open")
    second = page(asha, "/tickets?page=2")
    assert "page 2 of 2" in second
    assert "T-1001" in second


def test_a_ticket_has_its_calls_and_only_the_own_ones_are_links(bot: SimpleNamespace, asha: FlaskClient, app: Flask) -> None:
    taken_and_ended(bot, "CA1")
    talked(bot, "CA2", "me again")
    seen = page(asha, "/tickets/T-1001")
    for part in ("licence renewal", f'href="tel:{PHONE}"', "me again", 'href="/history/CA1"', "transferred"):
        assert part in seen, part
    assert "/history/CA2" not in seen
    assert "/history/CA2" in page(browser(app, "supervisor"), "/tickets/T-1001")


def test_an_agent_opens_parks_and_closes_a_ticket(bot: SimpleNamespace, asha: FlaskClient) -> None:
    talked(bot, "CA1")
    assert post(asha, "/tickets/T-1001/status", status="closed")[0] == 303
    assert bot.desk.ticket("T-1001").status == "closed"
    told = bot.live.events[-1]
    assert (told.kind, told.call_sid, told.data) == ("ticket", "CA1", {"id": "T-1001", "status": "closed", "intent": "license_renewal"})
    assert post(asha, "/tickets/T-1001/status", status="burnt")[0] == 400
    assert post(asha, "/tickets/T-1009/status", status="closed")[0] == 404
    assert bot.desk.ticket("T-1001").status == "closed"


@pytest.mark.parametrize("unknown", ["T-1009", "x", "T-"])
def test_no_such_ticket(asha: FlaskClient, unknown: str) -> None:
    assert asha.get(f"/tickets/{unknown}").status_code == 404


def test_a_stranger_sees_and_changes_nothing(bot: SimpleNamespace, app: Flask) -> None:
    talked(bot, "CA1")
    stranger = browser(app)
    for path in ("/tickets", "/tickets/T-1001"):
        assert stranger.get(path).headers["Location"].startswith("/login")
    assert post(stranger, "/tickets/T-1001/status", status="closed")[0] == 401
    assert bot.desk.ticket("T-1001").status == "open"


def test_hostile_words_stay_words(bot: SimpleNamespace, asha: FlaskClient) -> None:
    talked(bot, "CA1", HOSTILE, caller=HOSTILE)
    seen = (page(asha), page(asha, "/tickets/T-1001"), asha.get("/tickets", query_string={"text": HOSTILE, "status": HOSTILE}).text)
    for each in seen:
        assert ESCAPED in each
        assert "<script>alert" not in each
