"""The recogniser as a service: real processes, asked by our own client and by plain HTTP; and on Ray Serve where that is installed."""

from __future__ import annotations

import importlib.util
import io
import json
import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
import yaml
from flask.testing import FlaskClient

import stt
from calls.call import Spent, Transcript, Utterance, Wanted
from calls.errors import EngineError, EngineRefused, EngineUnavailable
from calls.ports import NEEDED, Recognizer
from calls.settings import Environment, RecognizerSettings, Settings, load
from engines import make_recognizer
from service.answers import answer, verbose
from service.ears import Ears
from service.sound import BadSound, TooMuchSound, utterance_of
from service.transcriptions import make_app
from simulator.bot_process import ROOT, BotProcess, free_port
from stream.ladder import LadderRecognizer
from stream.remote import SO_FAR, RemoteFailed, RemoteRecognizer
from stream.remote_answer import judged, read
from stream.remote_question import wav_of
from stream.whisper_guards import rejection
from tests.recorded import noise, recordings, to_pcm

KEY = "stt-test-0123456789"
OURS = ("en", "hi", "ta")
ROUTE = "/v1/audio/transcriptions"
SETTINGS = RecognizerSettings()
ON_THIS_MACHINE = Environment.read({"WHISPER_MODEL": "offline", "WHISPER_DEVICE": "cpu"})
SPOKEN = [Utterance(each.pcm, 8000, 0, 0) for each in recordings()]


class Service(BotProcess):
    """`stt.py` as a process of its own."""

    def __init__(self, environ: dict[str, str] | None = None, *, port: int = 0) -> None:
        port = port or free_port()
        given = {"STT_KEY": KEY, "WHISPER_MODEL": "offline", "WHISPER_DEVICE": "cpu", "BOT_CONFIG": "jambonz-app.json", **(environ or {})}
        super().__init__({**given, "PORT": str(port), "STT_PORT": str(port)}, command=(sys.executable, "stt.py"), grace_s=40)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with Service() as running:
        yield running


@pytest.fixture(scope="module")
def local() -> Iterator[Recognizer]:
    recognizer = make_recognizer(load("jambonz-app.json"), ON_THIS_MACHINE)
    yield recognizer
    recognizer.close()  # type: ignore[attr-defined]


@contextmanager
def listening(url: str, **how: Any) -> Iterator[RemoteRecognizer]:
    settings = load("jambonz-app.json").recognizer
    given = {"languages": OURS, "settings": settings, "key": KEY, "model": "offline", "timeout_ms": 30_000, **how}
    with closing(RemoteRecognizer(url=f"{url}/v1", **given)) as ear:
        yield ear


def asked(service: Service, file: bytes, *, key: str = KEY, headers: dict[str, str] | None = None, **fields: str) -> httpx.Response:
    given = {"Authorization": f"Bearer {key}", **(headers or {})} if key else headers
    form = {"model": "offline", **fields}
    return httpx.post(service.url + ROUTE, data=form, files={"file": ("speech", file)}, headers=given, timeout=60)


# -- it hears as the local one does -------------------------------------------------
@pytest.mark.parametrize("so_far", [None, "hi"])
def test_over_the_wire_it_hears_what_the_local_recogniser_hears(service: Service, local: Recognizer, so_far: str | None) -> None:
    with listening(service.url) as ear:
        for utterance in SPOKEN:
            here, there = (each.transcribe(utterance, language=so_far) for each in (local, ear))
            assert (there.text, there.language, there.rejected) == (here.text, here.language, here.rejected)
            assert there.confidence == pytest.approx(here.confidence, abs=1e-6)
            assert there.language_confidence == pytest.approx(here.language_confidence, abs=1e-6)
            assert there.spent
            assert there.spent.encode_ms + there.spent.decode_ms > 0


@pytest.mark.parametrize("db", [-70, -30])
def test_what_is_no_speech_is_no_words(service: Service, local: Recognizer, db: float) -> None:
    sound = Utterance(to_pcm(noise(1.5, db)), 8000, 0, 1500)
    with listening(service.url) as ear:
        here, there = (each.transcribe(sound, language="ta") for each in (local, ear))
    assert (there.text, there.rejected) == (here.text, here.rejected)


