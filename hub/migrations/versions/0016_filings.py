"""The filing outbox: filings, the tries to file them, their changes of state."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "filings_filing",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        *_texts("receipt_no", "subject_tag", "service", "system", "operation", "natural_key", "state"),
        *(sa.Column(name, sa.LargeBinary, nullable=False) for name in ("order_sealed", "content_digest")),
        *_numbers("version", "tries", "sent", "faults", "absent", "look", "papers_done"),
        *_texts("register_no", "department_receipt", "reason", "refused", "owner"),
        sa.Column("live", sa.Boolean, nullable=False),
        *(sa.Column(name, moment, nullable=False) for name in ("not_before", "since", "created_at")),
        sa.Column("due", moment),
        sa.UniqueConstraint("receipt_no", "version"),
    )
    op.create_index("ix_filings_filing_due", "filings_filing", ["system", "state", "not_before", "id"])
    op.create_index("ix_filings_filing_number", "filings_filing", ["system", "department_receipt"])
    op.create_index(
        "ux_filings_filing_natural", "filings_filing", ["subject_tag", "service", "natural_key"], unique=True,
        postgresql_where=sa.text("live AND natural_key <> ''"),
    )  # fmt: skip
    op.create_table(
        "filings_attempt",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("filing_id", sa.BigInteger, sa.ForeignKey("filings_filing.id"), nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        *_texts("account", "worker", "stage", "outcome", "trace_id"),
        *(sa.Column(name, moment, nullable=False) for name in ("lease_until", "started_at")),
        *(sa.Column(name, moment) for name in ("wire_started_at", "first_byte_out_at", "ended_at")),
        sa.Column("raw_digest", sa.LargeBinary),
        sa.UniqueConstraint("filing_id", "n"),
    )
    for column in ("filing_id", "account"):
        op.create_index(
            f"ux_filings_attempt_{column}", "filings_attempt", [column], unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
        )  # fmt: skip
    op.create_table(
        "filings_move",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("filing_id", sa.BigInteger, sa.ForeignKey("filings_filing.id"), nullable=False, index=True),
        sa.Column("at", moment, nullable=False),
        *_texts("state", "reason", "actor", "note"),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer, nullable=False) for name in names]


def downgrade() -> None:
    for name in ("move", "attempt", "filing"):
        op.drop_table(f"filings_{name}")
