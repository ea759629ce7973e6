"""Counts of the last seconds, in one-second buckets, so that a busy system costs no more memory than a quiet one."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(slots=True)
class _Bucket:
    second: int
    all: int = 0
    marked: int = 0


class Window:
    """How many, and how many of them marked (failed, retried), within the last `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._buckets: deque[_Bucket] = deque()
        self._all = 0
        self._marked = 0

    def add(self, now: float, *, marked: bool) -> None:
        self._forget(now)
        if not self._buckets or self._buckets[-1].second != int(now):
            self._buckets.append(_Bucket(int(now)))
        self._buckets[-1].all += 1
        self._buckets[-1].marked += marked
        self._all += 1
        self._marked += marked

    def count(self, now: float) -> tuple[int, int]:
        """All, and marked."""
        self._forget(now)
        return self._all, self._marked

    def oldest(self) -> int | None:
        """The second of the oldest that still counts."""
        return self._buckets[0].second if self._buckets else None

    def clear(self) -> None:
        self._buckets.clear()
        self._all = self._marked = 0

    def _forget(self, now: float) -> None:
        while self._buckets and self._buckets[0].second <= now - self._seconds:
            oldest = self._buckets.popleft()
            self._all -= oldest.all
            self._marked -= oldest.marked
