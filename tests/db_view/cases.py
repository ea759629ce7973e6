"""An exchange table as national front-end databases have it: facts for the adapter, rows for the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.db_view.rooms import JABS, facts_of

TABLE = "up_pro_accept"
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


def exchange_facts(rows: int = 2000, views: Mapping[str, Any] | None = None) -> dict[str, Any]:
    facts = facts_of(JABS) if views is None else dict(views)
    text, moment = {"type": "text"}, {"type": "datetime"}
    facts["db_view"] = facts["db_view"] | {
        "exchange": {
            "accepted_cases": {
                "table": TABLE,
                "columns": {
                    "row_guid": text, "project_no": text, "project_name": text, "applyer_name": text,
                    "apply_date": moment, "is_sync": text, "cd_operation": text, "cd_time": moment, "cd_batch": text,
                },
                "row": "row_guid",
                "batch": "cd_batch",
                "flag": {"column": "is_sync", "waiting": "0", "taken": "1"},
                "operation": {"column": "cd_operation", "put": ["I", "U"], "delete": ["D"]},
                "version": "cd_time",
                "key": "project_no",
                "rows": rows,
                "answer": {
                    "fields": {
                        "project_no": {"from": "project_no", "required": True, "class": 2},
                        "title": {"from": "project_name", "required": True, "class": 2},
                        "applicant": {"from": "applyer_name", "class": 3},
                        "applied_at": {"from": "apply_date", "as": "datetime", "required": True, "class": 2},
                    }
                },
            }
        }
    }  # fmt: skip
    return facts


def rows(batches: int, each: int) -> Iterator[tuple[Any, ...]]:
    for batch in range(batches):
        for number in range(each):
            guid = f"{batch:04d}-{number:04d}"
            yield (
                guid, f"P{guid}", "示范事项（虚构）", "韩山福", "2024-03-01 08:00:00", "I", "2024-03-01 08:00:01",
                f"B{batch:04d}",
            )  # fmt: skip
