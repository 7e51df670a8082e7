"""Clips of make_data.py's shards as batches: features, decoder inputs and targets, and the letters for the CTC head."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import numpy as np
import torch
from vocab import LANGUAGES, Vocab

IGNORE = -100
LONG_NUMBER = re.compile(r"\d{4}")
# The CTC head spells in characters: they are learnt far sooner than BPE units.
CTC_CHARS = "' 0123456789abcdefghijklmnopqrstuvwxyz" + "".join(map(chr, [*range(0x900, 0x980), *range(0xB80, 0xC00)]))
CTC_INDEX = {c: i for i, c in enumerate(CTC_CHARS)}
CTC_BLANK = len(CTC_CHARS)


class Clips:
    """All clips of some shards; the features stay memory-mapped on disk."""

    def __init__(self, folders, vocab: Vocab):
        self.rows, self.mels = [], []
        for folder in folders:
            mel = np.load(folder / "mel.npy", mmap_mode="r")
            at = 0
            for line in (folder / "meta.jsonl").read_text(encoding="utf-8").split("\n")[:-1]:
                row = json.loads(line)
                row["mel"], row["at"] = len(self.mels), at
                row["ids"] = vocab.encode(row["text"]) if row["text"] else []
                row["chars"] = [CTC_INDEX[c] for c in row["text"]]
                at += row["frames"]
                self.rows.append(row)
            self.mels.append(mel)

    @classmethod
    def of(cls, folder: Path, vocab: Vocab) -> Clips:
        """All shards that make_data.py left in the folder."""
        return cls(sorted(path.parent for path in folder.glob("*/meta.jsonl")), vocab)

    def mel(self, row) -> np.ndarray:
        return self.mels[row["mel"]][row["at"] : row["at"] + row["frames"]]


def batches(clips: Clips, frames_per_batch: int, rng: random.Random, without_numbers: float = 1.0):
    """Batches of similar length, at most about ``frames_per_batch`` frames; of the clips without a long number only a share."""
    order = [at for at, row in enumerate(clips.rows) if LONG_NUMBER.search(row["text"]) or rng.random() < without_numbers]
    rng.shuffle(order)
    pool = 4000
    for i in range(0, len(order), pool):
        part = sorted(order[i : i + pool], key=lambda k: clips.rows[k]["frames"])
        groups, group = [], []
        for k in part:  # sorted: the newest is the longest
            if group and (len(group) + 1) * (clips.rows[k]["frames"] + 8) > frames_per_batch:
                groups.append(group)
                group = []
            group.append(k)
        groups.append(group)
        rng.shuffle(groups)
        yield from groups


def spec_augment(mel: torch.Tensor, length: int, rng: random.Random) -> None:
    """In place, [80, frames]: a level shift and, for half of the clips, masks."""
    speech = mel[:, :length]
    speech += rng.uniform(-0.1, 0.1)
    if rng.random() < 0.5:
        return
    floor = float(speech.min())
    for _ in range(rng.randint(0, 1)):
        w = rng.randint(1, 8)
        f = rng.randint(0, 80 - w)
        speech[f : f + w] = floor
    for _ in range(rng.randint(0, 1)):
        w = min(rng.randint(1, 8), length // 8)
        t = rng.randint(0, max(0, length - w))
        speech[:, t : t + w] = floor


def targets(row, vocab: Vocab, clips: Clips, rng: random.Random, train: bool):
    """(decoder input, decoder target) in Whisper's prompt format."""
    lang = row["lang"] or rng.choice(LANGUAGES)
    speech = bool(row["text"])
    ids = [vocab.sot, vocab.lang[lang], vocab.transcribe]
    goal = [vocab.lang[lang] if speech else vocab.no_speech, vocab.transcribe]
    stamps = rng.random() < 0.5 if train else False
    if stamps:

        def stamp(seconds):  # to a tenth of a second: that is what can be heard
            return vocab.time_begin + min(500, round(seconds * 10) * 5)

        tail = [stamp(row["start"])] + row["ids"] + ([stamp(row["end"])] if speech else [])
        if not speech:
            tail = [vocab.time_begin]
    else:
        tail = [vocab.no_timestamps] + row["ids"]
    tail.append(vocab.eot)
    ids, goal = ids + tail[:-1], goal + tail
    if train and rng.random() < 0.08:  # text of an earlier window as context
        other = rng.choice(clips.rows)["ids"]
        ids = [vocab.sot_prev, *other, *ids]
        goal = [IGNORE] * (len(other) + 1) + goal
    return ids, goal


def collate(clips: Clips, group, vocab: Vocab, rng: random.Random, train: bool):
    rows = [clips.rows[k] for k in group]
    frames = max(r["frames"] for r in rows) + 6
    frames = min(1000, (frames + 15) // 16 * 16)
    mel = torch.zeros(len(rows), 80, frames)
    seqs = []
    for i, r in enumerate(rows):
        x = torch.from_numpy(np.ascontiguousarray(clips.mel(r).T, dtype=np.float32))
        if train:
            spec_augment(x, r["frames"], rng)
        mel[i, :, : r["frames"]] = x[:, :frames]
        seqs.append(targets(r, vocab, clips, rng, train))
    n = max(len(s[0]) for s in seqs)
    ids = torch.full((len(rows), n), vocab.eot)
    goal = torch.full((len(rows), n), IGNORE)
    for i, (a, b) in enumerate(seqs):
        ids[i, : len(a)] = torch.tensor(a)
        goal[i, : len(b)] = torch.tensor(b)
    lengths = torch.tensor([min(r["frames"], frames) // 2 for r in rows])
    return mel, ids, goal, lengths, [r["chars"] for r in rows]
