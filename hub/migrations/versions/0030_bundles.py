"""Several applications that are made at once (一件事)."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cases_bundle",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("receipt_no", sa.Text, nullable=False, unique=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("subject", "bundle")),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "cases_part",
        sa.Column("case_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("bundle_id", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_cases_part_bundle_id", "cases_part", ["bundle_id"])


def downgrade() -> None:
    op.drop_table("cases_part")
    op.drop_table("cases_bundle")
