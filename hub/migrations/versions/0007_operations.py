"""Tables of the operations room. The record refuses to be changed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "operations_act",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("acted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("roles", JSONB, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("before", JSONB),
        sa.Column("after", JSONB),
        sa.Column("trace_id", sa.Text, nullable=False),
    )
    op.create_index("operations_act_actor", "operations_act", ["actor", "id"])
    op.create_index("operations_act_target", "operations_act", ["target", "id"])
    op.execute(
        "CREATE FUNCTION operations_act_stays() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the record of acts is only ever added to'; END $$"
    )
    op.execute(
        "CREATE TRIGGER operations_act_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON operations_act "
        "FOR EACH STATEMENT EXECUTE FUNCTION operations_act_stays()"
    )


def downgrade() -> None:
    op.drop_table("operations_act")
    op.execute("DROP FUNCTION operations_act_stays()")
