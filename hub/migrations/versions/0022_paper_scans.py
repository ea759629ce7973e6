"""When a paper was last shown to the scanner, so that one it will not take waits behind the others."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("materials_file", sa.Column("scan_tried_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("materials_file", "scan_tried_at")
