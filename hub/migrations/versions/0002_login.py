"""Tables of the login room."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "login_binding",
        sa.Column("openid_tag", sa.LargeBinary, primary_key=True),
        sa.Column("openid_sealed", sa.LargeBinary, nullable=False),
        sa.Column("session_key_sealed", sa.LargeBinary),
        sa.Column("citizen_id", sa.Text, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
    )
    op.create_index("login_binding_by_citizen", "login_binding", ["citizen_id"])
    op.create_table(
        "login_session",
        sa.Column("session_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("ended_at", moment),
        sa.Column("ended_by", sa.Text),
    )
    op.create_index("login_session_by_subject", "login_session", ["subject"])
    op.create_index("login_session_by_expiry", "login_session", ["expires_at"])
    op.create_table(
        "login_refresh",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        sa.Column(
            "session_id", sa.Text, sa.ForeignKey("login_session.session_id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("used_at", moment),
    )
    op.create_index("login_refresh_by_session", "login_refresh", ["session_id"])
    op.create_table(
        "login_code",
        sa.Column("code_hash", sa.LargeBinary, primary_key=True),
        sa.Column("seen_at", moment, nullable=False),
    )
    op.create_index("login_code_by_age", "login_code", ["seen_at"])
    op.create_table(
        "login_attempt",
        sa.Column("username_tag", sa.LargeBinary, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("until", moment, nullable=False),
    )


def downgrade() -> None:
    for table in ("login_attempt", "login_code", "login_refresh", "login_session", "login_binding"):
        op.drop_table(table)
