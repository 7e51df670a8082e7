"""Speech synthesis (libespeak-ng), telephone channel, noise and non-speech sounds."""

from __future__ import annotations

import ctypes
import math
import random

import espeakng_loader
import numpy as np
import soxr
from scipy.signal import lfilter

RATE = 16000

# --------------------------------------------------------------------------
# voices

# "en" is espeak-ng's British English (its en-gb)
EN_BASES = ["en-us", "en-us", "en-us", "en", "en", "en-gb-scotland", "en-gb-x-rp", "en-029", "en-us-nyc", "en-gb-x-gbcwmd"]
VARIANTS = ["", "", "+f1", "+f2", "+f3", "+f5", "+m1", "+m2", "+m3", "+m4", "+m5", "+m7", "+m8"]
MORE_VARIANTS = [
    f"+{name}"
    for name in [
        "Alex",
        "Andrea",
        "Annie",
        "Denis",
        "Lee",
        "linda",
        "steph",
        "max",
        "john",
        "paul",
        "belinda",
        "Mike",
        "anika",
        "klatt2",
        "klatt4",
        "travis",
        "Jacky",
        "michael",
        "edward",
        "sandro",
        "adam",
        "antonio",
        "aunty",
        "benjamin",
        "boris",
        "caleb",
        "david",
        "ed",
        "edward2",
        "grandma",
        "grandpa",
        "gustave",
        "ian",
        "iven",
        "iven2",
        "iven3",
        "iven4",
        "kaukovalta",
        "klatt",
        "klatt3",
        "klatt6",
        "Marco",
        "Mario",
        "marcelo",
        "michel",
        "miguel",
        "mike2",
        "norbert",
        "pablo",
        "pedro",
        "quincy",
        "rob",
        "robert",
        "shelby",
        "steph2",
        "steph3",
        "victor",
        "zac",
        "Alicia",
        "Diogo",
        "Henrique",
        "Hugo",
        "Michael",
        "Nguyen",
        "Reed",
        "Storm",
        "Tweaky",
    ]
]
HELD_OUT_VARIANTS = ["+f4", "+m6", "+Andy", "+Gene"]  # never trained on


def pick_voice(rng: random.Random, lang: str, unseen: bool = False) -> str:
    base = rng.choice(EN_BASES) if lang == "en" else lang
    if unseen:
        return base + rng.choice(HELD_OUT_VARIANTS)
    return base + rng.choice(VARIANTS if rng.random() < 0.55 else MORE_VARIANTS)


# --------------------------------------------------------------------------
# espeak-ng in this process: about 3 ms a sentence


class Espeak:
    _RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
    _SYNCHRONOUS, _UTF8, _BY_CHARACTER, _DONT_EXIT = 2, 1, 1, 0x8000
    _CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)

    def __init__(self):
        self.lib = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self.rate = self.lib.espeak_Initialize(self._SYNCHRONOUS, 0, data, self._DONT_EXIT)
        if self.rate <= 0:
            raise RuntimeError("espeak-ng does not start: its data are missing from the package espeakng-loader")
        self._parts: list[np.ndarray] = []

        def receive(samples, count, _events):
            if samples and count > 0:
                self._parts.append(np.ctypeslib.as_array(samples, (count,)).copy())
            return 0

        self._callback = self._CALLBACK(receive)
        self.lib.espeak_SetSynthCallback(self._callback)

    def say(self, text: str, voice: str, wpm: int = 160, pitch: int = 50, pitch_range: int = 50) -> np.ndarray:
        """float32 samples at ``self.rate`` (22050 Hz)."""
        if self.lib.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"no such voice: {voice}")
        for parameter, value in ((self._RATE, wpm), (self._PITCH, pitch), (self._RANGE, pitch_range), (self._VOLUME, 90)):
            self.lib.espeak_SetParameter(parameter, value, 0)
        data = text.encode()
        self._parts.clear()
        self.lib.espeak_Synth(data, ctypes.c_size_t(len(data) + 1), 0, self._BY_CHARACTER, 0, self._UTF8, None, None)
        self.lib.espeak_Synchronize()
        if not self._parts:
            return np.zeros(0, np.float32)
        return np.concatenate(self._parts).astype(np.float32) / 32768.0


