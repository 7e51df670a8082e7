"""Engines by name. An entry is an import path, so that an engine's library loads only when it is chosen."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from calls.errors import SettingsError


class Registry:
    """`Registry("voice", espeak="tts.espeak:EspeakVoice").make("espeak", ...)`."""

    def __init__(self, kind: str, **engines: str) -> None:
        self.kind, self._engines = kind, engines

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._engines))

    def make(self, use: str, **options: Any) -> Any:
        """The engine called `use`. Raises SettingsError when there is none of that name, or its library is missing."""
        if use not in self._engines:
            raise SettingsError(f"no {self.kind} named {use!r}; there are: {', '.join(sorted(self._engines))}")
        module, _, name = self._engines[use].partition(":")
        try:
            return getattr(import_module(module), name)(**options)
        except ImportError as error:
            raise SettingsError(f"{self.kind} {use!r} needs {error.name}: pip install -r requirements.txt") from error
