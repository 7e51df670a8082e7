"""Recognition elsewhere, against a real HTTP server; and the ladder from there to the local model."""

from __future__ import annotations

import json
import logging
import math
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import pytest

from calls.call import Spent, Transcript, Utterance, Wanted
from calls.errors import EngineError, SettingsError
from calls.settings import RecognizerSettings
from stream.fake import ScriptedRecognizer, tone
from stream.ladder import LadderRecognizer
from stream.remote import SO_FAR, RemoteFailed, RemoteRecognizer
from stream.remote_answer import judged, read
from stream.remote_languages import code_of, nearest, settled
from stream.remote_question import prompt_of
from stream.whisper import WhisperRecognizer
from tests.fakes.transcriptions import KEY, FakeTranscriptions, segment, verbose
from tests.recorded import recordings

RATE = 8000
SPEECH = Utterance(tone(600, rate=RATE), RATE, began_ms=0, ended_ms=600)
WORDS = "where is my order"
SETTINGS = RecognizerSettings(hints=["Tally Prime", "GST"])


@pytest.fixture(scope="module")
def server() -> Iterator[FakeTranscriptions]:
    with FakeTranscriptions() as server:
        yield server


@pytest.fixture
def fake(server: FakeTranscriptions) -> FakeTranscriptions:
    server.forget()
    return server


@contextmanager
def listening(url: str, *, languages: tuple[str, ...] = ("en", "hi", "ta"), **how: Any) -> Iterator[RemoteRecognizer]:
    settings = {"settings": SETTINGS, "key": KEY, "model": "whisper-large", **how}
    with closing(RemoteRecognizer(url=f"{url}/v1", languages=languages, **settings)) as ear:
        yield ear


@pytest.fixture
def ear(fake: FakeTranscriptions) -> Iterator[RemoteRecognizer]:
    with listening(fake.url) as ear:
        yield ear


def failure(ear: Any, utterance: Utterance = SPEECH) -> RemoteFailed:
    with pytest.raises(RemoteFailed) as caught:
        ear.transcribe(utterance, language="en")
    return caught.value


# -- the contract -------------------------------------------------------------------
def test_what_is_sent(ear: RemoteRecognizer, fake: FakeTranscriptions) -> None:
    fake.will(WORDS)
    ear.transcribe(Utterance(SPEECH.pcm + b"\x07", RATE, 0, 600), language="en")
    asked = fake.asked[0]
    assert asked.fields == {"model": "whisper-large", "response_format": "verbose_json", "temperature": "0", "prompt": "Tally Prime, GST"}
    assert (asked.filename, asked.rate, asked.pcm) == ("speech.wav", RATE, SPEECH.pcm)


def test_what_comes_back(ear: RemoteRecognizer, fake: FakeTranscriptions) -> None:
    fake.will("मेरा ऑर्डर कहाँ है", language="hindi", avg_logprob=-0.3)
    heard = ear.transcribe(SPEECH, language="en")
    assert (heard.text, heard.language, heard.rejected) == ("मेरा ऑर्डर कहाँ है", "hi", "")
    assert heard.confidence == pytest.approx(math.exp(-0.3))
    assert heard.language_confidence == 0.7


def test_a_server_of_ones_own_needs_no_key_and_the_whole_address_will_do(fake: FakeTranscriptions) -> None:
    fake.needs_key = False
    fake.will(WORDS)
    whole = RemoteRecognizer(url=f"{fake.url}/v1/audio/transcriptions", languages=["en"], settings=SETTINGS, model="m")
    with closing(whole):
        assert whole.transcribe(SPEECH, language="en").text == WORDS
    assert "authorization" not in fake.requests[0].headers


def test_models_that_tell_only_the_text_are_asked_so_from_then_on(ear: RemoteRecognizer, fake: FakeTranscriptions) -> None:
    fake.formats = ("json",)
    fake.will(WORDS)
    heard = [ear.transcribe(SPEECH, language="en") for _ in range(2)]
    assert [(each.text, each.language, each.confidence, each.language_confidence) for each in heard] == [(WORDS, "en", 0.7, 0.5)] * 2
    assert len(fake.requests) == 3


