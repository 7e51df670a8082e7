"""The pages of past calls: found again by supervisors, an agent's own, and one call with its transcript and timeline."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect
from sqlalchemy import Engine
from werkzeug.serving import make_server

from calls.agents import Customer, WrapUp
from calls.call import Consent, Intent, Outcome, OutcomeKind, Timings, Turn
from calls.live import LiveEvent
from console import callbacks, history, tickets
from console.history import midnight, search_of
from console.moments import Clock, clock_for
from records.wrap_ups import WrapUps
from tests import console_rig, databases, desk_rig
from tests.browsers import Browsers, no_faults_on, picture, serious
from tests.console_rig import NOW, browser
from tests.desk_rig import ESCAPED, HOSTILE, PHONE, at, ends, messages, rings, takes, talked

database, migrated_file = databases.sqlite_database, databases.migrated_file

OTHER_PHONE = "911122334455"


@pytest.fixture
def bot(database: Engine) -> SimpleNamespace:
    return desk_rig.house(database)


@pytest.fixture
def app(bot: SimpleNamespace) -> Flask:
    return console_rig.app(bot, history.bp, tickets.bp, callbacks.bp)


@pytest.fixture
def supervisor(app: Flask) -> FlaskClient:
    return browser(app, "supervisor")


@pytest.fixture
def asha(app: Flask) -> FlaskClient:
    return browser(app, "agent", agent="asha")


def page(client: FlaskClient, path: str = "/history", status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    return answer.text


def listed(text: str) -> list[str]:
    """The sids of the table's rows."""
    return re.findall(r'<th scope="row"><a href="/history/([^"]+)"', text)


@pytest.fixture
def three(bot: SimpleNamespace) -> SimpleNamespace:
    """CA1 rang Asha, who talked; CA2 in Hindi from another number; CA3 of today about fees, without an end."""
    bot.time = NOW - timedelta(days=40)
    talked(bot, "CA1", customer=Customer("Meera Iyer"))
    rings(bot, "CA1", "asha")
    takes(bot, "CA1", "asha")
    ends(bot, "CA1", "asha")
    bot.time = NOW - timedelta(days=2)
    bot.journal.call_started(sid="CA2", direction="inbound", caller=OTHER_PHONE, called="1800", language="en", now=bot.time)
    bot.journal.turn_finished("CA2", Turn(1, "मेरा लाइसेंस", 0.9, "hi", Intent("license_renewal", 0.8), ["नमस्ते।"]))
    bot.journal.call_ended("CA2", Outcome(OutcomeKind.HUNG_UP), now=bot.time)
    bot.journal.status_changed("CA2", "completed", now=bot.time, duration_s=31)
    bot.time = NOW
    bot.journal.call_started(sid="CA3", direction="inbound", caller=PHONE, called="1800", language="en", now=NOW)
    bot.journal.turn_finished("CA3", Turn(1, "where is the licence office", 0.9, "en", Intent("status_check", 0.7), ["Here."]))
    return bot


# -- the search -----------------------------------------------------------------------
def test_a_supervisor_finds_calls(three: SimpleNamespace, supervisor: FlaskClient) -> None:
    for asked, found in {
        "": ["CA3", "CA2", "CA1"],
        "phone=98123+45678": ["CA3", "CA1"],
        "language=hi": ["CA2"],
        "outcome=transferred": ["CA1"],
        "agent=asha": ["CA1"],
        "intent=license_renewal": ["CA2", "CA1"],
        "text=office": ["CA3"],
        "text=licence": ["CA3"],
        "text=licence&since=2026-01-01": ["CA3", "CA1"],
        "text=licence&until=2026-01-31": ["CA1"],
        "since=2026-02-28&until=2026-02-28": ["CA2"],
        "since=2026-02-28&until=2026-03-02": ["CA3", "CA2"],
        "until=2026-02-27": ["CA1"],
        "outcome=transferred&language=hi": [],
        "outcome=nonsense": [],
        "page=nonsense": ["CA3", "CA2", "CA1"],
    }.items():
        text = page(supervisor, f"/history?{asked}")
        assert listed(text) == found, asked
        assert f'<p id="count">{len(found)} call' + ("" if len(found) == 1 else "s") in text, asked


def test_a_row_says_who_when_how_long_and_what_came_of_it(three: SimpleNamespace, supervisor: FlaskClient) -> None:
    text = page(supervisor)
    for told in ("Meera Iyer", "3 min 20 s", "transferred (Asha Rao)", "Asha Rao</td>", OTHER_PHONE, "0 min 31 s", "hung up", "goes on"):
        assert told in text


