"""The screen pop's shape, its signed link and the page behind it, and its way to an address of the operator's."""

from __future__ import annotations

import http.server
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import Engine

import console.desk
import console.pop
from calls.agents import Customer, ScreenPop
from calls.call import CallSummary, Intent, Outcome, OutcomeKind, Turn
from calls.errors import SettingsError
from calls.links import PopKey, SoundKey, pop_key, pop_token, sound_key, sound_token
from calls.pops import agent_language, as_json, schema, screen_pop
from calls.settings import Environment
from calls.signature import verify
from crm.desk import Desk
from records.callbacks import Callbacks
from records.journal import Journal
from records.presence import Presences
from tests import console_rig, databases, hook_rig
from tests.hook_rig import settings_with
from tests.transfer_rig import telephones
from webhooks.pop_push import WAITING, PopPush, pushing

ROOT = Path(__file__).parent.parent
NOW = console_rig.NOW
SECRET = "post-call-secret"
database, migrated_file, migrated_postgres, postgres_server = (
    databases.database,
    databases.migrated_file,
    databases.migrated_postgres,
    databases.postgres_server,
)
SETTINGS = settings_with(escalation=telephones())
HOSTILE = '<script>alert("x")</script>'


def a_call(database: Engine, heard: str = "my licence has expired") -> Journal:
    journal = Journal(database, max_calls=5)
    journal.call_started(sid="CA1", direction="inbound", caller="+919812345678", called="1800", language="en", now=NOW)
    journal.turn_finished("CA1", Turn(0, said=["Hello."]))
    turn = Turn(1, heard=heard, language="en", intent=Intent("license_renewal", 0.93), said=["I see.", "A human?"])
    turn.interrupted.set()
    journal.turn_finished("CA1", turn)
    journal.customer_known("CA1", Customer("Meera <b>Traders</b>", "tally", "C-7", "2026-02-28", "https://crm.example.com/7"))
    journal.call_ended("CA1", Outcome(OutcomeKind.ESCALATED, "asked"), now=NOW)
    return journal


def a_pop(database: Engine, **more: Any) -> ScreenPop:
    record = a_call(database).record("CA1")
    assert record is not None
    summary = hook_rig.summed_up(record)
    ticket = Desk(database).file(record, summary, now=NOW)
    theirs = Desk(database).tickets_of("+919812345678")
    facts = {"agent": "asha", "queue": "helpdesk", "at": NOW, "ticket": ticket, "open_tickets": theirs, "base": "https://bot.example.com"}
    return screen_pop(record, summary, SETTINGS, suggestion="Hello.", **(facts | more))


# -- its shape --------------------------------------------------------------------
def test_the_published_schema_is_the_pops(database: Engine) -> None:
    published = json.loads((ROOT / "docs/screen-pop.schema.json").read_text())
    assert published == schema(), "docs/screen-pop.schema.json is old: write calls.pops.schema() there"
    judge = Draft202012Validator(published)
    shaped = as_json(a_pop(database))
    assert list(judge.iter_errors(shaped)) == []
    assert json.loads(json.dumps(shaped)) == shaped
    for name in ("customer", "transcript", "phone", "at"):
        assert list(judge.iter_errors({key: value for key, value in shaped.items() if key != name})) != []


def test_the_example_of_the_document_fits_the_schema() -> None:
    text = (ROOT / "docs/screen-pop.md").read_text()
    example = json.loads(re.findall(r"```json\n(\{.*?)```", text, re.DOTALL)[-1])
    assert example.pop("event") == "screen_pop"
    assert list(Draft202012Validator(schema()).iter_errors(example)) == []
    assert set(example) == set(schema()["properties"])


def test_a_pop_holds_all_that_is_known(database: Engine) -> None:
    pop = a_pop(database)
    assert (pop.agent_name, pop.phone, pop.last_words) == ("Asha", "+919812345678", "my licence has expired")
    assert [(line.speaker, line.text, line.interrupted) for line in pop.transcript] == [
        ("bot", "Hello.", False),
        ("caller", "my licence has expired", False),
        ("bot", "I see. A human?", True),
    ]
    assert pop.ticket_url == f"https://bot.example.com/tickets/{pop.ticket_id}"
    assert pop.call_url == "https://bot.example.com/history/CA1"
    assert [ticket.id for ticket in pop.open_tickets] == [pop.ticket_id]
    assert pop.customer is not None
    assert (pop.customer.id, pop.takes_on_desk) == ("C-7", False)


