"""Files of many shared records, made by a job and kept for a day."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exchange_batch",
        sa.Column("id", sa.Uuid, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("resource", "consumer", "officer", "state", "code")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("asked", "given")),
        sa.Column("failed", JSONB, nullable=False),
        *(sa.Column(name, sa.LargeBinary) for name in ("asked_sealed", "file_sealed")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True)) for name in ("ended_at", "expires_at")),
    )
    op.create_index("ix_exchange_batch_expires_at", "exchange_batch", ["expires_at"])


def downgrade() -> None:
    op.drop_table("exchange_batch")
