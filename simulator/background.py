"""What is on a line beside the caller: noise of several colours, other people's voices, a television, hold music, the tones of keys.

All of it is made by rule, with a seed: the same line sounds the same each time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from simulator.result import Pcm

SAMPLE_MAX = 32767
LOOP_S = 8  # then the sound begins anew
KEY_ROWS, KEY_COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)  # Hz, ITU-T Q.23
KEYS = "123A456B789C*0#D"
KEY_DB = -13.0  # dBFS of each of a key's two tones
CHORDS = ((220.0, 277.2, 329.6), (196.0, 246.9, 293.7), (174.6, 220.0, 261.6), (196.0, 246.9, 329.6))  # Hz
BEAT_S = 0.4
VOWELS = ((700, 1200, 2500), (300, 2200, 2900), (350, 800, 2300), (500, 1800, 2500))  # formants, Hz
TALKERS = 5
NEWS = (
    "Heavy rain is expected along the coast tonight, and fishermen have been told to stay at home.",
    "The council will meet on Thursday to talk about the new bridge over the river.",
    "In the second half the visitors scored twice within four minutes and won the match.",
)
NEWSREADER = {"en": "en-gb"}
Wave = NDArray[np.float64]


@lru_cache(maxsize=32)
def background(kind: str, level_db: float | None, *, rate: int, samples: int, seed: int = 20) -> tuple[Pcm, ...]:
    """Frames of `samples` samples that loop, at `level_db` dBFS (RMS); None: digital silence. `kind`: one of NOISES."""
    if level_db is None:
        return (np.zeros(samples, np.int16),)
    length = LOOP_S * rate // samples * samples
    wave = NOISES[kind](length, rate, np.random.default_rng(seed))
    scaled = wave * (SAMPLE_MAX * 10 ** (level_db / 20) / np.sqrt(np.mean(wave**2)))
    clipped: Pcm = np.clip(scaled, -SAMPLE_MAX, SAMPLE_MAX).astype(np.int16)
    return tuple(clipped.reshape(-1, samples))


def key_tone(digit: str, rate: int, *, length_ms: int = 120) -> Pcm:
    """The two tones of a key, as a telephone sends them in the sound."""
    row, column = divmod(KEYS.index(digit), 4)
    at = np.arange(rate * length_ms // 1000) / rate
    both = np.sin(2 * np.pi * KEY_ROWS[row] * at) + np.sin(2 * np.pi * KEY_COLUMNS[column] * at)
    return np.asarray(both * SAMPLE_MAX * np.sqrt(2) * 10 ** (KEY_DB / 20), np.int16)


def white(length: int, rate: int, dice: np.random.Generator) -> Wave:
    """Hiss: the same power at all frequencies."""
    return dice.normal(0, 1, length)


def pink(length: int, rate: int, dice: np.random.Generator) -> Wave:
    """A room, a fan, a car: power falls with the frequency, and nothing is below what a telephone carries."""
    return _shaped(length, rate, dice, lambda hz: np.where(hz > 100, 1 / np.sqrt(np.maximum(hz, 100)), 0))


def hum(length: int, rate: int, dice: np.random.Generator) -> Wave:
    """The mains, with its overtones, and a little hiss."""
    at = np.arange(length) / rate
    tones = sum(np.sin(2 * np.pi * 50 * k * at) / k for k in (2, 3, 4, 5, 6, 8, 10))
    return np.asarray(tones + dice.normal(0, 0.1, length))


def street(length: int, rate: int, dice: np.random.Generator) -> Wave:
    """Traffic: a rumble that swells and fades within seconds."""
    swell = 1 + 0.6 * np.sin(2 * np.pi * np.arange(length) / length * 3) + 0.3 * np.sin(2 * np.pi * np.arange(length) / length * 7)
    return np.asarray(_shaped(length, rate, dice, lambda hz: np.where(hz > 60, 1 / np.maximum(hz, 60), 0)) * swell)


def voices(length: int, rate: int, dice: np.random.Generator) -> Wave:
    """People talking in the room behind the caller: voiced sounds and pauses of several at once, and no words."""
    return np.asarray(sum(_talker(length, rate, dice) for _ in range(TALKERS)))


def television(length: int, rate: int, dice: np.random.Generator) -> Wave:
    """The news in the next room: one voice that says one sentence after the other."""
    return np.roll(np.resize(_news(rate), length), int(dice.integers(length)))


def music(length: int, rate: int, dice: np.random.Generator) -> Wave:
    """Hold music: chords, a plucked melody and a drum."""
    beat = round(BEAT_S * rate)
    wave = np.zeros(length + beat)
    for number, start in enumerate(range(0, length, beat)):
        chord = CHORDS[number // 4 % len(CHORDS)]
        played = _note(beat, rate, 2 * chord[int(dice.integers(3))], fades=6) + sum(0.3 * _note(beat, rate, hz, fades=1) for hz in chord)
        drum = dice.normal(0, 1, beat) * np.exp(-np.arange(beat) / rate * 60) * (0.8 if number % 2 else 0.3)
        wave[start : start + beat] += played + drum
    return wave[:length]


@cache
def _news(rate: int) -> Wave:
    """Read once, as espeak-ng's breath is never twice the same."""
    from tts.espeak import EspeakVoice  # loaded where it is wanted

    voice, pause = EspeakVoice(names=NEWSREADER, words_per_minute=170), b"\0\0" * (rate // 4)
    spoken = pause.join(b"".join(voice.speak(text, language="en", sample_rate=rate)) for text in NEWS)
    return np.frombuffer(spoken, np.int16).astype(np.float64)


def _note(length: int, rate: int, hz: float, *, fades: float) -> Wave:
    at = np.arange(length) / rate
    return np.asarray(sum(np.sin(2 * np.pi * hz * k * at) / k**1.5 for k in range(1, 6)) * np.exp(-fades * at))


def _talker(length: int, rate: int, dice: np.random.Generator) -> Wave:
    """Syllables of 120 to 260 ms: a buzz at the voice's pitch through a vowel's formants; every fifth is a pause."""
    wave, at, pitch_hz = np.zeros(length), 0, dice.uniform(90, 220)
    while at < length:
        size = min(int(dice.uniform(0.12, 0.26) * rate), length - at)
        if dice.random() > 0.2:
            wave[at : at + size] += _syllable(size, rate, pitch_hz * dice.uniform(0.9, 1.15), VOWELS[int(dice.integers(len(VOWELS)))])
        at += size
    return wave


def _syllable(length: int, rate: int, pitch_hz: float, formants: tuple[int, ...]) -> Wave:
    at = np.arange(length) / rate
    overtones = np.arange(pitch_hz, min(3400, rate / 2), pitch_hz)
    strength = [sum(np.exp(-(((hz - formant) / 150) ** 2)) for formant in formants) + 0.02 for hz in overtones]
    buzz = sum(much * np.sin(2 * np.pi * hz * at + hz) for hz, much in zip(overtones, strength, strict=True))
    return np.asarray(buzz * np.hanning(length))


def _shaped(length: int, rate: int, dice: np.random.Generator, shape: Callable[[Wave], Wave]) -> Wave:
    spectrum = np.fft.rfft(dice.normal(0, 1, length)) * shape(np.asarray(np.fft.rfftfreq(length, 1 / rate), np.float64))
    return np.asarray(np.fft.irfft(spectrum, length))


NOISES = {"white": white, "pink": pink, "hum": hum, "street": street, "voices": voices, "television": television, "music": music}
