"""The recogniser with the offline model: it hears the recordings, and nothing where nothing was said."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soxr

from calls.call import Transcript, Utterance
from calls.errors import EngineUnavailable
from calls.settings import RecognizerSettings
from stream.whisper import WhisperRecognizer, choose_model, to_try
from stream.whisper_guards import compression_ratio, cut, echoes, fits_script, rejection
from stream.whisper_model import OFFLINE_FOLDER, Profile
from tests.recorded import RATE, Recording, Sound, noise, recordings, to_pcm, tone

CALLERS = list(recordings())
NOWHERE = "http://127.0.0.1:9"
# what beam search of width 1 makes of the recordings that it does not hear exactly
MISHEARD = {"sample10_hi.wav", "sample11_hi.wav", "sample12_hi.wav"}


def recognizer(*languages: str, **settings: object) -> WhisperRecognizer:
    return WhisperRecognizer(
        model="offline", device="cpu", languages=languages or ("en", "hi"), settings=RecognizerSettings.model_validate(settings)
    )


@pytest.fixture(scope="module")
def ear() -> WhisperRecognizer:
    return recognizer("en", "hi")


def utterance(sound: Sound | bytes, rate: int = RATE) -> Utterance:
    pcm = sound if isinstance(sound, bytes) else to_pcm(sound)
    return Utterance(pcm, rate, began_ms=0, ended_ms=0)


def one(name: str) -> Recording:
    return next(caller for caller in CALLERS if caller.name.startswith(name))


@pytest.mark.parametrize("rate", [8000, 16_000])
@pytest.mark.parametrize("language", [None, "en"])
def test_the_recordings_are_heard(ear: WhisperRecognizer, language: str | None, rate: int) -> None:
    heard = {caller.name: ear.transcribe(utterance(soxr.resample(caller.sound, RATE, rate), rate), language=language) for caller in CALLERS}
    wrong = {caller.name for caller in CALLERS if heard[caller.name].text != caller.said}
    assert wrong <= MISHEARD
    for caller in CALLERS:
        transcript = heard[caller.name]
        assert transcript.language == caller.language
        assert transcript.language_confidence > 0.7
        assert 0.3 < transcript.confidence <= 1
        assert transcript.rejected == ""


def test_a_narrower_beam_than_the_models_own_is_a_setting(ear: WhisperRecognizer) -> None:
    """It weighs other sentences than the greedy search does; which is right is the model's affair, and the processor's arithmetic's."""
    narrow = recognizer("en", "hi", beam_size=1)
    weights = {
        beam: [beam.transcribe(utterance(each.pcm), language=each.language).confidence for each in CALLERS] for beam in (ear, narrow)
    }
    assert weights[ear] != weights[narrow]
    assert min(weights[narrow]) > 0


SPEECHLESS = {
    "silence": (np.zeros(2 * RATE), "silence"),
    "nothing": (np.zeros(0), "silence"),
    "a click": (noise(0.02, -20), "silence"),
    "comfort noise": (noise(2, -65), "silence"),
    "noise": (noise(3, -30), "no_speech"),
    "hum": (tone(3, 50, 150, 250) + noise(3, -50), "no_speech"),
    "ringing": (np.concatenate([tone(0.4, 400, 450), np.zeros(1600)] * 4), "no_speech"),
    "a key": (tone(0.5, 697, 1209), "no_speech"),
}


@pytest.mark.parametrize("sound", SPEECHLESS)
@pytest.mark.parametrize("language", ["en", "hi", None])
def test_where_nothing_is_said_no_text_is_invented(ear: WhisperRecognizer, sound: str, language: str | None) -> None:
    samples, why = SPEECHLESS[sound]
    transcript = ear.transcribe(utterance(samples), language=language)
    assert (transcript.text, transcript.rejected, transcript.confidence) == ("", why, 0.0)
    assert transcript.language == language or language is None or why == "no_speech"


def test_the_level_below_which_nothing_is_heard_is_a_setting() -> None:
    faint = utterance(one("sample03").sound * 0.01)
    assert recognizer(min_level_db=-40).transcribe(faint, language="en").rejected == "silence"
    assert recognizer(min_level_db=-70).transcribe(faint, language="en").text


def test_long_sound_is_heard_in_pieces(ear: WhisperRecognizer) -> None:
    pause = np.zeros(RATE)
    english = [caller for caller in CALLERS if caller.language == "en"]
    long = np.concatenate([part for caller in english for part in (caller.sound, pause)])
    assert len(long) / RATE > 25
    transcript = ear.transcribe(utterance(long), language="en")
    said = " ".join(caller.said for caller in english).split()
    assert len(set(said) & set(transcript.text.split())) >= 0.7 * len(set(said))
    assert transcript.language == "en"


