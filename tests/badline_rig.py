"""Whole calls in the time of the sound: the simulator's caller, line and far end around a conversation, with no socket and no waiting.

The recogniser takes none of the caller's time, so that a call of a minute is over in about a second, and is the same each time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from calls.call import Call, Outcome, Turn
from calls.events import AudioFrame, Dtmf, HungUp
from calls.settings import Settings, load
from simulator.caller import Caller, Manners
from simulator.line import LineSettings, Mouth
from simulator.network import Network
from simulator.playback import FRAME_MS, Playback, is_loud
from simulator.result import Utterance
from simulator.script import Step
from simulator.speaker import Speaker
from stream.conversation import Conversation
from stream.fake import InlinePool
from stream.house import House
from stream.lane import Lanes
from stream.work import Engines

RATE = 16_000
SETTINGS = load("jambonz-app.json")
SPEAKER = Speaker()


class CallersLine:
    """A `stream.line.Line` whose clock is the caller's sound; the caller hangs up at the end of the script, or after `longest_s`."""

    def __init__(self, steps: Sequence[Step], settings: LineSettings, *, longest_s: float) -> None:
        self.utterances: list[Utterance] = []
        self.kills: list[float] = []  # seconds; those before the hang-up
        self.sent: list[tuple[float, bytes]] = []  # (seconds, sound of the bot)
        self.now, self.ended_s = 0.0, 0.0
        self.playback = Playback(RATE, lost_after_kill_ms=settings.lost_after_kill_ms)
        self._caller = Caller(steps, RATE, lambda step: SPEAKER.pcm(step, RATE), Manners(), self.utterances)
        samples = RATE * FRAME_MS // 1000
        self._mouth = Mouth(settings, sample_rate=RATE, voice_db=self._caller.voice_db())
        self._network, self._longest_ticks, self._tick = Network(settings.network, samples), round(longest_s * 1000 / FRAME_MS), 0
        self._arrived: deque[Any] = deque()
        self._has_hung_up = False
        self._on_the_way: list[bytes | None] = []  # to the caller; None is a killAudio

    def clock(self) -> float:
        return self.now

    def receive(self, timeout: float) -> Any:
        if not self._arrived:
            self._pass_20_ms()
        return self._arrived.popleft() if self._arrived else None

    def gather(self, frames: int) -> None:
        """Each comes by itself here."""

    def wake(self) -> None:
        """Nobody waits here."""

    def play(self, pcm: bytes) -> None:
        self.sent.append((self.now, pcm))
        self._on_the_way.append(pcm)
        if self.utterances and is_loud(np.frombuffer(pcm, np.int16)):
            last = self.utterances[-1]
            if last.ended_ms is not None and last.reply_ms is None:
                last.reply_ms = self.now * 1000 - last.ended_ms
        self._reach_the_caller()

    def kill_audio(self) -> None:
        if not self._has_hung_up:
            self.kills.append(self.now)
        self._on_the_way.append(None)
        self._reach_the_caller()

    def disconnect(self) -> None:
        self.ended_s = self.now

    def _pass_20_ms(self) -> None:
        self.now += FRAME_MS / 1000
        self._reach_the_caller()
        heard = self.playback.frame(self.now * 1000)
        doing = self._caller.tick(self.now * 1000, bot_loud=is_loud(heard), connected=True)
        spoken = self._mouth.frame(doing, heard, self._tick)
        for parcel in self._network.through(spoken, self._tick, doing.digit):
            self._arrived += [AudioFrame(parcel.frame.tobytes())] if parcel.frame is not None else []
            self._arrived += [Dtmf(parcel.digit)] if parcel.digit else []
        self._tick += 1
        if doing.hangs_up or self._tick > self._longest_ticks:
            self._has_hung_up = True
            self._arrived.append(HungUp())

    def _reach_the_caller(self) -> None:
        if self._network.holds(self._tick):
            return
        for sound in self._on_the_way:
            if sound is None:
                self.playback.kill(self.now * 1000)
            else:
                self.playback.receive(sound, self.now * 1000)
        self._on_the_way.clear()


@dataclass
class Notes:
    """A journal that keeps what it is told."""

    turns: dict[int, Turn] = field(default_factory=dict)
    declined: bool = False

    def turn_finished(self, call_sid: str, turn: Turn) -> None:
        self.turns[turn.number] = turn

    def consent_declined(self, call_sid: str) -> None:
        self.declined = True

    def alive(self, call_sid: str, *, now: datetime) -> None:
        """Nobody watches."""

    def about_ticket(self, call_sid: str, ticket_id: str) -> None:
        """No ticket is offered."""

    def customer_known(self, call_sid: str, customer: Any) -> None:
        """Nobody is known."""

    def promise(self, call_sid: str) -> None:
        """Nobody calls back."""

    def call_ended(self, call_sid: str, outcome: Outcome, *, now: datetime) -> None:
        """`Called.outcome` says it."""


@dataclass(frozen=True, slots=True)
class Called:
    """A call that is over."""

    line: CallersLine
    notes: Notes
    outcome: Outcome

    @property
    def turns(self) -> list[Turn]:
        """Those in which the caller said words."""
        return [turn for _, turn in sorted(self.notes.turns.items()) if turn.heard]

    @property
    def intents(self) -> list[str]:
        return [turn.intent.name if turn.intent else "" for _, turn in sorted(self.notes.turns.items()) if turn.number]


def ring(
    engines: Engines, *steps: Step, line: LineSettings | None = None, settings: Settings = SETTINGS, longest_s: float = 240.0
) -> Called:
    """One call. The caller hangs up when the script is over and the answer has been heard."""
    ends, notes = CallersLine(steps, line or LineSettings(), longest_s=longest_s), Notes()
    lanes = Lanes(ear=InlinePool(), mind=InlinePool(), pen=InlinePool(), files=InlinePool())
    house = House(engines, notes, lambda sid: None, settings, lanes, clock=ends.clock, now=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    conversation = Conversation(Call("c1", "+911", "+912", sample_rate=RATE), ends, house)  # type: ignore[arg-type]
    return Called(ends, notes, conversation.run())
