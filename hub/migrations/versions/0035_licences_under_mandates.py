"""Under which mandate a licence was shown, checked or copied; empty where its holder did it."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_TABLES = ("credentials_shown", "credentials_check", "credentials_copy")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("mandate_id", sa.Text, nullable=False, server_default=""))
    under_one = sa.text("mandate_id <> ''")
    op.create_index("credentials_shown_by_mandate", "credentials_shown", ["mandate_id"], postgresql_where=under_one)


def downgrade() -> None:
    op.drop_index("credentials_shown_by_mandate")
    for table in _TABLES:
        op.drop_column(table, "mandate_id")
