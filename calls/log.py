"""Structured logs: one JSON object a line, a constant sentence as the message, ids as fields.

Personal data (numbers, names, words) belongs in no message. A field whose name begins with `pii_` is dropped
unless it was allowed aloud (LOG_PII=1).
"""

from __future__ import annotations

import logging
import sys
from typing import IO

from pythonjsonlogger.json import JsonFormatter


class DropPersonalData(logging.Filter):
    """Removes fields named pii_... from every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        for name in [name for name in vars(record) if name.startswith("pii_")]:
            delattr(record, name)
        return True


def configure(level: str = "INFO", *, allow_pii: bool = False, stream: IO[str] | None = None) -> None:
    """Send every logger's records to `stream` (stderr) as JSON lines. Safe to call again."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        JsonFormatter(
            "{asctime}{levelname}{name}{message}", style="{", rename_fields={"asctime": "at", "levelname": "level"}, json_ensure_ascii=False
        )
    )
    if not allow_pii:
        handler.addFilter(DropPersonalData())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("httpx", "httpx2", "alembic", "faster_whisper", "urllib3", "filelock"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
