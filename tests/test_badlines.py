"""Bad lines: noise, loss, stalls, bursts, hold music, keys that sound. What callers say is understood, and the line interrupts nobody.

Whole calls with the real detector, the real offline model and the real rules, in the time of the sound (tests/badline_rig.py); at the end
some over a real socket, in real time.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from calls.call import Intent, Outcome, OutcomeKind, Question, Say
from calls.events import CallerSilent
from calls.settings import Environment, Settings
from engines import make_engines
from simulator.bot_process import BotProcess
from simulator.conditions import CONDITIONS, line_of
from simulator.jambonz import CallSettings, SimulatedCall
from simulator.line import LineSettings
from simulator.network import NetworkSettings
from simulator.result import CallResult
from simulator.script import Barge, Drop, HangUp, Press, Step, Wait
from simulator.script import Say as Spoken
from stream.fake import ScriptedUnderstanding
from stream.patience import Patience
from stream.work import Engines
from tests.badline_rig import SETTINGS, SPEAKER, Called, ring
from tests.bots import ended, errors_in

LICENCE = "my tally licence has expired"
SENTENCES: tuple[tuple[Spoken, str], ...] = (
    (Spoken(LICENCE), "license_renewal"),
    (Spoken("i want to renew my licence"), "license_renewal"),
    (Spoken("how do i file my gst return"), "gst_query"),
    (Spoken("i forgot my password"), "password_reset"),
    (Spoken("i need training for tally"), "training"),
    (Spoken("my e invoice is invalid"), "e_invoice"),
    (Spoken("how do i install tally prime"), "install_help"),
    (Spoken("i want to talk to a human"), "transfer_to_human"),
    (Spoken("my data is corrupt"), "data_corrupt"),
    (Spoken("tally does not open"), "data_corrupt"),
    (Spoken("how do i make an e way bill"), "e_invoice"),
    (Spoken("मेरा लाइसेंस खत्म हो गया है", "hi"), "license_renewal"),
    (Spoken("मुझे ट्रेनिंग चाहिए", "hi"), "training"),
    (Spoken("मैं पासवर्ड भूल गया हूँ", "hi"), "password_reset"),
    (Spoken("मुझे किसी इंसान से बात करनी है", "hi"), "transfer_to_human"),
    (Spoken("मेरा डेटा खराब हो गया है", "hi"), "data_corrupt"),
    (Spoken("லைசென்ஸ் புதுப்பிக்க வேண்டும்", "ta"), "license_renewal"),
    (Spoken("எனக்கு பயிற்சி வேண்டும்", "ta"), "training"),
    (Spoken("டேலி திறக்கவில்லை", "ta"), "data_corrupt"),
    (Spoken("பாஸ்வேர்ட் மறந்துவிட்டது", "ta"), "password_reset"),
)
BRIEF = SETTINGS.model_copy(  # so that the caller soon has the word
    update={"prompts": SETTINGS.prompts.model_copy(update={"disclosure": {"en": "Hello."}, "greeting": {"en": "How can I help you?"}})}
)
ON_AND_ON = " ".join(["This is a long answer, which goes on and on, so that whatever is on the line has time to disturb it."] * 5)


FEW = 7  # sentences, where each is to be understood


def engines_of(settings: Settings) -> Engines:
    environment = Environment.read({"WHISPER_MODEL": "offline"})
    return make_engines(settings, environment, anybody=lambda *about: True, helpdesk=None)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def engines() -> Engines:
    return engines_of(SETTINGS)


def asked(engines: Engines, say: Spoken, line: LineSettings | None = None) -> Called:
    """One sentence, and so much of the answer as comes within 1.2 s."""
    return ring(engines, say, Wait(1200), HangUp(), line=line, settings=BRIEF)


@pytest.fixture(scope="module")
def clean(engines: Engines) -> list[Called]:
    return [asked(engines, say) for say, _ in SENTENCES]


def right(calls: list[Called]) -> int:
    """Calls with one turn, and that of the intent that was said; the calls are of the first sentences."""
    return sum(call.intents == [intent] for call, (_, intent) in zip(calls, SENTENCES, strict=False))


# -- words are understood --------------------------------------------------------------------------------------------
def test_on_a_clean_line_every_sentence_is_understood(clean: list[Called]) -> None:
    assert right(clean) == len(SENTENCES)


@pytest.mark.parametrize(("noise", "at_least"), [("white", 16), ("street", 18)])
def test_in_noise_at_10_db_most_are(engines: Engines, noise: str, at_least: int) -> None:
    """Measured: white 17, street 20 of 20 (pink 18, hum 18: `make bad-lines` has them all). The bounds leave room for a model that is
    trained anew."""
    assert right([asked(engines, say, CONDITIONS[noise]) for say, _ in SENTENCES]) >= at_least


def test_a_television_keeps_nobody_waiting(engines: Engines) -> None:
    """15 dB below the caller, whole calls of three questions: measured (48 questions) 510 / 1,577 ms, 37 answered, 3 taken wrongly; while
    the newsreader was taken for the caller 1,680 / 8,100 ms, 31, 11."""
    line, waits = line_of(["television"], 15.0), []
    for at in (0, 3, 6):
        call = ring(engines, *[say for say, _ in SENTENCES[at : at + 3]], Wait(1500), HangUp(), line=line, settings=BRIEF)
        waits += [said.reply_ms for said in call.line.utterances if said.reply_ms is not None]
    assert len(waits) >= 7
    assert sorted(waits)[len(waits) // 2] < 1000


@pytest.mark.parametrize("line", ["bursts", "stalls", "lossy", "lossy-repeated", "lossy-missing", "dtx", "echo"])
def test_a_bad_network_costs_no_words(engines: Engines, line: str) -> None:
    """Measured: 20 of 20 on each; a third of them here. A sentence that is answered twice, or cut in two, does not count."""
    few = SENTENCES[:FEW]
    assert right([asked(engines, say, CONDITIONS[line]) for say, _ in few]) == len(few)


# -- the caller's time is counted in sound ------------------------------------------------------------------------------
@pytest.mark.parametrize("line", ["bursts", "stalls"])
def test_sound_that_comes_late_ends_no_sentence_sooner_or_later(engines: Engines, clean: list[Called], line: str) -> None:
    held = [asked(engines, say, CONDITIONS[line]) for say, _ in SENTENCES[:FEW]]
    ends_ms = [(after.turns[0].timings.endpoint, before.turns[0].timings.endpoint) for after, before in zip(held, clean[:FEW], strict=True)]
    assert all(abs(after - before) <= 100 for after, before in ends_ms)  # type: ignore[operator]  # the words may come before or after a burst
    late_ms = [
        after.line.utterances[0].reply_ms - before.line.utterances[0].reply_ms for after, before in zip(held, clean[:FEW], strict=True)
    ]  # type: ignore[operator]
    assert max(late_ms) <= CONDITIONS[line].network.held_ms


@pytest.mark.parametrize("seed", range(3))
def test_a_stall_within_a_sentence_does_not_cut_it(engines: Engines, seed: int) -> None:
    """The stall of 500 ms is longer than the pause that ends a sentence; it falls on another place of the words each time."""
    stall = NetworkSettings(held_ms=500, held_every_ms=1100 + 200 * seed)
    call = asked(engines, Spoken("how do i make an e way bill"), LineSettings(network=stall))
    assert [turn.heard.split()[-1] for turn in call.turns] == ["bill"]


# -- nobody is interrupted by the line ----------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def talkative() -> tuple[Engines, Settings]:
    """A bot whose answer takes half a minute."""
    intent = SETTINGS.intents["license_renewal"].model_copy(update={"answer": {"en": ON_AND_ON}})
    settings = BRIEF.model_copy(update={"intents": {**SETTINGS.intents, "license_renewal": intent}})
    return engines_of(settings), settings


UNDISTURBING = ("bursts", "stalls", "lossy", "lossy-repeated", "lossy-missing", "white", "pink", "hum", "street", "dtx", "echo")


@pytest.mark.parametrize("line", UNDISTURBING)
def test_a_bad_line_interrupts_nothing(talkative: tuple[Engines, Settings], line: str) -> None:
    """Measured: no pause in 106 s of answers, on each."""
    engines, settings = talkative
    call = ring(engines, Spoken(LICENCE), Wait(32_000), HangUp(), line=CONDITIONS[line], settings=settings)
    assert call.line.kills == []
    assert call.intents == ["license_renewal"]
    assert " ".join(call.turns[0].said).startswith(ON_AND_ON)


@pytest.mark.parametrize("line", ["stalls", "white", "lossy", "echo"])
def test_on_a_bad_line_the_caller_still_interrupts(talkative: tuple[Engines, Settings], line: str) -> None:
    engines, settings = talkative
    steps = (Spoken(LICENCE), Barge("i want to talk to a human", after_ms=4000), Wait(1500), HangUp())
    call = ring(engines, *steps, line=CONDITIONS[line], settings=settings)
    assert [turn.intent and turn.intent.name for turn in call.turns] == ["license_renewal", "transfer_to_human"]
    assert call.turns[0].interrupted.is_set()


# -- keys -----------------------------------------------------------------------------------------------------------
def test_a_key_that_sounds_is_a_key_and_no_word(engines: Engines) -> None:
    call = ring(engines, Press("3"), Wait(3000), HangUp(), line=CONDITIONS["tones"])
    assert call.intents == ["data_corrupt"]
    assert (call.turns, call.line.kills) == ([], [])


def test_the_tones_of_a_key_over_our_answer_are_no_interruption(talkative: tuple[Engines, Settings]) -> None:
    """Of a key that stands for nothing: the answer goes on as if it had not been pressed."""
    engines, settings = talkative
    keys = [step for _ in range(8) for step in (Wait(1500), Press("7", at_once=True))]
    call = ring(engines, Spoken(LICENCE), *keys, Wait(16_000), HangUp(), line=CONDITIONS["tones"], settings=settings)
    assert call.line.kills == []
    assert call.intents == ["license_renewal"]


@pytest.mark.parametrize("after_ms", [300, 700, 1100])
def test_a_key_while_speaking_is_taken_and_the_words_are_too(engines: Engines, after_ms: int) -> None:
    say = Spoken("i want to renew my licence", keys="9", keys_after_ms=after_ms)
    call = ring(engines, say, Wait(8000), HangUp(), line=CONDITIONS["tones"], settings=BRIEF)
    assert call.notes.declined
    assert len(call.intents) == 2, "the key's turn and the words', however a tone lies on a word"
    assert [turn.heard.endswith("my licence") for turn in call.turns] == [True]


# -- hold music -------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def insistent(engines: Engines) -> Engines:
    """With an understanding that asks again for ever."""
    answer: list[Intent | Say | Outcome] = [
        Intent("license_renewal", 0.9),
        Say("You renew it in the help menu.", "en", Question.ANYTHING_ELSE),
    ]
    return replace(engines, understanding=ScriptedUnderstanding({LICENCE: answer}, [Intent("other", 0.1), Say("Sorry?", "en")]))


def on_hold(engines: Engines, *, level_db: float, max_unheard_s: int) -> Called:
    """The caller says something, and puts the bot on hold."""
    settings = BRIEF.model_copy(update={"limits": SETTINGS.limits.model_copy(update={"max_unheard_s": max_unheard_s})})
    line = LineSettings(music_db=level_db, music_after_ms=10_000)
    return ring(engines, Spoken(LICENCE), Wait(900_000), line=line, settings=settings, longest_s=125)


@pytest.mark.parametrize("level_db", [-16.0, -22.0])
def test_hold_music_comes_to_an_end(insistent: Engines, level_db: float) -> None:
    """Music is heard as speech most of the time. Asked once, and given up after two silences' time and the last words'."""
    call = on_hold(insistent, level_db=level_db, max_unheard_s=20)
    assert call.outcome == Outcome(OutcomeKind.FINISHED, "silence")
    assert call.line.now <= 10 + 2 * (20 + 4 * 9)


def test_without_the_limit_it_goes_on(insistent: Engines) -> None:
    """Else the test above would prove nothing."""
    assert on_hold(insistent, level_db=-22.0, max_unheard_s=600).outcome.kind is OutcomeKind.HUNG_UP


def patience(**more: Any) -> Patience:
    return Patience(**{"silence_ms": 9000, "max_silences": 2, "max_unheard_s": 60, "max_call_s": 1800, "now": 0.0} | more)


def sounding(waiting: Patience, since_s: int, until_s: int) -> list[tuple[int, int]]:
    """(second, how often in a row) of each CallerSilent while the caller's line sounds all the time."""
    told = []
    for now in range(since_s, until_s):
        waiting.stir(now, by_caller=True)
        if isinstance(event := waiting.due(now), CallerSilent):
            told.append((now, event.times))
    return told


