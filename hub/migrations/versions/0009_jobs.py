"""Jobs (the library's own schema, as it was in 3.10.0), kept legs, re-runs, findings of the rounds, missed searches."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    schema = Path(__file__).with_name("0009_procrastinate.sql").read_text(encoding="utf-8")
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(schema)  # several statements, and % stands for itself
    _legs()
    _reruns()
    op.create_table(
        "inspection_finding",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("target", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("trace_id", sa.Text, nullable=False),
        sa.Column("until", _MOMENT),
        sa.Column("checked_at", _MOMENT, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
    )
    op.create_table(
        "catalogue_miss_once",
        sa.Column("word_tag", sa.LargeBinary, primary_key=True),
        sa.Column("caller_tag", sa.LargeBinary, primary_key=True),
        sa.Column("day", sa.Date, nullable=False),
    )
    op.create_index("catalogue_miss_once_by_day", "catalogue_miss_once", ["day"])


def _legs() -> None:
    op.create_table(
        "legs_leg",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("trace_id", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("data_class", sa.SmallInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("lease_until", _MOMENT),
        sa.Column("question_sealed", sa.LargeBinary),
        sa.Column("answer_sealed", sa.LargeBinary),
        sa.Column("keep_until", _MOMENT, nullable=False),
        sa.Column("answered_by", sa.Text, nullable=False, server_default=""),
    )
    op.create_index("legs_leg_by_trace", "legs_leg", ["trace_id"])
    op.create_index("legs_leg_by_system", "legs_leg", ["system", "at"])
    op.create_index("legs_leg_by_end", "legs_leg", ["keep_until"])
    op.create_index("legs_leg_by_lease", "legs_leg", ["lease_until"], postgresql_where=sa.text("state = 'inflight'"))


def _reruns() -> None:
    op.create_table(
        "reruns_rerun",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("begun_at", _MOMENT, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False, server_default=""),
        sa.Column("job_id", sa.BigInteger),
    )
    op.create_table(
        "reruns_item",
        sa.Column("rerun_id", sa.BigInteger, sa.ForeignKey("reruns_rerun.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("leg_id", sa.Uuid, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False, server_default=""),
        sa.Column("trace_id", sa.Text, nullable=False, server_default=""),
        sa.Column("asked_at", _MOMENT),
    )


def downgrade() -> None:
    for table in ("catalogue_miss_once", "inspection_finding", "reruns_item", "reruns_rerun", "legs_leg"):
        op.drop_table(table)
    for table in ("periodic_defers", "events", "jobs", "workers"):
        op.execute(f"DROP TABLE procrastinate_{table} CASCADE")
    op.execute(_DROP_REST)


_DROP_REST = """
DO $$ DECLARE each record; BEGIN
  FOR each IN SELECT oid::regprocedure AS name FROM pg_proc WHERE proname LIKE 'procrastinate\\_%' LOOP
    EXECUTE 'DROP FUNCTION IF EXISTS ' || each.name || ' CASCADE';
  END LOOP;
  DROP TYPE procrastinate_job_to_defer_v1, procrastinate_job_event_type, procrastinate_job_status;
END $$
"""
