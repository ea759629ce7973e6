"""Tables of the appeals room."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("appeals_serial")))
    op.create_table(
        "appeals_appeal",
        sa.Column("number", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("kind", "citizen_id", "region", "office", "raised_to")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("rule", "state", "card", "merged_into")),
        sa.Column("body_sealed", sa.LargeBinary, nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in ("received_at", "due_at")),
        *(sa.Column(name, sa.DateTime(timezone=True)) for name in ("next_at", "answered_at")),
        sa.Column("score", sa.Integer),
    )
    for column in ("citizen_id", "office", "raised_to", "merged_into", "next_at"):
        op.create_index(f"ix_appeals_appeal_{column}", "appeals_appeal", [column])
    op.create_table(
        "appeals_act",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("number", "act", "office", "actor")),
        sa.Column("note_sealed", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_appeals_act_number", "appeals_act", ["number"])
    op.create_table(
        "appeals_alike",
        sa.Column("number", sa.Text, primary_key=True),
        sa.Column("earlier", sa.Text, primary_key=True),
        sa.Column("percent", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("decided", "decided_by")),
    )


def downgrade() -> None:
    for name in ("appeals_alike", "appeals_act", "appeals_appeal"):
        op.drop_table(name)
    op.execute(sa.schema.DropSequence(sa.Sequence("appeals_serial")))
