"""What departments say of cases by themselves, and which cases they have not acknowledged."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cases_department_event",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("key_tag", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("receipt_tag", sa.LargeBinary, nullable=False),
        sa.Column("case_id", sa.BigInteger),
        sa.Column("outcome", sa.Text, nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in ("at", "seen_at")),
        sa.Column("fields_sealed", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_cases_department_event_receipt", "cases_department_event", ["system", "receipt_tag"])
    op.create_index("ix_cases_department_event_case_id", "cases_department_event", ["case_id"])
    filed = sa.text("department_receipt <> ''")
    op.create_index(
        "ix_cases_case_department_receipt", "cases_case", ["department_receipt"], postgresql_where=filed
    )
    unheard = "ended_at IS NULL AND unheard_at IS NULL AND filing_state IN ('ready', 'inflight', 'unknown', 'manual')"
    op.create_index("ix_cases_case_unheard", "cases_case", ["id"], postgresql_where=sa.text(unheard))


def downgrade() -> None:
    op.drop_index("ix_cases_case_unheard", "cases_case")
    op.drop_index("ix_cases_case_department_receipt", "cases_case")
    op.drop_table("cases_department_event")
