"""Whose turn it is to collect from a system: one worker at a time, when it is due, the same for all workers."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.inbox.models import TurnRow
from hub.inbox.rules import Schedule


def take(session: Session, source: str, schedule: Schedule, now: datetime, hold_s: float) -> UUID | None:
    """A token when it is due and nobody has it. Whoever dies with it loses it after `hold_s` seconds."""
    first = {"source": source, "due_at": schedule.first(now), "held_until": now - timedelta(days=1)}
    session.execute(insert(TurnRow).values(first).on_conflict_do_nothing())
    owner, clock = uuid4(), func.clock_timestamp()
    free = (TurnRow.source == source, TurnRow.due_at <= clock, TurnRow.held_until <= clock)
    held = {"owner": owner, "held_until": clock + timedelta(seconds=hold_s)}
    return session.scalar(update(TurnRow).where(*free).values(**held).returning(TurnRow.owner))


def keep(session: Session, source: str, owner: UUID, hold_s: float) -> bool:
    """Still at it; False when another worker has it by now."""
    mine = (TurnRow.source == source, TurnRow.owner == owner)
    held = {"held_until": func.clock_timestamp() + timedelta(seconds=hold_s)}
    return session.scalar(update(TurnRow).where(*mine).values(**held).returning(TurnRow.source)) is not None


def leave(session: Session, source: str, owner: UUID, due_at: datetime, outcome: str) -> None:
    """Done with it until `due_at`."""
    mine = (TurnRow.source == source, TurnRow.owner == owner)
    clock = func.clock_timestamp()
    done = {"owner": None, "held_until": clock, "ended_at": clock, "due_at": due_at, "outcome": outcome}
    session.execute(update(TurnRow).where(*mine).values(**done))