def test_words_without_a_day_are_those_of_a_month_and_the_page_says_so(three: SimpleNamespace, supervisor: FlaskClient) -> None:
    assert "30 days" in page(supervisor, "/history?text=licence")
    for asked in ("", "?text=licence&since=2026-01-01", "?phone=1"):
        assert "30 days" not in page(supervisor, f"/history{asked}")


def test_the_form_keeps_what_was_asked(three: SimpleNamespace, supervisor: FlaskClient) -> None:
    text = page(supervisor, "/history?text=office&phone=98&language=hi&outcome=hung_up&agent=ravi&intent=license_renewal&since=2026-01-05")
    for kept in ('name="text" type="search" value="office"', 'value="98"', 'type="date" value="2026-01-05"'):
        assert kept in text
    for chosen in ("hi", "hung_up", "ravi", "license_renewal"):
        assert f'<option value="{chosen}" selected>' in text


def test_pages_are_links_that_keep_the_search(bot: SimpleNamespace, supervisor: FlaskClient) -> None:
    for number in range(26):
        bot.journal.call_started(sid=f"CA{number:02}", direction="inbound", caller=PHONE, called="1800", language="en", now=at(number))
    first = page(supervisor, "/history?phone=45678&language=en")
    assert "26 calls, page 1 of 2" in first
    (older,) = re.findall(r'rel="next" href="([^"]+)"', first)
    second = page(supervisor, older.replace("&amp;", "&"))
    assert listed(second) == ["CA00"]
    assert 'value="45678"' in second
    assert 'rel="prev"' in second


def test_a_day_that_is_none_is_refused(supervisor: FlaskClient) -> None:
    for day in ("yesterday", "2026-02-30", "0001-01-01", "9999-12-31", "%00"):
        for field in ("since", "until"):
            assert "2026-03-01" in page(supervisor, f"/history?{field}={day}", 400)


def test_days_are_those_of_the_wall_clock() -> None:
    clock = clock_for(desk_rig.ESCALATION, "", NOW)
    search = search_of({"since": "2026-03-02", "until": "2026-03-02"}, clock, "3")
    assert search.since is not None
    assert (search.since.isoformat(), search.until, search.page) == (
        "2026-03-02T00:00:00+05:30",
        search.since + timedelta(days=1),
        3,
    )
    assert isinstance(clock, Clock)
    assert midnight(search.since.date(), clock) == search.since


# -- who sees what --------------------------------------------------------------------
def test_an_agent_sees_the_calls_that_rang_it_and_cannot_search(three: SimpleNamespace, asha: FlaskClient, app: Flask) -> None:
    assert listed(page(asha)) == ["CA1"]
    assert listed(page(asha, "/history?phone=911122334455&agent=ravi")) == ["CA1"]
    assert '<form class="filters"' not in page(asha)
    assert listed(page(browser(app, "agent", agent="ravi"))) == []
    assert listed(page(browser(app, "agent", login="nobody"))) == []


def test_another_agents_call_is_refused(three: SimpleNamespace, app: Flask) -> None:
    for agent, status in (("asha", 200), ("ravi", 403), ("", 403)):
        text = page(browser(app, "agent", agent=agent, login=agent or "nobody"), "/history/CA1", status)
        assert ("Meera Iyer" in text) == (status == 200)


def test_an_agent_may_open_a_call_that_is_to_be_called_back(three: SimpleNamespace, app: Flask) -> None:
    three.callbacks.promise(
        call_sid="CA2", phone=OTHER_PHONE, intent="license_renewal", language="hi", reason="no_agent", due_at=at(60), now=NOW
    )
    text = page(browser(app, "agent", agent="ravi"), "/history/CA2")
    assert "Call back promised until" in text
    assert 'href="/callbacks"' in text


@pytest.mark.parametrize("path", ["/history", "/history/CA1"])
def test_a_stranger_is_sent_to_the_login(three: SimpleNamespace, app: Flask, path: str) -> None:
    answer = browser(app).get(path)
    assert answer.status_code == 302
    assert "/login?next=" in answer.headers["Location"]


def test_a_call_that_is_not_known(supervisor: FlaskClient) -> None:
    page(supervisor, "/history/CA9", 404)


