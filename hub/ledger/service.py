"""Looking exchanges up again: the legs of one trace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.ledger.exchange import Exchange
from hub.ledger.models import ExchangeRow


def find(session: Session, trace_id: str) -> Sequence[Exchange]:
    """Every exchange of one trace, in the order they arrived."""
    rows = session.scalars(
        select(ExchangeRow).where(ExchangeRow.trace_id == trace_id).order_by(ExchangeRow.request_in_at)
    )
    return [Exchange(**{column.name: getattr(row, column.name) for column in fields(Exchange)}) for row in rows]
