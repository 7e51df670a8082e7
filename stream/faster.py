"""What we use of faster-whisper, without the FFmpeg that it reads audio files with.

Calls bring samples and no files; PyAV with FFmpeg's libraries is 17 MB of every process and a tenth of a second of every start.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class Later(ModuleType):
    """A module that is imported when something of it is used for the first time. (importlib's LazyLoader is not enough: up to Python
    3.11 an `import` of it already is such a use.)"""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def later(name: str) -> Iterator[None]:
    """Whoever imports the module `name` within gets it when it is needed; who does so afterwards, at once."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = Later(name)
    try:
        yield
    finally:
        del sys.modules[name]


with later("av"):
    from faster_whisper import WhisperModel as WhisperModel
    from faster_whisper.tokenizer import Tokenizer as Tokenizer
    from faster_whisper.utils import available_models as available_models
    from faster_whisper.utils import download_model as download_model
