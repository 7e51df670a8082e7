"""Jambonz's dial verb with scripted agents: the legs' statuses, the confirmations, the bridge, and what the dial's actionHook is told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.agents import REFUSALS, Agent, Briefing, fetched
from simulator.hooks import Switch
from simulator.leg import Leg
from simulator.result import DialRecord, Violation
from simulator.verbs import Verb

DIAL_TIMEOUT_S = 60
OVER = {"completed", "busy", "failed", "no-answer"}


@dataclass(slots=True)
class Rung:
    """One target of the dial."""

    leg: Leg
    record: DialRecord
    agent: Agent
    hook: str | Mapping[str, Any] | None  # the confirmHook
    asked: bool = False  # between its answer and the bridge


@dataclass(slots=True)
class Dial:
    """One dial verb at work for the leg `caller`; `agents` are those at certain addresses, `agent` is at all others."""

    switch: Switch
    caller: Leg
    verb: Verb
    agent: Agent
    dials: list[DialRecord]
    violations: list[Violation]
    agents: Mapping[str, Agent] = field(default_factory=dict)
    _rung: list[Rung] = field(default_factory=list)
    _told_of: Rung | None = None  # the leg that the actionHook will name: the one that answered last, be it the loser

    async def run(self) -> dict[str, Any]:
        """Ring, perhaps bridge; returns what the actionHook's body says of it."""
        music = asyncio.create_task(self._fetch_music())
        self._rung = [self._invite(target) for target in self.verb["target"]]
        self._told_of = self._rung[0]
        await self._tell_all("trying", 100)
        left = await self.switch.wait(min(each.agent.trying_ms for each in self._rung))
        if not left:
            await self._tell_all("ringing", 180)
        told = self._told("no-answer", 487) if left else await self._rings()
        await music
        return told

    async def left(self) -> None:
        """The caller has left: agents who were being briefed are told before the actionHook, as recorded."""
        for each in self._rung:
            if each.asked and each.leg.call_status not in OVER:
                await self._tell(each, "completed", 200)

    async def close(self) -> None:
        """After the actionHook: legs still open when the caller left are told last, as recorded."""
        for each in self._rung:
            if self.switch.caller_left.is_set() and each.leg.call_status not in OVER:
                await self._tell(each, *(("completed", 200) if each.leg.call_status == "in-progress" else ("no-answer", 487)))

    # -- ringing -------------------------------------------------------------------

    async def _rings(self) -> dict[str, Any]:
        """All ring at once; the first who is put through has the call, and the others are let go."""
        ends = {asyncio.create_task(self._answers(each)): each for each in self._rung}
        told: dict[str, Any] = self._told("no-answer", 487)
        waiting = set(ends)
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in sorted(done, key=lambda task: self._rung.index(ends[task])):
                told = task.result()
                if ends[task].record.status == "bridged":
                    await self._let_go(waiting, ends[task])
                    return await self._talk(ends[task])
        return told

    async def _answers(self, each: Rung) -> dict[str, Any]:
        """What the actionHook is told if nobody else takes the call; the record's status is "bridged" when this agent does."""
        limit_ms = self.verb.get("timeout", DIAL_TIMEOUT_S) * 1000
        if await self.switch.wait(min(each.agent.ring_ms, limit_ms)):
            return self._told("no-answer", 487)
        status, sip_status = REFUSALS.get(each.agent.behaviour, ("in-progress", 200))
        if each.agent.ring_ms > limit_ms:
            status, sip_status = "no-answer", 487
        await self._tell(each, status, sip_status)
        if status != "in-progress":
            return self._told(status, sip_status)
        self._told_of = each
        return await self._asks(each)

    async def _asks(self, each: Rung) -> dict[str, Any]:
        briefing = Briefing(self.switch, each.leg, each.record, each.agent, self.violations)
        each.asked = bool(each.hook)
        agreed = await briefing.agreed(each.hook) if each.hook else True
        if self.switch.caller_left.is_set():
            return self._told("completed")
        each.asked = False
        if briefing.hung_up:
            each.leg.ended = {"duration": 0}
            await self._tell(each, "completed", 200)
            return self._told("completed")
        each.record.status = "bridged" if agreed else "declined"
        return self._told("in-progress", 200)

    async def _let_go(self, waiting: set[asyncio.Task[dict[str, Any]]], winner: Rung) -> None:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for each in self._rung:
            if each is not winner and each.leg.call_status not in OVER and each.record.status != "declined":
                await self._tell(each, *(("completed", 200) if each.leg.call_status == "in-progress" else ("no-answer", 487)))

    async def _talk(self, each: Rung) -> dict[str, Any]:
        each.record.status = "in-progress"
        talk_ms = min(each.agent.talk_ms, self.verb.get("timeLimit", float("inf")) * 1000)
        if not await self.switch.wait(talk_ms):
            each.leg.ended = {"duration": int(talk_ms / 1000)}
            await self._tell(each, "completed", 200)
        return self._told("completed", 200)

    async def _fetch_music(self) -> None:
        if "dialMusic" in self.verb:
            await fetched(self.switch, self.verb["dialMusic"], self.violations)

    # -- legs ------------------------------------------------------------------------

    def _invite(self, target: Mapping[str, Any]) -> Rung:
        called = target.get("number") or target.get("name") or target.get("sipUri") or ""
        leg = Leg(self.verb.get("callerId", self.caller.caller), called, self.caller.account_sid, self.caller.application_sid)
        leg.parent_call_sid, leg.customer_data = self.caller.call_sid, self.verb.get("tag", {})
        headers = {**self.verb.get("headers", {}), **target.get("headers", {})}
        headers |= {"X-Account-Sid": leg.account_sid, "X-Call-Sid": leg.call_sid, "X-Jambonz-Routing": target["type"]}
        record = DialRecord(target, headers, leg.customer_data, leg.caller, leg.call_sid)
        self.dials.append(record)
        hook = target.get("confirmHook") or self.verb.get("confirmHook")
        return Rung(leg, record, self.agents.get(called, self.agent), hook)

    async def _tell(self, each: Rung, status: str, sip_status: int) -> None:
        each.leg.become(status, sip_status)
        each.record.status, each.record.sip_status = status, sip_status
        await self.switch.status(each.leg)

    async def _tell_all(self, status: str, sip_status: int) -> None:
        for each in self._rung:
            await self._tell(each, status, sip_status)

    def _told(self, status: str, sip_status: int | None = None) -> dict[str, Any]:
        """Without a SIP status when caller or agent hung up before the bridge."""
        leg = (self._told_of or self._rung[0]).leg
        told: dict[str, Any] = {"dial_call_status": status} | ({} if sip_status is None else {"dial_sip_status": sip_status})
        return {**told, "dial_call_sid": leg.call_sid, "dial_sbc_callid": f"sbc-out-{leg.call_id}"}
