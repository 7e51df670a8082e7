"""A simulated Jambonz: rings the bot's call hook, carries out the verbs it answers with, and reports what happened."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simulator.agents import Agent
from simulator.audio_socket import AudioSocket
from simulator.caller import Caller, Manners
from simulator.dial import Dial
from simulator.gather import Ears, Gathers
from simulator.hooks import Answer, Hooks, Switch
from simulator.leg import Leg
from simulator.line import Line, LineSettings
from simulator.result import CallResult, Pcm, Violation
from simulator.script import Barge, Say, Step
from simulator.speaker import Speaker
from simulator.stream import Stream
from simulator.verbs import Verb

ACCOUNT = "bb845d4b-0000-4000-8000-50f3743bab3f"
APPLICATION = "cccccccc-0000-4000-8000-000000000001"
USUAL_RATE = 16_000  # Hz: what the steps are spoken at before the bot has said which rate it wants


@dataclass(frozen=True, slots=True)
class CallSettings:
    """Who calls whom, and how the far end behaves."""

    caller: str = "15085551212"
    called: str = "16174000000"
    caller_name: str = ""
    agent: Agent = field(default_factory=Agent)
    agents: Mapping[str, Agent] = field(default_factory=dict)  # at these numbers, names or SIP addresses, instead of `agent`
    ears: Ears = field(default_factory=Ears)
    line: LineSettings = field(default_factory=LineSettings)
    manners: Manners = field(default_factory=Manners)
    voice_hook: str = "/voice"
    status_hook: str = "/status"
    handshake_s: float = 10.0
    longest_s: float = 300.0  # then the caller gives up


class SimulatedCall:
    """One call to the bot at `url` (like "http://127.0.0.1:3000"), its hooks signed with `secret`."""

    def __init__(
        self, url: str, secret: str, steps: Sequence[Step] = (), *, speaker: Speaker | None = None, settings: CallSettings | None = None
    ) -> None:
        self.settings = settings or CallSettings()
        self._began_s = time.monotonic()
        self._url, self._secret, self._steps, self._speaker = url, secret, steps, speaker or Speaker()
        self._leg = Leg(self.settings.caller, self.settings.called, ACCOUNT, APPLICATION)
        self.result = CallResult(self._leg.call_sid)
        self._line: Line | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._lingering: list[AudioSocket] = []
        self._answered_ms = 0.0

    @property
    def call_sid(self) -> str:
        return self._leg.call_sid

    @property
    def doing(self) -> str:
        """What goes on now, in words, for who watches."""
        status = self.result.dials[-1].status if self.result.dials else ""
        if status in {"trying", "ringing"}:
            return "a human's phone rings"
        if status == "in-progress":
            return "the caller talks to a human"
        return self._line.doing if self._line else "ringing"

    def now_ms(self) -> float:
        return (time.monotonic() - self._began_s) * 1000

    async def run(self) -> CallResult:
        """Make the call. What the bot does wrong is in the result; raises only what the simulator itself does wrong."""
        await self._speak_beforehand(USUAL_RATE)
        self._began_s = time.monotonic()
        hooks = Hooks(self._url, self._secret, clock_ms=self.now_ms)
        self._switch = Switch(hooks, self.settings.status_hook)
        self._gathers = Gathers(self._switch, self.settings.ears, self.result.violations)
        self.result.hooks = hooks.exchanges
        patience = asyncio.get_running_loop().call_later(self.settings.longest_s, self._give_up)
        try:
            await self._ring()
        finally:
            patience.cancel()
            await self._put_down()
        return self.result

    async def _speak_beforehand(self, rate: int) -> None:
        """Synthesis takes its time, and takes it from nobody's frames."""
        for step in self._steps:
            if isinstance(step, Say | Barge):
                await asyncio.to_thread(self._speaker.pcm, step, rate)

    def _give_up(self) -> None:
        self.result.violations.append(Violation(f"the call was not over after {self.settings.longest_s:g} s"))
        self._switch.caller_left.set()

    async def _ring(self) -> None:
        answer = await self._switch.hooks.post(self.settings.voice_hook, self._leg.first_body(self.settings.caller_name))
        if answer.fault or not answer.verbs:
            self.result.end, self.result.why = "480", answer.fault or f"{self.settings.voice_hook}: no verbs in the answer"
            self.result.violations.append(Violation(self.result.why))
            return
        await self._switch.status(self._leg)
        await self._carry_out_all(list(answer.verbs))
        await self._end_call()

    async def _carry_out_all(self, verbs: list[Verb]) -> None:
        while verbs and not self._switch.caller_left.is_set():
            verb = verbs.pop(0)
            self.result.verbs.append(verb)
            replaced = await self._carry_out(verb)
            verbs = verbs if replaced is None else replaced

    async def _carry_out(self, verb: Verb) -> list[Verb] | None:
        """The verbs that replace the rest of the list, or None to go on with it."""
        match verb["verb"]:
            case "tag":
                self._leg.customer_data = verb["data"]
            case "answer" | "say" | "play":  # without a speech vendor, say is passed over
                await self._answer()
            case "pause":
                await self._switch.wait(verb["length"] * 1000)
            case "hangup":
                return []
            case "redirect":
                return await self._redirect(verb)
            case "stream" | "listen":
                return await self._stream(verb)
            case "dial":
                return await self._dial(verb)
            case "gather":
                return await self._gather(verb)
            case other:
                self.result.violations.append(Violation(f"{other}: is not simulated here"))
        return None

    async def _answer(self) -> None:
        if not self.result.answered:
            self.result.answered, self._answered_ms = True, self.now_ms()
            self._leg.become("in-progress", 200)
            await self._switch.status(self._leg)

    async def _redirect(self, verb: Verb) -> list[Verb] | None:
        """A failed redirect hangs the caller up; an empty answer goes on."""
        answer = await self._hook(verb, {})
        return [] if answer.fault else list(answer.verbs) or None

    async def _stream(self, verb: Verb) -> list[Verb] | None:
        await self._answer()
        line, rate = self.settings.line, verb.get("sampleRate", 8000)
        if self._line and self._line.sample_rate != rate:
            self.result.violations.append(Violation(f"a stream at {rate} Hz after one at {self._line.sample_rate}: is not simulated"))
            return []
        stream = Stream(
            self._switch,
            self._leg,
            verb,
            self._url,
            self.result,
            self.now_ms,
            self._end_call,
            self.settings.handshake_s,
            line.lost_after_kill_ms,
        )
        await self._speak_beforehand(rate)
        told = await stream.run(self._line_at)
        self._lingering += stream.lingering
        if told is None:
            return []
        return list((await self._hook(verb, told)).verbs) or None

    async def _dial(self, verb: Verb) -> list[Verb] | None:
        await self._answer()
        self._line_at(self._line.sample_rate if self._line else USUAL_RATE)
        dial = Dial(self._switch, self._leg, verb, self.settings.agent, self.result.dials, self.result.violations, self.settings.agents)
        told = await dial.run()
        if self._switch.caller_left.is_set():
            await self._end_call()
            await dial.left()
        answer = await self._hook(verb, told)
        await dial.close()
        return list(answer.verbs) or None

    async def _gather(self, verb: Verb) -> list[Verb] | None:
        await self._answer()
        told = await self._gathers.run(verb)
        return None if told is None else list((await self._hook(verb, told)).verbs) or None

    async def _hook(self, verb: Verb, told: Mapping[str, Any]) -> Answer:
        if "actionHook" not in verb:
            return Answer()
        answer = await self._switch.hooks.post(verb["actionHook"], {**self._leg.body(), **told}, of_verb=True)
        if answer.fault:
            self.result.violations.append(Violation(answer.fault))
        return answer

    def _line_at(self, rate: int) -> Line:
        """The line ticks from the first need of it on; its rate stays."""
        if self._line is None:
            caller = Caller(self._steps, rate, lambda step: self._speaker.pcm(step, rate), self.settings.manners, self.result.utterances)
            self._line = Line(caller, self.settings.line, self.result.traffic, clock_ms=self.now_ms, hang_up=self._switch.caller_left.set)
            self._ticking = asyncio.create_task(self._line.run())
        elif self._line.sample_rate != rate:
            self.result.violations.append(
                Violation(f"a second stream at {rate} Hz after one at {self._line.sample_rate}: is not simulated")
            )
        return self._line

    async def _end_call(self) -> None:
        """BYE: the last status, told once."""
        if not self._leg.ended:
            self.result.end = "caller" if self._switch.caller_left.is_set() else "bot"
            self.result.duration_s = (self.now_ms() - self._answered_ms) / 1000
            by = {"caller": "caller", "bot": "jambonz"}[self.result.end]
            self._leg.ended = {"call_termination_by": by, "duration": int(self.result.duration_s)}
            self._leg.become("completed", 200)
            await self._switch.status(self._leg)

    async def _put_down(self) -> None:
        for socket in self._lingering:
            await socket.close()
        if self._ticking and self._line:
            self._ticking.cancel()
            with suppress(asyncio.CancelledError):
                await self._ticking
            self.result.sample_rate, self.result.recording_began_ms = self._line.sample_rate, self._line.began_ms
            self.result.heard_bot = joined(self._line.heard_bot)
            self.result.heard_caller = joined(self._line.heard_caller)
        await self._switch.close()


def joined(frames: list[Pcm]) -> Pcm:
    return np.concatenate(frames) if frames else np.zeros(0, np.int16)
