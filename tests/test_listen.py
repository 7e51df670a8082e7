"""Our recognisers have failed: Jambonz's own listens, then the keypad does, then a human; and the conversation goes on meanwhile."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Engine

from calls.call import CallRecord, Consent, Intent, Outcome, OutcomeKind, Question, Ticket, Turn
from calls.settings import Settings, load
from nlu.following import Following
from nlu.rules import Rules
from records.sweeping import Sweeper
from simulator.bot_process import BotProcess
from simulator.gather import Ears
from simulator.jambonz import CallSettings, SimulatedCall
from simulator.result import CallResult
from stream.fake import ToneVoice
from tests import hook_rig
from tests.bots import ended
from tests.hook_rig import SID, House, Jambonz, assert_taken, kinds, outcome, settings_with
from webhooks.ports import ByRules

migrated_file, database = hook_rig.migrated_file, hook_rig.database


def asking_for_the_serial() -> dict[str, Any]:
    """jambonz-app.json's intents, of which one needs to know a number."""
    intents = load(hook_rig.ROOT / "jambonz-app.json").model_dump(by_alias=True)["intents"]
    intents["license_renewal"]["slots"]["serial"]["required"] = True
    return {"intents": intents}


SHIPPED = settings_with(**asking_for_the_serial())
SERIAL = SHIPPED.intents["license_renewal"].slots["serial"]
Verbs = list[dict[str, Any]]


@pytest.fixture
def house(database: Engine) -> House:
    return House(database, settings=SHIPPED)


@pytest.fixture
def jambonz(house: House) -> Jambonz:
    return Jambonz(house)


def listening(**changes: Any) -> Settings:
    return settings_with(listening={**SHIPPED.listening.model_dump(), **changes})


def unheard(house: House, jambonz: Jambonz, *turns: Turn) -> Verbs:
    """A conversation whose recognisers failed; what Jambonz is told then."""
    jambonz.verbs("/voice")
    for turn in turns or (greeted(), in_trouble()):
        house.journal.turn_finished(SID, turn)
    house.journal.call_ended(SID, Outcome(OutcomeKind.UNHEARD, "engine_failed"), now=house.now)
    return taken(jambonz.verbs("/voice/ended"))


def greeted(language: str = "en") -> Turn:
    return Turn(0, language=language, said=[SHIPPED.prompts.greeting[language]], asked=Question.OPEN)


def in_trouble(language: str = "en") -> Turn:
    return Turn(1, language=language, intent=Intent("trouble"), said=[SHIPPED.prompts.trouble[language]], asked=Question.AGAIN)


def taken(verbs: Verbs) -> Verbs:
    assert_taken(verbs)
    return verbs


def goes_on(jambonz: Jambonz, verbs: Verbs, **heard: Any) -> Verbs:
    """The gather's hook, as Jambonz posts it."""
    gather = next(verb for verb in verbs if verb["verb"] == "gather")
    return taken(jambonz.verbs(gather["actionHook"], **heard))


def says(jambonz: Jambonz, verbs: Verbs, words: str, *, language: str = "en-IN", confidence: float = 0.9) -> Verbs:
    spoken = {"transcript": words, "confidence": confidence}
    speech = {"language_code": language, "channel_tag": 1, "is_final": True, "alternatives": [spoken], "vendor": {"name": "google"}}
    return goes_on(jambonz, verbs, reason="speechDetected", speech=speech)


def presses(jambonz: Jambonz, verbs: Verbs, digits: str) -> Verbs:
    return goes_on(jambonz, verbs, reason="dtmfDetected", digits=digits)


def silent(jambonz: Jambonz, verbs: Verbs) -> Verbs:
    return goes_on(jambonz, verbs, reason="timeout")


def told(verbs: Verbs) -> str:
    """What the caller is told before Jambonz listens or lets go."""
    first = verbs[0]
    said: str = first["say"]["text"] if first["verb"] == "gather" else first["text"]
    return said


def record_of(house: House) -> CallRecord:
    record = house.journal.record(SID)
    assert record is not None
    return record


def at_the_keypad(house: House, jambonz: Jambonz) -> Verbs:
    verbs = unheard(house, jambonz)
    return silent(jambonz, silent(jambonz, verbs))


