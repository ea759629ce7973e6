"""Tables of the inbox: what departments brought, the rows that were refused, and the records that were read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _deliveries()
    _records()
    op.create_table(
        "inbox_turn",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner", sa.Uuid),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("outcome", sa.Text, nullable=False, server_default=""),
    )


def _deliveries() -> None:
    op.create_table(
        "inbox_delivery",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("headers", JSONB, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("verified", sa.Boolean, nullable=False),
        sa.Column("times", sa.Integer, nullable=False, server_default="1"),
        sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True)),
        sa.Column("result", sa.Text, nullable=False, server_default="waiting"),
        sa.Column("code", sa.Text, nullable=False, server_default=""),
        sa.Column("records", sa.Integer, nullable=False, server_default="0"),
        sa.Column("bad_rows", sa.Integer, nullable=False, server_default="0"),
        sa.UniqueConstraint("source", "message_id", "digest"),
    )
    op.create_index(
        "inbox_delivery_waiting",
        "inbox_delivery",
        ["source", "due_at"],
        postgresql_where=sa.text("processed_at IS NULL"),
    )
    op.create_index("inbox_delivery_processed", "inbox_delivery", ["processed_at"])
    op.create_table(
        "inbox_piece",
        sa.Column("delivery_id", sa.BigInteger, _delivery(), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("raw_sealed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "inbox_bad_row",
        sa.Column("delivery_id", sa.BigInteger, _delivery(), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )


def _delivery() -> sa.ForeignKey:
    return sa.ForeignKey("inbox_delivery.id", ondelete="CASCADE")


def _records() -> None:
    op.create_table(
        "inbox_record",
        sa.Column("key_tag", sa.LargeBinary(32), primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("version", sa.Text(collation="C"), nullable=False),
        sa.Column("delivery_id", sa.BigInteger, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("fields_sealed", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("inbox_record_expires", "inbox_record", ["expires_at"])
    op.create_table(
        "inbox_look_up",
        sa.Column(
            "key_tag", sa.LargeBinary(32), sa.ForeignKey("inbox_record.key_tag", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("field", sa.Text, primary_key=True),
        sa.Column("value_tag", sa.LargeBinary(32), nullable=False),
    )
    op.create_index("inbox_look_up_value", "inbox_look_up", ["value_tag"])
    op.create_table(
        "inbox_dataset",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("dataset", sa.Text, primary_key=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    for name in ("turn", "dataset", "look_up", "record", "bad_row", "piece", "delivery"):
        op.drop_table(f"inbox_{name}")
