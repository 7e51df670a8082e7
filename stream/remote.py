"""Speech recognition elsewhere: any server with /v1/audio/transcriptions (hosted Whisper, vLLM, speaches, LocalAI, our own)."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from pydantic import Field, ValidationError

from calls.breaker import Breaker
from calls.call import Transcript, Utterance, Wanted
from calls.errors import SettingsError
from calls.ports import NEEDED
from calls.section import Section
from calls.settings import RecognizerSettings, faults
from stream.remote_answer import Answer, judged, read
from stream.remote_http import Lines, RemoteFailed
from stream.remote_languages import BY_SCRIPT, UNTOLD, nearest, settled
from stream.remote_question import loudest, prompt_of, wav_of
from stream.whisper_guards import RATE

__all__ = ["RemoteFailed", "RemoteOptions", "RemoteRecognizer"]
log = logging.getLogger(__name__)
SO_FAR = "X-Language-So-Far"  # a header, which every server lets pass: ours weighs the caller's language as the local recogniser does
_ROUTE = "/audio/transcriptions"
Clock = Callable[[], float]


class RemoteOptions(Section):
    """`recognizer.options` of jambonz-app.json where `recognizer.use` is "remote"."""

    model: str = Field(min_length=1, description="the model's name at the server")
    timeout_ms: int = Field(3000, ge=200, le=30_000, description="for an utterance as a whole; then the bot asks again")
    connect_ms: int = Field(1000, ge=50, le=10_000, description="for a new connection, within timeout_ms")
    detect: bool = Field(True, description="the server finds out the language; false: it is told the caller's so far")
    response_format: Literal["verbose_json", "json"] = Field("verbose_json", description="json for models that tell only the text")
    at_once: int = Field(16, ge=1, le=256, description="utterances that the server hears at once")

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> RemoteOptions:
        """Raises SettingsError that names every fault."""
        try:
            return cls.model_validate(dict(options))
        except ValidationError as error:
            lines = [f"  recognizer.options.{line.strip()}" for line in faults(error)]
        raise SettingsError("\n".join(["the options of the recognizer 'remote' do not fit:", *lines]))


class RemoteRecognizer:
    """`calls.ports.Recognizer`. `url` is STT_URL, which ends in /v1; a server of one's own may want no `key`.

    `options`: see RemoteOptions. Neither sound nor words are logged. Raises SettingsError."""

    def __init__(
        self,
        *,
        url: str,
        key: str = "",
        languages: Sequence[str],
        settings: RecognizerSettings,
        clock: Clock = time.monotonic,
        **options: Any,
    ) -> None:
        checked(url, key)
        self._settings, self._options, self.languages = settings, RemoteOptions.of(options), tuple(languages)
        self.at_once = self._options.at_once
        self._format: str = self._options.response_format
        self._prompt = prompt_of(settings.hints)
        self._breaker = Breaker(clock)
        self._lines = Lines(
            url.rstrip("/").removesuffix(_ROUTE) + _ROUTE, key, most=self.at_once, connect_s=self._options.connect_ms / 1000
        )

    def describe(self) -> dict[str, Any]:
        """What is heard with and how it does, for /readyz and the log."""
        return {"engine": "remote", "model": self._options.model, "languages": list(self.languages), **self._breaker.describe()}

    def warm_up(self) -> float:
        """Open a connection, let the server load its model, and find out whether address and key are right: with a second of faint noise.

        A server that is down now may be up for the calls, so it is only told in the log. Returns seconds."""
        began = time.perf_counter()
        noise = np.random.default_rng(1).normal(0, 0.01 * 32768, RATE).astype("<i2").tobytes()
        try:
            self._guarded(Utterance(noise, RATE, began_ms=0, ended_ms=1000), None)
        except RemoteFailed as failure:
            log.warning("the remote recogniser does not answer yet", extra={"why": failure.why, "status": failure.status})
        return time.perf_counter() - began

    def transcribe(self, utterance: Utterance, *, language: str | None, wanted: Wanted = NEEDED) -> Transcript:
        """The words of one utterance at any sample rate. `language`: see `calls.ports.Recognizer`.

        Takes no longer than timeout_ms. Of what is dropped before it is sent, nothing is asked. Raises RemoteFailed, an EngineError."""
        if wanted.dropped:
            return Transcript("", language or self.languages[0], confidence=0.0, language_confidence=0.0, rejected="dropped")
        if loudest(utterance) < self._settings.min_level_db:
            return Transcript("", language or self.languages[0], confidence=0.0, language_confidence=0.0, rejected="silence")
        return self._guarded(utterance, language)

    def close(self) -> None:
        """When no call works with it any more."""
        self._lines.close()

    def _guarded(self, utterance: Utterance, language: str | None) -> Transcript:
        if not self._breaker.allows():
            raise RemoteFailed("resting")
        try:
            transcript = self._heard(wav_of(utterance), language, time.monotonic() + self._options.timeout_ms / 1000)
        except RemoteFailed as failure:
            if failure.only_full:
                self._breaker.left_open()
            else:
                self._breaker.failed(failure.why, rest_s=failure.rest_s)
            raise
        except BaseException:
            self._breaker.left_open()
            raise
        self._breaker.succeeded()
        return transcript

    def _heard(self, wav: bytes, so_far: str | None, ends: float) -> Transcript:
        """A language that is certain is told to the server; else it finds out, and is asked again if that is none of ours."""
        if certain := self._certain(so_far):
            return self._judged(self._ask(wav, certain, ends), certain, 1.0 if len(self.languages) == 1 else BY_SCRIPT)
        answer = self._ask(wav, "", ends, so_far)
        if language := settled(answer.language, answer.text, self.languages, so_far):
            sure = UNTOLD if answer.language_probability is None else answer.language_probability
            return self._judged(answer, language, sure if language == answer.language else BY_SCRIPT)
        language = nearest(answer.language, answer.text, self.languages, so_far)
        return self._judged(self._ask(wav, language, ends), language, BY_SCRIPT)

    def _certain(self, so_far: str | None) -> str:
        if len(self.languages) > 1 and self._options.detect:
            return ""
        return so_far if so_far in self.languages and so_far else self.languages[0]

    def _judged(self, answer: Answer, language: str, sure: float) -> Transcript:
        return judged(answer, language, sure, self._settings, self._settings.hints)

    def _ask(self, wav: bytes, language: str, ends: float, so_far: str | None = None) -> Answer:
        """Models that know no verbose_json refuse it: from then on they are asked for the text alone."""
        headers = {SO_FAR: so_far} if so_far in self.languages and so_far else {}
        try:
            return self._answer(wav, language, self._format, ends, headers)
        except RemoteFailed as failure:
            if failure.status not in (400, 422) or self._format == "json":
                raise
        answer = self._answer(wav, language, "json", ends, headers)
        self._format = "json"
        return answer

    def _answer(self, wav: bytes, language: str, form: str, ends: float, headers: Mapping[str, str]) -> Answer:
        fields = {"model": self._options.model, "response_format": form, "temperature": "0", "language": language, "prompt": self._prompt}
        told = {name: value for name, value in fields.items() if value}
        body = self._lines.post(told, ("speech.wav", wav, "audio/wav"), ends=ends, headers=headers)
        try:
            return read(body)
        except ValueError:
            pass
        raise RemoteFailed("garbage")


def checked(url: str, key: str) -> None:
    """Raises SettingsError when no request could ever be made of them."""
    if not url:
        raise SettingsError("recognizer.use: 'remote' needs STT_URL, the address of a server with /v1/audio/transcriptions")
    if not re.fullmatch(r"https?://[^\s/:@]+(:\d{1,5})?(/[!-~]*)?", url):
        raise SettingsError("STT_URL is no address like https://stt.example.com/v1")
    if not re.fullmatch(r"[!-~]*", key):
        raise SettingsError("STT_KEY holds a blank or a letter that no key has")