def test_the_house_chooses_it_by_its_settings(service: Service) -> None:
    settings = load("jambonz-app.json")
    chosen = settings.recognizer.model_copy(update={"use": "remote", "options": {"model": "offline", "timeout_ms": 30_000}})
    where = {"STT_URL": f"{service.url}/v1", "STT_KEY": KEY, "WHISPER_MODEL": "offline", "WHISPER_DEVICE": "cpu"}
    ladder: Any = make_recognizer(settings.model_copy(update={"recognizer": chosen}), Environment.read(where))
    with closing(ladder):
        assert ladder.transcribe(SPOKEN[0], language=None).text == next(recordings()).said
        assert (ladder.describe()["rung"], ladder.describe()["fell"]) == (1, 0)


# -- the contract -------------------------------------------------------------------
def test_its_forms(service: Service) -> None:
    recording = next(recordings())
    wav = wav_of(SPOKEN[0])
    assert asked(service, wav).json() == {"text": recording.said}
    assert asked(service, wav, response_format="text", temperature="0.2", prompt="GST").text == recording.said + "\n"
    told = asked(service, wav, response_format="verbose_json").json()
    assert (told["task"], told["language"], told["text"]) == ("transcribe", "english", recording.said)
    assert told["duration"] == pytest.approx(len(recording.pcm) / 16_000, abs=0.001)
    assert [part["text"] for part in told["segments"]] == [recording.said]
    assert -0.7 < told["segments"][0]["avg_logprob"] <= 0


