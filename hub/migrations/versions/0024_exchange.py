"""Tables of the exchange room: uses of shared data, corrections, and who is told of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def moments(*names: str, nullable: bool = False) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=nullable) for name in names]


def upgrade() -> None:
    op.create_table(
        "exchange_use",
        sa.Column("exchange_id", sa.Uuid, primary_key=True),
        *moments("at"),
        *texts("resource", "system", "supplier", "consumer", "officer", "grant_id", "outcome"),
        sa.Column("fields", JSONB, nullable=False),
        sa.Column("data_class", sa.SmallInteger, nullable=False),
        sa.Column("subject_tag", sa.LargeBinary),
        sa.Column("rows", sa.Integer, nullable=False),
    )
    op.create_table(
        "exchange_correction",
        sa.Column("id", sa.Text, primary_key=True),
        *texts("resource", "owner", "reporter", "officer", "field", "state", "raised_to"),
        sa.Column("subject_tag", sa.LargeBinary, nullable=False),
        sa.Column("body_sealed", sa.LargeBinary, nullable=False),
        sa.Column("answer_sealed", sa.LargeBinary),
        sa.Column("silent", sa.Integer, nullable=False),
        *moments("told_at", "due_at"),
        *moments("next_at", "answered_at", nullable=True),
    )
    op.create_table(
        "exchange_notice",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        *texts("office", "kind", "correction", "resource", "field"),
        *moments("at"),
    )
    for table, column in _INDEXED:
        op.create_index(f"ix_{table}_{column}", table, [column])


_INDEXED = (
    ("exchange_use", "at"),
    ("exchange_use", "resource"),
    ("exchange_use", "subject_tag"),
    ("exchange_correction", "owner"),
    ("exchange_correction", "reporter"),
    ("exchange_correction", "next_at"),
    ("exchange_notice", "office"),
)


def downgrade() -> None:
    for name in ("notice", "correction", "use"):
        op.drop_table(f"exchange_{name}")
