"""The doors: POST /v1/audio/transcriptions and GET /v1/models behind the key; /healthz, /readyz and /metrics for whoever watches."""

from __future__ import annotations

import hmac
import time
from typing import Any, NoReturn, cast

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from werkzeug.exceptions import HTTPException

from calls.call import Utterance
from calls.errors import EngineError
from calls.metrics import SECONDS
from service.answers import FORMATS, answer, error, models
from service.ears import Ears, Full, NotReady
from service.sound import BadSound, TooMuchSound, utterance_of
from stream.remote import SO_FAR
from stream.remote_languages import code_of

MOST_BYTES = 25 * 2**20  # as OpenAI's own
BUSY_S, AWAY_S = 1, 5  # for Retry-After
FULL = {"full"}  # an EngineError's `why` that says: not now
AWAY = {"broken", "hung", "restarting", "gone", "closed", "died", "unreachable"}  # not this one, but it is being replaced

REQUESTS = Counter("voicebot_stt_requests_total", "Transcriptions asked for, by the status answered", ["status"])
REQUEST = Histogram("voicebot_stt_request_seconds", "Time to answer a transcription that was heard", buckets=SECONDS)
BUSY = Gauge("voicebot_stt_busy", "Utterances that are being heard, or wait for the engine")

v1 = Blueprint("v1", __name__, url_prefix="/v1")
watch = Blueprint("watch", __name__)


def make_app(ears: Ears, *, key: str = "") -> Flask:
    """The Flask application around `ears`, which somebody else starts; without a `key` everybody may ask."""
    app = Flask("stt", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.extensions["ears"], app.extensions["key"] = ears, key.encode()
    app.register_blueprint(v1)
    app.register_blueprint(watch)
    app.register_error_handler(HTTPException, apologise)
    BUSY.set_function(lambda: ears.busy)
    return app


# -- behind the key -----------------------------------------------------------------
@v1.before_request
def knows_the_key() -> None:
    key = current_app.extensions["key"]
    given = request.headers.get("Authorization", "").encode()
    if key and not hmac.compare_digest(given, b"Bearer " + key):
        refuse(401, error("the key in the Authorization header is not the one of this server", code="invalid_api_key"))


@v1.after_request
def counted(response: Response) -> Response:
    if request.endpoint == "v1.transcriptions":
        REQUESTS.labels(str(response.status_code)).inc()
    return response


@v1.get("/models")
def which_models() -> Response:
    return jsonify(models(ears().models))


@v1.post("/audio/transcriptions")
def transcriptions() -> Response:
    """Hear one file. `prompt`, `temperature` and the rest of the contract are let pass: jambonz-app.json has the words to expect."""
    began = time.perf_counter()
    form, language, utterance = asked_form(), asked_language(), asked_sound()
    try:
        transcript = ears().hear(utterance, language)
    except NotReady:
        refuse(503, error("the recogniser is still loading", kind="server_error", code="loading"), AWAY_S)
    except Full:
        refuse(429, error("as much is being heard as this server takes", kind="rate_limit_error", code="full"), BUSY_S)
    except EngineError as failure:
        refuse_for(failure.why)
    content_type, body = answer(transcript, utterance, form)
    REQUEST.observe(time.perf_counter() - began)
    return Response(body, content_type=content_type)


def asked_form() -> str:
    if not request.form.get("model", "").strip():
        refuse(400, error("model is missing; /v1/models tells its name, and any other is taken for it", param="model"))
    form = request.form.get("response_format", "json")
    if form not in FORMATS:
        refuse(400, error(f"response_format is one of {', '.join(FORMATS)}", param="response_format"))
    return form


def asked_language() -> str | None:
    """The one told, or else the caller's so far as our own client tells it; None when nothing is known."""
    ours = ears().languages
    if told := code_of(request.form.get("language", "")):
        if ours and told not in ours:
            refuse(400, error(f"language is one that this server hears: {', '.join(ours)}", param="language"))
        return told
    so_far = request.headers.get(SO_FAR, "")
    return so_far if so_far in ours else None


def asked_sound() -> Utterance:
    file = request.files.get("file")
    if file is None:
        refuse(400, error("file is missing: a file of sound in a multipart form", param="file"))
    try:
        return utterance_of(file.read())
    except TooMuchSound as why:
        refuse(413, error(str(why), param="file"))
    except BadSound as why:
        refuse(400, error(str(why), param="file"))


def refuse_for(why: str) -> NoReturn:
    """An engine that failed: whether it is only full, or away for a while, or it was this sound."""
    if why in FULL:
        refuse(429, error("as much is waiting as this server takes", kind="rate_limit_error", code="full"), BUSY_S)
    if why in AWAY:
        refuse(503, error("the recogniser is being replaced", kind="server_error", code="restarting"), AWAY_S)
    refuse(500, error("the recogniser failed at this sound", kind="server_error"))


def ears() -> Ears:
    found: Ears = current_app.extensions["ears"]
    return found


# -- refusals -----------------------------------------------------------------------
def refuse(status: int, body: dict[str, Any], retry_after_s: int = 0) -> NoReturn:
    """End the request with this error."""
    response = jsonify(body)
    response.status_code = status
    if retry_after_s:
        response.headers["Retry-After"] = str(retry_after_s)
    abort(response)


def apologise(exception: HTTPException) -> Response:
    """An error of Flask's, or one of ours that nobody expected, in OpenAI's shape."""
    if exception.response is not None:
        return cast(Response, exception.response)
    status = exception.code or 500
    said = f"the body is larger than {MOST_BYTES} bytes" if status == 413 else exception.name
    response = jsonify(error(said, kind="server_error" if status >= 500 else "invalid_request_error"))
    response.status_code = status
    return response


# -- for whoever watches ------------------------------------------------------------
@watch.get("/healthz")
def healthz() -> Response:
    """The process answers. Says nothing about whether it can hear."""
    return jsonify(status="alive")


@watch.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Whether to send sound here: 503 while it loads, its engine is being replaced, or it is about to end."""
    report = ears().report()
    return jsonify(report), 200 if report["ready"] else 503


@watch.get("/metrics")
def metrics() -> Response:
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)
