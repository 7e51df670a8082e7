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
from numpy.typing import NDArray

from calls.errors import EngineUnavailable
from stream.faster import Tokenizer, WhisperModel
from stream.spelling import Spelling
from stream.whisper_guards import RATE, Samples
from stream.whisper_model import Choice, Profile

FRAMES_A_SECOND = 100  # of the features
FRAMES_A_POSITION = 2  # of the encoder's
MAX_TOKENS = 448  # prompt and words together, of every Whisper model
MAX_HINT_TOKENS = 223


@dataclass(frozen=True, slots=True)
class Written:
    """The words of one window, as the model wrote them in one language."""

    text: str
    logprob: float
    tokens: int  # with the end of the text, which counts as one
    no_speech: float  # probability

    @property
    def avg_logprob(self) -> float:
        """Per token."""
        return self.logprob / self.tokens


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the encoder made of some sounds; it lies on the model's device."""

    states: StorageView  # [sounds, positions, width]
    positions: tuple[int, ...]  # of each sound that hold sound; the others are padding

    @property
    def sounds(self) -> int:
        return len(self.positions)

    def here(self) -> NDArray[np.float32]:
        """The states in the processor's memory."""
        return np.array(self.states.to_device(Device.cpu), np.float32)

    def only(self, rows: Sequence[int]) -> Encoded:
        """Some of them, in this order: over the processor, as the library can't take them out elsewhere."""
        if list(rows) == list(range(self.sounds)):
            return self
        here = np.ascontiguousarray(np.array(self.states.to_device(Device.cpu))[list(rows)])
        return Encoded(StorageView.from_array(here), tuple(self.positions[row] for row in rows))


class WhisperEngine:
    """Raises EngineUnavailable when the model can't be loaded."""

    def __init__(self, choice: Choice, profile: Profile, *, cpu_threads: int = 0) -> None:
        self._windows_s = profile.windows_s
        self.hands = 1 if choice.device == "cuda" else hands_of(cpu_threads or profile.cpu_threads)
        self._model = load(choice, cpu_threads or profile.cpu_threads, self.hands)
        self._spelling = Spelling.read(choice.folder)
        self.languages = tuple(profile.languages or self._model.supported_languages)

    def encode(self, sounds: Sequence[Samples]) -> Encoded:
        """The encoder's states for sounds of at most a window at 16 kHz. Raises RuntimeError, as all of this class may."""
        features, frames = self._features(sounds)
        return Encoded(self._model.encode(features), tuple(max(1, count // FRAMES_A_POSITION) for count in frames))

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
            num_hypotheses=beam_size if self._spelling else 1,
            max_length=min(MAX_TOKENS, len(prompts[0]) + most_tokens),
            suppress_tokens=[-1, *marks(tokenizer)],
            return_scores=True,
            return_no_speech_prob=True,
        )
        tries = [candidates(result, tokenizer) for result in results]
        return [each[0] for each in tries] if self._spelling is None else self._spelt_best(self._spelling, encoded, tries)

    def _spelt_best(self, spelling: Spelling, encoded: Encoded, tries: Sequence[Sequence[Written]]) -> list[Written]:
        states, found = encoded.here(), []
        for sound, written, positions in zip(states, tries, encoded.positions, strict=True):
            best = spelling.best(sound[:positions], [each.text for each in written], [each.logprob for each in written])
            found.append(written[best])
        return found

    def tokenizer(self, language: str) -> Tokenizer:
        return Tokenizer(self._model.hf_tokenizer, self._model.model.is_multilingual, task="transcribe", language=language)

    def _features(self, sounds: Sequence[Samples]) -> tuple[NDArray[np.float32], list[int]]:
        """Log-mel features [sounds, bands, frames], filled with zeros to the shortest window that holds the longest; and how many frames
        of each are of the sound.

        Not by faster-whisper's `chunk_length=`, which would change the extractor for all calls."""
        mels = [self._model.feature_extractor(sound)[:, :-1] for sound in sounds]
        sizes = [round(window_s * FRAMES_A_SECOND) for window_s in self._windows_s]
        longest = max(mel.shape[1] for mel in mels)
        padded = np.zeros((len(mels), mels[0].shape[0], next((size for size in sizes if size >= longest), sizes[-1])), np.float32)
        for row, mel in zip(padded, mels, strict=True):
            row[:, : mel.shape[1]] = mel[:, : row.shape[1]]
        return padded, [min(mel.shape[1], padded.shape[2]) for mel in mels]


def candidates(result: Any, tokenizer: Tokenizer) -> list[Written]:
    """The likeliest first."""
    return [
        Written(tokenizer.decode(tokens).strip(), score * len(tokens), len(tokens) + 1, result.no_speech_prob)
        for tokens, score in zip(result.sequences_ids, result.scores, strict=True)
    ]


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
