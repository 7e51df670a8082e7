"""Column types of the rooms that keep rows: what goes in comes out alike from SQLite and PostgreSQL."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """`text` as every database takes it: without NUL (PostgreSQL refuses it), halves of a surrogate pair as U+FFFD."""
    return _LONE_SURROGATE.sub("\ufffd", text.replace("\0", ""))


class PlainText(TypeDecorator[str]):
    """Text of any length, unchanged but for what no database can hold."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


class PlainJson(TypeDecorator[Any]):
    """A list of texts, or a mapping of texts or numbers."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if isinstance(value, dict):
            return {storable(key): self.process_bind_param(each, dialect) for key, each in value.items()}
        if isinstance(value, list):
            return [self.process_bind_param(each, dialect) for each in value]
        return storable(value) if isinstance(value, str) else value


class Moment(TypeDecorator[datetime]):
    """An aware datetime; comes back in UTC, from SQLite too, which keeps no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
