"""Orders by which sensitive data is looked at, each confirmed by a second officer; and sealed entries found without a
look at all others, as every citizen is told how many there are."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment, text = sa.DateTime(timezone=True), sa.Text
    op.create_table(
        "ledger_order",
        sa.Column("id", text, primary_key=True),
        *(sa.Column(name, text, nullable=False) for name in ("order_no", "office", "reason", "asked_by")),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("confirmed_by", text),
        sa.Column("confirmed_at", moment),
        sa.Column("ends_at", moment, nullable=False),
        sa.Column("looks", sa.Integer, nullable=False),
    )
    op.create_index("ledger_order_by_number", "ledger_order", ["office", "order_no"])
    op.create_index("ledger_order_by_time", "ledger_order", ["asked_at"])
    sealed = sa.text("sealed_until IS NOT NULL")
    op.create_index("ledger_entry_of_sealed", "ledger_entry", ["at"], postgresql_where=sealed)


def downgrade() -> None:
    op.drop_index("ledger_entry_of_sealed", "ledger_entry")
    op.drop_table("ledger_order")
