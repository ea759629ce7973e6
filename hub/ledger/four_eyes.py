"""Orders by which staff look at sensitive data (class 4): of one office, in force once a second officer has confirmed
them, until they end. What was looked at by one is recorded by orders.py."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, select, update
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.database import one_at_a_time
from hub.errors import Fault, Problem, invalid
from hub.ledger.models import OrderRow
from hub.offices import seen_by, sees

_ASKING = b"orders"
_LONGEST = timedelta(days=90)
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Standing:
    """One order. `confirmed_by` None: it waits. `looks`: how often it was used."""

    id: str
    order_no: str
    office: str
    reason: str
    asked_by: str
    asked_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    ends_at: datetime
    looks: int


class Orders:
    """Takes a session and never commits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def ask(
        self, session: Session, order_no: str, reason: str, ends_at: datetime, *, office: str, actor: str
    ) -> Standing:
        """Waits for a second officer. Raises DATE_RANGE (over, or more than 90 days away), STATE_CONFLICT where the
        office has one of this number that has not ended."""
        now = self._clock.now()
        if not now < ends_at <= now + _LONGEST:
            raise invalid([Fault("ends_at", "DATE_RANGE")])
        one_at_a_time(session, _ASKING)
        same = and_(OrderRow.office == office, OrderRow.order_no == order_no, OrderRow.ends_at > now)
        if session.scalar(select(exists().where(same))):
            raise Problem("STATE_CONFLICT", extra={"possible": []})
        row = OrderRow(
            id="o" + secrets.token_hex(16), order_no=order_no, office=office, reason=reason, asked_by=actor,
            asked_at=now, ends_at=ends_at, looks=0,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return _standing(row)

    def confirm(self, session: Session, id: str, *, office: str, actor: str) -> Standing:
        """In force from now on. Raises NOT_FOUND, for another office's too; SECOND_PERSON_REQUIRED for who asked;
        STATE_CONFLICT where it was confirmed or has ended."""
        row = session.get(OrderRow, id, with_for_update=True)
        if row is None or not sees(office, row.office):
            raise Problem("NOT_FOUND")
        if row.confirmed_by is not None or row.ends_at <= self._clock.now():
            raise Problem("STATE_CONFLICT", extra={"possible": []})
        if row.asked_by == actor:
            raise Problem("SECOND_PERSON_REQUIRED")
        row.confirmed_by, row.confirmed_at = actor, self._clock.now()
        return _standing(row)

    def page(self, session: Session, office: str) -> Sequence[Standing]:
        """Those of an office and of those below, the newest first."""
        mine = select(OrderRow).where(seen_by(office, OrderRow.office))
        rows = session.scalars(mine.order_by(OrderRow.asked_at.desc(), OrderRow.id).limit(_SHOWN))
        return [_standing(row) for row in rows]

    def use(self, session: Session, order_no: str, office: str) -> None:
        """One look more by this order. Raises ORDER_NOT_CONFIRMED."""
        now = self._clock.now()
        found = session.scalar(
            update(OrderRow)
            .where(OrderRow.office == office, OrderRow.order_no == order_no)
            .where(OrderRow.confirmed_at.is_not(None), OrderRow.ends_at > now)
            .values(looks=OrderRow.looks + 1)
            .returning(OrderRow.id)
        )
        if found is None:
            raise Problem("ORDER_NOT_CONFIRMED")


def _standing(row: OrderRow) -> Standing:
    return Standing(
        row.id, row.order_no, row.office, row.reason, row.asked_by, row.asked_at, row.confirmed_by, row.confirmed_at,
        row.ends_at, row.looks,
    )  # fmt: skip
