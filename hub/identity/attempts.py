"""How often a real name may be tried: of one ID number, by one citizen, and with one name.

Counted in PostgreSQL before anybody is asked, like failed sign-ins of staff: a Redis that was emptied or is away gives
no further guesses. What is counted for is kept as a keyed hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import case, delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.identity.models import Attempt, FaceCheck

# A name is borne by many (the commonest by hundreds in a county); a number by one.
MOST: Mapping[str, int] = {"subject": 5, "caller": 10, "name": 50}
_DAY = timedelta(hours=24)


class Attempts:
    """Takes a session and never commits."""

    def __init__(self, crypto: Crypto, clock: Clock) -> None:
        self._crypto, self._clock = crypto, clock

    def count(self, session: Session, whose: Mapping[str, str]) -> int:
        """Counts one attempt for each of subject, caller and name; seconds to wait when one of them has none left."""
        now = self._clock.now()
        waits = [self._one(session, kind, whose[kind], now) for kind in sorted(whose)]
        return max(waits, default=0)

    def give_back(self, session: Session, whose: Mapping[str, str]) -> None:
        """Nobody was asked after all."""
        tags = [self._tag(kind, value) for kind, value in whose.items()]
        session.execute(update(Attempt).where(Attempt.tag.in_(tags), Attempt.count > 0).values(count=Attempt.count - 1))

    def sweep(self, session: Session) -> None:
        for table in (Attempt, FaceCheck):
            session.execute(delete(table).where(table.until < self._clock.now()))

    def _one(self, session: Session, kind: str, value: str, now: datetime) -> int:
        over = Attempt.until <= now
        put = insert(Attempt).values(tag=self._tag(kind, value), count=1, until=now + _DAY)
        put = put.on_conflict_do_update(
            index_elements=[Attempt.tag],
            set_={
                "count": case((over, 1), else_=Attempt.count + 1),
                "until": case((over, now + _DAY), else_=Attempt.until),
            },
        )
        count, until = session.execute(put.returning(Attempt.count, Attempt.until)).one()
        return max(1, int((until - now).total_seconds())) if count > MOST[kind] else 0

    def _tag(self, kind: str, value: str) -> bytes:
        return self._crypto.lookup(value, f"identity.attempt.{kind}")
