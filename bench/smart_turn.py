"""pipecat's Smart Turn v3, for comparison: a model that hears from the sound whether a turn is over.

Its file (smart-turn-v3.2-cpu.onnx) is not ours and comes with their package; `--smart-turn` names it. It was trained on people and on
good synthetic voices, and looks for a melody that espeak-ng's voices, spoken stretch by stretch, do not have: this is unfair to it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from faster_whisper.feature_extractor import FeatureExtractor

from bench.dialogues import RATE, Caller
from calls.call import Utterance

HEARS_S = 8  # the end of what was said; shorter sound has silence before it
BEFORE_MS = 500  # of the sound before the first word
STOP_MS = 200  # silence after which it is asked
GIVES_UP_MS = 3000  # silence that ends a turn that it takes for unfinished
BYTES_A_MS = RATE * 2 // 1000


class SmartTurn:
    """`is_complete(...)`, asked once a pause; each is judged once. Raises onnxruntime's exceptions for a file that is no such model."""

    def __init__(self, path: Path, *, takes_ms: int) -> None:
        """`takes_ms`: how long its verdict is to take."""
        self.takes_ms = takes_ms
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._model = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._known: dict[tuple[str, int, int], bool] = {}

    def is_complete(self, caller: Caller, utterance: Utterance) -> bool:
        at = (caller.name, utterance.began_ms, utterance.ended_ms)
        if at not in self._known:
            began_ms, ended_ms = max(0, utterance.began_ms - BEFORE_MS), utterance.ended_ms + STOP_MS
            self._known[at] = self.chance(caller.pcm[began_ms * BYTES_A_MS : ended_ms * BYTES_A_MS]) > 0.5
        return self._known[at]

    def chance(self, pcm: bytes) -> float:
        """0..1 that the turn is over with this sound."""
        return float(self._model.run(None, {"input_features": features(pcm)[None]})[0].item())


def features(pcm: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """80 mel bands by 800 frames, of sound brought to mean 0 and variance 1."""
    length = HEARS_S * RATE
    sound = np.zeros(length, np.float32)
    given = np.frombuffer(pcm, "<i2")[-length:].astype(np.float32) / 32768
    sound[length - len(given) :] = given
    level = (sound - sound.mean()) / np.sqrt(sound.var() + 1e-7)
    return np.asarray(FeatureExtractor(chunk_length=HEARS_S)(level, padding=0), np.float32)
