"""What findings mean. Pure: no clock, no database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Health = Literal["works", "contacted_unproven", "failing", "off"]
ANNOUNCED_DAYS = (1, 7, 14, 30)
_COLOURS = ("contract", "people")  # a late file is no broken system: what came before is there
_STALE = timedelta(hours=25)  # no round came for so long: what it found then proves nothing now


@dataclass(frozen=True, slots=True)
class Finding:
    """`kind` and `target` as in FindingRow. `state`: works, degraded (it is not what was agreed), failing, off,
    unproven; of an expiry: good, announced (`code` is the days), expired. No personal value in any of it."""

    kind: str
    target: str
    state: str
    code: str = "OK"
    note: str = ""
    trace_id: str = ""
    until: datetime | None = None
    checked_at: datetime | None = None
    changed_at: datetime | None = None

    @property
    def bad(self) -> bool:
        return self.state in ("degraded", "failing", "announced", "expired")


def verdict(code: str) -> str:
    """What the outcome of one question says about the contract with a department."""
    if code == "OK":
        return "works"
    if code == "SERVICE_DISABLED":
        return "off"
    return "degraded" if code.startswith("UPSTREAM_") else "failing"


def announced(until: datetime, now: datetime) -> tuple[str, str]:
    """State and code of something that ends: told 30, 14, 7 and 1 days ahead."""
    if now >= until:
        return "expired", "0"
    days = next((days for days in ANNOUNCED_DAYS if until - now <= timedelta(days=days)), None)
    return ("announced", str(days)) if days else ("good", "OK")


def health(seen: Health, found: Iterable[Finding], now: datetime) -> Health:
    """How a system stands for people: what a worker sees, coloured by the rounds (X17). A system that answers the
    machine and not people is failing; one that a synthetic citizen was served by works."""
    fresh = [each for each in found if each.kind in _COLOURS and each.checked_at and now - each.checked_at < _STALE]
    if seen in ("off", "failing"):
        return seen
    if any(each.state in ("degraded", "failing") for each in fresh):
        return "failing"
    if any(each.kind == "people" and each.state == "works" for each in fresh):
        return "works"
    return seen
