"""Decisions about items, as pure functions: what may be asked, what is in force, which promise the law allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

KINDS = ("query", "application", "payment", "appointment", "link")
AUDIENCES = ("person", "company", "both")
LONGEST_QUERY = 60
# A promise is compared with the law in calendar days; five working days are a week.
CALENDAR_DAYS: Mapping[str, float] = {"working_day": 7 / 5, "calendar_day": 1.0}
_WORST_FIRST = ("closed", "maintenance", "limited", "open")


@dataclass(frozen=True, slots=True)
class Query:
    """One question to the catalogue. Empty means any; `region` is a code of 6, 9 or 12 digits and means all below."""

    q: str = ""
    department: str = ""
    theme: str = ""
    kind: str = ""
    audience: str = ""
    region: str = ""
    page_size: int = 20
    cursor: str = ""

    def filters(self) -> str:
        """What a cursor belongs to; the size of a page may change underway."""
        return "\0".join((self.q, self.department, self.theme, self.kind, self.audience, self.region))


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever looks: an opening by percent, list or region depends on it. Empty when not signed in."""

    citizen_id: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Period:
    """First and last day in force; no last day means for good."""

    first: date
    last: date | None = None

    def holds(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


def worst(*statuses: str) -> str:
    """A service is no better than what it runs on."""
    return min(statuses, key=_WORST_FIRST.index)


def too_long(promised: float, promised_unit: str, legal: float, legal_unit: str) -> bool:
    """Whether a promise is longer than the law allows, each in its own unit (features.md B4)."""
    return promised * CALENDAR_DAYS[promised_unit] > legal * CALENDAR_DAYS[legal_unit]


def older_than(client: str, minimum: str) -> bool:
    """Whether a client's version comes before the one that is needed; one that does not say is not older."""
    if not client or not minimum:
        return False
    return _parts(client) < _parts(minimum)


def _parts(version: str) -> tuple[int, ...]:
    """1.10 and 1.10.0 are the same."""
    parts = [int(part) for part in version.split(".") if part.isascii() and part.isdigit()]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)
