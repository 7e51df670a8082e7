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
    Column("customer", PlainJson),  # calls.agents.Customer, once a CRM has said who calls
    Column("about_ticket", PlainText, nullable=False, default=""),  # an open ticket of the desk's that the caller said it is about
    Column("slot_until", Moment, index=True),  # the lease of the call's slot; NULL: it has none
    Column("notes", PlainJson, nullable=False, server_default="[]"),  # what a language model noted during the call
    Column("summary", PlainText, nullable=False, server_default=""),  # a language model's; "" where the rules summarise
    Column("reopened", Integer, nullable=False, server_default="0"),  # so often its broken stream was opened again
    Column("reopened_at", Moment),  # the last time
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
    Column("details", PlainJson, nullable=False, server_default="{}"),  # what few turns have: see writing.details_of
    Index("ix_turns_intent", "intent", "call_sid"),
    Index("ix_turns_language", "language", "call_sid", "number"),
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
    Column("queue", PlainText, nullable=False, server_default=""),
    Column("agents", PlainJson, nullable=False, server_default="[]"),  # ids rung at once
    Column("by", PlainText, nullable=False, server_default="dial"),  # "dial" or "desk"
    Index("ix_escalations_call_sid", "call_sid"),
)

# One row an agent who was rung.
agent_legs = Table(
    "agent_legs",
    metadata,
    Column("call_sid", PlainText, ForeignKey(calls.c.call_sid, ondelete="CASCADE"), primary_key=True),
    Column("leg_sid", PlainText, primary_key=True),
    Column("escalation_id", Integer, ForeignKey(escalations.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("agent", PlainText, nullable=False, default=""),
    Column("state", PlainText, nullable=False, default=""),
    Column("sip_status", Integer),
    Column("answer", PlainText, nullable=False, default=""),  # calls.agents.LegAnswer
    Column("repeats", Integer, nullable=False, server_default="0"),  # so often the agent asked to hear the briefing again
    Column("began_at", Moment, nullable=False),
    Column("answered_at", Moment),
    Column("accepted_at", Moment),
    Column("ended_at", Moment),
    Index("ix_agent_legs_agent", "agent", "call_sid"),
)

# Where each agent is; an agent of jambonz-app.json without a row has never been here.
presence = Table(
    "presence",
    metadata,
    Column("agent", PlainText, primary_key=True),
    Column("state", PlainText, nullable=False),  # calls.agents.Presence
    Column("since", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("call_sid", PlainText, nullable=False, default=""),  # reserved for this call
    Column("busy_until", Moment),
)

callbacks = Table(
    "callbacks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_sid", PlainText, ForeignKey(calls.c.call_sid, ondelete="CASCADE"), nullable=False, unique=True),
    Column("phone", PlainText, nullable=False),
    Column("intent", PlainText, nullable=False),
    Column("language", PlainText, nullable=False),
    Column("reason", PlainText, nullable=False),
    Column("promised_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("state", PlainText, nullable=False),  # calls.agents.CallbackState
    Column("agent", PlainText, nullable=False, default=""),
    Column("settled_at", Moment),
    Column("note", PlainText, nullable=False, default=""),
    Index("ix_callbacks_due_at", "settled_at", "due_at"),
)

wrap_ups = Table(
    "wrap_ups",
    metadata,
    Column("call_sid", PlainText, ForeignKey(calls.c.call_sid, ondelete="CASCADE"), primary_key=True),
    Column("agent", PlainText, nullable=False),
    Column("person", PlainText, nullable=False),
    Column("resolution", PlainText, nullable=False),
    Column("intent", PlainText, nullable=False),
    Column("note", PlainText, nullable=False),
    Column("at", Moment, nullable=False, index=True),
)

# Who may use the console.
people = Table(
    "people",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("login", PlainText, nullable=False, unique=True),
    Column("name", PlainText, nullable=False),
    Column("password_hash", PlainText, nullable=False),
    Column("role", PlainText, nullable=False),  # "agent", "supervisor", "admin"
    Column("agent", PlainText, nullable=False, default=""),  # who this is in jambonz-app.json
    Column("active", Boolean, nullable=False, default=True),
    Column("epoch", Integer, nullable=False, default=1),  # a session of an earlier one is over
    Column("created_at", Moment, nullable=False),
    Column("last_login_at", Moment),
)

# Live events on their way to other processes, where no Redis carries them; old ones are swept away.
live_events = Table(
    "live_events",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("event", PlainJson, nullable=False),
)

# What agents say was really meant: an intent, or a word that was misheard. Scored before it is kept.
corrections = Table(
    "corrections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_sid", PlainText, nullable=False, default=""),  # "" when it came from no call
    Column("turn", Integer),
    Column("kind", PlainText, nullable=False),  # calls.corrections.CorrectionKind
    Column("heard", PlainText, nullable=False),  # the utterance, or the misheard words
    Column("meant", PlainText, nullable=False),  # the intent, or the right words
    Column("language", PlainText, nullable=False, default=""),
    Column("person", PlainText, nullable=False, default=""),
    Column("state", PlainText, nullable=False),  # calls.corrections.CorrectionState
    Column("score", PlainJson, nullable=False),  # of the last scoring; {} before
    Column("proposed_at", Moment, nullable=False, index=True),
    Column("settled_at", Moment),
    Column("settled_by", PlainText, nullable=False, default=""),
)
