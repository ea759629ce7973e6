"""Tables of the ledger room: the evidence of shared data, the tree over it, and what keeps rows as they are.

`written_in` names the transaction that wrote a row, so that the sequencer misses none that commits late.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_KEPT = ("ledger_exchange", "ledger_entry", "ledger_receipt", "ledger_leaf", "ledger_checkpoint")
_OLD = {"ledger_exchange": "OLD.request_in_at", "ledger_entry": "OLD.at", "ledger_receipt": "OLD.at"}


def upgrade() -> None:
    moment, text, raw, big = sa.DateTime(timezone=True), sa.Text, sa.LargeBinary, sa.BigInteger
    op.create_table(
        "ledger_entry",
        sa.Column("exchange_id", sa.Uuid, primary_key=True),
        sa.Column("step", text, primary_key=True),
        sa.Column("at", moment, nullable=False),
        *(sa.Column(name, raw, nullable=False) for name in ("leaf", "sealed", "commitments", "subject_tag")),
        *(sa.Column(name, text, nullable=False) for name in ("supplier", "user", "service")),
        sa.Column("data_class", sa.SmallInteger, nullable=False),
        sa.Column("sealed_until", moment),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("spooled", sa.Boolean, nullable=False),
    )
    op.create_index("ledger_entry_by_subject", "ledger_entry", ["subject_tag", "at"])
    op.create_index("ledger_entry_by_time", "ledger_entry", ["at"])
    op.create_index("ledger_entry_of_lists", "ledger_entry", ["at"], postgresql_where=sa.text("rows > 1"))
    op.create_table(
        "ledger_canary",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("user", text, nullable=False),
        sa.Column("sealed", raw, nullable=False),
        sa.Column("made_at", moment, nullable=False),
    )
    op.create_table(
        "ledger_subject_key",
        sa.Column("subject_tag", raw, primary_key=True),
        sa.Column("year", sa.SmallInteger, primary_key=True),
        sa.Column("key_sealed", raw, nullable=False),
    )
    op.create_table(
        "ledger_receipt",
        sa.Column("exchange_id", sa.Uuid, primary_key=True),
        sa.Column("party", text, primary_key=True),
        sa.Column("signer", text, nullable=False),
        sa.Column("cose", raw, nullable=False),
        sa.Column("at", moment, nullable=False),
    )
    op.create_table(
        "ledger_leaf",
        sa.Column("number", big, primary_key=True, autoincrement=False),
        sa.Column("exchange_id", sa.Uuid, nullable=False),
        sa.Column("step", text, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.UniqueConstraint("exchange_id", "step"),
    )
    op.create_table(
        "ledger_tile",
        sa.Column("level", sa.SmallInteger, primary_key=True),
        sa.Column("number", big, primary_key=True),
        sa.Column("hashes", raw, nullable=False),
    )
    op.create_table(
        "ledger_place",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("taken", big, nullable=False),
        sa.Column("size", big, nullable=False),
    )
    op.execute("INSERT INTO ledger_place VALUES (1, 0, 0)")
    op.create_table(
        "ledger_checkpoint",
        sa.Column("size", big, primary_key=True, autoincrement=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("note", text, nullable=False),
        sa.Column("cosigned", JSONB, nullable=False),
    )
    for table in ("ledger_exchange", "ledger_entry"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN written_in xid8 NOT NULL DEFAULT pg_current_xact_id()")
        op.create_index(f"{table}_by_transaction", table, ["written_in"])
    _keep()


def _keep() -> None:
    """Nobody changes a row, and nobody deletes one that is younger than three years."""
    op.execute(
        "CREATE FUNCTION ledger_keeps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'rows of % are only added', TG_TABLE_NAME; END $$"
    )
    for table in _KEPT:
        young = f"WHEN ({_OLD[table]} > now() - interval '3 years')" if table in _OLD else ""
        op.execute(
            f"CREATE TRIGGER keeps_old BEFORE DELETE ON {table} FOR EACH ROW {young} EXECUTE FUNCTION ledger_keeps()"
        )
        op.execute(f"CREATE TRIGGER keeps BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION ledger_keeps()")
        op.execute(
            f"CREATE TRIGGER keeps_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION ledger_keeps()"
        )


def downgrade() -> None:
    for table in ("ledger_exchange", "ledger_entry"):
        op.drop_column(table, "written_in")
    op.execute("DROP FUNCTION ledger_keeps() CASCADE")
    for name in ("checkpoint", "place", "tile", "leaf", "receipt", "subject_key", "canary", "entry"):
        op.drop_table(f"ledger_{name}")
