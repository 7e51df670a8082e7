"""The twelve recordings of tests/recordings/speech: synthetic callers at 8 kHz, after a telephone line."""

from __future__ import annotations

import csv
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parent / "recordings" / "speech"
RATE = 8000  # Hz
Sound = NDArray[np.float64]  # -1..1


@dataclass(frozen=True, slots=True)
class Recording:
    name: str
    language: str
    said: str
    pcm: bytes

    @property
    def sound(self) -> Sound:
        return np.frombuffer(self.pcm, "<i2") / 32768


def recordings() -> Iterator[Recording]:
    with (FOLDER / "transcripts.tsv").open(encoding="utf-8") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            with wave.open(str(FOLDER / row["file"])) as file:
                yield Recording(row["file"], row["language"], row["expected"], file.readframes(file.getnframes()))


def to_pcm(sound: Sound) -> bytes:
    return np.clip(np.round(sound * 32768), -32768, 32767).astype("<i2").tobytes()


def noise(seconds: float, db: float, seed: int = 1, rate: int = RATE) -> Sound:
    """White noise of `db` dBFS."""
    return np.random.default_rng(seed).normal(0, 10 ** (db / 20), int(seconds * rate))


def tone(seconds: float, *hertz: float, amplitude: float = 0.1, rate: int = RATE) -> Sound:
    at = np.arange(int(seconds * rate)) / rate
    return np.asarray(sum(amplitude * np.sin(2 * np.pi * hz * at) for hz in hertz), np.float64)
