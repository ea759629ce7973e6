"""Tables of the messages room: inboxes, attempts, consents, shares of the SMS providers, urgent notices."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "messages_message",
        *_texts("id", "citizen_id", "kind", "about", "state", "channel", "code"),
        sa.Column("notice_id", sa.Text),
        sa.Column("body_sealed", sa.LargeBinary, nullable=False),
        sa.Column("urgent", sa.Boolean, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        *(_moment(name) for name in ("created_at", "changed_at")),
        *(_moment(name, True) for name in ("read_at", "not_before", "held_until")),
    )
    op.create_index("ix_messages_message_inbox", "messages_message", ["citizen_id", "created_at", "id"])
    open_states = sa.text("state IN ('waiting', 'sent', 'phone')")
    op.create_index("ix_messages_message_due", "messages_message", ["urgent", "not_before"],
                    postgresql_where=sa.text("state = 'waiting'"))  # fmt: skip
    op.create_index("ix_messages_message_open", "messages_message", ["created_at"], postgresql_where=open_states)
    op.create_index("ix_messages_message_notice", "messages_message", ["notice_id", "citizen_id"], unique=True,
                    postgresql_where=sa.text("notice_id IS NOT NULL"))  # fmt: skip
    op.create_index("ix_messages_message_created_at", "messages_message", ["created_at"])
    op.create_table(
        "messages_attempt",
        *_texts("reference", "message_id", "channel", "system", "outcome", "code"),
        _moment("started_at"),
        *(_moment(name, True) for name in ("ended_at", "delivered_at")),
        sa.ForeignKeyConstraint(["message_id"], ["messages_message.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_messages_attempt_message_id", "messages_attempt", ["message_id"])
    op.create_index("ix_messages_attempt_started_at", "messages_attempt", ["started_at"])
    op.create_table(
        "messages_subscription",
        sa.Column("citizen_id", sa.Text, primary_key=True),
        sa.Column("template_id", sa.Text, primary_key=True),
        sa.Column("left", sa.Integer, nullable=False),
        _moment("updated_at"),
    )
    op.create_table("messages_provider", *_texts("system", "reason"), sa.Column("points", sa.Integer, nullable=False),
                    _moment("shifted_at"))  # fmt: skip
    op.create_table(
        "messages_notice",
        *_texts("id", "region", "title", "text", "reason", "asked_by", "reached"),
        _moment("asked_at"),
        sa.Column("confirmed_by", sa.Text),
        *(_moment(name, True) for name in ("confirmed_at", "done_at")),
    )


def _texts(key: str, *rest: str) -> list[sa.Column[str]]:
    first = sa.Column(key, sa.Text, primary_key=True)
    return [first, *(sa.Column(name, sa.Text, nullable=False) for name in rest)]


def _moment(name: str, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def downgrade() -> None:
    for name in ("notice", "provider", "subscription", "attempt", "message"):
        op.drop_table(f"messages_{name}")
