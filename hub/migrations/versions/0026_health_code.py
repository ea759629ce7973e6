"""Tables of the health code room."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_NAMES = ("declaration", "code", "change", "review", "bulk", "shift", "scan", "alert", "ending")


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _times(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=nullable) for name in names]


def _bytes(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.LargeBinary, nullable=False) for name in names]


def _serial() -> sa.Column[Any]:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _id(name: str = "id") -> sa.Column[Any]:
    return sa.Column(name, sa.Text, primary_key=True)


def _table(name: str, *columns: sa.Column[Any], indexes: tuple[str, ...] = ()) -> None:
    op.create_table(f"health_code_{name}", *columns)
    for column in indexes:
        op.create_index(f"ix_health_code_{name}_{column}", f"health_code_{name}", [column])


def upgrade() -> None:
    _table(
        "declaration", _id(), *_texts("citizen_id", "declared_by", "kind", "rule", "outcome"), *_bytes("body_sealed"),
        *_times("at"), indexes=("citizen_id",),
    )  # fmt: skip
    _table(
        "code", _id("citizen_id"), *_texts("grade", "reason"), *_times("declared_at", "valid_until", "changed_at"),
        *_times("review_by", nullable=True), *_bytes("holder_sealed", "id_tag", "tail_tag"),
        sa.Column("paper_serial", sa.Integer, nullable=False), sa.Column("version", sa.BigInteger, nullable=False),
        indexes=("id_tag", "tail_tag", "changed_at"),
    )  # fmt: skip
    _table(
        "change", _serial(), *_texts("citizen_id", "act", "before", "grade", "reason", "rule", "case_id", "actor"),
        *_texts("bulk_id"), sa.Column("roles", postgresql.JSONB, nullable=False), *_times("at"),
        indexes=("citizen_id", "at"),
    )  # fmt: skip
    _table(
        "review", _id(), *_texts("kind", "citizen_id", "asked_by", "reason", "decided_by", "grade"),
        *_bytes("body_sealed", "note_sealed"), *_times("opened_at", "due_at"), *_times("decided_at", nullable=True),
        sa.Column("late", sa.Boolean, nullable=False), indexes=("citizen_id", "due_at", "decided_at"),
    )  # fmt: skip
    _table(
        "bulk", _id(), sa.Column("people", postgresql.JSONB, nullable=False), *_bytes("note_sealed"),
        *_texts("grade", "reason", "rule", "case_id", "asked_by", "confirmed_by"),
        *_times("asked_at"), *_times("confirmed_at", nullable=True),
    )  # fmt: skip
    _table("shift", _id("staff_id"), *_texts("gate_id", "opened_by"), *_times("begins_at", "ends_at"))
    _table(
        "scan", sa.Column("id", sa.LargeBinary, primary_key=True),
        *_texts("gate_id", "direction", "citizen_id", "verifier", "grade", "result"),
        *_times("scanned_at", "received_at"), sa.Column("offline", sa.Boolean, nullable=False),
        indexes=("citizen_id", "received_at"),
    )  # fmt: skip
    _table(
        "alert", _serial(), *_texts("kind", "about"), sa.Column("gates", postgresql.JSONB, nullable=False),
        *_times("at"), indexes=("about",),
    )  # fmt: skip
    _table("ending", sa.Column("on", sa.Date, primary_key=True), *_texts("report"), *_times("at"))


def downgrade() -> None:
    for name in reversed(_NAMES):
        op.drop_table(f"health_code_{name}")
