"""What Jambonz fetches: the ringing tone, and the briefing with its repetitions."""

from __future__ import annotations

import io
import wave
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from calls.links import SoundKey, sound_token
from stream.fake import ToneVoice
from tests import hook_rig
from tests.hook_rig import NOW, SID, House, Jambonz, kinds, settings_with
from tests.transfer_rig import ASHA, house_with, talked, telephones
from webhooks.sounds import KEPT, KEPT_FOR, Clips

migrated_file, database = hook_rig.migrated_file, hook_rig.database
LEG: dict[str, Any] = {"call_sid": "leg", "parent_call_sid": SID, "direction": "outbound", "to": ASHA}


def briefed(house: House) -> tuple[Jambonz, list[str]]:
    """An agent has answered: the paths of the briefing and of its repetitions."""
    jambonz = Jambonz(house)
    jambonz.verbs("/voice")
    talked(house, SID)
    jambonz.verbs("/escalate")
    verbs = jambonz.verbs("/escalate/confirm", **LEG)
    urls = [verb["play"]["url"] for verb in verbs if verb["verb"] == "gather"]
    assert all(url.startswith("http://localhost/sounds/briefing/") and url.endswith(".wav") for url in urls)
    return jambonz, [url.removeprefix("http://localhost") for url in urls]


