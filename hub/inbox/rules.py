"""When a system is collected, when a delivery is tried again, which of two versions counts. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

ATTEMPTS = 5
_WAITS_S = (1.0, 5.0, 30.0, 120.0)
_LONGEST_ID = 200
_LONGEST_NOTE = 200
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_NUMBER_WIDTH = 20
_ID_NUMBER = re.compile(r"(?<![0-9])[1-9][0-9]{16}[0-9Xx](?![0-9])", re.ASCII)
_PERSONAL = re.compile(r"[0-9]{9,}[Xx]?", re.ASCII)  # telephone, ID and account numbers; no day, no row


@dataclass(frozen=True, slots=True)
class Schedule:
    """Every so many seconds, or daily at these times of China."""

    every_s: float = 0.0
    daily: tuple[time, ...] = ()

    @classmethod
    def declared(cls, poll: Mapping[str, Any]) -> Schedule:
        daily = tuple(sorted(time.fromisoformat(each) for each in poll.get("daily") or ()))
        return cls(float(poll.get("every_s") or 0), daily)

    def after(self, now: datetime) -> datetime:
        """When it is due next. `now` is in China's time."""
        if not self.daily:
            return now + timedelta(seconds=self.every_s)
        days = [now.date(), now.date() + timedelta(days=1)]
        moments = (datetime.combine(day, each, now.tzinfo) for day in days for each in self.daily)
        return next(moment for moment in moments if moment > now)

    def first(self, now: datetime) -> datetime:
        """At once, but for a system that wants to be asked at its own times only."""
        return self.after(now) if self.daily else now


@dataclass(frozen=True, slots=True)
class Dataset:
    """What of a dataset is kept: only these fields, found by `look_up`, for so long."""

    fields: frozenset[str]
    look_up: tuple[str, ...]
    keep: timedelta
    data_class: int


def datasets(facts: Mapping[str, Any]) -> dict[str, Dataset]:
    """From a checked system.yaml."""
    return {
        name: Dataset(
            frozenset(each["fields"]),
            tuple(each["look_up"]),
            timedelta(days=each["keep_days"]),
            max((int(field.get("class", 4)) for field in each["fields"].values()), default=1),
        )
        for name, each in (facts.get("datasets") or {}).items()
    }


def wait_s(attempts: int) -> float | None:
    """How long to wait after so many failed attempts; None: no more of them, into quarantine."""
    return _WAITS_S[attempts - 1] if attempts < ATTEMPTS else None


def in_order(version: str) -> str:
    """A version as text whose order is that of its bytes: 9 comes before 10, whatever stands around the numbers."""
    return _DIGITS.sub(lambda digits: digits[0].lstrip("0").zfill(_NUMBER_WIDTH), version.replace("\0", ""))


def named(id: str, digest: bytes) -> str:
    """The name a delivery goes by: the department's, when one can be kept and it is no person's number."""
    if 0 < len(id) <= _LONGEST_ID and id.isprintable() and not _ID_NUMBER.search(id):
        return id
    return "sha256:" + hashlib.sha256(id.encode("utf-8", "surrogatepass") if id else digest).hexdigest()


def plain(note: str) -> str:
    """A note without what might be somebody's number."""
    return _PERSONAL.sub("#", "".join(sign for sign in note if sign.isprintable()))[:_LONGEST_NOTE]


def same(value: Any) -> str:
    """What counts as the same value when it is looked up."""
    return str(value).strip().upper()