def test_sound_without_words_is_asked_into_once_and_then_given_up() -> None:
    assert sounding(patience(), 0, 120) == [(60, 1), (78, 3), (96, 4), (114, 5)]


def test_words_make_it_patient_again() -> None:
    waiting = patience()
    assert sounding(waiting, 0, 70) == [(60, 1)]
    waiting.heard(70)
    assert sounding(waiting, 70, 140) == [(130, 1)]


def test_silences_with_a_cough_between_are_silences_in_a_row() -> None:
    waiting, told = patience(), []
    for now in range(30):
        if now in (10, 20):
            waiting.stir(now, by_caller=True)
        if event := waiting.due(now):
            told.append(event)
    assert [event.times for event in told if isinstance(event, CallerSilent)] == [1, 2, 3]


def test_neither_silence_nor_our_own_voice_is_sound_without_words() -> None:
    """Who may be asked often, or listens long, is not given up by the limit on sound."""
    silent, listening = patience(max_silences=10, max_unheard_s=20), patience(max_unheard_s=20)
    assert [event.times for now in range(95) if isinstance(event := silent.due(now), CallerSilent)] == list(range(1, 11))
    for now in range(300):
        listening.stir(now)
        assert listening.due(now) is None


# -- over a real socket, in real time -------------------------------------------------------------------------------------
both = replace(CONDITIONS["white"], network=CONDITIONS["lossy"].network)
PLANS: dict[str, tuple[tuple[Step, ...], LineSettings]] = {
    "bursts": ((Spoken(LICENCE), Wait(4000), HangUp()), CONDITIONS["bursts"]),
    "stalls": ((Spoken(LICENCE), Wait(4000), HangUp()), CONDITIONS["stalls"]),
    "noise and loss": ((Spoken(LICENCE), Wait(4000), HangUp()), both),
    "reset": ((Spoken(LICENCE), Drop("reset"), Spoken("no thank you")), LineSettings()),
    "closed": ((Spoken(LICENCE), Drop("closed"), Spoken("no thank you")), LineSettings()),
}


