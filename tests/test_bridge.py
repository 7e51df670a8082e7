"""A caller and an agent's page, joined: the sound between them, who may join, what the journal knows of it, and how it ends."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import Engine
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from werkzeug.serving import make_server

import stream.route
from calls.agents import Escalation, LegAnswer
from calls.call import Call
from calls.errors import JournalError
from calls.live import FakeLive, LiveEvent
from calls.settings import load
from calls.tokens import agent_key, agent_of_key, audio_authorized, audio_key_fits, audio_password
from records.journal import Journal
from stream.bridge import Bridge, Bridges, Joined, Office, desk_try
from stream.bridge_sides import LOST_S, AgentSide, CallerSide
from stream.fake import InlinePool, ScriptedLine, silence, speech, tone
from stream.lane import Lanes
from stream.line import SUBPROTOCOL, Line
from stream.pipe import LEAD_S, WAITING_S, Pipe
from stream.ringback import Ringback, cadence
from tests.databases import *  # noqa: F403 - fixtures

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SID = "5f22b387-49e1-4edd-b5e2-d7c3b304f5cd"
CALL = Call(SID, "15085551212", "16174000000", after="bridge")
FRAME_S, FRAME = 0.02, 640
RING_S = 5


def nobody() -> None:
    """Nobody waits to be woken."""


def hz(pcm: bytes, rate: int) -> float:
    """The strongest frequency in it."""
    samples = np.frombuffer(pcm, "<i2").astype(float)
    return float(np.argmax(np.abs(np.fft.rfft(samples * np.hanning(samples.size))))) * rate / samples.size


# -- the pipe -----------------------------------------------------------------------
def pumped(pipe: Pipe, sound: bytes, frame: int) -> bytes:
    """What the listener hears of sound that comes in time."""
    heard, now = b"", 0.0
    for at in range(0, len(sound), frame):
        pipe.put(sound[at : at + frame])
        heard += b"".join(pipe.due(now))
        now += FRAME_S
    return heard


def test_sound_at_the_same_rate_is_not_touched() -> None:
    sound = tone(1000)
    assert pumped(Pipe(16_000, 16_000, nobody), sound, FRAME) == sound


@pytest.mark.parametrize(("talker", "listener"), [(8000, 16_000), (16_000, 8000)])
def test_other_rates_are_resampled(talker: int, listener: int) -> None:
    heard = pumped(Pipe(talker, listener, nobody), tone(1000, rate=talker, hz=440), talker // 25)
    behind_ms = 1000 - len(heard) * 1000 / (2 * listener)
    assert behind_ms < 80
    assert hz(heard, listener) == pytest.approx(440, abs=3)


def test_a_stall_of_the_line_is_not_added_to_the_talk() -> None:
    """Two seconds that come at once: what the listener can't take soon is dropped, the oldest first."""
    pipe = Pipe(16_000, 16_000, nobody)
    for number in range(100):
        pipe.put(bytes([number]) * FRAME)
    kept = b"".join(pipe.due(0.0))
    assert len(kept) / 32_000 <= LEAD_S + FRAME_S
    assert kept[-1] == 99
    assert pipe.dropped == 100 - round(WAITING_S / FRAME_S)


def test_a_listener_is_never_sent_more_than_a_moment_ahead() -> None:
    pipe, sent_s = Pipe(16_000, 16_000, nobody), 0.0
    for step in range(200):
        for _ in range(2):  # twice as fast as it can be heard
            pipe.put(bytes(FRAME))
        sent_s += sum(len(pcm) for pcm in pipe.due(step * FRAME_S)) / 32_000
        assert sent_s - step * FRAME_S <= LEAD_S + FRAME_S + 1e-6


def test_a_frame_wakes_the_listener() -> None:
    woken: list[bool] = []
    Pipe(16_000, 16_000, lambda: woken.append(True)).put(bytes(FRAME))
    assert woken == [True]


