"""The built-in voice, for real: espeak-ng speaks, and the sound is measured."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from calls.errors import EngineError, EngineUnavailable
from calls.ports import never
from tts.cache import CachedVoice
from tts.espeak import EspeakVoice

SENTENCES = {
    "en": "Your invoice is ready and you will get it by mail tomorrow.",
    "hi": "आपका बिल तैयार है और वह आपको कल सुबह ईमेल से मिल जाएगा।",
    "ta": "உங்கள் பில் தயாராக உள்ளது, நாளை காலை உங்களுக்கு கிடைக்கும்.",
}
LONG = "Please hold the line for a moment longer. " * 12  # three breaths
TAIL_MS = 150
Samples = np.ndarray[tuple[int], np.dtype[np.float64]]


@pytest.fixture(scope="module")
def voice() -> EspeakVoice:
    return EspeakVoice(names={"en": "en-gb", "hi": "hi", "ta": "ta"})


def pcm_of(voice: EspeakVoice, text: str, language: str = "en", sample_rate: int = 16_000) -> bytes:
    return b"".join(voice.speak(text, language=language, sample_rate=sample_rate))


def samples_of(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, dtype="<i2").astype(np.float64)


def level_db(samples: Samples) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(samples**2)) / 32768 + 1e-9))


def sounds_like(one: bytes, other: bytes, sample_rate: int = 16_000) -> bool:
    """espeak-ng's breath and flutter are random, so no sentence sounds the same twice. The rise and fall of its level does:
    measured over 0.92 for one sentence spoken twice, and under 0.62 for two sentences."""
    if abs(duration_ms(one, sample_rate) - duration_ms(other, sample_rate)) > 60:
        return False
    first, second = (loudness(samples_of(pcm), sample_rate // 50) for pcm in (one, other))
    shifts = [(first[lag:], second) for lag in range(3)] + [(first, second[lag:]) for lag in range(3)]
    pairs = [(a[: len(b)], b[: len(a)]) for a, b in shifts]
    return max(float(np.corrcoef(a, b)[0, 1]) for a, b in pairs) > 0.85


def loudness(samples: Samples, frame: int) -> Samples:
    """Of each frame of so many samples."""
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    levels: Samples = np.sqrt(np.mean(frames**2, axis=1))
    return levels


def duration_ms(pcm: bytes, sample_rate: int = 16_000) -> int:
    return len(pcm) * 1000 // (2 * sample_rate)


@pytest.mark.parametrize("sample_rate", [8000, 16_000])
@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_sounds_as_it_should(voice: EspeakVoice, language: str, sample_rate: int) -> None:
    pcm = pcm_of(voice, SENTENCES[language], language, sample_rate)
    samples = samples_of(pcm)
    speech = samples[: -sample_rate * TAIL_MS // 1000]
    assert 2000 < duration_ms(pcm, sample_rate) < 6000
    assert -23 < level_db(speech) < -18
    assert np.abs(samples).max() < 32_000
    assert -1 not in samples


@pytest.mark.parametrize("sample_rate", [8000, 16_000])
def test_it_begins_at_once_and_ends_with_a_short_rest(voice: EspeakVoice, sample_rate: int) -> None:
    samples = samples_of(pcm_of(voice, SENTENCES["en"], "en", sample_rate))
    loud = np.flatnonzero(np.abs(samples) > 500)
    assert loud[0] * 1000 / sample_rate < 60
    assert TAIL_MS - 20 <= (len(samples) - loud[-1]) * 1000 / sample_rate <= TAIL_MS + 60


def test_both_rates_carry_the_same_speech(voice: EspeakVoice) -> None:
    wide, narrow = (samples_of(pcm_of(voice, SENTENCES["en"], "en", rate)) for rate in (16_000, 8000))
    assert abs(len(wide) - 2 * len(narrow)) < 16_000 * 60 // 1000
    levels = [loudness(wide, 320), loudness(narrow, 160)]
    shared = min(map(len, levels))
    assert np.corrcoef(levels[0][:shared], levels[1][:shared])[0, 1] > 0.9


def test_a_sentence_comes_whole_and_a_long_text_by_the_breath(voice: EspeakVoice) -> None:
    assert len(list(voice.speak(SENTENCES["en"], language="en", sample_rate=8000))) == 1
    breaths = list(voice.speak(LONG, language="en", sample_rate=8000))
    assert len(breaths) == 3
    assert all(len(pcm) % 2 == 0 for pcm in breaths)


def test_numbers_are_spoken_as_words(voice: EspeakVoice) -> None:
    assert sounds_like(pcm_of(voice, "Ticket T-1042"), pcm_of(voice, "Ticket T one zero four two"))
    assert sounds_like(pcm_of(voice, "₹500", "hi"), pcm_of(voice, "पाँच सौ रुपये", "hi"))
    assert not sounds_like(pcm_of(voice, "₹500"), pcm_of(voice, "Ticket T-1042"))


def test_the_pace_is_the_operators() -> None:
    slow, fast = (EspeakVoice(names={"en": "en-gb"}, words_per_minute=rate) for rate in (120, 240))
    assert duration_ms(pcm_of(slow, SENTENCES["en"])) > 1.5 * duration_ms(pcm_of(fast, SENTENCES["en"]))


@pytest.mark.parametrize("text", ["", "   ", "😀🎉", "\x00\x01\x02", "...", "।"])
def test_there_is_silence_when_there_is_nothing_to_say(voice: EspeakVoice, text: str) -> None:
    assert pcm_of(voice, text) == b""


@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        ("Hel\x00lo", "Hel lo"),
        ("\x01300S\x01200P Hello there", "300S 200P Hello there"),  # espeak-ng's own commands for speed and pitch
        ("Hello <prosody rate='x-slow'>there</prosody>", "Hello there"),
        ("Hello <break time='9s'/> there", "Hello there"),
        ("[[h@l'oU]] there", "h@l'oU there"),  # espeak-ng's own phonemes
        ("Hello \ud800 there", "Hello there"),
        ("**Hello** 😀 there", "Hello there"),
    ],
)
def test_mark_up_is_never_obeyed(voice: EspeakVoice, odd: str, plain: str) -> None:
    assert sounds_like(pcm_of(voice, odd), pcm_of(voice, plain))


def test_a_very_long_text_begins_soon(voice: EspeakVoice) -> None:
    sound = voice.speak("word and more " * 357, language="en", sample_rate=16_000)
    began = time.perf_counter()
    assert next(sound)
    first_s = time.perf_counter() - began
    assert duration_ms(b"".join(sound)) > 120_000
    assert first_s < (time.perf_counter() - began) / 4


def test_a_cancelled_sentence_makes_no_sound(voice: EspeakVoice) -> None:
    assert list(voice.speak(SENTENCES["en"], language="en", sample_rate=8000, cancelled=lambda: True)) == []


def test_it_stops_between_two_breaths(voice: EspeakVoice) -> None:
    interrupted = threading.Event()
    sound = voice.speak(LONG, language="en", sample_rate=8000, cancelled=interrupted.is_set)
    assert [next(sound), next(sound)]
    interrupted.set()
    assert list(sound) == []


def test_the_library_itself_is_stopped(voice: EspeakVoice) -> None:
    """It asks after each buffer; a synthesis that is given up at the third leaves all others as they were."""
    before = pcm_of(voice, SENTENCES["en"])
    asked = iter([False, False, False, True])
    assert list(voice.speak("word " * 40, language="en", sample_rate=8000, cancelled=lambda: next(asked, True))) == []
    assert sounds_like(pcm_of(voice, SENTENCES["en"]), before)


def test_eight_calls_at_once_each_get_their_own_sound(voice: EspeakVoice) -> None:
    wanted = [(text, "en", 8000) for text in ("Your ticket is ready", "Please hold the line while I connect you", "Goodbye")]
    wanted += [("The invoice was rejected by the portal", "en", 16_000), ("Press zero for a person", "en", 16_000)]
    wanted += [(sentence, language, 16_000) for language, sentence in SENTENCES.items()]
    alone = [pcm_of(voice, *sentence) for sentence in wanted]
    start = threading.Barrier(8)

    def call(sentence: tuple[str, str, int]) -> list[bytes]:
        start.wait()
        return [pcm_of(voice, *sentence) for _ in range(5)]

    with ThreadPoolExecutor(8) as calls:
        together = list(calls.map(call, wanted))
    for (_, _, rate), own, heard in zip(wanted, alone, together, strict=True):
        assert all(sounds_like(sound, own, rate) for sound in heard)
        assert [other for other in alone if sounds_like(heard[0], other, rate)] == [own]


def test_a_slow_listener_does_not_hold_up_the_others(voice: EspeakVoice) -> None:
    slow = voice.speak(SENTENCES["en"], language="en", sample_rate=8000)
    next(slow)
    with ThreadPoolExecutor(1) as other:
        assert other.submit(pcm_of, voice, "Hello").result(timeout=2)


def test_an_unknown_voice_is_named_before_the_first_call() -> None:
    with pytest.raises(EngineUnavailable) as refused:
        EspeakVoice(names={"en": "en-atlantis", "hi": "hi", "xx": "nobody"})
    assert "voice.names.en: espeak-ng has no voice 'en-atlantis'; there are: en, " in str(refused.value)
    assert "voice.names.xx: espeak-ng has no voice 'nobody'" in str(refused.value)
    assert "names.hi" not in str(refused.value)


def test_it_needs_a_voice() -> None:
    with pytest.raises(EngineUnavailable, match=r"voice\.names"):
        EspeakVoice(names={})


def test_it_refuses_a_language_that_it_has_no_voice_for(voice: EspeakVoice) -> None:
    with pytest.raises(EngineError, match="no voice for the language 'fr'"):
        pcm_of(voice, "Bonjour", "fr")


class Counted:
    """A real voice that keeps what it was asked for, and what it answered."""

    def __init__(self, voice: EspeakVoice) -> None:
        self.voice, self.spoken, self.sounds = voice, list[str](), list[list[bytes]]()

    def speak(self, text: str, *, language: str, sample_rate: int, cancelled: Callable[[], bool] = never) -> Iterator[bytes]:
        sound: list[bytes] = []
        self.spoken.append(text)
        self.sounds.append(sound)
        for chunk in self.voice.speak(text, language=language, sample_rate=sample_rate, cancelled=cancelled):
            sound.append(chunk)
            yield chunk


@pytest.fixture
def counted(voice: EspeakVoice) -> Counted:
    return Counted(voice)


def speak(cache: CachedVoice, text: str, cancelled: Callable[[], bool] = never) -> list[bytes]:
    return list(cache.speak(text, language="en", sample_rate=8000, cancelled=cancelled))


def test_a_kept_sentence_is_spoken_once_and_comes_at_once(counted: Counted) -> None:
    cache = CachedVoice(counted)
    cache.keep([(SENTENCES["en"], "en"), (SENTENCES["hi"], "hi")], 8000)
    began = time.perf_counter()
    heard = [speak(cache, SENTENCES["en"]) for _ in range(100)]
    kept_s, began = time.perf_counter() - began, time.perf_counter()
    speak(CachedVoice(counted.voice), SENTENCES["en"])
    assert kept_s / 100 < (time.perf_counter() - began) / 4
    assert heard == [counted.sounds[0]] * 100
    assert counted.spoken == [SENTENCES["en"], SENTENCES["hi"]]


def test_another_rate_is_another_sound(counted: Counted) -> None:
    cache = CachedVoice(counted)
    cache.keep([("Hello", "en")], 8000)
    wide = list(cache.speak("Hello", language="en", sample_rate=16_000))
    assert wide == counted.sounds[1] != counted.sounds[0]


def test_recent_sentences_are_remembered_and_the_longest_unused_forgotten(counted: Counted) -> None:
    cache = CachedVoice(counted, max_entries=2)
    for text in ("one", "two", "one", "three", "one", "two"):
        speak(cache, text)
    assert counted.spoken == ["one", "two", "three", "two"]


def test_the_memory_is_bounded_in_bytes(counted: Counted) -> None:
    room = len(b"".join(speak(CachedVoice(counted.voice), "Hello"))) + 2000  # it is not always of one length
    cache = CachedVoice(counted, max_bytes=room)
    for text in ("Hello", "Hello", SENTENCES["en"], SENTENCES["en"]):
        speak(cache, text)
    assert counted.spoken == ["Hello", SENTENCES["en"], SENTENCES["en"]]


def test_a_kept_sentence_outlives_any_number_of_others(counted: Counted) -> None:
    cache = CachedVoice(counted, max_entries=1)
    cache.keep([("Hello", "en")], 8000)
    for text in ("one", "two", "Hello"):
        speak(cache, text)
    assert counted.spoken == ["Hello", "one", "two"]


def test_a_sentence_that_was_cut_short_is_not_remembered(counted: Counted) -> None:
    cache, asked = CachedVoice(counted), iter([False] * 20)
    cut = speak(cache, SENTENCES["en"], cancelled=lambda: next(asked, True))
    abandoned = cache.speak(SENTENCES["en"], language="en", sample_rate=8000)
    next(abandoned)
    abandoned.close()  # type: ignore[attr-defined]
    assert len(speak(cache, SENTENCES["en"])) > len(cut)
    assert len(counted.spoken) == 3


def test_a_remembered_sentence_stops_too(counted: Counted) -> None:
    cache = CachedVoice(counted)
    cache.keep([(LONG, "en")], 8000)
    asked = iter([False] * 2)
    assert len(speak(cache, LONG, cancelled=lambda: next(asked, True))) == 2


def test_many_calls_share_the_memory(counted: Counted) -> None:
    cache = CachedVoice(counted, max_entries=3)
    texts = [f"caller {number}" for number in range(6)]
    with ThreadPoolExecutor(8) as calls:
        heard = list(calls.map(lambda text: (text, speak(cache, text)), texts * 20))
    made = set(zip(counted.spoken, map(b"".join, counted.sounds), strict=True))
    assert {(text, b"".join(sound)) for text, sound in heard} == made
