"""People of the twins' county that every department can spell, and that no other test is about."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from adapters.twins.residents import FOLDER

with (FOLDER / "residents.csv").open(encoding="utf-8", newline="") as lines:
    PEOPLE = [
        {"id_number": row["id_number"], "name": row["name"]}
        for row in csv.DictReader(lines)
        if row["gbk_encodable"] == "1"
    ][10:]


def columns(people: Sequence[dict[str, str]]) -> dict[str, list[str]]:
    """As a file is asked for."""
    return {name: [each[name] for each in people] for name in ("id_number", "name")}
