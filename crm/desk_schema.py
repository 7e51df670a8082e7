"""The desk's tables. A change here needs a migration in records/migrations/versions."""

from __future__ import annotations

from sqlalchemy import Column, Float, Integer, MetaData, Table, UniqueConstraint

from calls.columns import Moment, PlainText

metadata = MetaData(naming_convention={"pk": "pk_%(table_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s"})

tickets = Table(
    "tickets",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("call_sid", PlainText, nullable=False),
    Column("phone", PlainText, nullable=False),
    Column("intent", PlainText, nullable=False),
    Column("priority", PlainText, nullable=False),
    Column("language", PlainText, nullable=False),
    Column("status", PlainText, nullable=False),
    Column("summary", PlainText, nullable=False),
    Column("description", PlainText, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("call_sid"),
)

# A row and not a sequence of the database's: SQLite has none, and PostgreSQL's leave gaps behind a rollback.
ticket_numbers = Table(
    "ticket_numbers",
    metadata,
    Column("name", PlainText, primary_key=True),
    Column("last", Integer, nullable=False),
)
