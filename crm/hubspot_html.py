"""A call as the HTML of a HubSpot note or call record. Everything that was said is text: it is escaped, and arrives as it was."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from html import escape
from itertools import accumulate

from calls.call import CallRecord
from calls.crm import FinishedCall
from calls.handover import callback_line, taken_by, wrap_up_facts
from crm import wrap_ups
from crm.transcript import outcome_told, transcript

LIMIT = 65_536  # characters of hs_note_body; counted as UTF-16 does, which is the stricter way
LONGEST_SUMMARY, LONGEST_FACT = 4_000, 8_000
SPEAKERS = ("Caller", "Bot")
NEW_LINE = "<br>"
UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")  # HTML and JSON carry none of these safely
MARK_UP = len(f"{NEW_LINE}<strong></strong>")  # what a line of the transcript costs beside its characters
COSTS = {"\n": MARK_UP} | {character: len(escape(character)) for character in "&<>\"'"}
LANGUAGES = {"en": "English", "hi": "Hindi", "ta": "Tamil"}


def marker(call_sid: str) -> str:
    """By this we know our own again."""
    return f"[vb:{call_sid}]"


def is_of(call_sid: str, body: str | None) -> bool:
    return holds(marker(call_sid), body)


def holds(mark: str, body: str | None) -> bool:
    return escape(mark) in (body or "")


def call_html(call: FinishedCall, *, with_transcript: bool) -> str:
    """Summary, facts, perhaps the transcript (its middle left out when it is too long), and the markers at the end."""
    above = paragraph(text_html(shortened(call.summary.text, LONGEST_SUMMARY))) + paragraph(facts_html(facts(call)))
    below = paragraph(escape(f"{wrap_ups.mark(call.record)} {marker(call.record.sid)}".strip()))
    if not with_transcript:
        return above + below
    room = LIMIT - size(above) - size(below) - len("<p></p>")
    return above + paragraph(said_html(shortened(transcript(call.record, call.directory, now=call.at), room))) + below


def paragraph(html: str) -> str:
    return f"<p>{html}</p>" if html else ""


def wrap_up_html(call: FinishedCall) -> str:
    """What an agent said of the call, its ticket on the desk, and the mark of this wrap-up."""
    told = [*wrap_up_facts(wrap_ups.wrap_up_in(call)), ("Ticket", call.ticket_id)]
    return paragraph(facts_html(told)) + paragraph(escape(wrap_ups.mark(call.record)))


def facts_html(named: Iterable[tuple[str, str]]) -> str:
    return NEW_LINE.join(f"<strong>{name}:</strong> {text_html(shortened(value, LONGEST_FACT))}" for name, value in named if value)


def facts(call: FinishedCall) -> Iterator[tuple[str, str]]:
    summary, record = call.summary, call.record
    yield "Intent", summary.intent.replace("_", " ")
    yield "Confidence", f"{summary.confidence:.0%}"
    yield "Language", LANGUAGES.get(summary.language, summary.language)
    yield "Outcome", outcome_told(record.outcome, call.directory).replace("_", " ") if record.outcome else "unknown"
    yield "Transfer", "; ".join(taken for each in record.escalations if (taken := taken_by(each, call.directory)))
    yield "Promise", callback_line(record.callback, call.directory, call.at) if record.callback else ""
    yield "Duration", duration(record)
    yield "Priority", summary.priority
    yield "Ticket", call.ticket_id
    yield "About ticket", call.about_ticket_id
    if record.wrap_up:
        yield from wrap_up_facts(record.wrap_up)


def duration_ms(record: CallRecord) -> int | None:
    """As Jambonz or the journal's clock tells; of a call whose end nobody saw, to the last words; None when there were none."""
    if record.duration_s is not None:
        return record.duration_s * 1000
    if record.ended_at is not None:
        return max(0, round((record.ended_at - record.started_at).total_seconds() * 1000))
    return max((turn.ended_ms for turn in record.turns), default=0) or None


def duration(record: CallRecord) -> str:
    length_ms = duration_ms(record)
    return "unknown" if length_ms is None else f"{length_ms // 60_000} min {length_ms // 1000 % 60} s"


def said_html(text: str) -> str:
    return NEW_LINE.join(line_html(line) for line in text.split("\n")) if text else ""


def line_html(line: str) -> str:
    speaker, colon, words = line.partition(": ")
    return f"<strong>{speaker}:</strong> {text_html(words)}" if colon and speaker in SPEAKERS else text_html(line)


def text_html(text: str) -> str:
    return UNSPEAKABLE.sub("\ufffd", escape(text)).replace("\r", "").replace("\n", NEW_LINE)


def size(html: str) -> int:
    return len(html.encode("utf-16-le", "surrogatepass")) // 2


def shortened(text: str, room: int) -> str:
    """`text` as it is if its HTML fits into `room`, or else its beginning and its end, cut between words, and a note between."""
    if sum(costs(text)) <= room:
        return text
    half = (room - 100) // 2  # 100 for the note
    beginning = re.sub(r"\s\S{0,60}\Z", "", text[: fitting(text, half)])
    end = re.sub(r"\A\S{0,60}\s", "", text[len(text) - fitting(reversed(text), half) :])
    return f"{beginning}\n(… {len(text) - len(beginning) - len(end):,} characters left out …)\n{end}"


def fitting(text: Iterable[str], room: int) -> int:
    """How many characters from the start fit into `room`."""
    return bisect_right(list(accumulate(costs(text))), room)


def costs(text: Iterable[str]) -> Iterator[int]:
    """What each character takes at most, escaped."""
    return (COSTS.get(character) or (1 if character <= "\uffff" else 2) for character in text)
