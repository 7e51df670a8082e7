"""The deliveries' table: one row a call and CRM. A change here needs a migration in records/migrations/versions."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, MetaData, Table

from calls.columns import Moment, PlainJson, PlainText

metadata = MetaData(naming_convention={"pk": "pk_%(table_name)s", "ix": "ix_%(table_name)s_%(column_0_name)s"})

deliveries = Table(
    "deliveries",
    metadata,
    Column("call_sid", PlainText, primary_key=True),
    Column("crm", PlainText, primary_key=True),
    Column("workflow_id", PlainText, nullable=False),  # of the run that may work on it; any other one stops
    Column("run", Integer, nullable=False, default=1),
    Column("state", PlainText, nullable=False),  # crm.deliveries.State
    Column("steps", PlainJson, nullable=False),  # step -> {"attempts": 2, "result": "T-7" (only when done), "error": "..."}
    Column("attempts", Integer, nullable=False, default=0),  # of all steps together
    Column("error", PlainText, nullable=False, default=""),  # the last one; safe to show
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("queued_at", Moment),  # NULL: the queue may not know of it
    Column("tried_since", Moment),  # from here the time to give up is counted
    Column("next_try_at", Moment, nullable=False),
    Column("delivered_at", Moment),
    Index(None, "crm", "state"),  # counts
    Index(None, "created_at"),  # lists
    Index(None, "state", "next_try_at"),  # what was lost sight of
)
