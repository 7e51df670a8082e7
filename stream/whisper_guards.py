"""What tells speech from invention, and where long sound is cut. Pure: samples and words in, verdicts out.

Whisper writes sentences for silence, repeats itself and reads its prompt aloud; the thresholds are those of
jambonz-app.json (`recognizer`).
"""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from calls.settings import RecognizerSettings

Samples = NDArray[np.float32]  # mono, -1..1

RATE = 16_000  # Hz, what Whisper hears
SCRIPTS = {"hi": "DEVANAGARI", "mr": "DEVANAGARI", "ne": "DEVANAGARI", "ta": "TAMIL", "te": "TELUGU", "kn": "KANNADA", "ml": "MALAYALAM"}
SCRIPTS |= {"gu": "GUJARATI", "bn": "BENGALI", "pa": "GURMUKHI", "ur": "ARABIC", "en": "LATIN"}
HOPELESS = 0.5  # so far below min_avg_logprob the words are guesses, even if there was speech


def loudest_db(audio: Samples, piece_ms: int = 100) -> float:
    """RMS level (dBFS) of the loudest whole 100 ms; -100 when there is no such piece or it is digital silence."""
    size = RATE * piece_ms // 1000
    pieces = audio[: len(audio) // size * size].reshape(-1, size)
    if not len(pieces):
        return -100.0
    power = float(np.einsum("ij,ij->i", pieces, pieces).max()) / size
    return 10 * float(np.log10(max(power, 1e-10)))


def cut(audio: Samples, window_s: float) -> Iterator[Samples]:
    """Pieces no longer than `window_s`, cut at the quietest 100 ms in the last half of each."""
    limit = int(window_s * RATE)
    while len(audio) > limit:
        at = limit // 2 + quietest(audio[limit // 2 : limit])
        yield audio[:at]
        audio = audio[at:]
    yield audio


def quietest(audio: Samples, piece_ms: int = 100) -> int:
    """The middle of the quietest `piece_ms`, as a sample number."""
    size = RATE * piece_ms // 1000
    energy = np.concatenate(([0.0], np.cumsum(audio.astype(np.float64) ** 2)))
    return int(np.argmin(energy[size:] - energy[:-size])) + size // 2


def fits_script(text: str, language: str) -> bool:
    """Whether the text could be of that language: digits fit all, and one word in the own script excuses borrowed ones."""
    scripts = {unicodedata.name(letter, "").split(" ")[0] for letter in text if letter.isalpha()}
    wanted = SCRIPTS.get(language)
    if wanted == "LATIN":
        return scripts <= {"LATIN"}
    return not scripts or wanted is None or wanted in scripts


def rejection(text: str, avg_logprob: float, no_speech: float, settings: RecognizerSettings, prompt: Sequence[str]) -> str:
    """Why the text is an invention, in the words of Transcript.rejected, or ""."""
    if not text or (no_speech > settings.max_no_speech and avg_logprob < settings.min_avg_logprob):
        return "no_speech"
    if avg_logprob < settings.min_avg_logprob - HOPELESS:
        return "low_confidence"
    if compression_ratio(text) > settings.max_compression_ratio:
        return "repetition"
    if echoes(text, prompt, doubtful=no_speech > settings.max_no_speech):
        return "prompt_echo"
    return ""


def compression_ratio(text: str) -> float:
    """High for text that repeats itself. A character counts as one byte in every script, or long Hindi would look repetitive."""
    letters = bytes(ord(letter) & 0xFF for letter in text)
    return len(letters) / len(zlib.compress(letters))


def echoes(text: str, hints: Sequence[str], *, doubtful: bool) -> bool:
    """Whether the text reads the prompt aloud. One hint alone may well have been said, unless speech is `doubtful`."""
    said, prompt = f" {words(text)} ", f" {words(' '.join(hints))} "
    if not said.strip() or said not in prompt:
        return False
    return doubtful or not any(said in f" {words(hint)} " for hint in hints)


def words(text: str) -> str:
    """Lower case, without punctuation; vowel signs are kept."""
    return " ".join("".join(sign if unicodedata.category(sign)[0] in "LMN" else " " for sign in text.lower()).split())