# -- Jambonz's recogniser ---------------------------------------------------------------
def test_jambonz_listens_when_our_recognisers_failed(house: House, jambonz: Jambonz) -> None:
    gather, asks_on, tail = unheard(house, jambonz, greeted("hi"), in_trouble("hi"))
    assert gather["input"] == ["speech", "digits"]
    assert gather["recognizer"]["language"] == "hi-IN"
    assert gather["say"] == {"text": SHIPPED.prompts.other_ears["hi"], "synthesizer": {"vendor": "default", "language": "hi-IN"}}
    assert gather["actionHook"] == asks_on["actionHook"] == "/listen?by=jambonz&turn=2&missed=0"
    assert tail == {"verb": "redirect", "actionHook": "/escalate"}


def test_words_are_answered_in_the_same_language_and_journalled(house: House, jambonz: Jambonz) -> None:
    verbs = says(jambonz, unheard(house, jambonz, greeted("hi"), in_trouble("hi")), "मेरा पासवर्ड भूल गया हूँ", language="hi-IN")
    assert SHIPPED.intents["password_reset"].answer["hi"] in told(verbs)
    turn = record_of(house).turns[-1]
    assert (turn.number, turn.heard, turn.intent, turn.language) == (3, "मेरा पासवर्ड भूल गया हूँ", "password_reset", "hi")
    assert (turn.heard_confidence, turn.asked, " ".join(turn.said)) == (0.9, Question.ANYTHING_ELSE, told(verbs))


def test_a_whole_conversation_ends_in_a_ticket(house: House, jambonz: Jambonz) -> None:
    verbs = says(jambonz, unheard(house, jambonz), "I forgot my password")
    verbs = says(jambonz, verbs, "no thank you")
    assert kinds(verbs) == ["say", "hangup"]
    assert told(verbs) == SHIPPED.prompts.goodbye["en"]
    assert outcome(house) == Outcome(OutcomeKind.FINISHED, "goodbye")
    ticket: Ticket | None = house.desk.ticket_of(SID)
    assert ticket is not None
    assert "I forgot my password" in ticket.description


def test_a_number_is_asked_for_keyed_in_and_read_back(house: House, jambonz: Jambonz) -> None:
    verbs = says(jambonz, unheard(house, jambonz), "my licence has expired")
    assert (verbs[0]["finishOnKey"], verbs[0]["interDigitTimeout"], "numDigits" in verbs[0]) == ("#", 4.0, False)
    verbs = presses(jambonz, verbs, "71*712345678")
    turn = record_of(house).turns[-1]
    assert (turn.heard, turn.keyed, turn.asked, turn.slots) == ("712345678", True, Question.CONFIRM_SLOT, {"serial": "712345678"})
    verbs = says(jambonz, verbs, "yes that is right")
    assert record_of(house).turns[-1].asked is Question.ANYTHING_ELSE


def test_a_question_of_the_faq_is_answered(house: House, jambonz: Jambonz) -> None:
    name, entry = next(iter(SHIPPED.faq.items()))
    verbs = says(jambonz, unheard(house, jambonz), entry.questions["en"][0])
    assert record_of(house).turns[-1].faq == name
    assert entry.answer["en"] in told(verbs)


def test_another_language_is_followed(house: House, jambonz: Jambonz) -> None:
    verbs = says(jambonz, unheard(house, jambonz), "hindi mein boliye")
    assert told(verbs).startswith(SHIPPED.prompts.language_changed["hi"])
    assert verbs[0]["recognizer"]["language"] == "hi-IN"


@pytest.mark.parametrize("how", ["words", "key"])
def test_who_wants_a_human_gets_one(house: House, jambonz: Jambonz, how: str) -> None:
    verbs = unheard(house, jambonz)
    verbs = says(jambonz, verbs, "connect me to a person please") if how == "words" else presses(jambonz, verbs, "0")
    assert (kinds(verbs), told(verbs)) == (["say", "redirect"], SHIPPED.prompts.connecting["en"])
    assert outcome(house).kind is OutcomeKind.ESCALATED
    assert taken(jambonz.verbs("/escalate"))[0]["verb"] in ("dial", "stream")


def test_a_key_declines_the_recording(house: House, jambonz: Jambonz) -> None:
    verbs = presses(jambonz, unheard(house, jambonz), "9")
    assert told(verbs).startswith(SHIPPED.prompts.recording_off["en"])
    assert record_of(house).consent is Consent.DECLINED


def test_nobody_is_there_and_a_call_back_is_promised(database: Engine) -> None:
    class Closed(House):
        def by_rules(self) -> ByRules:
            return ByRules(self.settings, Rules(self.settings, anybody=lambda intent, language: False), Following(self.settings))

    house = Closed(database, settings=SHIPPED)
    jambonz = Jambonz(house)
    verbs = presses(jambonz, unheard(house, jambonz), "0")
    verbs = says(jambonz, verbs, "yes please")
    assert (kinds(verbs), told(verbs)) == (["say", "hangup"], SHIPPED.prompts.callback_promised["en"])
    assert (outcome(house).kind, house.promised) == (OutcomeKind.CALLBACK, [SID])


