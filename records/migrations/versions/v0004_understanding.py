"""What was understood in more detail, summaries of a language model, corrections."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def upgrade() -> None:
    with op.batch_alter_table("calls") as batch:
        batch.add_column(sa.Column("notes", sa.JSON, nullable=False, server_default="[]"))
        batch.add_column(sa.Column("summary", sa.Text, nullable=False, server_default=""))
    with op.batch_alter_table("turns") as batch:
        batch.add_column(sa.Column("details", sa.JSON, nullable=False, server_default="{}"))
    op.create_table(
        "corrections",
        sa.Column("id", sa.Integer, nullable=False),
        text("call_sid"),
        sa.Column("turn", sa.Integer),
        text("kind"),
        text("heard"),
        text("meant"),
        text("language"),
        text("person"),
        text("state"),
        sa.Column("score", sa.JSON, nullable=False),
        sa.Column("proposed_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT),
        text("settled_by"),
        sa.PrimaryKeyConstraint("id", name="pk_corrections"),
    )
    op.create_index("ix_corrections_proposed_at", "corrections", ["proposed_at"])


def downgrade() -> None:
    op.drop_table("corrections")
    with op.batch_alter_table("turns") as batch:
        batch.drop_column("details")
    with op.batch_alter_table("calls") as batch:
        batch.drop_column("summary")
        batch.drop_column("notes")
