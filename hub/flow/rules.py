"""What may be seen of a community's flow: counts, never persons, and no count of a small group."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

BUCKET_S = 300


@dataclass(frozen=True, slots=True)
class Count:
    """Five minutes of one community. None: fewer than the smallest group that is told."""

    at: datetime
    ins: int | None
    outs: int | None


def told(number: int, smallest: int) -> int | None:
    """None of it: "nobody is at home" says as much about a few as their number does."""
    return number if number >= smallest else None


def bucket_of(at: datetime, seconds: int = BUCKET_S) -> datetime:
    """By the clock of `at`'s own zone: a day begins at its midnight."""
    offset = at.utcoffset() or timedelta()
    return at - timedelta(seconds=(at.timestamp() + offset.total_seconds()) % seconds)