# -- one call -------------------------------------------------------------------------
@pytest.fixture
def whole(bot: SimpleNamespace) -> SimpleNamespace:
    """CA1: greeted, interrupted, answered, put through to Asha after Ravi had declined, wrapped up."""
    journal = bot.journal
    journal.call_started(sid="CA1", direction="inbound", caller=PHONE, called="1800", language="en", now=NOW)
    journal.customer_known("CA1", Customer("Meera Iyer", "tally", "7", "2026-05-01", "https://crm.example/7"))
    journal.consent_declined("CA1")
    journal.turn_finished("CA1", Turn(0, said=["Welcome.", "How can I help?"]))
    cut = Turn(1, "my licence", 0.82, "en", Intent("license_renewal", 0.93), ["You can renew it"], began_ms=5000, ended_ms=6000)
    cut.timings = Timings(endpoint=450, transcribed=520, understood=530, voiced=600, reply=660)
    cut.interrupted.set()
    journal.turn_finished("CA1", cut)
    journal.turn_finished("CA1", Turn(2, "", 1.0, "en", Intent("silence"), ["Are you still there?"], began_ms=12_000, ended_ms=12_000))
    talk = Turn(3, "a person please", 0.9, "en", Intent("transfer_to_human", 0.99), ["I connect you."], began_ms=15_000, ended_ms=16_000)
    journal.turn_finished("CA1", talk)
    journal.call_ended("CA1", Outcome(OutcomeKind.ESCALATED, "transfer_to_human"), now=bot.time)
    bot.time = NOW + timedelta(seconds=20)
    rings(bot, "CA1", "ravi")
    journal.escalation_ended("CA1", "no-answer", None, "", bot.time + timedelta(seconds=10))
    bot.time = NOW + timedelta(seconds=31)
    rings(bot, "CA1", "asha")
    bot.time = NOW + timedelta(seconds=40)
    takes(bot, "CA1", "asha")
    ends(bot, "CA1", "asha")
    bot.wrapped_up(WrapUp("CA1", "asha", "Asha Rao", "follow_up", "status_check", "will send the form", bot.time), now=bot.time)
    return bot


def test_the_calls_page_tells_it_all(whole: SimpleNamespace, asha: FlaskClient) -> None:
    text = page(asha, "/history/CA1")
    for told in (
        "Call of Meera Iyer",
        f'href="tel:{PHONE}"',
        'href="https://crm.example/7"',
        "licence until 2026-05-01",
        "3 min 20 s",
        "transferred (Asha Rao)",
        "declined by the caller",
        'href="/tickets/T-1001"',
        "Ravi Nair did not answer",
        "Asha Rao took the call and talked for 3 min 20 s",
        "to be followed up (by Asha Rao)",
        "will send the form",
        "turn 1, heard 82%",
        "93%",
        "(interrupted)",
        "after 0.66 s",
        "Caller: (silent)",
        "What was said there is not kept",
    ):
        assert told in text, told


def test_the_timeline_is_drawn_and_told_as_a_table(whole: SimpleNamespace, asha: FlaskClient) -> None:
    text = page(asha, "/history/CA1")
    svg = ElementTree.fromstring(re.findall(r'<svg class="timeline" width="\d+" height="\d+" viewBox.*?</svg>', text, re.DOTALL)[0])  # noqa: S314 - our own page
    kinds = [bar.get("class") for bar in svg.iter("rect")]
    assert kinds == [
        "bot speech guessed",
        "caller speech",
        "bot wait",
        "bot speech",
        "bot speech guessed",
        "caller speech",
        "bot speech guessed",
        "agent ring",
        "agent ring",
        "agent talk",
    ]
    assert [line.get("class") for line in svg.iter("line")].count("cut") == 1
    assert svg.findtext("title") == "Who spoke when"
    assert {"1", "3", "0.66 s", "Caller", "Bot", "Agents", "Asha Rao"} <= {each.text for each in svg.iter("text")}
    table = text.split("The timeline as a table")[1]
    assert "<td>0.45 s</td><td>0.52 s</td><td>0.53 s</td><td>0.60 s</td><td>0.66 s</td>" in table
    assert "Asha Rao talks to the caller for 3 min 20 s" in table


