"""The hub's look-up key, sealed: it outlives the sealing key that it was made of."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "keys_look_up",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("key_sealed", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("id = 1", name="keys_look_up_one"),
    )


def downgrade() -> None:
    op.drop_table("keys_look_up")
