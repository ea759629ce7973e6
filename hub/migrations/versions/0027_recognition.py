"""Recognition between regions: trust lists, rules in versions, revocations, verdicts, and facts that citizens carry."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def _serial() -> sa.Column[Any]:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _text(name: str, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _time(name: str) -> sa.Column[Any]:
    return sa.Column(name, _TIME, nullable=False)


def upgrade() -> None:
    op.create_table("recognition_change", _serial(), _text("act"), _text("target"), _text("actor"), _text("reason"),
                    _time("at"))  # fmt: skip
    op.create_table("recognition_list", sa.Column("version", sa.BigInteger, primary_key=True), _time("expires_at"),
                    _text("signed"), _time("at"))  # fmt: skip
    op.create_table(
        "recognition_rule",
        _serial(), _text("identifier"), _text("version"), _text("region"),
        sa.Column("document", JSONB, nullable=False),
        sa.Column("emergency", sa.Boolean, nullable=False),
        _text("reason"), _text("proposed_by"), _text("confirmed_by", ""), _text("state"), _time("at"),
        sa.UniqueConstraint("identifier", "version"),
    )  # fmt: skip
    op.create_table("recognition_revocation", sa.Column("digest", sa.Text, primary_key=True), _text("what"),
                    _text("issuer"), _text("reason"), _text("actor"), _time("at"))  # fmt: skip
    op.create_table("recognition_nonce", sa.Column("digest", sa.LargeBinary, primary_key=True),
                    sa.Column("until", _TIME, nullable=False, index=True))  # fmt: skip
    op.create_table(
        "recognition_result",
        _serial(), _time("at"), _text("verdict"), _text("reason"), _text("issuer"), _text("rule_version"),
        sa.Column("rules", JSONB, nullable=False),
        sa.Column("trust_version", sa.BigInteger, nullable=False),
        sa.Column("offline", sa.Boolean, nullable=False),
        _text("asked_by"),
        sa.Column("purpose_sealed", sa.LargeBinary, nullable=False),
    )  # fmt: skip
    op.create_index("recognition_result_at", "recognition_result", ["at"])
    op.create_table(
        "recognition_carried",
        _serial(), _text("direction"),
        sa.Column("citizen_id", sa.Text, nullable=False, index=True),
        _text("consent_version"), _text("consent_sha256"), _text("issuer", ""), _text("verdict", ""),
        _text("rule_version", ""),
        sa.Column("kinds", JSONB, nullable=False),
        sa.Column("facts_sealed", sa.LargeBinary, nullable=False),
        _time("at"), _time("until"),
    )  # fmt: skip
    op.create_index("recognition_carried_until", "recognition_carried", ["until"])


def downgrade() -> None:
    for table in ("carried", "result", "nonce", "revocation", "rule", "list", "change"):
        op.drop_table(f"recognition_{table}")
