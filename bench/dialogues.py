"""Callers who pause in mid-sentence: bench/dialogues.tsv as sound, with the moments at which they really begin and end.

A pause is written into the words: "my licence [640] has expired". Each stretch between two pauses is spoken by itself, its own silence
cut off, and the pause is exactly as long as written. Synthetic voices: no breath, no drawl, no falling pitch that tells a listener more.
"""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np

from calls.call import Question
from simulator.background import background
from simulator.result import Pcm
from simulator.speaker import TELEPHONE_RATE, resample, through_telephone
from stream.detector import level
from tts.espeak import EspeakVoice

FILE = Path(__file__).with_name("dialogues.tsv")
RATE = 16_000  # Hz
BETWEEN_MS = 3500  # silence after a turn: longer than any policy waits
AUDIBLE = 10 ** (-45 / 20) * 32768  # RMS of a frame of speech
FRAME = RATE // 100
VARIANTS = ("", "+m1", "+m2", "+m3", "+m4", "+m5", "+f1", "+f2", "+f3", "+f4")
BASES = {"en": ("en-us", "en", "en-gb-scotland"), "hi": ("hi",), "hinglish": ("hi",), "ta": ("ta",)}
HEARD_AS = {"hinglish": "hi"}  # what a recogniser calls it
PAUSE = re.compile(r"\s*\[(\d+)\]\s*")


@dataclass(frozen=True, slots=True)
class Line:
    """One turn of bench/dialogues.tsv. `said` is how it is written, `spoken` what the voice reads; the pauses are the same."""

    caller: str
    half: str  # "tuned": what the lists were made with; "held": what nobody looked at
    language: str  # "en", "hi", "ta", "hinglish"
    asked: Question  # what the caller answers
    slot: str
    said: str
    spoken: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """Words without a pause, and when they are to be heard (ms of the caller's line)."""

    words: str
    began_ms: int
    ended_ms: int


@dataclass(frozen=True, slots=True)
class Spoken:
    """A turn on the caller's line."""

    line: Line
    stretches: tuple[Stretch, ...]

    @property
    def began_ms(self) -> int:
        return self.stretches[0].began_ms

    @property
    def ended_ms(self) -> int:
        return self.stretches[-1].ended_ms


@dataclass(frozen=True, slots=True)
class Caller:
    """All turns of one caller, one after the other, as 16-bit mono at RATE."""

    name: str
    language: str  # as a recogniser calls it
    pcm: bytes
    turns: tuple[Spoken, ...]


def lines(path: Path = FILE) -> list[Line]:
    with path.open(encoding="utf-8", newline="") as table:
        return [_line(row) for row in csv.DictReader(table, delimiter="\t")]


def callers(told: Sequence[Line], *, seed: int = 1) -> Iterator[Caller]:
    """In the file's order, each with a voice, a pace and a line of its own."""
    for name, turns in groupby(told, key=lambda line: line.caller):
        yield spoken(f"{name}/{seed}", list(turns), random.Random(f"{seed} {name}"))


def spoken(name: str, turns: Sequence[Line], chance: random.Random) -> Caller:
    language = HEARD_AS.get(turns[0].language, turns[0].language)
    voice = EspeakVoice(
        names={language: chance.choice(BASES[turns[0].language]) + chance.choice(VARIANTS)}, words_per_minute=chance.randint(135, 175)
    )
    parts, made, at_ms = [silence(BETWEEN_MS)], [], BETWEEN_MS
    for turn in turns:
        sounds, stretches = _turn(turn, voice, language, at_ms)
        parts += [*sounds, silence(BETWEEN_MS)]
        made.append(Spoken(turn, stretches))
        at_ms = stretches[-1].ended_ms + BETWEEN_MS
    return Caller(name, language, on_the_line(np.concatenate(parts), chance), tuple(made))


def _turn(turn: Line, voice: EspeakVoice, language: str, at_ms: int) -> tuple[list[Pcm], tuple[Stretch, ...]]:
    written, pauses = PAUSE.split(turn.said)[::2], [int(ms) for ms in PAUSE.findall(turn.spoken)]
    sounds: list[Pcm] = []
    stretches = []
    for words, read, pause_ms in zip(written, PAUSE.split(turn.spoken)[::2], [*pauses, 0], strict=True):
        sound = audible(np.frombuffer(b"".join(voice.speak(read, language=language, sample_rate=RATE)), np.int16))
        stretches.append(Stretch(words, at_ms, at_ms + milliseconds(sound)))
        sounds += [sound, silence(pause_ms)]
        at_ms = stretches[-1].ended_ms + pause_ms
    return sounds, tuple(stretches)


def audible(sound: Pcm) -> Pcm:
    """Without the silence at its ends; a multiple of 10 ms."""
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    loud = np.flatnonzero(np.sqrt(np.mean(frames**2, axis=1)) > AUDIBLE)
    return sound[loud[0] * FRAME : (loud[-1] + 1) * FRAME] if loud.size else sound[:0]


def on_the_line(sound: Pcm, chance: random.Random) -> bytes:
    """Through the telephone, from a room that is never quite still."""
    db = chance.uniform(-62, -48)
    noise = np.random.default_rng(chance.randrange(2**32)).normal(0, 32768 * 10 ** (db / 20), len(sound))
    mixed = np.clip(sound + noise, -32768, 32767).astype(np.int16)
    coded = through_telephone(resample(mixed, RATE, TELEPHONE_RATE))
    return resample(coded, TELEPHONE_RATE, RATE).tobytes()


def beside(caller: Caller, kind: str, snr_db: float, *, seed: int) -> Caller:
    """The same caller, and something of simulator.background that is `snr_db` below the words."""
    samples = np.frombuffer(caller.pcm, np.int16)
    stretches = [at for turn in caller.turns for at in turn.stretches]
    words = np.concatenate([samples[at.began_ms * RATE // 1000 : at.ended_ms * RATE // 1000] for at in stretches])
    loop = np.concatenate(background(kind, level(words.tobytes()) - snr_db, rate=RATE, samples=FRAME, seed=seed))
    both = samples.astype(np.int32) + np.resize(loop, len(samples))
    return replace(caller, pcm=np.clip(both, -32768, 32767).astype(np.int16).tobytes())


def silence(ms: int) -> Pcm:
    return np.zeros(RATE * ms // 1000, np.int16)


def milliseconds(sound: Pcm) -> int:
    return len(sound) * 1000 // RATE


def _line(row: dict[str, str]) -> Line:
    asked, _, slot = row["asked"].partition(":")
    said, spoken = row["said"], row["spoken"] or row["said"]
    if PAUSE.findall(said) != PAUSE.findall(spoken):
        raise ValueError(f"{row['caller']}: the pauses of {said!r} and of its sound differ")
    return Line(row["caller"], row["set"], row["language"], Question(asked), slot, said, spoken)
