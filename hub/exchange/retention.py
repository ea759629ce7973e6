"""What this room forgets: nothing of an answer is kept at all, and who asked what only for its term."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub.exchange.models import BatchRow, ChangeRow, CorrectionRow, NoticeRow, UseRow

_MOST = 10_000


def sweep(session: Session, now: datetime, days: int) -> int:
    """Uses, answered corrections and what was told of either, after so many days; how many rows went, at most some at
    once. A correction that nobody answered stays, with what was told of it. Takes a session and never commits."""
    end = now - timedelta(days=days)
    open_ones = select(CorrectionRow.id).where(CorrectionRow.answered_at.is_(None))
    old = (
        (UseRow.exchange_id, UseRow.at < end),
        (BatchRow.id, BatchRow.at < end),
        (ChangeRow.id, ChangeRow.at < end),
        (CorrectionRow.id, CorrectionRow.answered_at < end),
        (NoticeRow.id, (NoticeRow.at < end) & NoticeRow.correction.not_in(open_ones)),
    )
    gone = 0
    for key, over in old:
        some = select(key).where(over).limit(_MOST)
        gone += session.execute(delete(key.class_).where(key.in_(some))).rowcount  # type: ignore[attr-defined]
    return gone
