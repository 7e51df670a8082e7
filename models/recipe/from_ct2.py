"""Start a training from an exported CTranslate2 model, whose tokenizer may be another one and whose layers may be fewer.

The weights come back as exact as int8 holds them.  Token embeddings move by the token's string; a token that the old
tokenizer did not have starts as the mean of the pieces that the old one writes it with.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

import numpy as np
import torch
from batches import CTC_CHARS
from vocab import Vocab

DTYPES = {0: np.dtype("<f4"), 1: np.dtype("i1"), 2: np.dtype("<i2"), 3: np.dtype("<i4"), 4: np.dtype("<f2")}
SELF, CROSS = "self_attention", "attention"


def read_variables(path: Path) -> dict[str, np.ndarray]:
    """The variables of a model.bin (binary version 6), int8 ones with their scales undone, as float32."""
    raw: dict[str, np.ndarray] = {}
    with path.open("rb") as file:

        def number(code: str) -> int:
            return struct.unpack("<" + code, file.read(struct.calcsize(code)))[0]

        def string() -> str:
            return file.read(number("H"))[:-1].decode()

        if number("I") != 6:
            raise ValueError(f"{path}: not a model.bin of binary version 6")
        string(), number("I")
        for _ in range(number("I")):
            name = string()
            shape = [number("I") for _ in range(number("B"))]
            dtype = DTYPES[number("B")]
            raw[name] = np.frombuffer(file.read(number("I")), dtype).reshape(shape)
    return {name: _unscaled(name, values, raw) for name, values in raw.items() if not name.endswith("_scale")}


def _unscaled(name: str, values: np.ndarray, raw: dict[str, np.ndarray]) -> np.ndarray:
    scale = raw.get(name + "_scale")
    values = values.astype(np.float32)
    return values if scale is None else values / scale.reshape(-1, *[1] * (values.ndim - 1))


def start_from(model, folder: Path, vocab: Vocab) -> None:
    """Fill the model with what the exported one knows; layers that it does not have begin by adding nothing."""
    found = read_variables(folder / "model.bin")
    layers = {part: _layers(found, part) for part in ("encoder", "decoder")}
    state = model.state_dict()
    for name, values in _renamed(found, layers).items():
        state[name] = torch.from_numpy(np.ascontiguousarray(values)).reshape(state[name].shape)
    state["decoder.embed.weight"] = _embeddings(found["decoder/embeddings/weight"], Vocab.load(folder / "tokenizer.json"), vocab)
    if (kept := folder / "spelling.npz").is_file():
        state |= _spelling(np.load(kept), model)
    model.load_state_dict(state)
    model.silence_layers(layers["encoder"], layers["decoder"])


def _layers(found: dict[str, np.ndarray], part: str) -> int:
    numbers = [re.match(rf"{part}/layer_(\d+)/", name) for name in found]
    return 1 + max(int(number[1]) for number in numbers if number)


def _renamed(found: dict[str, np.ndarray], layers: dict[str, int]) -> dict[str, np.ndarray]:
    named = {f"encoder.{conv}.{part}": found[f"encoder/{conv}/{part}"] for conv in ("conv1", "conv2") for part in ("weight", "bias")}
    named["decoder.positions"] = found["decoder/position_encodings/encodings"]
    for part, count in layers.items():
        named |= _norm(found, f"{part}/layer_norm", f"{part}.norm")
        for i in range(count):
            source, target = f"{part}/layer_{i}", f"{part}.layers.{i}"
            named |= _attention(found, f"{source}/{SELF}", f"{target}.attn", [("q", "k", "v"), ("out",)])
            named |= _norm(found, f"{source}/{SELF}/layer_norm", f"{target}.attn_norm")
            if part == "decoder":
                named |= _attention(found, f"{source}/{CROSS}", f"{target}.cross", [("q",), ("k", "v"), ("out",)])
                named |= _norm(found, f"{source}/{CROSS}/layer_norm", f"{target}.cross_norm")
            named |= _norm(found, f"{source}/ffn/layer_norm", f"{target}.ffn_norm")
            for k in (0, 1):
                for kind in ("weight", "bias"):
                    named[f"{target}.ffn.fc{k + 1}.{kind}"] = found[f"{source}/ffn/linear_{k}/{kind}"]
    return named


def _norm(found: dict[str, np.ndarray], source: str, target: str) -> dict[str, np.ndarray]:
    return {f"{target}.weight": found[f"{source}/gamma"], f"{target}.bias": found[f"{source}/beta"]}


def _attention(found: dict[str, np.ndarray], source: str, target: str, linears: list[tuple[str, ...]]) -> dict[str, np.ndarray]:
    """The fused linears taken apart again; Whisper's keys have no bias."""
    named = {}
    for i, names in enumerate(linears):
        for kind in ("weight", "bias"):
            for name, values in zip(names, np.split(found[f"{source}/linear_{i}/{kind}"], len(names)), strict=True):
                if (name, kind) != ("k", "bias"):
                    named[f"{target}.{name}.{kind}"] = values
    return named


def _spelling(kept, model) -> dict[str, torch.Tensor]:
    """The CTC head, if it spells with the same letters."""
    if str(kept["letters"]) != CTC_CHARS:
        return {}
    return {f"ctc.{name}": torch.from_numpy(kept[name].astype(np.float32)) for name in ("weight", "bias")}


def _embeddings(old: np.ndarray, old_vocab: Vocab, vocab: Vocab) -> torch.Tensor:
    at = {token: i for i, token in enumerate(old_vocab.tokens)}
    rows = []
    for token in vocab.tokens:
        pieces = [at[token]] if token in at else old_vocab.tok.encode(token.replace("\u2581", " "), add_special_tokens=False).ids
        rows.append(old[pieces].mean(0) if pieces else old[:1].mean(0))
    return torch.from_numpy(np.stack(rows).astype(np.float32))
