"""Statistics for the bureau: who shares, refuses, is late, gives and takes; and the chimneys: systems that nobody asks,
and data kept in two systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.exchange.models import CorrectionRow, UseRow
from hub.sharing.counting import Counts, counted
from hub.sharing.resources import Resource
from hub.sharing.service import Sharing

UNUSED_DAYS = 90
_ALL = 10_000


@dataclass(frozen=True, slots=True)
class Department:
    """Counts of one department. `given` and `taken`: answered questions for its data and its own, in the last
    90 days; `turned_away`: its own that were refused. `wrong`: reports that its data is wrong, of which `unanswered`
    are past their date."""

    counts: Counts
    given: int = 0
    taken: int = 0
    turned_away: int = 0
    wrong: int = 0
    unanswered: int = 0


@dataclass(frozen=True, slots=True)
class Unused:
    """A system that keeps data of the catalogue, and that no other department asked in the last 90 days. `attached`:
    it could have been."""

    system: str
    department: str
    resources: tuple[str, ...]
    attached: bool


@dataclass(frozen=True, slots=True)
class Twice:
    """One class of data that two systems hold: the one its owner names, and the one that answers for it."""

    resource: str
    title: str
    department: str
    systems: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Statistics:
    at: datetime
    departments: Sequence[Department]
    unused: Sequence[Unused]
    twice: Sequence[Twice]


def statistics(session: Session, sharing: Sharing, clock: Clock) -> Statistics:
    """As of now."""
    now = clock.now()
    resources = sharing.resources.page(session, limit=_ALL)
    since = UseRow.at >= now - timedelta(days=UNUSED_DAYS)
    done = UseRow.outcome == "OK"
    given = _by(session, select(UseRow.supplier, func.count()).where(since, done).group_by(UseRow.supplier))
    taken = _by(session, select(UseRow.consumer, func.count()).where(since, done).group_by(UseRow.consumer))
    away = _by(
        session, select(UseRow.consumer, func.count()).where(since, UseRow.grant_id == "").group_by(UseRow.consumer)
    )
    late = func.count().filter(CorrectionRow.state == "reported", CorrectionRow.due_at <= now)
    wrong = {
        owner: (told, unanswered)
        for owner, told, unanswered in session.execute(
            select(CorrectionRow.owner, func.count(), late).group_by(CorrectionRow.owner)
        )
    }
    asked = set(session.scalars(select(UseRow.system).where(since, done).distinct()))
    counts = counted(session, resources, now)
    departments = [
        Department(counts[id], given.get(id, 0), taken.get(id, 0), away.get(id, 0), *wrong.get(id, (0, 0)))
        for id in sorted(counts)
    ]
    return Statistics(now, departments, _unused(resources, asked), _twice(resources))


def _by(session: Session, query: Select[str, int]) -> Mapping[str, int]:
    return {row[0]: row[1] for row in session.execute(query)}


def _unused(resources: Sequence[Resource], asked: set[str]) -> list[Unused]:
    keeping: dict[str, list[Resource]] = {}
    for each in resources:
        for system in {each.system, each.kept_in} - {""} - asked:
            keeping.setdefault(system, []).append(each)
    return [
        Unused(system, kept[0].department, tuple(each.id for each in kept), any(each.system == system for each in kept))
        for system, kept in sorted(keeping.items())
    ]


def _twice(resources: Sequence[Resource]) -> list[Twice]:
    return [
        Twice(each.id, each.title, each.department, (each.kept_in, each.system))
        for each in resources
        if each.system and each.kept_in and each.system != each.kept_in
    ]
