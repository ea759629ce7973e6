"""An answer kept under a mandate, and a leg, say by keyed hashes whose they are: they go with whoever goes. Who is
represented is found by the id that stands in a case."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_OF = {"gateway_submission": "ix_gateway_submission_mandate", "legs_leg": "ix_legs_leg_mandate"}


def upgrade() -> None:
    op.create_index("ix_mandates_mandate_represented", "mandates_mandate", ["represented"])
    op.add_column("legs_leg", sa.Column("subject_tag", sa.LargeBinary(32)))
    op.create_index("ix_legs_leg_subject_tag", "legs_leg", ["subject_tag"])
    for table, index in _OF.items():
        op.add_column(table, sa.Column("mandate_tag", sa.LargeBinary(32)))
        op.create_index(index, table, ["mandate_tag"], postgresql_where=sa.text("mandate_tag IS NOT NULL"))


def downgrade() -> None:
    for table, index in _OF.items():
        op.drop_index(index, table)
        op.drop_column(table, "mandate_tag")
    op.drop_index("ix_legs_leg_subject_tag", "legs_leg")
    op.drop_column("legs_leg", "subject_tag")
    op.drop_index("ix_mandates_mandate_represented", "mandates_mandate")
