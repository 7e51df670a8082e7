"""Calls as traces: a collector of our own takes what the library sends (OTLP over HTTP), and what is not there is tested too."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Exported
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from calls.call import CallRecord, CallSummary, Consent, Intent, Outcome, OutcomeKind, Timings, Turn
from calls.crm import FinishedCall
from calls.errors import CrmUnknown
from calls.tracing import NOT_TRACED, ConversationTrace, Span, call_span, call_span_id, open_traces, trace_id
from crm.fake import FakeCrm
from crm.tracing import TracedTeller
from simulator.bot_process import BotProcess, free_port
from simulator.caller import Manners
from simulator.jambonz import CallSettings, SimulatedCall
from simulator.script import HangUp, Say, Wait
from simulator.speaker import Speaker
from stream import measures
from stream.tracing import OtlpTraces, Told, endpoint_of
from tests import hook_rig
from tests.fakes.server import FakeServer, Request, Response
from tests.hook_rig import SID, House, Jambonz
from webhooks.tracing import trace

database, migrated_file, house = hook_rig.database, hook_rig.migrated_file, hook_rig.house
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NUMBER, WORDS = "919812345678", "my tally licence has expired"
PATIENCE_S = 60.0  # how long a span may take to arrive; no measure of anything
TIMINGS = Timings(
    asked=200, begun=205, encoded=240, decoded=330, endpoint=450, transcribed=452,
    understood=335, first_text=336, voiced=400, reply=470, heard=650,
)  # fmt: skip


class Collector(FakeServer):
    """Keeps the spans that are sent to it."""

    def answer(self, request: Request) -> Response:
        assert request.route == "POST /v1/traces"
        sent = ExportTraceServiceRequest.FromString(request.body)
        for resource in sent.resource_spans:
            names = {each.key: each.value.string_value for each in resource.resource.attributes}
            self.kept["service"].append(names["service.name"])
            self.kept["span"] += [span for scope in resource.scope_spans for span in scope.spans]
        return Response(200, b"", {"Content-Type": "application/x-protobuf"})

    @property
    def spans(self) -> list[Exported]:
        return list(self.kept["span"])

    def named(self, name: str) -> Exported:
        (span,) = [span for span in self.spans if span.name == name]
        return span

    def below(self, parent: Exported) -> list[Exported]:
        return [span for span in self.spans if span.parent_span_id == parent.span_id]

    def wait_for(self, name: str) -> Exported:
        give_up_at = time.monotonic() + PATIENCE_S
        while not any(span.name == name for span in self.spans):
            assert time.monotonic() < give_up_at, sorted({span.name for span in self.spans})
            time.sleep(0.05)
        return self.named(name)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


@pytest.fixture
def traces(collector: Collector) -> Iterator[OtlpTraces]:
    traces = open_traces({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url})
    assert isinstance(traces, OtlpTraces)
    yield traces
    traces.close()


def facts(span: Exported) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


def ms_after(span: Exported, at: datetime) -> tuple[int, int]:
    zero = round(at.timestamp() * 1000)
    return round(span.start_time_unix_nano / 1e6) - zero, round(span.end_time_unix_nano / 1e6) - zero


def of_call(span: Exported, sid: str) -> bool:
    return int.from_bytes(span.trace_id) == trace_id(sid)


def answered(number: int = 1) -> Turn:
    intent = Intent("license_renewal", 0.9, slots={"phone": NUMBER})
    return Turn(number, WORDS, 0.9, "en", intent, [f"I ring {NUMBER}."], began_ms=4000, ended_ms=5000, timings=TIMINGS)


def record(sid: str = "CA1", ended: datetime | None = NOW + timedelta(seconds=60)) -> CallRecord:
    outcome = Outcome(OutcomeKind.FINISHED) if ended else None
    return CallRecord(sid, "inbound", NUMBER, "1800", "en", "completed", Consent.GIVEN, NOW, ended, 60, outcome, notes=(WORDS,))


# -- whether -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_nobody_is_told_unless_an_endpoint_asks_for_it(environ: dict[str, str]) -> None:
    assert open_traces(environ) is NOT_TRACED


def test_the_library_is_not_even_imported_then() -> None:
    """Of its own accord redis looks for the part that counts things, if it is installed."""
    needed = ("opentelemetry.exporter", "opentelemetry.sdk.trace", "stream.tracing")
    script = f"import sys, house; house.open_traces({{}}); sys.exit(any(name.startswith({needed}) for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


@pytest.mark.parametrize(
    ("environ", "endpoint"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, "http://c:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/"}, "http://c:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/in", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://d"}, "http://c/in"),
    ],
)
def test_where_spans_go(environ: dict[str, str], endpoint: str) -> None:
    assert endpoint_of(environ) == endpoint


# -- a conversation ------------------------------------------------------------------------
def test_a_call_is_one_trace_with_its_turns_and_their_stages(collector: Collector, traces: OtlpTraces) -> None:
    moments = iter([NOW, NOW + timedelta(seconds=20)])
    conversation = ConversationTrace(traces, "CA1", lambda: next(moments))
    measures.turn_finished(answered(), conversation)
    measures.ended(Outcome(OutcomeKind.FINISHED, "goodbye"), conversation)
    over = call_span(record())
    assert over
    traces.whole("CA1", over)
    traces.close(PATIENCE_S)
    assert all(of_call(span, "CA1") for span in collector.spans)
    whole, turn = collector.named("call"), collector.named("turn 1")
    assert int.from_bytes(whole.span_id) == call_span_id("CA1")
    assert (whole.parent_span_id, ms_after(whole, NOW)) == (b"", (0, 60_000))
    assert {span.name for span in collector.below(whole)} == {"turn 1", "conversation"}
    assert ms_after(collector.named("conversation"), NOW) == (0, 20_000)
    assert facts(collector.named("conversation")) == {"voicebot.outcome": "finished", "voicebot.reason": "goodbye"}
    assert ms_after(turn, NOW) == (4000, 5650)
    assert {span.name: ms_after(span, NOW + timedelta(seconds=5)) for span in collector.below(turn)} == {
        "endpoint": (0, 450),
        "queue": (200, 205),
        "encode": (205, 240),
        "decode": (240, 330),
        "words": (450, 452),
        "understand": (330, 335),
        "compose": (335, 336),
        "voice": (336, 400),
        "send": (452, 470),
        "ear": (470, 650),
    }
    assert [span.name for span in collector.below(turn) if facts(span)["voicebot.ahead"]][:3] == ["queue", "encode", "decode"]
    assert facts(turn)["voicebot.reply_ms"] == 470
    assert set(collector.kept["service"]) == {"voicebot"}


def test_no_word_and_no_number_leaves_the_house(collector: Collector, traces: OtlpTraces) -> None:
    conversation = ConversationTrace(traces, "CA1", lambda: NOW)
    conversation.turn_finished(answered())
    conversation.ended(Outcome(OutcomeKind.FINISHED))
    over = call_span(record())
    assert over
    traces.whole("CA1", over)
    traces.close(PATIENCE_S)
    assert {"turn 1", "conversation", "call"} <= {span.name for span in collector.spans}
    for request in collector.requests:
        for secret in (NUMBER, WORDS, "licence has", "I ring"):
            assert secret.encode() not in request.body


def test_the_ids_of_calls_differ_and_stay() -> None:
    sids = [f"call {number}" for number in range(1000)]
    assert len({trace_id(sid) for sid in sids}) == len({call_span_id(sid) for sid in sids}) == 1000
    assert all(0 < trace_id(sid) < 2**128 and 0 < call_span_id(sid) < 2**64 for sid in sids)


def test_spans_of_two_processes_meet_in_one_trace(collector: Collector, traces: OtlpTraces) -> None:
    other = OtlpTraces({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_SERVICE_NAME": "worker"})
    for each, name in ((traces, "here"), (other, "there")):
        each.add("CA1", Span(name, NOW, NOW))
        each.close(PATIENCE_S)
    here, there = collector.named("here"), collector.named("there")
    assert (here.trace_id, here.parent_span_id) == (there.trace_id, there.parent_span_id)
    assert here.span_id != there.span_id
    assert set(collector.kept["service"]) == {"voicebot", "worker"}


@pytest.mark.parametrize(("sampler", "share"), [("always_off", "1"), ("parentbased_traceidratio", "0.5"), ("always_on", "0")])
def test_a_call_is_wanted_as_a_whole_or_not_at_all(collector: Collector, monkeypatch: pytest.MonkeyPatch, sampler: str, share: str) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", share)
    traces = OtlpTraces({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url})
    sids = [f"CA{number}" for number in range(40)]
    for sid in sids:
        traces.add(sid, Span("turn 1", NOW, NOW, parts=(Span("voice", NOW, NOW),)))
        traces.whole(sid, Span("call", NOW, NOW))
    traces.close(PATIENCE_S)
    spans = {sid: sorted(span.name for span in collector.spans if of_call(span, sid)) for sid in sids}
    assert {tuple(names) for names in spans.values()} <= {(), ("call", "turn 1", "voice")}
    known = sum(bool(names) for names in spans.values())
    assert {"always_off": known == 0, "parentbased_traceidratio": 5 < known < 35, "always_on": known == 40}[sampler]


# -- trouble -------------------------------------------------------------------------------
def test_a_collector_that_is_away_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is raised, nothing waits, and what is kept for it is bounded; the end is not held up either."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    traces = OtlpTraces({"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}"}, waiting=50)
    conversation = ConversationTrace(traces, "CA1", lambda: NOW)
    took = []
    for _ in range(500):
        began = time.perf_counter()
        conversation.turn_finished(answered())
        took.append(time.perf_counter() - began)
    assert sorted(took)[len(took) // 2] < 0.02  # a turn lasts seconds
    began = time.monotonic()
    traces.close(PATIENCE_S)
    assert time.monotonic() - began < PATIENCE_S / 2
    conversation.turn_finished(answered())  # too late, and no harm


def test_a_process_that_leaves_waits_no_longer_than_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library alone would try for longer."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "4")
    traces = OtlpTraces({"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}"})
    ConversationTrace(traces, "CA1", lambda: NOW).turn_finished(answered())
    began = time.monotonic()
    traces.close(0.2)
    assert time.monotonic() - began < 3
    for thread in threading.enumerate():
        if thread.name == "traces":
            thread.join(PATIENCE_S)


class Collectors(SpanExporter):
    """Answers as it is told to."""

    def __init__(self, *results: SpanExportResult) -> None:
        self._results = list(results)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._results.pop(0)


def test_the_log_tells_of_trouble_once_and_of_its_end(caplog: pytest.LogCaptureFixture) -> None:
    good, bad = SpanExportResult.SUCCESS, SpanExportResult.FAILURE
    told = Told(Collectors(good, bad, bad, bad, good, good))
    with caplog.at_level(logging.INFO):
        for _ in range(6):
            told.export(())
    assert [each.message for each in caplog.records] == [
        "traces can't be exported; calls go on without them",
        "traces are exported again",
    ]


# -- hooks ---------------------------------------------------------------------------------
class TracedHouse(House):
    traces: OtlpTraces

    def client(self) -> FlaskClient:
        client = super().client()
        app: Flask = client.application
        trace(app, lambda: self.traces)
        return client


@pytest.fixture
def jambonz(house: House, traces: OtlpTraces) -> Jambonz:
    traced = TracedHouse(house.database)
    traced.traces = traces
    return Jambonz(traced)


def test_hooks_are_in_the_calls_trace_and_its_end_closes_it(collector: Collector, traces: OtlpTraces, jambonz: Jambonz) -> None:
    jambonz.post("/voice", call_status="trying")
    jambonz.post("/status", call_status="in-progress")
    jambonz.house.later(42)
    jambonz.post("/status", call_status="completed", duration=42)
    traces.close(PATIENCE_S)
    assert {span.name for span in collector.spans} == {"POST /voice", "POST /status", "call"}
    assert all(of_call(span, SID) for span in collector.spans)
    whole, voice = collector.named("call"), collector.named("POST /voice")
    assert voice.parent_span_id == whole.span_id
    assert facts(voice) == {"http.request.method": "POST", "http.route": "/voice", "http.response.status_code": 200}
    began, ended = ms_after(voice, jambonz.house.now - timedelta(seconds=42))
    assert began <= ended == 0
    assert ms_after(whole, hook_rig.NOW) == (0, 42_000)
    assert facts(whole)["voicebot.direction"] == "inbound"
    for request in collector.requests:
        assert b"15085551212" not in request.body


def test_hooks_of_an_agents_leg_belong_to_the_call(collector: Collector, traces: OtlpTraces, jambonz: Jambonz) -> None:
    jambonz.post("/voice")
    jambonz.post("/status", call_sid="11111111-2222-3333-4444-555555555555", parent_call_sid=SID, call_status="completed")
    traces.close(PATIENCE_S)
    assert of_call(collector.named("POST /status"), SID)
    assert "call" not in {span.name for span in collector.spans}


def test_a_stranger_leaves_no_trace(collector: Collector, traces: OtlpTraces, jambonz: Jambonz) -> None:
    assert jambonz.raw("/voice", b"{}", signature="forged").status_code == 401
    traces.close(PATIENCE_S)
    assert collector.spans == []


def test_a_hook_is_answered_though_the_journal_is_away(collector: Collector, traces: OtlpTraces, jambonz: Jambonz) -> None:
    jambonz.post("/voice")
    jambonz.house.lose(*hook_rig.JOURNAL)
    assert jambonz.post("/status", call_status="completed", duration=1).status_code == 500
    traces.close(PATIENCE_S)
    assert collector.named("POST /status").status.code == Status.STATUS_CODE_ERROR


# -- deliveries ----------------------------------------------------------------------------
def test_the_tries_of_a_delivery_are_in_the_calls_trace(collector: Collector, traces: OtlpTraces) -> None:
    call = FinishedCall(record(), CallSummary("invoice_copy", 0.9, "en", "normal", WORDS))
    moments = (NOW + timedelta(seconds=number) for number in range(9))
    crm = TracedTeller(FakeCrm("fake", script={"ticket": [CrmUnknown(f"who is {NUMBER}?"), "T-1"]}), traces, lambda: next(moments))
    with pytest.raises(CrmUnknown):
        crm.do("ticket", call, {}, attempt=1)
    assert crm.do("ticket", call, {}, attempt=2) == "T-1"
    traces.close(PATIENCE_S)
    first, second = sorted(collector.spans, key=lambda span: span.start_time_unix_nano)
    assert first.name == second.name == "deliver fake ticket"
    assert [facts(span)["voicebot.attempt"] for span in (first, second)] == [1, 2]
    assert (first.status.code, second.status.code) == (Status.STATUS_CODE_ERROR, Status.STATUS_CODE_UNSET)
    assert of_call(first, "CA1")
    assert (crm.name, crm.steps) == ("fake", ("ticket", "note"))
    assert NUMBER.encode() not in collector.requests[0].body


# -- a whole call --------------------------------------------------------------------------
@pytest.mark.timeout(300)
def test_a_real_call_becomes_a_trace(collector: Collector) -> None:
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200", "WHISPER_MODEL": "offline"}
    with BotProcess(environ) as bot:
        manners = Manners(silence_ms=600, final_silence_ms=1000)
        settings = CallSettings(caller=NUMBER, manners=manners)
        call = SimulatedCall(bot.url, bot.secret, [Say(WORDS), Wait(1500), HangUp()], speaker=Speaker(), settings=settings)
        sid = asyncio.run(call.run()).call_sid
        whole, turn = collector.wait_for("call"), collector.wait_for("turn 1")
        collector.wait_for("conversation")
    assert all(of_call(span, sid) for span in collector.spans)
    assert {"POST /voice", "turn 0", "turn 1", "conversation"} <= {span.name for span in collector.below(whole)}
    stages = collector.below(turn)
    assert {"endpoint", "words", "understand", "voice", "send"} <= {span.name for span in stages}
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in collector.spans)
    ends = sorted(span.end_time_unix_nano for span in stages)
    assert all(earlier <= later <= turn.end_time_unix_nano for earlier, later in pairwise(ends))
    for request in collector.requests:
        assert NUMBER.encode() not in request.body
        assert b"licence" not in request.body
