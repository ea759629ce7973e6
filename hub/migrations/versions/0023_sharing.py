"""Tables of the sharing room: data resources, requests, grants."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def moments(*names: str, nullable: bool = False) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=nullable) for name in names]


def lists(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, JSONB, nullable=False) for name in names]


def upgrade() -> None:
    _resources_and_requests()
    _rights()
    for table, columns in _INDEXED.items():
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column])


_INDEXED = {
    "sharing_resource": ("department",),
    "sharing_request": ("resource", "owner", "applicant", "state", "next_at"),
    "sharing_act": ("request_id",),
    "sharing_grant": ("request_id", "resource", "owner", "consumer"),
}


def _resources_and_requests() -> None:
    op.create_table(
        "sharing_resource",
        sa.Column("id", sa.Text, primary_key=True),
        *texts("code", "title", "initials", "department", "subject", "update_cycle", "shared_type", "condition"),
        *texts("basis", "kept_in"),
        *moments("argued_at"),
        *moments("argued_until", nullable=True),
        sa.Column("classification", sa.SmallInteger, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        *lists("item_codes", "fields"),
    )
    op.create_table(
        "sharing_request",
        sa.Column("id", sa.Text, primary_key=True),
        *texts("resource", "owner", "applicant", "officer", "purpose", "scene", "basis", "state", "raised_to"),
        *texts("refused_by", "refusal_basis", "refusal_reason"),
        *lists("officers", "fields"),
        sa.Column("days", sa.Integer, nullable=False),
        sa.Column("silent", sa.Integer, nullable=False),
        *moments("asked_at", "review_due"),
        *moments("owner_due", "dispute_due", "next_at", "ended_at", nullable=True),
    )
    op.create_table(
        "sharing_act",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        *texts("request_id", "act", "office", "actor", "note"),
        *moments("at"),
    )


def _rights() -> None:
    op.create_table(
        "sharing_grant",
        sa.Column("id", sa.Text, primary_key=True),
        *texts("request_id", "resource", "owner", "consumer", "purpose", "scene", "basis", "revoked_by"),
        *lists("officers", "fields"),
        *moments("granted_at", "valid_until"),
        *moments("revoked_at", nullable=True),
    )


def downgrade() -> None:
    for name in ("grant", "act", "request", "resource"):
        op.drop_table(f"sharing_{name}")
