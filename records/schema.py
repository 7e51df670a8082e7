"""The journal's tables, the same on SQLite and PostgreSQL. A change here needs a migration in records/migrations/versions."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, MetaData, Table, func

from calls.call import Consent
from calls.columns import Moment, PlainJson, PlainText

metadata = MetaData(
    naming_convention={"pk": "pk_%(table_name)s", "fk": "fk_%(table_name)s_%(column_0_name)s", "ix": "ix_%(table_name)s_%(column_0_name)s"}
)

calls = Table(
    "calls",
    metadata,
    Column("call_sid", PlainText, primary_key=True),
    Column("direction", PlainText, nullable=False, default=""),  # "" until the call's own hook came
    Column("caller", PlainText, nullable=False, default=""),
    Column("called", PlainText, nullable=False, default=""),
    Column("language", PlainText, nullable=False, default=""),
    Column("status", PlainText, nullable=False, default="trying"),
    Column("consent", PlainText, nullable=False, default=Consent.GIVEN.value),
    Column("started_at", Moment, nullable=False, server_default=func.now(), index=True),
    Column("answered_at", Moment),
    Column("ended_at", Moment),
    Column("duration_s", Integer),
    Column("terminated_by", PlainText, nullable=False, default=""),  # "caller", "jambonz" or ""
    Column("outcome_kind", PlainText),
    Column("outcome_reason", PlainText, nullable=False, default=""),
    Column("bot_ended_at", Moment),
    Column("alive_at", Moment),  # the last heartbeat
    Column("about_ticket", PlainText, nullable=False, default=""),  # an open ticket of the desk's that the caller said it is about
    Column("slot_until", Moment, index=True),  # the lease of the call's slot; NULL: it has none
    Column("handed_over_at", Moment),  # over, its ticket written, its deliveries begun: nobody need look at it again
)
TO_HAND_OVER = calls.c.handed_over_at.is_(None)
Index("ix_calls_handed_over_at", calls.c.handed_over_at, sqlite_where=TO_HAND_OVER, postgresql_where=TO_HAND_OVER)

turns = Table(
    "turns",
    metadata,
    Column("call_sid", PlainText, ForeignKey(calls.c.call_sid, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("heard", PlainText, nullable=False),
    Column("heard_confidence", Float, nullable=False),
    Column("language", PlainText, nullable=False),
    Column("intent", PlainText, nullable=False),
    Column("intent_confidence", Float, nullable=False),
    Column("slots", PlainJson, nullable=False),
    Column("said", PlainJson, nullable=False),
    Column("asked", PlainText, nullable=False),
    Column("interrupted", Boolean, nullable=False),
    Column("began_ms", Integer, nullable=False),
    Column("ended_ms", Integer, nullable=False),
    Column("timings", PlainJson, nullable=False),
)

escalations = Table(
    "escalations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_sid", PlainText, ForeignKey(calls.c.call_sid, ondelete="CASCADE"), nullable=False),
    Column("target", PlainText, nullable=False),
    Column("state", PlainText, nullable=False),  # "dialling" until ended_at is set
    Column("agent_call_sid", PlainText, nullable=False, default=""),
    Column("leg_state", PlainText, nullable=False, default=""),  # Jambonz's last call_status of the agent's leg
    Column("sip_status", Integer),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Index("ix_escalations_call_sid", "call_sid"),
)
