"""What ends when its years are over: three at least (PIPL 56). The leaves stay, so that the tree still adds up; the
keys go, so that what was sealed says nothing any more; and the gateway's own rows and old orders go."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from hub.clock import CHINA, Clock
from hub.ledger.models import ExchangeRow, OrderRow, SubjectKeyRow

YEARS = 3
_MARGIN = timedelta(days=YEARS * 366 + 1)
_MOST = 10_000


def shred(session: Session, clock: Clock) -> int:
    """How many keys and rows went; called again until none does. Takes a session and never commits."""
    now = clock.now().astimezone(CHINA)
    keys = session.execute(delete(SubjectKeyRow).where(SubjectKeyRow.year < now.year - YEARS))
    key = tuple_(ExchangeRow.request_in_at, ExchangeRow.id)
    old = (
        select(ExchangeRow.request_in_at, ExchangeRow.id)
        .where(ExchangeRow.request_in_at < now - _MARGIN)
        .order_by(ExchangeRow.request_in_at)
        .limit(_MOST)
    )
    rows = session.execute(delete(ExchangeRow).where(key.in_(old)))
    orders = session.execute(delete(OrderRow).where(OrderRow.ends_at < now - _MARGIN))
    return int(keys.rowcount) + int(rows.rowcount) + int(orders.rowcount)  # type: ignore[attr-defined]
