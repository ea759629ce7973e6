"""Brings what is kept of cases under the key that seals now. Takes a session and never commits."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.cases.models import CaseRow, CorrectionRow, EventRow, PauseRow, RatingRow, ResultRow
from hub.crypto import Crypto
from hub.identity.service import stale

_SEALED: tuple[tuple[Any, str], ...] = (
    (CaseRow, "body_sealed"),
    (EventRow, "detail_sealed"),
    (PauseRow, "reason_sealed"),
    (CorrectionRow, "items_sealed"),
    (ResultRow, "document_sealed"),
    (RatingRow, "said_sealed"),
)


class Resealing:
    """A value that is empty was never sealed."""

    def __init__(self, crypto: Crypto) -> None:
        self._crypto = crypto

    def reseal(self, session: Session, most: int) -> int:
        """At most so many rows of each table; how many it were."""
        done = 0
        for kind, name in _SEALED:
            column = getattr(kind, name)
            rows = session.scalars(stale(select(kind).where(column != b""), column, self._crypto.head, most)).all()
            for row in rows:
                case = row if kind is CaseRow else session.get_one(CaseRow, row.case_id)
                setattr(row, name, self._crypto.reseal(getattr(row, name), f"cases.case:{case.receipt_no}"))
            done += len(rows)
        session.flush()
        return done

    def under_other_keys(self, session: Session) -> int:
        count = 0
        for kind, name in _SEALED:
            column = getattr(kind, name)
            other = func.substring(column, 1, len(self._crypto.head)) != self._crypto.head
            count += session.scalar(select(func.count()).select_from(kind).where(column != b"", other)) or 0
        return count
