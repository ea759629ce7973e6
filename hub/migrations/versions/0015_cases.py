"""Tables of the cases room."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_OPEN = sa.text("ended_at IS NULL AND submitted_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "cases_case",
        _number(),
        *_texts("receipt_no", "citizen_id", "subject", "service", "service_version", "workflow", "department"),
        *_texts("status", "handler", "card", "filing_state", "department_receipt"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("raised", sa.Integer, nullable=False),
        sa.Column("once_tag", sa.LargeBinary(32), unique=True),
        sa.Column("body_sealed", sa.LargeBinary, nullable=False),
        _moment("created_at"),
        _moment("since"),
        *(_moment(name, True) for name in ("submitted_at", "clock_from", "promised_at", "legal_at", "silent_at")),
        *(_moment(name, True) for name in ("unheard_at", "make_up_at", "next_at", "ended_at")),
    )
    op.create_index("ix_cases_case_receipt_no", "cases_case", ["receipt_no"], unique=True)
    op.create_index("ix_cases_case_open", "cases_case", ["promised_at", "id"], postgresql_where=_OPEN)
    for column in ("department", "handler", "service"):
        op.create_index(
            f"ix_cases_case_{column}", "cases_case", [column, "promised_at", "id"], postgresql_where=_OPEN
        )
    for column in ("department", "service"):
        op.create_index(f"ix_cases_case_{column}_status", "cases_case", [column, "status", "promised_at", "id"])
    op.create_index("ix_cases_case_status", "cases_case", ["status", "promised_at", "id"])
    op.create_index("ix_cases_case_mine", "cases_case", ["subject", "id"])
    op.create_index("ix_cases_case_next_at", "cases_case", ["next_at"])
    _what_happened()
    _decided()


def _what_happened() -> None:
    op.create_table(
        "cases_event",
        _number(),
        _case(),
        *_texts("event", "status", "by", "actor"),
        _moment("at"),
        _moment("promised_at", True),
        sa.Column("detail_sealed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "cases_pause",
        _number(),
        _case(),
        *_texts("procedure"),
        sa.Column("reason_sealed", sa.LargeBinary, nullable=False),
        _moment("started_at"),
        _moment("until"),
        _moment("ended_at", True),
    )


def _decided() -> None:
    op.create_table(
        "cases_correction",
        _number(),
        _case(),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("items_sealed", sa.LargeBinary, nullable=False),
        *_texts("again_because"),
        _moment("due_at"),
        _moment("asked_at"),
        _moment("answered_at", True),
    )
    op.create_table(
        "cases_result",
        _number(),
        _case(),
        sa.Column("approved", sa.Boolean, nullable=False),
        sa.Column("document_sealed", sa.LargeBinary, nullable=False),
        *_texts("decided_by"),
        _moment("decided_at"),
        _moment("undone_at", True),
    )
    op.create_table(
        "cases_rating",
        sa.Column("case_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("said_sealed", sa.LargeBinary, nullable=False),
        _moment("rated_at"),
        *_texts("state"),
        _moment("due_at", True),
    )
    op.create_index("ix_cases_rating_due_at", "cases_rating", ["due_at"])
    for table in ("event", "pause", "correction", "result"):
        op.create_index(f"ix_cases_{table}_case_id", f"cases_{table}", ["case_id"])


def _number() -> sa.Column[Any]:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _case() -> sa.Column[Any]:
    return sa.Column("case_id", sa.BigInteger, nullable=False)


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _moment(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def downgrade() -> None:
    for table in ("rating", "result", "correction", "pause", "event", "case"):
        op.drop_table(f"cases_{table}")
