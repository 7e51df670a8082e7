"""How often a call's broken stream was opened again, and when last."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("calls") as batch:
        batch.add_column(sa.Column("reopened", sa.Integer, nullable=False, server_default="0"))
        batch.add_column(sa.Column("reopened_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    with op.batch_alter_table("calls") as batch:
        batch.drop_column("reopened_at")
        batch.drop_column("reopened")
