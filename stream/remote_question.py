"""What is sent to a recogniser elsewhere: the sound as a WAV file, and the words to expect. Pure."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence

import numpy as np

from calls.call import Utterance
from stream.whisper_guards import RATE, Samples, loudest_db

_MOST_PROMPT = 600  # bytes; Whisper reads about 223 tokens


def loudest(utterance: Utterance) -> float:
    """RMS level (dBFS) of the loudest 100 ms. The guard counts samples at 16 kHz: at another rate its pieces are made to fit."""
    return loudest_db(samples(utterance), piece_ms=100 * utterance.sample_rate // RATE)


def samples(utterance: Utterance) -> Samples:
    """At the utterance's own rate, -1..1; a stray odd byte at the end is left out."""
    return np.frombuffer(utterance.pcm[: len(utterance.pcm) // 2 * 2], "<i2").astype(np.float32) / np.float32(32768)


def wav_of(utterance: Utterance) -> bytes:
    """16-bit mono at the utterance's own rate: the server resamples better than a telephone line deserves, and half is sent."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(utterance.sample_rate)
        sound.writeframes(utterance.pcm[: len(utterance.pcm) // 2 * 2])
    return file.getvalue()


def prompt_of(hints: Sequence[str]) -> str:
    """Words to expect, as many as fit."""
    prompt = ""
    for hint in hints:
        longer = f"{prompt}, {hint}" if prompt else hint
        if len(longer.encode()) > _MOST_PROMPT:
            break
        prompt = longer
    return prompt