def test_nobody_is_asked_about_silence(ear: RemoteRecognizer, fake: FakeTranscriptions) -> None:
    for silent in (bytes(16_000), tone(600, db=-60, rate=RATE), tone(40, rate=RATE), b""):
        heard = ear.transcribe(Utterance(silent, RATE, 0, 0), language="hi")
        assert heard == Transcript("", "hi", confidence=0.0, language_confidence=0.0, rejected="silence")
    assert not fake.requests


def test_it_is_ready_before_the_first_call(ear: RemoteRecognizer, fake: FakeTranscriptions, caplog: pytest.LogCaptureFixture) -> None:
    fake.will_answer({"text": ""})
    assert ear.warm_up() > 0
    assert (len(fake.asked), fake.asked[0].rate) == (1, 16_000)
    fake.misbehave(status=403)
    ear.warm_up()
    assert [record.__dict__["why"] for record in caplog.records if record.levelno == logging.WARNING] == ["refused_key"]
    told = {"engine": "remote", "model": "whisper-large", "languages": ["en", "hi", "ta"], "state": "resting", "failures": 1}
    assert {**ear.describe(), "rests_s": 0} == {**told, "why": "refused_key", "rests_s": 0}


def test_nobody_is_asked_about_what_is_dropped(ear: RemoteRecognizer, fake: FakeTranscriptions) -> None:
    wanted = Wanted(sure=False)
    wanted.drop()
    assert ear.transcribe(SPEECH, language="hi", wanted=wanted) == Transcript("", "hi", 0.0, 0.0, "dropped")
    assert not fake.requests


@pytest.mark.parametrize("rate", [8000, 16_000])
def test_a_short_word_is_no_silence(ear: RemoteRecognizer, fake: FakeTranscriptions, rate: int) -> None:
    fake.will("yes")
    assert ear.transcribe(Utterance(tone(150, rate=rate), rate, 0, 150), language="en").text == "yes"


# -- languages ----------------------------------------------------------------------
def test_a_language_that_is_none_of_ours_is_asked_for_again_in_ours(ear: RemoteRecognizer, fake: FakeTranscriptions) -> None:
    fake.will("میرا آرڈر", language="urdu")
    fake.will("मेरा ऑर्डर", language="hindi")
    heard = ear.transcribe(SPEECH, language="en")
    assert (heard.text, heard.language, heard.language_confidence) == ("मेरा ऑर्डर", "hi", 0.5)
    assert [asked.fields.get("language") for asked in fake.asked] == [None, "hi"]


@pytest.mark.parametrize(
    ("how", "so_far", "told", "sure"),
    [
        ({"languages": ("hi",)}, "en", "hi", 1.0),
        ({"detect": False}, "hi", "hi", 0.5),
        ({"detect": False}, None, "en", 0.5),
        ({"detect": False}, "fr", "en", 0.5),
    ],
)
def test_a_language_that_is_certain_is_told(fake: FakeTranscriptions, how: Any, so_far: str | None, told: str, sure: float) -> None:
    fake.will("12", language="welsh")
    with listening(fake.url, **how) as ear:
        heard = ear.transcribe(SPEECH, language=so_far)
    assert (heard.language, heard.language_confidence) == (told, sure)
    assert [asked.fields.get("language") for asked in fake.asked] == [told]


def test_a_server_that_tells_how_sure_it_is_of_the_language_is_believed(ear: RemoteRecognizer, fake: FakeTranscriptions) -> None:
    fake.will_answer({**verbose(WORDS, "en", [segment(WORDS)]), "language_probability": 0.93})
    assert ear.transcribe(SPEECH, language="hi").language_confidence == 0.93


