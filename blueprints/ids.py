"""Ids and cursors as they come from outside. They are opaque to clients; what is none of ours is nobody's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from hub.errors import Problem


def as_uuid(id: str) -> UUID:
    """Raises NOT_FOUND."""
    try:
        return UUID(id)
    except ValueError:
        raise Problem("NOT_FOUND") from None


def as_number(id: str) -> int | None:
    """None for what is no number of a row."""
    return int(id) if id.isascii() and id.isdigit() and len(id) < 19 else None


def going_on(page: Mapping[str, Any]) -> int | None:
    """Where a list goes on whose cursor is a number; None from its beginning. Raises PAGE_INVALID."""
    cursor = page.get("cursor")
    number = None if cursor is None else as_number(cursor)
    if number is None and cursor is not None:
        raise Problem("PAGE_INVALID")
    return number
