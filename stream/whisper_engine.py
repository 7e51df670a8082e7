"""One loaded Whisper model, by faster-whisper and CTranslate2: sounds are encoded once, then read as often as need be.

All of it takes several sounds at once. Used from several threads: encoding and writing release the interpreter's lock.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ctranslate2 import Device, StorageView
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from numpy.typing import NDArray

from calls.errors import EngineUnavailable
from stream.whisper_guards import RATE, Samples
from stream.whisper_model import Choice, Profile

FRAMES_A_SECOND = 100  # of the features
MAX_TOKENS = 448  # prompt and words together, of every Whisper model
MAX_HINT_TOKENS = 223


@dataclass(frozen=True, slots=True)
class Written:
    """The words of one window, as the model wrote them in one language."""

    text: str
    avg_logprob: float  # per token
    no_speech: float  # probability


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the encoder made of some sounds; it lies on the model's device."""

    states: StorageView  # [sounds, positions, width]
    sounds: int

    def only(self, rows: Sequence[int]) -> Encoded:
        """Some of them, in this order: over the processor, as the library can't take them out elsewhere."""
        if list(rows) == list(range(self.sounds)):
            return self
        here = np.ascontiguousarray(np.array(self.states.to_device(Device.cpu))[list(rows)])
        return Encoded(StorageView.from_array(here), len(rows))


class WhisperEngine:
    """Raises EngineUnavailable when the model can't be loaded."""

    def __init__(self, choice: Choice, profile: Profile, *, cpu_threads: int = 0) -> None:
        self._windows_s = profile.windows_s
        self.hands = 1 if choice.device == "cuda" else hands_of(cpu_threads or profile.cpu_threads)
        self._model = load(choice, cpu_threads or profile.cpu_threads, self.hands)
        self.languages = tuple(profile.languages or self._model.supported_languages)

    def encode(self, sounds: Sequence[Samples]) -> Encoded:
        """The encoder's states for sounds of at most a window at 16 kHz. Raises RuntimeError, as all of this class may."""
        return Encoded(self._model.encode(self._features(sounds)), len(sounds))

    def evidence(self, encoded: Encoded, languages: Sequence[str]) -> list[dict[str, float]]:
        """How likely each of these languages is in each sound; they sum to 1."""
        if len(languages) == 1:
            return [{languages[0]: 1.0}] * encoded.sounds
        return [shares(found, languages) for found in self._model.model.detect_language(encoded.states)]

    def write(
        self, encoded: Encoded, prompts: Sequence[Sequence[int]], *, tokenizer: Tokenizer, beam_size: int, most_tokens: int
    ) -> list[Written]:
        """The likeliest words of each sound: one try, no timestamps, nothing suppressed but what the model itself names and marks.

        The prompts, one a sound, are equally long; `tokenizer` is that of any language."""
        results = self._model.model.generate(
            encoded.states,
            [list(prompt) for prompt in prompts],
            beam_size=beam_size,
            max_length=min(MAX_TOKENS, len(prompts[0]) + most_tokens),
            suppress_tokens=[-1, *marks(tokenizer)],
            return_scores=True,
            return_no_speech_prob=True,
        )
        return [written(result, tokenizer) for result in results]

    def tokenizer(self, language: str) -> Tokenizer:
        return Tokenizer(self._model.hf_tokenizer, self._model.model.is_multilingual, task="transcribe", language=language)

    def _features(self, sounds: Sequence[Samples]) -> NDArray[np.float32]:
        """Log-mel features [sounds, bands, frames], filled with zeros to the shortest window that holds the longest.

        Not by faster-whisper's `chunk_length=`, which would change the extractor for all calls."""
        mels = [self._model.feature_extractor(sound)[:, :-1] for sound in sounds]
        sizes = [round(window_s * FRAMES_A_SECOND) for window_s in self._windows_s]
        longest = max(mel.shape[1] for mel in mels)
        padded = np.zeros((len(mels), mels[0].shape[0], next((size for size in sizes if size >= longest), sizes[-1])), np.float32)
        for row, mel in zip(padded, mels, strict=True):
            row[:, : mel.shape[1]] = mel[:, : row.shape[1]]
        return padded


def written(result: Any, tokenizer: Tokenizer) -> Written:
    tokens = result.sequences_ids[0]
    avg_logprob = result.scores[0] * len(tokens) / (len(tokens) + 1)  # the end of the text counts as a token
    return Written(tokenizer.decode(tokens).strip(), avg_logprob, result.no_speech_prob)


def shares(found: Sequence[tuple[str, float]], languages: Sequence[str]) -> dict[str, float]:
    """Of what the model found, as (`<|en|>`, probability), the part of each of these languages in all of them."""
    probabilities = {token[2:-2]: probability for token, probability in found}
    these = {code: max(probabilities.get(code, 0.0), 1e-9) for code in languages}
    return {code: probability / sum(these.values()) for code, probability in these.items()}


def hands_of(cpu_threads: int) -> int:
    """How many batches at once the processor hears with so many threads (0: all cores) for each."""
    cores = os.cpu_count() or 1
    return max(1, cores // (cpu_threads or cores))


def load(choice: Choice, cpu_threads: int, hands: int) -> WhisperModel:
    """`cpu_threads` for each batch (0: all cores), `hands` batches at once. Raises EngineUnavailable."""
    try:
        return WhisperModel(
            str(choice.folder),
            device=choice.device,
            compute_type=choice.compute_type,
            cpu_threads=cpu_threads or os.cpu_count() or 1,
            num_workers=hands,
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise EngineUnavailable(f"the recogniser's model {choice.name!r} can't be loaded on {choice.device}: {error}") from error


def prompt_of(tokenizer: Tokenizer, hints: Sequence[str]) -> list[int]:
    """Words to expect, then Whisper's start of a transcript without timestamps."""
    start = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
    if not hints:
        return start
    return [tokenizer.sot_prev, *tokenizer.encode(" " + ", ".join(hints))[:MAX_HINT_TOKENS], *start]


def most_tokens(language: str, samples: int) -> int:
    """No one speaks faster; it bounds the time that an invention can take. Indian scripts need several tokens a letter."""
    return 16 + round(samples / RATE * (12 if language == "en" else 36))


def marks(tokenizer: Tokenizer) -> list[int]:
    """Whisper's tokens for everything but words."""
    return [tokenizer.sot, tokenizer.sot_prev, tokenizer.sot_lm, tokenizer.no_speech, tokenizer.transcribe, tokenizer.translate]
