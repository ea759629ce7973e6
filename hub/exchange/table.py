"""A table that office programs open as what it is. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def written(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV with a byte order mark, without which office programs take it for GBK. None is an empty cell."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows([plain(each) if isinstance(each, str) else each for each in row] for row in rows)
    return "\ufeff" + out.getvalue()


def plain(text: str) -> str:
    """A spreadsheet must not take a text for a formula."""
    return "'" + text if text.startswith(_BEGINS_A_FORMULA) else text
