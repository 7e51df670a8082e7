"""What becomes of the caller's frames between the telephone and the bot: lost, or held up and delivered together. Pure; 20 ms a tick."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.playback import FRAME_MS
from simulator.result import Pcm

LOSSES = ("silence", "repeated", "missing")


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """How a network treats sound.

    Sound that is held up for 500 ms every 3 s is a stall; held up for 200 ms every 200 ms, it comes in bursts."""

    lost: float = 0.0  # share of the frames, 0..1
    loss: str = "silence"  # what comes instead: one of LOSSES; "missing": nothing, the frames behind it move up
    held_ms: int = 0  # so long nothing passes, in either direction; then all of it at once. In steps of 20
    held_every_ms: int = 0  # from the begin of one hold to that of the next
    seed: int = 20


@dataclass(frozen=True, slots=True)
class Parcel:
    """A frame as it arrives, and the key that was pressed with it; no frame: it was lost. Keys are never lost: they are told thrice."""

    frame: Pcm | None
    digit: str = ""


class Network:
    """One line's way to the bot. `through` takes a frame every tick, and gives what arrives there in that tick."""

    def __init__(self, settings: NetworkSettings, samples: int) -> None:
        self._settings, self._dice = settings, np.random.default_rng(settings.seed)
        self._silence: Pcm = np.zeros(samples, np.int16)
        self._last, self._held = self._silence, list[Parcel]()

    def holds(self, tick: int) -> bool:
        """Whether nothing passes at this tick."""
        held_ms, every_ms = self._settings.held_ms, self._settings.held_every_ms or self._settings.held_ms
        return held_ms > FRAME_MS and every_ms - held_ms <= tick * FRAME_MS % every_ms < every_ms - FRAME_MS

    def through(self, frame: Pcm, tick: int, digit: str = "") -> list[Parcel]:
        """What arrives, in the order in which it was sent."""
        self._held.append(Parcel(self._as_it_comes(frame), digit))
        if self.holds(tick):
            return []
        arrived, self._held = self._held, []
        return arrived

    def _as_it_comes(self, frame: Pcm) -> Pcm | None:
        if not self._settings.lost or self._dice.random() >= self._settings.lost:
            self._last = frame
            return frame
        match self._settings.loss:
            case "missing":
                return None
            case "repeated":
                self._last = np.asarray(self._last // 2, np.int16)  # quieter with every loss in a row
                return self._last
        return self._silence
