"""Past calls, found again; the calls that go on; and which calls an agent may see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, Text, and_, case, cast, exists, false, func, or_, select, true, union_all

from calls.call import CallRecord
from calls.phones import e164, national
from records import schema
from records.reading import records_of
from records.transactions import in_transaction

LONGEST_CALL = timedelta(hours=4)  # a call that began before and has no end was lost
CALLS, TURNS = schema.calls.c, schema.turns.c
NEWEST_FIRST = (CALLS.started_at.desc(), CALLS.call_sid)


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; an empty field fits every call. `since` is within the time, `until` is not; `page` counts from 1."""

    text: str = ""  # words, of the caller or of the bot
    phone: str = ""  # as anybody writes it, or its last digits
    intent: str = ""  # of any turn, or of the wrap-up
    language: str = ""  # that the caller spoke in any turn
    outcome: str = ""  # calls.call.OutcomeKind
    agent: str = ""  # id of one who was rung
    since: datetime | None = None
    until: datetime | None = None
    page: int = 1
    per_page: int = 25


@dataclass(frozen=True, slots=True)
class Page:
    """One page of what was found. `total`: calls on all pages."""

    records: tuple[CallRecord, ...]
    page: int
    pages: int  # 1 at least
    total: int


class History:
    """`engine` is open_database's. All raise JournalError."""

    def __init__(self, engine: Engine) -> None:
        self._reader = engine.execution_options(reads_only=True)

    def search(self, wanted: Search) -> Page:
        """The newest first; a page after the last is the last.

        All but `text` are found by an index or in one pass over the calls. `text` reads the words of every turn of the calls that
        the other fields leave over: with `since`, of those days only; without, of all that was ever said. Letters other than
        a-z are compared with their case."""
        return in_transaction(self._reader, found, wanted)

    def live(self, *, now: datetime, limit: int = 500) -> list[CallRecord]:
        """The calls that are not over, the newest first."""
        going_on = select(schema.calls).where(CALLS.ended_at.is_(None), CALLS.started_at > now - LONGEST_CALL)
        return in_transaction(self._reader, listed, going_on.order_by(*NEWEST_FIRST).limit(limit))

    def of_agent(self, agent: str, *, limit: int = 20) -> list[CallRecord]:
        """The calls that rang this agent, the newest first."""
        theirs = select(schema.calls).where(rang(agent)).order_by(*NEWEST_FIRST).limit(limit)
        return in_transaction(self._reader, listed, theirs)

    def may_see(self, agent: str, call_sid: str) -> bool:
        """Whether the call is an agent's affair: it rang this one, or a call back is still to be made, which anybody may do.

        An `agent` of "" is somebody of the console who is never rung."""
        open_promise = exists().where(schema.callbacks.c.call_sid == CALLS.call_sid, schema.callbacks.c.settled_at.is_(None))
        own = select(CALLS.call_sid).where(CALLS.call_sid == call_sid, or_(open_promise, rang(agent)))
        return in_transaction(self._reader, lambda connection: connection.execute(own).first() is not None)


def listed(connection: Connection, wanted: Select[Any]) -> list[CallRecord]:
    return records_of(connection, connection.execute(wanted).mappings().all())


def found(connection: Connection, wanted: Search) -> Page:
    fits = and_(true(), *conditions(wanted, connection.dialect.name))
    total = connection.execute(select(func.count()).select_from(schema.calls).where(fits)).scalar_one()
    pages = max(1, -(-total // wanted.per_page))
    page = min(max(1, wanted.page), pages)
    rows = select(schema.calls).where(fits).order_by(*NEWEST_FIRST).limit(wanted.per_page).offset((page - 1) * wanted.per_page)
    return Page(tuple(listed(connection, rows)), page, pages, total)


def conditions(wanted: Search, dialect: str) -> Iterator[ColumnElement[bool]]:
    if wanted.since:
        yield CALLS.started_at >= wanted.since
    if wanted.until:
        yield CALLS.started_at < wanted.until
    if wanted.outcome:
        yield CALLS.outcome_kind == wanted.outcome
    if wanted.intent:
        yield about(wanted.intent)
    if wanted.language:
        yield spoken_in(wanted.language)
    if wanted.agent:
        yield rang(wanted.agent)
    if phone := wanted.phone.strip():
        yield of_phone(phone)
    if text := wanted.text.strip():
        yield with_words(text, dialect)


def about(intent: str) -> ColumnElement[bool]:
    of_turns = select(TURNS.call_sid).where(TURNS.intent == intent)
    wrapped_up = select(schema.wrap_ups.c.call_sid).where(schema.wrap_ups.c.intent == intent)
    return CALLS.call_sid.in_(union_all(of_turns, wrapped_up))  # not two INs: PostgreSQL would ask the larger one anew for every call


def spoken_in(language: str) -> ColumnElement[bool]:
    """The greeting is in the language that the call began with, whatever the caller speaks: it counts where nothing else was said."""
    spoken = select(TURNS.call_sid).where(TURNS.language == language, TURNS.number > 0)
    begun = schema.calls.alias("begun").c
    silent = ~exists().where(TURNS.call_sid == begun.call_sid, TURNS.number > 0)
    return CALLS.call_sid.in_(union_all(spoken, select(begun.call_sid).where(begun.language == language, silent)))


def rang(agent: str) -> ColumnElement[bool]:
    """A leg of this agent is known, or a try has just been begun in which it rings."""
    if not agent:
        return false()
    legs, tries = schema.agent_legs.c, schema.escalations.c
    named = cast(tries.agents, Text).contains(json.dumps(agent), autoescape=True)
    return CALLS.call_sid.in_(union_all(select(legs.call_sid).where(legs.agent == agent), select(tries.call_sid).where(named)))


def of_phone(phone: str) -> ColumnElement[bool]:
    """By the last digits, so that +91 98123 45678, 098123 45678 and 45678 find one caller; a caller without digits by the text."""
    far_end = case((CALLS.direction == "outbound", CALLS.called), else_=CALLS.caller)
    digits = national(e164(phone) or "") or "".join(each for each in phone if each.isascii() and each.isdigit()).lstrip("0")
    if not digits:
        return far_end.icontains(phone, autoescape=True)
    return or_(far_end.endswith(digits), far_end.contains(f"{digits}@"))  # some carriers leave a whole address there


def with_words(text: str, dialect: str) -> ColumnElement[bool]:
    heard = TURNS.heard.icontains(text, autoescape=True)
    return exists().where(TURNS.call_sid == CALLS.call_sid, or_(heard, was_said(text, dialect)))


def was_said(text: str, dialect: str) -> ColumnElement[bool]:
    """`said` is JSON with letters beyond ASCII escaped. Looked at as text first, which is quick but finds "0937" in an escape too."""
    as_written = cast(TURNS.said, Text).icontains(json.dumps(text)[1:-1], autoescape=True)
    each = func.json_array_elements_text if dialect == "postgresql" else func.json_each
    sentence = each(TURNS.said).table_valued("value").alias("sentence")
    return as_written & exists().select_from(sentence).where(cast(sentence.c.value, Text).icontains(text, autoescape=True))
