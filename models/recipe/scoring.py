"""How well words were heard: word errors, digits, and what a checkpoint makes of the held-out clips."""

from __future__ import annotations

import random
import re
from collections import Counter

import torch
from batches import Clips, collate
from vocab import Vocab


def word_errors(reference: str, hypothesis: str) -> int:
    a, b = reference.split(), hypothesis.split()
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def digits_in(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


@torch.no_grad()
def greedy_report(model, clips: Clips, vocab: Vocab, limit: int = 300) -> dict[str, float]:
    """Of greedy decoding without timestamps, padded to the window: word error rate, of all and by language, and the share of
    sentences with a number of four digits or more that have all digits right."""
    model.eval()
    rows = [k for k, r in enumerate(clips.rows) if r["text"]][:limit]
    rows.sort(key=lambda k: clips.rows[k]["frames"])
    wrong, total, right, numbers = Counter(), Counter(), 0, 0
    for i in range(0, len(rows), 25):
        group = rows[i : i + 25]
        mel, *_ = collate(clips, group, vocab, random.Random(0), False)
        for k, got in zip(group, greedy(model, mel, [clips.rows[k]["lang"] for k in group], vocab), strict=True):
            text, lang = clips.rows[k]["text"], clips.rows[k]["lang"]
            wrong[lang] += word_errors(text, got)
            total[lang] += len(text.split())
            if re.search(r"\d{4}", text):
                numbers += 1
                right += digits_in(text) == digits_in(got)
    model.train()
    report = {"wer": sum(wrong.values()) / max(1, sum(total.values())), "digits": right / max(1, numbers)}
    return report | {lang: wrong[lang] / total[lang] for lang in sorted(total)}


def greedy(model, mel, languages: list[str], vocab: Vocab, most: int = 70) -> list[str]:
    memory, bias, _ = model.encoder(mel, model.cfg.window_positions)
    ids = torch.tensor([[vocab.sot, vocab.lang[lang], vocab.transcribe, vocab.no_timestamps] for lang in languages])
    done = torch.zeros(len(languages), dtype=torch.bool)
    for _ in range(most):
        nxt = model.decoder(ids, memory, bias)[:, -1].argmax(-1)
        nxt = torch.where(done, torch.full_like(nxt, vocab.eot), nxt)
        ids = torch.cat([ids, nxt[:, None]], 1)
        done |= nxt == vocab.eot
        if done.all():
            break
    return [vocab.decode(seq[4:]) for seq in ids.tolist()]


def as_percent(report: dict[str, float]) -> str:
    return "  ".join(f"{name} {100 * value:.1f}" for name, value in report.items())
