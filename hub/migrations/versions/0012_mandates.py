"""Tables of the mandates room; who acted in the ledger; the key a session is bound to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "mandates_mandate",
        sa.Column("mandate_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False, index=True),
        sa.Column("holder_sealed", sa.LargeBinary, nullable=False),
        sa.Column("represented", sa.Text, nullable=False),
        sa.Column("subject_tag", sa.LargeBinary, nullable=False, index=True),
        sa.Column("subject_sealed", sa.LargeBinary, nullable=False),
        sa.Column("scope", JSONB, nullable=False),
        sa.Column("proof", sa.Text, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("accepted_at", _MOMENT),
        sa.Column("ended_at", _MOMENT),
        sa.Column("ended_by", sa.Text),
    )
    op.create_table(
        "mandates_company_person",
        *(sa.Column(name, sa.LargeBinary, primary_key=True) for name in ("company_tag", "person_tag")),
        sa.Column("role", sa.Text, primary_key=True),
        sa.Column("company_sealed", sa.LargeBinary, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
    )
    op.create_index("mandates_company_person_by_person", "mandates_company_person", ["person_tag"])
    op.create_table(
        "mandates_consent",
        sa.Column("consent_id", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, nullable=False, index=True),
        sa.Column("given_by", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("fields", JSONB, nullable=False),
        sa.Column("text_version", sa.Text, nullable=False),
        sa.Column("text_sha256", sa.Text, nullable=False),
        sa.Column("given_at", _MOMENT, nullable=False),
        sa.Column("withdrawn_at", _MOMENT),
    )
    op.create_table(
        "mandates_change",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
    )
    op.add_column("ledger_exchange", sa.Column("acting_tag", sa.LargeBinary))
    op.create_index(
        "ledger_exchange_by_acting", "ledger_exchange", ["acting_tag", "request_in_at"],
        postgresql_where=sa.text("acting_tag IS NOT NULL"),
    )  # fmt: skip
    op.add_column("login_session", sa.Column("key_thumbprint", sa.Text))


def downgrade() -> None:
    op.drop_column("login_session", "key_thumbprint")
    op.drop_index("ledger_exchange_by_acting")
    op.drop_column("ledger_exchange", "acting_tag")
    for table in ("mandates_change", "mandates_consent", "mandates_company_person", "mandates_mandate"):
        op.drop_table(table)
