"""Table of the systems room: what departments said that nobody mapped."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "systems_unmapped",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("system", "operation", "kind", "word")),
        sa.Column("seen", sa.BigInteger, nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("systems_unmapped")
