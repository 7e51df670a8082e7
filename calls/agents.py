"""The nouns of handing a call to a human: agents, their legs, screen pops, promised call backs, wrap-ups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class LegAnswer(StrEnum):
    """What an agent who was rung said to the call."""

    NONE = ""
    BRIEFED = "briefed"  # has answered and hears what it is about
    ACCEPTED = "accepted"  # key 1, or the button on the desk
    DECLINED = "declined"  # key 2, or the button on the desk


@dataclass(frozen=True, slots=True)
class AgentLeg:
    """One agent rung for a call. On the desk's page the leg has the sid "desk-<agent>-<number of the try>"."""

    leg_sid: str
    agent: str  # id in jambonz-app.json, "switchboard", or "" where it can't be told
    state: str  # Jambonz's last call_status of the leg
    sip_status: int | None
    answer: LegAnswer
    began_at: datetime
    answered_at: datetime | None = None
    accepted_at: datetime | None = None
    ended_at: datetime | None = None
    repeats: int = 0  # so often the agent asked to hear the briefing again


@dataclass(frozen=True, slots=True)
class Escalation:
    """One try to hand a call to a human. `state`: "dialling", "completed", "busy", "no-answer", "failed" ... as Jambonz says;
    whether an agent talked to the caller is `taken_by`, which is what we recorded ourselves."""

    target: str  # whom it rang, for people
    state: str
    started_at: datetime
    ended_at: datetime | None = None
    agent_call_sid: str = ""
    sip_status: int | None = None
    id: int = 0
    queue: str = ""
    agents: tuple[str, ...] = ()  # ids rung at once
    by: str = "dial"  # "dial" or "desk"
    legs: tuple[AgentLeg, ...] = ()

    @property
    def accepted(self) -> AgentLeg | None:
        """The leg of the agent who took the call."""
        return next((leg for leg in self.legs if leg.answer is LegAnswer.ACCEPTED), None)

    @property
    def transferred(self) -> bool:
        """An agent took the call and it was put through: accepted, and not left in "in-progress" or broken off."""
        return self.accepted is not None and self.state == "completed"

    @property
    def talk_s(self) -> int | None:
        """Seconds from acceptance to the leg's end; None when nobody talked, or it goes on."""
        leg = self.accepted
        if not self.transferred or leg is None or leg.accepted_at is None:
            return None
        end = leg.ended_at or self.ended_at
        return max(0, round((end - leg.accepted_at).total_seconds())) if end else None


@dataclass(frozen=True, slots=True)
class Customer:
    """Who calls, as a CRM knows the number."""

    name: str = ""
    crm: str = ""
    id: str = ""
    licence_expiry: str = ""  # ISO date, "" unknown
    url: str = ""  # the customer's page in the CRM


class CallbackState(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"  # an agent is on it
    KEPT = "kept"  # the customer was called
    DROPPED = "dropped"  # not wanted any more, or could not be reached; the note says why


@dataclass(frozen=True, slots=True)
class Callback:
    """A promise to call a customer back. Broken when `due_at` has passed and it is neither kept nor dropped."""

    id: int
    call_sid: str
    phone: str
    intent: str
    language: str
    reason: str  # "no_agent", "closed", "asked" ...
    promised_at: datetime
    due_at: datetime
    state: CallbackState = CallbackState.OPEN
    agent: str = ""  # the person's login who claimed it
    settled_at: datetime | None = None
    note: str = ""

    def overdue(self, now: datetime) -> bool:
        return self.settled_at is None and now > self.due_at


@dataclass(frozen=True, slots=True)
class WrapUp:
    """What an agent says of a call afterwards."""

    call_sid: str
    agent: str  # the agent's id, "" for a supervisor without one
    person: str  # the name of who wrote it
    resolution: str  # "resolved" or "follow_up"
    intent: str  # what the call was really about; "" when the bot was right
    note: str
    at: datetime


class Presence(StrEnum):
    AVAILABLE = "available"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class AgentPresence:
    """Where an agent is. Only one who is `free` is rung."""

    agent: str
    state: Presence
    since: datetime
    seen_at: datetime  # the desk's page was open
    call_sid: str = ""  # rings or talks
    busy_until: datetime | None = None  # the end of the reservation, or of the time to wrap up


@dataclass(frozen=True, slots=True)
class OpenTicket:
    id: str
    intent: str
    status: str
    summary: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class SpokenLine:
    speaker: str  # "caller" or "bot"
    text: str
    language: str
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class ScreenPop:
    """What an agent sees when the phone rings. docs/screen-pop.schema.json is its JSON."""

    call_sid: str
    agent: str  # id; "switchboard" or "" where it is for nobody in particular
    agent_name: str
    queue: str
    at: datetime  # it began to ring
    phone: str
    customer: Customer | None
    open_tickets: tuple[OpenTicket, ...]
    intent: str
    topic: str  # the intent's label in the agent's language
    confidence: float
    language: str
    summary: str
    transcript: tuple[SpokenLine, ...]
    last_words: str
    ticket_id: str
    ticket_url: str  # the call's ticket on our desk
    call_url: str  # the call's page on our desk
    suggestion: str  # a first sentence for the agent, in the caller's language
    takes_on_desk: bool = False  # the agent talks through the desk's page
    told: Mapping[str, str] = field(default_factory=dict)  # what the caller gave: "order id" -> "OD1234"
    care: str = ""  # why the caller needs care: "angry; data is lost"
