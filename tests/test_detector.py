"""The detector hears callers, soft ones too, and neither noise, tones nor the bot's own echo."""

from __future__ import annotations

import random
import time
from collections import deque

import numpy as np
import pytest
import soxr

from calls.events import SpeechStarted
from stream.detector import NoiseFloor, ToneDetector, WebRtcDetector, level
from stream.endpointing import Endpointing, EndpointingOptions
from tests.recorded import RATE, Recording, Sound, noise, recordings, to_pcm, tone

FRAME = RATE // 50
CALLERS = list(recordings())
SECOND = 50  # frames
BOT_DB = -18.0


def detect(sound: Sound, bot_db: list[float | None] | None = None, rate: int = RATE, detector: WebRtcDetector | None = None) -> list[bool]:
    """A verdict for every 20 ms."""
    detector, pcm, size = detector or WebRtcDetector(rate), to_pcm(sound), rate // 50 * 2
    frames = [pcm[at : at + size] for at in range(0, len(pcm) - size + 1, size)]
    return [detector.is_speech(frame, bot_db=bot_db[at] if bot_db else None) for at, frame in enumerate(frames)]


def levels(sound: Sound, frame: int = FRAME) -> list[float]:
    frames = sound[: len(sound) // frame * frame].reshape(-1, frame)
    return [float(10 * np.log10(np.mean(one**2) + 1e-10)) for one in frames]


def at_level(sound: Sound, db: float) -> Sound:
    """With its speech (not its pauses) at `db` dBFS."""
    speech = sound[np.abs(sound) > 0.02]
    return np.asarray(sound * 10 ** (db / 20) / np.sqrt(np.mean(speech**2)), np.float64)


def sounding(bot: Sound) -> list[float | None]:
    """What the playout says of the bot's sound: the loudest that is on its way or was heard in the last 400 ms."""
    db = levels(bot)
    loudest = [max(db[max(0, at - 20) : at + 12]) for at in range(len(db))]
    return [one if one > -60 else None for one in loudest]


def bot_voice(seconds: float) -> Sound:
    """Different sentences, each at its own pace and pitch."""
    paces = (1.0, 0.93, 1.08, 1.15)
    sentences = [np.concatenate([soxr.resample(one.sound, RATE, RATE * pace), np.zeros(RATE // 2)]) for pace in paces for one in CALLERS]
    return at_level(np.concatenate(sentences)[: int(seconds * RATE)], BOT_DB)


def starts(verdicts: list[bool]) -> list[int]:
    """When a caller was taken to speak, as the conversation sees it."""
    endpointing, began = Endpointing(EndpointingOptions(), sample_rate=RATE), []
    for verdict in verdicts:
        began += [event.at_ms for event in endpointing.feed(bytes(2 * FRAME), verdict) if isinstance(event, SpeechStarted)]
    return began


@pytest.mark.parametrize("rate", [8000, 16_000])
@pytest.mark.parametrize("db", [-20, -35])
@pytest.mark.parametrize("caller", CALLERS, ids=lambda one: one.name)
def test_a_caller_is_found_within_60_ms(caller: Recording, db: float, rate: int) -> None:
    speech = soxr.resample(at_level(caller.sound, db), RATE, rate)
    line = np.concatenate([np.zeros(rate), speech]) + noise(10, -65, rate=rate)[: rate + len(speech)]
    verdicts, db_now = detect(line, rate=rate), np.array(levels(line, rate // 50))
    onset = int(np.argmax(db_now > db - 15))
    assert not any(verdicts[:40])
    assert verdicts.index(True) <= onset + 3
    assert np.mean(np.array(verdicts)[db_now > db - 10]) > 0.9


STATIONARY = {
    "hiss": noise(20, -40),
    "loud hiss": noise(20, -30),
    "comfort noise": noise(20, -60),
    "hum": sum((tone(20, 50 * k, amplitude=0.03 / k) for k in range(1, 8)), noise(20, -70)),
    "silence": np.zeros(20 * RATE),
    "dial tone": tone(20, 350, 440) + noise(20, -65),
}


@pytest.mark.parametrize("line", STATIONARY.values(), ids=STATIONARY.keys())
def test_a_steady_line_is_no_speech(line: Sound) -> None:
    assert sum(detect(line)[SECOND:]) <= 5


def test_sudden_noise_is_known_after_a_second() -> None:
    verdicts = detect(np.concatenate([noise(5, -70), noise(10, -35)]))
    assert not any(verdicts[: 5 * SECOND])
    assert not any(verdicts[6 * SECOND :])


def test_keypad_tones_and_ringing_are_no_speech() -> None:
    pairs = [(row, column) for row in (697, 770, 852, 941) for column in (1209, 1336, 1477, 1633)]
    keys = np.concatenate([np.concatenate([tone(0.12, *pair), np.zeros(RATE // 5)]) for pair in pairs])
    ringing = np.concatenate([tone(0.4, 400, 450), np.zeros(RATE // 5)] * 8)
    beeps = np.concatenate([tone(0.2, 1000), np.zeros(RATE // 2)] * 5)
    for sound in (keys, ringing, beeps):
        assert sum(detect(sound + noise(len(sound) / RATE, -65))) <= 8


@pytest.mark.parametrize("delay_ms", [0, 120, 300])
@pytest.mark.parametrize("echo_db", [-20, -30])
def test_the_bot_does_not_hear_itself(echo_db: float, delay_ms: int) -> None:
    bot = bot_voice(60)
    echo = np.roll(bot, delay_ms * RATE // 1000) * 10 ** (echo_db / 20) + noise(60, -65)
    verdicts = detect(echo, sounding(bot))
    assert sum(verdicts) <= 0.005 * len(verdicts)
    assert starts(verdicts) == []
    assert starts(detect(echo)) != []  # without the guard it would


def test_a_loud_echo_is_learnt() -> None:
    bot = bot_voice(60)
    echo = np.roll(bot, 120 * RATE // 1000) * 10 ** (-8 / 20)
    assert sum(detect(echo, sounding(bot))[5 * SECOND :]) <= 30


def interrupt(caller: Recording, *, softer_db: float, echo_db: float, after_s: int) -> list[int]:
    """When an interruption was noticed (ms after the caller's recording began); the bot speaks all the time."""
    bot, speech = bot_voice(after_s + 8), at_level(caller.sound, BOT_DB - softer_db)
    line = bot * 10 ** (echo_db / 20) + noise(after_s + 8, -65)
    line[after_s * RATE : after_s * RATE + len(speech)] += speech
    return [at_ms - after_s * 1000 for at_ms in starts(detect(line[: after_s * RATE + len(speech)], sounding(bot)))]


def test_callers_as_loud_as_the_bot_interrupt_it_at_once() -> None:
    later_ms = []
    for caller in CALLERS:
        alone = starts(detect(np.concatenate([noise(1, -65), at_level(caller.sound, BOT_DB)])))[0] - 1000
        later_ms.append(interrupt(caller, softer_db=0, echo_db=-20, after_s=10)[0] - alone)
    assert np.median(later_ms) <= 60
    assert sorted(later_ms)[-2] <= 200  # one says the first words far softer than the last


def test_soft_callers_interrupt_on_a_line_without_echo() -> None:
    found = [bool(interrupt(caller, softer_db=10, echo_db=-100, after_s=6)) for caller in CALLERS]
    assert all(found)


def test_soft_callers_mostly_interrupt_on_a_line_with_some_echo() -> None:
    found = [bool(interrupt(caller, softer_db=10, echo_db=-26, after_s=10)) for caller in CALLERS]
    assert sum(found) >= 9


def test_any_size_of_frame_is_taken() -> None:
    detector, speech = WebRtcDetector(RATE), to_pcm(CALLERS[0].sound)
    for size in (0, 1, 7, 159, 160, 161, 320, 321, 333, 480, 640, 1000, 20_001):
        assert detector.is_speech(speech[4000 : 4000 + size], bot_db=None) in (True, False)
    loudest = int(np.argmax(levels(CALLERS[0].sound))) * FRAME * 2
    for size in (320, 480, 640, 1001):
        detector.is_speech(bytes(32_000), bot_db=None)
        assert detector.is_speech(speech[loudest : loudest + size], bot_db=None)


def test_an_unknown_rate_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="44100 Hz"):
        WebRtcDetector(44_100)


def test_a_frame_costs_next_to_nothing() -> None:
    frames = [caller.pcm[at : at + 2 * FRAME] for caller in CALLERS for at in range(0, len(caller.pcm) - 2 * FRAME, 2 * FRAME)]
    detector, began = WebRtcDetector(RATE), time.thread_time()
    for frame in frames:
        detector.is_speech(frame, bot_db=None)
    assert (time.thread_time() - began) / len(frames) < 300e-6  # measured 12 us; the machine may be busy


def plainly_a_tone(detector: ToneDetector, samples: np.ndarray[tuple[int], np.dtype[np.float32]], steady: bool, rate: int) -> bool:
    """What stream.detector.ToneDetector decides, without its shortcuts."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    total, peaks = power.sum() or 1.0, []
    for _ in range(2):
        at = int(power.argmax())
        peaks.append((at * rate / len(samples), power[max(0, at - 2) : at + 3].sum()))
        power[max(0, at - 2) : at + 3] = 0
    share = sum(energy for _, energy in peaks) / total
    lowest_hz = min(hz for hz, energy in peaks if energy >= 0.02 * total or hz == peaks[0][0])
    return bool((share > detector.LOW_SHARE and steady) or (share > detector.SHARE and lowest_hz > detector.HIGH_HZ))


@pytest.mark.parametrize("rate", [8000, 16_000])
def test_the_shortcuts_of_the_tone_detector_change_no_verdict(rate: int) -> None:
    keys = np.concatenate([tone(0.1, row, column) for row in (697, 770, 852, 941) for column in (1209, 1336, 1477, 1633)])
    sweep = np.concatenate([tone(0.04, hz, hz * 1.3) for hz in range(200, 3000, 37)])
    sounds = [one.sound for one in CALLERS] + [keys, sweep, tone(2, 350, 440), tone(2, 1000), noise(2, -30)]
    verdicts = []
    for sound in sounds:
        pcm, detector, last_db = to_pcm(soxr.resample(sound, RATE, rate)), ToneDetector(rate), -100.0
        for at in range(0, len(pcm) - rate // 25 + 1, rate // 25):
            frame = pcm[at : at + rate // 25]
            samples, db = np.frombuffer(frame, "<i2").astype(np.float32), level(frame)
            steady, last_db = abs(db - last_db) < ToneDetector.STEADY_DB, db
            verdicts.append((detector.found(frame, db), plainly_a_tone(detector, samples, steady, rate)))
    assert [found for found, _ in verdicts] == [plain for _, plain in verdicts]
    assert 100 < sum(found for found, _ in verdicts) < len(verdicts) / 2


def test_the_floor_is_the_quietest_frame_of_the_last_second() -> None:
    dice, floor, last = random.Random(4), NoiseFloor(), deque[float](maxlen=50)
    for _ in range(5000):
        level_db = dice.choice([-100.0, dice.uniform(-70, -20), dice.uniform(-40, -38)])
        last.append(level_db)
        was_open = floor._open
        above = NoiseFloor.HOLDS_DB if was_open else NoiseFloor.OPENS_DB
        assert floor.exceeded(level_db) is (level_db > max(min(last), NoiseFloor.LEAST_DB) + above)


@pytest.mark.parametrize("rate", [8000, 16_000])
def test_the_level_is_the_root_mean_square(rate: int) -> None:
    for db in range(-60, 0, 3):
        samples = np.frombuffer(to_pcm(noise(0.1, db)), "<i2")[: rate // 50]
        exact = 10 * np.log10(np.mean(np.square(samples / 32768)))
        assert level(samples.tobytes()) == pytest.approx(exact, abs=0.3)
    assert level(bytes(320)) == -100.0