def test_the_topic_is_in_the_agents_language(database: Engine) -> None:
    labels = SETTINGS.intents["license_renewal"].label
    assert (a_pop(database).topic, a_pop(database, agent="ravi").topic) == (labels["en"], labels["ta"])
    assert agent_language(SETTINGS, "switchboard") == "en"


def test_a_label_that_says_nothing_is_not_used(database: Engine) -> None:
    record = a_call(database).record("CA1")
    assert record is not None
    wish = CallSummary("transfer_to_human", 0.9, "en", "normal", "")
    assert screen_pop(record, wish, SETTINGS, agent="asha", queue="", at=NOW).topic == "transfer to human"


# -- the link ---------------------------------------------------------------------
KEY, SOUND = PopKey("CA1", "asha"), SoundKey("CA1", "CB1", "asha", 1)
UNTIL = NOW + timedelta(minutes=15)


def test_a_link_opens_what_it_was_made_for_until_it_expires() -> None:
    token = pop_token("secret", KEY, until=UNTIL)
    assert token == pop_token("secret", KEY, until=UNTIL)
    assert re.fullmatch(r"[A-Za-z0-9._-]+", token)
    assert pop_key(token, ["new", "secret"], now=UNTIL) == KEY
    assert pop_key(token, ["secret"], now=UNTIL + timedelta(seconds=1)) is None
    assert sound_key(sound_token("secret", SOUND, until=UNTIL), ["secret"], now=NOW) == SOUND


def test_nothing_else_opens_anything() -> None:
    pop, sound = pop_token("secret", KEY, until=UNTIL), sound_token("secret", SOUND, until=UNTIL)
    forged = [sound, pop[:-1], pop[1:], pop + "x", "", "x.y", "é", pop_token("other", KEY, until=UNTIL)]
    assert [pop_key(token, ["secret", ""], now=NOW) for token in forged] == [None] * len(forged)
    assert sound_key(pop, ["secret"], now=NOW) is None
    assert pop_key(pop, [], now=NOW) is None


def test_a_links_bits_are_all_guarded() -> None:
    token = pop_token("secret", KEY, until=UNTIL)
    head = token.partition(".")[0]
    for at in range(len(head)):
        changed = ("A" if head[at] != "A" else "B").join((head[:at], head[at + 1 :])) + token[len(head) :]
        assert pop_key(changed, ["secret"], now=NOW) is None


# -- the page behind it -------------------------------------------------------------
def page_house(database: Engine, heard: str = "my licence has expired") -> Any:
    journal = a_call(database, heard)
    return console_rig.house(
        database,
        settings=SETTINGS,
        journal=journal,
        desk=Desk(database),
        presences=Presences(database),
        callbacks=Callbacks(database),
        summarizer=hook_rig.summed_up,
        suggestion=lambda record, language: f"Hello, {HOSTILE}",
    )


def opened(app: Any, token: str, *, role: str = "", agent: str = "") -> Any:
    return console_rig.browser(app, role, agent=agent).get(f"/pop/{token}")


def test_the_page_shows_the_call_to_whoever_has_the_link(database: Engine) -> None:
    bot = page_house(database, heard=HOSTILE)
    app = console_rig.app(bot, console.pop.bp, console.desk.bp)
    answer = opened(app, pop_token("webhook secret", KEY, until=UNTIL))
    assert answer.status_code == 200
    assert "+919812345678" in answer.text
    assert "Meera &lt;b&gt;Traders&lt;/b&gt;" in answer.text
    assert HOSTILE not in answer.text
    assert answer.text.count("&lt;script&gt;") >= 3
    assert "style=" not in answer.text
    assert (answer.headers["Referrer-Policy"], answer.headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]
    assert "To the desk" not in answer.text


