"""About how many people each department asks a day, and which days are out of the common: all of them for whoever
investigates, today's as an alarm."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as of_day

from sqlalchemy import Date, cast, func, select, text
from sqlalchemy.orm import Session

from hub.clock import CHINA, Clock
from hub.database import Database
from hub.ledger import suspicion
from hub.ledger.models import EntryRow

_USUAL = timedelta(days=90)
_EVERY_S, _PATIENCE_S = 120.0, 60.0
Days = Mapping[str, Mapping[date, int]]


@dataclass(frozen=True, slots=True)
class Uncommon:
    """A day on which a department asked about far more people than `usual`."""

    user: str
    day: date
    people: int
    usual: float


def uncommon(days: Days) -> list[Uncommon]:
    return [
        Uncommon(user, on, count, usual)
        for user, counts in sorted(days.items())
        for on, count, usual in suspicion.uncommon(counts)
    ]


def lately(session: Session, now: datetime) -> Days:
    return _counted(session, now - _USUAL, now)


class Watch:
    """One per process. Days that are over are counted once, today anew every two minutes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._past: tuple[date | None, Days] = (None, {})
        self._today: list[Uncommon] = []
        self._due = 0.0

    def today(self) -> list[Uncommon]:
        """Raises STORE_UNAVAILABLE."""
        if time.monotonic() >= self._due:
            self._today, self._due = self._looked(self._clock.now()), time.monotonic() + _EVERY_S
        return self._today

    def _looked(self, now: datetime) -> list[Uncommon]:
        day = now.astimezone(CHINA).date()
        begin = datetime.combine(day, of_day(), CHINA)
        with self._database.session(patience=_PATIENCE_S) as session:
            session.execute(text("SET LOCAL statement_timeout = '5min'"))  # the first look of a day is at all before
            if self._past[0] != day:
                self._past = day, _counted(session, begin - _USUAL, begin)
            fresh = _counted(session, begin, now + timedelta(days=1))
        days = {user: {**self._past[1].get(user, {}), **counts} for user, counts in fresh.items()}
        return [each for each in uncommon(days) if each.day == day]


def _counted(session: Session, since: datetime, until: datetime) -> Days:
    day = cast(func.timezone("Asia/Shanghai", EntryRow.at), Date)
    query = select(EntryRow.user, day, func.count(func.distinct(EntryRow.subject_tag))).where(
        EntryRow.step == "DELIVERED", EntryRow.at >= since, EntryRow.at < until
    )
    days: dict[str, dict[date, int]] = defaultdict(dict)
    for user, on, count in session.execute(query.group_by(EntryRow.user, day)):
        days[user][on] = count
    return days
