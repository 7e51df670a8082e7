"""The clips that evaluate.py listens to: held-out sentences, long numbers, several sentences; voices seen and never heard."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import grammar
import numpy as np
import synth
from make_data import WINDOW, speak

SHARES = {"en": 0.4, "hi": 0.3, "ta": 0.3}
LONG_NUMBER = re.compile(r"\d{4}")
Wanted = Callable[[grammar.Sentence], bool]


def build_set(clips: int, wanted: Wanted, unseen: bool, seed: int) -> list[dict]:
    rng, npr = random.Random(seed), np.random.default_rng(seed)
    tts, rows = synth.Espeak(), []
    for lang, share in SHARES.items():
        found: list[dict] = []
        while len(found) < round(clips * share):
            sentence = grammar.sample(rng, lang)
            row = clip_of(sentence, tts, rng, npr, unseen) if wanted(sentence) else None
            found += [row] if row else []
        rows += found
    return rows


def clip_of(s: grammar.Sentence, tts: synth.Espeak, rng: random.Random, npr: np.random.Generator, unseen: bool) -> dict | None:
    """A sentence in all conditions; nothing where it is too long for a window."""
    speech, voice = speak(tts, s, rng, unseen)
    if not 0.3 < len(speech) / synth.RATE < WINDOW - 1.5:
        return None
    speech *= 0.5 / np.max(np.abs(speech))
    before, after = (np.zeros(int(rng.uniform(*span) * synth.RATE), np.float32) for span in ((0.1, 0.6), (0.2, 0.7)))
    x = np.concatenate([before, speech, after])
    noisy = x + synth.noise(npr, len(x)) * np.float32(np.sqrt(np.mean(speech**2) / 10**1.5))
    sounds = {"clean": x, "mulaw": synth.telephone(x), "noise": synth.telephone(noisy)}
    return {"lang": s.lang, "intent": s.intent, "text": s.text, "voice": voice, "sentences": s.sentences, "got": {}} | sounds


def build_sets(clips: int, seed: int) -> dict[str, dict]:
    """By name; each of voices seen and unseen."""

    def pair(count: int, wanted: Wanted, first_seed: int) -> dict:
        return {"seen": build_set(count, wanted, False, first_seed), "unseen": build_set(count, wanted, True, first_seed + 1)}

    return {
        "held out": pair(clips, lambda s: s.held_out, seed),
        "held out, one sentence, no long number": pair(clips, lambda s: s.held_out and s.sentences == 1 and not long_number(s), seed + 30),
        "digits": pair(clips, long_number, seed + 10),
        "digits, one sentence": pair(clips, lambda s: s.sentences == 1 and long_number(s), seed + 40),
        "several": pair(clips // 2, lambda s: s.sentences > 1 and grammar.BREAK in s.spoken, seed + 20),
    }


def long_number(s: grammar.Sentence) -> bool:
    return bool(LONG_NUMBER.search(s.text))
