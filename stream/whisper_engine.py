"""One loaded Whisper model, by faster-whisper and CTranslate2: sound is encoded once, then read as often as need be.

Used from several threads: encoding and writing release the interpreter's lock.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

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


class WhisperEngine:
    """Raises EngineUnavailable when the model can't be loaded."""

    def __init__(self, choice: Choice, profile: Profile, *, cpu_threads: int = 0) -> None:
        self._windows_s = profile.windows_s
        self._model = load(choice, cpu_threads or profile.cpu_threads)
        self.languages = tuple(profile.languages or self._model.supported_languages)

    def encode(self, audio: Samples) -> Any:
        """The encoder's states for at most a window of sound at 16 kHz. Raises RuntimeError, as all of this class may."""
        return self._model.encode(self._features(audio))

    def evidence(self, encoded: Any, languages: Sequence[str]) -> dict[str, float]:
        """How likely each of these languages is; they sum to 1."""
        if len(languages) == 1:
            return {languages[0]: 1.0}
        found = {token[2:-2]: probability for token, probability in self._model.model.detect_language(encoded)[0]}
        these = {code: max(found.get(code, 0.0), 1e-9) for code in languages}
        return {code: probability / sum(these.values()) for code, probability in these.items()}

    def write(self, encoded: Any, prompt: Sequence[int], *, tokenizer: Tokenizer, beam_size: int, most_tokens: int) -> Written:
        """The likeliest words: one try, no timestamps, nothing suppressed but what the model itself names and marks."""
        result = self._model.model.generate(
            encoded,
            [list(prompt)],
            beam_size=beam_size,
            max_length=min(MAX_TOKENS, len(prompt) + most_tokens),
            suppress_tokens=[-1, *marks(tokenizer)],
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        tokens = result.sequences_ids[0]
        avg_logprob = result.scores[0] * len(tokens) / (len(tokens) + 1)  # the end of the text counts as a token
        return Written(tokenizer.decode(tokens).strip(), avg_logprob, result.no_speech_prob)

    def tokenizer(self, language: str) -> Tokenizer:
        return Tokenizer(self._model.hf_tokenizer, self._model.model.is_multilingual, task="transcribe", language=language)

    def _features(self, audio: Samples) -> Any:
        """Log-mel features [bands, frames], filled with zeros to the shortest window that holds them.

        Not by faster-whisper's `chunk_length=`, which would change the extractor for all calls."""
        frames = self._model.feature_extractor(audio)[:, :-1]
        sizes = [round(window_s * FRAMES_A_SECOND) for window_s in self._windows_s]
        length = next((size for size in sizes if size >= frames.shape[1]), sizes[-1])
        padded = np.zeros((frames.shape[0], length), np.float32)
        padded[:, : frames.shape[1]] = frames[:, :length]
        return padded


def load(choice: Choice, cpu_threads: int) -> WhisperModel:
    """`cpu_threads` for one utterance (0: all cores); as many utterances at once as that leaves room for. Raises EngineUnavailable."""
    cores = os.cpu_count() or 1
    threads = cpu_threads or cores
    workers = max(1, cores // threads) if choice.device == "cpu" else 1
    try:
        return WhisperModel(
            str(choice.folder), device=choice.device, compute_type=choice.compute_type, cpu_threads=threads, num_workers=workers
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