def test_an_agents_own_link_leads_to_the_desk(database: Engine) -> None:
    app = console_rig.app(page_house(database), console.pop.bp, console.desk.bp)
    token = pop_token("webhook secret", KEY, until=UNTIL)
    assert "To the desk" in opened(app, token, role="agent", agent="asha").text
    assert "To the desk" not in opened(app, token, role="agent", agent="ravi").text


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        pop_token("another secret", KEY, until=UNTIL),
        pop_token("webhook secret", KEY, until=NOW - timedelta(seconds=1)),
        pop_token("webhook secret", PopKey("CA2", "asha"), until=UNTIL),
        sound_token("webhook secret", SOUND, until=UNTIL),
    ],
    ids=["nonsense", "forged", "expired", "of no call", "of a sound"],
)
def test_a_bad_link_says_what_to_do(database: Engine, token: str) -> None:
    app = console_rig.app(page_house(database), console.pop.bp, console.desk.bp)
    answer = opened(app, token)
    assert answer.status_code == 403
    assert "Log in" in answer.text
    assert "+9198" not in answer.text


# -- to an address of the operator's ---------------------------------------------------
class Desktop(http.server.ThreadingHTTPServer):
    """A receiver that answers with the statuses it is given, the last one for ever."""

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.statuses, self.received = list(statuses), list[tuple[dict[str, str], bytes]]()


class Receiver(http.server.BaseHTTPRequestHandler):
    server: Desktop

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((dict(self.headers), body))
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def desktop(*statuses: int) -> Iterator[Desktop]:
    server = Desktop(*statuses)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def pushed(pop: ScreenPop, *statuses: int) -> list[tuple[dict[str, str], bytes]]:
    with desktop(*statuses) as server:
        push = PopPush(f"http://127.0.0.1:{server.server_port}/pops?of=voicebot", SECRET, wait=lambda _: None)
        push(pop)
        push.close()
    return server.received


def test_a_pop_is_posted_signed(database: Engine) -> None:
    pop = a_pop(database)
    [(headers, body)] = pushed(pop, 204)
    assert verify(body, headers["X-Voicebot-Signature"], [SECRET], now=time.time())
    assert headers["X-Voicebot-Delivery"] == f"CA1:asha:{int(NOW.timestamp())}"
    told = json.loads(body)
    assert told.pop("event") == "screen_pop"
    assert told == as_json(pop)


@pytest.mark.parametrize(("statuses", "posts"), [((503, 200), 2), ((500, 429, 200), 3), ((503,), 3), ((401,), 1), ((302,), 1)])
def test_it_is_tried_three_times_unless_it_is_refused(database: Engine, statuses: tuple[int, ...], posts: int) -> None:
    assert len(pushed(a_pop(database), *statuses)) == posts


def test_failures_are_logged_without_the_callers_words(database: Engine, caplog: pytest.LogCaptureFixture) -> None:
    pushed(a_pop(database), 503)
    [record] = [record for record in caplog.records if record.name == "webhooks.pop_push"]
    assert record.message == "a screen pop was not taken by its receiver"
    assert (getattr(record, "call_sid", ""), "licence" in caplog.text, "+9198" in caplog.text) == ("CA1", False, False)


def test_a_receiver_who_does_not_answer_delays_nothing(database: Engine) -> None:
    """More pops than may wait, to a receiver that never answers: every one returns at once, the last are dropped."""
    pop, held = a_pop(database), threading.Event()

    class Stuck(Receiver):
        def do_POST(self) -> None:
            held.wait(20)
            super().do_POST()

    with desktop(200) as server:
        server.RequestHandlerClass = Stuck
        push = PopPush(f"http://127.0.0.1:{server.server_port}/", SECRET, wait=lambda _: None)
        for number in range(WAITING + 5):
            push(replace(pop, call_sid=f"CA{number}"))
        assert not server.received
        held.set()
        push.close()
    assert len({json.loads(body)["call_sid"] for _, body in server.received}) == WAITING


def test_without_an_address_nothing_is_sent(database: Engine) -> None:
    pushing(SETTINGS, Environment.read({}))(a_pop(database))


def test_an_address_needs_a_secret() -> None:
    settings = settings_with(escalation=telephones(screen_pop={"url": "https://desktop.example.com/pops"}))
    with pytest.raises(SettingsError, match="POST_CALL_SECRET"):
        pushing(settings, Environment.read({}))


def test_moments_are_told_in_utc(database: Engine) -> None:
    assert datetime.fromisoformat(as_json(a_pop(database))["at"]).astimezone(UTC) == NOW
