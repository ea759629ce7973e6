"""A process that reads one XLS from its standard input and writes its rows as lines of JSON, the sheet's name first,
`null` last. It may use this much memory and time and no more; whatever happens to it happens to nobody else.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from datetime import date, datetime
from typing import Any

from python_calamine import load_workbook

MEMORY, SECONDS = 1 << 30, 60


def plain(cell: Any) -> Any:
    if isinstance(cell, datetime):
        return {"moment": cell.isoformat()}
    if isinstance(cell, date):
        return {"day": cell.isoformat()}
    return cell if isinstance(cell, str | float | int | bool) else str(cell)


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    book = load_workbook(io.BytesIO(sys.stdin.buffer.read()))
    name = sys.argv[1] or book.sheet_names[0]
    out = sys.stdout
    out.write(json.dumps(name) + "\n")
    for row in book.get_sheet_by_name(name).iter_rows():
        out.write(json.dumps([plain(cell) for cell in row]) + "\n")
    out.write("null\n")


if __name__ == "__main__":
    main()