@pytest.mark.parametrize(("form", "rate", "channels"), [("FLAC", 8000, 1), ("OGG", 16_000, 1), ("WAV", 44_100, 2), ("MP3", 16_000, 2)])
def test_other_files_are_heard_as_well(service: Service, form: str, rate: int, channels: int) -> None:
    recording = next(recordings())
    at = np.linspace(0, len(recording.sound) - 1, len(recording.sound) * rate // 8000)
    sound = np.interp(at, np.arange(len(recording.sound)), recording.sound)
    file = io.BytesIO()
    soundfile.write(file, np.stack([sound] * channels, axis=1), rate, format=form)
    assert asked(service, file.getvalue()).json() == {"text": recording.said}


@pytest.mark.parametrize("language", ["hi", "hindi", "hi-IN"])
def test_a_language_may_be_told_in_any_spelling(service: Service, language: str) -> None:
    hindi = next(each for each in recordings() if each.language == "hi")
    told = asked(service, wav_of(Utterance(hindi.pcm, 8000, 0, 0)), language=language, response_format="verbose_json").json()
    assert (told["language"], told["text"]) == ("hindi", hindi.said)


def test_the_model_has_a_name(service: Service) -> None:
    told = httpx.get(f"{service.url}/v1/models", headers={"Authorization": f"Bearer {KEY}"}).json()
    assert [each["id"] for each in told["data"]] == ["offline"]


@pytest.mark.parametrize("key", ["", "stt-test", KEY + "0", KEY.replace("9", "8"), "ключ"])
def test_nobody_is_heard_without_the_key(service: Service, key: str) -> None:
    given = {"Authorization": f"Bearer {key}".encode()} if key else {}
    for response in (
        httpx.post(service.url + ROUTE, data={"model": "m"}, files={"file": ("a.wav", wav_of(SPOKEN[0]))}, headers=given),
        httpx.get(f"{service.url}/v1/models", headers=given),
    ):
        assert (response.status_code, response.json()["error"]["code"]) == (401, "invalid_api_key")


def test_our_client_is_told_that_its_key_is_wrong(service: Service) -> None:
    with listening(service.url, key="stt-other") as ear, pytest.raises(RemoteFailed) as failed:
        ear.transcribe(SPOKEN[0], language=None)
    assert failed.value.why == "refused_key"


WAV = wav_of(SPOKEN[0])


def wav(seconds: float, rate: int) -> bytes:
    return wav_of(Utterance(bytes(2 * int(seconds * rate)), rate, 0, 0))


def packed(seconds: float) -> bytes:
    """Silence in a small file."""
    file = io.BytesIO()
    soundfile.write(file, np.zeros(int(seconds * 8000), np.int16), 8000, format="FLAC")
    return file.getvalue()


@pytest.mark.parametrize(
    ("file", "fields", "status", "param", "told"),
    [
        (b"", {}, 400, "file", "no sound"),
        (b"RIFF" + bytes(100), {}, 400, "file", "no sound"),
        (WAV[:30], {}, 400, "file", "no sound"),
        (wav(0, 8000), {}, 400, "file", "holds no sound"),
        (wav(1, 1000), {}, 400, "file", "1000 samples a second"),
        (packed(600), {}, 413, "file", "longer than 120 s"),
        (bytes(26 * 2**20), {}, 413, None, "larger than"),
        (WAV, {"model": " "}, 400, "model", "model is missing"),
        (WAV, {"response_format": "srt"}, 400, "response_format", "json, text, verbose_json"),
        (WAV, {"language": "fr"}, 400, "language", "en, hi, ta"),
    ],
    ids=["empty", "no WAV", "cut off", "no samples", "slow", "long", "large", "no model", "form", "language"],
)
def test_what_is_wrong_is_said(service: Service, file: bytes, fields: dict[str, str], status: int, param: Any, told: str) -> None:
    response = asked(service, file, **fields)
    error = response.json()["error"]
    assert (response.status_code, error["param"], error["type"]) == (status, param, "invalid_request_error")
    assert told in error["message"]


def test_a_form_without_a_file(service: Service) -> None:
    response = httpx.post(service.url + ROUTE, data={"model": "m"}, headers={"Authorization": f"Bearer {KEY}"})
    assert (response.status_code, response.json()["error"]["param"]) == (400, "file")
    assert httpx.get(f"{service.url}/v1/nothing").json()["error"]["message"] == "Not Found"


def test_it_is_counted(service: Service) -> None:
    def heard() -> float:
        lines = httpx.get(f"{service.url}/metrics").text.splitlines()
        return float(next((line for line in lines if line.startswith('voicebot_stt_requests_total{status="200"}')), " 0").split()[-1])

    before = heard()
    asked(service, WAV)
    assert heard() == before + 1
    assert httpx.get(f"{service.url}/healthz").json() == {"status": "alive"}


def test_neither_words_nor_key_are_in_its_log(service: Service) -> None:
    asked(service, WAV)
    log = service.log.read_text()
    assert "recogniser loaded" in log
    assert KEY not in log
    assert next(recordings()).said not in log


# -- its life -----------------------------------------------------------------------
def test_a_stop_answers_what_is_being_heard() -> None:
    long = wav_of(Utterance(b"".join(each.pcm for each in SPOKEN[:6]), 8000, 0, 0))
    with Service({"NOTICE_SECONDS": "8"}) as service, ThreadPoolExecutor(4) as pool:
        hearing = [pool.submit(asked, service, long) for _ in range(4)]
        while not httpx.get(f"{service.url}/readyz").json()["busy"]:
            assert not all(each.done() for each in hearing)
        os.kill(service.pid, signal.SIGTERM)
        while (report := httpx.get(f"{service.url}/readyz")).status_code != 503:
            pass
        assert report.json()["draining"] is True
        assert asked(service, WAV).json() == {"text": next(recordings()).said}
        assert {each.result().status_code for each in hearing} == {200}
        assert os.waitpid(service.pid, 0)[1] == 0


def test_while_it_is_dead_the_model_behind_hears(local: Recognizer) -> None:
    now, port = [0.0], free_port()
    with Service(port=port) as service, listening(service.url, clock=lambda: now[0], timeout_ms=5000) as remote:
        ladder = LadderRecognizer(remote, local)
        words = [ladder.transcribe(each, language=None).text for each in SPOKEN[:4]]
        service._kill_tree()
        assert [ladder.transcribe(each, language=None).text for each in SPOKEN[:4]] == words
        assert (ladder.describe()["rung"], ladder.describe()["fell"]) == (2, 4)
        with Service(port=port):
            now[0] = 60.0
            assert ladder.transcribe(SPOKEN[0], language=None).text == words[0]
            assert ladder.describe()["rung"] == 1


@pytest.mark.parametrize(("environ", "told"), [({"STT_PORT": "many"}, "STT_PORT"), ({"BOT_CONFIG": "nowhere.json"}, "nowhere.json")])
def test_an_operators_mistake_is_named_at_start(environ: dict[str, str], told: str) -> None:
    done = subprocess.run(
        (sys.executable, "stt.py"), cwd=ROOT, env={**os.environ, **environ}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("use", "options", "served"),
    [
        ("whisper", {"cpu_threads": 1}, "whisper"),
        ("remote", {"model": "m", "fallback": ""}, "whisper"),
        ("remote", {"model": "m"}, "whisper"),
    ],
)
def test_it_serves_what_the_bots_own_file_has_behind_the_remote_one(use: str, options: dict[str, Any], served: str) -> None:
    settings: Settings = load("jambonz-app.json")
    settings = settings.model_copy(update={"recognizer": settings.recognizer.model_copy(update={"use": use, "options": options})})
    chosen = stt.served(settings).recognizer
    assert (chosen.use, chosen.options) == (served, options if use == "whisper" else {})


# -- what it does when its recogniser can't -----------------------------------------
class Held:
    """Hears when it is let; says what it is told to."""

    languages = OURS
    at_once = 1

    def __init__(self) -> None:
        self.may, self.state, self.fails, self.so_far = threading.Event(), "ok", None, [""]
        self.fails: Exception | None = None
        self.may.set()

    def describe(self) -> dict[str, Any]:
        return {"model": "held", "state": self.state}

    def transcribe(self, utterance: Utterance, *, language: str | None, wanted: Wanted = NEEDED) -> Transcript:
        self.so_far.append(language or "")
        assert self.may.wait(30)
        if self.fails:
            raise self.fails
        return Transcript("नमस्ते", "hi", 0.9, 0.8, spent=Spent(1, 2, 3))


@pytest.fixture
def held() -> Held:
    return Held()


def client_of(ears: Ears) -> FlaskClient:
    return make_app(ears).test_client()


def ready(ears: Ears) -> FlaskClient:
    ears.start()
    client = client_of(ears)
    while client.get("/readyz").status_code != 200:
        time.sleep(0.01)
    return client


def put(client: FlaskClient, **headers: str) -> Any:
    return client.post(ROUTE, data={"model": "m", "file": (io.BytesIO(WAV), "a.wav")}, headers=headers)


def test_who_comes_when_it_is_full_is_told_at_once(held: Held) -> None:
    ears = Ears(lambda: held)
    client = ready(ears)
    held.may.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(put, client_of(ears))
        while not ears.busy:
            time.sleep(0.01)
        second = put(client)
        held.may.set()
        assert first.result().json == {"text": "नमस्ते"}
    assert (second.status_code, second.headers["Retry-After"], second.json["error"]["code"]) == (429, "1", "full")
    assert put(client).status_code == 200


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (EngineRefused("full"), 429, "1"),
        (EngineRefused("hung"), 503, "5"),
        (EngineRefused("restarting"), 503, "5"),
        (EngineError("it broke over 98400"), 500, None),
        (ZeroDivisionError("a mistake with 98400"), 500, None),
    ],
)
def test_an_engine_that_fails_says_whose_fault_it_is(held: Held, error: Exception, status: int, retry_after: str | None) -> None:
    client = ready(Ears(lambda: held))
    held.fails = error
    answered = put(client)
    assert (answered.status_code, answered.headers.get("Retry-After")) == (status, retry_after)
    assert answered.json["error"]["message"]
    assert "98400" not in answered.text
    held.fails = None
    assert put(client).status_code == 200


