"""Where a member of staff works, and tasks for grass-roots offices."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("identity_staff", sa.Column("office", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "tasks_task",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("kind", "office", "raised_to", "about")),
        sa.Column("told_sealed", sa.LargeBinary, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("state", "card")),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in ("assigned_at", "red_at")),
        *(sa.Column(name, sa.DateTime(timezone=True)) for name in ("next_at", "acknowledged_at", "done_at")),
    )
    for column in ("office", "raised_to", "about", "next_at"):
        op.create_index(f"ix_tasks_task_{column}", "tasks_task", [column])
    op.create_table(
        "tasks_act",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("task_id", "act", "office", "actor", "answer")),
        sa.Column("note_sealed", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    for column in ("task_id", "actor"):
        op.create_index(f"ix_tasks_act_{column}", "tasks_act", [column])


def downgrade() -> None:
    op.drop_table("tasks_act")
    op.drop_table("tasks_task")
    op.drop_column("identity_staff", "office")
