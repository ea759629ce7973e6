"""Rows of the channels, kept for as long as the terms say: joined to a person when they come, found again by tag."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import and_, delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.settings.movement_shapes import Channel
from hub.tracing.models import SightingRow
from hub.tracing.rules import Sighting, join

PURPOSE = "tracing"
_AT_ONCE = 1000

ByPhone = Callable[[Session, str, str], str | None]


@dataclass(frozen=True, slots=True)
class Seen:
    """A kept row, who it is about still sealed: most rows that are looked at are nobody's contact."""

    sighting: Sighting
    person: bytes
    confidence: int
    who_sealed: bytes


@dataclass(frozen=True, slots=True)
class Who:
    """Whose row it is, as the channel told it; `person` is whom it was joined to."""

    kind: str
    document: str
    name: str
    phone: str
    person: str


class Sightings:
    """Takes a session and never commits."""

    def __init__(self, crypto: Crypto, clock: Clock, by_phone: ByPhone) -> None:
        self._crypto, self._clock, self._by_phone = crypto, clock, by_phone

    def take(self, session: Session, sightings: Iterable[Sighting]) -> int:
        """How many were new. The same row of a channel twice is one."""
        rows = [self._row(session, each) for each in sightings]
        kept = 0
        for start in range(0, len(rows), _AT_ONCE):
            statement = insert(SightingRow).values(rows[start : start + _AT_ONCE]).on_conflict_do_nothing()
            kept += len(session.execute(statement.returning(SightingRow.id)).all())
        return kept

    def of(self, session: Session, number: str, since: datetime, until: datetime) -> Sequence[Seen]:
        """Where one person was, oldest first."""
        tags = self._crypto.tags(number, PURPOSE)
        rows = session.execute(
            select(*_LIGHT)
            .where(SightingRow.person.in_(tags), SightingRow.at < until, SightingRow.until >= since)
            .order_by(SightingRow.at)
        )
        return [_seen(row) for row in rows]

    def around(self, session: Session, seen: Sequence[Seen], channels: Mapping[str, Channel]) -> Sequence[Seen]:
        """All others' rows of the same keys at nearly the same time; the rules say which of them are contacts."""
        if not seen:
            return []
        windows = [_window(each.sighting, channels[each.sighting.channel]) for each in seen]
        found: dict[tuple[str, str], Seen] = {}
        for start in range(0, len(windows), 50):
            some = or_(*(
                and_(
                    SightingRow.channel == channel, SightingRow.key == key, SightingRow.at <= until,
                    SightingRow.until >= since, SightingRow.at >= since - _LONGEST_RIDE,
                )
                for channel, key, since, until in windows[start : start + 50]
            ))  # fmt: skip
            for row in session.execute(select(*_LIGHT).where(some)):
                found[row.channel, row.id] = _seen(row)
        mine = {each.person for each in seen}
        return [each for each in found.values() if each.person not in mine]

    def forget(self, session: Session, before: datetime) -> int:
        gone = session.execute(delete(SightingRow).where(SightingRow.until < before).returning(SightingRow.id))
        return len(gone.all())

    def _row(self, session: Session, sighting: Sighting) -> dict[str, object]:
        joined = join(sighting, lambda phone, name: self._by_phone(session, phone, name), self._clock.now().date())
        who = orjson.dumps((sighting.document_kind, sighting.document, sighting.name, sighting.phone, joined.person))
        return {
            "channel": sighting.channel, "id": sighting.id, "key": sighting.key, "at": sighting.at,
            "until": sighting.until, "person": self._crypto.tag(joined.person, PURPOSE),
            "confidence": joined.confidence, "rule": joined.rule, "place": sighting.place, "car": sighting.car,
            "row": sighting.row, "who_sealed": self._crypto.seal(who, PURPOSE),
        }  # fmt: skip

    def who(self, seen: Seen) -> Who:
        return Who(*orjson.loads(self._crypto.open(seen.who_sealed, PURPOSE)))


_LIGHT = (
    SightingRow.channel, SightingRow.id, SightingRow.key, SightingRow.at, SightingRow.until, SightingRow.person,
    SightingRow.confidence, SightingRow.place, SightingRow.car, SightingRow.row.label("row"), SightingRow.who_sealed,
)  # fmt: skip


def _seen(row: Any) -> Seen:
    sighting = Sighting(
        row.channel, row.id, row.key, row.at, row.until, "", "", place=row.place, car=row.car, row=row.row
    )
    return Seen(sighting, row.person, row.confidence, row.who_sealed)


_LONGEST_RIDE = timedelta(days=2)


def _window(sighting: Sighting, channel: Channel) -> tuple[str, str, datetime, datetime]:
    slack = timedelta(minutes=channel.minutes if channel.kind == "place" else 0)
    return sighting.channel, sighting.key, sighting.at - slack, sighting.until + slack
