"""The recogniser of a serving process: loaded beside its first requests, tried anew while it can't be had, and never asked by too many."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from calls.call import Transcript, Utterance
from calls.errors import BotError
from calls.ports import Recognizer

log = logging.getLogger("voicebot")
AT_ONCE = 128  # utterances: as many as its owner lets wait, and a batch beside them
PAUSES_S = (5.0, 10.0, 20.0, 40.0, 60.0)  # between two tries to load it; the last one stays
DEAF = ("restarting", "gone")  # states of an engine that hears nothing now


class NotReady(Exception):
    """There is no recogniser yet."""


class Full(Exception):
    """As many utterances are being heard as the recogniser takes."""


class Ears:
    """Used from several threads. `load` takes seconds and raises BotError; `at_once`: utterances, where the recogniser wants no fewer."""

    def __init__(self, load: Callable[[], Recognizer], *, at_once: int = AT_ONCE, pauses_s: tuple[float, ...] = PAUSES_S) -> None:
        self._load, self._at_once, self._pauses_s = load, at_once, pauses_s
        self._recognizer: Recognizer | None = None
        self._trouble, self._leaving = "", threading.Event()
        self._lock, self._heard_now = threading.Lock(), 0

    def start(self) -> None:
        """Load it, in a thread of its own."""
        threading.Thread(target=self._keep_loading, name="ears", daemon=True).start()

    def leave(self) -> None:
        """/readyz says from now on that nobody should come any more; who comes is still heard."""
        self._leaving.set()

    def hear(self, utterance: Utterance, language: str | None) -> Transcript:
        """Raises NotReady, Full, EngineError."""
        recognizer = self._recognizer
        if recognizer is None:
            raise NotReady
        with self._place(min(self._at_once, getattr(recognizer, "at_once", self._at_once))):
            return recognizer.transcribe(utterance, language=language)

    @property
    def languages(self) -> tuple[str, ...]:
        return self._recognizer.languages if self._recognizer else ()

    @property
    def busy(self) -> int:
        """Utterances that are being heard, or wait for the engine."""
        return self._heard_now

    @property
    def models(self) -> list[str]:
        """Names of what it hears with."""
        return [str(self._described().get("model", "whisper"))] if self._recognizer else []

    def report(self) -> dict[str, Any]:
        """For /readyz: {"ready": bool, ...}; nothing secret."""
        described = self._described()
        loaded = "loaded" if self._recognizer else self._trouble or "loading"
        ready = bool(self._recognizer) and not self._leaving.is_set() and described.get("state") not in DEAF
        return {"ready": ready, "engines": loaded, "draining": self._leaving.is_set(), "busy": self.busy, "recognizer": described}

    @contextmanager
    def _place(self, most: int) -> Iterator[None]:
        with self._lock:
            if self._heard_now >= most:
                raise Full
            self._heard_now += 1
        try:
            yield
        finally:
            with self._lock:
                self._heard_now -= 1

    def _described(self) -> dict[str, Any]:
        return dict(getattr(self._recognizer, "describe", dict)())

    def _keep_loading(self) -> None:
        tries = 0
        while not self._loaded():
            pause_s = self._pauses_s[min(tries, len(self._pauses_s) - 1)]
            log.error("the recogniser can't be had; it is tried again", extra={"why": self._trouble, "pause_s": pause_s})
            tries += 1
            if self._leaving.wait(pause_s):
                return

    def _loaded(self) -> bool:
        try:
            self._recognizer = self._load()
        except BotError as error:
            self._trouble = str(error)
            return False
        except Exception:
            log.exception("the recogniser can't be loaded")
            self._trouble = "the recogniser can't be loaded; the log says why"
            return False
        self._trouble = ""
        return True
