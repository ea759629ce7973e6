"""Tables of the identity room."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "identity_person",
        sa.Column("citizen_id", sa.Text, primary_key=True),
        sa.Column("level", sa.SmallInteger, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("id_number_tag", sa.LargeBinary, unique=True),
        sa.Column("id_number_sealed", sa.LargeBinary),
        sa.Column("name_sealed", sa.LargeBinary),
        sa.Column("registered_source", sa.Text),
        sa.Column("registered_at", moment),
        sa.Column("phone_tag", sa.LargeBinary),
        sa.Column("phone_sealed", sa.LargeBinary),
        sa.Column("phone_source", sa.Text),
        sa.Column("phone_at", moment),
        sa.Column("created_at", moment, nullable=False),
    )
    op.create_index("identity_person_by_phone", "identity_person", ["phone_tag"])
    op.create_table(
        "identity_staff",
        sa.Column("staff_id", sa.Text, primary_key=True),
        sa.Column("username", sa.Text, nullable=False, unique=True),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("totp_sealed", sa.LargeBinary, nullable=False),
        sa.Column("totp_step", sa.BigInteger, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("created_at", moment, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("identity_staff")
    op.drop_table("identity_person")
