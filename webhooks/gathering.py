"""How Jambonz is told to listen for us: the gather behind each answer, and what its hook's address says of it.

Which turn asked, who was to hear the answer, and how often in a row nothing was heard stand in the address: so any process can go on,
and a hook that is sent again is answered alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from calls.call import OutcomeKind, Question, Turn, TurnRecord
from calls.links import SoundKey, sound_token
from calls.settings import Settings
from webhooks.addresses import hook_url, own_address
from webhooks.ports import Bot
from webhooks.verbs import Verb, gather_answer, hangup, play, redirect, say

LINKS_FOR = timedelta(minutes=10)
MOST_HINTS = 50  # words of the trade for Jambonz's recogniser; vendors take some hundreds


class Rung(StrEnum):
    """Who hears the caller below our own recognisers."""

    JAMBONZ = "jambonz"  # its recogniser
    KEYPAD = "keypad"
    HUMAN = "human"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a gather waits for: the answer to this turn, by this rung; `missed`: so often in a row nothing was heard before."""

    rung: Rung
    turn: int
    missed: int = 0

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Asked:
        """From the hook's address, which only we write. Raises ValueError, KeyError."""
        return cls(Rung(given["by"]), int(given["turn"]), int(given["missed"]))

    def address(self) -> str:
        return "/listen?" + urlencode({"by": self.rung.value, "turn": self.turn, "missed": self.missed})


def verbs_of(house: Bot, call_sid: str, turn: Turn | TurnRecord, asked: Asked, end: OutcomeKind | None, now: datetime) -> list[Verb]:
    """Say what the turn says, and listen for the answer; or let go, when the bot's part has come to this `end`."""
    prompt = spoken(house, call_sid, turn, now)
    tail = redirect(hook_url(house.environment, "/escalate"))
    match end:
        case None:
            return [*listening(house, turn, asked, prompt), tail]
        case OutcomeKind.ESCALATED:
            return [*filter(None, [prompt]), tail]
    return [*filter(None, [prompt]), hangup()]


def listening(house: Bot, turn: Turn | TurnRecord, asked: Asked, prompt: Verb | None) -> list[Verb]:
    """A gather with a recogniser that Jambonz lacks calls no hook but goes on to the next verb: behind it the same hook asks on."""
    wanted, hook = house.settings.listening, hook_url(house.environment, asked.address())
    hears = asked.rung is Rung.JAMBONZ
    verb = gather_answer(
        prompt,
        action_hook=hook,
        timeout_s=wanted.silence_ms / 1000,
        key_timeout_s=wanted.key_timeout_ms / 1000,
        one_key=not takes_a_number(asked.rung, turn.asked),
        recognizer=recognizer(house.settings, turn.language) if hears else None,
    )
    return [verb, *([redirect(hook)] if hears else [])]


def takes_a_number(rung: Rung, question: Question) -> bool:
    """Whether keys are digits of a number; to a number read back the keypad menu has a key for yes and one for no."""
    return question is Question.SLOT or (question is Question.CONFIRM_SLOT and rung is Rung.JAMBONZ)


def recognizer(settings: Settings, language: str) -> dict[str, Any]:
    """Jambonz's own, the vendor as its application says."""
    code, hints = settings.listening.jambonz_languages.get(language), settings.recognizer.hints[:MOST_HINTS]
    return {"vendor": "default", **({"language": code} if code else {}), **({"hints": hints} if hints else {})}


def spoken(house: Bot, call_sid: str, turn: Turn | TurnRecord, now: datetime) -> Verb | None:
    """By our own voice where this process has one, which needs no vendor at Jambonz; else by Jambonz's."""
    if not turn.said:
        return None
    if house.voice is None:
        return say(" ".join(turn.said), synthesizer=synthesizer(house.settings, turn.language))
    token = sound_token(house.secrets[0], SoundKey(call_sid, "", "", turn.number), until=now + LINKS_FOR)
    return play(f"{own_address(house.environment)}/sounds/turn/{token}.wav")


def synthesizer(settings: Settings, language: str) -> dict[str, str]:
    """The application's own voice speaks the first language; for others it has to be told which, or at least in what."""
    voice, code = settings.listening.jambonz_voices.get(language), settings.listening.jambonz_languages.get(language)
    if not voice and language == settings.language:
        return {}
    named = {"language": code, "voice": voice}
    return {"vendor": "default", **{name: value for name, value in named.items() if value}}