def test_where_the_time_of_the_answers_went_is_drawn_and_told_as_a_table(whole: SimpleNamespace, asha: FlaskClient) -> None:
    text = page(asha, "/history/CA1")
    section = text.split("Where the time of the answers went")[1]
    svg = ElementTree.fromstring(re.findall(r'<svg class="budget" width="\d+" height="\d+" viewBox.*?</svg>', section, re.DOTALL)[0])  # noqa: S314 - our own page
    assert [bar.get("class") for bar in svg.iter("rect")] == ["endpoint", "words", "understand", "voice", "send"]
    assert svg.findtext("title") == "Stages of the answers"
    assert "voice: 70 ms, from 530 to 600 ms" in {title.text for title in svg.iter("title")}
    assert "The answer came <b>660 ms</b> after the caller's last sound: mostly waiting for the end of speech, 450 ms" in text
    table = section.split("The stages as a table")[1]
    assert re.search(r'<td>70 <span class="muted nowrap">\(530 to 600\)</span></td>', table)
    assert "<td>660</td>" in table


def test_what_was_done_ahead_is_hatched_and_said(bot: SimpleNamespace, supervisor: FlaskClient) -> None:
    talked(bot, "CA1", "one", "two")
    ahead = Turn(1, "one", 0.9, "en", Intent("license_renewal", 0.93), ["Press F1."])
    ahead.timings = Timings(asked=200, endpoint=450, decoded=330, transcribed=451, understood=335, voiced=400, reply=470)
    bot.journal.turn_finished("CA1", ahead)
    text = page(supervisor, "/history/CA1")
    assert text.count('<rect class="ahead" fill="url(#ahead)" x=') == 3
    assert "(200 to 330, ahead)" in text
    assert "(451 to 470)" in text


def test_a_page_has_no_style_or_script_of_its_own(whole: SimpleNamespace, supervisor: FlaskClient) -> None:
    """The policy that the page is sent with would refuse both."""
    for path in ("/history", "/history/CA1"):
        text = page(supervisor, path)
        assert not re.search(r"<[^>]+\sstyle=|<style|<script(?![^>]*src=)|\son\w+=", text)


def test_a_call_of_which_nothing_is_known_but_its_begin(bot: SimpleNamespace, supervisor: FlaskClient) -> None:
    bot.journal.call_started(sid="CA1", direction="inbound", caller="", called="1800", language="en", now=NOW)
    text = page(supervisor, "/history/CA1")
    for told in ("a hidden number", "Nothing was said yet.", "goes on"):
        assert told in text
    assert "Transfers" not in text


def test_a_call_that_goes_on_is_shown_as_it_is_spoken_until_its_end(bot: SimpleNamespace, supervisor: FlaskClient) -> None:
    talked(bot, "CA1", "my licence has expired")
    assert 'sse-connect="/history/CA1/events"' in page(supervisor, "/history/CA1")
    line = {"number": 2, "speaker": "caller", "text": "<b>hello</b>", "language": "en"}
    with supervisor.get("/history/CA1/events") as answer:
        first = dict(messages(answer.response, until="words"))
        assert "my licence has expired" in first["words"]
        bot.live.publish(LiveEvent("words", "CA9", data=line | {"text": "somebody else"}))
        bot.live.publish(LiveEvent("words", "CA1", data=line))
        then = dict(messages(answer.response, until="words"))
        assert "&lt;b&gt;hello&lt;/b&gt;" in then["words"]
        assert "budget" not in then  # it has not changed
        assert "somebody else" not in then["words"]
        answered = Turn(2, "hello", 0.9, "en", Intent("hello"), ["Yes?"], timings=Timings(endpoint=450, transcribed=500, reply=612))
        bot.journal.turn_finished("CA1", answered)
        bot.live.publish(LiveEvent("words", "CA1", data=line | {"number": 3}))
        budget = dict(messages(answer.response, until="budget"))["budget"]
        assert '<div id="budget" hx-swap-oob="innerHTML">' in budget
        assert "612 ms" in budget
        bot.journal.status_changed("CA1", "completed", now=at(1), duration_s=60)
        bot.live.publish(LiveEvent("call", "CA1", data={"state": "ended"}))
        assert "over" in dict(messages(answer.response, until="over"))
    assert "/history/CA1/events" not in page(supervisor, "/history/CA1")


def test_words_of_another_agents_call_are_refused(bot: SimpleNamespace, app: Flask) -> None:
    talked(bot, "CA1")
    rings(bot, "CA1", "asha")
    assert browser(app, "agent", agent="ravi").get("/history/CA1/events").status_code == 403
    assert browser(app).get("/history/CA1/events").status_code in (302, 401)


