"""No sealed column is forgotten when the keys turn: every column of bytes, of every room, is one of four things."""

from __future__ import annotations

import importlib
import re

from sqlalchemy import LargeBinary

from hub.commands.keys import SEALED
from hub.database import Base
from tests.house.sources import ROOT

KEYED = re.compile(r"[._](?:tag|hash|digest)$")  # a keyed hash to look up by, or the hash of what is chance
NAMED_OTHERWISE = {  # the same, or public: of a person, of a scan, of the tree, what was signed
    "flow_crossing.person", "flow_presence.person", "tracing_contact.person", "tracing_sighting.person",
    "health_code_scan.id", "ledger_entry.leaf", "ledger_entry.commitments", "ledger_receipt.cose", "ledger_tile.hashes",
    "ledger_checkpoint.stamp",
}  # fmt: skip
IN_A_BOX = {  # under a data key, which is itself among what is resealed
    "identity_company.credit_code_sealed", "identity_company.name_sealed", "identity_company.representative_sealed",
    "materials_body.sealed", "materials_file.facts_sealed", "ledger_entry.sealed",
}  # fmt: skip


def kept() -> set[str]:
    for path in (ROOT / "hub").glob("*/models.py"):
        importlib.import_module(f"hub.{path.parent.name}.models")
    columns = [column for table in Base.metadata.sorted_tables for column in table.columns]
    return {f"{column.table.name}.{column.name}" for column in columns if isinstance(column.type, LargeBinary)}


def test_threat_T27_every_sealed_column_is_resealed() -> None:
    resealed = {each.name for each in SEALED}
    others = {name for name in kept() - resealed if not KEYED.search(name)}
    assert others == NAMED_OTHERWISE | IN_A_BOX, "a column of bytes that no room's SEALED names"
    assert resealed <= kept() and not any(KEYED.search(name) for name in resealed)
