"""Crossings of gates by day, counts of five minutes, who is inside."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "flow_crossing",
        sa.Column("at", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("place", "gate", "direction")),
        sa.Column("person", sa.LargeBinary, nullable=False),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("ix_flow_crossing_person", "flow_crossing", ["person"])
    op.create_table(
        "flow_count",
        sa.Column("place", sa.Text, primary_key=True),
        sa.Column("bucket_at", sa.DateTime(timezone=True), primary_key=True),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("ins", "outs")),
    )
    op.create_table(
        "flow_presence",
        sa.Column("place", sa.Text, primary_key=True),
        sa.Column("person", sa.LargeBinary, primary_key=True),
        sa.Column("inside", sa.Boolean, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_flow_presence_inside", "flow_presence", ["place"], postgresql_where=sa.text("inside"))


def downgrade() -> None:
    for table in ("flow_presence", "flow_count", "flow_crossing"):
        op.drop_table(table)
