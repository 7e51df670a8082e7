"""One owner of the model: who is heard next, whom it refuses, and what happens when the model dies or hangs."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from prometheus_client import REGISTRY

from calls.call import Spent, Transcript, Utterance, Wanted
from calls.errors import EngineError, EngineRefused, EngineUnavailable
from calls.settings import Environment, RecognizerSettings, load
from engines import make_recognizer
from stream.fake import ScriptedHearing, ScriptedRecognizer
from stream.ladder import LadderRecognizer
from stream.owner import OwnedRecognizer
from stream.owner_crew import Batch, Crew, heard_by
from stream.owner_queue import Asked, Job, Waiting, by_urgency
from stream.whisper import WhisperRecognizer
from tests.recorded import RATE, recordings

CALLERS = list(recordings())
LANGUAGES = ("en", "hi", "ta")
SHIPPED = Path(__file__).parents[1] / "jambonz-app.json"
WITHIN_S = 30  # generous: the tests' machine may be busy


def utterance(began_ms: int = 0, *, ms: int = 1000) -> Utterance:
    return Utterance(bytes(ms * 2 * RATE // 1000), RATE, began_ms, began_ms + ms)


def asked(began_ms: int = 0, *, ms: int = 1000, wanted: Wanted | None = None) -> Asked:
    return Asked(utterance(began_ms, ms=ms), "en", wanted or Wanted())


def job(since_s: float, *, sure: bool = True, ms: int = 1000) -> Job:
    return Job(asked(round(since_s * 1000), ms=ms, wanted=Wanted(sure=sure)), since_s)


def names(jobs: list[Job]) -> list[int]:
    return [each.asked.utterance.began_ms for each in jobs]


def until(true: Callable[[], object]) -> None:
    give_up_at = time.monotonic() + WITHIN_S
    while not true():
        assert time.monotonic() < give_up_at, "it did not come to that"
        time.sleep(0.005)


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


# -- the queue: pure ----------------------------------------------------------------
def test_what_is_sure_goes_before_guesses_and_the_oldest_first() -> None:
    jobs = [job(3, sure=False), job(2), job(1, sure=False), job(4)]
    assert names(by_urgency(jobs)) == [2000, 4000, 1000, 3000]
    jobs[0].asked.wanted.confirm()
    assert names(by_urgency(jobs)) == [2000, 3000, 4000, 1000]


def test_a_batch_is_of_about_one_length_and_the_most_urgent_is_in_it() -> None:
    waiting = Waiting(10)
    for each in (job(1, ms=5000), job(2, ms=900), job(3, ms=4000), job(4, ms=1500), job(5, ms=3100)):
        waiting.add(each)
    assert [names(waiting.take_batch(2)) for _ in range(4)] == [[1000, 3000], [2000, 4000], [5000], []]
    assert len(waiting) == 0


def test_one_at_a_time_they_come_in_order() -> None:
    waiting = Waiting(10)
    for each in (job(2, ms=900), job(1, ms=5000), job(3, ms=900)):
        waiting.add(each)
    assert [names(waiting.take_batch(1)) for _ in range(3)] == [[1000], [2000], [3000]]


def test_what_is_dropped_leaves_the_queue_undone() -> None:
    waiting, jobs = Waiting(10), [job(1), job(2), job(3)]
    for each in jobs:
        waiting.add(each)
    jobs[1].asked.wanted.drop()
    assert names(waiting.take_dropped()) == [2000]
    assert names(waiting.take_all()) == [1000, 3000]
    assert len(waiting) == 0


def test_guesses_are_refused_before_what_is_sure() -> None:
    waiting, guess, sure = Waiting(4), Wanted(sure=False), Wanted()
    room = []
    for since_s in range(5):
        room.append((waiting.has_room(guess), waiting.has_room(sure)))
        waiting.add(job(since_s))
    assert room == [(True, True), (True, True), (False, True), (False, True), (False, False)]
    assert Waiting(1).has_room(guess)


# -- the crew: pure -----------------------------------------------------------------
def test_a_batch_that_takes_too_long_hangs() -> None:
    crew = Crew(ScriptedHearing(), since_s=0)
    assert crew.verdict(now_s=1e6, hung_after_s=20) == ""  # it has nothing to do
    crew.at_work |= {Batch([job(1)], begun_s=100), Batch([job(2), job(3)], begun_s=110)}
    assert [crew.verdict(now_s=now_s, hung_after_s=20) for now_s in (119, 120, 121)] == ["", "", "hung"]
    assert crew.busy == 3


def test_who_fails_three_times_in_a_row_is_broken() -> None:
    crew, failed, heard = Crew(ScriptedHearing(), since_s=0), EngineError("no"), Transcript("yes", "en")
    silence = Transcript("", "en", rejected="silence")
    for answers, failures in (([failed], 1), ([failed], 2), ([silence], 2), ([heard, failed], 0), ([failed, failed], 2)):
        crew.count(answers)
        assert crew.failures == failures
    assert crew.verdict(now_s=0, hung_after_s=20) == ""
    crew.count([failed])
    assert crew.verdict(now_s=0, hung_after_s=20) == "broken"


def test_an_utterance_that_can_not_be_heard_does_not_cost_its_neighbours_theirs() -> None:
    engine = ScriptedHearing(batch=4, fails=lambda each: each.utterance.began_ms == 2)
    answers = heard_by(engine, [asked(1), asked(2), asked(3)])
    assert [answer.text if isinstance(answer, Transcript) else answer.why for answer in answers] == ["1", "failed", "3"]
    assert engine.batches == [[1, 2, 3], [1], [2], [3]]


# -- its threads --------------------------------------------------------------------
class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@contextmanager
def owned(
    *engines: Any, clock: Callable[[], float] = time.monotonic, **settings: Any
) -> Iterator[tuple[OwnedRecognizer, Callable[..., Future[Transcript]]]]:
    """An owner that is given these engines one after the other (an exception is raised, the last one stays), and how to ask it."""
    left = list(engines)

    def make() -> Any:
        engine = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(engine, Exception):
            raise engine
        return engine

    recognizer = OwnedRecognizer(make, settings=RecognizerSettings(**settings), clock=clock, pause_s=0.01)
    with ThreadPoolExecutor(32) as callers, closing(recognizer):

        def ask(began_ms: int = 0, *, ms: int = 1000, wanted: Wanted | None = None) -> Future[Transcript]:
            spoken = utterance(began_ms, ms=ms)
            return callers.submit(recognizer.transcribe, spoken, language="en", wanted=wanted or Wanted())

        try:
            yield recognizer, ask
        finally:
            for engine in engines:
                getattr(engine, "free", threading.Event()).set()


def waiting(recognizer: OwnedRecognizer, many: int) -> None:
    until(lambda: recognizer.describe()["waiting"] == many)


def why(answer: Future[Transcript]) -> str:
    with pytest.raises(EngineError) as caught:
        answer.result(WITHIN_S)
    return caught.value.why


def test_while_the_model_is_busy_the_others_wait_in_order_of_urgency() -> None:
    engine, guess, unwanted = ScriptedHearing(), Wanted(sure=False), Wanted()
    engine.free.clear()
    with owned(engine) as (recognizer, ask):
        answers = [ask(0)]
        engine.entered.acquire()
        for at, wanted in enumerate((Wanted(sure=False), Wanted(), unwanted, guess), start=1):
            answers.append(ask(at, wanted=wanted))
            waiting(recognizer, at)
        assert (recognizer.describe()["state"], recognizer.describe()["busy"]) == ("ok", 1)
        assert counted("voicebot_recognizer_waiting") == 4
        guess.confirm()
        unwanted.drop()
        engine.free.set()
        heard = [answer.result(WITHIN_S) for answer in answers]
        assert counted("voicebot_recognizer_waiting") == 0
    assert engine.batches == [[0], [2], [4], [1]]
    assert [(each.text, each.rejected) for each in heard] == [("0", ""), ("1", ""), ("2", ""), ("", "dropped"), ("4", "")]


def test_an_engine_that_can_hears_several_calls_together() -> None:
    engine = ScriptedHearing(batch=3)
    engine.free.clear()
    with owned(engine) as (recognizer, ask):
        answers = [ask(0)]
        engine.entered.acquire()
        for at, ms in enumerate((1000, 9000, 1200, 1400, 8000, 900), start=1):
            answers.append(ask(at, ms=ms))
            waiting(recognizer, at)
        engine.free.set()
        assert [answer.result(WITHIN_S).text for answer in answers] == [str(at) for at in range(7)]
    assert engine.batches == [[0], [1, 3, 4], [2, 5], [6]]


def test_several_hands_hear_at_once() -> None:
    engine = ScriptedHearing(hands=2)
    engine.free.clear()
    with owned(engine) as (recognizer, ask):
        answers = [ask(at) for at in range(2)]
        for _ in answers:
            engine.entered.acquire()
        assert recognizer.describe()["busy"] == 2
        engine.free.set()
        assert [answer.result(WITHIN_S).text for answer in answers] == ["0", "1"]


def test_it_tells_how_long_an_utterance_waited() -> None:
    engine = ScriptedHearing()
    engine.free.clear()
    with owned(engine) as (recognizer, ask):
        first = ask(0)
        engine.entered.acquire()
        second = ask(1)
        waiting(recognizer, 1)
        time.sleep(0.1)
        engine.free.set()
        spent = [answer.result(WITHIN_S).spent for answer in (first, second)]
    assert spent[0] is not None
    assert spent[1] is not None
    assert spent[1].queue_ms >= 100 > 0 <= spent[0].queue_ms


def test_a_full_queue_refuses_at_once_guesses_first() -> None:
    engine, before = ScriptedHearing(), counted("voicebot_recognizer_refused_total", why="full")
    engine.free.clear()
    with owned(engine, most_waiting=4) as (recognizer, ask):
        answers = [ask(0)]
        engine.entered.acquire()
        for at in (1, 2):
            answers.append(ask(at))
            waiting(recognizer, at)
        assert why(ask(9, wanted=Wanted(sure=False))) == "full"
        answers += [ask(3), ask(4)]
        waiting(recognizer, 4)
        assert why(ask(9)) == "full"
        engine.free.set()
        assert [answer.result(WITHIN_S).text for answer in answers] == ["0", "1", "2", "3", "4"]
        assert recognizer.at_once > 4 + 1  # or nobody would be there to be refused
    assert counted("voicebot_recognizer_refused_total", why="full") == before + 2


# -- a model that dies or hangs -------------------------------------------------------
def test_a_model_that_hangs_is_given_up_and_loaded_anew() -> None:
    hung, fresh, before = ScriptedHearing(), ScriptedHearing(), counted("voicebot_recognizer_restarts_total")
    hung.free.clear()
    clock = Clock()
    with owned(hung, fresh, clock=clock) as (recognizer, ask):
        answers = [ask(at) for at in range(3)]
        hung.entered.acquire()
        waiting(recognizer, 2)
        assert not any(answer.done() for answer in answers)
        clock.now_s = RecognizerSettings().hung_after_s + 1
        assert [why(answer) for answer in answers] == ["hung"] * 3
        until(lambda: recognizer.describe()["state"] == "ok")
        assert recognizer.describe() == {"model": "scripted", "state": "ok", "restarts": 1, "waiting": 0, "busy": 0}
        hung.free.set()  # what it still brings is for nobody, and it is asked no more
        assert [ask(at).result(WITHIN_S).text for at in range(5)] == ["0", "1", "2", "3", "4"]
        until(lambda: threads(recognizer) == 2)  # the one that hears, the one that watches
    assert len(hung.batches) == 1
    assert counted("voicebot_recognizer_restarts_total") == before + 1


def threads(recognizer: OwnedRecognizer) -> int:
    """Of this owner."""
    owner = recognizer._owner
    targets = (getattr(thread, "_target", None) for thread in threading.enumerate())
    return sum(getattr(target, "__self__", None) is owner for target in targets)


def test_a_model_that_fails_at_everything_is_given_up_and_loaded_anew() -> None:
    with owned(ScriptedHearing(fails=lambda each: True), ScriptedHearing()) as (recognizer, ask):
        assert [why(ask(at)) for at in range(3)] == ["failed"] * 3
        until(lambda: recognizer.describe()["state"] == "ok" and recognizer.describe()["restarts"] == 1)
        assert ask(7).result(WITHIN_S).text == "7"


def test_while_it_is_loaded_anew_it_says_so_at_once() -> None:
    loading, loaded = threading.Event(), threading.Event()
    engines = iter([ScriptedHearing(fails=lambda each: True), ScriptedHearing()])

    def make() -> ScriptedHearing:
        engine = next(engines)
        if engine.fails(asked()) is False:
            loading.set()
            loaded.wait(WITHIN_S)
        return engine

    with closing(OwnedRecognizer(make, settings=RecognizerSettings(), pause_s=0.01)) as recognizer:
        for _ in range(3):
            with pytest.raises(EngineError, match="failed at an utterance"):
                recognizer.transcribe(utterance(), language="en")
        assert loading.wait(WITHIN_S)
        assert (recognizer.describe()["state"], recognizer.describe()["why"]) == ("restarting", "broken")
        with pytest.raises(EngineRefused, match="restarting"):
            recognizer.transcribe(utterance(), language="en")
        loaded.set()
        until(lambda: recognizer.describe()["state"] == "ok")
        assert recognizer.transcribe(utterance(5), language="en").text == "5"


def test_a_model_that_can_not_be_loaded_any_more_is_gone_but_tried_on() -> None:
    engines, mended = [ScriptedHearing(fails=lambda each: True)], threading.Event()

    def make() -> ScriptedHearing:
        if engines:
            return engines.pop()
        if not mended.is_set():
            raise EngineUnavailable("no model.bin")
        return ScriptedHearing()

    with closing(OwnedRecognizer(make, settings=RecognizerSettings(), pause_s=0.01)) as recognizer:
        for _ in range(3):
            with pytest.raises(EngineError):
                recognizer.transcribe(utterance(), language="en")
        until(lambda: recognizer.describe()["state"] == "gone")
        with pytest.raises(EngineRefused, match="gone"):
            recognizer.transcribe(utterance(), language="en")
        mended.set()
        until(lambda: recognizer.describe()["state"] == "ok")
        assert recognizer.transcribe(utterance(7), language="en").text == "7"


def test_a_model_that_can_not_be_loaded_at_boot_is_told_at_boot() -> None:
    with pytest.raises(EngineUnavailable, match=r"no model\.bin"), owned(EngineUnavailable("no model.bin")):
        pass


def test_the_next_recogniser_hears_while_the_model_hangs() -> None:
    hung, clock = ScriptedHearing(), Clock()
    hung.free.clear()
    with owned(hung, clock=clock) as (recognizer, _), ThreadPoolExecutor(1) as call:
        below, last = ScriptedRecognizer(EngineError("asleep")), ScriptedRecognizer("heard below")
        ladder = LadderRecognizer(recognizer, below, last)
        answer = call.submit(ladder.transcribe, utterance(), language="en")
        hung.entered.acquire()
        clock.now_s = RecognizerSettings().hung_after_s + 1
        assert answer.result(WITHIN_S).text == "heard below"
        told = ladder.describe()
        assert (told["rung"], told["fell"]) == (3, 1)
        assert [(rung["last"], rung["heard"], rung["failed"]) for rung in told["rungs"]] == [
            ("hung", 0, 1),
            ("failed", 0, 1),
            ("heard", 1, 0),
        ]
        hung.free.set()


def test_where_no_rung_hears_the_last_ones_reason_is_told() -> None:
    ladder = LadderRecognizer(ScriptedRecognizer(EngineError("one")), ScriptedRecognizer(EngineRefused("full")))
    with pytest.raises(EngineError) as caught:
        ladder.transcribe(utterance(), language="en")
    assert caught.value.why == "full"
    assert [rung["last"] for rung in ladder.describe()["rungs"]] == ["failed", "full"]


def test_who_still_waits_when_it_is_closed_is_told() -> None:
    engine = ScriptedHearing()
    engine.free.clear()
    with owned(engine) as (recognizer, ask):
        answers = [ask(0), ask(1)]
        engine.entered.acquire()
        waiting(recognizer, 1)
        recognizer.close()
        assert [why(answer) for answer in answers] == ["closed", "closed"]
        assert why(ask(2)) == "closed"


def test_an_owner_that_nobody_knows_any_more_lets_its_threads_and_its_model_go() -> None:
    recognizer = OwnedRecognizer(ScriptedHearing, settings=RecognizerSettings(), pause_s=0.01)
    assert recognizer.transcribe(utterance(3), language="en").text == "3"
    owner = recognizer._owner
    del recognizer
    gc.collect()
    until(lambda: not [t for t in threading.enumerate() if getattr(getattr(t, "_target", None), "__self__", None) is owner])


# -- with the offline model -----------------------------------------------------------
@pytest.fixture(scope="module")
def ear() -> WhisperRecognizer:
    return WhisperRecognizer(model="offline", device="cpu", languages=LANGUAGES, settings=RecognizerSettings())


def test_together_all_are_heard_as_alone(ear: WhisperRecognizer) -> None:
    english = [caller for caller in CALLERS if caller.language == "en"]
    long = b"".join(caller.pcm + bytes(RATE) for caller in english)
    sounds = [*(caller.pcm for caller in CALLERS), long, bytes(2 * RATE), b""]
    each = [Asked(Utterance(pcm, RATE, 0, 0), None, Wanted()) for pcm in sounds]
    alone = [ear.transcribe_many([one])[0] for one in each]
    together = ear.transcribe_many(each)
    assert [(got.text, got.language, got.rejected) for got in together] == [(got.text, got.language, got.rejected) for got in alone]
    assert [got.confidence for got in together] == pytest.approx([got.confidence for got in alone], abs=0.05)
    assert len(alone[-3].text.split()) > 20
    assert [got.rejected for got in alone[-2:]] == ["silence", "silence"]


def test_it_tells_where_its_time_went(ear: WhisperRecognizer) -> None:
    spent = ear.transcribe(Utterance(CALLERS[0].pcm, RATE, 0, 0), language=None).spent
    assert spent is not None
    assert spent.encode_ms > 0 < spent.decode_ms
    assert ear.transcribe(Utterance(bytes(RATE), RATE, 0, 0), language=None).spent == Spent()


class DroppedAt:
    """A `Wanted` that is dropped when it is looked at for the so-many-th time."""

    sure = True

    def __init__(self, look: int) -> None:
        self._look, self.looks = look, 0

    @property
    def dropped(self) -> bool:
        self.looks += 1
        return self.looks >= self._look


@pytest.mark.parametrize(("look", "encoded"), [(1, False), (2, True)])
def test_of_what_is_dropped_on_the_way_the_rest_is_left_undone(ear: WhisperRecognizer, look: int, encoded: bool) -> None:
    dropped: Any = DroppedAt(look)
    wanted = {CALLERS[0]: dropped, CALLERS[7]: Wanted()}
    gone, kept = ear.transcribe_many([Asked(Utterance(caller.pcm, RATE, 0, 0), "en", each) for caller, each in wanted.items()])
    assert (gone.text, gone.rejected) == ("", "dropped")
    assert gone.spent is not None
    assert (gone.spent.encode_ms > 0) is encoded
    assert kept.text == CALLERS[7].said


def test_the_shipped_bots_ears_are_owned_and_many_calls_are_heard_through_them() -> None:
    recognizer: Any = make_recognizer(load(SHIPPED), Environment.read({"WHISPER_MODEL": "offline", "WHISPER_DEVICE": "cpu"}))
    with closing(recognizer), ThreadPoolExecutor(2 * len(CALLERS)) as calls:
        told = recognizer.describe()
        assert (told["model"], told["state"], told["restarts"], told["waiting"]) == ("offline", "ok", 0, 0)
        assert recognizer.languages == LANGUAGES
        assert recognizer.at_once > load(SHIPPED).recognizer.most_waiting

        def heard(caller: Any) -> str:
            transcript: Transcript = recognizer.transcribe(Utterance(caller.pcm, RATE, 0, 0), language=caller.language)
            return transcript.text

        alone = [heard(caller) for caller in CALLERS]
        assert list(calls.map(heard, CALLERS * 2)) == alone * 2


def test_batches_as_a_setting_hear_the_same() -> None:
    settings = RecognizerSettings(batch=4, beam_size=1)
    with closing(OwnedRecognizer(lambda: offline(settings), settings=settings)) as recognizer, ThreadPoolExecutor(12) as calls:
        alone = [one.text for one in (recognizer.transcribe(Utterance(c.pcm, RATE, 0, 0), language=c.language) for c in CALLERS)]
        before = counted("voicebot_recognizer_batch_count")
        heard = list(calls.map(lambda c: recognizer.transcribe(Utterance(c.pcm, RATE, 0, 0), language=c.language).text, CALLERS))
        assert heard == alone
        assert counted("voicebot_recognizer_batch_count") - before < len(CALLERS)  # some were heard together


def offline(settings: RecognizerSettings) -> WhisperRecognizer:
    return WhisperRecognizer(model="offline", device="cpu", languages=LANGUAGES, settings=settings)


def test_noise_among_speech_does_not_disturb_it(ear: WhisperRecognizer) -> None:
    hiss = np.random.default_rng(1).normal(0, 0.03 * 32768, 3 * RATE).astype("<i2").tobytes()
    sounds = (hiss, CALLERS[7].pcm, hiss)
    heard = ear.transcribe_many([Asked(Utterance(pcm, RATE, 0, 0), "en", Wanted()) for pcm in sounds])
    assert [each.rejected for each in heard] == ["no_speech", "", "no_speech"]
    assert heard[1].text == CALLERS[7].said
