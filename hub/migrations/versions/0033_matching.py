"""Rows that may be about somebody, and what was decided of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "matching_match",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("tag", sa.LargeBinary, nullable=False, unique=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("resource", "system", "owner", "consumer", "officer")),
        sa.Column("fits", JSONB, nullable=False),
        sa.Column("values_sealed", sa.LargeBinary),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary),
    )
    for column in ("owner", "consumer", "state"):
        op.create_index(f"ix_matching_match_{column}", "matching_match", [column])


def downgrade() -> None:
    op.drop_table("matching_match")
