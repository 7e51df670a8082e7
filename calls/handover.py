"""What became of a call between the bot and people, in English lines for tickets and notes: who was rung and who talked, the
promise to call back, what the agent said afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from calls.agents import AgentLeg, Callback, CallbackState, Customer, Escalation, LegAnswer, WrapUp
from calls.helpdesk import EscalationSettings
from calls.routing import SWITCHBOARD

RESOLUTIONS = {"resolved": "resolved", "follow_up": "to be followed up"}
NOT_TAKEN = {"busy": "was busy", "no-answer": "did not answer"}


@dataclass(frozen=True, slots=True)
class Directory:
    """What jambonz-app.json knows and a record does not: what agents are called, and by which clock promises are kept."""

    names: Mapping[str, str] = field(default_factory=dict)  # by the agent's id
    time_zone: str = "UTC"

    @classmethod
    def of(cls, settings: EscalationSettings) -> Directory:
        hours = settings.callback.hours
        zone = settings.hours[hours].time_zone if hours else "UTC"
        return cls({id: agent.name for id, agent in settings.agents.items()}, zone)

    def name_of(self, agent: str) -> str:
        """An agent who is in the file no more is called by the id."""
        return self.names.get(agent) or ("the switchboard" if agent == SWITCHBOARD else agent or "an agent")

    def local(self, at: datetime) -> str:
        """A moment as a person there reads it, "2026-03-01 15:00 (Asia/Kolkata)"."""
        return f"{at.astimezone(ZoneInfo(self.time_zone)):%Y-%m-%d %H:%M} ({self.time_zone})"


# -- the customer ---------------------------------------------------------------------
def customer_line(customer: Customer) -> str:
    licence = f"licence until {customer.licence_expiry}" if customer.licence_expiry else ""
    known = f"{customer.crm} {customer.id}".strip()
    return "Customer: " + ", ".join(part for part in (customer.name, known, licence) if part)


# -- transfers ------------------------------------------------------------------------
def transfer_line(escalation: Escalation, directory: Directory) -> str:
    """One try: whom it rang, and what each of them said to it."""
    told = "; ".join(legs_told(escalation, directory)) or escalation.state
    return f"Transfer to {escalation.target or 'an agent'}: {told}"


def legs_told(escalation: Escalation, directory: Directory) -> Iterator[str]:
    """Of agents who were rung at once, those who were only too late are left out when somebody took the call."""
    if taken := taken_by(escalation, directory):
        yield taken
    for leg in escalation.legs:
        if leg.answer is LegAnswer.DECLINED or not escalation.transferred:
            yield f"{directory.name_of(leg.agent)} {answered(leg, escalation)}"


def taken_by(escalation: Escalation, directory: Directory) -> str:
    """ "Asha took the call and talked for 3 min 20 s"; "" when nobody talked."""
    leg = escalation.accepted
    if leg is None or not escalation.transferred:
        return ""
    talk = "" if escalation.talk_s is None else f" and talked for {length(escalation.talk_s)}"
    return f"{directory.name_of(leg.agent)} took the call{talk}"


def answered(leg: AgentLeg, escalation: Escalation) -> str:
    """What an agent did who did not talk to the caller."""
    if leg.answer is LegAnswer.DECLINED:
        return "declined"
    if leg.answer is LegAnswer.ACCEPTED:
        return "accepted, and goes on" if escalation.ended_at is None else "accepted, and the call was not put through"
    if leg.answer is LegAnswer.BRIEFED:
        return "answered, and did not take the call"
    if escalation.ended_at is None and leg.ended_at is None:
        return "is being rung"
    return NOT_TAKEN.get(leg.state) or f"was not reached ({leg.state or escalation.state})"


def length(seconds: int) -> str:
    return f"{seconds // 60} min {seconds % 60} s"


# -- promises -------------------------------------------------------------------------
def callback_line(callback: Callback, directory: Directory, now: datetime | None) -> str:
    """`now` tells whether the promise is broken; None: that is not said."""
    promise = f"Call back promised until {directory.local(callback.due_at)}"
    note = f": {one_line(callback.note)}" if callback.note else ""
    if callback.settled_at is not None:
        end = "kept" if callback.state is CallbackState.KEPT else "dropped"
        return f"{promise}, {end} {directory.local(callback.settled_at)}{note}"
    overdue = ", OVERDUE" if now is not None and callback.overdue(now) else ""
    claimed = f", {callback.agent} is on it" if callback.state is CallbackState.CLAIMED else ""
    return promise + overdue + claimed + note


# -- wrap-ups -------------------------------------------------------------------------
def wrap_up_lines(wrap_up: WrapUp) -> list[str]:
    return [f"{name}: {value}" for name, value in wrap_up_facts(wrap_up)]


def wrap_up_facts(wrap_up: WrapUp) -> Iterator[tuple[str, str]]:
    by = f" (by {wrap_up.person})" if wrap_up.person else ""
    yield "Wrap-up", RESOLUTIONS.get(wrap_up.resolution, wrap_up.resolution) + by
    if wrap_up.intent:
        yield "Really about", wrap_up.intent.replace("_", " ")
    if wrap_up.note:
        yield "Agent's note", wrap_up.note


def one_line(text: str) -> str:
    return " ".join(text.split())
