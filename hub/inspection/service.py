"""Goes round all systems and services: is the answer still what was agreed, are people served, what ends soon.

A change of state is an alarm line in the log; the last findings stand in one table, so that every worker shows them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from datetime import time as time_of_day

import structlog
from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.clock import CHINA, Clock
from hub.database import Database
from hub.errors import Problem
from hub.gateway.orders import Caller, Order
from hub.gateway.service import Gateway
from hub.inbox.service import Inbox, Refusals
from hub.inspection.models import FindingRow
from hub.inspection.rules import Finding, announced, verdict
from hub.port import Alarm
from hub.settings.shapes import Service, Snapshot, System
from hub.systems import Systems
from hub.trace import new

PERSONA = "persona:"
_PATIENCE_S = 3.0
_AT_ONCE = 8
_LATELY = timedelta(days=1)
_REMEMBERED = timedelta(days=30)
_BROUGHT, _LEDGER = "delivery", "ledger"


@dataclass(frozen=True, slots=True)
class Persona:
    """What a synthetic citizen is registered with; the departments know it as a test."""

    id_number: str
    name: str


def persona(snapshot: Snapshot, citizen_id: str) -> Persona | None:
    """The synthetic citizen of this id; None for everybody else."""
    known = snapshot.hub.personas.get(citizen_id.removeprefix(PERSONA))
    return Persona(**known) if known and citizen_id.startswith(PERSONA) else None


class Inspection:
    def __init__(
        self,
        database: Database,
        gateway: Gateway,
        systems: Systems,
        inbox: Inbox,
        now: Callable[[], Snapshot],
        clock: Clock,
    ) -> None:
        self._database, self._gateway, self._systems, self._inbox = database, gateway, systems, inbox
        self._now, self._clock = now, clock
        self._well: set[str] = set()  # systems whose last whole turn met nothing
        self._log = structlog.get_logger()

    def round(self) -> list[Finding]:
        """All of it once; how often is decided by whoever calls."""
        snapshot = self._now()
        asking = [service for service in snapshot.services.values() if service.synthetic]
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="inspection") as pool:
            found = [
                *pool.map(self._contract, snapshot.systems.values()),
                *pool.map(self._people, asking),
                *(each for some in pool.map(self._expiries, snapshot.systems.values()) for each in some),
            ]
        with self._database.session() as session:
            found += map(_rows, self._inbox.refusals(session, self._clock.now() - _LATELY))
            known = self.findings(session)
            away = [each for each in known if each.target.partition("/")[0] not in snapshot.systems]
            mine = [each for each in known if each.kind != _LEDGER and (each.kind != _BROUGHT or each in away)]
            kept, gone = self._keep(session, found, mine)
            if gone:  # no longer in the configuration
                names = tuple_(FindingRow.kind, FindingRow.target)
                session.execute(delete(FindingRow).where(names.in_(gone)))
            old = FindingRow.changed_at < self._clock.now() - _REMEMBERED
            session.execute(delete(FindingRow).where(FindingRow.kind == _BROUGHT, FindingRow.state == "works", old))
            return kept

    def alarmed(self, system: str, alarms: Iterable[Alarm], whole: bool) -> None:
        """What collecting from a system met: late, missing, not as agreed. What a whole turn did not meet is over."""
        found = {f"{system}/{each.kind}/{each.about}": each for each in alarms}
        if not found and system in self._well:
            return  # most turns of most systems
        with self._database.session() as session:
            before = [each for each in self.findings(session) if each.kind == _BROUGHT and concerns(each, system)]
            met = [Finding(_BROUGHT, name, "degraded", each.kind, each.note) for name, each in found.items()]
            over = {each.target for each in before if each.bad} - found.keys() if whole else set()
            self._keep(session, [*met, *(Finding(_BROUGHT, name, "works") for name in sorted(over))], before)
        (self._well.add if whole and not found else self._well.discard)(system)

    def of_ledger(self, found: Iterable[Finding]) -> None:
        """How the ledger stands."""
        with self._database.session() as session:
            known = [each for each in self.findings(session) if each.kind == _LEDGER]
            self._keep(session, [replace(each, kind=_LEDGER) for each in found], known)

    def findings(self, session: Session) -> Sequence[Finding]:
        """The last ones."""
        rows = session.scalars(select(FindingRow).order_by(FindingRow.kind, FindingRow.target))
        return [_finding(row) for row in rows]

    def _contract(self, system: System) -> Finding:
        """Something harmless, answered as agreed. An element that nobody expected is tolerated, and told by the log
        line `unmapped`; a required one that is missing is not."""
        before = self._gateway.health(system.id).last_failures
        seen = self._gateway.probe(system.id)
        new_ones = (each for each in seen.last_failures if each.operation == "probe" and each not in before)
        met = next(new_ones, None)
        if met is not None:
            return Finding("contract", system.id, verdict(met.code), met.code, trace_id=met.trace_id)
        return Finding("contract", system.id, "off" if seen.state == "off" else "works")

    def _people(self, service: Service) -> Finding:
        """The service as a person meets it, through every step of the gateway."""
        assert service.synthetic is not None
        citizen, trace = PERSONA + service.synthetic.persona, new()
        if service.synthetic.persona not in self._now().hub.personas:
            return Finding("people", service.id, "unproven", "PERSONA_MISSING")
        caller = Caller(citizen, service.level, "hub", service.region)
        order = Order(service, caller, service.synthetic.fields, trace, time.monotonic(), self._clock.now())
        try:
            answer = self._gateway.call(order)
        except Problem as problem:
            return Finding("people", service.id, verdict(problem.code), problem.code, problem.note[:200], trace.id)
        met = next((part.problem for part in answer.parts if part.problem), None)
        if met is not None:
            return Finding("people", service.id, verdict(met.code), met.code, met.note[:200], trace.id)
        return Finding("people", service.id, "failing" if answer.stale else "works", trace_id=trace.id)

    def _expiries(self, system: System) -> list[Finding]:
        return [self._ending(f"{system.id}/{what}", until) for what, until in self._ends(system)]

    def _ends(self, system: System) -> Iterator[tuple[str, datetime | str]]:
        for what, day in system.expires.items():
            yield what, datetime.combine(day, time_of_day(), CHINA)
        try:
            until = self._systems.certificate_until(system.id, time.monotonic() + _PATIENCE_S)
        except Problem as problem:
            if problem.code == "UPSTREAM_TLS":
                yield "tls", problem.code
            return
        if until is not None:
            yield "tls", until.astimezone(CHINA)

    def _ending(self, target: str, until: datetime | str) -> Finding:
        if isinstance(until, str):
            return Finding("expiry", target, "expired", until)
        state, code = announced(until, self._clock.now())
        return Finding("expiry", target, state, code, until=until)

    def _keep(
        self, session: Session, found: Iterable[Finding], known: Iterable[Finding]
    ) -> tuple[list[Finding], list[tuple[str, str]]]:
        """What is kept now, and the names of what was known and not found."""
        now = self._clock.now()
        before = {(each.kind, each.target): each for each in known}
        kept = []
        for each in found:
            old = before.pop((each.kind, each.target), None)
            same = old is not None and (old.state, old.code) == (each.state, each.code)
            each = replace(each, checked_at=now, changed_at=old.changed_at if same and old else now)
            if not same:
                self._tell(each, first=old is None)
            put = insert(FindingRow).values(**asdict(each))
            session.execute(put.on_conflict_do_update(index_elements=["kind", "target"], set_=asdict(each)))
            kept.append(each)
        return kept, list(before)

    def _tell(self, finding: Finding, *, first: bool) -> None:
        about = {"kind": finding.kind, "state": finding.state, "code": finding.code, "note": finding.note}
        name = "service" if finding.kind == "people" else "system"
        target = {name: finding.target, "trace_id": finding.trace_id}
        if finding.bad:
            self._log.error("inspection_alarm", **about, **target)
        elif not first:
            self._log.info("inspection_well", **about, **target)


def due(last: datetime | None, minutes: int, now: datetime) -> bool:
    """Whether it is time for the next round: by wall time, so that a clock set on means a round at once."""
    return last is None or now - last >= timedelta(minutes=minutes) or now < last


def of_system(found: Iterable[Finding], system: str, services: Iterable[Service]) -> list[Finding]:
    """The findings that concern one system: its contract, the services on it, what of it ends."""
    on_it = {service.id for service in services if service.system == system}
    return [each for each in found if (each.target in on_it if each.kind == "people" else concerns(each, system))]


def concerns(finding: Finding, system: str) -> bool:
    """Whether it is a finding of this system itself; '': of any."""
    return not system or finding.target.partition("/")[0] == system


def _rows(each: Refusals) -> Finding:
    """For a day, so that one clean message does not hide it."""
    if not each.bad_rows and not each.quarantined:
        return Finding("rows", each.source, "works")
    note = f"{each.bad_rows} of {each.rows} rows refused, {each.quarantined} deliveries in quarantine"
    return Finding("rows", each.source, "degraded", "ROWS_REFUSED", note)


def _finding(row: FindingRow) -> Finding:
    return Finding(
        row.kind, row.target, row.state, row.code, row.note, row.trace_id, row.until, row.checked_at, row.changed_at
    )
