"""Who wants to be told of changes in shared data, and what there is to tell."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exchange_subscription",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("grant_id", "resource", "consumer", "officer")),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_exchange_subscription_resource", "exchange_subscription", ["resource"])
    op.create_index("ix_exchange_subscription_consumer", "exchange_subscription", ["consumer"])
    op.create_unique_constraint("uq_exchange_subscription_grant_id", "exchange_subscription", ["grant_id"])
    op.create_table(
        "exchange_change",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("subscription", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("exchange_id", sa.Uuid, nullable=False),
        sa.Column("fields", JSONB, nullable=False),
        sa.Column("subject_tag", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_in", sa.Uuid),
    )
    op.create_index("ix_exchange_change_subscription", "exchange_change", ["subscription", "id"])
    op.create_index("ix_exchange_change_at", "exchange_change", ["at"])


def downgrade() -> None:
    op.drop_table("exchange_change")
    op.drop_table("exchange_subscription")
