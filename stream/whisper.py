"""The recogniser: which language, which words, and whether to believe them. Shared by all calls."""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from calls.call import Transcript, Utterance, Wanted
from calls.errors import EngineError, EngineUnavailable
from calls.ports import NEEDED
from calls.settings import RecognizerSettings
from stream.owner_queue import Asked
from stream.whisper_engine import Encoded, WhisperEngine, Written, most_tokens, prompt_of
from stream.whisper_guards import RATE, Samples, cut, loudest_db, rejection
from stream.whisper_model import Choice, Profile, choose_model
from stream.whisper_reading import Heard, Reading, resampled

__all__ = ["Choice", "WhisperRecognizer", "choose_model"]
log = logging.getLogger(__name__)

# Utterances heard at once. On a processor a batch costs each of them what it costs alone (the offline model, 2 cores, a thread:
# 66 ms alone, 65 to 78 ms in batches of 2 to 12), and all of them wait for the last.
BATCHES = {"cpu": 1, "cuda": 16}


class WhisperRecognizer:
    """`calls.ports.Recognizer`, and what `stream.owner.OwnedRecognizer` owns.

    `model` and `device` are WHISPER_MODEL and WHISPER_DEVICE ("" and "auto": see `choose_model`).

    `languages`: those configured; what the model can't hear is left out. Raises EngineUnavailable."""

    def __init__(
        self, *, model: str, device: str, languages: Sequence[str], settings: RecognizerSettings, cpu_threads: int = 0, hub: str = ""
    ) -> None:
        self._settings = settings
        self._choice = choose_model(model, device, hub=hub)
        profile = Profile.read(self._choice.folder)
        self._window_s, self._beam_size = profile.window_s, settings.beam_size or profile.beam_size
        self._engine = WhisperEngine(self._choice, profile, cpu_threads=cpu_threads)
        self.hands, self.batch = self._engine.hands, settings.batch or BATCHES[self._choice.device]
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
            "batch": self.batch,
            "hands": self.hands,
            "note": choice.note,
        }

    def warm_up(self) -> float:
        """Hear a second and a full window of faint noise in every language, so that no caller waits for it.

        Returns seconds. Raises EngineError."""
        began = time.perf_counter()
        for seconds in (1.0, self._window_s):
            noise = np.random.default_rng(1).normal(0, 0.01, int(seconds * RATE)).astype(np.float32)
            for language in self.languages:
                asked = Asked(Utterance(b"", RATE, began_ms=0, ended_ms=0), language, NEEDED)
                self._read([Reading(asked, deque([noise]), language) for _ in range(self.batch)])
        return time.perf_counter() - began

    def transcribe(self, utterance: Utterance, *, language: str | None, wanted: Wanted = NEEDED) -> Transcript:
        """The words of one utterance at any sample rate. `language`: see `calls.ports.Recognizer`. Raises EngineError."""
        return self.transcribe_many([Asked(utterance, language, wanted)])[0]

    def transcribe_many(self, asked: Sequence[Asked]) -> list[Transcript]:
        """The words of each of these utterances, heard together: the first window of all, then the second of those that have one.

        Raises EngineError, of all."""
        readings = [Reading(each, self._windows(each.utterance), each.language) for each in asked]
        self._read(readings)
        return [reading.transcript(self.languages[0]) for reading in readings]

    def _windows(self, utterance: Utterance) -> deque[Samples]:
        audio = resampled(utterance)
        return deque() if loudest_db(audio) < self._settings.min_level_db else deque(cut(audio, self._window_s))

    def _read(self, readings: Sequence[Reading]) -> None:
        try:
            while going := [reading for reading in readings if reading.goes_on]:
                self._read_window(going)
        except (RuntimeError, ValueError) as error:  # what CTranslate2 raises, out of memory on a GPU included
            raise EngineError("the recogniser failed at an utterance") from error

    def _read_window(self, readings: Sequence[Reading]) -> None:
        """The next window of each; it is not written when nobody wants any of them by then."""
        began, sounds = time.perf_counter(), [reading.windows.popleft() for reading in readings]
        encoded = self._engine.encode(sounds)
        halfway, rows = time.perf_counter(), [row for row, reading in enumerate(readings) if not reading.left()]
        if rows:
            heard = self._hear(encoded, [reading.language for reading in readings], [len(sound) for sound in sounds])
            for row in rows:
                readings[row].take(self._judged(heard[row]))
        ended = time.perf_counter()
        for reading in readings:
            reading.encode_ms += (halfway - began) * 1000
            reading.decode_ms += (ended - halfway) * 1000

    def _hear(self, encoded: Encoded, languages: Sequence[str | None], samples: Sequence[int]) -> list[Heard]:
        """The words of each in the likeliest language whose script they fit; in the likeliest of all if there is none."""
        evidence, keep_below = self._engine.evidence(encoded, self.languages), self._settings.keep_language_below
        orders = [to_try(found, language, keep_below=keep_below) for found, language in zip(evidence, languages, strict=True)]

        def tried(rows: Sequence[int], place: int) -> list[Heard]:
            codes = [orders[row][place] for row in rows]
            written = self._write(encoded.only(rows), codes, [samples[row] for row in rows])
            return [Heard(words, code, evidence[row][code]) for row, code, words in zip(rows, codes, written, strict=True)]

        heard = tried(range(encoded.sounds), 0)
        for place in range(1, len(self.languages)):
            if doubtful := [row for row, each in enumerate(heard) if not each.plausible]:
                for row, other in zip(doubtful, tried(doubtful, place), strict=True):
                    heard[row] = other if other.better else heard[row]
        return heard

    def _write(self, encoded: Encoded, languages: Sequence[str], samples: Sequence[int]) -> list[Written]:
        return self._engine.write(
            encoded,
            [self._prompts[language] for language in languages],
            tokenizer=self._tokenizers[languages[0]],
            beam_size=self._beam_size,
            most_tokens=max(most_tokens(language, length) for language, length in zip(languages, samples, strict=True)),
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
