"""The flow of people through gates: events in by the stream, counts out; a person is looked for only by order.

What reads never sees a person: only `search` does, for an order, an area and a time, and it is recorded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.clock import CHINA, Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Fault, Problem, invalid
from hub.flow import writing
from hub.flow.events import Crossing, believable
from hub.flow.models import CountRow, CrossingRow, PresenceRow
from hub.flow.rules import BUCKET_S, Count, bucket_of, told
from hub.flow.stream import Batch, Stream
from hub.gateway.redis_line import Away, RedisLine
from hub.ledger.orders import Look, Looks
from hub.offices import seen_by, sees
from hub.settings.movement_shapes import Flow as Terms

_PAUSE_S, _AGAIN_S = 0.2, 1.0
_LONGEST = timedelta(days=31)
_MOST = 500


@dataclass(frozen=True, slots=True)
class Community:
    """`present`: whose last crossing went in. Each count is None where it is of fewer than the smallest group."""

    place: str
    present: int | None
    counts: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """For whom and why a person is looked for: without order, area or time it is refused. `sealed_until`: from then on
    the person finds it in the own record; None: at once."""

    order_no: str
    office: str
    trace_id: str
    id_number: str
    places: tuple[str, ...]
    since: datetime
    until: datetime
    sealed_until: datetime | None = None


class Flow:
    """Takes a session and never commits; only `run` and `crossed` open their own."""

    def __init__(
        self, database: Database, line: RedisLine, crypto: Crypto, looks: Looks, clock: Clock,
        terms: Callable[[], Terms], citizen_of: Callable[[Session, str], str | None],
    ) -> None:  # fmt: skip
        self._database, self._crypto, self._looks, self._clock = database, crypto, looks, clock
        self._terms, self._citizen_of = terms, citizen_of
        self._log = structlog.get_logger()
        self.stream = Stream(line)
        self.refused = 0

    def tag(self, id_number: str) -> bytes:
        """What stands for a person in all crossings."""
        return self._crypto.lookup(id_number, "flow")

    def crossed(self, crossings: Sequence[Crossing]) -> None:
        """Somebody went through a gate. Kept when this returns; raises STORE_UNAVAILABLE when nothing can keep it."""
        now, days = self._clock.now(), self._terms().keep_days
        kept = [each for each in crossings if believable(each, now, days)]
        if len(kept) < len(crossings):
            self.refused += len(crossings) - len(kept)
            self._log.warning("crossings_not_believable", count=len(crossings) - len(kept))
        if not kept:
            return
        try:
            self.stream.add(kept)
        except Away:
            with self._database.session() as session:
                writing.write(session, kept)

    def run(self, stop: threading.Event) -> None:
        """Carry from the stream into the tables, until `stop`."""
        started = False
        while not stop.is_set():
            try:
                started = started or self._carry(self.stream.left_behind(at_once=True)) == 0
                carried = self.turn()
            except (Away, Problem) as error:
                self._log.info("flow_waits", error=type(error).__name__)
                stop.wait(_AGAIN_S)
            else:
                if not carried:
                    stop.wait(_PAUSE_S)

    def turn(self) -> int:
        """How many entries were carried: new ones, else those that a killed worker left."""
        return self._carry(self.stream.take()) or self._carry(self.stream.left_behind())

    def _carry(self, batch: Batch) -> int:
        if batch.crossings:
            with self._database.session() as session:
                writing.write(session, batch.crossings)
        self.stream.done(batch)
        return len(batch.entries)

    def community(
        self, session: Session, place: str, office: str, since: datetime, until: datetime, seconds: int = BUCKET_S
    ) -> Community:
        """Counts of one community, or of all below a place. Raises NOT_FOUND for a place that is not the office's,
        RANGE_ORDER, RANGE_TOO_LONG."""
        if not sees(office, place):
            raise Problem("NOT_FOUND")
        _check(since, until)
        smallest = self._terms().smallest_group
        inside = select(func.count()).where(PresenceRow.place.startswith(place, autoescape=True), PresenceRow.inside)
        rows = session.execute(
            select(CountRow.bucket_at, func.sum(CountRow.ins), func.sum(CountRow.outs))
            .where(CountRow.place.startswith(place, autoescape=True))
            .where(CountRow.bucket_at >= bucket_of(since), CountRow.bucket_at < until)
            .group_by(CountRow.bucket_at)
        )
        added: dict[datetime, tuple[int, int]] = {}
        for at, ins, outs in rows:
            bucket = bucket_of(at.astimezone(CHINA), seconds)
            before = added.get(bucket, (0, 0))
            added[bucket] = before[0] + ins, before[1] + outs
        counts = tuple(
            Count(at, told(ins, smallest), told(outs, smallest)) for at, (ins, outs) in sorted(added.items())
        )
        return Community(place, told(session.execute(inside).scalar_one(), smallest), counts)

    def present(self, session: Session, office: str) -> Mapping[str, int | None]:
        """How many are inside each community of an office."""
        smallest = self._terms().smallest_group
        rows = session.execute(
            select(PresenceRow.place, func.count())
            .where(PresenceRow.inside, seen_by(office, PresenceRow.place))
            .group_by(PresenceRow.place).order_by(PresenceRow.place)
        )  # fmt: skip
        return {place: told(number, smallest) for place, number in rows}

    def search(self, session: Session, search: Search) -> Sequence[Crossing]:
        """Where one person crossed, newest first. Recorded before it is answered, found or not."""
        self._allow(session, search)
        started = self._clock.now()
        rows = session.scalars(
            select(CrossingRow)
            .where(CrossingRow.person == self.tag(search.id_number))
            .where(CrossingRow.at >= search.since, CrossingRow.at < search.until)
            .order_by(CrossingRow.at.desc()).limit(_MOST)
        )  # fmt: skip
        found = [
            Crossing(row.id, row.place, row.gate, "in" if row.direction == "in" else "out", row.at, row.person)
            for row in rows if any(row.place.startswith(place) for place in search.places)
        ]  # fmt: skip
        subject = self._citizen_of(session, search.id_number) or search.id_number
        look = Look("flow-search", "search", search.order_no, search.trace_id, started, search.sealed_until)
        self._looks.record(session, [subject], look)
        return found

    def _allow(self, session: Session, search: Search) -> None:
        missing = [
            Fault(name, "REQUIRED") for name, given in (("order_no", search.order_no), ("places", search.places))
            if not given
        ]  # fmt: skip
        if missing:
            raise invalid(missing)
        if not all(sees(search.office, place) for place in search.places):
            raise Problem("NOT_FOUND")
        _check(search.since, search.until)
        self._looks.allow(session, search.order_no, search.office, search.sealed_until)

    def sweep(self, session: Session) -> None:
        """Days that are not kept any longer."""
        writing.forget(session, self._clock.now() - timedelta(days=self._terms().keep_days))
        for ahead in range(3):  # so that no gate has to wait for it
            writing.have_day(session, (self._clock.now() + timedelta(days=ahead)).astimezone(CHINA).date())


def _check(since: datetime, until: datetime) -> None:
    if since >= until:
        raise invalid([Fault("until", "RANGE_ORDER")])
    if until - since > _LONGEST:
        raise invalid([Fault("until", "RANGE_TOO_LONG")])
