"""One utterance on its way through the model: its windows, what was heard in them, and where the time went."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import soxr

from calls.call import Spent, Transcript, Utterance
from stream.owner_queue import Asked
from stream.whisper_engine import Written
from stream.whisper_guards import RATE, Samples, fits_script


@dataclass(frozen=True, slots=True)
class Heard:
    """One window: its words, and the language they are in."""

    written: Written
    language: str
    language_confidence: float

    @property
    def plausible(self) -> bool:
        return fits_script(self.written.text, self.language)

    @property
    def better(self) -> bool:
        """Than one that is not plausible."""
        return self.plausible and bool(self.written.text)


@dataclass(slots=True)
class Reading:
    """`windows`: those still to be heard; none of silence. `language`: the utterance's so far."""

    asked: Asked
    windows: deque[Samples]
    language: str | None
    heard: list[Transcript] = field(default_factory=list)
    encode_ms: float = 0.0
    decode_ms: float = 0.0
    dropped: bool = False  # a window was left undone

    @property
    def goes_on(self) -> bool:
        return bool(self.windows) and not self.left()

    def left(self) -> bool:
        """Whether nobody wants the rest any more; looked at between the model's steps."""
        self.dropped = self.dropped or self.asked.wanted.dropped
        return self.dropped

    def take(self, transcript: Transcript) -> None:
        """One more window has been heard; the next is likely to be in its language."""
        self.heard.append(transcript)
        self.language = transcript.language

    def transcript(self, otherwise: str) -> Transcript:
        """All windows as one; `otherwise`: the language where none is known."""
        spent = Spent(encode_ms=round(self.encode_ms), decode_ms=round(self.decode_ms))
        if self.heard and not self.dropped:
            return replace(joined(self.heard), spent=spent)
        why = "dropped" if self.dropped else "silence"
        return Transcript("", self.language or otherwise, 0.0, 0.0, why, spent)


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
