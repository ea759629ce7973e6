"""Scans are written by one thread in group commits: who scans does not wait for PostgreSQL, nor stop when it is away.

Each scan counts once, whoever sends it again. A code at two gates far apart at nearly the same time is an alarm.
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import orjson
import structlog
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.database import Database
from hub.errors import Problem
from hub.health_code import rules
from hub.health_code.models import AlertRow, ScanRow
from hub.health_code.service import Holder
from hub.settings.health_code_shapes import Gate, HealthCode

_EVERY_S, _TRY_AGAIN_S = 0.2, 0.5
_MOST, _CAPACITY = 1000, 20_000
_LOCK = 360423027  # one group at a time: two workers that each write one half of a relay must see the other's


@dataclass(frozen=True, slots=True)
class Scan:
    """Somebody at a gate. `direction` is in, out, or empty for one who was looked up; times have their offset."""

    id: bytes
    gate_id: str
    direction: str
    scanned_at: datetime
    received_at: datetime
    citizen_id: str
    verifier: str
    grade: str
    result: str
    offline: bool = False


# One text and one value for any number of scans: to bind each value cost more than all the rest.
_PUT = text("""
INSERT INTO health_code_scan (id, gate_id, direction, scanned_at, received_at, citizen_id, verifier, grade, result,
                              offline)
SELECT decode(id, 'hex'), gate_id, direction, scanned_at, received_at, citizen_id, verifier, grade, result, offline
FROM json_to_recordset(CAST(:scans AS json)) AS scan (
    id text, gate_id text, direction text, scanned_at timestamptz, received_at timestamptz, citizen_id text,
    verifier text, grade text, result text, offline boolean)
