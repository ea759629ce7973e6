"""A change of several people keeps the roles of who asked for it, not of who confirmed it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of those asked for before, nobody wrote the roles down."""
    op.add_column("health_code_bulk", sa.Column("asked_roles", JSONB, nullable=False, server_default="[]"))
    op.alter_column("health_code_bulk", "asked_roles", server_default=None)


def downgrade() -> None:
    op.drop_column("health_code_bulk", "asked_roles")