def fetched(jambonz: Jambonz, path: str) -> tuple[float, float]:
    """(seconds, of them with sound) of a WAV at 8 kHz."""
    response = jambonz.house.client().get(path) if "briefing" not in path else jambonz._client.get(path)
    assert (response.status_code, response.content_type) == (200, "audio/wav")
    with wave.open(io.BytesIO(response.data)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return round(len(samples) / 8000, 2), round(int(np.count_nonzero(np.abs(samples) > 100)) / 8000, 2)


def test_the_ringing_tone_is_indias(database: Engine) -> None:
    jambonz = Jambonz(House(database))
    response = jambonz._client.get("/sounds/ringback.wav")
    with wave.open(io.BytesIO(response.data)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    loud = [bool(np.abs(samples[at : at + 800]).max() > 1000) for at in range(0, 8000 * 6, 800)]  # 100 ms each
    ring = [True] * 4 + [False] * 2 + [True] * 4 + [False] * 20
    assert loud == ring * 2
    assert len(samples) / 8000 == 60
    assert "max-age" in response.headers["Cache-Control"]


def test_the_first_gather_waits_after_the_briefing_and_the_others_are_prepared(database: Engine) -> None:
    house = house_with(database, telephones(briefing={"key_timeout_s": 5, "repeats": 1}))
    jambonz, paths = briefed(house)
    verbs = jambonz.verbs("/escalate/confirm", **LEG)
    assert kinds(verbs) == ["gather", "gather", "hangup"]
    assert [verb.get("timeout") for verb in verbs] == [5, 1, None]
    assert {verb["actionHook"] for verb in verbs[:2]} == {"/escalate/confirm/key"}
    assert (len(paths), len(set(paths))) == (2, 2)


def test_a_repetition_sounds_only_when_it_was_asked_for(database: Engine) -> None:
    """Without a key it is over in a moment, so that an agent who declines or does not answer is let go; key 3 brings the briefing, and
    the time for a key behind it."""
    jambonz, [first, second, third] = briefed(house_with(database, voice=ToneVoice()))
    words = len("A call about .") + len("my licence has expired")
    length, sound = fetched(jambonz, first)
    assert sound >= words * 0.05 * 0.9
    assert fetched(jambonz, second) == (0.2, 0.0)
    assert jambonz.verbs("/escalate/confirm/key", **LEG, digits="3") == []
    assert fetched(jambonz, second) == (round(length + 8, 2), sound)
    assert fetched(jambonz, third) == (0.2, 0.0)
    assert jambonz.verbs("/escalate/confirm/key", **LEG, digits="3") == []
    assert fetched(jambonz, third) == (round(length + 8, 2), sound)


def test_another_agent_s_key_repeats_nothing_here(database: Engine) -> None:
    jambonz, [_, second, _] = briefed(house_with(database, voice=ToneVoice()))
    jambonz.verbs("/escalate/confirm/key", **(LEG | {"call_sid": "another leg"[:7]}), digits="3")
    assert fetched(jambonz, second) == (0.2, 0.0)


def test_it_is_spoken_in_the_agents_language(database: Engine) -> None:
    spoken: list[tuple[str, str]] = []

    class Keeping(ToneVoice):
        def speak(self, text: str, *, language: str, sample_rate: int, **more: Any) -> Any:
            spoken.append((text, language))
            return super().speak(text, language=language, sample_rate=sample_rate, **more)

    tree = telephones()
    tree["agents"]["asha"]["language"] = "hi"
    jambonz, [first, *_] = briefed(house_with(database, tree, voice=Keeping()))
    fetched(jambonz, first)
    fetched(jambonz, first)
    label = jambonz.house.settings.intents["license_renewal"].label["hi"]
    assert spoken == [(f"A call about {label}.", "hi"), ("my licence has expired", "en")]  # once, then from the cache


@pytest.mark.parametrize("voice", [None, ToneVoice(fails=True)], ids=["none yet", "broken"])
def test_without_a_voice_the_agent_is_still_asked(database: Engine, voice: ToneVoice | None) -> None:
    jambonz, [first, *_] = briefed(house_with(database, voice=voice))
    assert fetched(jambonz, first) == (0.2, 0.0)


def test_a_briefing_is_for_its_leg_alone(database: Engine) -> None:
    house = house_with(database, voice=ToneVoice())
    jambonz, [first, *_] = briefed(house)
    for bad in (first.replace("/sounds/briefing/", "/sounds/briefing/x"), "/sounds/briefing/x.wav"):
        assert jambonz._client.get(bad).status_code == 403
    stranger = sound_token("another secret", SoundKey(SID, "leg", "asha", 0), until=house.now + timedelta(minutes=1))
    assert jambonz._client.get(f"/sounds/briefing/{stranger}.wav").status_code == 403
    house.later(601)
    assert jambonz._client.get(first).status_code == 403


def test_few_briefings_are_kept() -> None:
    clips, made = Clips(), []

    def make(leg: str) -> bytes:
        made.append(leg)
        return leg.encode()

    for number in range(KEPT + 1):
        clips.get(f"leg{number}", lambda n=number: make(f"leg{n}"), now=NOW)  # type: ignore[misc]
    assert clips.get(f"leg{KEPT}", lambda: make("again"), now=NOW) == f"leg{KEPT}".encode()
    assert clips.get("leg0", lambda: make("leg0"), now=NOW) == b"leg0"
    assert made[-2:] == [f"leg{KEPT}", "leg0"]


def test_briefings_are_kept_while_they_are_heard_and_no_longer() -> None:
    clips, later = Clips(), timedelta(seconds=0.1)
    clips.get("repeated", lambda: b"1", now=NOW)
    clips.get("heard once", lambda: b"2", now=NOW)
    assert clips.get("repeated", lambda: b"anew", now=NOW + KEPT_FOR - later) == b"1"
    clips.get("another", lambda: b"3", now=NOW + KEPT_FOR + later)
    assert len(clips) == 2
    assert clips.get("repeated", lambda: b"anew", now=NOW + KEPT_FOR + later) == b"1"
    assert clips.get("heard once", lambda: b"anew", now=NOW + KEPT_FOR + later) == b"anew"


@pytest.mark.parametrize(
    ("hold_sound", "music"),
    [
        ("ringback", "http://localhost/sounds/ringback.wav"),
        ("silence", None),
        ("https://example.com/hold.wav", "https://example.com/hold.wav"),
    ],
)
def test_what_the_caller_hears_meanwhile(database: Engine, hold_sound: str, music: str | None) -> None:
    house = House(database, settings=settings_with(escalation=telephones(hold_sound=hold_sound)))
    assert Jambonz(house).verbs("/escalate")[0].get("dialMusic") == music
