"""A stand-in for /v1/audio/transcriptions as OpenAI publishes it: multipart in, verbose_json or json out.

    with FakeTranscriptions() as fake:
        fake.will("where is my order", language="english", avg_logprob=-0.2)

Answers are given in the order in which they were scripted; the last one goes on being given. What was asked is in `asked`.
"""

from __future__ import annotations

import io
import wave
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.formparser import parse_form_data

from tests.fakes.server import FakeServer, Request, Response

KEY = "stt-test-0123456789"
FIELDS = {"model", "language", "prompt", "response_format", "temperature"}  # of the contract, those that a file of speech needs


@dataclass(frozen=True, slots=True)
class Asked:
    fields: Mapping[str, str]
    filename: str
    rate: int  # Hz
    pcm: bytes


class FakeTranscriptions(FakeServer):
    needs_key = True
    formats: tuple[str, ...] = ("verbose_json", "json")
    hears: Callable[[Asked], str] | None = None  # instead of a script: the words for a sound

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self._answers: deque[Any] = deque()
        self.asked: list[Asked] = []

    def will(self, text: str, *, language: str = "english", **figures: Any) -> None:
        """One sentence; `figures` of its segment beside those of a sure one."""
        self.will_answer(verbose(text, language, [segment(text, **figures)]))

    def will_answer(self, body: Any) -> None:
        with self.lock:
            self._answers.append(body)

    def forget(self) -> None:
        """As new, for the next test."""
        with self.lock:
            self.behave()
            self._answers.clear()
            self.requests.clear()
            self.asked.clear()
            self.needs_key, self.formats, self.hears = True, type(self).formats, None

    def answer(self, request: Request) -> Response:
        if request.route != "POST /v1/audio/transcriptions":
            return Response(404, self.error_body(404))
        if self.needs_key and request.headers.get("authorization") != f"Bearer {KEY}":
            return Response(401, self.error_body(401))
        asked = read(request)
        if asked.fields.keys() - FIELDS or not asked.fields.get("model") or asked.fields.get("response_format") not in self.formats:
            return Response(400, self.error_body(400))
        self.asked.append(asked)
        return Response(200, self._answer(asked))

    def _answer(self, asked: Asked) -> Any:
        if self.hears:
            return verbose(text := self.hears(asked), "english", [segment(text)])
        body = self._answers.popleft() if len(self._answers) > 1 else self._answers[0]
        return {"text": body["text"]} if asked.fields["response_format"] == "json" and isinstance(body, dict) else body

    def error_body(self, status: int) -> Any:
        return {"error": {"message": "scripted", "type": "invalid_request_error" if status < 500 else "server_error", "code": None}}


def read(request: Request) -> Asked:
    """The form, by a parser that is not ours. Raises what a broken form or WAV raises: the client sees the connection end."""
    environ = {
        "wsgi.input": io.BytesIO(request.body),
        "CONTENT_TYPE": request.headers["content-type"],
        "CONTENT_LENGTH": request.headers["content-length"],
        "REQUEST_METHOD": "POST",
    }
    _, fields, files = parse_form_data(environ)
    with files["file"].stream as stream, wave.open(stream, "rb") as sound:
        assert (files["file"].mimetype, sound.getnchannels(), sound.getsampwidth()) == ("audio/wav", 1, 2)
        return Asked(dict(fields), files["file"].filename or "", sound.getframerate(), sound.readframes(sound.getnframes()))


def verbose(text: str, language: str, segments: list[dict[str, Any]]) -> dict[str, Any]:
    return {"task": "transcribe", "language": language, "duration": 2.4, "text": text, "segments": segments}


def segment(text: str, **figures: Any) -> dict[str, Any]:
    told = {"avg_logprob": -0.2, "compression_ratio": 1.1, "no_speech_prob": 0.02, **figures}
    return {"id": 0, "seek": 0, "start": 0.0, "end": 2.4, "text": f" {text}", "tokens": [50364, 50484], "temperature": 0.0, **told}
