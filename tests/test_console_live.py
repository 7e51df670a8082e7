"""The page of live calls: what it shows, how it changes, who may see it; and the event streams of all pages."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask import Blueprint, Flask, Response
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

import console.live
from calls.agents import Presence
from calls.call import Intent, Timings, Turn
from calls.ears import Ears
from calls.live import LiveEvent
from calls.settings import load
from console.events import Message, event_stream, has_left
from records.callbacks import Callbacks
from records.carriers import DatabaseCarrier
from records.journal import Journal
from records.live import SharedLive
from records.presence import Presences
from tests import console_rig, databases
from tests.console_rig import NOW

database, migrated_file = databases.sqlite_database, databases.migrated_file
HOSTILE = '<script>alert("1")</script>'


@pytest.fixture
def house(database: Engine) -> Iterator[Any]:
    live = SharedLive(DatabaseCarrier(database, poll_s=0.02))
    environ = {"MAX_CALLS": "12", "MAX_DESKS": "2"}
    facts = {"settings": settings(), "live": live, "journal": Journal(database, max_calls=12), "presences": Presences(database)}
    yield console_rig.house(database, environ, callbacks=Callbacks(database), **facts)
    live.close()


def settings() -> Any:
    agent = {"target": {"type": "desk"}}
    team = {"asha": {"name": "Asha", **agent}, "ravi": {"name": "Ravi & Söhne", **agent}}
    escalation = {"agents": team, "queues": {"helpdesk": {"agents": list(team)}}}
    tree = load("jambonz-app.json").model_dump(by_alias=True) | {"escalation": escalation}
    return type(load("jambonz-app.json")).model_validate(tree)


@pytest.fixture
def app(house: Any) -> Flask:
    return console_rig.app(house, console.live.bp)


@pytest.fixture
def supervisor(app: Flask) -> FlaskClient:
    return console_rig.browser(app, "supervisor")


def begun(house: Any, sid: str = "CA1", at: datetime = NOW, caller: str = "919812345678") -> None:
    house.journal.call_started(sid=sid, direction="inbound", caller=caller, called="1800", language="en", now=at)


def tell(house: Any, sid: str = "CA1", **data: Any) -> None:
    house.live.publish(LiveEvent("call", sid, data=data, at=NOW))


def texts(html: str) -> str:
    """What a reader sees, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


# -- the page ------------------------------------------------------------------------
def test_shows_a_call(house: Any, supervisor: FlaskClient) -> None:
    begun(house)
    turn = Turn(1, heard="मेरा लाइसेंस", language="hi", intent=Intent("license_renewal", 0.934), timings=Timings(reply=640))
    house.journal.turn_finished("CA1", turn)
    page = supervisor.get("/live").text
    row = page.split('<tr id="call-CA1">')[1].split("</tr>")[0]
    assert "919812345678 listening" in texts(row)
    assert "93 % मेरा लाइसेंस 640 ms" in texts(row)
    assert 'lang="hi"' in row
    assert 'href="/history/CA1"' in row
    assert "1 talking with the bot 0 ringing 0 with an agent 1 of 12 slots taken 0 call backs overdue" in texts(page)


def test_shows_where_the_agents_are(house: Any, supervisor: FlaskClient) -> None:
    house.presences.set("asha", Presence.AVAILABLE, now=NOW)
    house.presences.reserve(["asha"], "CA7", now=NOW, until=NOW + timedelta(minutes=1))
    page = supervisor.get("/live").text
    assert "Asha on a call Open the call Ravi & Söhne away" in texts(page)
    assert 'href="/history/CA7"' in page


@pytest.mark.parametrize(
    ("seen_s_ago", "state", "said"),
    [(10, Presence.AVAILABLE, "available"), (60, Presence.AVAILABLE, "desk closed"), (10, Presence.AWAY, "away")],
)
def test_an_agent_whose_desk_is_closed_is_not_available(house: Any, app: Flask, seen_s_ago: int, state: Presence, said: str) -> None:
    house.presences.set("asha", state, now=NOW - timedelta(seconds=seen_s_ago))
    assert f"Asha {said}" in texts(console_rig.browser(app, "supervisor").get("/live").text)


@pytest.mark.parametrize(
    ("ears", "said", "bad"),
    [
        (Ears("the local model", "well", NOW), "hears by: the local model since 09:30", False),
        (Ears("Jambonz", "the engines can't be started", NOW), "hears by: Jambonz , the engines can't be started since 09:30", True),
    ],
)
def test_says_who_hears_the_callers(house: Any, supervisor: FlaskClient, ears: Ears, said: str, bad: bool) -> None:
    house.ears = lambda: ears
    page = supervisor.get("/live").text
    assert said in texts(page)
    assert ('<li class="bad">' in page) is bad