OURS = ("en", "hi", "ta")


@pytest.mark.parametrize(("so_far", "told"), [("hi", "hi"), ("fr", None), (None, None)])
def test_the_callers_language_so_far_travels_in_a_header(ear: RemoteRecognizer, fake: FakeTranscriptions, so_far: Any, told: Any) -> None:
    fake.will(WORDS)
    ear.transcribe(SPEECH, language=so_far)
    assert fake.requests[0].headers.get(SO_FAR.lower()) == told
    assert "language" not in fake.asked[0].fields


@pytest.mark.parametrize(
    ("told", "text", "so_far", "language"),
    [
        ("hi", "मेरा order", "en", "hi"),
        ("en", "मेरा ऑर्डर", "en", "hi"),  # the letters know better
        ("en", "123", "ta", "ta"),  # digits are nobody's
        ("cy", "123", None, "en"),
        ("", "என் ஆர்டர்", "en", "ta"),
        ("", "where is it", "hi", "en"),
        ("", "میرا آرڈر", "en", ""),
        ("ur", "میرا آرڈر", "en", ""),
        ("mr", "माझी ऑर्डर", "hi", ""),
    ],
)
def test_which_of_our_languages_it_is(told: str, text: str, so_far: str | None, language: str) -> None:
    assert settled(told, text, OURS, so_far) == language


@pytest.mark.parametrize(
    ("told", "text", "so_far", "language"),
    [
        ("ur", "میرا آرڈر", "en", "hi"),
        ("", "میرا آرڈر", "en", "hi"),
        ("ml", "എന്റെ", "en", "ta"),
        ("cy", "rydw i", "ta", "ta"),
        ("cy", "rydw i", None, "en"),
        ("xx", "मेरा", "en", "hi"),
    ],
)
def test_in_which_of_our_languages_it_is_asked_again(told: str, text: str, so_far: str | None, language: str) -> None:
    assert nearest(told, text, OURS, so_far) == language


@pytest.mark.parametrize(
    ("told", "code"), [("Hindi", "hi"), ("hi", "hi"), ("hi-IN", "hi"), ("en_US", "en"), ("haitian creole", "ht"), ("auto", ""), ("", "")]
)
def test_names_of_languages(told: str, code: str) -> None:
    assert code_of(told) == code


# -- the guards ---------------------------------------------------------------------
NOISE = {"avg_logprob": -1.3, "no_speech_prob": 0.9}
LOOP = [segment("thank you very much") for _ in range(8)]


@pytest.mark.parametrize(
    ("segments", "text", "why"),
    [
        ([segment(WORDS), segment("Thanks for watching", **NOISE)], WORDS, ""),
        ([segment("Thanks for watching", **NOISE)], "", "no_speech"),
        ([segment("dots and dashes", avg_logprob=-1.7)], "", "low_confidence"),
        (LOOP, "", "repetition"),
        ([segment("Tally Prime, GST")], "", "prompt_echo"),
        ([segment(WORDS, avg_logprob=None, no_speech_prob=None, compression_ratio=None)], WORDS, ""),
        ([segment("मेरा ऑर्डर अभी तक नहीं आया है", compression_ratio=2.9)], "मेरा ऑर्डर अभी तक नहीं आया है", ""),  # of UTF-8: means nothing
    ],
    ids=["the end is invented", "noise", "guesses", "a loop", "the prompt", "nulls", "Hindi"],
)
def test_inventions_are_dropped(segments: list[dict[str, Any]], text: str, why: str) -> None:
    answer = read(encoded(verbose(" ".join(each["text"] for each in segments), "english", segments)))
    heard = judged(answer, "en", 0.7, SETTINGS, SETTINGS.hints)
    assert (heard.text, heard.rejected) == (text, why)
    assert (heard.confidence > 0) is bool(text)