def test_the_same_hook_again_is_answered_alike(house: House, jambonz: Jambonz) -> None:
    verbs = unheard(house, jambonz)
    assert jambonz.verbs("/voice/ended") == verbs
    first = says(jambonz, verbs, "I forgot my password")
    turns = record_of(house).turns
    assert says(jambonz, verbs, "I forgot my password") == first
    assert record_of(house).turns == turns
    last = says(jambonz, first, "no thank you")
    assert says(jambonz, first, "no thank you") == last


def test_a_hook_that_comes_again_falls_no_further(house: House, jambonz: Jambonz) -> None:
    verbs = silent(jambonz, unheard(house, jambonz))
    menu = silent(jambonz, verbs)
    assert silent(jambonz, verbs) == menu
    assert [turn.number for turn in record_of(house).turns] == [0, 1, 2, 3, 4]


# -- the keypad -------------------------------------------------------------------------
@pytest.mark.parametrize("reason", ["timeout", "error", "stt-low-confidence"])
def test_what_can_not_be_heard_twice_leads_to_the_keypad(house: House, jambonz: Jambonz, reason: str) -> None:
    verbs = goes_on(jambonz, unheard(house, jambonz), reason=reason, details={})
    assert told(verbs) == SHIPPED.prompts.still_there["en"] if reason == "timeout" else SHIPPED.prompts.trouble["en"]
    verbs = goes_on(jambonz, verbs, reason=reason)
    assert (verbs[0]["input"], verbs[0]["numDigits"], kinds(verbs)) == (["digits"], 1, ["gather", "redirect"])


def test_without_a_recogniser_at_jambonz_the_keypad_comes_at_once(house: House, jambonz: Jambonz) -> None:
    """As a gather that can't begin calls no hook, the redirect behind it does: it tells nothing of what was heard."""
    verbs = goes_on(jambonz, unheard(house, jambonz))
    assert told(verbs).startswith(SHIPPED.prompts.keypad_menu["en"])


def test_words_begin_the_count_anew(house: House, jambonz: Jambonz) -> None:
    verbs = silent(jambonz, unheard(house, jambonz))
    verbs = says(jambonz, verbs, "I forgot my password")
    verbs = silent(jambonz, verbs)
    assert verbs[0]["input"] == ["speech", "digits"]


def test_the_menu_has_four_options_in_the_callers_language(house: House, jambonz: Jambonz) -> None:
    verbs = unheard(house, jambonz, greeted("ta"), in_trouble("ta"))
    menu = told(silent(jambonz, silent(jambonz, verbs)))
    labels = [SHIPPED.intents[name].label["ta"] for name in ("license_renewal", "gst_query", "data_corrupt")]
    expected = [SHIPPED.prompts.keypad_option["ta"].format(topic=label, key=key) for key, label in enumerate(labels, 1)]
    assert menu == " ".join([SHIPPED.prompts.keypad_menu["ta"], *expected, SHIPPED.prompts.keypad_human["ta"].format(key=0)])


def test_a_whole_conversation_by_keys(house: House, jambonz: Jambonz) -> None:
    verbs = presses(jambonz, at_the_keypad(house, jambonz), "1")
    assert record_of(house).turns[-1].intent == "license_renewal"
    assert told(verbs) == SERIAL.ask["en"]
    verbs = presses(jambonz, verbs, "712345678")
    assert told(verbs).endswith(SHIPPED.prompts.keypad_yes_no["en"])
    verbs = presses(jambonz, verbs, "1")
    assert told(verbs).startswith(SHIPPED.intents["license_renewal"].answer["en"][:20])
    assert told(verbs).endswith(f"{SHIPPED.prompts.anything_else['en']} {SHIPPED.prompts.keypad_yes_no['en']}")
    verbs = presses(jambonz, verbs, "2")
    assert kinds(verbs) == ["say", "hangup"]
    assert outcome(house) == Outcome(OutcomeKind.FINISHED, "goodbye")


def test_another_wish_brings_the_menu_again(house: House, jambonz: Jambonz) -> None:
    verbs = presses(jambonz, at_the_keypad(house, jambonz), "2")
    verbs = presses(jambonz, verbs, "1")
    assert told(verbs).startswith(SHIPPED.prompts.welcome_back["en"])
    assert SHIPPED.prompts.keypad_menu["en"] in told(verbs)


