"""What the county's own issuer calls a member of staff."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("identity_staff", sa.Column("oidc_tag", sa.LargeBinary, unique=True))
    op.add_column("identity_staff", sa.Column("oidc_sealed", sa.LargeBinary))


def downgrade() -> None:
    for name in ("oidc_sealed", "oidc_tag"):
        op.drop_column("identity_staff", name)
