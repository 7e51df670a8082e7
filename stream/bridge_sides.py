"""The two threads of a bridge: the caller's, which rings, journals and lets the line go, and the agent's."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from calls.agents import LegAnswer
from calls.errors import JournalError
from calls.events import AudioFrame, HungUp, Journalled
from calls.live import LiveEvent
from stream.bridge import Bridge, Joined, Office, desk_try
from stream.lane import Inbox
from stream.line import Line
from stream.playout import HUSH_S
from stream.ringback import Ringback

log = logging.getLogger(__name__)

FRAME_S = 0.02
HEARTBEAT_S = 10.0
LOOK_S = 1.0  # so often the journal is asked whether everybody has declined
WRITING_S = 10.0  # so long the line waits for the journal's last word
LOST_S = 8.0  # a page that sent no frame for so long has gone, whatever its socket says


@dataclass(frozen=True, slots=True)
class AllDeclined:
    """Nobody who was rung wants the call."""


@dataclass(frozen=True, slots=True)
class AcceptedWritten:
    """It is in the journal that the agent took the call; or (`holds` is False) that the try was over before."""

    holds: bool


class CallerSide:
    """`run` holds the caller until the bridge is over, and that is journalled; the stream's action hook follows."""

    def __init__(self, bridge: Bridge, line: Line, office: Office) -> None:
        self.bridge, self.line, self.office, self.sid = bridge, line, office, bridge.call.sid
        self.inbox = Inbox(line.wake)
        self.pen = office.lanes.lane("pen", self.inbox, self.sid)
        self.ringback = Ringback(bridge.call.sample_rate, silent=office.settings.hold_sound == "silence")
        now = office.clock()
        self.ring_until = now + office.ring_s(bridge.attempt.queue)
        self.talk: Joined | None = None
        self.accepted_at: datetime | None = None
        self.accepted_is_written = self.end_is_written = False
        self._heard_from = now  # not before the far end has emptied its buffer of the ringing tone
        self._heartbeat_at, self._look_at = now, now + LOOK_S

    def run(self) -> str:
        """How it ended: "no_answer", "declined", "caller" (hung up), "agent" (left), "too_late" (the try was over before one joined)."""
        how = ""
        while not how:
            how = self.handle(self.line.receive(timeout=FRAME_S))
            while not how and (finished := self.inbox.get()) is not None:
                how = self.handle(finished)
            self.play()
            how = how or self.keep_time()
        self.bridge.end()
        if self.bridge.joined:
            self.write_the_end(self.bridge.joined, talked=how != "too_late")
        self.line.disconnect()
        return how

    def handle(self, event: Any) -> str:
        match event:
            case AudioFrame(pcm) if self.talk:
                self.talk.to_agent.put(pcm)
            case AcceptedWritten(holds):
                self.accepted_is_written = True
                if not holds:
                    return "too_late"
                self.tell_taken()
            case Journalled():
                self.end_is_written = True
            case AllDeclined() if not self.bridge.joined:
                return "declined"
            case HungUp():
                return "caller"
        return ""

    def play(self) -> None:
        now = self.office.clock()
        source = self.talk.to_caller if self.talk else self.ringback
        if now >= self._heard_from:
            for pcm in source.due(now):
                self.line.play(pcm)

    def keep_time(self) -> str:
        now = self.office.clock()
        if self.talk is None and self.bridge.joined:
            self.begin_talk(self.bridge.joined, now)
        if now >= self._heartbeat_at:
            self._heartbeat_at = now + HEARTBEAT_S
            self.pen.do(self._beat)
        if self.talk is None and now >= self._look_at:
            self._look_at = now + LOOK_S
            self.pen.do(self._look)
        if self.bridge.over:
            return "agent"
        return "no_answer" if self.talk is None and now >= self.ring_until else ""

    def begin_talk(self, joined: Joined, now: float) -> None:
        self.talk, self.accepted_at = joined, self.office.now()
        self.line.kill_audio()
        self._heard_from = now + HUSH_S
        self.pen.do(self._write_accepted, joined, self.accepted_at)
        log.info("an agent took a call on the desk's page", extra={"call_sid": self.sid, "agent": joined.agent})

    def tell_taken(self) -> None:
        """When it is journalled, as the pages look there."""
        if self.talk and not self.bridge.over:
            self.tell("transfer", {"state": "accepted"})
            self.tell("call", {"state": "with_agent", "agent": self.talk.agent})

    def tell(self, kind: str, data: dict[str, Any]) -> None:
        agent = self.talk.agent if self.talk else ""
        self.office.publish(LiveEvent(kind, self.sid, agent if kind == "transfer" else "", data, at=self.office.now()))

    # -- the journal, on its lane -------------------------------------------------------

    def write_the_end(self, joined: Joined, *, talked: bool) -> None:
        """Before the line is let go: the next hook looks for it."""
        ended_at = self.office.now()
        self.accepted_at = self.accepted_at or ended_at  # joined and left within one frame
        self.pen.do(self._write_end, joined, self.accepted_at, ended_at)
        give_up_at = self.office.clock() + WRITING_S
        while not self.end_is_written and self.office.clock() < give_up_at:
            self.handle(self.inbox.get(timeout=0.1))
        if self.talk and talked:
            self.tell("transfer", {"state": "ended", "talk_s": round((ended_at - self.accepted_at).total_seconds())})

    def _beat(self) -> Iterator[Any]:
        self.office.journal.alive(self.sid, now=self.office.now())
        yield from ()

    def _look(self) -> Iterator[AllDeclined]:
        attempt = desk_try(self.office.journal.record(self.sid))
        declined = {leg.agent for leg in attempt.legs if leg.answer is LegAnswer.DECLINED} if attempt else set()
        if declined.issuperset(self.bridge.attempt.agents):
            yield AllDeclined()

    def _write_accepted(self, joined: Joined, at: datetime) -> Iterator[AcceptedWritten]:
        yield AcceptedWritten(self.office.journal.leg_answered(self.sid, joined.leg_sid, joined.agent, LegAnswer.ACCEPTED, at))

    def _write_end(self, joined: Joined, accepted_at: datetime, ended_at: datetime) -> Iterator[Journalled]:
        try:
            if not self.accepted_is_written:
                self.office.journal.leg_answered(self.sid, joined.leg_sid, joined.agent, LegAnswer.ACCEPTED, accepted_at)
            self.office.journal.leg_ended(self.sid, joined.leg_sid, ended_at)
        except JournalError:
            log.exception("the end of a talk could not be journalled", extra={"call_sid": self.sid})
        yield Journalled()


class AgentSide:
    """`run` holds the agent's page until the bridge is over."""

    def __init__(self, bridge: Bridge, joined: Joined, line: Line, office: Office) -> None:
        self.bridge, self.joined, self.line, self.clock = bridge, joined, line, office.clock

    def run(self) -> None:
        self.line.tell("joined")
        heard_at = self.clock()
        while not self.bridge.over:
            event, now = self.line.receive(timeout=FRAME_S), self.clock()
            if isinstance(event, AudioFrame):
                heard_at = now
                self.joined.to_caller.put(event.pcm)
            if isinstance(event, HungUp) or now - heard_at > LOST_S:
                self.bridge.end()
            for pcm in self.joined.to_agent.due(now):
                self.line.play(pcm)
        self.line.disconnect()