@pytest.mark.parametrize("segments", [None, [], "x", [1], [{}], [{"text": 3, "avg_logprob": True}], [{"text": ""}]])
def test_without_segments_the_text_counts(segments: Any) -> None:
    answer = read(encoded({"text": f" {WORDS}\n", "segments": segments, "language": 5}))
    assert (answer.text, answer.language, [part.avg_logprob for part in answer.parts]) == (WORDS, "", [None])
    assert judged(read(b'{"text": ""}'), "en", 0.7, SETTINGS, ()).rejected == "no_speech"


@pytest.mark.parametrize("spent", [None, 5, {}, {"queue_ms": 1, "encode_ms": 2}, {"queue_ms": 1.5, "encode_ms": 2, "decode_ms": 3}])
def test_what_our_own_servers_tell_beyond_the_contract_may_be_anything(spent: Any) -> None:
    answer = read(encoded({"text": "", "rejected": "because", "spent": spent, "language_probability": "x"}))
    assert (answer.rejected, answer.spent, answer.language_probability) == ("", None, None)


def test_why_there_are_no_words_and_where_the_time_went_is_believed() -> None:
    spent = {"queue_ms": 1, "encode_ms": 2, "decode_ms": 3}
    heard = judged(read(encoded({"text": "", "rejected": "repetition", "spent": spent})), "hi", 0.7, SETTINGS, ())
    assert (heard.rejected, heard.spent) == ("repetition", Spent(1, 2, 3))


def test_a_text_without_figures_is_judged_too() -> None:
    answer = read(encoded({"text": "thank you very much " * 8}))
    assert judged(answer, "en", 0.7, SETTINGS, ()).rejected == "repetition"


def encoded(body: Any) -> bytes:
    return json.dumps(body).encode()


def test_as_many_hints_as_whisper_reads() -> None:
    assert prompt_of([]) == ""
    assert prompt_of(["अ" * 100, "ब" * 99, "c"]) == "अ" * 100 + ", " + "ब" * 99
    assert prompt_of(["अ" * 201, "c"]) == ""


# -- what goes wrong ----------------------------------------------------------------
@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"status": 400}, "bad_request"),
        ({"status": 307}, "bad_request"),
        ({"status": 401}, "refused_key"),
        ({"status": 429}, "rate_limited"),
        ({"status": 500}, "server_error"),
        ({"status": 503}, "overloaded"),
        ({"garbage": True}, "garbage"),
        ({"truncate": True}, "truncated"),
        ({"reset_before": True}, "truncated"),
        ({"latency_s": 0.6}, "timeout"),
    ],
)
def test_a_failure_is_one_constant_word(fake: FakeTranscriptions, how: dict[str, Any], why: str) -> None:
    fake.will(WORDS)
    fake.misbehave(**how)
    with listening(fake.url, timeout_ms=250) as ear:
        failed = failure(ear)
    assert isinstance(failed, EngineError)
    assert (failed.why, str(failed)) == (why, f"the remote recogniser failed: {why}")
    assert (failed.__cause__, failed.__context__) == (None, None)  # a library's error would quote address and answer


@pytest.mark.parametrize("body", ["null", "[]", "{}", '{"text": null}', '{"error": "x"}', "[" * 100_000, "x" * 2**21])
def test_answers_of_no_form(ear: RemoteRecognizer, fake: FakeTranscriptions, body: str) -> None:
    fake.will_answer(body.encode())
    assert failure(ear).why == "garbage"


def test_nobody_listens_at_the_address() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with listening(f"http://127.0.0.1:{free.getsockname()[1]}") as ear:
            assert failure(ear).why == "unreachable"


BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n"


