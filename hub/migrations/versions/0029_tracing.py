"""Who was where, traces by order, and the contacts they found."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    op.create_table(
        "tracing_sighting",
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        _moment("at"),
        _moment("until"),
        sa.Column("person", sa.LargeBinary, nullable=False),
        sa.Column("confidence", sa.SmallInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("rule", "place", "car")),
        sa.Column("seat_row", sa.SmallInteger),
        sa.Column("who_sealed", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_tracing_sighting_person", "tracing_sighting", ["person"])
    op.create_index("ix_tracing_sighting_key", "tracing_sighting", ["channel", "key", "at"])
    op.create_index("ix_tracing_sighting_until", "tracing_sighting", ["until"], postgresql_using="brin")
    op.create_table(
        "tracing_trace",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("order_no", "officer", "office", "regions")),
        sa.Column("subject_sealed", sa.LargeBinary, nullable=False),
        *(_moment(name) for name in ("since", "until", "made_at", "ends_at")),
        sa.Column("seen", sa.Integer, nullable=False),
    )
    op.create_index("ix_tracing_trace_ends_at", "tracing_trace", ["ends_at"])
    op.create_table(
        "tracing_contact",
        sa.Column("trace_id", sa.Text, primary_key=True),
        sa.Column("person", sa.LargeBinary, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("channel", "how", "office", "task_id")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("apart", "times")),
        sa.Column("confidence", sa.SmallInteger, nullable=False),
        _moment("at"),
    )


def downgrade() -> None:
    for table in ("tracing_contact", "tracing_trace", "tracing_sighting"):
        op.drop_table(table)
