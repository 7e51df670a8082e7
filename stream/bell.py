"""Wakes a thread that waits in poll(), from any other thread."""

from __future__ import annotations

import os
import threading


class Bell:
    """`poll` its `fileno`; it can be read from `ring` until `hush`. A bell that was closed rings no more, and that is no error."""

    def __init__(self) -> None:
        self._lock, self._rung, self._closed = threading.Lock(), False, True
        self._ear, self._button = os.pipe()
        self._closed = False

    def fileno(self) -> int:
        return self._ear

    def ring(self) -> None:
        with self._lock:  # or a closed bell's number may be another file's by now
            if not self._rung and not self._closed:
                self._rung = True
                os.write(self._button, b"!")

    def hush(self) -> None:
        with self._lock:
            if self._rung and not self._closed:
                self._rung = False
                os.read(self._ear, 1)

    def close(self) -> None:
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self._ear)
                os.close(self._button)

    def __del__(self) -> None:
        self.close()