@pytest.fixture(scope="module")
def calls(bot: BotProcess) -> dict[str, CallResult]:
    """All the plans, called at the same time."""

    async def all_of_them() -> list[CallResult]:
        plans = [
            SimulatedCall(bot.url, bot.secret, steps, speaker=SPEAKER, settings=CallSettings(line=line)) for steps, line in PLANS.values()
        ]
        return list(await asyncio.gather(*(plan.run() for plan in plans)))

    return dict(zip(PLANS, asyncio.run(all_of_them()), strict=True))


@pytest.mark.parametrize("plan", PLANS)
def test_jambonz_has_nothing_to_complain_of(calls: dict[str, CallResult], plan: str) -> None:
    assert [violation.text for violation in calls[plan].violations] == []


@pytest.mark.parametrize("plan", ["bursts", "stalls", "noise and loss"])
def test_one_question_gets_one_answer(bot: BotProcess, calls: dict[str, CallResult], plan: str) -> None:
    record = ended(bot, calls[plan].call_sid)
    assert [turn["intent"] for turn in record["turns"] if turn["number"]] == ["license_renewal"]
    assert calls[plan].traffic.kills <= 1, "the hang-up's"
    assert max((gap.length_ms for gap in calls[plan].holes), default=0) <= 500, "no longer than the line itself was held up"


@pytest.mark.parametrize(("plan", "end"), [("reset", "lost"), ("closed", "closed 1001")])
def test_a_socket_that_drops_loses_neither_the_caller_nor_the_thread(
    bot: BotProcess, calls: dict[str, CallResult], plan: str, end: str
) -> None:
    """The stream's actionHook opens it again, and the conversation goes on where it was."""
    record = ended(bot, calls[plan].call_sid)
    assert calls[plan].socket_ends[0] == end
    assert len(calls[plan].socket_ends) == 2
    heard = [turn for turn in record["turns"] if turn["heard"]]
    assert [turn["intent"] for turn in heard] == ["license_renewal", "goodbye"]
    assert record["outcome"]["kind"] == "finished"


def test_the_log_tells_of_no_fault(bot: BotProcess, calls: dict[str, CallResult]) -> None:
    assert all(result.answered for result in calls.values())
    assert errors_in(bot.log.read_text()) == []