@contextmanager
def trickling(head: bytes, drop: bytes, every_s: float) -> Iterator[str]:
    """A server that takes the question, sends `head`, and then drop by drop."""
    stop = threading.Event()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(2**16)
            connection.sendall(head)
            try:
                while not stop.wait(every_s):
                    connection.sendall(drop)
            except OSError:
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    ("head", "drop", "every_s"),
    [(b"", b"", 0.05), (b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.05), (BODY, b" ", 0.05), (BODY, b" ", 0.0001)],
    ids=["nothing", "a head that never ends", "a body that never ends", "a body that never pauses"],
)
def test_the_deadline_holds_however_slowly_it_comes(head: bytes, drop: bytes, every_s: float) -> None:
    with trickling(head, drop, every_s) as url, listening(url, timeout_ms=300) as ear:
        began = time.monotonic()
        assert failure(ear).why == "timeout"
        assert 0.28 < time.monotonic() - began < 1.5


def test_both_questions_of_an_utterance_share_one_deadline(fake: FakeTranscriptions) -> None:
    fake.will("میرا آرڈر", language="urdu")
    fake.misbehave(latency_s=0.2)
    with listening(fake.url, timeout_ms=300) as ear:
        began = time.monotonic()
        assert failure(ear).why == "timeout"
        assert 0.28 < time.monotonic() - began < 1.5
    assert len(fake.requests) == 2


def test_a_lost_connection_is_replaced_once(fake: FakeTranscriptions) -> None:
    fake.will(WORDS)
    with listening(fake.url) as ear:
        before = fake.connections
        ear.transcribe(SPEECH, language="en")
        fake.misbehave(reset_before=True, times=1)
        assert ear.transcribe(SPEECH, language="en").text == WORDS
        assert (len(fake.requests), fake.connections - before) == (3, 2)
        fake.misbehave(reset_before=True, times=2)
        assert failure(ear).why == "truncated"
        assert len(fake.requests) == 5


@pytest.mark.parametrize("how", [{"reset_before": True}, {"truncate": True}])
def test_a_question_that_fails_on_a_new_connection_is_not_asked_again(fake: FakeTranscriptions, how: dict[str, Any]) -> None:
    fake.will(WORDS)
    fake.misbehave(**how)
    with listening(fake.url) as ear:
        failure(ear)
    assert len(fake.requests) == 1


def test_calls_are_heard_at_once_over_kept_connections(fake: FakeTranscriptions) -> None:
    fake.hears = lambda asked: f"{len(asked.pcm)} bytes"
    fake.misbehave(latency_s=0.1)
    sounds = [Utterance(tone(ms, rate=RATE), RATE, 0, ms) for ms in range(200, 1000, 50)]
    with listening(fake.url, at_once=8) as ear, ThreadPoolExecutor(16) as calls:
        before, began = fake.connections, time.monotonic()
        heard = list(calls.map(lambda sound: ear.transcribe(sound, language="en").text, sounds))
        took = time.monotonic() - began
    assert heard == [f"{len(sound.pcm)} bytes" for sound in sounds]
    assert took < 1.2  # one after the other: 1.6 s
    assert fake.connections - before <= 8


def test_neither_words_nor_key_are_logged(ear: RemoteRecognizer, fake: FakeTranscriptions, caplog: pytest.LogCaptureFixture) -> None:
    fake.will("my number is 98400")
    with caplog.at_level(logging.DEBUG):
        ear.transcribe(SPEECH, language="en")
        fake.misbehave(status=500)
        failure(ear)
    told = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert told
    assert not [secret for secret in ("98400", KEY, "RIFF") if secret in told]


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"url": ""}, "STT_URL"),
        ({"url": "stt.example.com"}, "STT_URL is no address"),
        ({"url": "https://me:secret@stt.example.com"}, "STT_URL is no address"),
        ({"key": "a key"}, "STT_KEY"),
        ({"model": ""}, r"recognizer\.options\.model"),
        ({"timeout": 3}, r"recognizer\.options\.timeout: Extra"),
        ({"response_format": "srt"}, r"recognizer\.options\.response_format"),
    ],
)
def test_what_is_missing_or_wrong_is_said(how: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told) as caught:
        RemoteRecognizer(**{"url": "http://stt/v1", "languages": ["en"], "settings": SETTINGS, "model": "m", **how})
    assert "secret" not in str(caught.value)


