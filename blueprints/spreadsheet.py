"""A table as a file for a spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response

from hub.exchange import table


def spreadsheet(filename: str, rows: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> Response:
    """The rows with their `department`'s name in front."""
    head = ["name", *(rows[0] if rows else ())]
    text = table.written(head, ((names.get(row["department"], ""), *row.values()) for row in rows))
    response = Response(text, mimetype="text/csv")
    response.headers["Content-Disposition"] = f"attachment; filename={filename}"
    return response
