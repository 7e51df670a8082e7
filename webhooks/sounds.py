"""What Jambonz fetches to play: the ringing tone for a waiting caller, and the briefing for an agent who has answered.

The briefing's address is signed and good for minutes. Whatever fails, there is a sound: silence keeps the agent's list of verbs going.
"""

from __future__ import annotations

import io
import logging
import threading
import wave
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cache

from flask import Blueprint, Response, current_app
from flask.typing import ResponseReturnValue

from calls.agents import AgentLeg, Escalation
from calls.call import CallRecord
from calls.links import SoundKey, sound_key
from calls.pops import agent_language
from stream.ringback import cadence
from webhooks.ports import Bot, bot
from webhooks.ringing import known_record, ticket_of
from webhooks.screen_pop import pops_for, summed_up

log = logging.getLogger(__name__)
bp = Blueprint("sounds", __name__)
RATE = 8000  # Hz: a telephone's
PAUSE_S, NOTHING_S = 0.25, 0.2
RINGS = 20  # of 3 s each: longer than most agents let it ring; Jambonz begins again at the end
KEPT = 64  # briefings at most, of legs that ring now
KEPT_FOR = timedelta(minutes=2)  # from when it was last heard: they are the caller's words, and 200 KB each


@bp.get("/sounds/ringback.wav")
def ringback() -> ResponseReturnValue:
    return Response(ringing_tone(), mimetype="audio/wav", headers={"Cache-Control": "public, max-age=86400"})


@bp.get("/sounds/briefing/<token>.wav")
def briefing(token: str) -> ResponseReturnValue:
    house = bot()
    key = sound_key(token, house.secrets, now=house.clock())
    if key is None:
        log.warning("a briefing was asked for with a forged or expired address")
        return Response("this address is not valid, or not any more\n", 403, mimetype="text/plain")
    return Response(wav(clip(house, key)), mimetype="audio/wav", headers={"Cache-Control": "no-store"})


@bp.get("/sounds/turn/<token>.wav")
def turn(token: str) -> ResponseReturnValue:
    """What the bot says in one turn, to a caller who has no socket to us (webhooks/listen.py)."""
    house = bot()
    key = sound_key(token, house.secrets, now=house.clock())
    if key is None:
        log.warning("a turn's sound was asked for with a forged or expired address")
        return Response("this address is not valid, or not any more\n", 403, mimetype="text/plain")
    return Response(wav(turns_sound(house, key)), mimetype="audio/wav", headers={"Cache-Control": "no-store"})


def turns_sound(house: Bot, key: SoundKey) -> bytes:
    try:
        said = next(turn for turn in known_record(house, key.call_sid).turns if turn.number == key.number)
        return in_our_voice(house, [(text, said.language) for text in said.said])
    except Exception:
        log.exception("a turn could not be spoken", extra={"call_sid": key.call_sid})
        return silence(NOTHING_S)


def clip(house: Bot, key: SoundKey) -> bytes:
    """The briefing; of a repetition too, with the time for a key behind it, if the agent asked for it, and else hardly anything."""
    try:
        if key.number == 0:
            return spoken(house, key)
        leg = leg_of(known_record(house, key.call_sid), key)[1]
        wanted = leg is not None and leg.repeats >= key.number
        return spoken(house, key) + silence(house.settings.escalation.briefing.key_timeout_s) if wanted else silence(NOTHING_S)
    except Exception:
        log.exception("a briefing could not be spoken", extra={"call_sid": key.call_sid, "agent": key.agent})
        return silence(NOTHING_S)


def spoken(house: Bot, key: SoundKey) -> bytes:
    clips: Clips = current_app.extensions.setdefault("briefings", Clips())
    return clips.get(key.leg_sid, lambda: said(house, key), now=house.clock())


def said(house: Bot, key: SoundKey) -> bytes:
    """PCM of the briefing; hardly anything while there is no voice."""
    record = known_record(house, key.call_sid)
    attempt, _ = leg_of(record, key)
    if attempt is None:
        return silence(NOTHING_S)
    pops = pops_for(house, record, summed_up(house, record), attempt, ticket_of(house, key.call_sid), "")
    pop = next((each for each in pops if each.agent == key.agent), pops[0])
    return in_our_voice(house, house.briefing(pop, agent_language(house.settings, key.agent)))


def in_our_voice(house: Bot, sentences: Iterable[tuple[str, str]]) -> bytes:
    """PCM of (text, language) one behind the other; hardly anything while there is no voice. Raises EngineError."""
    if house.voice is None:
        return silence(NOTHING_S)
    parts = [b"".join(house.voice.speak(text, language=language, sample_rate=RATE)) for text, language in sentences]
    return silence(PAUSE_S).join(parts) or silence(NOTHING_S)


def leg_of(record: CallRecord, key: SoundKey) -> tuple[Escalation | None, AgentLeg | None]:
    """The try and the leg that the sound is for."""
    pairs = ((attempt, leg) for attempt in record.escalations for leg in attempt.legs if leg.leg_sid == key.leg_sid)
    return next(pairs, (None, None))


class Clips:
    """The briefings of the latest legs, as each may be asked for several times."""

    def __init__(self) -> None:
        self._clips: OrderedDict[str, tuple[datetime, bytes]] = OrderedDict()  # when it was last heard; the longest unheard first
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._clips)

    def get(self, leg_sid: str, make: Callable[[], bytes], *, now: datetime) -> bytes:
        _, known = self._clips.get(leg_sid, (now, None))
        made = make() if known is None else known
        with self._lock:
            self._clips[leg_sid] = now, made
            self._clips.move_to_end(leg_sid)
            while len(self._clips) > KEPT or now - self._oldest() > KEPT_FOR:
                self._clips.popitem(last=False)
        return made

    def _oldest(self) -> datetime:
        return next(iter(self._clips.values()))[0]


@cache
def ringing_tone() -> bytes:
    return wav(cadence(RATE) * RINGS)


def silence(seconds: float) -> bytes:
    return bytes(round(seconds * RATE) * 2)


def wav(pcm: bytes) -> bytes:
    """A file of 16-bit mono sound at RATE."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(pcm)
    return file.getvalue()
