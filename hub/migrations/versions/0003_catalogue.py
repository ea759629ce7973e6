"""Tables of the catalogue room."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BYTES = sa.Text(collation="C")
_TEXTS = postgresql.ARRAY(sa.Text)


def upgrade() -> None:
    op.create_table(
        "catalogue_name",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("sort", _BYTES, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("sounds", sa.Text, nullable=False),
        sa.Column("tokens", _TEXTS, nullable=False),
    )
    op.create_index(
        "catalogue_name_in_order", "catalogue_name", ["sort", "id"], postgresql_include=["words", "sounds"]
    )
    op.create_index("catalogue_name_by_token", "catalogue_name", ["tokens"], postgresql_using="gin")
    op.create_table(
        "catalogue_item",
        sa.Column("id", _BYTES, primary_key=True),
        sa.Column("version", _BYTES, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("title_en", sa.Text, nullable=False),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("department_name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("themes", _TEXTS, nullable=False),
        sa.Column("audience", sa.Text, nullable=False),
        sa.Column("region", _BYTES, nullable=False),
        sa.Column("level", sa.SmallInteger, nullable=False),
        sa.Column("codes", postgresql.JSONB, nullable=False),
        sa.Column("keys", _TEXTS, nullable=False),
        sa.Column("suspended", sa.Boolean, nullable=False),
        sa.Column("superseded", sa.Boolean, nullable=False),
        sa.Column("name_id", sa.BigInteger, nullable=False),
        sa.Column("sort", _BYTES, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("sounds", sa.Text, nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("effective_until", sa.Date),
        sa.Column("body", postgresql.JSONB, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
    )
    _index_items()
    state = op.create_table(
        "catalogue_state",
        sa.Column("id", sa.SmallInteger, primary_key=True),
        sa.Column("config", sa.Text, nullable=False),
    )
    op.bulk_insert(state, [{"id": 1, "config": ""}])
    op.create_table(
        "catalogue_miss",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("word", _BYTES, primary_key=True),
        sa.Column("times", sa.Integer, nullable=False),
    )


def _index_items() -> None:
    op.create_index("catalogue_item_by_name", "catalogue_item", ["name_id", "region", "id"])
    op.create_index("catalogue_item_by_region", "catalogue_item", ["region"])
    op.create_index("catalogue_item_by_department", "catalogue_item", ["department"])
    op.create_index("catalogue_item_by_key", "catalogue_item", ["keys"], postgresql_using="gin")
    op.create_index(
        "catalogue_item_by_theme",
        "catalogue_item",
        ["themes"],
        postgresql_using="gin",
        postgresql_where=sa.text("themes <> '{}'"),
    )
    for name, few in {"of_config": "source = 'config'", "superseded": "superseded"}.items():
        op.create_index(f"catalogue_item_{name}", "catalogue_item", ["id"], postgresql_where=sa.text(few))
    op.create_index(
        "catalogue_item_by_kind", "catalogue_item", ["kind"], postgresql_where=sa.text("kind <> 'link'")
    )


def downgrade() -> None:
    for table in ("catalogue_miss", "catalogue_state", "catalogue_item", "catalogue_name"):
        op.drop_table(table)
