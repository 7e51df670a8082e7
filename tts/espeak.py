"""The built-in voice: espeak-ng in this process, brought to telephone rate and level."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import soxr

from calls.errors import EngineError, EngineUnavailable
from calls.ports import never
from tts.espeak_library import Library, library
from tts.speakable import speakable

LEVEL_DB = -20.0  # dBFS, RMS of the speech: clear on a telephone, and far from clipping
MAX_GAIN = 0.9  # espeak-ng uses the full range; this leaves room for what resampling adds to its peaks
SPEECH_DB = -45.0  # frames above it are speech, below it silence
LEAD_MS, TAIL_MS = 20, 150  # silence kept before a sentence, and given after it so that sentences stay apart
FRAME_MS = 10
EVERY_DIGIT = "1 2 3 4 5 6 7 8 9 0"  # every language's voice can read it

A_BREATH = re.compile(r"\S.{0,249}$|\S.{0,249}[.!?।](?=\s)|\S.{0,249}(?=\s)|\S.{0,249}")  # whole, or sentences, or words, or a cut

Samples = np.ndarray[tuple[int], np.dtype[np.float32]]  # -32768 .. 32767
Levels = np.ndarray[tuple[int], np.dtype[np.float32]]  # dBFS


class EspeakVoice:
    """A `Voice` for every language that `names` has a voice for. A sentence takes some milliseconds, so it is made whole."""

    quick = True  # nothing need be spoken beforehand

    def __init__(self, *, names: Mapping[str, str], words_per_minute: int = 160) -> None:
        """`names`: voice or espeak-ng language ("en-gb", "hi") by language. Raises EngineUnavailable, naming every unknown one."""
        self._library, self._words_per_minute = library(), words_per_minute
        self._voices = _resolve(self._library, names)
        self._gains = {language: self._gain(voice) for language, voice in self._voices.items()}

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self._voices)

    def speak(self, text: str, *, language: str, sample_rate: int, cancelled: Callable[[], bool] = never) -> Iterator[bytes]:
        """PCM, a chunk a breath; `text` as written ("Rs. 500"), nothing at all when it holds nothing to say. Raises EngineError."""
        if language not in self._voices:
            raise EngineError(f"no voice for the language {language!r}; there are: {', '.join(self._voices)}")
        for words in A_BREATH.findall(speakable(text, language)):
            if cancelled():
                return
            samples = _without_silence(self._synthesise(words, self._voices[language], cancelled), self._library.sample_rate)
            pcm = _telephone(samples * self._gains[language], self._library.sample_rate, sample_rate)
            if pcm and not cancelled():
                yield pcm

    def _synthesise(self, words: str, voice: str, cancelled: Callable[[], bool]) -> Samples:
        pcm = self._library.synthesise(words, voice=voice, words_per_minute=self._words_per_minute, cancelled=cancelled)
        return np.frombuffer(pcm, dtype="<i2").astype(np.float32)

    def _gain(self, voice: str) -> float:
        """One for all that the voice says: its loudness must not depend on the sentence."""
        samples = self._synthesise(EVERY_DIGIT, voice, never)
        levels = _levels_db(samples, self._library.sample_rate)
        speech = levels[levels > SPEECH_DB]
        if not speech.size:
            raise EngineUnavailable(f"the espeak-ng voice {voice!r} makes no sound")
        return min(MAX_GAIN, float(10 ** ((LEVEL_DB - _mean_db(speech)) / 20)))


def _resolve(espeak: Library, names: Mapping[str, str]) -> dict[str, str]:
    if not names:
        raise EngineUnavailable("voice.names: name an espeak-ng voice for each language")
    found = {language: espeak.find(name) for language, name in names.items()}
    faults = [
        f"voice.names.{language}: espeak-ng has no voice {names[language]!r}; there are: {', '.join(_offered(espeak, language))}"
        for language, voice in found.items()
        if voice is None
    ]
    if faults:
        raise EngineUnavailable("\n".join(faults))
    return {language: voice for language, voice in found.items() if voice is not None}


def _offered(espeak: Library, language: str) -> list[str]:
    """What may be named for the language, or everything when espeak-ng does not speak it."""
    every = espeak.languages()
    return [name for name in every if name.split("-")[0] == language] or every


def _levels_db(samples: Samples, rate: int) -> Levels:
    """dBFS of each 10 ms frame."""
    frame = rate * FRAME_MS // 1000
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    levels: Levels = 10 * np.log10(np.mean(np.square(frames / 32768), axis=1) + 1e-10)
    return levels


def _mean_db(levels: Levels) -> float:
    return float(10 * np.log10(np.mean(10 ** (levels / 10))))


def _without_silence(samples: Samples, rate: int) -> Samples:
    """The speech with LEAD_MS before it and exactly TAIL_MS of silence after it; empty when there is none."""
    speech = np.flatnonzero(_levels_db(samples, rate) > SPEECH_DB)
    if not speech.size:
        return samples[:0]
    frame = rate * FRAME_MS // 1000
    start = max(0, (int(speech[0]) - LEAD_MS // FRAME_MS) * frame)
    end = (int(speech[-1]) + 2) * frame
    return np.concatenate([samples[start:end], np.zeros(rate * TAIL_MS // 1000, dtype=np.float32)])


def _telephone(samples: Samples, rate: int, wanted_rate: int) -> bytes:
    """16-bit PCM at `wanted_rate` Hz without the sample -1, which Jambonz's media server takes for a mark in the sound."""
    resampled = samples if rate == wanted_rate else soxr.resample(samples, rate, wanted_rate, quality="HQ")
    pcm = np.clip(np.rint(resampled), -32768, 32767).astype("<i2")
    pcm[pcm == -1] = 0
    return pcm.tobytes()
