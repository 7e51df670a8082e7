"""What is answered, in OpenAI's forms. Pure.

Beyond the contract `verbose_json` tells what our own client (stream/remote_answer.py) goes by: how sure the language is, why words
were not believed, and where the time went. Others overlook it.
"""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

from calls.call import Transcript, Utterance
from stream.remote_languages import CODES
from stream.whisper_guards import compression_ratio

FORMATS = ("json", "text", "verbose_json")
NAMES = {code: name for name, code in CODES.items()}
LEAST_CONFIDENCE = 1e-6  # has a logarithm
Answer = tuple[str, str]  # (content type, body)


def answer(transcript: Transcript, utterance: Utterance, form: str) -> Answer:
    """`form`: one of FORMATS. A transcript that was rejected is an empty text."""
    if form == "text":
        return "text/plain; charset=utf-8", transcript.text + "\n"
    tree = verbose(transcript, utterance) if form == "verbose_json" else {"text": transcript.text}
    return "application/json", json.dumps(tree, ensure_ascii=False)


def verbose(transcript: Transcript, utterance: Utterance) -> dict[str, Any]:
    seconds = round(utterance.duration_ms / 1000, 3)
    return {
        "task": "transcribe",
        "language": NAMES.get(transcript.language, transcript.language),
        "duration": seconds,
        "text": transcript.text,
        "segments": [segment(transcript, seconds)] if transcript.text else [],
        "language_probability": transcript.language_confidence,
        "rejected": transcript.rejected,
        "spent": dataclasses.asdict(transcript.spent) if transcript.spent else None,
    }


def segment(transcript: Transcript, seconds: float) -> dict[str, Any]:
    """The words as one stretch: they were said in one breath. Speech it is: what is none was rejected before."""
    return {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": seconds,
        "text": transcript.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": math.log(min(1.0, max(transcript.confidence, LEAST_CONFIDENCE))),
        "compression_ratio": compression_ratio(transcript.text),
        "no_speech_prob": 0.0,
    }


def error(message: str, *, kind: str = "invalid_request_error", param: str | None = None, code: str | None = None) -> dict[str, Any]:
    """OpenAI's shape of an error; `kind` is its `type`."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def models(names: list[str]) -> dict[str, Any]:
    """/v1/models."""
    return {"object": "list", "data": [{"id": name, "object": "model", "created": 0, "owned_by": "voicebot"} for name in names]}
