"""espeak-ng, the C library, as the wheel `espeakng-loader` carries it: the one place that knows its calls.

Its state is global, so a process has one `Library` and one lock. Constants and structures: speak_lib.h of espeak-ng 1.52.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from importlib import import_module

from calls.errors import EngineError, EngineUnavailable

SYNCHRONOUS, DONT_EXIT = 2, 0x8000
UTF8, RATE_PARAMETER, BY_CHARACTER = 1, 1, 1
GO_ON, ABORT = 0, 1
BUFFER_MS = 20


class VoiceStruct(ctypes.Structure):
    """espeak_VOICE, as espeak_ListVoices gives it."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("kind", ctypes.c_ubyte * 4),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class Library:
    """The loaded library. `synthesise` may be called from any thread."""

    def __init__(self) -> None:
        """Raises EngineUnavailable."""
        try:
            wheel = import_module("espeakng_loader")
            self._lib = ctypes.CDLL(wheel.get_library_path())
            data_path = os.fsencode(wheel.get_data_path())
        except (ImportError, OSError, RuntimeError) as error:
            raise EngineUnavailable(f"espeak-ng can't be loaded ({error}); pip install espeakng-loader") from error
        self._lib.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(VoiceStruct))
        self.sample_rate: int = self._lib.espeak_Initialize(SYNCHRONOUS, BUFFER_MS, data_path, DONT_EXIT)
        if self.sample_rate <= 0:
            raise EngineUnavailable("espeak-ng does not start: its data folder can't be read")
        self._lock = threading.Lock()
        self._sound = bytearray()
        self._cancelled: Callable[[], bool] = bool
        self._callback = SynthCallback(self._take)  # kept here, or it would be collected under the library's feet
        self._lib.espeak_SetSynthCallback(self._callback)

    def synthesise(self, text: str, *, voice: str, words_per_minute: int, cancelled: Callable[[], bool]) -> bytes:
        """16-bit mono PCM at `sample_rate` Hz; what there is so far when `cancelled()` turns true. Raises EngineError."""
        spoken = text.encode("utf-8", errors="ignore")
        with self._lock:
            self._choose(voice, words_per_minute)
            self._sound, self._cancelled = bytearray(), cancelled
            fault = self._lib.espeak_Synth(spoken, len(spoken) + 1, 0, BY_CHARACTER, 0, UTF8, None, None)
            sound, self._sound, self._cancelled = self._sound, bytearray(), bool
        if fault:
            raise EngineError(f"espeak-ng failed at a synthesis (code {fault})")
        return bytes(sound)

    def find(self, name: str) -> str | None:
        """The voice called `name`, or else the best one of the language `name` ("en-gb" is only a language); None without any."""
        with self._lock:
            if self._lib.espeak_SetVoiceByName(name.encode()) == 0:
                return name
            fitting = [(rank, voice) for language, rank, voice in self._voices() if language == name.lower()]
        return min(fitting)[1] if fitting else None

    def languages(self) -> list[str]:
        """Every language that some voice speaks."""
        with self._lock:
            return sorted({language for language, _, _ in self._voices()})

    def _choose(self, voice: str, words_per_minute: int) -> None:
        if fault := self._lib.espeak_SetVoiceByName(voice.encode()):
            raise EngineError(f"espeak-ng refused the voice {voice!r} (code {fault})")
        self._lib.espeak_SetParameter(RATE_PARAMETER, words_per_minute, 0)

    def _take(self, samples: int | None, count: int, _events: int | None) -> int:
        if samples and count > 0:
            self._sound += ctypes.string_at(samples, count * 2)
        return ABORT if self._cancelled() else GO_ON

    def _voices(self) -> Iterator[tuple[str, int, str]]:
        """(language, rank, identifier): the lower the rank the better the voice fits its language."""
        voices, index = self._lib.espeak_ListVoices(None), 0
        while voices[index]:
            voice = voices[index].contents
            yield from ((language, rank, voice.identifier.decode()) for rank, language in _ranked(voice.languages))
            index += 1


def _ranked(address: int) -> Iterator[tuple[int, str]]:
    """espeak_VOICE.languages: (one byte rank, name, NUL)*, NUL."""
    while rank := ctypes.string_at(address, 1)[0]:
        language = ctypes.string_at(address + 1)
        yield rank, language.decode()
        address += len(language) + 2


_loading = threading.Lock()
_loaded: list[Library] = []


def library() -> Library:
    """The process's one espeak-ng. Raises EngineUnavailable."""
    with _loading:
        if not _loaded:
            _loaded.append(Library())
        return _loaded[0]
