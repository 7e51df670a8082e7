"""The recogniser: which language, which words, and whether to believe them. Shared by all calls."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import soxr

from calls.call import Transcript, Utterance
from calls.errors import EngineError, EngineUnavailable
from calls.settings import RecognizerSettings
from stream.whisper_engine import WhisperEngine, Written, most_tokens, prompt_of
from stream.whisper_guards import RATE, Samples, cut, fits_script, loudest_db, rejection
from stream.whisper_model import Choice, Profile, choose_model

__all__ = ["Choice", "WhisperRecognizer", "choose_model"]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """One window: its words, and the language they are in."""

    written: Written
    language: str
    language_confidence: float

    @property
    def plausible(self) -> bool:
        return fits_script(self.written.text, self.language)


class WhisperRecognizer:
    """`calls.ports.Recognizer`. `model` and `device` are WHISPER_MODEL and WHISPER_DEVICE ("" and "auto": see `choose_model`).

    `languages`: those configured; what the model can't hear is left out. Raises EngineUnavailable."""

    def __init__(
        self, *, model: str, device: str, languages: Sequence[str], settings: RecognizerSettings, cpu_threads: int = 0, hub: str = ""
    ) -> None:
        self._settings = settings
        self._choice = choose_model(model, device, hub=hub)
        profile = Profile.read(self._choice.folder)
        self._window_s, self._beam_size = profile.window_s, settings.beam_size or profile.beam_size
        self._engine = WhisperEngine(self._choice, profile, cpu_threads=cpu_threads)
        self.languages = self._hearable(languages)
        self._hints = tuple(settings.hints) if profile.prompting else ()
        self._tokenizers = {code: self._engine.tokenizer(code) for code in self.languages}
        self._prompts = {code: prompt_of(tokenizer, self._hints) for code, tokenizer in self._tokenizers.items()}
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
        """Hear a second and a full window of faint noise in every language, so that no caller waits for it.

        Returns seconds. Raises EngineError."""
        began = time.perf_counter()
        for seconds in (1.0, self._window_s):
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
            for piece in cut(audio, self._window_s):
                transcripts.append(self._judged(self._hear(piece, language)))
                language = transcripts[-1].language
        except (RuntimeError, ValueError) as error:  # what CTranslate2 raises, out of memory on a GPU included
            raise EngineError("the recogniser failed at an utterance") from error
        return transcripts

    def _hear(self, audio: Samples, language: str | None) -> Heard:
        """The words in the likeliest language whose script they fit; in the likeliest of all if there is none."""
        encoded = self._engine.encode(audio)
        evidence = self._engine.evidence(encoded, self.languages)
        order = to_try(evidence, language, keep_below=self._settings.keep_language_below)
        tries = (Heard(self._write(encoded, code, len(audio)), code, evidence[code]) for code in order)
        first = next(tries)
        if first.plausible:
            return first
        return next((other for other in tries if other.plausible and other.written.text), first)

    def _write(self, encoded: Any, language: str, samples: int) -> Written:
        return self._engine.write(
            encoded,
            self._prompts[language],
            tokenizer=self._tokenizers[language],
            beam_size=self._beam_size,
            most_tokens=most_tokens(language, samples),
        )

    def _judged(self, heard: Heard) -> Transcript:
        written = heard.written
        why = rejection(written.text, written.avg_logprob, written.no_speech, self._settings, self._hints)
        confidence = math.exp(min(0.0, written.avg_logprob)) if written.text else 0.0
        return Transcript("" if why else written.text, heard.language, confidence, heard.language_confidence, why)

    def _hearable(self, languages: Sequence[str]) -> tuple[str, ...]:
        ours = tuple(code for code in languages if code in self._engine.languages)
        if not ours:
            raise EngineUnavailable(f"the recogniser's model {self._choice.name!r} hears none of the languages {', '.join(languages)}")
        if left_out := [code for code in languages if code not in ours]:
            log.warning("the recogniser's model can't hear some of the languages", extra={"left_out": left_out, "model": self._choice.name})
        return ours


def to_try(evidence: Mapping[str, float], language: str | None, *, keep_below: float) -> list[str]:
    """The languages in the order to try them: the likeliest first, but without good evidence for a change the call's own."""
    order = sorted(evidence, key=evidence.__getitem__, reverse=True)
    if language in evidence and evidence[order[0]] < keep_below:
        order.sort(key=lambda code: code != language)
    return order


def resampled(utterance: Utterance) -> Samples:
    """Samples at 16 kHz, -1..1; a stray odd byte at the end is left out."""
    whole = utterance.pcm[: len(utterance.pcm) // 2 * 2]
    audio = np.frombuffer(whole, "<i2").astype(np.float32) / np.float32(32768)
    return np.asarray(soxr.resample(audio, utterance.sample_rate, RATE), np.float32)


def joined(pieces: Sequence[Transcript]) -> Transcript:
    """One transcript of all windows: the language of the most words, the confidence by their number; rejected if all are."""
    good = [piece for piece in pieces if piece.text]
    if not good:
        return pieces[0]
    main = max(good, key=lambda piece: len(piece.text))
    letters = sum(len(piece.text) for piece in good)
    confidence = sum(piece.confidence * len(piece.text) for piece in good) / letters
    return Transcript(" ".join(piece.text for piece in good), main.language, confidence, main.language_confidence)
