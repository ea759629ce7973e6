"""Which files are whole, which were taken, which are late or missing. Nothing here touches a file.

What was seen and taken is kept in the workers' shared store; when that is lost a file comes once more, and the hub
knows it by its digest.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any

from adapters.protocols.file_drop_names import Pattern
from adapters.protocols.file_drop_place import Listing, Seen
from hub.port import Shared

CHINA = timezone(timedelta(hours=8))
_REMEMBERED_S = 400 * 86_400.0
_SIGHT_S = 86_400.0
_DIGEST, _SIZE = re.compile(rb"\b([0-9a-fA-F]{64})\b"), re.compile(rb"\b([0-9]{1,12})\b")


class Watch:
    """The memory of one system's files. `ready` are its facts of that name."""

    def __init__(self, ready: Mapping[str, Any], shared: Shared) -> None:
        self.done: str = ready["done"]
        self._holds, self._stable_s = ready["holds"], float(ready["stable_s"])
        self._shared = shared

    def whole(self, listing: Listing) -> Iterator[Seen]:
        """Those that nobody writes any more and that were not taken as they are."""
        names = {seen.name for seen in listing.files}
        for seen in listing.files:
            if self.done and seen.name.endswith(self.done):
                continue
            if self.is_taken(seen):
                continue
            if seen.name + self.done in names if self.done else self._stable(seen):
                yield seen

    def is_taken(self, seen: Seen) -> bool:
        return self._shared.get(_key("taken", seen.name)) == _state(seen)

    def taken(self, seen: Seen) -> None:
        self._shared.put(_key("taken", seen.name), _state(seen), _REMEMBERED_S)

    def agrees(self, companion: bytes, data: bytes) -> bool:
        """Whether the companion speaks of these bytes."""
        if not self._holds:
            return True
        if self._holds == "size":
            told = _SIZE.search(companion)
            return told is not None and int(told[1]) == len(data)
        digest = _DIGEST.search(companion)
        return digest is not None and digest[1].decode().lower() == hashlib.sha256(data).hexdigest()

    def number(self, dataset: str) -> int | None:
        """The highest number that was ever taken."""
        kept = self._shared.get(f"number.{dataset}")
        return int(kept) if kept else None

    def numbered(self, dataset: str, number: int) -> None:
        if number > (self.number(dataset) or -1):
            self._shared.put(f"number.{dataset}", str(number).encode(), _REMEMBERED_S)

    def _stable(self, seen: Seen) -> bool:
        """Size and time as at an earlier look, long enough ago by our own clock: the other one may be wrong."""
        if not self._stable_s:
            return True
        key, state, now = _key("sight", seen.name), _state(seen), time.time()
        before, _, since = (self._shared.get(key) or b"").rpartition(b" ")
        if before == state:
            return now - float(since) >= self._stable_s
        self._shared.put(key, state + b" %.3f" % now, max(_SIGHT_S, 2 * self._stable_s))
        return False


def _key(kind: str, name: str) -> str:
    return f"{kind}.{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def _state(seen: Seen) -> bytes:
    return f"{seen.size} {seen.changed:.6f}".encode()


def due(expected: Mapping[str, Any], now: datetime) -> date:
    """The day (for months its first) whose file must be there by now, by China's clock."""
    hour, minute = (int(part) for part in expected["by"].split(":"))
    moment = now.astimezone(CHINA).replace(hour=hour, minute=minute, second=0, microsecond=0)
    if expected["every"] == "month":
        moment = moment.replace(day=expected["day"])
        if moment > now:
            moment = (moment.replace(day=1) - timedelta(days=1)).replace(day=expected["day"])
        return (moment - timedelta(days=expected["lag_days"])).date().replace(day=1)
    if moment > now:
        moment -= timedelta(days=1)
    return (moment - timedelta(days=expected["lag_days"])).date()


def late(expected: Mapping[str, Any], pattern: Pattern, files: Iterable[Seen], now: datetime) -> date | None:
    """The day whose file is overdue; None when it is there. A file without a date in its name is of the day it came."""
    wanted = due(expected, now)
    for seen in files:
        named = pattern.match(seen.name, aside=True)
        if named and (named.day or datetime.fromtimestamp(seen.changed, CHINA).date()) >= wanted:
            return None
    return wanted


def gaps(pattern: Pattern, daily: bool, files: Iterable[Seen], highest: int | None) -> list[str]:
    """The numbers that are missing, as texts: within each day from 1 on, or between the first and the last known."""
    found: dict[date | None, set[int]] = defaultdict(set)
    for seen in files:
        named = pattern.match(seen.name, aside=True)
        if named and named.number is not None:
            found[named.day if daily else None].add(named.number)
    if found and highest is not None and not daily:
        found[None].add(highest)
    missing = []
    for day, numbers in found.items():
        first = 1 if daily else min(numbers)
        lost = [number for number in range(first, max(numbers)) if number not in numbers]
        missing += [f"{day or ''} {number}".strip() for number in lost[:20]]
    return missing
