"""Traces by OpenTelemetry (OTLP over HTTP, as protobuf), where OTEL_EXPORTER_OTLP_ENDPOINT names a collector.

Imported by then alone (calls/tracing.py). A thread of the library's exports in batches; a collector that is away costs spans, and nothing
else: they wait in a queue of bounded length. Of what the collector can't take the log tells once, and once that it takes them again.
"""

from __future__ import annotations

import atexit
import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from queue import Full, Queue

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Decision

from calls.tracing import Span, call_span_id, trace_id

log = logging.getLogger(__name__)
LEAVING_S = 2.0  # so long a process that ends may take to hand over its last spans
WAITING = 5000  # spans that may wait to be made; what comes on top is dropped
TRACES_PATH = "/v1/traces"


def endpoint_of(environ: Mapping[str, str]) -> str:
    """Where spans go: the address for traces as it is, or the one for all signals with its path."""
    base = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").rstrip("/")
    return environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or base + TRACES_PATH


class OtlpTraces:
    """A `calls.tracing.Traces`. Headers, sampler, batches and the rest are as OpenTelemetry's variables of the process say."""

    def __init__(self, environ: Mapping[str, str], *, waiting: int = WAITING) -> None:
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # it would tell of each batch; `Told` does once
        resource = Resource.create({SERVICE_NAME: environ.get("OTEL_SERVICE_NAME") or "voicebot"})
        self._ids = Ids()
        self._provider = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(Told(OTLPSpanExporter(endpoint=endpoint_of(environ)))))
        self._tracer = self._provider.get_tracer("voicebot")
        self._told: Queue[Callable[[], None] | None] = Queue(waiting)  # None: the last
        self._closed = threading.Event()
        self._writer = threading.Thread(target=self._write_all, name="traces", daemon=True)
        self._writer.start()
        atexit.register(self.close)

    def add(self, call_sid: str, span: Span) -> None:
        self._put(partial(self._add, call_sid, span))

    def whole(self, call_sid: str, span: Span) -> None:
        self._put(partial(self._whole, call_sid, span))

    def close(self, timeout_s: float = LEAVING_S) -> None:
        """Hand over what waits, as far as the time allows; nothing more is taken."""
        if not self._closed.is_set():
            self._closed.set()
            with suppress(Full):
                self._told.put(None, timeout=timeout_s)
            self._writer.join(timeout_s)

    # -- off the calls' threads: a span takes a tenth of a millisecond and more ----------
    def _put(self, work: Callable[[], None]) -> None:
        with suppress(Full):
            if not self._closed.is_set():
                self._told.put_nowait(work)

    def _write_all(self) -> None:
        while (work := self._told.get()) is not None:
            try:
                work()
            except Exception:
                log.exception("a span could not be made")
        self._provider.shutdown()

    def _add(self, call_sid: str, span: Span) -> None:
        self._write(span, trace.set_span_in_context(trace.NonRecordingSpan(self._call(call_sid))))

    def _whole(self, call_sid: str, span: Span) -> None:
        with self._ids.chosen(trace_id(call_sid), call_span_id(call_sid)):
            made = self._begun(span, Context())
        self._finish(made, span, Context())

    def _write(self, span: Span, parent: Context) -> None:
        self._finish(self._begun(span, parent), span, parent)

    def _begun(self, span: Span, parent: Context) -> trace.Span:
        return self._tracer.start_span(span.name, parent, attributes=dict(span.facts), start_time=nanoseconds(span.began_at))

    def _finish(self, made: trace.Span, span: Span, parent: Context) -> None:
        if span.failed:
            made.set_status(trace.StatusCode.ERROR)
        within = trace.set_span_in_context(made, parent)
        for part in span.parts:
            self._write(part, within)
        made.end(nanoseconds(span.ended_at))

    def _call(self, call_sid: str) -> trace.SpanContext:
        """The call's own span, which is made last and perhaps elsewhere: whether it is wanted follows from its id, everywhere alike."""
        whole = trace_id(call_sid)
        wanted = self._provider.sampler.should_sample(None, whole, "call").decision is Decision.RECORD_AND_SAMPLE
        flags = trace.TraceFlags(trace.TraceFlags.SAMPLED if wanted else trace.TraceFlags.DEFAULT)
        return trace.SpanContext(whole, call_span_id(call_sid), is_remote=True, trace_flags=flags)


class Ids(IdGenerator):
    """Random ones, but for the span that is begun while some are `chosen`. For one thread."""

    def __init__(self) -> None:
        self._chosen: tuple[int, int] | None = None

    @contextmanager
    def chosen(self, whole: int, span: int) -> Iterator[None]:
        self._chosen = whole, span
        try:
            yield
        finally:
            self._chosen = None

    def generate_trace_id(self) -> int:
        return self._chosen[0] if self._chosen else 1 + secrets.randbelow(2**128 - 1)

    def generate_span_id(self) -> int:
        return self._chosen[1] if self._chosen else 1 + secrets.randbelow(2**64 - 1)


class Told(SpanExporter):
    """An exporter of whose trouble, and of its end, the log tells once."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter, self._troubled = exporter, False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        failed = result is not SpanExportResult.SUCCESS
        if failed and not self._troubled:
            log.warning("traces can't be exported; calls go on without them")
        if self._troubled and not failed:
            log.info("traces are exported again")
        self._troubled = failed
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def nanoseconds(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000) * 1000
