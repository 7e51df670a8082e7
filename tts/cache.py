"""A voice that remembers: fixed sentences for good, recent ones while there is room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator

from calls.ports import Voice, never

Key = tuple[str, str, int]  # text as written, language, sample rate in Hz
Chunks = tuple[bytes, ...]


class CachedVoice:
    """A `Voice` around another one. Only a sentence that was spoken to its end is remembered."""

    def __init__(self, voice: Voice, *, max_entries: int = 256, max_bytes: int = 32 * 1024 * 1024) -> None:
        """The bounds are those of the recent sentences; the kept ones are as many as `keep` is given."""
        self.voice = voice
        self._max_entries, self._max_bytes = max_entries, max_bytes
        self._kept: dict[Key, Chunks] = {}
        self._recent: OrderedDict[Key, Chunks] = OrderedDict()  # the longest unused first
        self._recent_bytes = 0
        self._lock = threading.Lock()

    def keep(self, texts: Iterable[tuple[str, str]], sample_rate: int) -> None:
        """Speak every (text, language) now, so that it is at hand for ever. Raises EngineError."""
        for text, language in texts:
            if (text, language, sample_rate) in self._kept:
                continue
            chunks = tuple(self.voice.speak(text, language=language, sample_rate=sample_rate))
            with self._lock:
                self._kept[text, language, sample_rate] = chunks

    def speak(self, text: str, *, language: str, sample_rate: int, cancelled: Callable[[], bool] = never) -> Iterator[bytes]:
        key = (text, language, sample_rate)
        chunks = self._recall(key)
        if chunks is None:
            yield from self._speak_and_remember(key, cancelled)
            return
        for chunk in chunks:
            if cancelled():
                return
            yield chunk

    def _speak_and_remember(self, key: Key, cancelled: Callable[[], bool]) -> Iterator[bytes]:
        watch = _Watch(cancelled)
        text, language, sample_rate = key
        chunks = []
        for chunk in self.voice.speak(text, language=language, sample_rate=sample_rate, cancelled=watch):
            chunks.append(chunk)
            yield chunk
        if not watch.fired:
            self._remember(key, tuple(chunks))

    def _recall(self, key: Key) -> Chunks | None:
        with self._lock:
            if key in self._recent:
                self._recent.move_to_end(key)
            return self._kept.get(key, self._recent.get(key))

    def _remember(self, key: Key, chunks: Chunks) -> None:
        with self._lock:
            self._recent_bytes += _size(chunks) - _size(self._recent.pop(key, ()))
            self._recent[key] = chunks
            while self._recent and (len(self._recent) > self._max_entries or self._recent_bytes > self._max_bytes):
                self._recent_bytes -= _size(self._recent.popitem(last=False)[1])


class _Watch:
    """`cancelled`, remembering whether it was ever true: then the sound may have been cut."""

    def __init__(self, cancelled: Callable[[], bool]) -> None:
        self._cancelled, self.fired = cancelled, False

    def __call__(self) -> bool:
        self.fired = self.fired or self._cancelled()
        return self.fired


def _size(chunks: Chunks) -> int:
    return sum(map(len, chunks))
