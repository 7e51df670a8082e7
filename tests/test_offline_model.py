"""The offline model in the folder models/: what its card promises, heard from our own voice through a telephone line."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from faster_whisper import WhisperModel

from calls.call import Transcript, Utterance
from calls.settings import RecognizerSettings
from simulator.script import Say
from simulator.speaker import Speaker
from stream.whisper import WhisperRecognizer
from stream.whisper_model import OFFLINE_FOLDER, Profile
from tests.recorded import noise, to_pcm

RATE = 8000  # Hz
LARGEST_MB = 6
TAMIL = "லைசென்ஸ் புதுப்பிக்க வேண்டும்"
NUMBER = "9845012367"
SPOKEN = {
    "en": "nine eight four five zero one two three six seven",
    "hi": "नौ आठ चार पाँच शून्य एक दो तीन छह सात",
    "ta": "நைன் எயிட் ஃபோர் ஃபைவ் ஜீரோ ஒன் டூ த்ரீ சிக்ஸ் செவன்",
}
PAIRS = {
    "en": ("i forgot my password", "please call me back"),
    "hi": ("मेरा लाइसेंस खत्म हो गया है", "मुझे ट्रेनिंग चाहिए"),
    "ta": ("டேலி திறக்கவில்லை", "எனக்கு பயிற்சி வேண்டும்"),
}


@pytest.fixture(scope="module")
def ear() -> WhisperRecognizer:
    return WhisperRecognizer(model="offline", device="cpu", languages=("en", "hi", "ta"), settings=RecognizerSettings())


@pytest.fixture(scope="module")
def speaker() -> Speaker:
    return Speaker()


def heard(ear: WhisperRecognizer, pcm: bytes, language: str | None = None) -> Transcript:
    return ear.transcribe(Utterance(pcm, RATE, began_ms=0, ended_ms=0), language=language)


def said(speaker: Speaker, text: str, language: str) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return speaker.pcm(Say(text, language), RATE)


def test_tamil_is_heard_and_known_to_be_tamil(ear: WhisperRecognizer, speaker: Speaker) -> None:
    transcript = heard(ear, said(speaker, TAMIL, "ta").tobytes())
    assert (transcript.text, transcript.language, transcript.rejected) == (TAMIL, "ta", "")
    assert transcript.language_confidence > 0.7


@pytest.mark.parametrize("language", SPOKEN)
def test_all_ten_digits_of_a_telephone_number_are_heard(ear: WhisperRecognizer, speaker: Speaker, language: str) -> None:
    transcript = heard(ear, said(speaker, SPOKEN[language], language).tobytes(), language)
    assert re.sub(r"\D", "", transcript.text) == NUMBER


@pytest.mark.parametrize("language", PAIRS)
def test_two_sentences_with_a_pause_are_both_heard(ear: WhisperRecognizer, speaker: Speaker, language: str) -> None:
    first, second = PAIRS[language]
    pause = np.zeros(RATE * 7 // 10, np.int16)
    sound = np.concatenate([said(speaker, first, language), pause, said(speaker, second, language)])
    assert heard(ear, sound.tobytes(), language).text == f"{first} {second}"


@pytest.mark.parametrize("language", ["en", "hi", "ta", None])
def test_where_nobody_speaks_nothing_is_written(ear: WhisperRecognizer, language: str | None) -> None:
    for sound in (np.zeros(3 * RATE), noise(3, -30), noise(6, -25)):
        assert heard(ear, to_pcm(sound), language).text == ""


def test_faster_whispers_own_way_works_too(speaker: Speaker) -> None:
    """It pads to 30 s and writes timestamps."""
    model = WhisperModel(str(OFFLINE_FOLDER), device="cpu", compute_type="int8", cpu_threads=1)
    audio = speaker.pcm(Say(TAMIL, "ta"), 16_000).astype(np.float32) / 32768
    segments, info = model.transcribe(audio)
    assert ("".join(segment.text for segment in segments).strip(), info.language) == (TAMIL, "ta")


def test_it_is_small_and_its_profile_is_read() -> None:
    assert sum(file.stat().st_size for file in OFFLINE_FOLDER.iterdir()) < LARGEST_MB * 1e6
    profile = Profile.read(OFFLINE_FOLDER)
    assert profile.languages == ("en", "hi", "ta")
    assert profile.window_s == json.loads((OFFLINE_FOLDER / "preprocessor_config.json").read_text())["chunk_length"]
