"""Tables of the ledger room."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "ledger_exchange",
        sa.Column("request_in_at", moment, primary_key=True),
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("request_out_at", moment),
        sa.Column("response_in_at", moment),
        sa.Column("response_out_at", moment, nullable=False),
        sa.Column("trace_id", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("subject_tag", sa.LargeBinary, nullable=False),
        sa.Column("caller_kind", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("data_class", sa.SmallInteger, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("request_bytes", sa.Integer, nullable=False),
        sa.Column("response_bytes", sa.Integer, nullable=False),
        sa.Column("attempts", sa.SmallInteger, nullable=False),
        sa.Column("stale", sa.Boolean, nullable=False),
        sa.Column("cached", sa.Boolean, nullable=False),
    )
    op.create_index("ledger_exchange_by_trace", "ledger_exchange", ["trace_id"])
    op.create_index("ledger_exchange_by_subject", "ledger_exchange", ["subject_tag", "request_in_at"])


def downgrade() -> None:
    op.drop_table("ledger_exchange")
