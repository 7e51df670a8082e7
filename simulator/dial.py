"""Jambonz's dial verb with a scripted agent: the legs' statuses, the confirmation, the bridge, and what the dial's actionHook is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.hooks import Answer, Switch
from simulator.leg import Leg
from simulator.result import DialRecord, Violation
from simulator.verbs import Verb

REFUSALS = {"busy": ("busy", 486), "decline": ("failed", 603), "no-answer": ("no-answer", 487)}
BEHAVIOURS = ("answer", *REFUSALS)
IN_CONFIRM = {"pause", "play", "listen", "stream", "gather", "say", "hangup", "tag"}
AFTER_GATHER = {"config", "gather", "say", "tag"}  # of what a gather's hook answers during a confirmation, only these survive
DIAL_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Agent:
    """How the human at the other end behaves. `keys` are pressed one by one when a confirmation asks for them."""

    behaviour: str = "answer"
    trying_ms: int = 100  # until the phone rings
    ring_ms: int = 800
    talk_ms: int = 2000
    keys: str = "1"
    key_after_ms: int = 300


@dataclass(slots=True)
class Dial:
    """One dial verb at work for the leg `caller`."""

    switch: Switch
    caller: Leg
    verb: Verb
    agent: Agent
    dials: list[DialRecord]
    violations: list[Violation]
    _legs: list[tuple[Leg, DialRecord]] = field(default_factory=list)
    _keys: str = ""

    async def run(self) -> dict[str, Any]:
        """Ring, perhaps bridge; returns what the actionHook's body says of it."""
        self._keys = self.agent.keys
        for target in self.verb["target"]:
            self._legs.append(self._invite(target))
        await self._tell_all("trying", 100)
        left = await self.switch.wait(self.agent.trying_ms)
        if not left:
            await self._tell_all("ringing", 180)
            left = await self.switch.wait(self._ring_ms())
        if left:
            return self._told("no-answer", 487)
        if self.agent.behaviour in REFUSALS:
            return await self._refused(*REFUSALS[self.agent.behaviour])
        return await self._answered()

    async def close(self) -> None:
        """After the actionHook: legs still open when the caller left are told last, as recorded."""
        for leg, record in self._legs:
            if self.switch.caller_left.is_set() and leg.call_status not in {"completed", "busy", "failed", "no-answer"}:
                await self._tell(leg, record, *(("completed", 200) if leg.call_status == "in-progress" else ("no-answer", 487)))

    def _ring_ms(self) -> float:
        limit_ms = self.verb.get("timeout", DIAL_TIMEOUT_S) * 1000
        return float(min(self.agent.ring_ms, limit_ms))

    def _invite(self, target: Mapping[str, Any]) -> tuple[Leg, DialRecord]:
        called = target.get("number") or target.get("name") or target.get("sipUri") or ""
        leg = Leg(self.verb.get("callerId", self.caller.caller), called, self.caller.account_sid, self.caller.application_sid)
        leg.parent_call_sid, leg.customer_data = self.caller.call_sid, self.verb.get("tag", {})
        headers = {**self.verb.get("headers", {}), **target.get("headers", {})}
        headers |= {"X-Account-Sid": leg.account_sid, "X-Call-Sid": leg.call_sid, "X-Jambonz-Routing": target["type"]}
        record = DialRecord(target, headers, leg.customer_data, leg.caller, leg.call_sid)
        self.dials.append(record)
        return leg, record

    async def _tell(self, leg: Leg, record: DialRecord, status: str, sip_status: int) -> None:
        leg.become(status, sip_status)
        record.status, record.sip_status = status, sip_status
        await self.switch.status(leg)

    async def _tell_all(self, status: str, sip_status: int) -> None:
        for leg, record in self._legs:
            await self._tell(leg, record, status, sip_status)

    def _told(self, status: str, sip_status: int) -> dict[str, Any]:
        leg = self._legs[0][0]
        told = {"dial_call_status": status, "dial_sip_status": sip_status}
        return {**told, "dial_call_sid": leg.call_sid, "dial_sbc_callid": f"sbc-out-{leg.call_id}"}

    async def _refused(self, status: str, sip_status: int) -> dict[str, Any]:
        await self._tell_all(status, sip_status)
        return self._told(status, sip_status)

    async def _answered(self) -> dict[str, Any]:
        """The first target takes the call, the others stop ringing."""
        (leg, record), *others = self._legs
        await self._tell(leg, record, "in-progress", 200)
        for other in others:
            await self._tell(*other, "no-answer", 487)
        if not await self._confirmed(leg):
            record.status = "declined"
            return self._told("in-progress", 200)
        talk_ms = min(self.agent.talk_ms, self.verb.get("timeLimit", float("inf")) * 1000)
        if not await self.switch.wait(talk_ms):
            leg.ended = {"duration": int(talk_ms / 1000)}
            await self._tell(leg, record, "completed", 200)
        return self._told("completed", 200)

    async def _confirmed(self, leg: Leg) -> bool:
        """Whether the agent is bridged: always without a confirmHook, else when its verbs run to their end."""
        hook = self.verb["target"][0].get("confirmHook") or self.verb.get("confirmHook")
        if not hook:
            return True
        answer = await self._asked(hook, leg.body(), "confirmHook")
        return not answer.fault and await self._carry_out(list(answer.verbs), leg)

    async def _asked(self, hook: str | Mapping[str, Any], body: Mapping[str, Any], name: str) -> Answer:
        answer = await self.switch.hooks.post(hook, body, of_verb=True)
        refused = sorted({str(verb["verb"]) for verb in answer.verbs} - IN_CONFIRM)
        if refused:
            answer = Answer(fault=f"{name}: {', '.join(refused)} is not allowed there")
        if answer.fault:
            self.violations.append(Violation(answer.fault))
        return answer

    async def _carry_out(self, verbs: list[Verb], leg: Leg) -> bool:
        while verbs and not self.switch.caller_left.is_set():
            verb = verbs.pop(0)
            match verb["verb"]:
                case "hangup":
                    return False
                case "pause":
                    await self.switch.wait(verb["length"] * 1000)
                case "tag":
                    leg.customer_data = verb["data"]
                case "gather":
                    verbs = await self._gather(verb, leg) or verbs
        return True

    async def _gather(self, verb: Verb, leg: Leg) -> list[Verb]:
        """The agent presses the next key, or lets the time run out; the verbs that replace the rest."""
        key, self._keys = self._keys[:1], self._keys[1:]
        await self.switch.wait(self.agent.key_after_ms if key else verb.get("timeout", 5) * 1000)
        if "actionHook" not in verb:
            return []
        told = {"digits": key, "reason": "dtmfDetected"} if key else {"reason": "timeout"}
        answer = await self._asked(verb["actionHook"], {**leg.body(), **told}, "gather")
        return [verb for verb in answer.verbs if verb["verb"] in AFTER_GATHER]