# -- the breaker and the ladder -----------------------------------------------------
class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_server_that_fails_is_left_alone_for_a_while(fake: FakeTranscriptions) -> None:
    clock = Clock()
    fake.will(WORDS)
    fake.misbehave(status=500, times=4)
    with listening(fake.url, clock=clock) as ear:
        assert [failure(ear).why for _ in range(4)] == ["server_error"] * 3 + ["resting"]
        assert ear.describe() == {**ear.describe(), "state": "resting", "failures": 3, "why": "server_error", "rests_s": 20.0}
        clock.now = 21.0
        assert [failure(ear).why for _ in range(2)] == ["server_error", "resting"]
        clock.now = 42.0
        assert ear.transcribe(SPEECH, language="en").text == WORDS
        assert (ear.describe()["state"], len(fake.requests)) == ("well", 5)


def test_a_server_says_how_long_it_wants_to_rest(ear: RemoteRecognizer, fake: FakeTranscriptions) -> None:
    fake.misbehave(status=429, retry_after="40")
    assert [failure(ear).why for _ in range(2)] == ["rate_limited", "resting"]
    assert 39 < ear.describe()["rests_s"] <= 40


def test_a_server_that_is_only_full_is_asked_the_next_time(ear: RemoteRecognizer, fake: FakeTranscriptions) -> None:
    fake.will(WORDS)
    fake.misbehave(status=429, retry_after="1", times=5)
    assert [failure(ear).why for _ in range(5)] == ["rate_limited"] * 5
    assert ear.transcribe(SPEECH, language="en").text == WORDS
    assert ear.describe()["state"] == "well"


def test_the_local_model_hears_while_the_remote_one_fails(fake: FakeTranscriptions, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = Clock()
    local: Any = ScriptedRecognizer(*["heard here"] * 5)
    fake.will(WORDS)
    with listening(fake.url, clock=clock) as remote:
        ladder = LadderRecognizer(remote, local)
        assert (hear(ladder), ladder.describe()["rung"], ladder.languages, ladder.at_once) == (WORDS, 1, OURS, 16)
        fake.misbehave(status=503, times=3)
        assert [hear(ladder) for _ in range(5)] == ["heard here"] * 5
        told = ladder.describe()
        assert (told["rung"], told["fell"], told["rungs"][0]["state"], len(fake.requests)) == (2, 5, "resting", 4)
        clock.now = 21.0
        assert (hear(ladder), ladder.describe()["rung"], ladder.describe()["model"]) == (WORDS, 1, "whisper-large")
    assert [(record.levelname, record.__dict__.get("why")) for record in caplog.records if record.name == "stream.ladder"] == [
        ("WARNING", "overloaded"),
        ("INFO", None),
    ]


def test_where_neither_hears_the_bot_asks_again(fake: FakeTranscriptions) -> None:
    deaf: Any = ScriptedRecognizer(EngineError("the second"))
    fake.misbehave(status=503)
    with listening(fake.url) as remote, pytest.raises(EngineError, match="the second"):
        LadderRecognizer(remote, deaf).transcribe(SPEECH, language="en")


def test_the_offline_model_stands_behind_a_server_that_is_down(fake: FakeTranscriptions) -> None:
    caller = next(each for each in recordings() if each.name.startswith("sample08"))
    offline = WhisperRecognizer(model="offline", device="cpu", languages=OURS, settings=SETTINGS)
    fake.down = True
    with listening(fake.url) as remote:
        ladder = LadderRecognizer(remote, offline)
        assert ladder.transcribe(Utterance(caller.pcm, RATE, 0, 0), language="ta").text == caller.said
        assert (ladder.describe()["model"], ladder.describe()["rungs"][0]["why"]) == ("offline", "truncated")


def hear(ear: LadderRecognizer) -> str:
    return ear.transcribe(SPEECH, language="en").text
