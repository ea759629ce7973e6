"""What a citizen sees of the ledger: who read which of my fields, when, why and by what right.

Own reads by machine are one line a day and service. A sealed entry is no line before its date; how many there are is
told of the county as a whole, so that the count gives nobody away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, cast, exists, func, or_, select
from sqlalchemy import Date as Day
from sqlalchemy.orm import Session

from hub.clock import CHINA, Clock
from hub.errors import Problem
from hub.ledger.evidence import Evidence
from hub.ledger.models import CountersignatureRow, EntryRow, ExchangeRow, ReceiptRow
from hub.ledger.orders import LOOKED_AT
from hub.ledger.statement import Statement
from hub.ledger.verifying import KEPT

_GIVEN = "OK"
Kind = Literal["own", "acted", "shared"]


@dataclass(frozen=True, slots=True)
class Whose:
    """Tags of one citizen: of the account (`own`), and of the person (`shared`)."""

    own: tuple[bytes, ...]
    shared: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """`kind`: own (the citizen's own reads of a day, `count` of them), acted (somebody with a mandate), shared (a
    department). `statement` is None for the first two, for a look by order (`purpose` names it) and for what was
    shredded."""

    kind: Kind
    at: datetime
    exchange_id: UUID
    service: str
    system: str
    count: int
    outcome: str
    level: str = "E1"
    purpose: str = ""
    user: str = ""
    statement: Statement | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """From when to when there is anything to see, and how many entries of the whole county are sealed, by year."""

    first: datetime | None
    last: datetime | None
    sealed: dict[str, int]


class AccessLog:
    """Takes a session and never commits."""

    def __init__(self, evidence: Evidence, clock: Clock) -> None:
        self._evidence, self._clock = evidence, clock

    def page(
        self,
        session: Session,
        whose: Whose,
        since: date | None,
        until: date | None,
        before: datetime | None,
        limit: int,
    ) -> list[Line]:
        """The newest first; `since` and `until` are days, `before` is where to go on."""
        begin = datetime.combine(since, time(), CHINA) if since else self._clock.now() - KEPT
        end = datetime.combine(until, time(), CHINA) + timedelta(days=1) if until else None
        end = min(end, before) if end and before else end or before
        lines = [
            *self._own(session, whose, begin, end, limit),
            *self._single(
                session, "acted", and_(_mine(whose), ExchangeRow.acting_tag.is_not(None)), begin, end, limit
            ),
            *self._single(session, "shared", _by_order(whose), begin, end, limit),
            *self._shared(session, whose, begin, end, limit),
        ]
        return sorted(lines, key=lambda line: line.at, reverse=True)[:limit]

    def period(self, session: Session, whose: Whose) -> Period:
        times = [
            session.execute(
                select(func.min(ExchangeRow.request_in_at), func.max(ExchangeRow.request_in_at))
                .where(or_(_mine(whose), _by_order(whose)))
            ).one(),
            session.execute(select(func.min(EntryRow.at), func.max(EntryRow.at)).where(self._visible(whose))).one(),
        ]
        firsts, lasts = ([each[place] for each in times if each[place]] for place in (0, 1))
        return Period(min(firsts, default=None), max(lasts, default=None), self._sealed(session))

    def is_mine(self, session: Session, whose: Whose, exchange_id: UUID) -> None:
        """Raises NOT_FOUND for what is another's, unknown or sealed."""
        own = select(ExchangeRow.id).where(or_(_mine(whose), _by_order(whose)), ExchangeRow.id == exchange_id)
        shared = select(EntryRow.exchange_id).where(self._visible(whose), EntryRow.exchange_id == exchange_id)
        if session.scalar(shared.limit(1)) is None and session.scalar(own.limit(1)) is None:
            raise Problem("NOT_FOUND")

    def _sealed(self, session: Session) -> dict[str, int]:
        year = func.to_char(EntryRow.at, "YYYY")
        query = select(year, func.count()).where(EntryRow.sealed_until.is_not(None), EntryRow.step == "DECIDED")
        return {each: count for each, count in session.execute(query.group_by(year).order_by(year))}

    @staticmethod
    def _own(session: Session, whose: Whose, begin: datetime, end: datetime | None, limit: int) -> list[Line]:
        day = cast(func.timezone("Asia/Shanghai", ExchangeRow.request_in_at), Day)
        newest = func.max(ExchangeRow.request_in_at)
        query = (
            select(day, ExchangeRow.service, ExchangeRow.system, newest, func.count())
            .where(_mine(whose), ExchangeRow.acting_tag.is_(None), ExchangeRow.request_in_at >= begin)
            .group_by(day, ExchangeRow.service, ExchangeRow.system)
            .order_by(newest.desc())
            .limit(limit)
        )
        if end is not None:
            query = query.having(newest < end)
        found = session.execute(query).all()
        last = _ids(session, whose, [at for _, _, _, at, _ in found])
        return [
            Line("own", at, last[at, service, system], service, system, count, _GIVEN)
            for _, service, system, at, count in found
        ]

    @staticmethod
    def _single(
        session: Session, kind: Kind, which: ColumnElement[bool], begin: datetime, end: datetime | None, limit: int
    ) -> list[Line]:
        query = select(ExchangeRow).where(which, ExchangeRow.request_in_at >= begin)
        if end is not None:
            query = query.where(ExchangeRow.request_in_at < end)
        rows = session.scalars(query.order_by(ExchangeRow.request_in_at.desc()).limit(limit))
        return [
            Line(kind, row.request_in_at, row.id, row.service, row.system, 1, row.outcome, purpose=row.purpose)
            for row in rows
        ]

    def _shared(self, session: Session, whose: Whose, begin: datetime, end: datetime | None, limit: int) -> list[Line]:
        signed = select(func.count()).where(
            ReceiptRow.exchange_id == EntryRow.exchange_id, ReceiptRow.party.in_(("S", "U"))
        )
        other = EntryRow.__table__.alias("other")
        delivered = exists().where(other.c.exchange_id == EntryRow.exchange_id, other.c.step == "DELIVERED")
        given = or_(EntryRow.supplier == LOOKED_AT, delivered)  # a look at what the hub holds has no other step
        day = cast(func.timezone("Asia/Shanghai", EntryRow.at), Day)
        by_day = exists().where(CountersignatureRow.department == EntryRow.supplier, CountersignatureRow.day == day)
        query = select(EntryRow, signed.scalar_subquery(), given, by_day).where(
            self._visible(whose), EntryRow.step == "DECIDED", EntryRow.at >= begin
        )
        if end is not None:
            query = query.where(EntryRow.at < end)
        rows = session.execute(query.order_by(EntryRow.at.desc()).limit(limit)).all()
        return [
            self._line(session, row, "E3" if signers == 2 else "E2" if by_day else "E1", is_given)
            for row, signers, is_given, by_day in rows
        ]

    def _line(self, session: Session, row: EntryRow, level: str, is_given: bool) -> Line:
        kept = self._evidence.opened(session, row)
        made = Statement.unpacked(kept["statement"]) if kept else None
        return Line(
            "shared", row.at, row.exchange_id, row.service, made.system if made else "", 1,
            _GIVEN if is_given else "NOT_GIVEN", level, made.purpose if made else "", row.user,
            made,
        )  # fmt: skip

    def _visible(self, whose: Whose) -> ColumnElement[bool]:
        opened = or_(EntryRow.sealed_until.is_(None), EntryRow.sealed_until <= self._clock.now())
        return and_(EntryRow.subject_tag.in_(whose.shared), opened)


def _mine(whose: Whose) -> ColumnElement[bool]:
    """What the gateway gave. Questions of staff have a statement of their own."""
    return and_(
        ExchangeRow.subject_tag.in_(whose.own), ExchangeRow.outcome == _GIVEN, ExchangeRow.caller_kind != "staff"
    )


def _by_order(whose: Whose) -> ColumnElement[bool]:
    """Looks of staff at what the hub itself holds (ledger/orders.py)."""
    return and_(ExchangeRow.subject_tag.in_(whose.own), ExchangeRow.caller_kind == "staff",
                ExchangeRow.system == LOOKED_AT)  # fmt: skip


def _ids(session: Session, whose: Whose, times: Sequence[datetime]) -> dict[tuple[datetime, str, str], UUID]:
    """The citizen's own reads at these times, by time, service and system."""
    query = select(ExchangeRow.request_in_at, ExchangeRow.service, ExchangeRow.system, ExchangeRow.id).where(
        ExchangeRow.request_in_at.in_(times), _mine(whose), ExchangeRow.acting_tag.is_(None)
    )
    return {(at, service, system): id for at, service, system, id in session.execute(query)}