def trim(x: np.ndarray, threshold: float = 0.004) -> np.ndarray:
    """Without the silence espeak puts around a sentence."""
    loud = np.flatnonzero(np.abs(x) > threshold)
    return x[loud[0] : loud[-1] + 1] if len(loud) else x[:0]


# --------------------------------------------------------------------------
# telephone channel


def mu_law(x: np.ndarray) -> np.ndarray:
    """G.711 mu-law round trip of samples in [-1, 1]."""
    x = np.clip(x, -1, 1)
    y = np.sign(x) * np.log1p(255 * np.abs(x)) / math.log(256)
    y = np.round(y * 127.5 - 0.5) + 0.5  # 256 codes
    y = np.clip(y / 127.5, -1, 1)
    return (np.sign(y) * np.expm1(np.abs(y) * math.log(256)) / 255).astype(np.float32)


def a_law(x: np.ndarray) -> np.ndarray:
    """G.711 A-law round trip of samples in [-1, 1]."""
    a, la = 87.6, 1 + math.log(87.6)
    x = np.clip(x, -1, 1)
    m = np.abs(x)
    y = np.where(m < 1 / a, a * m, 1 + np.log(np.maximum(a * m, 1))) / la
    y = (np.floor(y * 127.999) + 0.5) / 128
    z = np.where(y < 1 / la, y * la / a, np.exp(y * la - 1) / a)
    return (np.sign(x) * z).astype(np.float32)


def telephone(x: np.ndarray, law=mu_law) -> np.ndarray:
    """16 kHz -> 8 kHz -> G.711 -> 16 kHz, what a SIP bot hands to the recogniser."""
    narrow = law(soxr.resample(x, RATE, 8000, quality="MQ"))
    return soxr.resample(narrow, 8000, RATE, quality="MQ").astype(np.float32)


def high_pass(x: np.ndarray, hz: float) -> np.ndarray:
    """First-order high pass: thin handset microphones."""
    a = math.exp(-2 * math.pi * hz / RATE)
    return lfilter([(1 + a) / 2, -(1 + a) / 2], [1, -a], x).astype(np.float32)


# --------------------------------------------------------------------------
# noise and non-speech


def noise(rng: np.random.Generator, n: int) -> np.ndarray:
    """Unit-power noise of a random colour, steady or breathing."""
    white = rng.standard_normal(n + 2000).astype(np.float32)
    kind = rng.integers(5)
    if kind == 0:
        x = white
    elif kind == 1:  # pink-ish
        x = lfilter([1], [1, -0.85], white)
    elif kind == 2:  # brown-ish
        x = lfilter([1], [1, -0.985], white)
    elif kind == 3:  # hum with harmonics and some hiss
        t = np.arange(n + 2000) / RATE
        f = rng.choice([50, 60])
        x = sum(rng.random() / k * np.sin(2 * np.pi * f * k * t + rng.random() * 6) for k in range(1, 8)) + 0.1 * white
    else:  # band of noise
        r, f = 0.9 + 0.08 * rng.random(), rng.uniform(200, 3000)
        x = lfilter([1], [1, -2 * r * math.cos(2 * math.pi * f / RATE), r * r], white)
    x = x[2000:].astype(np.float32)
    if rng.random() < 0.3:
        t = np.arange(n) / RATE
        x = x * (1 + 0.7 * np.sin(2 * np.pi * rng.uniform(0.2, 2) * t + rng.random() * 6)).astype(np.float32)
    return x / (np.sqrt(np.mean(x**2)) + 1e-9)


