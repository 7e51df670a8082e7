"""The recogniser on Ray Serve: as many replicas as there is work for, on the GPUs and CPUs of several machines, behind one address.

    serve run deploy/ray/serve.yaml           # on a Ray cluster, or on this machine alone

`Door` speaks OpenAI's /v1/audio/transcriptions, with the very application of stt.py; `Replica` is one loaded model with its own queue.
A replica that dies over an utterance loses nothing: the door has another one hear it. docs/recogniser.md tells the rest.
"""

from __future__ import annotations

import asyncio
import io
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ray import serve
from ray.serve.handle import DeploymentHandle
from starlette.requests import Request
from starlette.responses import Response
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response as Answer

import stt
from calls import log
from calls.call import Utterance
from calls.errors import EngineError
from calls.settings import Environment, load
from deploy.ray.replicas import ANSWER_WITHIN_S, Heard, Replicas
from engines import make_recognizer
from service.ears import Ears
from service.transcriptions import MOST_BYTES, make_app

HUNG_AFTER_S = 45.0  # an utterance takes a second; an engine that restarts itself does so sooner
DOORS_AT_ONCE = 256


def number(name: str, default: float) -> float:
    return float(os.environ.get(name) or default)


GPUS, CPUS = number("STT_GPUS_EACH", 0), number("STT_CPUS_EACH", 1)  # of a replica
LEAST, MOST = int(number("STT_REPLICAS_LEAST", 1)), int(number("STT_REPLICAS_MOST", 4))
ONGOING = number("STT_ONGOING_EACH", 16 if GPUS else 2)  # utterances at once that a replica should have; more, and one is added
WAITING = int(number("STT_WAITING_EACH", 64))  # that it may have; more, and they are refused


@dataclass(slots=True)
class Underway:
    """When the utterances that are being heard began, in `time.monotonic` seconds."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _began: dict[object, float] = field(default_factory=dict)

    def __enter__(self) -> None:
        with self._lock:
            self._began[threading.get_ident()] = time.monotonic()

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._began.pop(threading.get_ident(), None)

    def longest_s(self, now: float) -> float:
        with self._lock:
            return now - min(self._began.values(), default=now)


@serve.deployment(
    ray_actor_options={"num_gpus": GPUS, "num_cpus": CPUS},
    autoscaling_config={
        "min_replicas": LEAST,
        "initial_replicas": LEAST,
        "max_replicas": MOST,
        "target_ongoing_requests": ONGOING,
        "upscale_delay_s": 5,
        "downscale_delay_s": 300,
    },
    max_ongoing_requests=WAITING,
    max_queued_requests=WAITING,
    health_check_period_s=5,
    health_check_timeout_s=8,
    graceful_shutdown_wait_loop_s=1,
    graceful_shutdown_timeout_s=ANSWER_WITHIN_S,
)
class Replica:
    """One loaded model. Ray starts another when it dies or its health check fails, and lets it finish what it hears when there are
    fewer to be."""

    def __init__(self) -> None:
        environment = Environment.read(os.environ)
        log.configure(environment.log_level)
        self._recognizer = make_recognizer(stt.served(load(environment.bot_config)), environment)
        self._pool, self._underway = ThreadPoolExecutor(WAITING, "ear"), Underway()

    async def transcribe(self, utterance: Utterance, language: str | None) -> Heard:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._heard, utterance, language)

    async def describe(self) -> dict[str, Any]:
        """As the recogniser does, with the process's id."""
        described: dict[str, Any] = getattr(self._recognizer, "describe", dict)()
        return {**described, "languages": list(self._recognizer.languages), "pid": os.getpid()}

    async def check_health(self) -> None:
        """Ray replaces the replica when this raises some times in a row."""
        if self._underway.longest_s(time.monotonic()) > HUNG_AFTER_S:
            raise EngineError("the engine hangs")
        if (await self.describe()).get("state") == "gone":
            raise EngineError("the engine is gone")

    def _heard(self, utterance: Utterance, language: str | None) -> Heard:
        try:
            with self._underway:
                return Heard(self._recognizer.transcribe(utterance, language=language))
        except EngineError as error:
            return Heard(None, error.why)


@serve.deployment(
    num_replicas=2,
    ray_actor_options={"num_cpus": 0.1},
    max_ongoing_requests=DOORS_AT_ONCE,
    health_check_period_s=5,
    graceful_shutdown_wait_loop_s=1,
    graceful_shutdown_timeout_s=ANSWER_WITHIN_S,
)
class Door:
    """The application of stt.py, whose recogniser is all replicas. Two, so that one may die."""

    def __init__(self, replicas: DeploymentHandle[Any]) -> None:
        environment = Environment.read(os.environ)
        log.configure(environment.log_level)
        ears = Ears(lambda: Replicas(replicas), at_once=DOORS_AT_ONCE, pauses_s=(1.0, 2.0, 5.0))
        self._app = make_app(ears, key=environment.stt_key.get_secret_value())
        self._pool = ThreadPoolExecutor(DOORS_AT_ONCE, "door")
        ears.start()

    async def __call__(self, request: Request) -> Response:
        if int(request.headers.get("content-length") or 0) > MOST_BYTES:
            return Response(status_code=413)
        body = await request.body()
        answer = await asyncio.get_running_loop().run_in_executor(self._pool, self._answered, request, body)
        return Response(answer.get_data(), answer.status_code, dict(answer.headers))

    async def describe(self) -> dict[str, Any]:
        """Which process it is."""
        return {"pid": os.getpid()}

    def _answered(self, request: Request, body: bytes) -> Answer:
        builder = EnvironBuilder(
            request.url.path, method=request.method, headers=list(request.headers.items()), input_stream=io.BytesIO(body)
        )
        return Answer.from_app(self._app, builder.get_environ(), buffered=True)


app = Door.bind(Replica.bind())  # type: ignore[attr-defined]
