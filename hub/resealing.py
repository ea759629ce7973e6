"""Brings what rooms keep sealed under the key that seals now. Takes a session and never commits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.crypto import Crypto

Row = Any


def _as_it_is(_: Crypto, __: Row, ___: bytes) -> None:
    return


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed column. `purpose` is what a row's value was sealed for; `tagged` gives the row its tags under the key
    that seals now, from the opened value."""

    row: type[Row]
    column: str
    purpose: Callable[[Row], str]
    tagged: Callable[[Crypto, Row, bytes], None] = _as_it_is


class Resealing:
    """A value that is empty was never sealed. Rows that somebody else holds are left for the next time."""

    def __init__(self, crypto: Crypto, columns: Sequence[Sealed]) -> None:
        self._crypto, self._columns = crypto, columns

    def reseal(self, session: Session, most: int) -> int:
        """At most so many rows of each column; how many it were."""
        done = 0
        for each in self._columns:
            wanted = select(each.row).where(self._stale(each)).limit(most).with_for_update(skip_locked=True)
            rows = session.scalars(wanted).all()
            for row in rows:
                purpose = each.purpose(row)
                value = self._crypto.open(getattr(row, each.column), purpose)
                setattr(row, each.column, self._crypto.seal(value, purpose))
                each.tagged(self._crypto, row, value)
            done += len(rows)
        session.flush()
        return done

    def under_other_keys(self, session: Session) -> int:
        return sum(
            session.scalar(select(func.count()).select_from(each.row).where(self._stale(each))) or 0
            for each in self._columns
        )

    def _stale(self, each: Sealed) -> Any:
        column, head = getattr(each.row, each.column), self._crypto.head
        return (column != b"") & (func.substring(column, 1, len(head)) != head)
