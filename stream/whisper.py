"""The recogniser: Whisper by faster-whisper and CTranslate2, on a CPU or a GPU.

Each utterance is encoded once; the language is read from that encoding, and the words are written from it.
Shared by all calls: encoding and writing release the interpreter's lock and run on several threads.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import soxr
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

from calls.call import Transcript, Utterance
from calls.errors import EngineError, EngineUnavailable
from calls.settings import RecognizerSettings
from stream.whisper_guards import RATE, Samples, cut, fits_script, loudest_db, rejection
from stream.whisper_model import Choice, Profile, choose_model

__all__ = ["Choice", "WhisperRecognizer", "choose_model"]

FRAMES_A_SECOND = 100  # of the features
MAX_TOKENS = 448  # prompt and words together, of every Whisper model
MAX_HINT_TOKENS = 223
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """One window's words, as the model wrote them in one language."""

    text: str
    language: str
    language_confidence: float
    avg_logprob: float
    no_speech: float


class WhisperRecognizer:
    """`calls.ports.Recognizer`. `model` and `device` are WHISPER_MODEL and WHISPER_DEVICE ("" and "auto": see `choose_model`).

    `languages`: those configured; what the model can't hear is left out. Raises EngineUnavailable."""

    def __init__(
        self, *, model: str, device: str, languages: Sequence[str], settings: RecognizerSettings, cpu_threads: int = 0, hub: str = ""
    ) -> None:
        self._settings = settings
        self._choice = choose_model(model, device, hub=hub)
        self._profile = Profile.read(self._choice.folder)
        self._model = load(self._choice, cpu_threads or self._profile.cpu_threads)
        self.languages = self._hearable(languages)
        self._tokenizers = {code: self._tokenizer(code) for code in self.languages}
        self._hints = tuple(settings.hints) if self._profile.prompting else ()
        self._prompts = {code: self._prompt(tokenizer) for code, tokenizer in self._tokenizers.items()}
        log.info("recogniser loaded", extra=self.describe())

    def describe(self) -> dict[str, Any]:
        """What is heard with, for /readyz and the log."""
        choice = self._choice
        return {
            "model": choice.name,
            "device": choice.device,
            "compute_type": choice.compute_type,
            "languages": list(self.languages),
            "note": choice.note,
        }

    def warm_up(self) -> float:
        """Hear faint noise once in every window and language, so that no caller waits for it. Returns seconds. Raises EngineError."""
        began = time.perf_counter()
        for window_s in self._profile.windows_s:
            seconds = min(window_s, self._profile.window_s)
            noise = np.random.default_rng(1).normal(0, 0.01, int(seconds * RATE)).astype(np.float32)
            for language in self.languages:
                self._hear_all(noise, language)
        return time.perf_counter() - began

    def transcribe(self, utterance: Utterance, *, language: str | None) -> Transcript:
        """The words of one utterance at any sample rate. `language`: see `calls.ports.Recognizer`. Raises EngineError."""
        audio = resampled(utterance)
        if loudest_db(audio) < self._settings.min_level_db:
            return Transcript("", language or self.languages[0], confidence=0.0, language_confidence=0.0, rejected="silence")
        return joined(self._hear_all(audio, language))

    def _hear_all(self, audio: Samples, language: str | None) -> list[Transcript]:
        transcripts = []
        try:
            for piece in cut(audio, self._profile.window_s):
                transcripts.append(self._judged(self._hear(piece, language)))
                language = transcripts[-1].language
        except (RuntimeError, ValueError) as error:  # what CTranslate2 raises, out of memory on a GPU included
            raise EngineError("the recogniser failed at an utterance") from error
        return transcripts

    def _hear(self, audio: Samples, language: str | None) -> Heard:
        """The words in the likeliest language whose script they fit; in the likeliest of all if there is none."""
        encoded = self._model.encode(self._features(audio))
        evidence = self._evidence(encoded)
        tries = (self._write(encoded, code, evidence[code], len(audio) / RATE) for code in self._order(evidence, language))
        first = next(tries)
        if fits_script(first.text, first.language):
            return first
        return next((other for other in tries if other.text and fits_script(other.text, other.language)), first)

    def _features(self, audio: Samples) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Log-mel features [bands, frames], filled with zeros to the shortest window that holds them."""
        frames = self._model.feature_extractor(audio)[:, :-1]
        fitting = (round(size * FRAMES_A_SECOND) for size in self._profile.windows_s if size * FRAMES_A_SECOND >= frames.shape[1])
        length = next(fitting, round(self._profile.windows_s[-1] * FRAMES_A_SECOND))
        padded = np.zeros((frames.shape[0], length), np.float32)
        padded[:, : frames.shape[1]] = frames[:, :length]
        return padded

    def _evidence(self, encoded: Any) -> dict[str, float]:
        """How likely each of our languages is; they sum to 1."""
        if len(self.languages) == 1:
            return {self.languages[0]: 1.0}
        found = {token[2:-2]: probability for token, probability in self._model.model.detect_language(encoded)[0]}
        ours = {code: max(found.get(code, 0.0), 1e-9) for code in self.languages}
        return {code: probability / sum(ours.values()) for code, probability in ours.items()}

    def _order(self, evidence: dict[str, float], language: str | None) -> list[str]:
        """The languages to try: the likeliest first, but the call's own is kept unless there is good evidence for a change."""
        order = sorted(evidence, key=evidence.__getitem__, reverse=True)
        if language in evidence and evidence[order[0]] < self._settings.keep_language_below:
            order.sort(key=lambda code: code != language)
        return order

    def _write(self, encoded: Any, language: str, probability: float, seconds: float) -> Heard:
        prompt, tokenizer = self._prompts[language], self._tokenizers[language]
        result = self._model.model.generate(
            encoded,
            [prompt],
            beam_size=self._settings.beam_size,
            max_length=min(MAX_TOKENS, len(prompt) + most_tokens(language, seconds)),
            suppress_tokens=[-1, *never_words(tokenizer)],
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        tokens = result.sequences_ids[0]
        avg_logprob = result.scores[0] * len(tokens) / (len(tokens) + 1)  # the end of the text counts as a token
        return Heard(tokenizer.decode(tokens).strip(), language, probability, avg_logprob, result.no_speech_prob)

    def _judged(self, heard: Heard) -> Transcript:
        why = rejection(heard.text, heard.avg_logprob, heard.no_speech, self._settings, self._hints)
        confidence = math.exp(min(0.0, heard.avg_logprob)) if heard.text else 0.0
        return Transcript("" if why else heard.text, heard.language, confidence, heard.language_confidence, why)

    def _hearable(self, languages: Sequence[str]) -> tuple[str, ...]:
        known = self._profile.languages or self._model.supported_languages
        ours = tuple(code for code in languages if code in known)
        if not ours:
            raise EngineUnavailable(f"the recogniser's model {self._choice.name!r} hears none of the languages {', '.join(languages)}")
        if left_out := [code for code in languages if code not in ours]:
            log.warning("the recogniser's model can't hear some of the languages", extra={"left_out": left_out, "model": self._choice.name})
        return ours

    def _tokenizer(self, language: str) -> Tokenizer:
        return Tokenizer(self._model.hf_tokenizer, self._model.model.is_multilingual, task="transcribe", language=language)

    def _prompt(self, tokenizer: Tokenizer) -> list[int]:
        """Words to expect, then Whisper's start of a transcript without timestamps."""
        start = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        if not self._hints:
            return start
        return [tokenizer.sot_prev, *tokenizer.encode(" " + ", ".join(self._hints))[:MAX_HINT_TOKENS], *start]


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


def resampled(utterance: Utterance) -> Samples:
    """Samples at 16 kHz, -1..1; a stray odd byte at the end is left out."""
    whole = utterance.pcm[: len(utterance.pcm) // 2 * 2]
    audio = np.frombuffer(whole, "<i2").astype(np.float32) / np.float32(32768)
    return np.asarray(soxr.resample(audio, utterance.sample_rate, RATE), np.float32)


def most_tokens(language: str, seconds: float) -> int:
    """No one speaks faster; it bounds the time that an invention can take. Indian scripts need several tokens a letter."""
    return 16 + round(seconds * (12 if language == "en" else 36))


def never_words(tokenizer: Tokenizer) -> Iterator[int]:
    """Whisper's marks for everything but words."""
    yield from (tokenizer.sot, tokenizer.sot_prev, tokenizer.sot_lm, tokenizer.no_speech, tokenizer.transcribe, tokenizer.translate)


def joined(pieces: Sequence[Transcript]) -> Transcript:
    """One transcript of all windows: the language of the most words, the confidence by their number; rejected if all are."""
    good = [piece for piece in pieces if piece.text]
    if not good:
        return pieces[0]
    main = max(good, key=lambda piece: len(piece.text))
    letters = sum(len(piece.text) for piece in good)
    confidence = sum(piece.confidence * len(piece.text) for piece in good) / letters
    return Transcript(" ".join(piece.text for piece in good), main.language, confidence, main.language_confidence)
