"""Which tickets of the desk somebody looks for. Pure: a search in, conditions of SQL out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import ColumnElement, false, or_

from calls.call import Ticket
from calls.columns import storable
from crm.desk_schema import tickets

TICKET_ID = re.compile(r"^T-\d{1,9}$", re.ASCII)
SHORTEST_NUMBER = 4  # digits: the last four are what people know of a number by heart


@dataclass(frozen=True, slots=True)
class TicketSearch:
    """What is empty fits every ticket. `text`: a ticket's id, the end of a phone number, or words of its summary and transcript."""

    status: str = ""
    intent: str = ""
    text: str = ""
    page: int = 1
    per_page: int = 25


@dataclass(frozen=True, slots=True)
class TicketPage:
    """Some of the tickets that fit, the newest first."""

    tickets: tuple[Ticket, ...]
    page: int  # from 1
    pages: int
    total: int


def conditions(search: TicketSearch) -> list[ColumnElement[bool]]:
    """All of them hold for a ticket that fits. Words are looked for in every ticket's text: some ms for ten thousand tickets."""
    wanted: list[ColumnElement[bool]] = []
    if search.status:
        wanted.append(tickets.c.status == search.status)
    if search.intent:
        wanted.append(tickets.c.intent == search.intent)
    if text := storable(search.text).strip():
        wanted.append(told_by(text))
    return wanted


def told_by(text: str) -> ColumnElement[bool]:
    if TICKET_ID.match(text.upper()):
        return tickets.c.number == int(text[2:])
    words = f"%{escaped(text)}%"
    found: list[ColumnElement[bool]] = [column.ilike(words, escape="\\") for column in (tickets.c.summary, tickets.c.description)]
    return or_(*found, ends_with(text))


def ends_with(text: str) -> ColumnElement[bool]:
    """A number's last digits, however it was written."""
    if re.search(r"[^\d\s()+-]", text):
        return false()
    digits = re.sub(r"\D", "", text)
    return tickets.c.phone.like(f"%{digits}") if len(digits) >= SHORTEST_NUMBER else false()


def escaped(text: str) -> str:
    """Its % and _ are themselves in a LIKE."""
    return re.sub(r"([\\%_])", r"\\\1", text)


def pages_of(search: TicketSearch, total: int) -> tuple[int, int]:
    """(the page to show, how many there are): one that does not exist is the nearest that does."""
    pages = max(1, -(-total // search.per_page))
    return min(max(search.page, 1), pages), pages
