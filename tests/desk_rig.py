"""The agents' pages in a test: a bot's parts on a real database, two agents, and calls that ring them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from after_call import AfterCall
from calls.agents import Customer, LegAnswer
from calls.call import Intent, Outcome, OutcomeKind, Turn
from calls.helpdesk import EscalationSettings
from calls.live import FakeLive
from calls.settings import Environment, Settings, load
from console import callbacks, desk, tickets, wrap_ups
from nlu.briefing import suggestion
from records.callbacks import Callbacks
from records.journal import Journal
from records.presence import Presences
from tests import console_rig
from tests.console_rig import NOW, token

PHONE = "919812345678"
HOSTILE = """<script>alert("x")</script> & 'quotes'"""
ESCAPED = "&lt;script&gt;alert("
ESCALATION = EscalationSettings.model_validate(
    {
        "agents": {
            "asha": {"name": "Asha Rao", "target": {"type": "desk"}, "hours": "office"},
            "ravi": {"name": "Ravi Nair", "target": {"type": "user", "name": "ravi@example.com"}},
        },
        "queues": {"first": {"agents": ["asha", "ravi"]}},
        "hours": {"office": {"week": {"mon": ["00:00-24:00"]}, "time_zone": "Asia/Kolkata"}},
    }
)


@cache
def settings() -> Settings:
    return load("jambonz-app.json").model_copy(update={"escalation": ESCALATION})


def house(database: Engine) -> SimpleNamespace:
    """What the agents' pages look for. `time` of it may be moved."""
    environ = {"DATABASE_URL": database.url.render_as_string(hide_password=False)}
    environment, journal, chosen = Environment.read(environ), Journal(database, max_calls=9), settings()
    after = AfterCall(database, journal, chosen, environment)
    bot = console_rig.house(
        database,
        settings=chosen,
        journal=journal,
        desk=after.desk,
        closing=after,
        summarizer=after.summarizer,
        wrapped_up=after.wrapped_up,
        live=FakeLive(),
        presences=Presences(database),
        callbacks=Callbacks(database),
        suggestion=lambda record, language: suggestion(record, record.customer, chosen, language),
        time=NOW,
    )
    bot.clock = lambda: bot.time
    return bot


def app(bot: SimpleNamespace) -> Flask:
    return console_rig.app(bot, desk.bp, wrap_ups.bp, callbacks.bp, tickets.bp)


def post(browser: FlaskClient, path: str, *, piece: bool = False, **data: str) -> tuple[int, str]:
    """(status, text) of the answer to a form; `piece`: as htmx sends it."""
    answer = browser.post(path, data={**data, **token(browser)}, headers={"HX-Request": "true"} if piece else {})
    return answer.status_code, answer.text


# -- calls ----------------------------------------------------------------------------
def talked(bot: SimpleNamespace, sid: str, *heard: str, caller: str = PHONE, customer: Customer | None = None) -> None:
    """A caller has told the bot this, about a licence, and wants a human now."""
    journal: Journal = bot.journal
    journal.call_started(sid=sid, direction="inbound", caller=caller, called="1800", language="en", now=bot.time)
    journal.turn_finished(sid, Turn(0, said=["Hello."]))
    for number, words in enumerate(heard or ("my licence has expired",), 1):
        journal.turn_finished(sid, Turn(number, words, 0.9, "en", Intent("license_renewal", 0.93), ["Press F1."]))
    if customer:
        journal.customer_known(sid, customer)
    journal.call_ended(sid, Outcome(OutcomeKind.ESCALATED, "transfer_to_human"), now=bot.time)
    bot.closing.close(sid, now=bot.time)


def rings(bot: SimpleNamespace, sid: str, *agents: str, by: str = "desk") -> int:
    """These agents are rung for the call; the number of the try."""
    bot.presences.reserve(agents, sid, now=bot.time, until=bot.time + timedelta(hours=1))
    assert bot.journal.escalation_started(sid, ", ".join(agents), bot.time, queue="first", agents=agents, by=by)
    return int(bot.journal.record(sid).escalations[-1].id)


def takes(bot: SimpleNamespace, sid: str, agent: str, leg_sid: str = "") -> str:
    """The agent talks with the caller; the leg's sid."""
    leg_sid = leg_sid or f"desk-{agent}-{bot.journal.record(sid).escalations[-1].id}"
    assert bot.journal.leg_answered(sid, leg_sid, agent, LegAnswer.ACCEPTED, bot.time)
    return leg_sid


def ends(bot: SimpleNamespace, sid: str, agent: str, *, after_s: float = 200.0, wrap_up_s: float = 60.0) -> None:
    """They have talked and hung up; the agent is left alone for a while."""
    bot.time += timedelta(seconds=after_s)
    bot.journal.escalation_ended(sid, "completed", 200, "", bot.time)
    bot.journal.call_ended(sid, Outcome(OutcomeKind.TRANSFERRED, agent), now=bot.time)
    bot.journal.status_changed(sid, "completed", now=bot.time, duration_s=round(after_s))
    bot.presences.release(sid, now=bot.time, busy_until=bot.time + timedelta(seconds=wrap_up_s))
    bot.closing.close(sid, now=bot.time)


def taken_and_ended(bot: SimpleNamespace, sid: str = "CA1", agent: str = "asha") -> None:
    talked(bot, sid)
    rings(bot, sid, agent)
    takes(bot, sid, agent)
    ends(bot, sid, agent)


# -- an event stream ----------------------------------------------------------------
def messages(chunks: Iterator[bytes], *, until: str) -> list[tuple[str, str]]:
    """(event, data) of the messages up to the chunk that has one called `until`."""
    read: list[tuple[str, str]] = []
    for chunk in chunks:
        read += parsed(chunk.decode())
        if until in dict(read):
            return read
    raise AssertionError(f"the stream ended without {until!r}")


def parsed(text: str) -> list[tuple[str, str]]:
    found = []
    for block in text.split("\n\n"):
        lines = block.split("\n")
        names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
        if names:
            found.append((names[0], "\n".join(line.removeprefix("data: ") for line in lines if line.startswith("data: "))))
    return found


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)
