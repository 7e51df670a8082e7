"""One live call as a row of the board: from the journal's record, changed by what live events tell. Pure."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from calls.call import CallRecord
from calls.live import STATES, LiveEvent

SHOWN_ENDED = timedelta(seconds=10)  # so long an ended call stays to be seen
JUST_CAME = timedelta(seconds=5)
QUIET = timedelta(seconds=25)  # a row that no event has changed for so long takes the journal's word
TEXTS, WHOLES = ("state", "caller", "language", "intent", "last_words", "agent"), ("reply_ms", "turns")
WITH_AGENTS = ("ringing", "with_agent")


@dataclass(frozen=True, slots=True)
class Row:
    """A call that goes on, or has just ended. `state` is one of calls.live.STATES, or "" before anything is known."""

    call_sid: str
    since: datetime
    changed_at: datetime  # by an event, or seen first
    state: str = ""
    caller: str = ""
    language: str = ""
    intent: str = ""
    confidence: float | None = None
    last_words: str = ""
    reply_ms: int | None = None  # of the last answer
    turns: int = 0
    agent: str = ""  # id, while it rings or talks
    ended_at: datetime | None = None

    def gone(self, now: datetime) -> bool:
        return self.ended_at is not None and now - self.ended_at >= SHOWN_ENDED


def told(row: Row | None, event: LiveEvent, now: datetime) -> Row:
    """The row after a "call" event; a part that is not known, or is of another type, is left out."""
    row = replace(row or Row(event.call_sid, since=event.at, changed_at=now), changed_at=now, **known_parts(event.data))
    if row.state == "ended":
        return replace(row, agent="", ended_at=row.ended_at or now)
    return replace(row, ended_at=None, agent=row.agent if row.state in WITH_AGENTS else "")


def known_parts(data: Mapping[str, Any]) -> dict[str, Any]:
    parts = {name: data[name] for name in TEXTS if isinstance(data.get(name), str)}
    parts |= {name: round(data[name]) for name in WHOLES if isinstance(data.get(name), int | float)}
    parts |= {"confidence": float(data["confidence"])} if isinstance(data.get("confidence"), int | float) else {}
    return parts if parts.get("state", "") in ("", *STATES) else parts | {"state": ""}


def row_of(record: CallRecord, wishes: Container[str], now: datetime) -> Row:
    """What the journal knows of a call that goes on. `wishes`: the intents that are something a caller wants."""
    words = next((turn.heard for turn in reversed(record.turns) if turn.heard), "")
    wish = next((turn for turn in reversed(record.turns) if turn.intent in wishes), None)
    replies = [turn.timings["reply"] for turn in record.turns if "reply" in turn.timings]
    state, agent = stands(record)
    return Row(
        record.sid,
        since=record.started_at,
        changed_at=now,
        state=state,
        caller=record.caller,
        language=record.turns[-1].language if record.turns else record.language,
        intent=wish.intent if wish else "",
        confidence=wish.intent_confidence if wish else None,
        last_words=words,
        reply_ms=replies[-1] if replies else None,
        turns=sum(bool(turn.heard) for turn in record.turns),
        agent=agent,
    )


def stands(record: CallRecord) -> tuple[str, str]:
    """(state, agent): with whom the call is, as far as rows of the journal tell; what is said at the moment only events tell."""
    current = record.escalations[-1] if record.escalations else None
    if current is None or current.ended_at is not None:
        return ("listening" if record.turns else "greeting"), ""
    leg = current.accepted
    return ("with_agent", leg.agent) if leg else ("ringing", ", ".join(current.agents))


def mended(row: Row | None, record: CallRecord, wishes: Container[str], now: datetime) -> Row:
    """The row that is right: what events told lately is newer than the journal, but of a row that was left alone the journal knows more."""
    if row is None or now - row.changed_at > QUIET:
        fresh = row_of(record, wishes, now)
        same = row is not None and replace(fresh, changed_at=row.changed_at) == row
        return row if same and row else fresh
    return row


def is_over(row: Row, now: datetime) -> bool:
    """Whether a row that the journal does not list is to end. One that has just come may be newer than the list."""
    return row.ended_at is None and now - row.changed_at > JUST_CAME


def ended(row: Row, now: datetime) -> Row:
    """The journal says that the call is over."""
    return replace(row, state="ended", agent="", changed_at=now, ended_at=now)