def test_counts_the_overdue_call_backs(house: Any, supervisor: FlaskClient) -> None:
    begun(house)
    facts = {"phone": "9198", "intent": "other", "language": "en", "reason": "closed"}
    house.callbacks.promise(call_sid="CA1", due_at=NOW - timedelta(minutes=1), now=NOW - timedelta(hours=1), **facts)
    assert '<strong class="bad">1</strong>' in supervisor.get("/live").text


def test_callers_words_are_words(house: Any, supervisor: FlaskClient) -> None:
    sid = 'CA"><script>'
    begun(house, sid, caller=HOSTILE)
    house.journal.turn_finished(sid, Turn(1, heard=HOSTILE, language='"><script>', intent=Intent("license_renewal", 1.0)))
    page = supervisor.get("/live").text
    assert texts(page.split('id="calls"')[1]).count("alert(") == 2
    assert page.count("<script") == page.count("<script src=")


@pytest.mark.parametrize("path", ["/live", "/live/events"])
def test_is_for_supervisors(app: Flask, path: str) -> None:
    assert console_rig.browser(app).get(path).status_code in (302, 401)
    assert console_rig.browser(app, "agent", agent="asha").get(path).status_code == 403


# -- the page while it is open ---------------------------------------------------------
class Open:
    """A page that is open: its stream's messages, name -> the latest HTML."""

    def __init__(self, client: FlaskClient, path: str = "/live/events") -> None:
        self.response: TestResponse = client.get(path)
        assert self.response.status_code == 200, self.response.text
        self._chunks = iter(self.response.response)
        self.got: list[tuple[str, str]] = []

    def until(self, name: str, *words: str) -> str:
        """Read on until a message of this name holds these words, in what came so far or comes next."""
        give_up_s = time.monotonic() + 20
        while True:
            for found, html in self.got:
                if found == name and all(word in html for word in words):
                    return html
            assert time.monotonic() < give_up_s, self.got
            self.read()

    def read(self) -> None:
        chunk = next(self._chunks)
        text = chunk if isinstance(chunk, str) else chunk.decode()
        for part in filter(None, text.split("\n\n")):
            lines = part.split("\n")
            if lines[0].startswith("event: "):
                self.got.append((lines[0][7:], "\n".join(line[6:] for line in lines[1:])))

    def close(self) -> None:
        self.response.close()


@pytest.fixture
def page(supervisor: FlaskClient) -> Iterator[Open]:
    with closing(Open(supervisor)) as page:
        page.until("agents")
        yield page


def test_begins_with_all_of_it(house: Any, supervisor: FlaskClient) -> None:
    begun(house)
    with closing(Open(supervisor)) as page:
        page.read()
        assert [name for name, _ in page.got] == ["calls", "counts", "agents"]
        assert '<tr id="call-CA1">' in page.got[0][1]
        assert page.response.headers["Content-Type"].startswith("text/event-stream")
        assert page.response.headers["X-Accel-Buffering"] == "no"
        assert page.response.headers["Cache-Control"] == "no-store"


def test_a_call_comes_changes_in_its_place_and_leaves(house: Any, page: Open) -> None:
    tell(house, state="greeting", caller="919812345678")
    added = page.until("changes", "CA1")
    assert added.startswith('<template><tbody id="calls" hx-swap-oob="afterbegin"><tr id="call-CA1">')
    tell(house, state="listening", last_words="my licence", intent="license_renewal", confidence=0.9)
    changed = page.until("changes", "my licence")
    assert changed.startswith('<template><tr hx-swap-oob="true" id="call-CA1">')
    assert "919812345678" in changed  # what was known stays
    tell(house, state="ended")
    page.until("changes", "ended")
    house.clock = lambda: NOW  # the board keeps the clock that it began with
    assert "hx-swap-oob" not in page.until("counts")


def test_a_call_that_left_is_taken_off_the_page(house: Any, app: Flask) -> None:
    now = [NOW]
    house.clock = lambda: now[0]
    with closing(Open(console_rig.browser(app, "supervisor"))) as page:
        tell(house, state="ended")
        page.until("changes", "ended")
        now[0] += timedelta(seconds=11)
        assert page.until("changes", "delete") == '<template><tr id="call-CA1" hx-swap-oob="delete"></tr></template>'


def test_counts_are_told_when_they_change(house: Any, page: Open) -> None:
    tell(house, state="ringing", agent="asha, ravi")
    assert "1 ringing" in texts(page.until("counts", "<strong>1</strong> ringing"))
    assert "Asha, Ravi &amp; Söhne" in page.until("changes", "ringing")
    tell(house, last_words="no count changes")
    page.until("changes", "no count changes")
    assert len([name for name, _ in page.got if name == "counts"]) == 2