def test_the_callers_language_so_far_is_weighed_if_it_is_ours(held: Held) -> None:
    client = ready(Ears(lambda: held))
    for told in ("ta", "fr", ""):
        put(client, **{SO_FAR: told})
    assert held.so_far == ["", "ta", "", ""]


def test_it_is_not_ready_while_its_engine_is_replaced(held: Held) -> None:
    client = ready(Ears(lambda: held))
    held.state = "restarting"
    report = client.get("/readyz")
    assert (report.status_code, report.json["recognizer"]["state"]) == (503, "restarting")
    held.state = "ok"
    assert client.get("/readyz").status_code == 200


def test_until_it_has_loaded_it_says_so(held: Held) -> None:
    client = client_of(Ears(lambda: held))
    assert (client.get("/healthz").status_code, client.get("/readyz").json["engines"]) == (200, "loading")
    answered = put(client)
    assert (answered.status_code, answered.headers["Retry-After"], answered.json["error"]["code"]) == (503, "5", "loading")
    assert client.get("/v1/models").json["data"] == []


def test_what_can_not_be_loaded_is_tried_again(held: Held) -> None:
    tries: list[Any] = [ZeroDivisionError("a mistake of ours"), EngineUnavailable("no model lies there"), held]
    seen = threading.Event()

    def load_it() -> Recognizer:
        found = tries.pop(0)
        if isinstance(found, Exception):
            raise found
        assert seen.wait(30)
        return found  # type: ignore[no-any-return]

    ears = Ears(load_it, pauses_s=(0.01,))
    client = client_of(ears)
    ears.start()
    while (report := client.get("/readyz").json)["engines"] != "no model lies there":
        assert not report["ready"]
        time.sleep(0.01)
    seen.set()
    while client.get("/readyz").status_code != 200:
        time.sleep(0.01)
    assert put(client).json == {"text": "नमस्ते"}