def non_speech(rng: np.random.Generator, n: int) -> tuple[str, np.ndarray]:
    """Something the recogniser has to answer with nothing."""
    t = np.arange(n) / RATE
    kind = rng.choice(["silence", "noise", "noise", "ringback", "tones", "music", "clicks", "hiss"])
    if kind == "silence":
        x = np.zeros(n, np.float32)
    elif kind == "noise":
        x = noise(rng, n) * 10 ** rng.uniform(-3, -0.7)
    elif kind == "hiss":
        x = rng.standard_normal(n) * 10 ** rng.uniform(-4.5, -2.5)
    elif kind == "ringback":
        f1, f2 = [(400, 450), (440, 480), (425, 425), (350, 440), (480, 620)][rng.integers(5)]
        on, off = [(0.4, 0.2), (2, 4), (1, 4), (0.5, 0.5), (0.25, 0.25)][rng.integers(5)]
        gate = ((t + rng.random() * 4) % (on + off)) < on
        x = (np.sin(2 * np.pi * f1 * t) + np.sin(2 * np.pi * f2 * t)) * gate * rng.uniform(0.02, 0.3)
    elif kind == "tones":  # DTMF
        x = np.zeros(n)
        for start in np.arange(rng.random() * 0.5, n / RATE, rng.uniform(0.15, 0.6)):
            a, b = int(start * RATE), min(n, int((start + rng.uniform(0.06, 0.15)) * RATE))
            row, col = rng.choice([697, 770, 852, 941]), rng.choice([1209, 1336, 1477, 1633])
            x[a:b] = 0.2 * (np.sin(2 * np.pi * row * t[a:b]) + np.sin(2 * np.pi * col * t[a:b]))
    elif kind == "music":  # decaying chords, a melody
        x = np.zeros(n)
        beat = rng.uniform(0.15, 0.6)
        for start in np.arange(0, n / RATE, beat):
            a = int(start * RATE)
            for _ in range(rng.integers(1, 4)):
                f = 110 * 2 ** (rng.integers(0, 36) / 12)
                env = np.exp(-(t[a:] - start) * rng.uniform(1, 6))
                x[a:] += sum(np.sin(2 * np.pi * f * k * t[a:]) / k**1.5 for k in range(1, 5)) * env
        x *= rng.uniform(0.02, 0.3) / (np.max(np.abs(x)) + 1e-9)
    else:  # clicks, knocks, line crackle
        x = rng.standard_normal(n) * 10 ** rng.uniform(-5, -3)
        for _ in range(rng.integers(1, 12)):
            a = rng.integers(0, max(1, n - 2000))
            m = min(n - a, int(rng.integers(40, 2000)))
            x[a : a + m] += rng.standard_normal(m) * np.exp(-np.arange(m) / (m / 5)) * rng.uniform(0.02, 0.5)
    if kind != "silence" and rng.random() < 0.5:
        x = x + rng.standard_normal(n) * 10 ** rng.uniform(-5, -2.5)
    return str(kind), np.asarray(x, np.float32)


# --------------------------------------------------------------------------
# one training clip


def augment(x: np.ndarray, rng: np.random.Generator, limit: float) -> tuple[np.ndarray, float, float]:
    """Clean speech at 16 kHz -> a clip as a bot might hear it, and where in it
    the speech starts and ends (seconds).  ``limit``: longest clip in seconds."""
    room = limit - len(x) / RATE
    lead = min(rng.uniform(0, 1.0) if rng.random() < 0.8 else 0.0, max(0.0, room))
    trail = min(rng.uniform(0, 1.0), max(0.0, room - lead))
    if rng.random() < 0.1:  # a voice detector that opened late
        x = x[int(rng.uniform(0, 0.05) * RATE) :]
        lead = 0.0
    level = 10 ** (rng.uniform(-30, -3) / 20)
    x = x * (level / (np.max(np.abs(x)) + 1e-9))
    if rng.random() < 0.3:
        x = high_pass(x, rng.uniform(100, 400))
    power = np.mean(x**2)
    start, end = lead, lead + len(x) / RATE
    y = np.concatenate([np.zeros(int(lead * RATE), np.float32), x, np.zeros(int(trail * RATE), np.float32)])
    if rng.random() < 0.7:
        snr = rng.uniform(10, 40)
        y = y + noise(rng, len(y)) * np.float32(math.sqrt(power / 10 ** (snr / 10)))
    if rng.random() < 0.75:
        y = telephone(y, mu_law if rng.random() < 0.8 else a_law)
    return np.clip(y, -1, 1).astype(np.float32), start, end