def test_a_key_without_a_meaning_and_silence_lead_to_a_human(house: House, jambonz: Jambonz) -> None:
    verbs = presses(jambonz, at_the_keypad(house, jambonz), "7")
    assert SHIPPED.prompts.keypad_menu["en"] in told(verbs)
    verbs = silent(jambonz, verbs)
    assert (kinds(verbs), told(verbs)) == (["say", "redirect"], SHIPPED.prompts.connecting["en"])
    assert outcome(house) == Outcome(OutcomeKind.ESCALATED, "not_heard")


def test_who_was_asked_for_a_number_is_asked_again(house: House, jambonz: Jambonz) -> None:
    verbs = presses(jambonz, at_the_keypad(house, jambonz), "1")
    verbs = silent(jambonz, verbs)
    assert told(verbs).endswith(SERIAL.ask["en"])
    assert verbs[0]["finishOnKey"] == "#"


# -- the switch, the house without engines ------------------------------------------------
@pytest.mark.parametrize(("switch", "expected"), [("keypad", ["gather", "redirect"]), ("human", ["redirect"])])
def test_the_operator_chooses_who_listens(database: Engine, switch: str, expected: list[str]) -> None:
    house = House(database, settings=listening(without_ears=switch))
    jambonz = Jambonz(house)
    verbs = unheard(house, jambonz)
    assert kinds(verbs) == expected
    assert "recognizer" not in verbs[0]
    assert outcome(house).kind is (OutcomeKind.ESCALATED if switch == "human" else OutcomeKind.UNHEARD)


def test_a_house_without_engines_still_answers(house: House, jambonz: Jambonz) -> None:
    house.is_draining = house.is_deaf = True  # what has no engines takes no stream either
    verbs = taken(jambonz.verbs("/voice", call_status="trying"))
    assert kinds(verbs) == ["say", "gather", "redirect", "redirect"]
    assert verbs[1]["say"]["text"] == f"{SHIPPED.prompts.disclosure['en']} {SHIPPED.prompts.greeting['en']}"
    assert jambonz.verbs("/voice", call_status="trying") == verbs
    assert house.journal.active(house.now) == 0
    assert SHIPPED.intents["password_reset"].answer["en"] in told(says(jambonz, verbs, "I forgot my password"))
    assert [turn.number for turn in record_of(house).turns] == [0, 1]


def test_switched_off_a_house_without_engines_sends_calls_to_a_human(database: Engine) -> None:
    house = House(database, settings=listening(without_ears="human"), is_deaf=True, is_draining=True)
    assert kinds(Jambonz(house).verbs("/voice")) == ["redirect"]


# -- our voice ----------------------------------------------------------------------------
def test_our_own_voice_speaks_where_there_is_one(house: House, jambonz: Jambonz) -> None:
    house.voice = ToneVoice()
    gather = unheard(house, jambonz)[0]
    address = gather["play"]["url"]
    assert "say" not in gather
    client = house.client()
    sound = client.get(address.removeprefix("http://localhost"))
    with wave.open(io.BytesIO(sound.data)) as file:
        assert (file.getframerate(), file.getnchannels()) == (8000, 1)
        assert file.getnframes() > 800
    house.later(3600)
    assert client.get(address.removeprefix("http://localhost")).status_code == 403


# -- its end ------------------------------------------------------------------------------
def test_a_caller_who_hangs_up_is_filed(house: House, jambonz: Jambonz) -> None:
    says(jambonz, unheard(house, jambonz), "I forgot my password")
    assert jambonz.post("/status", call_status="completed", duration=40).status_code == 204
    assert outcome(house) == Outcome(OutcomeKind.HUNG_UP)
    ticket = house.desk.ticket_of(SID)
    assert ticket is not None


def test_a_long_conversation_is_not_taken_for_a_dead_one(house: House, jambonz: Jambonz) -> None:
    ended: list[str] = []
    sweeper = Sweeper(house.database, lambda sid, *, now: ended.append(sid))
    verbs = unheard(house, jambonz)
    for words in ("I forgot my password", "how do I install it", "what about gst"):
        house.later(60)
        sweeper.sweep(house.now)
        verbs = says(jambonz, verbs, words)
    assert ended == []
    house.later(100)
    sweeper.sweep(house.now)
    assert ended == [SID]