def test_agents_are_told_when_they_come_and_go(house: Any, page: Open) -> None:
    house.presences.set("ravi", Presence.AVAILABLE, now=NOW)
    house.live.publish(LiveEvent("presence", agent="ravi", data={"state": "available"}))
    assert "available" in page.until("agents", "available")


def test_hostile_words_arrive_as_words(house: Any, page: Open) -> None:
    tell(house, 'CA"><script>', last_words=HOSTILE, caller=HOSTILE, agent=HOSTILE, state="ringing", intent=HOSTILE, language='"><script>')
    assert "<script" not in page.until("changes", "alert(")


# -- event streams of all pages -------------------------------------------------------
def stream_of(house: Any, first: Callable[[], list[Message]] = list) -> Blueprint:
    bp = Blueprint("any", __name__)

    @bp.get("/any/events")
    def events() -> Response:
        return event_stream(house.live.subscribe, first, lambda news: [Message("news", each.kind) for each in news])

    return bp


def test_no_more_pages_than_allowed_and_a_closed_one_makes_room(house: Any) -> None:
    browser = console_rig.browser(console_rig.app(house, stream_of(house)))
    pages = [browser.get("/any/events") for _ in range(2)]  # MAX_DESKS
    refused = browser.get("/any/events")
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "5"
    pages[0].close()
    with closing(browser.get("/any/events")) as another:
        assert another.status_code == 200
    pages[1].close()


def test_a_page_that_fails_makes_room_too(house: Any) -> None:
    def broken() -> list[Message]:
        raise RuntimeError("a fault of ours")

    browser = console_rig.browser(console_rig.app(house, stream_of(house, first=broken)))
    for _ in range(3):  # one more than MAX_DESKS
        with pytest.raises(RuntimeError, match="a fault of ours"):
            browser.get("/any/events").get_data()
    assert not house.live._open


def test_ends_when_the_bot_stops(house: Any) -> None:
    stopping = threading.Event()
    house.stopping = stopping.is_set
    browser = console_rig.browser(console_rig.app(house, stream_of(house)))
    with closing(browser.get("/any/events")) as page:
        chunks = iter(page.response)
        next(chunks)
        stopping.set()
        assert list(chunks) == []
    assert browser.get("/any/events").status_code == 503
    assert not house.live._open  # nobody is told any more


def test_nothing_is_lost_between_the_first_look_and_the_news(house: Any) -> None:
    def first() -> list[Message]:
        house.live.publish(LiveEvent("call", "CA1"))  # while the page is being made
        return [Message("all", "")]

    with closing(Open(console_rig.browser(console_rig.app(house, stream_of(house, first=first))), "/any/events")) as page:
        page.until("news", "call")


def test_who_is_logged_out_loses_the_stream_at_the_next_beat(house: Any, app: Flask) -> None:
    bp = Blueprint("quick", __name__)

    @bp.get("/quick/events")
    def events() -> Response:
        quick = console.events.Pace(beat_s=0.05, look_s=0.05)
        return event_stream(house.live.subscribe, list, lambda news: [], pace=quick)

    browser = console_rig.browser(console_rig.app(house, bp), "agent", agent="asha")
    with closing(browser.get("/quick/events")) as page:
        chunks = iter(page.response)
        assert [next(chunks) for _ in range(3)][1:] == [b": still here\n\n"] * 2
        house.people.change(house.people.by_login("asha").id, active=False)
        assert len(list(chunks)) <= 2


def test_a_page_that_leaves_is_noticed_without_sending(house: Any) -> None:
    """Over a real connection, as browsers are."""
    application = console_rig.app(house, stream_of(house))
    server = make_server("127.0.0.1", 0, application, threaded=True)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        with socket.create_connection(("127.0.0.1", server.port)) as browser:
            browser.sendall(b"GET /any/events HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200" in browser.recv(100)
            wait_for(lambda: application.extensions["open_pages"].open == 1)
        wait_for(lambda: application.extensions["open_pages"].open == 0)  # well before the next beat
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def wait_for(done: Callable[[], bool], within_s: float = 10.0) -> None:
    give_up_s = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < give_up_s, "it did not come to that"
        time.sleep(0.02)


def test_a_connection_that_waits_has_not_left() -> None:
    here, there = socket.socketpair()
    assert not has_left(here)
    there.sendall(b"GET")  # a browser may have sent its next request already
    assert not has_left(here)
    here.recv(3)
    there.close()
    assert has_left(here)
    here.close()
    assert has_left(here)
    assert not has_left(None)
