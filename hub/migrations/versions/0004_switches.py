"""Tables of the switches room. The history refuses to be changed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "switches_override",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("target", sa.Text, primary_key=True),
        sa.Column("fields", JSONB, nullable=False),
        sa.Column("change_id", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "switches_change",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("before", JSONB),
        sa.Column("after", JSONB),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("switches_change_target", "switches_change", ["kind", "target", "id"])
    op.execute(
        "CREATE FUNCTION switches_change_stays() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the history of switches is only ever added to'; END $$"
    )
    op.execute(
        "CREATE TRIGGER switches_change_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON switches_change "
        "FOR EACH STATEMENT EXECUTE FUNCTION switches_change_stays()"
    )


def downgrade() -> None:
    op.drop_table("switches_change")
    op.execute("DROP FUNCTION switches_change_stays()")
    op.drop_table("switches_override")