def test_a_conversation_without_end_goes_to_a_human(house: House, jambonz: Jambonz) -> None:
    verbs = unheard(house, jambonz)
    house.now += timedelta(seconds=SHIPPED.limits.max_call_s + 1)
    assert kinds(says(jambonz, verbs, "I forgot my password")) == ["say", "redirect"]
    assert outcome(house) == Outcome(OutcomeKind.ESCALATED, "time_up")


@pytest.mark.parametrize("address", ["/listen", "/listen?by=nobody&turn=2&missed=0", "/listen?by=keypad&turn=x&missed=0"])
def test_an_address_that_is_not_ours_reaches_a_human(house: House, jambonz: Jambonz, address: str) -> None:
    unheard(house, jambonz)
    assert kinds(taken(jambonz.verbs(address, reason="timeout"))) == ["dial", "hangup"]


@pytest.mark.parametrize("speech", [None, "x", {}, {"alternatives": []}, {"alternatives": [{"transcript": 3}]}, {"alternatives": "x"}])
def test_speech_that_can_not_be_read_is_none(house: House, jambonz: Jambonz, speech: Any) -> None:
    verbs = goes_on(jambonz, unheard(house, jambonz), reason="speechDetected", speech=speech)
    assert told(verbs) == SHIPPED.prompts.trouble["en"]


def test_the_rungs_are_counted(house: House, jambonz: Jambonz) -> None:
    def counted(rung: str) -> float:
        return REGISTRY.get_sample_value("voicebot_ladder_total", {"rung": rung}) or 0.0

    before = {rung: counted(rung) for rung in ("jambonz", "keypad", "human")}
    silent(jambonz, silent(jambonz, at_the_keypad(house, jambonz)))
    assert {rung: counted(rung) - count for rung, count in before.items()} == {"jambonz": 1, "keypad": 1, "human": 1}


def test_people_who_watch_see_the_words(house: House, jambonz: Jambonz) -> None:
    says(jambonz, unheard(house, jambonz), "I forgot my password")
    words = [(event.data["speaker"], event.data["text"]) for event in house.told("words")]
    assert ("caller", "I forgot my password") in words
    assert ("bot", SHIPPED.prompts.other_ears["en"]) in words


# -- a bot whose engines can't be loaded, and a simulated Jambonz ---------------------------
class Deaf(BotProcess):
    """It never gets ready; it can be called as soon as it knows that, and has learnt its rules."""

    def _ready(self) -> bool:
        with suppress(httpx.HTTPError):
            return bool(httpx.get(f"{self.url}/readyz", timeout=5.0).json()["ears"]["by"] == "Jambonz")
        return False


CALLS = {
    "by words": Ears(("i forgot my password", "no thank you"), recognizer=True),
    "by keys": Ears(("1", "2")),
    "not at all": Ears(("7", "8"), recognizer=False),
}


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[BotProcess, dict[str, CallResult]]]:
    async def all_of_them(bot: BotProcess) -> list[CallResult]:
        return await asyncio.gather(
            *(SimulatedCall(bot.url, bot.secret, settings=CallSettings(ears=ears)).run() for ears in CALLS.values())
        )

    with Deaf({"WHISPER_MODEL": str(tmp_path_factory.mktemp("no-model"))}) as bot:
        yield bot, dict(zip(CALLS, asyncio.run(all_of_them(bot)), strict=True))


@pytest.mark.parametrize(
    ("call", "expected", "intents"),
    [
        ("by words", {"kind": "finished", "reason": "goodbye"}, ["", "password_reset", "goodbye"]),
        ("by keys", {"kind": "finished", "reason": "goodbye"}, ["", "trouble", "license_renewal", "no"]),
        ("not at all", {"kind": "transferred", "reason": "switchboard"}, ["", "trouble", "trouble", "trouble"]),
    ],
)
def test_a_bot_without_ears_holds_whole_calls(
    placed: tuple[BotProcess, dict[str, CallResult]], call: str, expected: dict[str, str], intents: list[str]
) -> None:
    bot, results = placed
    known = ended(bot, results[call].call_sid)
    assert results[call].violations == []
    assert results[call].end == "bot"
    assert known["outcome"] == expected
    assert [turn["intent"] for turn in known["turns"]] == intents
    assert known["ticket"] is not None


def test_it_says_how_it_hears(placed: tuple[BotProcess, dict[str, CallResult]]) -> None:
    bot, _ = placed
    ready = httpx.get(f"{bot.url}/readyz")
    assert ready.status_code == 503
    assert (ready.json()["ears"]["by"], ready.json()["ears"]["state"]) == ("Jambonz", "the engines can't be started")
    assert "Traceback" not in bot.log.read_text()
