"""Recorded deliveries: what a department brought by itself, kept in samples/ beside the answers, and read again.

`NAME.delivery.json` says of a sample what the delivery was called, its headers, and the rows that came of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.port import BadRow, Delivery, PortError, Record
from hub.systems.opening import meets, opened_alone

Row = Mapping[str, Any]
"""A Record (dataset, key, version, deleted, fields) or a BadRow (place, code), as written down."""


@dataclass(frozen=True, slots=True)
class DeliveryMade:
    """`rows` is None where nobody wrote down yet what comes of it."""

    folder: Path
    sample: str
    id: str
    headers: Mapping[str, str]
    rows: Sequence[Row] | None

    @property
    def body(self) -> bytes:
        return (self.folder / "samples" / self.sample).read_bytes()


def deliveries(folder: Path) -> list[DeliveryMade]:
    found = []
    for path in sorted((folder / "samples").glob("*.delivery.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        found.append(DeliveryMade(folder, told["sample"], told["id"], told.get("headers", {}), told.get("rows")))
    return found


def read_of(made: DeliveryMade, facts: Mapping[str, Any], body: bytes | None = None) -> list[Row] | PortError:
    """The rows of a delivery, `body` in place of its own where given, or the error that refuses the whole of it. The
    department is not spoken to."""
    scheme, kind = meets(made.folder, facts)
    where = {"file": "/nowhere"}.get(scheme, "127.0.0.1:9")
    at = f"{scheme}://{where}" + ("/kit" if kind == "database" else "")
    delivery = Delivery(made.id, made.body if body is None else body, made.headers)
    with opened_alone(made.folder, at, facts=facts) as adapter:
        source: Any = adapter
        try:
            return [_told(row) for row in source.read(delivery)]
        except PortError as error:
            return error


def _told(row: Record | BadRow) -> Row:
    if isinstance(row, BadRow):
        return {"place": row.place, "code": row.code}
    return {"dataset": row.dataset, "key": row.key, "version": row.version, "deleted": row.deleted,
            "fields": dict(row.fields)}  # fmt: skip
