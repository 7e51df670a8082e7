"""A file of speech becomes an utterance. Pure: bytes in, samples out, or the reason why not."""

from __future__ import annotations

import io

import numpy as np
import soundfile

from calls.call import Utterance

MOST_SOUND_S = 120  # twice the longest utterance that listening.max_utterance_ms allows
MOST_SAMPLES = MOST_SOUND_S * 48_000 * 2  # of all channels, unpacked: a small file may hold hours of silence
RATES = range(4_000, 192_001)  # Hz


class BadSound(Exception):
    """The file can't be heard; the text says why, for the one who sent it."""


class TooMuchSound(BadSound):
    """The file can be read, but holds more than anybody says in one breath."""


def utterance_of(file: bytes) -> Utterance:
    """`file`: WAV, FLAC, Ogg (Vorbis, Opus), MP3 or whatever else libsndfile reads; channels are mixed. Raises BadSound."""
    try:
        with soundfile.SoundFile(io.BytesIO(file)) as sound:
            refuse(sound.frames, sound.channels, sound.samplerate)
            samples = sound.read(dtype="int16", always_2d=True)
            rate = int(sound.samplerate)
    except (soundfile.SoundFileError, TypeError, ValueError):
        raise BadSound("the file is no sound that can be read: send WAV, FLAC, Ogg or MP3") from None
    if not len(samples):
        raise BadSound("the file holds no sound")
    mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1).astype(np.int16)
    return Utterance(mono.astype("<i2").tobytes(), rate, began_ms=0, ended_ms=len(mono) * 1000 // rate)


def refuse(frames: int, channels: int, rate: int) -> None:
    """Before anything is unpacked. Raises BadSound."""
    if rate not in RATES:
        raise BadSound(f"the file has {rate} samples a second: between {RATES.start} and {RATES.stop - 1} can be heard")
    if frames > MOST_SOUND_S * rate or frames * channels > MOST_SAMPLES:
        raise TooMuchSound(f"the file is longer than {MOST_SOUND_S} s, or holds too many channels")
