"""What a simulated call leaves behind. Times named `*_ms` count from the moment the caller dialled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

Pcm = NDArray[np.int16]  # mono samples


@dataclass(frozen=True, slots=True)
class Violation:
    """Something the bot did that Jambonz would refuse or ignore."""

    text: str


@dataclass(frozen=True, slots=True)
class HookExchange:
    """One hook as it was sent, and the status it was answered with (None: no answer came)."""

    target: str
    body: Mapping[str, Any]
    status: int | None
    at_ms: float
    took_ms: float

    @property
    def name(self) -> str:
        """Path and call_status, for reading the order at a glance: "/status completed"."""
        return f"{self.target} {self.body.get('call_status', '')}"


@dataclass(frozen=True, slots=True)
class Gap:
    """The playback buffer ran empty and was filled again soon: the caller heard a hole."""

    at_ms: float
    length_ms: float
    in_sound: bool  # the last frame before it was loud: a hole inside a word, not a pause between sentences


@dataclass(slots=True)
class Utterance:
    """One thing that the caller said, and how the bot took it."""

    words: str
    kind: str  # "say" or "barge"
    began_ms: float | None = None  # the frame with its first loud sample was sent
    ended_ms: float | None = None  # the frame with its last loud sample was sent
    reply_ms: float | None = None  # from ended_ms to the first loud message of the bot
    barge_in_ms: float | None = None  # from began_ms to killAudio
    note: str = ""  # why it was said at another moment than the script asked for

    def as_dict(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: round(value, 1) if isinstance(value, float) else value for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Clip:
    """A sound that was fetched to be played."""

    url: str
    seconds: float
    loud: bool  # there is something to be heard


@dataclass(slots=True)
class DialRecord:
    """One agent's leg of a dial."""

    target: Mapping[str, Any]
    headers: Mapping[str, str]  # of the agent's INVITE
    tag: Mapping[str, Any]
    caller_id: str
    call_sid: str
    status: str = "trying"
    sip_status: int = 100
    heard: list[Clip] = field(default_factory=list)  # before the bridge


@dataclass(slots=True)
class Traffic:
    """What went over the audio sockets."""

    frames_sent: int = 0
    messages_received: int = 0
    bytes_received: int = 0
    kills: int = 0
    latest_frame_ms: float = 0.0  # how far behind its 20 ms schedule the simulator itself ever was


@dataclass(slots=True)
class CallResult:
    """Everything that happened in one call."""

    call_sid: str
    answered: bool = False
    end: str = ""  # "bot", "caller" or "480"
    why: str = ""  # why a 480
    duration_s: float = 0.0
    sample_rate: int = 16_000  # Hz, of the recordings
    recording_began_ms: float = 0.0
    hooks: list[HookExchange] = field(default_factory=list)
    verbs: list[Mapping[str, Any]] = field(default_factory=list)  # in the order they were carried out
    utterances: list[Utterance] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    dials: list[DialRecord] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    socket_ends: list[str] = field(default_factory=list)  # how each audio socket ended
    traffic: Traffic = field(default_factory=Traffic)
    heard_bot: Pcm = field(default_factory=lambda: np.zeros(0, np.int16))  # what the caller heard
    heard_caller: Pcm = field(default_factory=lambda: np.zeros(0, np.int16))  # what the caller sent; same time base

    @property
    def ok(self) -> bool:
        return self.answered and not self.violations

    @property
    def holes(self) -> list[Gap]:
        """The gaps that a listener notices as a fault."""
        return [gap for gap in self.gaps if gap.in_sound]

    def hook_names(self) -> list[str]:
        return [hook.name for hook in self.hooks]

    def measured(self) -> dict[str, Any]:
        """The figures of the call, ready for JSON."""
        return {
            "utterances": [utterance.as_dict() for utterance in self.utterances],
            "gaps": [{"at_ms": round(gap.at_ms), "length_ms": round(gap.length_ms, 1), "in_sound": gap.in_sound} for gap in self.gaps],
            "traffic": {name: getattr(self.traffic, name) for name in Traffic.__slots__},
            "hooks": [{"hook": hook.name, "status": hook.status, "took_ms": round(hook.took_ms, 1)} for hook in self.hooks],
        }

    def as_dict(self) -> dict[str, Any]:
        return {
            "call_sid": self.call_sid,
            "answered": self.answered,
            "end": self.end,
            "why": self.why,
            "duration_s": round(self.duration_s, 2),
            "verbs": [verb.get("verb") for verb in self.verbs],
            "dials": [asdict(dial) for dial in self.dials],
            "violations": [violation.text for violation in self.violations],
            "measured": self.measured(),
        }

    def save(self, folder: Path) -> dict[str, str]:
        """Write caller.wav, bot.wav (mono) and call.wav (caller left, bot right); their paths by name."""
        folder.mkdir(parents=True, exist_ok=True)
        tracks = {"caller": self.heard_caller, "bot": self.heard_bot, "call": np.column_stack((self.heard_caller, self.heard_bot))}
        paths = {name: folder / f"{name}.wav" for name in tracks}
        for name, samples in tracks.items():
            soundfile.write(paths[name], samples, self.sample_rate, subtype="PCM_16")
        return {name: str(path) for name, path in paths.items()}
