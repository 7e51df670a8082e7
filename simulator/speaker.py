"""The caller's voice: text through espeak-ng, or a recording, brought to the line's rate and through the telephone's G.711."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import soundfile
import soxr

from calls.ports import Voice
from simulator.result import Pcm
from simulator.script import Sound, Spoken

VOICES = {"en": "en-us+m3", "hi": "hi+m3", "ta": "ta+m3"}  # other than the bot's, so that nobody hears himself
TELEPHONE_RATE = 8000  # Hz
CLIP, BIAS = 32635, 132  # of the G.711 mu-law coder, for 16-bit samples


class Speaker:
    """Makes the sound of what a caller says; shared by all calls, remembers what it has spoken."""

    def __init__(self, *, names: Mapping[str, str] = VOICES, words_per_minute: int = 150, telephone: bool = True) -> None:
        self._names, self._words_per_minute, self._telephone = names, words_per_minute, telephone
        self._spoken: dict[tuple[object, str, int], Pcm] = {}
        self._lock = threading.Lock()

    def pcm(self, step: Spoken, sample_rate: int) -> Pcm:
        """The samples of a step at `sample_rate` Hz. Raises EngineError when the voice fails."""
        key = (step.what, step.language, sample_rate)
        with self._lock:
            if key not in self._spoken:
                self._spoken[key] = self._make(step, sample_rate)
            return self._spoken[key]

    @cached_property
    def _voice(self) -> Voice:
        """Loaded with the first words: recordings need no voice."""
        from tts.espeak import EspeakVoice

        return EspeakVoice(names=self._names, words_per_minute=self._words_per_minute)

    def _make(self, step: Spoken, sample_rate: int) -> Pcm:
        if isinstance(step.what, Sound):
            samples, rate = np.frombuffer(step.what.pcm, np.int16), step.what.sample_rate
        else:
            rate = 16_000
            samples = np.frombuffer(b"".join(self._voice.speak(step.what, language=step.language, sample_rate=rate)), np.int16)
        if self._telephone:
            samples, rate = through_telephone(resample(samples, rate, TELEPHONE_RATE)), TELEPHONE_RATE
        return resample(samples, rate, sample_rate)


def read_wav(path: Path) -> Sound:
    """A mono recording. Raises ValueError in words for the command line when it is not one."""
    try:
        samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise ValueError(f"{path}: can't be read as a sound file ({error})") from None
    if samples.shape[1] != 1:
        raise ValueError(f"{path}: has {samples.shape[1]} channels; one is wanted")
    return Sound(samples.tobytes(), int(rate), path.name)


def resample(samples: Pcm, rate: int, wanted: int) -> Pcm:
    if rate == wanted:
        return samples
    resampled: Pcm = soxr.resample(samples, rate, wanted)
    return resampled


def through_telephone(samples: Pcm) -> Pcm:
    """Samples as they come out of G.711 mu-law (ITU-T G.711; 8 bits a sample, signal-to-noise about 37 dB)."""
    coded: Pcm = MU_LAW[samples.view(np.uint16)]
    return coded


def _mu_law_table() -> Pcm:
    """For each 16-bit sample its value after encoding and decoding, indexed by the sample's bits."""
    samples = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = np.minimum(np.abs(samples), CLIP) + BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    decoded = (((mantissa << 3) + BIAS) << exponent) - BIAS
    signed: Pcm = (np.sign(samples) * decoded).astype(np.int16)
    return signed


MU_LAW = _mu_law_table()
