"""Calls, their turns and escalations, and the desk's tickets."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_calls()
    create_turns()
    create_escalations()
    create_tickets()


def create_calls() -> None:
    op.create_table(
        "calls",
        sa.Column("call_sid", sa.Text, nullable=False),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("called", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("consent", sa.Text, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("answered_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.Column("duration_s", sa.Integer),
        sa.Column("terminated_by", sa.Text, nullable=False),
        sa.Column("outcome_kind", sa.Text),
        sa.Column("outcome_reason", sa.Text, nullable=False),
        sa.Column("bot_ended_at", MOMENT),
        sa.Column("alive_at", MOMENT),
        sa.Column("slot_until", MOMENT),
        sa.Column("about_ticket", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("call_sid", name="pk_calls"),
    )
    op.create_index("ix_calls_started_at", "calls", ["started_at"])
    op.create_index("ix_calls_slot_until", "calls", ["slot_until"])


def create_turns() -> None:
    op.create_table(
        "turns",
        sa.Column("call_sid", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("heard", sa.Text, nullable=False),
        sa.Column("heard_confidence", sa.Float, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("intent", sa.Text, nullable=False),
        sa.Column("intent_confidence", sa.Float, nullable=False),
        sa.Column("slots", sa.JSON, nullable=False),
        sa.Column("said", sa.JSON, nullable=False),
        sa.Column("asked", sa.Text, nullable=False),
        sa.Column("interrupted", sa.Boolean, nullable=False),
        sa.Column("began_ms", sa.Integer, nullable=False),
        sa.Column("ended_ms", sa.Integer, nullable=False),
        sa.Column("timings", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("call_sid", "number", name="pk_turns"),
        sa.ForeignKeyConstraint(["call_sid"], ["calls.call_sid"], name="fk_turns_call_sid", ondelete="CASCADE"),
    )


def create_escalations() -> None:
    op.create_table(
        "escalations",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("call_sid", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("agent_call_sid", sa.Text, nullable=False),
        sa.Column("leg_state", sa.Text, nullable=False),
        sa.Column("sip_status", sa.Integer),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_escalations"),
        sa.ForeignKeyConstraint(["call_sid"], ["calls.call_sid"], name="fk_escalations_call_sid", ondelete="CASCADE"),
    )
    op.create_index("ix_escalations_call_sid", "escalations", ["call_sid"])


def create_tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("phone", sa.Text, nullable=False),
        sa.Column("intent", sa.Text, nullable=False),
        sa.Column("priority", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("moved_at", MOMENT),
        sa.PrimaryKeyConstraint("number", name="pk_tickets"),
    )
    op.create_index("ix_tickets_phone", "tickets", ["phone"])
    op.create_table(
        "ticket_calls",
        sa.Column("call_sid", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("call_sid", name="pk_ticket_calls"),
        sa.ForeignKeyConstraint(["number"], ["tickets.number"], name="fk_ticket_calls_number", ondelete="CASCADE"),
    )
    op.create_index("ix_ticket_calls_number", "ticket_calls", ["number"])
    op.create_table(
        "ticket_numbers",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_ticket_numbers"),
    )


def downgrade() -> None:
    for table in ("ticket_numbers", "ticket_calls", "tickets", "escalations", "turns", "calls"):
        op.drop_table(table)
