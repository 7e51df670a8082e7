"""Deliveries of ended calls to the CRMs, and the mark of a call that needs none any more."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
LONGEST_CALL = timedelta(hours=4)


def upgrade() -> None:
    create_deliveries()
    mark_calls()


def create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("call_sid", sa.Text, nullable=False),
        sa.Column("crm", sa.Text, nullable=False),
        sa.Column("workflow_id", sa.Text, nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("steps", sa.JSON, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("queued_at", MOMENT),
        sa.Column("tried_since", MOMENT),
        sa.Column("next_try_at", MOMENT, nullable=False),
        sa.Column("delivered_at", MOMENT),
        sa.PrimaryKeyConstraint("call_sid", "crm", name="pk_deliveries"),
    )
    op.create_index("ix_deliveries_crm", "deliveries", ["crm", "state"])
    op.create_index("ix_deliveries_created_at", "deliveries", ["created_at"])
    op.create_index("ix_deliveries_state", "deliveries", ["state", "next_try_at"])


def mark_calls() -> None:
    """Calls from before are delivered nowhere, but for those that may still be going on."""
    op.add_column("calls", sa.Column("handed_over_at", MOMENT))
    calls = sa.table("calls", sa.column("ended_at", MOMENT), sa.column("started_at", MOMENT), sa.column("handed_over_at", MOMENT))
    old = calls.c.ended_at.is_not(None) | (calls.c.started_at < datetime.now(UTC) - LONGEST_CALL)
    op.execute(calls.update().where(old).values(handed_over_at=calls.c.started_at))
    to_hand_over = sa.text("handed_over_at IS NULL")
    op.create_index("ix_calls_handed_over_at", "calls", ["handed_over_at"], sqlite_where=to_hand_over, postgresql_where=to_hand_over)


def downgrade() -> None:
    op.drop_index("ix_calls_handed_over_at", "calls")
    with op.batch_alter_table("calls") as calls:
        calls.drop_column("handed_over_at")
    op.drop_table("deliveries")
