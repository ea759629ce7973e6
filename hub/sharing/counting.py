"""Who shares, who refuses, who is late: counts of every department with data or requests, for the bureau."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from hub.sharing import rules
from hub.sharing.models import GrantRow, RequestRow
from hub.sharing.resources import Resource


@dataclass(slots=True)
class Counts:
    """`received` are requests for its data, of which `granted`, `refused` (also by the argument that it is not shared)
    and `open`; `silent`: how often it, or who reviewed for it, let the time pass; `late`: the open ones of which that
    is true. `asked` are its own requests. `rights` are in force on its data."""

    department: str
    resources: int = 0
    unconditional: int = 0
    conditional: int = 0
    not_shared: int = 0
    published: int = 0
    received: int = 0
    open: int = 0
    granted: int = 0
    refused: int = 0
    silent: int = 0
    late: int = 0
    asked: int = 0
    rights: int = 0




def counted(session: Session, resources: Iterable[Resource], now: datetime) -> dict[str, Counts]:
    """By department."""
    found: dict[str, Counts] = {}
    for resource in resources:
        mine = found.setdefault(resource.department, Counts(resource.department))
        mine.resources += 1
        mine.published += resource.published
        setattr(mine, resource.shared_type, getattr(mine, resource.shared_type) + 1)
    for owner, *counts in session.execute(_asked_of()):
        mine = found.setdefault(owner, Counts(owner))
        mine.received, mine.open, mine.granted, mine.refused, mine.silent, mine.late = counts
    for office, asked in session.execute(select(RequestRow.applicant, func.count()).group_by(RequestRow.applicant)):
        found.setdefault(office, Counts(office)).asked = asked
    force = select(GrantRow.owner, func.count()).where(GrantRow.valid_until > now, GrantRow.revoked_at.is_(None))
    for owner, rights in session.execute(force.group_by(GrantRow.owner)):
        found.setdefault(owner, Counts(owner)).rights = rights
    return found


def _asked_of() -> Select[str, int, int, int, int, int, int]:
    """By owner: requests, the open ones, granted, refused, how often silent, open and late."""
    states, waits = func.count().filter, RequestRow.state.in_(rules.OPEN)
    return select(
        RequestRow.owner, func.count(), states(waits), states(RequestRow.state == "granted"),
        states(RequestRow.refused_by != ""), func.sum(RequestRow.silent), states(waits, RequestRow.silent > 0),
    ).group_by(RequestRow.owner)  # fmt: skip
