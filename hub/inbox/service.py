"""The second door: what departments bring by themselves is stored first, then processed, and can be looked up then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.inbox import deliveries, keeping
from hub.inbox.collecting import Alarmed, Collecting
from hub.inbox.deliveries import Deliveries
from hub.inbox.keeping import Keeping
from hub.inbox.models import BadRowRow, DeliveryRow, TurnRow
from hub.inbox.processing import Brought, Processing, Watching, nobody_waits, nobody_watches
from hub.inbox.rules import datasets
from hub.ledger.writer import Exchanges
from hub.port import Denied, Receiver
from hub.settings.shapes import System
from hub.switches.rules import state
from hub.switches.service import Switches
from hub.systems import Systems

LEASE_S = 60.0
_REFUSALS = ("CALLBACK_FORGED", "CALLBACK_STALE")


@dataclass(frozen=True, slots=True)
class Arrived:
    """One delivery as operations see it. `result`: waiting | done | quarantined; `code` is what the last attempt met;
    `times` is how often it came. Nothing of what it holds."""

    id: int
    source: str
    message_id: str
    received_at: datetime
    processed_at: datetime | None
    bytes: int
    verified: bool
    times: int
    attempts: int
    result: str
    code: str
    records: int
    bad_rows: int


@dataclass(frozen=True, slots=True)
class Bad:
    """One refused row, for the report to the department."""

    place: str
    code: str
    note: str


@dataclass(frozen=True, slots=True)
class Refusals:
    """What of one system was refused lately: rows of how many, and whole deliveries that are in quarantine."""

    source: str
    rows: int
    bad_rows: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class Collected:
    """How the last turn of a system went, and when the next is due."""

    source: str
    ended_at: datetime | None
    due_at: datetime
    outcome: str


class Inbox:
    """One per process. `collecting` runs in `hub work` only; `brought` is told of what is kept."""

    def __init__(
        self,
        *,
        attached: Callable[[], Mapping[str, System]],
        switches: Switches,
        systems: Systems,
        database: Database,
        crypto: Crypto,
        exchanges: Exchanges,
        clock: Clock,
        alarmed: Alarmed,
        lease_s: float = LEASE_S,
        brought: Brought = nobody_waits,
        watching: Callable[[], Watching] = nobody_watches,
    ) -> None:
        self._attached, self._switches, self._systems = attached, switches, systems
        self._database, self._clock = database, clock
        self._deliveries, self._keeping = Deliveries(crypto, lease_s), Keeping(crypto)
        self.processing = Processing(database, systems, self._deliveries, self._keeping, brought, watching)
        self.collecting = Collecting(
            attached=attached,
            is_open=self._is_open,
            systems=systems,
            database=database,
            deliveries=self._deliveries,
            processing=self.processing,
            exchanges=exchanges,
            clock=clock,
            alarmed=alarmed,
        )

    def receive(self, system: str, headers: Mapping[str, str], raw: bytes) -> None:
        """A callback: its signature is checked, it is stored and committed, and processed later. `headers` by names in
        small letters. Raises NOT_FOUND where no callback is expected, and whatever says that it was not stored."""
        if system not in self._attached() or not self._systems.described(system).get("callback"):
            raise Problem("NOT_FOUND")
        if not self._is_open(system):
            raise Problem("SERVICE_DISABLED", origin="hub", retry_after=300)
        receiver = cast(Receiver, self._systems.get(system).adapter)
        try:
            delivery = receiver.receive(headers, raw)
        except Denied as error:
            code = error.code if error.code in _REFUSALS else "CALLBACK_FORGED"
            raise Problem(code, origin="hub", note=f"{system}: {error.note}") from error
        with self._database.session() as session:
            self._deliveries.store(session, system, delivery, verified=True)

    def records(self, system: str) -> Found:
        """What this system delivered, for its adapter: hub.port.Records."""
        return Found(self._database, self._keeping, self._systems, system)

    def page(
        self, session: Session, source: str | None, result: str | None, before: int | None, limit: int
    ) -> Sequence[Arrived]:
        """The newest first; `before` is the id of the last one that was seen."""
        wanted = select(DeliveryRow).order_by(DeliveryRow.id.desc()).limit(limit)
        wanted = wanted.where(DeliveryRow.source == source) if source else wanted
        wanted = wanted.where(DeliveryRow.result == result) if result else wanted
        wanted = wanted.where(DeliveryRow.id < before) if before else wanted
        return [_arrived(row) for row in session.scalars(wanted)]

    def bad_rows(self, session: Session, delivery: int, after: int = -1, limit: int = 100) -> Sequence[Bad]:
        """The refused rows of one delivery, in its own order."""
        wanted = select(BadRowRow).where(BadRowRow.delivery_id == delivery, BadRowRow.number > after)
        rows = session.scalars(wanted.order_by(BadRowRow.number).limit(limit))
        return [Bad(row.place, row.code, row.note) for row in rows]

    def refusals(self, session: Session, since: datetime) -> Sequence[Refusals]:
        """Of every system that brought something since."""
        rows, bad = func.sum(DeliveryRow.records + DeliveryRow.bad_rows), func.sum(DeliveryRow.bad_rows)
        lost = func.count().filter(DeliveryRow.result == "quarantined")
        found = select(DeliveryRow.source, rows, bad, lost).where(DeliveryRow.processed_at >= since)
        return [Refusals(*each) for each in session.execute(found.group_by(DeliveryRow.source))]

    def refused(self, session: Session, source: str | None, limit: int) -> Sequence[tuple[Arrived, Sequence[Bad]]]:
        """The newest deliveries that are in quarantine or had bad rows, with the first of those."""
        wanted = select(DeliveryRow.id).where((DeliveryRow.bad_rows > 0) | (DeliveryRow.result == "quarantined"))
        wanted = wanted.where(DeliveryRow.source == source) if source else wanted
        ids = session.scalars(wanted.order_by(DeliveryRow.id.desc()).limit(limit)).all()
        rows = session.scalars(select(DeliveryRow).where(DeliveryRow.id.in_(ids)).order_by(DeliveryRow.id.desc()))
        return [(_arrived(row), self.bad_rows(session, row.id)) for row in rows]

    def turns(self, session: Session) -> Sequence[Collected]:
        """Every system that is collected from."""
        rows = session.scalars(select(TurnRow).order_by(TurnRow.source))
        return [Collected(row.source, row.ended_at, row.due_at, row.outcome) for row in rows]

    def release(self, session: Session, delivery: int) -> None:
        """Try a quarantined delivery again. Raises STATE_CONFLICT when it is in no quarantine."""
        if not deliveries.release(session, delivery):
            raise Problem("STATE_CONFLICT")

    def sweep(self, session: Session) -> None:
        """Forget what is too old."""
        deliveries.purge(session)
        keeping.purge(session)

    def _is_open(self, system: str) -> bool:
        return state(self._switches.system(system), self._clock.now()).status in ("open", "limited")


def _arrived(row: DeliveryRow) -> Arrived:
    return Arrived(**{name: getattr(row, name) for name in Arrived.__dataclass_fields__})


class Found:
    """The records of one system."""

    def __init__(self, database: Database, keeping: Keeping, systems: Systems, system: str) -> None:
        self._database, self._keeping, self._systems, self._system = database, keeping, systems, system

    def find(self, dataset: str, field: str, value: str) -> tuple[Sequence[Mapping[str, Any]], datetime | None]:
        declared = datasets(self._systems.described(self._system)).get(dataset)
        if declared is None or field not in declared.look_up:
            raise ValueError(f"{dataset}.{field} is no declared look-up")
        with self._database.session() as session:
            rows = self._keeping.find(session, self._system, dataset, field, value)
            return rows, self._keeping.last_at(session, self._system, dataset)
