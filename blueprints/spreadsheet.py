"""A table as a file for a spreadsheet: UTF-8 with a byte order mark, and no cell that a program would calculate."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def spreadsheet(filename: str, rows: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> Response:
    """The rows with their `department`'s name in front. The mark is there because office programs else take it for
    GBK; GBK itself cannot hold every name."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["name", *(rows[0] if rows else ())])
    for row in rows:
        writer.writerow([plain(each) for each in (names.get(row["department"], ""), *row.values())])
    response = Response("\ufeff" + out.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f"attachment; filename={filename}"
    return response


def plain(cell: Any) -> Any:
    """What a spreadsheet must not take for a formula; several values in one cell. Numbers stay numbers."""
    if isinstance(cell, list | tuple):
        cell = " ".join(map(str, cell))
    return "'" + cell if isinstance(cell, str) and cell.lstrip(" ").startswith(_BEGINS_A_FORMULA) else cell
