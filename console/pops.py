"""The call that an agent has at hand: what rings or goes on, and its screen pop.

All of it comes from the journal and the desk, so that a page that has missed an event is as right as any."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from flask import request

from calls.agents import AgentLeg, AgentPresence, Escalation, LegAnswer, ScreenPop
from calls.call import CallRecord
from calls.phones import far_end
from calls.pops import screen_pop
from console.desk_ports import Bot

Stage = Literal["rings", "briefed", "talks"]


@dataclass(frozen=True, slots=True)
class AtHand:
    """`stage`: it rings, the agent hears the briefing, or the two talk."""

    record: CallRecord
    pop: ScreenPop
    stage: Stage
    by: str  # "dial": on a telephone; "desk": on this page
    attempt: int  # the escalation's id; 0 while it is not journalled

    @property
    def can_take_here(self) -> bool:
        """By the buttons of the page; a telephone has keys."""
        return self.by == "desk" and self.stage == "rings"


def at_hand(bot: Bot, agent: str, now: datetime) -> AtHand | None:
    """The call that the agent is reserved for, unless it has been declined or is over for this agent. Raises JournalError, CrmError."""
    here = bot.presences.of(agent)
    record = bot.journal.record(here.call_sid) if here and is_reserved(here, now) else None
    if record is None:
        return None
    attempt = attempt_of(record, agent)
    stage = stage_of(attempt, agent)
    if stage is None:
        return None
    pop = pop_of(bot, record, agent, attempt, at=attempt.started_at if attempt else now)
    if attempt is None:
        return AtHand(record, pop, stage, "desk" if pop.takes_on_desk else "dial", 0)
    return AtHand(record, pop, stage, attempt.by, attempt.id)


def is_reserved(here: AgentPresence, now: datetime) -> bool:
    """A reservation whose time is over belongs to a process that died."""
    return bool(here.call_sid) and here.busy_until is not None and here.busy_until > now


def attempt_of(record: CallRecord, agent: str) -> Escalation | None:
    """The latest try to hand the call to this agent."""
    return next((each for each in reversed(record.escalations) if agent in each.agents or leg_of(each, agent)), None)


def leg_of(attempt: Escalation, agent: str) -> AgentLeg | None:
    return next((leg for leg in attempt.legs if leg.agent == agent), None)


def stage_of(attempt: Escalation | None, agent: str) -> Stage | None:
    """None: it is over for this agent. A call reserved whose try is not journalled has just begun to ring."""
    if attempt is None:
        return "rings"
    leg = leg_of(attempt, agent)
    taken_by = attempt.accepted
    if attempt.ended_at or (leg and leg.ended_at) or (taken_by and taken_by is not leg):
        return None
    answer = leg.answer if leg else LegAnswer.NONE
    stages: dict[LegAnswer, Stage | None] = {LegAnswer.NONE: "rings", LegAnswer.BRIEFED: "briefed", LegAnswer.ACCEPTED: "talks"}
    return stages.get(answer)


def pop_of(bot: Bot, record: CallRecord, agent: str, attempt: Escalation | None, *, at: datetime) -> ScreenPop:
    """The same that was sent when it began to ring, of what is known by now. Within a request: its links are paths of this server."""
    summary = bot.summarizer(record)
    return screen_pop(
        record,
        summary,
        bot.settings,
        agent=agent,
        queue=attempt.queue if attempt else "",
        at=at,
        ticket=bot.desk.ticket_of(record.sid),
        open_tickets=bot.desk.tickets_of(far_end(record)),
        suggestion=bot.suggestion(record, summary.language),
        base=request.script_root,
    )