ON CONFLICT DO NOTHING RETURNING id
""")


@dataclass(frozen=True, slots=True)
class Alert:
    kind: str
    about: str
    gates: tuple[str, ...]
    at: datetime
    id: int = 0


@dataclass(frozen=True, slots=True)
class Passed:
    """Somebody who went through a gate."""

    id: str
    gate: Gate
    way: Literal["in", "out"]
    at: datetime
    name: str
    id_number: str


Scanned = Callable[[Session, Sequence[Passed]], None]
"""Told of all who passed, once each, in the transaction that writes the scans; who was only looked up did not pass."""
Told = Callable[[int, int], None]
"""How many wait to be written, and how many had to be dropped since this process began."""
Holders = Callable[[Session, set[str]], Mapping[str, Holder]]


def identity(code: str, gate_id: str, direction: str, scanned_at: datetime) -> bytes:
    """The same scan, however often it is sent, has the same id."""
    return hashlib.sha256("\0".join((code, gate_id, direction, f"{scanned_at.timestamp():.3f}")).encode()).digest()


class Scans:
    """`put` and go on; `write` for those that come together and must be known to be in."""

    def __init__(
        self, database: Database, clock: Clock, configured: Callable[[], HealthCode | None], holders: Holders,
        scanned: Scanned, told: Told,
    ) -> None:  # fmt: skip
        self.lost = 0
        self._database, self._clock, self._configured = database, clock, configured
        self._holders, self._scanned, self._told = holders, scanned, told
        self._waiting: deque[Scan | Alert] = deque()
        self._turn = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gate-scans", daemon=True)
        self._log = structlog.get_logger()

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stopped.set()
        if self._thread.ident:
            self._thread.join(5)
        if self._waiting:
            self.lost += len(self._waiting)
            self._log.error("scans_lost", count=len(self._waiting))
            self._told(0, self.lost)

    def put(self, what: Scan | Alert) -> None:
        """Never blocks, never raises; with PostgreSQL away so many are kept."""
        if len(self._waiting) >= _CAPACITY:
            self.lost += 1
        else:
            self._waiting.append(what)

    def write(self, session: Session, scans: Sequence[Scan]) -> set[bytes]:
        """The ids of those that were not there before."""
        if not scans:
            return set()
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        once = {scan.id: scan for scan in scans}
        sent = orjson.dumps(list(once.values()), default=bytes.hex).decode()
        new = {bytes(id) for id in session.scalars(_PUT, {"scans": sent})}
        fresh = [scan for id, scan in once.items() if id in new]
        if passed := self._passed(session, fresh):
            self._scanned(session, passed)
        self._watch_relays(session, fresh)
        return new

    def flush(self) -> None:
        """Write what waits now, and not what comes meanwhile: many small commits would eat the processor. Raises
        STORE_UNAVAILABLE; nothing is lost by that."""
        with self._turn:
            left = len(self._waiting)
            while left > 0:
                group = [self._waiting[at] for at in range(min(_MOST, left))]
                left -= len(group)
                with self._database.session() as session:
                    self.write(session, [each for each in group if isinstance(each, Scan)])
                    for alert in group:
                        if isinstance(alert, Alert):
                            self._alarm(session, alert)
                for _ in group:
                    self._waiting.popleft()

    def tell(self, said: int = 0) -> int:
        """The figures; a line for what was lost beyond what was `said`. How many have been lost."""
        lost = self.lost
        self._told(len(self._waiting), lost)
        if lost > said:
            self._log.error("scans_lost", count=lost - said)
        return lost

    def alerts(self, session: Session, before: int | None, limit: int) -> Sequence[Alert]:
        """The newest first."""
        wanted = select(AlertRow).order_by(AlertRow.id.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(AlertRow.id < before)
        return [Alert(row.kind, row.about, tuple(row.gates), row.at, row.id) for row in session.scalars(wanted)]

    def _passed(self, session: Session, fresh: Sequence[Scan]) -> list[Passed]:
        configured = self._configured()
        through = [scan for scan in fresh if scan.direction and configured and scan.gate_id in configured.gates]
        if configured is None or not through:
            return []
        known = self._holders(session, {scan.citizen_id for scan in through})
        return [
            Passed(scan.id.hex(), configured.gates[scan.gate_id], "in" if scan.direction == "in" else "out",
                   scan.scanned_at, who.name, who.id_number)
            for scan in through
            if (who := known.get(scan.citizen_id))
        ]  # fmt: skip

    def _watch_relays(self, session: Session, new: Sequence[Scan]) -> None:
        configured = self._configured()
        people = {scan.citizen_id for scan in new if scan.direction}
        if configured is None or not people:
            return
        within = timedelta(seconds=configured.limits.relay_seconds)
        first, last = min(scan.scanned_at for scan in new) - within, max(scan.scanned_at for scan in new) + within
        near = select(ScanRow.citizen_id, ScanRow.gate_id, ScanRow.scanned_at).where(
            ScanRow.citizen_id.in_(people), ScanRow.scanned_at.between(first, last), ScanRow.direction != ""
        )
        others: dict[str, list[tuple[str, datetime]]] = {}
        for citizen_id, gate_id, at in session.execute(near):
            others.setdefault(citizen_id, []).append((gate_id, at))
        for scan in new:
            far = [
                gate_id
                for gate_id, at in others.get(scan.citizen_id, ())
                if abs(at - scan.scanned_at) <= within
                and _apart(configured.gates, scan.gate_id, gate_id) > configured.limits.relay_km
            ]
            if far:
                gates = tuple(sorted({scan.gate_id, *far}))
                self._alarm(session, Alert("relay", scan.citizen_id, gates, self._clock.now()))

    def _alarm(self, session: Session, alert: Alert) -> None:
        session.add(AlertRow(kind=alert.kind, about=alert.about, gates=list(alert.gates), at=alert.at))
        self._log.error("gate_alert", kind=alert.kind, actor=alert.about, note=" ".join(alert.gates))

    def _run(self) -> None:
        said = 0
        while not self._stopped.is_set():
            try:
                self.flush()
                pause = _EVERY_S
            except Exception as error:
                if not isinstance(error, Problem):
                    self._log.exception("scans_wait", count=len(self._waiting))
                pause = _TRY_AGAIN_S
            said = self.tell(said)
            self._stopped.wait(pause)
        try:
            self.flush()
        except Problem:
            return


def _apart(gates: Mapping[str, Gate], one: str, other: str) -> float:
    return rules.kilometres(gates[one], gates[other]) if one in gates and other in gates else 0.0
