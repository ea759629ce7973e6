"""A data key for each person, the registered address, companies, attempts at a real name, face checks."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    for name in ("key_sealed", "address_sealed"):
        op.add_column("identity_person", sa.Column(name, sa.LargeBinary))
    op.add_column("identity_person", sa.Column("address_source", sa.Text))
    op.add_column("identity_person", sa.Column("address_at", moment))
    op.create_table(
        "identity_company",
        sa.Column("company_id", sa.Text, primary_key=True),
        sa.Column("key_sealed", sa.LargeBinary, nullable=False),
        sa.Column("credit_code_tag", sa.LargeBinary, nullable=False, unique=True),
        *(sa.Column(f"{name}_sealed", sa.LargeBinary, nullable=False) for name in ("credit_code", "name")),
        sa.Column("representative_sealed", sa.LargeBinary, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
    )
    op.create_table(
        "identity_attempt",
        sa.Column("tag", sa.LargeBinary, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("until", moment, nullable=False, index=True),
    )
    op.create_table(
        "identity_face",
        sa.Column("verify_tag", sa.LargeBinary, primary_key=True),
        sa.Column("citizen_id", sa.Text, nullable=False, index=True),
        sa.Column("sequence", sa.Text, nullable=False),
        sa.Column("until", moment, nullable=False, index=True),
    )


def downgrade() -> None:
    for name in ("identity_face", "identity_attempt", "identity_company"):
        op.drop_table(name)
    for name in ("address_at", "address_source", "address_sealed", "key_sealed"):
        op.drop_column("identity_person", name)
