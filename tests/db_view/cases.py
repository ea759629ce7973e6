"""An exchange table as national front-end databases have it: facts for the adapter, rows for the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.db_view.rooms import facts_of

TABLE, CASES = "up_pro_accept", "front_end"
COLUMNS = (
    "row_guid",
    "project_no",
    "project_name",
    "applyer_name",
    "apply_date",
    "cd_operation",
    "cd_time",
    "cd_batch",
)
INSERT = (
    "INSERT INTO up_pro_accept (row_guid, project_no, project_name, applyer_name, apply_date, cd_operation, cd_time,"
    " cd_batch) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)


def exchange_facts(rows: int = 2000) -> dict[str, Any]:
    facts = facts_of(CASES)
    facts["db_view"]["exchange"]["accepted_cases"]["rows"] = rows
    return facts


def rows(batches: int, each: int) -> Iterator[tuple[Any, ...]]:
    for batch in range(batches):
        for number in range(each):
            guid = f"{batch:04d}-{number:04d}"
            yield (
                guid, f"P{guid}", "示范事项（虚构）", "韩山福", "2024-03-01 08:00:00", "I", "2024-03-01 08:00:01",
                f"B{batch:04d}",
            )  # fmt: skip
