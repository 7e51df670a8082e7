"""The desk's tables. A change here needs a migration in records/migrations/versions."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Integer, MetaData, Table

from calls.columns import Moment, PlainText

metadata = MetaData(
    naming_convention={"pk": "pk_%(table_name)s", "fk": "fk_%(table_name)s_%(column_0_name)s", "ix": "ix_%(table_name)s_%(column_0_name)s"}
)

tickets = Table(
    "tickets",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("phone", PlainText, nullable=False, index=True),
    Column("intent", PlainText, nullable=False),
    Column("priority", PlainText, nullable=False),
    Column("language", PlainText, nullable=False),
    Column("status", PlainText, nullable=False),
    Column("summary", PlainText, nullable=False),
    Column("description", PlainText, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("due_at", Moment),  # a call back was promised until then
    Column("moved_at", Moment),  # when its status was changed, here or in a CRM
)

# Which calls a ticket is about; one that a caller rings about again has several.
ticket_calls = Table(
    "ticket_calls",
    metadata,
    Column("call_sid", PlainText, primary_key=True),
    Column("number", Integer, ForeignKey(tickets.c.number, ondelete="CASCADE"), nullable=False, index=True),
    Column("description", PlainText, nullable=False),
    Column("began_at", Moment, nullable=False),
    Column("intent", PlainText, nullable=False, server_default=""),  # what the call is filed under
    Column("corrected_at", Moment),  # when an agent said that this was the intent
    Column("due_at", Moment),  # a call back was promised in it until then, and is still to be made
)

# A row and not a sequence of the database's: SQLite has none, and PostgreSQL's leave gaps behind a rollback.
ticket_numbers = Table(
    "ticket_numbers",
    metadata,
    Column("name", PlainText, primary_key=True),
    Column("last", Integer, nullable=False),
)
