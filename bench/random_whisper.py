"""A Whisper model of a real one's size whose weights are chance: it hears nothing, and is as fast.

    python -m bench.random_whisper large-v3-turbo /tmp/random-turbo && flask bench stt --model /tmp/random-turbo --batch 1,8,16

For machines that can't fetch models. Speed depends on the geometry and on how many tokens are written, not on what the weights are:
every utterance gets the same number of tokens, as the position encodings make the end of the text likeliest from there on.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs import whisper_spec
from faster_whisper.tokenizer import _LANGUAGE_CODES as LANGUAGES
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, models

WORDS = 50_257
TIMES = 1501
PROMPT = 4  # start, language, task, no timestamps
Weights = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Geometry:
    """Of OpenAI's models, as their papers and configurations publish it."""

    encoder_layers: int
    decoder_layers: int
    width: int
    heads: int
    mels: int = 80
    languages: int = 99


GEOMETRIES = {
    "tiny": Geometry(4, 4, 384, 6),
    "base": Geometry(6, 6, 512, 8),
    "small": Geometry(12, 12, 768, 12),
    "medium": Geometry(24, 24, 1024, 16),
    "large-v3": Geometry(32, 32, 1280, 20, 128, 100),
    "large-v3-turbo": Geometry(32, 4, 1280, 20, 128, 100),
}


def vocabulary(languages: int) -> list[str]:
    """Whisper's, in its order; the words are numbers, which fit every script. By the empty one CTranslate2 knows a multilingual model."""
    codes = [f"<|{code}|>" for code in LANGUAGES[:languages]]
    tasks = [f"<|{name}|>" for name in ("translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps")]
    times = [f"<|{at * 0.02:.2f}|>" for at in range(TIMES)]
    return [*(str(number) for number in range(WORDS - 1)), "", "<|endoftext|>", "<|startoftranscript|>", *codes, *tasks, *times]


class Dice:
    """Small weights, so that a token stays what it was on its way through the layers."""

    def __init__(self, geometry: Geometry) -> None:
        self._chance, self.geometry = np.random.default_rng(1), geometry

    def weights(self, *shape: int, scale: float = 0.005) -> Weights:
        return (self._chance.standard_normal(shape, np.float32) * scale).astype(np.float16)

    def norm(self, spec: Any) -> None:
        width = self.geometry.width
        spec.gamma, spec.beta = np.ones(width, np.float16), np.zeros(width, np.float16)

    def linear(self, spec: Any, outputs: int, inputs: int) -> None:
        spec.weight, spec.bias = self.weights(outputs, inputs), np.zeros(outputs, np.float16)

    def attention(self, spec: Any, *outputs: int) -> None:
        self.norm(spec.layer_norm)
        for linear, size in zip(spec.linear, outputs, strict=True):
            self.linear(linear, size, self.geometry.width)

    def layer(self, spec: Any) -> None:
        width = self.geometry.width
        self.attention(spec.self_attention, 3 * width, width)
        self.norm(spec.ffn.layer_norm)
        self.linear(spec.ffn.linear_0, 4 * width, width)
        self.linear(spec.ffn.linear_1, width, 4 * width)

    def convolution(self, spec: Any, inputs: int) -> None:
        spec.weight, spec.bias = self.weights(self.geometry.width, inputs, 3), np.zeros(self.geometry.width, np.float16)


def spec_of(geometry: Geometry, tokens: int) -> whisper_spec.WhisperSpec:
    """`tokens`: written for every utterance."""
    dice, names, width = Dice(geometry), vocabulary(geometry.languages), geometry.width
    spec = whisper_spec.WhisperSpec(geometry.encoder_layers, geometry.heads, geometry.decoder_layers, geometry.heads)
    dice.convolution(spec.encoder.conv1, geometry.mels)
    dice.convolution(spec.encoder.conv2, width)
    spec.encoder.position_encodings.encodings = dice.weights(1500, width)
    for layer in spec.encoder.layer:
        dice.layer(layer)
    for layer in spec.decoder.layer:
        dice.layer(layer)
        dice.attention(layer.attention, width, 2 * width, width)
    dice.norm(spec.encoder.layer_norm)
    dice.norm(spec.decoder.layer_norm)
    put_words(spec.decoder, dice, len(names), PROMPT - 1 + tokens)
    spec.register_vocabulary(names)
    first = WORDS + 2
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], []
    spec.config.lang_ids = list(range(first, first + geometry.languages))
    spec.config.alignment_heads = [[geometry.decoder_layers - 1, 0]]
    return spec


def put_words(decoder: Any, dice: Dice, words: int, ends_at: int) -> None:
    """The first dimension belongs to the end of the text alone: it is what the position says from `ends_at` on."""
    width, end = dice.geometry.width, 2 * dice.geometry.width**0.5
    embeddings, positions = dice.weights(words, width, scale=1.0), dice.weights(448, width)
    embeddings[:, 0], positions[:, 0] = 0, 0
    embeddings[WORDS, 0], positions[ends_at:, 0] = end, end
    decoder.embeddings.weight, decoder.projection.weight = embeddings, embeddings.copy()
    decoder.projection.weight[WORDS:, 1:] = 0  # no mark is ever written but the end
    decoder.position_encodings.encodings = positions


def save(geometry: Geometry, folder: Path, tokens: int) -> None:
    """A folder for WHISPER_MODEL."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = spec_of(geometry, tokens)
    spec.validate()
    spec.optimize(quantization="float16")
    spec.save(str(folder))
    names = vocabulary(geometry.languages)
    tokenizer = Tokenizer(models.BPE({name or "<|empty|>": at for at, name in enumerate(names[:WORDS])}, []))
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in names[WORDS:]])
    tokenizer.save(str(folder / "tokenizer.json"))
    extractor = {"feature_size": geometry.mels, "hop_length": 160, "n_fft": 400, "sampling_rate": 16_000, "chunk_length": 30}
    (folder / "preprocessor_config.json").write_text(json.dumps(extractor), encoding="utf-8")
    (folder / "profile.json").write_text(json.dumps({"prompting": False}), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="a Whisper model of a real one's size, with random weights: to measure speed")
    parser.add_argument("name", choices=GEOMETRIES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tokens", type=int, default=20, help="written for every utterance (%(default)s: three seconds of speech)")
    asked = parser.parse_args()
    save(GEOMETRIES[asked.name], asked.folder, asked.tokens)
    print(f"{asked.folder}: {sum(file.stat().st_size for file in asked.folder.iterdir()) / 1e6:.0f} MB; set WHISPER_MODEL to it")


if __name__ == "__main__":
    main()
