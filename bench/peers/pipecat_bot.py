# mypy: disable-error-code="import-not-found,misc,untyped-decorator"
"""The same helpdesk's ear and mouth through pipecat: `python -m bench.peers.pipecat_bot`, in an environment of pipecat-requirements.txt.

Environment: PORT, JAMBONZ_WEBHOOK_SECRET, and PEER_TURNS: "timeout" (a turn ends 0.6 s after the detector's 0.2 s of silence) or
"smart" (pipecat's default, Smart Turn). PEER_THREADS and PEER_AT_ONCE: threads for one utterance (0: the library's choice), utterances
at a time; unless they are set, a thread for each and as many as there are cores, as our own bot has it.
Everything that pipecat offers beside the call (turn tracking, RTVI, metrics, debug log) is switched off: it would only cost it time.
"""

from __future__ import annotations

import os
import sys
import time

import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from bench.peers.answers import Answers
from bench.peers.front import SAMPLE_RATE, SUBPROTOCOL, Front, rate_in
from bench.peers.pipecat_engines import LANGUAGE, MODEL, EspeakService, PlainAnswers, SharedWhisper, shared_model, shared_voice
from bench.peers.pipecat_line import JambonzSerializer

STOP_S, SPEECH_TIMEOUT_S = 0.2, 0.6
TURNS = os.environ.get("PEER_TURNS", "timeout")
THREADS, AT_ONCE = int(os.environ.get("PEER_THREADS", "1")), int(os.environ.get("PEER_AT_ONCE", os.cpu_count() or 1))
ANSWERS = Answers.read()

app = FastAPI()
front = Front(os.environ.get("JAMBONZ_WEBHOOK_SECRET", ""))


@app.get("/readyz")
async def readyz() -> dict[str, str]:
    return {"engines": "loaded"}


@app.post("/{path:path}")
async def hook(path: str, request: Request) -> Response:
    raw, signature = await request.body(), request.headers.get("Jambonz-Signature")
    status, body = front.answer(f"/{path}", raw, signature, now_s=time.time())
    return Response(body, status, media_type="application/json")


@app.websocket("/audio")
async def audio(socket: WebSocket) -> None:
    """One call, from the first message to the end of the socket."""
    await socket.accept(subprotocol=SUBPROTOCOL)
    rate = rate_in(await socket.receive_text())
    transport = line(socket, rate)
    worker = PipelineWorker(
        pipeline(transport),
        params=PipelineParams(audio_in_sample_rate=rate, audio_out_sample_rate=rate),
        enable_rtvi=False,
        enable_turn_tracking=False,
    )

    @transport.event_handler("on_client_connected")
    async def greet(_transport: object, _socket: WebSocket) -> None:
        await worker.queue_frames([TTSSpeakFrame(ANSWERS.greeting)])

    @transport.event_handler("on_client_disconnected")
    async def end(_transport: object, _socket: WebSocket) -> None:
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


def line(socket: WebSocket, rate: int) -> FastAPIWebsocketTransport:
    params = FastAPIWebsocketParams(audio_in_enabled=True, audio_out_enabled=True, serializer=JambonzSerializer(rate))
    return FastAPIWebsocketTransport(socket, params)


def pipeline(transport: FastAPIWebsocketTransport) -> Pipeline:
    """What pipecat's own examples for telephones put between the two ends of a line, with the answer in the language model's place."""
    stop = {"stop": [SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=SPEECH_TIMEOUT_S)]} if TURNS == "timeout" else {}
    listening = LLMUserAggregatorParams(
        vad_analyzer=SileroVADAnalyzer(params=VADParams(stop_secs=STOP_S)), user_turn_strategies=UserTurnStrategies(**stop)
    )
    turns = LLMContextAggregatorPair(LLMContext(), user_params=listening)
    ear = SharedWhisper(threads=THREADS, at_once=AT_ONCE)
    return Pipeline([transport.input(), ear, turns.user(), PlainAnswers(ANSWERS), EspeakService(), transport.output(), turns.assistant()])


def warm_up() -> None:
    """What our own bot does before it says that it is ready: the model, the voice and the first words."""
    shared_model(str(MODEL), THREADS, AT_ONCE)
    shared_voice().keep([(ANSWERS.greeting, LANGUAGE)], SAMPLE_RATE)


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    warm_up()
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
