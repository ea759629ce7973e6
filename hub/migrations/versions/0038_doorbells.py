"""A doorbell that rings already is found at once, however many jobs there are."""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_procrastinate_jobs_ringing ON procrastinate_jobs (task_name) "
        "WHERE status = 'todo' AND scheduled_at IS NULL"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_procrastinate_jobs_ringing")