def test_long_sound_is_cut_in_its_pauses() -> None:
    speech, pause = np.full(6 * 16_000, 0.1, np.float32), np.zeros(16_000, np.float32)
    sound = np.concatenate([speech, pause, speech, pause, speech])
    pieces = list(cut(sound, 10))
    assert [round(len(piece) / 16_000) for piece in pieces] == [6, 7, 7]
    assert np.array_equal(np.concatenate(pieces), sound)
    assert all(abs(piece[0]) < 0.01 for piece in pieces[1:])


def test_a_stray_byte_changes_nothing(ear: WhisperRecognizer) -> None:
    pcm = one("sample08").pcm
    assert ear.transcribe(utterance(pcm + b"\x07"), language="en") == ear.transcribe(utterance(pcm), language="en")


def test_only_the_configured_languages_are_heard() -> None:
    hindi_only = recognizer("hi")
    transcript = hindi_only.transcribe(utterance(one("sample08").pcm), language="hi")
    assert hindi_only.languages == ("hi",)
    assert (transcript.language, transcript.language_confidence) == ("hi", 1.0)


def test_languages_the_model_can_not_hear_are_left_out() -> None:
    assert recognizer("te", "hi", "en").languages == ("hi", "en")
    with pytest.raises(EngineUnavailable, match="hears none of the languages te"):
        recognizer("te")


@pytest.mark.parametrize(
    ("evidence", "language", "keep_below", "order"),
    [
        ({"en": 0.6, "hi": 0.4}, "hi", 0.7, ["hi", "en"]),  # not sure enough for a change
        ({"en": 0.8, "hi": 0.2}, "hi", 0.7, ["en", "hi"]),
        ({"en": 0.99, "hi": 0.01}, "hi", 1.0, ["hi", "en"]),
        ({"hi": 0.4, "en": 0.6}, None, 0.7, ["en", "hi"]),  # nothing is known yet
        ({"hi": 0.4, "en": 0.6}, "ta", 0.7, ["en", "hi"]),  # the model can't hear it
    ],
)
def test_the_language_of_the_call_is_kept_without_strong_evidence(
    evidence: dict[str, float], language: str | None, keep_below: float, order: list[str]
) -> None:
    assert to_try(evidence, language, keep_below=keep_below) == order


def test_an_unknown_language_of_the_call_does_not_matter(ear: WhisperRecognizer) -> None:
    assert ear.transcribe(utterance(one("sample08").pcm), language="ta").text == one("sample08").said


def test_several_calls_are_heard_at_once(ear: WhisperRecognizer) -> None:
    alone = [ear.transcribe(utterance(caller.pcm), language=None) for caller in CALLERS]
    together: dict[int, Transcript] = {}

    def hear(at: int) -> None:
        together[at] = ear.transcribe(utterance(CALLERS[at].pcm), language=None)

    threads = [threading.Thread(target=hear, args=(at,)) for at in range(len(CALLERS))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[at].text for at in range(len(CALLERS))] == [transcript.text for transcript in alone]


def test_it_tells_what_it_is(ear: WhisperRecognizer) -> None:
    assert ear.warm_up() > 0
    told = ear.describe()
    assert (told["model"], told["device"], told["compute_type"], told["languages"]) == ("offline", "cpu", "int8", ["en", "hi"])
    assert "never tried on people" in told["note"]
    assert "can't be reached" not in told["note"]
    json.dumps(told)


# -- which model ------------------------------------------------------------------
def test_without_the_hub_the_offline_model_steps_in(tmp_path: Path) -> None:
    began = time.monotonic()
    choice = choose_model("", "cpu", hub=NOWHERE, cache=tmp_path)
    assert time.monotonic() - began < 5
    assert (choice.name, choice.folder, choice.device, choice.compute_type) == ("offline", OFFLINE_FOLDER, "cpu", "int8")
    assert "the model hub can't be reached" in choice.note


def test_a_hub_that_never_answers_is_given_up(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        choice = choose_model("", "cpu", hub=f"http://127.0.0.1:{silent.getsockname()[1]}", cache=tmp_path, patience_s=0.3)
        assert 0.2 < time.monotonic() - began < 3
    assert choice.folder == OFFLINE_FOLDER


def test_what_was_asked_for_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"'small' is not on this machine, and the model hub can't be reached"):
        choose_model("small", "cpu", hub=NOWHERE, cache=tmp_path)