def test_words_are_words_on_the_page(bot: SimpleNamespace, supervisor: FlaskClient, database: Engine) -> None:
    customer = Customer(HOSTILE, "tally", "7", HOSTILE, "javascript:alert(1)")
    talked(bot, "CA1", HOSTILE, caller=HOSTILE, customer=customer)
    bot.journal.turn_finished("CA1", Turn(2, HOSTILE, 0.9, HOSTILE, Intent(HOSTILE), [HOSTILE]))
    bot.journal.escalation_started("CA1", HOSTILE, NOW, agents=[HOSTILE])
    bot.callbacks.promise(call_sid="CA1", phone=HOSTILE, intent=HOSTILE, language="en", reason=HOSTILE, due_at=at(5), now=NOW)
    WrapUps(database).write(WrapUp("CA1", "asha", HOSTILE, HOSTILE, HOSTILE, HOSTILE, NOW))
    for path in ("/history/CA1", "/history", f"/history?phone={'%3Cscript%3E'}"):
        text = page(supervisor, path)
        assert "<script>alert" not in text
        assert "javascript:alert" not in text
    assert ESCAPED in page(supervisor, "/history/CA1")


def test_consent_is_told_only_when_it_was_declined(three: SimpleNamespace, supervisor: FlaskClient) -> None:
    assert three.journal.record("CA1").consent is Consent.GIVEN
    assert "declined by the caller" not in page(supervisor, "/history/CA1")


# -- in a real browser ------------------------------------------------------------------
@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    serving.join()
    server.server_close()


def read_by(page: Page, sid: str) -> None:
    """A supervisor logs in and opens the call."""
    page.goto(f"/login?next=/history/{sid}")
    page.get_by_label("Login").fill("supervisor")
    page.get_by_label("Password").fill(console_rig.PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"**/history/{sid}")


@pytest.mark.parametrize("dark", [False, True])
def test_the_stages_can_be_read_by_light_and_by_dark(
    bot: SimpleNamespace, supervisor: FlaskClient, address: str, browsers: Browsers, dark: bool
) -> None:
    spoken_ahead(bot)
    page = browsers.open(address, dark=dark)
    with no_faults_on(page):
        read_by(page, "CA1")
        drawn = page.locator("#budget svg[role=img]")
        expect(drawn).to_be_visible()
        expect(page.locator("#budget p").first).to_contain_text("The slowest was that of turn 3 with 1500 ms: mostly recogniser: decoding")
        waits, decodes = (drawn.locator(f"rect.{name}").first.bounding_box() for name in ("endpoint", "decode"))
        assert waits
        assert decodes
        assert waits["x"] < decodes["x"] < decodes["x"] + decodes["width"] < waits["x"] + waits["width"]
        page.get_by_text("The stages as a table").click()
        expect(page.get_by_role("table", name="What each took")).to_be_visible()
        assert serious(page) == []
        picture(page, f"call-budget-{'dark' if dark else 'light'}")


def test_the_stages_of_a_call_that_goes_on_come_by_themselves(
    bot: SimpleNamespace, supervisor: FlaskClient, address: str, browsers: Browsers
) -> None:
    bot.journal.call_started(sid="CA1", direction="inbound", caller=PHONE, called="1800", language="en", now=NOW)
    page = browsers.open(address)
    with no_faults_on(page):
        read_by(page, "CA1")
        expect(page.locator("#budget")).to_contain_text("Nothing was answered yet.")
        bot.journal.turn_finished("CA1", Turn(1, "hello", timings=Timings(endpoint=450, transcribed=500, reply=612)))
        expect(page.locator("#budget svg[role=img]")).to_contain_text("612 ms", timeout=60_000)


def spoken_ahead(bot: SimpleNamespace) -> None:
    """CA1: two answers that were made ahead, and one for which the recogniser took long."""
    bot.journal.call_started(sid="CA1", direction="inbound", caller=PHONE, called="1800", language="en", now=NOW)
    ahead = Timings(200, 205, 240, 330, 450, 452, 335, 336, 400, 470, 650)
    late = Timings(450, 460, 500, 1400, 450, 1402, 1410, 1412, 1480, 1500, 1680)
    for number, timings in enumerate((ahead, replace(ahead, endpoint=520, transcribed=521, reply=545, heard=720), late), 1):
        spoken = Turn(number, "my licence has expired", 0.9, "en", Intent("license_renewal", 0.93), ["Press F1."], timings=timings)
        spoken.began_ms, spoken.ended_ms = number * 5000, number * 5000 + 1200
        bot.journal.turn_finished("CA1", spoken)
    bot.journal.status_changed("CA1", "completed", now=at(0.5), duration_s=30)
