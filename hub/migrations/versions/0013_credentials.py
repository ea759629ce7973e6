"""Tables of the credentials room: licences, what happened to them, what is shown, copied, checked and revoked."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("credentials_serial")))
    op.create_table(
        "credentials_licence",
        *_texts("id"),
        sa.Column("version", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("type", "state", "batch", "key_id")),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_until", sa.Date, nullable=False),
        sa.Column("holder_tag", sa.LargeBinary(32), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary, nullable=False),
        _moment("changed_at"),
    )
    for column in ("holder_tag", "batch", "key_id"):
        op.create_index(f"ix_credentials_licence_{column}", "credentials_licence", [column])
    op.create_table(
        "credentials_change",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("licence_id", "act", "state", "actor", "reason")),
        _moment("at"),
    )
    op.create_index("ix_credentials_change_licence_id", "credentials_change", ["licence_id"])
    _shown_and_checked()
    op.create_table(
        "credentials_copy",
        *_texts("id", "licence_id", "citizen_id"),
        *(sa.Column(name, sa.LargeBinary, nullable=False) for name in ("purpose_sealed", "pdf_sealed", "proof_sealed")),
        _moment("until"),
    )
    op.create_index("ix_credentials_copy_until", "credentials_copy", ["until"])
    op.create_table(
        "credentials_revocation",
        *_texts("id", "kind", "target", "reason", "asked_by"),
        _moment("asked_at"),
        sa.Column("confirmed_by", sa.Text),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_credentials_revocation_target", "credentials_revocation", ["target"])


def _shown_and_checked() -> None:
    op.create_table(
        "credentials_shown",
        sa.Column("code_hash", sa.LargeBinary(32), primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("licence_id", "type", "citizen_id", "key_id")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("version", "level")),
        sa.Column("fields", JSONB, nullable=False),
        _moment("until"),
    )
    op.create_index("ix_credentials_shown_until", "credentials_shown", ["until"])
    op.create_table(
        "credentials_check",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("licence_id", "citizen_id", "by")),
        sa.Column("fields", JSONB, nullable=False),
        _moment("at"),
    )
    op.create_index("ix_credentials_check_licence_id", "credentials_check", ["licence_id"])


def _texts(key: str, *rest: str) -> list[sa.Column[str]]:
    first = sa.Column(key, sa.Text, primary_key=True)
    return [first, *(sa.Column(name, sa.Text, nullable=False) for name in rest)]


def _moment(name: str) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def downgrade() -> None:
    for name in ("revocation", "copy", "check", "shown", "change", "licence"):
        op.drop_table(f"credentials_{name}")
    op.execute(sa.schema.DropSequence(sa.Sequence("credentials_serial")))
