"""An agent's calls: taken, missed, and still to be wrapped up. Pure: the journal's records in, rows for a page out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from calls.agents import AgentLeg, Escalation, LegAnswer
from calls.call import CallRecord
from calls.handover import Directory, answered, length
from calls.phones import far_end
from console.pops import leg_of

NO_NAMES = Directory()


@dataclass(frozen=True, slots=True)
class AgentsCall:
    """A call that rang the agent, and what became of it. `how` goes on after "You ..." or stands alone."""

    record: CallRecord
    at: datetime
    how: str
    taken: bool

    @property
    def who(self) -> str:
        """Whom the page names: the customer, or the number."""
        return who_calls(self.record)

    @property
    def to_wrap_up(self) -> bool:
        return self.taken and self.record.wrap_up is None


def who_calls(record: CallRecord) -> str:
    name = record.customer.name if record.customer else ""
    return name or far_end(record) or "a hidden number"


def rung(records: Iterable[CallRecord], agent: str, directory: Directory = NO_NAMES) -> list[AgentsCall]:
    """One a call, of the latest time that it rang this agent; a call that still rings is not among them."""
    return [each for record in records for each in [last_time(record, agent, directory)] if each]


def last_time(record: CallRecord, agent: str, directory: Directory) -> AgentsCall | None:
    for attempt in reversed(record.escalations):
        leg = leg_of(attempt, agent)
        if leg is None and agent not in attempt.agents:
            continue
        taken = leg is not None and leg.answer is LegAnswer.ACCEPTED
        if taken or attempt.ended_at or (leg and leg.ended_at):
            return AgentsCall(record, attempt.started_at, told(attempt, leg, directory), taken)
    return None


def told(attempt: Escalation, leg: AgentLeg | None, directory: Directory) -> str:
    winner = attempt.accepted
    if winner and winner is leg:
        return "talked" if attempt.talk_s is None else f"talked for {length(attempt.talk_s)}"
    if winner:
        return f"were too late: {directory.name_of(winner.agent)} took it"
    return answered(leg, attempt) if leg else "did not answer"


def missed(calls: Iterable[AgentsCall]) -> Iterator[AgentsCall]:
    return (call for call in calls if not call.taken)


def latest_taken(calls: Iterable[AgentsCall]) -> AgentsCall | None:
    return max((call for call in calls if call.taken), key=lambda call: call.at, default=None)
