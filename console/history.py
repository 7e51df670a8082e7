"""`/history`: past calls, found again by supervisors and, of their own, by agents; `/history/<sid>`: one call with its timeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from calls.agents import AgentLeg
from calls.call import CallRecord, OutcomeKind
from calls.handover import Directory, callback_line, length, taken_by, transfer_line, wrap_up_facts
from calls.phones import far_end
from calls.routing import SWITCHBOARD
from calls.told import cares, model_use, told
from console.at_desk import known_call, my_agent
from console.call_stream import CallStream, budget, words
from console.desk_pieces import piece
from console.desk_ports import Bot, called, house
from console.door import may, needs, person
from console.events import event_stream
from console.moments import Clock, clock_for
from console.timeline import seconds, timeline
from console.timeline_drawing import drawing
from console.words import spoken, together
from crm.transcript import outcome_told, turn_lines
from records.history import Search

bp = Blueprint("history", __name__, template_folder="templates")
WORDS = ("text", "phone", "intent", "language", "outcome", "agent")  # fields of the form and of Search
FIELDS = (*WORDS, "since", "until")
LONGEST_WORD = 200
WORDS_WITHIN = timedelta(days=30)  # words are read in every turn: without a day to begin with, those of the last month
OWN_CALLS = 50


@bp.get("/history")
@needs("agent")
def index() -> ResponseReturnValue:
    bot, clock = house(), wall_clock()
    if not may(person(), "supervisor"):
        return page("history.html", records=bot.history.of_agent(my_agent(), limit=OWN_CALLS), found=None)
    asked = {name: value for name in FIELDS if (value := request.args.get(name, ""))}
    found = bot.history.search(search_of(asked, clock, request.args.get("page", "")))
    return page("history.html", records=found.records, found=found, asked=asked, **choices(bot))


@bp.get("/history/<call_sid>")
@needs("agent")
def show(call_sid: str) -> ResponseReturnValue:
    bot, record = house(), known_call(call_sid)
    line = timeline(record, Directory.of(bot.settings.escalation), now=bot.clock())
    return page(
        "call.html",
        record=record,
        summary=bot.summarizer(record),
        ticket=bot.desk.ticket_of(record.sid),
        line=line,
        drawing=drawing(line),
        words=words(together(spoken(record), ())),
        budget=budget(record),
    )


@bp.get("/history/<call_sid>/events")
@needs("agent")
def events(call_sid: str) -> ResponseReturnValue:
    """While the call goes on: its words."""
    bot, record = house(), known_call(call_sid)
    stream = CallStream(bot, record.sid)
    return event_stream(bot.live.subscribe, stream.whole, stream.told, beat=stream.beat)


# -- what is asked for ------------------------------------------------------------------
def search_of(asked: Mapping[str, str], clock: Clock, number: str) -> Search:
    """Of the form's fields. Days are those of the reader's wall clock, the last one included."""
    text, phone, intent, language, outcome, agent = (asked.get(name, "").strip()[:LONGEST_WORD] for name in WORDS)
    since, until = day_of(asked.get("since", "")), day_of(asked.get("until", ""))
    begin = midnight(since, clock) if since else None
    end = midnight(until + timedelta(days=1), clock) if until else None
    if text and begin is None:
        begin = (end or clock.now) - WORDS_WITHIN
    page_number = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 1
    return Search(text, phone, intent, language, outcome, agent, begin, end, page_number)


def day_of(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not 1970 < day.year < 9999:  # what lies further off has no midnight everywhere
        abort(400, "A day is written like 2026-03-01.")
    return day


def midnight(day: date, clock: Clock) -> datetime:
    return datetime.combine(day, time.min, clock.zone)


def choices(bot: Bot) -> dict[str, Mapping[str, str]]:
    """What the form's lists offer: value -> how it is called."""
    agents = {name: agent.name for name, agent in bot.settings.escalation.agents.items()}
    switchboard = {SWITCHBOARD: "the switchboard"} if bot.settings.escalation.target else {}
    return {
        "intents": {name: called(name) for name in bot.settings.intents},
        "languages": {name: name for name in bot.settings.languages},
        "outcomes": {kind.value: kind.value.replace("_", " ") for kind in OutcomeKind},
        "agents": agents | switchboard,
    }


# -- how it is shown --------------------------------------------------------------------
def wall_clock() -> Clock:
    bot = house()
    return clock_for(bot.settings.escalation, my_agent(), bot.clock())


def page(template: str, **facts: Any) -> str:
    clock, directory = wall_clock(), Directory.of(house().settings.escalation)
    words = {
        "outcome_of": lambda record: outcome_of(record, directory),
        "taken_by": lambda record: ", ".join(directory.name_of(leg.agent) for leg in takers(record)),
        "taken": lambda escalation: taken_by(escalation, directory),
        "transfer": lambda escalation: transfer_line(escalation, directory),
        "callback": lambda callback: callback_line(callback, directory, clock.now),
        "length_of": lambda record: length(record.duration_s) if record.duration_s is not None else "",
        "without_words": lambda turn: next(turn_lines(turn), ""),
    }
    return piece(
        template, clock, percent=percent, far_end=far_end, seconds=seconds, wrap_up=wrap_up_facts, **MADE_OF_TURNS, **words, **facts
    )


def outcome_of(record: CallRecord, directory: Directory) -> str:
    told = outcome_told(record.outcome, directory).replace("_", " ") if record.outcome else ""
    return ", ".join(part for part in ("goes on" if record.ended_at is None else "", told) if part) or "ended without one"


def takers(record: CallRecord) -> Iterator[AgentLeg]:
    """Those who talked to the caller."""
    return (each.accepted for each in record.escalations if each.accepted and each.transferred)


MADE_OF_TURNS = {"told": told, "cares": cares, "model_use": model_use}


def percent(share: float) -> str:
    return f"{share:.0%}"