@pytest.mark.parametrize("wrong", ["/nowhere/model", "./nowhere", "~/nowhere", "a/b/c"])
def test_a_folder_that_is_none_is_named(wrong: str, tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"WHISPER_MODEL is .* no model\.bin lies there"):
        choose_model(wrong, "cpu", hub=NOWHERE, cache=tmp_path)


def test_an_unknown_name_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"'gigantic'.*large-v3-turbo"):
        choose_model("gigantic", "cpu", hub=NOWHERE, cache=tmp_path)
    with pytest.raises(EngineUnavailable, match=r"no model\.bin lies there"):
        choose_model(str(tmp_path), "cpu", hub=NOWHERE, cache=tmp_path)


def test_a_half_fetched_model_does_not_count(tmp_path: Path) -> None:
    snapshot = tmp_path / "models--Systran--faster-whisper-base" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (tmp_path / "models--Systran--faster-whisper-base" / "refs").mkdir()
    (tmp_path / "models--Systran--faster-whisper-base" / "refs" / "main").write_text("abc")
    assert choose_model("", "cpu", hub=NOWHERE, cache=tmp_path).folder == OFFLINE_FOLDER
    (snapshot / "model.bin").write_bytes(b"whole")
    assert choose_model("", "cpu", hub=NOWHERE, cache=tmp_path).folder == snapshot


def test_a_broken_model_is_reported_at_boot(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"no model")
    with pytest.raises(EngineUnavailable, match="can't be loaded on cpu"):
        WhisperRecognizer(model=str(tmp_path), device="cpu", languages=["en"], settings=RecognizerSettings())


def test_a_profile_tells_how_a_model_wants_to_be_used(tmp_path: Path) -> None:
    assert Profile.read(tmp_path) == Profile(30, (30,), (), True, 0, 1)
    assert Profile.read(OFFLINE_FOLDER) == Profile(10, (10,), ("en", "hi", "ta"), False, 1, 5)
    for wrong in ("{", "[]", '{"window_s": 40}', '{"windows_s": []}', '{"window_s": 20, "windows_s": [10]}'):
        (tmp_path / "profile.json").write_text(wrong)
        with pytest.raises(EngineUnavailable, match=r"profile\.json can't be understood"):
            Profile.read(tmp_path)


# -- the guards -------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "language", "fits"),
    [
        ("where is my order", "en", True),
        ("where is order 12", "hi", False),
        ("मेरा ऑर्डर", "en", False),
        ("मेरा order कहाँ है", "hi", True),
        ("मेरा order", "en", False),
        ("1234", "ta", True),
        ("என் ஆர்டர்", "ta", True),
        ("என் ஆர்டர்", "hi", False),
        ("میرا آرڈر", "hi", False),
        ("wo ist es", "de", True),
    ],
)
def test_the_script_fits_the_language(text: str, language: str, fits: bool) -> None:
    assert fits_script(text, language) is fits


SETTINGS = RecognizerSettings()


def test_what_is_rejected_and_why() -> None:
    assert rejection("yes please", -0.3, 0.1, SETTINGS, ()) == ""
    assert rejection("yes please", -0.3, 0.9, SETTINGS, ()) == ""  # sure words outweigh a doubt about speech
    assert rejection("yes please", -1.2, 0.9, SETTINGS, ()) == "no_speech"
    assert rejection("yes please", -1.2, 0.1, SETTINGS, ()) == ""
    assert rejection("yes please", -1.6, 0.1, SETTINGS, ()) == "low_confidence"
    assert rejection("thank you very much " * 8, -0.3, 0.1, SETTINGS, ()) == "repetition"
    assert rejection("tally prime gst", -0.3, 0.1, SETTINGS, ("Tally Prime", "GST")) == "prompt_echo"
    assert rejection("", 0.0, 0.0, SETTINGS, ()) == "no_speech"


def test_long_hindi_is_no_repetition() -> None:
    text = "मेरा ऑर्डर अभी तक नहीं आया है और मुझे बताया गया था कि वह सोमवार को पहुँच जाएगा लेकिन आज बुधवार है कृपया जाँच करें"
    assert compression_ratio(text) < 2
    assert compression_ratio("नमस्ते " * 20) > 2.4


def test_one_hint_alone_may_have_been_said() -> None:
    hints = ("Tally Prime", "e-way bill", "GST")
    assert not echoes("Tally Prime.", hints, doubtful=False)
    assert echoes("Tally Prime.", hints, doubtful=True)
    assert echoes("e way bill, GST", hints, doubtful=False)
    assert not echoes("my e way bill", hints, doubtful=True)
    assert not echoes("yes", (), doubtful=True)
