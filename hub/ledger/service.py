"""Looking exchanges up again: the legs of one trace, what one person did for another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.ledger.exchange import Exchange
from hub.ledger.models import ExchangeRow


def acted(
    session: Session, subject_tag: bytes, acting_tag: bytes, since: datetime, until: datetime | None, limit: int = 100
) -> Sequence[Exchange]:
    """What one person did for another in a time, newest first."""
    query = select(ExchangeRow).where(
        ExchangeRow.subject_tag == subject_tag, ExchangeRow.acting_tag == acting_tag, ExchangeRow.request_in_at >= since
    )
    if until is not None:
        query = query.where(ExchangeRow.request_in_at <= until)
    return [_exchange(row) for row in session.scalars(query.order_by(ExchangeRow.request_in_at.desc()).limit(limit))]


def find(session: Session, trace_id: str) -> Sequence[Exchange]:
    """Every exchange of one trace, in the order they arrived."""
    rows = session.scalars(
        select(ExchangeRow).where(ExchangeRow.trace_id == trace_id).order_by(ExchangeRow.request_in_at)
    )
    return [_exchange(row) for row in rows]


def _exchange(row: ExchangeRow) -> Exchange:
    return Exchange(**{column.name: getattr(row, column.name) for column in fields(Exchange)})
