"""`flask bench stt`: a table and a line of JSON; and the load that it makes."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskCliRunner

from bench.random_whisper import Geometry, save
from calls.call import Utterance, Wanted
from calls.errors import EngineRefused
from calls.settings import RecognizerSettings
from stream.fake import ScriptedHearing, ScriptedRecognizer
from stream.owner_queue import Asked
from stream.throughput import Measured, flat_out, in_calls, spoken
from stream.whisper import WhisperRecognizer
from tests.recorded import noise, to_pcm
from wsgi import create_app

ENVIRON = {"ALLOW_UNSIGNED": "1", "DATABASE_URL": "sqlite:///:memory:", "WHISPER_MODEL": "offline", "WHISPER_DEVICE": "cpu"}
RATE = 8000
SOUNDS = [Utterance(bytes(2 * RATE * ms // 1000), RATE, ms, 2 * ms) for ms in (1000, 2000, 3000)]


def stt(*options: str) -> tuple[int, str]:
    runner: CliRunner = FlaskCliRunner(create_app(ENVIRON))
    result = runner.invoke(args=["bench", "stt", *options])
    return result.exit_code, result.output


def test_a_table_and_the_same_as_json() -> None:
    code, output = stt("--batch", "1,2", "--calls", "3", "--seconds", "0.5", "--language", "hi")
    assert code == 0, output
    head, _, *table, last = output.splitlines()
    told: dict[str, Any] = json.loads(last)
    assert head.startswith("offline on cpu (int8), utterances of ")
    assert (told["model"], told["device"], told["compute_type"], told["language"]) == ("offline", "cpu", "int8", "hi")
    assert [row.split("  ")[0] for row in table] == list(told["lines"]) == ["batch 1", "batch 2", "3 calls"]
    for row, figures in zip(table[:2], list(told["lines"].values())[:2], strict=True):
        assert figures["utterances"] > 0
        assert 0 < figures["median_ms"] <= figures["p95_ms"]
        assert figures["times_real_time"] == pytest.approx(figures["per_second"] * told["utterance_s"], rel=0.6)
        assert [str(figures[name]) in row for name in ("per_second", "median_ms", "p95_ms")] == [True] * 3


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--batch", "1,none"), "is no list like 1,2,4"),
        (("--batch", "0"), "is no list like 1,2,4"),
        (("--language", "fr"), "no language 'fr'"),
        (("--model", "/nowhere/model"), r"WHISPER_MODEL is '/nowhere/model'"),
    ],
)
def test_what_can_not_be_measured_is_said(options: tuple[str, ...], told: str) -> None:
    code, output = stt(*options)
    assert code != 0
    assert told in output


def test_so_many_callers_speak_a_third_of_the_time_and_not_in_step() -> None:
    heard = list(spoken(SOUNDS, calls=30, seconds=600))
    sound_s = sum(utterance.duration_ms for utterance, _ in heard) / 1000
    assert sound_s == pytest.approx(30 * 600 / 3, rel=0.1)
    gaps = [later - earlier for (_, earlier), (_, later) in pairwise(heard)]
    assert min(gaps) < 0.02 < 0.5 < max(gaps)
    assert heard == list(spoken(SOUNDS, calls=30, seconds=600))  # the same for each engine


def test_batches_are_full_and_every_hand_works() -> None:
    engine = ScriptedHearing(hands=2)
    measured = flat_out(engine, SOUNDS, language="en", batch=3, seconds=0.05)
    assert {tuple(batch) for batch in engine.batches} == {(1000, 2000, 3000)}
    assert len(measured.latencies_ms) == 3 * len(engine.batches) >= 3 * 2
    assert measured.sound_s == pytest.approx(6 * len(engine.batches))


def test_whoever_is_refused_is_counted() -> None:
    deaf = ScriptedRecognizer(*[EngineRefused("full")] * 1000)
    figures = in_calls(deaf, SOUNDS, language="en", calls=300, seconds=0.2, threads=2).figures()
    assert figures["refused"] == len(deaf.utterances) > 0
    assert (figures["utterances"], figures["median_ms"], figures["p95_ms"]) == (0, None, None)


def test_the_figures() -> None:
    measured = Measured(latencies_ms=[float(ms) for ms in range(100, 0, -1)], sound_s=200, took_s=10)
    assert measured.figures() == {
        "utterances": 100,
        "per_second": 10.0,
        "times_real_time": 20.0,
        "median_ms": 51.0,
        "p95_ms": 96.0,
        "refused": 0,
    }


@pytest.fixture(scope="module", params=[Geometry(1, 1, 64, 1), Geometry(1, 1, 64, 1, 128, 100)], ids=["v2", "v3"])
def chance(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of random weights, far smaller than any real one."""
    folder = tmp_path_factory.mktemp("chance")
    save(request.param, folder, tokens=17)
    return folder


def test_a_model_of_random_weights_writes_so_many_tokens_of_every_utterance(chance: Path) -> None:
    settings = RecognizerSettings(min_avg_logprob=-100, max_compression_ratio=1e6, max_no_speech=1)
    ear = WhisperRecognizer(model=str(chance), device="cpu", languages=("en", "hi", "ta"), settings=settings, cpu_threads=1)
    sounds = [Utterance(to_pcm(noise(seconds, -20, seed)), RATE, 0, 0) for seed, seconds in ((1, 2), (2, 5), (3, 3))]
    heard = ear.transcribe_many([Asked(sound, "hi", Wanted()) for sound in sounds])
    assert [len(each.text.split()) for each in heard] == [17, 17, 17]


def test_its_speed_is_measured_like_any_models(chance: Path) -> None:
    code, output = stt("--model", str(chance), "--batch", "2", "--seconds", "0.1")
    assert code == 0, output
    told = json.loads(output.splitlines()[-1])
    assert told["model"] == str(chance)
    assert told["lines"]["batch 2"]["utterances"] > 0
