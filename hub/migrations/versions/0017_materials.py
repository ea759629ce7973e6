"""Papers of citizens: shelves, files, their sealed bytes, what was given to whom and asked for anew."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "materials_shelf",
        sa.Column("citizen_id", sa.Text, primary_key=True),
        sa.Column("key_sealed", sa.LargeBinary, nullable=False),
        sa.Column("files", sa.Integer, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "materials_file",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("citizen_id", "type", "media_type")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("size", "pages")),
        *(sa.Column(name, sa.LargeBinary, nullable=False) for name in ("sent_tag", "kept_tag", "facts_sealed")),
        sa.Column("scan", sa.Text, nullable=False, index=True),
        sa.Column("made_from", sa.Text),
        sa.Column("credential_id", sa.Text),
        sa.Column("uploaded_at", moment, nullable=False),
    )
    op.create_index("ix_materials_file_citizen", "materials_file", ["citizen_id", "uploaded_at"])
    op.create_table(
        "materials_body",
        sa.Column("file_id", sa.Text, primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.execute("ALTER TABLE materials_body ALTER sealed SET STORAGE EXTERNAL")  # ciphertext does not shrink
    op.create_table(
        "materials_given",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("file_id", sa.Text, nullable=False),
        sa.Column("citizen_id", sa.Text, nullable=False, index=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("receipt_no", sa.Text, nullable=False, index=True),
        sa.Column("office", sa.Text, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("ended_at", moment),
        sa.UniqueConstraint("file_id", "receipt_no", "office"),
    )
    op.create_table(
        "materials_asked",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("receipt_no", sa.Text, nullable=False, index=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("type", "officer")),
        sa.Column("reason_sealed", sa.LargeBinary, nullable=False),
        sa.Column("at", moment, nullable=False),
    )


def downgrade() -> None:
    for name in ("asked", "given", "body", "file", "shelf"):
        op.drop_table(f"materials_{name}")
