"""Agents, their legs and presence, promised call backs, wrap-ups, the people of the console, live events."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


LATER_COLUMNS = {
    "escalations": ("by", "agents", "queue"),
    "ticket_calls": ("due_at", "corrected_at", "intent"),
    "tickets": ("due_at",),
    "calls": ("customer",),
}


def text(name: str, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def upgrade() -> None:
    op.add_column("calls", sa.Column("customer", sa.JSON))
    op.add_column("tickets", sa.Column("due_at", MOMENT))
    op.add_column("ticket_calls", text("intent", ""))
    op.add_column("ticket_calls", sa.Column("corrected_at", MOMENT))
    op.add_column("ticket_calls", sa.Column("due_at", MOMENT))
    op.add_column("escalations", text("queue", ""))
    op.add_column("escalations", sa.Column("agents", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("escalations", text("by", "dial"))
    op.create_index("ix_turns_intent", "turns", ["intent", "call_sid"])
    op.create_index("ix_turns_language", "turns", ["language", "call_sid", "number"])
    create_agent_legs()
    create_presence()
    create_callbacks()
    create_wrap_ups()
    create_people()
    create_live_events()


def create_agent_legs() -> None:
    op.create_table(
        "agent_legs",
        text("call_sid"),
        text("leg_sid"),
        sa.Column("escalation_id", sa.Integer, nullable=False),
        text("agent"),
        text("state"),
        sa.Column("sip_status", sa.Integer),
        text("answer"),
        sa.Column("repeats", sa.Integer, nullable=False, server_default="0"),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT),
        sa.Column("accepted_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.PrimaryKeyConstraint("call_sid", "leg_sid", name="pk_agent_legs"),
        sa.ForeignKeyConstraint(["call_sid"], ["calls.call_sid"], name="fk_agent_legs_call_sid_calls", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["escalation_id"], ["escalations.id"], name="fk_agent_legs_escalation_id_escalations", ondelete="CASCADE"),
    )
    op.create_index("ix_agent_legs_escalation_id", "agent_legs", ["escalation_id"])
    op.create_index("ix_agent_legs_agent", "agent_legs", ["agent", "call_sid"])


def create_presence() -> None:
    op.create_table(
        "presence",
        text("agent"),
        text("state"),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        text("call_sid"),
        sa.Column("busy_until", MOMENT),
        sa.PrimaryKeyConstraint("agent", name="pk_presence"),
    )


def create_callbacks() -> None:
    op.create_table(
        "callbacks",
        sa.Column("id", sa.Integer, nullable=False),
        text("call_sid"),
        text("phone"),
        text("intent"),
        text("language"),
        text("reason"),
        sa.Column("promised_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        text("state"),
        text("agent"),
        sa.Column("settled_at", MOMENT),
        text("note"),
        sa.PrimaryKeyConstraint("id", name="pk_callbacks"),
        sa.UniqueConstraint("call_sid", name="uq_callbacks_call_sid"),
        sa.ForeignKeyConstraint(["call_sid"], ["calls.call_sid"], name="fk_callbacks_call_sid_calls", ondelete="CASCADE"),
    )
    op.create_index("ix_callbacks_due_at", "callbacks", ["settled_at", "due_at"])


def create_wrap_ups() -> None:
    op.create_table(
        "wrap_ups",
        text("call_sid"),
        text("agent"),
        text("person"),
        text("resolution"),
        text("intent"),
        text("note"),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("call_sid", name="pk_wrap_ups"),
        sa.ForeignKeyConstraint(["call_sid"], ["calls.call_sid"], name="fk_wrap_ups_call_sid_calls", ondelete="CASCADE"),
    )
    op.create_index("ix_wrap_ups_at", "wrap_ups", ["at"])


def create_people() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.Integer, nullable=False),
        text("login"),
        text("name"),
        text("password_hash"),
        text("role"),
        text("agent"),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_login_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("login", name="uq_people_login"),
    )


def create_live_events() -> None:
    op.create_table(
        "live_events",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("event", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_live_events"),
    )
    op.create_index("ix_live_events_at", "live_events", ["at"])


def downgrade() -> None:
    for table in ("live_events", "people", "wrap_ups", "callbacks", "presence", "agent_legs"):
        op.drop_table(table)
    for index in ("ix_turns_intent", "ix_turns_language"):
        op.drop_index(index, "turns")
    for table, columns in LATER_COLUMNS.items():
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(column)
