"""The time stamp of a checkpoint, and the last stamped one found without a look at all others."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ledger_checkpoint", sa.Column("stamp", sa.LargeBinary))
    stamped = sa.text("stamp IS NOT NULL")
    op.create_index("ledger_checkpoint_stamped", "ledger_checkpoint", ["size"], postgresql_where=stamped)


def downgrade() -> None:
    op.drop_index("ledger_checkpoint_stamped", "ledger_checkpoint")
    op.drop_column("ledger_checkpoint", "stamp")
