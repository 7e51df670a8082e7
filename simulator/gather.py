"""Jambonz's gather verb for the caller: a prompt, then words or keys, if a recogniser is there; and what its actionHook is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.agents import fetched
from simulator.hooks import Switch
from simulator.result import Violation
from simulator.verbs import Verb

DEFAULT_TIMEOUT_S = 15
ANSWERS_AFTER_MS = 300  # the caller thinks
KEYS = set("0123456789*#")


@dataclass(frozen=True, slots=True)
class Ears:
    """Jambonz's own recogniser, and what the caller answers its gathers one after the other: words, keys ("1", "712345678#") or
    nothing ("")."""

    answers: Sequence[str] = ()
    recognizer: bool = False  # without one a gather of speech can't begin: it calls no hook, and the next verb is carried out


@dataclass(slots=True)
class Gathers:
    """All the gathers of one call."""

    switch: Switch
    ears: Ears
    violations: list[Violation]
    prompts: list[str] = field(default_factory=list)  # what was said or played in each
    _answers: Iterator[str] = field(init=False)

    def __post_init__(self) -> None:
        self._answers = iter(self.ears.answers)

    async def run(self, verb: Verb) -> dict[str, Any] | None:
        """What the actionHook's body says beside the leg; None when it is not called."""
        hears = "speech" in verb.get("input", ["digits"])
        if hears and not self.ears.recognizer:
            return None
        await self._prompt(verb)
        answer = next(self._answers, "")
        understood = bool(answer) and (hears or set(answer) <= KEYS)
        await self.switch.wait(ANSWERS_AFTER_MS if understood else verb.get("timeout", DEFAULT_TIMEOUT_S) * 1000)
        if self.switch.caller_left.is_set():
            return None
        return told(answer, verb) if understood else {"reason": "timeout"}

    async def _prompt(self, verb: Verb) -> None:
        """Without a speech vendor nothing is said."""
        self.prompts.append(verb.get("say", {}).get("text", "") or verb.get("play", {}).get("url", ""))
        if "play" in verb:
            clip = await fetched(self.switch, verb["play"]["url"], self.violations)
            await self.switch.wait(clip.seconds * 1000 if clip else 0)


def told(answer: str, verb: Verb) -> dict[str, Any]:
    if set(answer) <= KEYS:
        digits = answer.partition(verb.get("finishOnKey", "#"))[0][: verb.get("numDigits")]
        return {"reason": "dtmfDetected", "digits": digits}
    language = verb.get("recognizer", {}).get("language", "en-US")
    spoken = {"confidence": 0.9, "transcript": answer}
    speech = {"language_code": language, "channel_tag": 1, "is_final": True, "alternatives": [spoken], "vendor": {"name": "simulated"}}
    return {"reason": "speechDetected", "speech": speech}
