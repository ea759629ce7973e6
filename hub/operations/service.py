"""Who did what, who tried to, and what it was before and after (features.md M3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.operations.models import ActRow


@dataclass(frozen=True, slots=True)
class Act:
    """`act` is the permission it took, `outcome` OK or the problem's code, `actor` the id of the staff account."""

    acted_at: datetime
    actor: str
    roles: tuple[str, ...]
    act: str
    target: str
    outcome: str
    trace_id: str
    reason: str = ""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    id: int = 0


def record(session: Session, act: Act) -> None:
    values = {name: value for name, value in asdict(act).items() if name != "id"}
    session.add(ActRow(**{**values, "roles": list(act.roles)}))


def acts(
    session: Session, actor: str | None = None, target: str | None = None, before: int | None = None, limit: int = 20
) -> Sequence[Act]:
    """Newest first; `before` is the id to go on from."""
    query = select(ActRow).order_by(ActRow.id.desc()).limit(limit)
    if actor is not None:
        query = query.where(ActRow.actor == actor)
    if target is not None:
        query = query.where(ActRow.target == target)
    if before is not None:
        query = query.where(ActRow.id < before)
    return [_act(row) for row in session.scalars(query)]


def _act(row: ActRow) -> Act:
    return Act(
        acted_at=row.acted_at,
        actor=row.actor,
        roles=tuple(row.roles),
        act=row.act,
        target=row.target,
        outcome=row.outcome,
        trace_id=row.trace_id,
        reason=row.reason,
        before=row.before,
        after=row.after,
        id=row.id,
    )
