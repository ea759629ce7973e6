"""Contacts of one person by order: through the channels' rows to people near, and to the offices that reach them.

Without order, area and time nothing is looked at. Every person whose rows were read finds it in the own record.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.errors import Fault, Problem, invalid
from hub.identity.service import Identity
from hub.ledger.orders import Look, Looks
from hub.offices import sees
from hub.port import Record
from hub.settings.movement_shapes import Channel, ChannelSource
from hub.settings.shapes import Snapshot
from hub.tasks.service import Tasks
from hub.tracing import rules
from hub.tracing.models import ContactRow, TraceRow
from hub.tracing.rules import Nearness, Sighting
from hub.tracing.sightings import Seen, Sightings, Who

TASK = "contact-tracing"
_LONGEST = timedelta(days=30)
_KEPT = timedelta(days=60)
_MOST = 2000


@dataclass(frozen=True, slots=True)
class Order:
    """By whom and why. `office` is the officer's own place; every region must lie in it. `sealed_until`: from then on
    those whose rows were read find it in their record; None: at once."""

    order_no: str
    officer: str
    office: str
    regions: tuple[str, ...]
    since: datetime
    until: datetime
    trace_id: str = ""
    sealed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """`how` same_row, same_car, same_place and how far `apart`; `task` as the office has it (open, done …)."""

    channel: str
    how: str
    apart: int
    times: int
    confidence: int
    at: datetime
    office: str
    task_id: str
    state: str
    acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True)
class Trace:
    id: str
    order_no: str
    since: datetime
    until: datetime
    regions: tuple[str, ...]
    seen: int
    made_at: datetime
    contacts: tuple[Contact, ...]


class Tracing:
    """Takes a session and never commits."""

    def __init__(
        self, crypto: Crypto, clock: Clock, tasks: Tasks, now: Callable[[], Snapshot], people: Identity, looks: Looks,
    ) -> None:  # fmt: skip
        self._crypto, self._clock, self._tasks, self._now = crypto, clock, tasks, now
        self._people, self._looks = people, looks
        self.sightings = Sightings(crypto, clock, people.number_by_phone)

    def take(self, session: Session, sightings: Iterable[Sighting]) -> int:
        """What a channel brought; of a channel that is not configured, nothing is kept."""
        known, oldest = self._now().channels, self._clock.now() - timedelta(days=self._now().hub.sighting_days)
        return self.sightings.take(session, [each for each in sightings if each.channel in known and each.at > oldest])

    def brought(self, session: Session, system: str, records: Sequence[Record]) -> None:
        """Records of a dataset that a channel names as its source."""
        for channel in self._now().channels.values():
            source = channel.source
            if source and source.system == system:
                told = [each for each in records if each.dataset == source.dataset and not each.deleted]
                self.take(session, [_sighting(channel.id, source, each) for each in told])

    def trace(self, session: Session, order: Order, number: str) -> Trace:
        """Raises REQUIRED, NOT_FOUND (a region that is not the office's), RANGE_ORDER, RANGE_TOO_LONG, DATE_RANGE,
        ORDER_NOT_CONFIRMED."""
        _allow(order)
        self._looks.allow(session, order.order_no, order.office, order.sealed_until)
        channels = self._now().channels
        seen = [
            each for each in self.sightings.of(session, number, order.since, order.until)
            if each.sighting.place.startswith(order.regions) and each.sighting.channel in channels
        ]  # fmt: skip
        near = _nearest(seen, self.sightings.around(session, seen, channels), channels)
        who = [self.sightings.who(each) for each, _, _ in near]
        read = [number, *(each.person for each in who)]
        people = self._people.people(session, read)
        self._record(session, order, [people.get(each, (each, ""))[0] for each in read])
        row = self._keep(session, order, number, len(seen))
        self._assign(session, row, order, [
            (found, whose, people.get(whose.person, ("", ""))[1]) for found, whose in zip(near, who, strict=True)
        ])  # fmt: skip
        session.flush()
        return self._trace(session, row)

    def get(self, session: Session, id: str, office: str) -> Trace:
        """Raises NOT_FOUND, for another office's too."""
        row = session.get(TraceRow, id)
        if row is None or not sees(office, row.office):
            raise Problem("NOT_FOUND")
        return self._trace(session, row)

    def sweep(self, session: Session) -> int:
        """Rows of channels and traces whose time is over."""
        now = self._clock.now()
        gone = self.sightings.forget(session, now - timedelta(days=self._now().hub.sighting_days))
        over = session.scalars(delete(TraceRow).where(TraceRow.ends_at < now).returning(TraceRow.id)).all()
        session.execute(delete(ContactRow).where(ContactRow.trace_id.in_(over)))
        return gone + len(over)

    def _record(self, session: Session, order: Order, subjects: Sequence[str]) -> None:
        """In the record of everybody whose rows were read."""
        now = self._clock.now()
        look = Look("tracing", "trace", order.order_no, order.trace_id, now, order.sealed_until)
        self._looks.record(session, subjects, look)

    def _keep(self, session: Session, order: Order, number: str, seen: int) -> TraceRow:
        now, id = self._clock.now(), "r" + secrets.token_hex(16)
        row = TraceRow(
            id=id, order_no=order.order_no, officer=order.officer, office=order.office, since=order.since,
            until=order.until, regions=" ".join(order.regions), seen=seen, made_at=now, ends_at=now + _KEPT,
            subject_sealed=self._crypto.seal(number.encode(), f"tracing:{id}"),
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row

    def _assign(
        self, session: Session, row: TraceRow, order: Order, near: Sequence[tuple[tuple[Seen, Nearness, int], Who, str]]
    ) -> None:
        """Each to the community where the person lives, if it is known, else where they were near."""
        given = []
        for (seen, _, _), who, home in near:
            phone = who.phone or (who.document if who.kind == "phone" else "")
            at = seen.sighting.at.isoformat()
            told = {"name": who.name, "phone": phone, "order_no": order.order_no, "at": at}
            office = home or seen.sighting.place or order.regions[0]
            given.append((office, {name: value for name, value in told.items() if value}))
        tasks = self._tasks.assign_all(session, TASK, row.id, given, order.office)
        session.add_all(
            ContactRow(
                trace_id=row.id, person=seen.person, channel=seen.sighting.channel, how=nearness.how,
                apart=nearness.apart, times=times, confidence=seen.confidence, at=seen.sighting.at, office=office,
                task_id=task,
            )
            for ((seen, nearness, times), _, _), (office, _), task in zip(near, given, tasks, strict=True)
        )  # fmt: skip

    def _trace(self, session: Session, row: TraceRow) -> Trace:
        states = self._tasks.states(session, row.id)
        contacts = session.scalars(
            select(ContactRow).where(ContactRow.trace_id == row.id).order_by(ContactRow.apart, ContactRow.at)
        )
        return Trace(
            row.id, row.order_no, row.since, row.until, tuple(row.regions.split()), row.seen, row.made_at,
            tuple(
                Contact(
                    each.channel, each.how, each.apart, each.times, each.confidence, each.at, each.office,
                    each.task_id, *states[each.task_id],
                )
                for each in contacts
            ),
        )  # fmt: skip


def _sighting(channel: str, source: ChannelSource, record: Record) -> Sighting:
    told = {name: record.fields[field] for name, field in source.fields.items() if field in record.fields}
    at = datetime.fromisoformat(told["at"])
    until = datetime.fromisoformat(told.get("until", told["at"]))
    texts = {name: str(told[name]) for name in ("name", "phone", "place", "car") if name in told}
    return Sighting(
        channel, record.key, str(told["key"]), at, until, str(told.get("document_kind", "id_number")),
        str(told["document"]), row=int(told["row"]) if "row" in told else None, **texts,
    )  # fmt: skip


def _allow(order: Order) -> None:
    given = {"order_no": order.order_no, "regions": order.regions}
    if missing := [Fault(name, "REQUIRED") for name, value in given.items() if not value]:
        raise invalid(missing)
    if not all(sees(order.office, region) for region in order.regions):
        raise Problem("NOT_FOUND")
    if order.since >= order.until:
        raise invalid([Fault("to", "RANGE_ORDER")])
    if order.until - order.since > _LONGEST:
        raise invalid([Fault("to", "RANGE_TOO_LONG")])


def _nearest(
    seen: Sequence[Seen], others: Sequence[Seen], channels: Mapping[str, Channel]
) -> list[tuple[Seen, Nearness, int]]:
    """Of each person the closest contact, and how often they were near; the closest people first."""
    found: dict[bytes, tuple[Seen, Nearness, int]] = {}
    mine: dict[tuple[str, str], list[Sighting]] = {}
    for each in seen:
        mine.setdefault((each.sighting.channel, each.sighting.key), []).append(each.sighting)
    for other in others:
        channel = channels[other.sighting.channel]
        for one in mine.get((channel.id, other.sighting.key), ()):
            nearness = rules.near(channel, one, other.sighting)
            if nearness is not None:
                before = found.get(other.person)
                best = before if before and before[1].apart <= nearness.apart else (other, nearness, 0)
                found[other.person] = best[0], best[1], (before[2] if before else 0) + 1
    return sorted(found.values(), key=lambda each: (each[1].apart, -each[2]))[:_MOST]
