"""Tables of the gateway room."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "gateway_submission",
        sa.Column("subject_tag", sa.LargeBinary, primary_key=True),
        sa.Column("route", sa.Text, primary_key=True),
        sa.Column("key_tag", sa.LargeBinary, primary_key=True),
        sa.Column("body_digest", sa.LargeBinary, nullable=False),
        sa.Column("owner", sa.Uuid, nullable=False),
        sa.Column("running_until", moment),
        sa.Column("answer_sealed", sa.LargeBinary),
        sa.Column("expires_at", moment, nullable=False),
    )
    op.create_index("gateway_submission_by_expiry", "gateway_submission", ["expires_at"])
    op.create_table(
        "gateway_sample",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("kept_at", moment, nullable=False),
        sa.Column("trace_id", sa.Text, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("sample_sealed", sa.LargeBinary, nullable=False),
    )
    op.create_index("gateway_sample_by_trace", "gateway_sample", ["trace_id"])
    op.create_index("gateway_sample_by_time", "gateway_sample", ["kept_at"])


def downgrade() -> None:
    op.drop_table("gateway_sample")
    op.drop_table("gateway_submission")
