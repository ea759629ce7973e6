"""A table that office programs open as what it is: UTF-8 with a byte order mark, and no cell that they would calculate.
Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def written(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV. The mark is there because office programs else take it for GBK; GBK itself cannot hold every name. None is
    an empty cell."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows([plain(each) for each in row] for row in rows)
    return "\ufeff" + out.getvalue()


def plain(cell: Any) -> Any:
    """What a spreadsheet must not take for a formula; several values in one cell. Numbers stay numbers."""
    if isinstance(cell, list | tuple):
        cell = " ".join(map(str, cell))
    return "'" + cell if isinstance(cell, str) and cell.lstrip(" ").startswith(_BEGINS_A_FORMULA) else cell