# -- the ringing tone -----------------------------------------------------------------
@pytest.mark.parametrize("rate", [8000, 16_000])
def test_indias_ringing_tone(rate: int) -> None:
    sound = cadence(rate)
    assert len(sound) == 3 * rate * 2
    loud = [bool(np.abs(np.frombuffer(sound[at : at + rate // 5], "<i2")).max() > 300) for at in range(0, len(sound), rate // 5)]
    assert loud == [True] * 4 + [False] * 2 + [True] * 4 + [False] * 20  # pieces of 0.1 s
    assert hz(sound[: rate * 2 * 4 // 10], rate) == pytest.approx(400, abs=5)


def test_the_tone_goes_on_at_the_pace_of_the_ear() -> None:
    ringback, heard_s = Ringback(16_000), 0.0
    for step in range(500):
        heard_s += sum(len(pcm) for pcm in ringback.due(step * FRAME_S)) / 32_000
    assert heard_s == pytest.approx(499 * FRAME_S + LEAD_S, abs=2 * FRAME_S)
    assert list(Ringback(16_000, silent=True).due(0.0)) == []


# -- who may join -----------------------------------------------------------------------
def attempt(*agents: str, number: int = 7) -> Escalation:
    return Escalation(", ".join(agents), "dialling", NOW, id=number, queue="helpdesk", agents=agents, by="desk")


def test_the_first_of_those_who_were_rung_joins() -> None:
    bridge = Bridge(CALL, attempt("asha", "ravi"), nobody)
    assert bridge.join("meena", 16_000, nobody) == "not_rung"
    joined = bridge.join("ravi", 16_000, nobody)
    assert isinstance(joined, Joined)
    assert (joined.agent, joined.leg_sid) == ("ravi", "desk-ravi-7")
    assert bridge.join("asha", 16_000, nobody) == "taken"
    assert bridge.join("ravi", 16_000, nobody) == "taken"
    bridge.end()
    assert bridge.join("asha", 16_000, nobody) == "gone"


def test_of_many_at_once_one_joins() -> None:
    agents = [f"agent{number}" for number in range(20)]
    bridge, gate, results = Bridge(CALL, attempt(*agents), nobody), threading.Barrier(20), []

    def press(agent: str) -> None:
        gate.wait()
        results.append(bridge.join(agent, 16_000, nobody))

    threads = [threading.Thread(target=press, args=(agent,)) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(result, Joined) for result in results) == 1
    assert results.count("taken") == 19


def test_a_page_that_is_quicker_than_the_callers_socket_waits_for_it() -> None:
    bridges, bridge = Bridges(), Bridge(CALL, attempt("asha"), nobody)
    opening, over = threading.Event(), threading.Event()

    def caller() -> None:
        opening.wait()
        with bridges.opened(bridge):
            over.wait()

    thread = threading.Thread(target=caller)
    thread.start()
    assert bridges.of(SID, within_s=0) is None
    opening.set()
    assert bridges.of(SID, within_s=10) is bridge
    over.set()
    thread.join()
    assert bridges.of(SID, within_s=0) is None
    assert bridge.over


def test_only_a_try_on_the_desk_that_goes_on_is_waited_for(journal: Journal) -> None:
    assert desk_try(None) is None
    journal.call_started(sid=SID, direction="inbound", caller="1", called="2", language="en", now=NOW)
    assert desk_try(journal.record(SID)) is None
    journal.escalation_started(SID, "asha", NOW, queue="helpdesk", agents=["asha"], by="desk")
    found = desk_try(journal.record(SID))
    assert found is not None
    assert found.agents == ("asha",)
    journal.escalation_ended(SID, "", None, "", NOW)
    assert desk_try(journal.record(SID)) is None


# -- the caller's side -------------------------------------------------------------------
@dataclass
class NotedJournal:
    """A journal that keeps what it is told, and can be away for a while."""

    legs: dict[str, LegAnswer] = field(default_factory=dict)
    notes: list[tuple[Any, ...]] = field(default_factory=list)
    beats: int = 0
    away: int = 0  # so many writes fail
    holds: bool = True

    def record(self, sid: str) -> Any:
        legs = tuple(SimpleNamespace(agent=agent, answer=answer) for agent, answer in self.legs.items())
        tried = SimpleNamespace(by="desk", ended_at=None, legs=legs)
        return SimpleNamespace(escalations=(tried,))

    def alive(self, call_sid: str, now: datetime) -> None:
        self.beats += 1

    def leg_answered(self, call_sid: str, leg_sid: str, agent: str, answer: LegAnswer, now: datetime) -> bool:
        self._may_fail()
        self.notes.append((answer, leg_sid, agent, now))
        return self.holds

    def leg_ended(self, call_sid: str, leg_sid: str, now: datetime) -> None:
        self._may_fail()
        self.notes.append(("ended", leg_sid, now))

    def _may_fail(self) -> None:
        if self.away:
            self.away -= 1
            raise JournalError("away")


@dataclass
class Rig:
    """The caller's side on a scripted line: a second passes with 50 of the caller's frames. `at` runs something at a time."""

    script: list[Any]
    journal: NotedJournal = field(default_factory=NotedJournal)
    agents: tuple[str, ...] = ("asha",)
    call: Call = CALL
    hold_sound: str = "ringback"
    at: dict[float, Callable[[Rig], Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.live = FakeLive()
        self.line = ScriptedLine(self._events())
        settings = load().escalation.model_copy(update={"queues": {}, "ring_timeout_s": RING_S, "hold_sound": self.hold_sound})
        lanes = Lanes(ear=InlinePool(), mind=InlinePool(), pen=InlinePool(), files=InlinePool())
        self.office = Office(self.journal, settings, lanes, self.live.publish, self.line.clock, self.now)
        self.bridge = Bridge(self.call, attempt(*self.agents), nobody)

    def now(self) -> datetime:
        return NOW + timedelta(seconds=round(self.line.now, 2))

    def _events(self) -> Iterator[Any]:
        for event in self.script:
            for due in [moment for moment in self.at if moment <= self.line.now]:
                self.at.pop(due)(self)
            yield event

    def run(self) -> str:
        return CallerSide(self.bridge, cast(Line, self.line), self.office).run()

    def join(self) -> Joined:
        joined = self.bridge.join("asha", 16_000, nobody)
        assert isinstance(joined, Joined)
        return joined

    def told(self, kind: str) -> list[tuple[str, Any]]:
        return [(event.agent, dict(event.data)) for event in self.live.events if event.kind == kind]


def test_nobody_answers() -> None:
    rig = Rig(silence(20))
    assert rig.run() == "no_answer"
    assert rig.line.now == pytest.approx(RING_S, abs=0.1)
    assert rig.line.played_s() == pytest.approx(4 * 0.4, abs=0.3)  # two rings, of two tones each
    assert rig.line.times("disconnect") == [rig.line.now]
    assert (rig.live.events, rig.journal.notes) == ([], [])


def test_silence_where_that_was_chosen() -> None:
    rig = Rig(silence(20), hold_sound="silence")
    assert rig.run() == "no_answer"
    assert rig.line.played_s() == 0


def test_all_decline() -> None:
    rig = Rig(silence(20), agents=("asha", "ravi"))
    rig.at[0.5] = lambda rig: rig.journal.legs.update(asha=LegAnswer.DECLINED)
    rig.at[2.5] = lambda rig: rig.journal.legs.update(ravi=LegAnswer.DECLINED)
    assert rig.run() == "declined"
    assert 2.5 < rig.line.now < 4


def test_the_caller_hangs_up_while_it_rings() -> None:
    rig = Rig(silence(1.5))
    assert rig.run() == "caller"
    assert rig.bridge.join("asha", 16_000, nobody) == "gone"
    assert rig.journal.notes == []


def talk_of(rig: Rig, frames: int = 1000) -> Joined:
    """An agent joins after 2 s, and speaks; the joined pipes."""
    pipes: list[Joined] = []
    rig.at[2.0] = lambda rig: pipes.append(rig.join())
    for number in range(frames):
        rig.at[2.0 + number * FRAME_S + 0.001] = lambda rig: pipes[0].to_caller.put(tone(20, hz=1000))
    assert rig.run() in ("caller", "agent")
    return pipes[0]


def test_an_agent_takes_the_call() -> None:
    rig = Rig(silence(2) + speech(3))
    joined = talk_of(rig)
    [killed] = rig.line.times("kill")
    assert killed == pytest.approx(2.0, abs=0.05)
    spoken = [(at, pcm) for at, pcm in rig.line.sent if isinstance(pcm, bytes) and at > killed]
    assert spoken[0][0] - killed >= 0.02  # what comes right behind killAudio is lost
    assert hz(b"".join(pcm for _, pcm in spoken), 16_000) == pytest.approx(1000, abs=5)
    assert rig.line.played_s(killed) == pytest.approx(3, abs=0.3)
    assert b"".join(joined.to_agent.due(99.0)) == tone(20) * round(WAITING_S / FRAME_S)
    answered, ended = rig.journal.notes
    assert answered[:3] == (LegAnswer.ACCEPTED, "desk-asha-7", "asha")
    assert ended[:2] == ("ended", "desk-asha-7")
    assert (ended[2] - answered[3]).total_seconds() == pytest.approx(3, abs=0.1)
    assert rig.told("transfer") == [("asha", {"state": "accepted"}), ("asha", {"state": "ended", "talk_s": 3})]
    assert rig.told("call") == [("", {"state": "with_agent", "agent": "asha"})]


def test_the_agent_hangs_up() -> None:
    rig = Rig(silence(60))
    rig.at[2.0] = lambda rig: rig.join()
    rig.at[9.0] = lambda rig: rig.bridge.end()
    assert rig.run() == "agent"
    assert rig.line.now == pytest.approx(9, abs=0.1)
    assert rig.line.times("disconnect") == [rig.line.now]
    assert rig.journal.notes[-1][0] == "ended"


def test_a_long_talk_keeps_its_slot_and_is_not_cut_off_by_the_ringing_time() -> None:
    rig = Rig(silence(35))
    rig.at[1.0] = lambda rig: rig.join()
    assert rig.run() == "caller"
    assert rig.journal.beats == 4


def test_a_journal_that_is_away_for_a_moment_loses_no_transfer(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig(silence(6), journal=NotedJournal(away=1))
    rig.at[1.0] = lambda rig: rig.join()
    rig.run()
    assert [note[0] for note in rig.journal.notes] == [LegAnswer.ACCEPTED, "ended"]
    assert rig.journal.notes[0][3] == NOW + timedelta(seconds=1)  # when it was, not when it could be written
    assert "a job failed" in caplog.text


def test_a_try_that_is_over_in_the_journal_is_over_here() -> None:
    rig = Rig(silence(30), journal=NotedJournal(holds=False))
    rig.at[1.0] = lambda rig: rig.join()
    assert rig.run() == "too_late"
    assert rig.line.now < 2
    assert rig.live.events == []


# -- the agent's side ---------------------------------------------------------------------
class PagesLine(ScriptedLine):
    def tell(self, kind: str, **about: str) -> None:
        self.sent.append((self.now, kind))


def agents_side(script: list[Any]) -> tuple[PagesLine, Bridge, Joined]:
    rig, line = Rig([]), PagesLine(script)
    joined = rig.join()
    office = Office(rig.journal, rig.office.settings, rig.office.lanes, rig.live.publish, line.clock, rig.now)
    joined.to_agent.put(tone(20))
    AgentSide(rig.bridge, joined, cast(Line, line), office).run()
    return line, rig.bridge, joined


def test_the_agents_page_hears_and_is_heard_until_it_leaves() -> None:
    line, bridge, joined = agents_side(speech(0.1))
    assert line.sent[0] == (0.0, "joined")
    assert line.sent[1][1] == tone(20)
    assert line.sent[-1][1] == "disconnect"
    assert b"".join(joined.to_caller.due(0.0)) == tone(20) * 5
    assert bridge.over


def test_a_page_that_has_fallen_silent_is_lost() -> None:
    line, bridge, _ = agents_side([*speech(1), *[None] * 5000])
    assert bridge.over
    assert line.now == pytest.approx(1 + LOST_S, abs=0.1)


# -- keys -------------------------------------------------------------------------------
def with_another_signature(key: str) -> str:
    """Its first letter differs: two bits of the last one stand for nothing."""
    said, _, signature = key.rpartition(".")
    return f"{said}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def test_an_agents_key_is_for_one_agent_one_call_and_some_minutes() -> None:
    key = agent_key("secret", SID, "asha")
    assert agent_of_key(key, SID, ["other", "secret"]) == "asha"
    assert agent_of_key(key, "another-call", ["secret"]) is None
    assert agent_of_key(key, SID, ["other"]) is None
    assert agent_of_key(key, SID, []) is None
    assert agent_of_key(key, SID, ["secret"], max_age_s=-1) is None
    assert agent_of_key(with_another_signature(key), SID, ["secret"]) is None
    for forged in ("", "x", "a.b.c", audio_password("secret", SID), "\ud800", "க.க.க"):
        assert agent_of_key(forged, SID, ["secret"]) is None


def test_a_password_fits_in_the_query_as_in_the_header() -> None:
    password = audio_password("secret", SID)
    assert audio_key_fits(SID, password, ["old", "secret"]) == SID
    assert audio_key_fits("another", password, ["secret"]) is None
    assert audio_key_fits(SID, agent_key("secret", SID, "asha"), ["secret"]) is None
    assert audio_key_fits("", "", [""]) is None
    assert audio_authorized(None, ["secret"]) is None


# -- with real sockets and a real journal ----------------------------------------------------
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class WatchingLive(FakeLive):
    """Notes what a page that looks into the journal at an event would find there."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self.journal, self.found = journal, list[tuple[str, str, bool]]()

    def publish(self, event: LiveEvent) -> None:
        record = self.journal.record(event.call_sid)
        leg = record.escalations[-1].accepted if record else None
        self.found.append((str(event.data["state"]), leg.agent if leg else "", bool(leg and leg.ended_at)))
        super().publish(event)

    def wait_for(self, events: int) -> None:
        give_up_at = time.monotonic() + 30
        while len(self.found) < events and time.monotonic() < give_up_at:
            time.sleep(0.02)


@dataclass
class Doors:
    """The sockets' doors of a house whose engines nobody needs, on a server of its own."""

    url: str
    journal: Journal
    live: WatchingLive

    @contextmanager
    def caller(self, *, rate: int = 16_000) -> Iterator[ClientConnection]:
        with self.socket(f"/audio?call={SID}&key={audio_password('secret', SID)}") as ws:
            ws.send(preamble(SID, rate, after="bridge"))
            yield ws

    @contextmanager
    def agent(self, agent: str, *, key: str = "") -> Iterator[ClientConnection]:
        with self.socket(f"/audio/agent/{SID}?key={key or agent_key('secret', SID, agent)}") as ws:
            ws.send(preamble(SID, 16_000))
            yield ws

    def socket(self, path: str) -> ClientConnection:
        return connect(self.url + path, subprotocols=[SUBPROTOCOL], compression=None, close_timeout=0.5)  # type: ignore[list-item]

    def rung(self, *agents: str) -> None:
        self.journal.call_started(sid=SID, direction="inbound", caller="15085551212", called="2", language="en", now=NOW)
        assert self.journal.escalation_started(SID, ", ".join(agents), NOW, queue="", agents=agents, by="desk")


def preamble(sid: str, rate: int, **more: str) -> str:
    return json.dumps({"sampleRate": rate, "mixType": "mono", "callSid": sid, "from": "15085551212", "to": "2", **more})


@pytest.fixture
def journal(database: Engine) -> Journal:
    return Journal(database, max_calls=5)


@pytest.fixture
def doors(journal: Journal) -> Iterator[Doors]:
    settings = load()
    ringing = settings.escalation.model_copy(update={"queues": {}, "ring_timeout_s": RING_S})
    lanes = Lanes.of_threads(ears=1, minds=1)
    house = SimpleNamespace(lanes=lanes, clock=time.monotonic, now=lambda: datetime.now(UTC))
    app, live = Flask("doors"), WatchingLive(journal)
    app.config["SOCK_SERVER_OPTIONS"] = stream.route.SERVER_OPTIONS
    app.extensions["bot"] = SimpleNamespace(
        secrets=("secret",),
        settings=settings.model_copy(update={"escalation": ringing}),
        journal=journal,
        live=live,
        house=house,
        holding_a_call=held,
    )
    app.register_blueprint(stream.route.bp)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Doors(f"ws://127.0.0.1:{server.server_port}", journal, live)
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def held() -> Iterator[None]:
    yield


def heard(ws: ClientConnection, wanted: Callable[[str | bytes], bool], within_s: float = 10.0) -> list[str | bytes]:
    """What came until something that is `wanted`."""
    messages: list[str | bytes] = []
    give_up_at = time.monotonic() + within_s
    while time.monotonic() < give_up_at:
        messages.append(ws.recv(timeout=within_s))
        if wanted(messages[-1]):
            return messages
    raise AssertionError("it did not come")


def is_type(kind: str) -> Callable[[str | bytes], bool]:
    return lambda message: isinstance(message, str) and json.loads(message).get("type") == kind


def is_loud(message: str | bytes) -> bool:
    return isinstance(message, bytes) and bool(np.abs(np.frombuffer(message, "<i2")).max(initial=0) > 300)


def talked(talker: ClientConnection, listener: ClientConnection, *, sound: bytes) -> None:
    """What one says the other hears."""
    for _ in range(40):
        talker.send(sound)
    heard(listener, lambda message: is_loud(message) and message != b"")


def test_a_talk_through_real_sockets(doors: Doors) -> None:
    doors.rung("asha", "ravi")
    with doors.caller() as caller:
        heard(caller, is_loud)  # it rings
        with doors.agent("asha") as asha:
            heard(asha, is_type("joined"))
            heard(caller, is_type("killAudio"))
            with doors.agent("ravi") as ravi:
                assert json.loads(ravi.recv(timeout=10)) == {"type": "refused", "why": "taken"}
            talked(caller, asha, sound=tone(20))
            talked(asha, caller, sound=tone(20))
            doors.live.wait_for(2)  # those who watch are told when it is journalled, if the talk is not over by then
        heard(caller, is_type("disconnect"))
    record = doors.journal.record(SID)
    assert record is not None
    [tried] = record.escalations
    taken = tried.accepted
    assert taken is not None
    assert (taken.agent, taken.answer) == ("asha", LegAnswer.ACCEPTED)
    assert taken.ended_at is not None
    assert doors.live.found == [("accepted", "asha", False), ("with_agent", "asha", False), ("ended", "asha", True)]


@on_sqlite
def test_a_caller_at_8_khz_and_an_agent_at_16(doors: Doors) -> None:
    doors.rung("asha")
    with doors.caller(rate=8000) as caller, doors.agent("asha") as asha:
        heard(asha, is_type("joined"))
        for _ in range(30):
            caller.send(tone(20, rate=8000, hz=500))
        [*_, sound] = heard(asha, is_loud)
        assert isinstance(sound, bytes)
        pieces = sound + b"".join(message for message in heard_for(asha, 0.3) if isinstance(message, bytes))
        assert hz(pieces, 16_000) == pytest.approx(500, abs=12)
        caller.close()
        heard(asha, is_type("disconnect"))


def heard_for(ws: ClientConnection, seconds: float) -> Iterator[str | bytes]:
    give_up_at = time.monotonic() + seconds
    while (left := give_up_at - time.monotonic()) > 0:
        try:
            yield ws.recv(timeout=left)
        except TimeoutError:
            return


@on_sqlite
def test_nobody_comes_in_without_the_key_for_this_call(doors: Doors) -> None:
    doors.rung("asha")
    expired = "WyJ4IiwiYXNoYSJd.ABCD.x"
    others = agent_key("secret", "another-call", "asha")
    forged = agent_key("guessed", SID, "asha")
    for key in (expired, others, forged, audio_password("secret", SID)):
        with pytest.raises(InvalidStatus) as refused, doors.agent("asha", key=key):
            pass
        assert refused.value.response.status_code == 401
    for query in ("", f"?call={SID}", f"?call={SID}&key=x", f"?key={audio_password('secret', SID)}"):
        with pytest.raises(InvalidStatus), doors.socket("/audio" + query):
            pass


@on_sqlite
def test_a_page_is_told_why_it_can_not_join(doors: Doors) -> None:
    doors.rung("asha")
    with doors.agent("asha") as page:  # the try goes on, but its caller is not in this process
        assert json.loads(page.recv(timeout=10)) == {"type": "refused", "why": "elsewhere"}
    with doors.caller() as caller:
        heard(caller, is_loud)
        with doors.agent("ravi") as page:
            assert json.loads(page.recv(timeout=10)) == {"type": "refused", "why": "not_rung"}
    doors.journal.escalation_ended(SID, "", None, "", datetime.now(UTC))
    with doors.agent("asha") as page:
        assert json.loads(page.recv(timeout=10)) == {"type": "refused", "why": "gone"}


@on_sqlite
def test_a_caller_for_whom_nobody_was_rung_is_let_go_at_once(doors: Doors) -> None:
    doors.journal.call_started(sid=SID, direction="inbound", caller="1", called="2", language="en", now=NOW)
    with doors.caller() as caller:
        give_up_at = time.monotonic() + 10  # the server's goodbye: the test's server itself keeps the connection open
        while caller.protocol.close_rcvd is None and time.monotonic() < give_up_at:
            time.sleep(0.02)
        assert caller.protocol.close_rcvd is not None


@on_sqlite
def test_all_pages_have_declined(doors: Doors) -> None:
    doors.rung("asha")
    with doors.caller() as caller:
        heard(caller, is_loud)
        record = doors.journal.record(SID)
        assert record is not None
        leg = f"desk-asha-{record.escalations[0].id}"
        assert doors.journal.leg_answered(SID, leg, "asha", LegAnswer.DECLINED, datetime.now(UTC))
        heard(caller, is_type("disconnect"), within_s=4.5)  # before the time to ring is over
