"""The humans whose telephones a dial rings: how each behaves, and what one hears and presses before the call is put through."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import soundfile

from simulator.hooks import Answer, Switch
from simulator.leg import Leg
from simulator.playback import is_loud
from simulator.result import Clip, DialRecord, Violation
from simulator.verbs import Verb

REFUSALS = {"busy": ("busy", 486), "decline": ("failed", 603), "no-answer": ("no-answer", 487)}
BEHAVIOURS = ("answer", "voicemail", "hangs-up", *REFUSALS)
IN_CONFIRM = {"pause", "play", "listen", "stream", "gather", "say", "hangup", "tag"}
AFTER_GATHER = {"config", "gather", "say", "tag"}  # of what a gather's hook answers during a confirmation, only these survive
NO_KEY = "-"


@dataclass(frozen=True, slots=True)
class Agent:
    """How the human at the other end behaves. `keys` are pressed one by one, one for each gather of a confirmation ("-": none there).

    "voicemail" answers and presses nothing; "hangs-up" answers and hangs up during the briefing."""

    behaviour: str = "answer"
    trying_ms: int = 100  # until the phone rings
    ring_ms: int = 800
    talk_ms: int = 2000
    keys: str = "1"
    key_after_ms: int = 300  # after a gather has begun to play or to wait


@dataclass(slots=True)
class Briefing:
    """One agent's leg between its answer and the bridge: the verbs that the confirmHook answers with, carried out as recorded."""

    switch: Switch
    leg: Leg
    record: DialRecord
    agent: Agent
    violations: list[Violation]
    _keys: list[str] = field(default_factory=list)
    hung_up: bool = False  # by the agent, before the end

    async def agreed(self, hook: str | Mapping[str, Any]) -> bool:
        """Whether the agent is put through: when the verbs run to their end without a hang-up."""
        self._keys = list(self.agent.keys if self.agent.behaviour == "answer" else "")
        answer = await self._asked(hook, self.leg.body(), "confirmHook")
        if answer.fault:
            return False
        if self.agent.behaviour == "hangs-up":
            return await self._hang_up()
        return await self._carry_out(list(answer.verbs))

    async def _hang_up(self) -> bool:
        """Jambonz lets the verbs run on and ends the dial after that; here it ends at once."""
        await self.switch.wait(self.agent.key_after_ms)
        self.hung_up = True
        return False

    async def _asked(self, hook: str | Mapping[str, Any], body: Mapping[str, Any], name: str) -> Answer:
        answer = await self.switch.hooks.post(hook, body, of_verb=True)
        refused = sorted({str(verb["verb"]) for verb in answer.verbs} - IN_CONFIRM)
        if refused:
            answer = Answer(fault=f"{name}: {', '.join(refused)} is not allowed there")
        if answer.fault:
            self.violations.append(Violation(answer.fault))
        return answer

    async def _carry_out(self, verbs: list[Verb]) -> bool:
        while verbs and not self.switch.caller_left.is_set():
            verb = verbs.pop(0)
            match verb["verb"]:
                case "hangup":
                    return False
                case "pause":
                    await self.switch.wait(verb["length"] * 1000)
                case "play":
                    await self.switch.wait(await self._played_ms(verb))
                case "tag":
                    self.leg.customer_data = verb["data"]
                case "gather":
                    verbs = await self._gather(verb) or verbs
        return not self.switch.caller_left.is_set()

    async def _gather(self, verb: Verb) -> list[Verb]:
        """The agent presses the next key, or lets the time run out; the verbs that replace the rest."""
        sound_ms = await self._played_ms(verb["play"]) if "play" in verb else 0.0
        key = self._keys.pop(0) if self._keys else NO_KEY
        if key == NO_KEY:
            left = await self.switch.wait(sound_ms + verb.get("timeout", 5) * 1000)
        else:
            left = await self.switch.wait(self.agent.key_after_ms + (0 if verb.get("dtmfBargein") else sound_ms))
        if "actionHook" not in verb or left:
            return []
        told = {"reason": "timeout"} if key == NO_KEY else {"digits": key, "reason": "dtmfDetected"}
        answer = await self._asked(verb["actionHook"], {**self.leg.body(), **told}, "gather")
        return [verb for verb in answer.verbs if verb["verb"] in AFTER_GATHER]

    async def _played_ms(self, play: Mapping[str, Any]) -> float:
        """Fetch what is to be played, one after the other as Jambonz does; how long it sounds."""
        urls = [play["url"]] if isinstance(play["url"], str) else play["url"]
        clips = [clip for url in urls if (clip := await fetched(self.switch, url, self.violations))]
        self.record.heard += clips
        return sum(clip.seconds for clip in clips) * 1000


async def fetched(switch: Switch, url: str, violations: list[Violation]) -> Clip | None:
    """A sound that Jambonz is told to play; None, and a violation, when it can't be had."""
    if not url.startswith(("http://", "https://")):
        violations.append(Violation(f"play: {url.partition('?')[0]} is no whole address, so it is taken for a file of Jambonz's own"))
        return None
    content = await switch.hooks.fetch(url)
    try:
        samples, rate = await asyncio.to_thread(soundfile.read, io.BytesIO(content), dtype="int16", always_2d=True)
    except soundfile.LibsndfileError:
        violations.append(Violation("play: a sound could not be fetched, or is none"))
        return None
    return Clip(url, len(samples) / rate, bool(len(samples)) and is_loud(np.ascontiguousarray(samples[:, 0])))