# -- pure ---------------------------------------------------------------------------
@pytest.mark.parametrize("confidence", [1.0, 0.6, 0.0])
def test_our_client_reads_what_was_meant(confidence: float) -> None:
    meant = Transcript("மதிய வணக்கம்", "ta", confidence, 0.83, spent=Spent(4, 50, 60))
    told = read(answer(meant, SPOKEN[0], "verbose_json")[1].encode())
    assert (told.language, told.language_probability, told.text, told.spent) == ("ta", 0.83, meant.text, meant.spent)
    if confidence > math.exp(SETTINGS.min_avg_logprob):
        assert judged(told, "ta", 0.83, SETTINGS, ()).confidence == pytest.approx(confidence)


@pytest.mark.parametrize("why", ["silence", "no_speech", "low_confidence", "repetition", "prompt_echo"])
def test_a_rejection_says_over_the_wire_why(why: str) -> None:
    meant = Transcript("", "hi", 0.0, 0.5, why)
    told = read(json.dumps(verbose(meant, SPOKEN[0])).encode())
    assert judged(told, "hi", 0.5, SETTINGS, ()) == meant
    assert rejection(told.text, 0.0, 0.0, SETTINGS, ()) == "no_speech"  # what it would be without being told


def test_channels_are_mixed() -> None:
    left, right = np.full(800, 1000, np.int16), np.full(800, 3000, np.int16)
    file = io.BytesIO()
    soundfile.write(file, np.stack([left, right], axis=1), 8000, format="WAV", subtype="PCM_16")
    utterance = utterance_of(file.getvalue())
    assert (utterance.sample_rate, utterance.duration_ms) == (8000, 100)
    assert set(np.frombuffer(utterance.pcm, "<i2")) == {2000}


def test_a_file_that_says_too_much_is_not_unpacked() -> None:
    began = time.process_time()
    with pytest.raises(TooMuchSound):
        utterance_of(packed(3600))
    packing = time.process_time() - began
    with pytest.raises(BadSound):
        utterance_of(b"")
    assert packing < 30


# -- Ray Serve ----------------------------------------------------------------------
RAY = ROOT / "deploy" / "ray"


def test_what_ray_is_told_exists_and_is_documented() -> None:
    (application,) = yaml.safe_load((RAY / "serve.yaml").read_text())["applications"]
    module, _, name = application["import_path"].partition(":")
    code = (ROOT / f"{module.replace('.', '/')}.py").read_text()
    assert f"\n{name} = " in code
    document = (ROOT / "docs" / "recogniser.md").read_text()
    variables = set(re.findall(r'number\("(\w+)"', code))
    assert len(variables) == 6
    assert not [variable for variable in variables if f"`{variable}`" not in document]


def test_what_ray_needs_is_pinned() -> None:
    lines = [line for line in (RAY / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert lines
    assert all(re.fullmatch(r"[a-z\[\]-]+==[\d.]+", line) for line in lines)


@pytest.mark.timeout(400)
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed: pip install -r deploy/ray/requirements.txt")
def test_a_replica_that_is_killed_under_load_loses_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        (sys.executable, "-m", "deploy.ray.kill_one", "--seconds", "16", "--threads", "3"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=390,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert (figures["lost"], figures["other_words"], figures["fell"]) == (0, 0, 0)
    assert figures["utterances"] > 10
