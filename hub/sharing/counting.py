"""Who shares, who refuses, who is late: counts of every department with data or requests, for the bureau."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.sharing.models import GrantRow, RequestRow
from hub.sharing.resources import Resource


@dataclass(slots=True)
class Counts:
    """`received` are requests for its data, of which `granted`, `refused` (also by the argument that it is not shared)
    and `open`; `silent`: how often it, or who reviewed for it, let the time pass. `asked` are its own requests.
    `rights` are in force on its data."""

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
    asked: int = 0
    rights: int = 0


KINDS = tuple(each.name for each in fields(Counts))[1:]


def counted(session: Session, resources: Iterable[Resource], now: datetime) -> dict[str, Counts]:
    """By department."""
    found: dict[str, Counts] = {}
    for resource in resources:
        mine = found.setdefault(resource.department, Counts(resource.department))
        mine.resources += 1
        mine.published += resource.published
        setattr(mine, resource.shared_type, getattr(mine, resource.shared_type) + 1)
    states = func.count().filter
    asked_of = select(
        RequestRow.owner, func.count(), states(RequestRow.state.in_(("review", "owner", "disputed"))),
        states(RequestRow.state == "granted"), states(RequestRow.refused_by != ""), func.sum(RequestRow.silent),
    )  # fmt: skip
    for owner, received, waiting, granted, refused, silent in session.execute(asked_of.group_by(RequestRow.owner)):
        mine = found.setdefault(owner, Counts(owner))
        mine.received, mine.open, mine.granted, mine.refused, mine.silent = received, waiting, granted, refused, silent
    for office, asked in session.execute(select(RequestRow.applicant, func.count()).group_by(RequestRow.applicant)):
        found.setdefault(office, Counts(office)).asked = asked
    force = select(GrantRow.owner, func.count()).where(GrantRow.valid_until > now, GrantRow.revoked_at.is_(None))
    for owner, rights in session.execute(force.group_by(GrantRow.owner)):
        found.setdefault(owner, Counts(owner)).rights = rights
    return found
