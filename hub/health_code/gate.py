"""At the gate: a code or a name in, pass or stop out. Masked, counted, on record; nothing else of the person leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Fault, Problem, invalid
from hub.health_code import offline
from hub.health_code.codes import Codes, Read
from hub.health_code.models import CodeRow
from hub.health_code.scans import Alert, Scan, Scans, identity
from hub.health_code.service import TAIL, HealthCodes
from hub.health_code.shifts import Shifts
from hub.health_code.states import State, States
from hub.health_code.tally import Tally
from hub.ledger.exchange import Exchange
from hub.ledger.writer import Exchanges
from hub.settings.health_code_shapes import HealthCode
from hub.signing import Signing

SKEW_S = 90
"""How wrong a phone's clock may be that hands scans in later."""
_OLDEST = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Verifier:
    """Who scans: a staff account and its roles; `trace_id` of the request."""

    staff_id: str
    roles: tuple[str, ...]
    trace_id: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One code that was scanned."""

    code: str
    gate_id: str
    direction: str
    scanned_at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a volunteer gets, and nothing more. An empty grade is none; `advice` has both languages."""

    result: str
    grade: str
    advice: Any
    name_masked: str
    id_masked: str


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What became of a scan that came later: recorded, known (it was there), or the code of why it does not count."""

    state: str
    verdict: Verdict | None = None


class Gate:
    """One for the process."""

    def __init__(
        self, *, health: HealthCodes, codes: Codes, states: States, scans: Scans, shifts: Shifts, tally: Tally,
        exchanges: Exchanges, database: Database, crypto: Crypto, signing: Signing, clock: Clock,
        region: Callable[[], str],
    ) -> None:  # fmt: skip
        self._health, self._codes, self._states, self._scans, self._shifts = health, codes, states, scans, shifts
        self._tally, self._exchanges, self._database, self._crypto = tally, exchanges, database, crypto
        self._signing, self._clock, self._region = signing, clock, region

    def scan(self, by: Verifier, shown: Shown) -> Verdict:
        """Raises QR_INVALID, QR_EXPIRED, REPORT_EXPIRED, NOT_FOUND; RATE_LIMITED beyond a day's scans; CHOICE for a
        gate that is not there; ROLE_REQUIRED and SESSION_REVOKED for a shift that is elsewhere, or over."""
        configured, now = self._health.open(), self._clock.now()
        self._may(by, shown.gate_id, configured)
        wait = self._tally.day(by.staff_id, "scans", configured.limits.scans_a_day)
        if wait:
            raise self._capped(by, "scans", shown.gate_id, wait)
        return self._told(by, shown, self.bearer(shown.code, now), configured, now)

    def look_up(self, by: Verifier, name: str, tail: str) -> Verdict:
        """Somebody without a phone, by name and the last six characters of the number (or all 18). The answer says of
        the person only what was asked with. Raises NOT_FOUND, REPORT_EXPIRED, RATE_LIMITED, FORMAT."""
        configured, now = self._health.open(), self._clock.now()
        if len(tail) not in (TAIL, 18):
            raise invalid([Fault("id_tail", "FORMAT")])
        self._shifts.check(by.staff_id, by.roles)
        limits = configured.limits
        wait = self._tally.minute(by.staff_id, "asks", limits.lookups_a_minute)
        if wait:
            raise Problem("RATE_LIMITED", retry_after=wait)
        wait = self._tally.day(by.staff_id, "lookups", limits.lookups_a_day)
        if wait:
            raise self._capped(by, "lookups", "", wait)
        with self._database.session() as session:
            row = self._health.by_number(session, name, tail)
            if row is None:
                raise Problem("NOT_FOUND")
            citizen_id = row.citizen_id
        state = self._states.of(citizen_id)
        if state is None:
            raise Problem("NOT_FOUND")
        verdict = self._told(by, Shown(f"{citizen_id} {now.isoformat()}", "", "", now), state, configured, now)
        return Verdict(verdict.result, verdict.grade, verdict.advice, state.name_masked, f"{'*' * 16}{tail[-2:]}")

    def hand_in(self, session: Session, by: Verifier, scans: Sequence[Shown]) -> list[HandedIn]:
        """What a gate scanned without a link; each is judged as of then by what is known now. Twice is harmless."""
        configured, now = self._health.open(), self._clock.now()
        found: list[HandedIn | tuple[Scan, Verdict]] = []
        for shown in scans:
            try:
                self._may(by, shown.gate_id, configured)
                found.append(self._later(by, shown, configured, now))
            except Problem as problem:
                if problem.code == "STORE_UNAVAILABLE":
                    raise
                found.append(HandedIn(problem.code))
        new = self._scans.write(session, [each[0] for each in found if not isinstance(each, HandedIn)])
        told = []
        for each in found:
            if isinstance(each, HandedIn):
                told.append(each)
                continue
            scan, verdict = each
            state = "recorded" if scan.id in new else "known"
            new.discard(scan.id)
            if state == "recorded":
                self._note(by, scan.citizen_id, scan.gate_id, scan.direction, "OK", configured, now)
            told.append(HandedIn(state, verdict))
        return told

    def bearer(self, code: str, now: datetime, skew_s: int = 0) -> State:
        """How whoever shows this code stands now, whatever a signed form says of some minutes ago. Raises QR_INVALID,
        QR_EXPIRED, NOT_FOUND (nobody, or a print that another one has ended)."""
        if code.startswith(offline.PREFIX):
            read = Read(self._codes.marked(offline.read(code, self._signing.public(), now, skew_s).mark), "mark")
        else:
            read = self._codes.read(code, now, skew_s)
        state = self._states.of(read.citizen_id)
        if state is None or (read.kind == "paper" and read.serial != state.paper_serial):
            raise Problem("NOT_FOUND")
        return state

    def pack(self, session: Session) -> dict[str, Any]:
        """What a gate needs for the next minutes without a link. Raises KEY_UNAVAILABLE."""
        configured, now = self._health.open(), self._clock.now()
        since = now - timedelta(minutes=configured.offline_minutes)
        changed = session.scalars(select(CodeRow.citizen_id).where(CodeRow.changed_at > since))
        marks = {self._codes.mark(citizen_id) for citizen_id in changed}
        return offline.pack(configured, self._region(), now, marks, self._signing)

    def signed_form(self, state: State) -> offline.Form:
        """For its holder, to be shown where there is no link."""
        minutes, mark = self._health.open().offline_minutes, self._codes.mark(state.citizen_id)
        return offline.signed(state, mark, minutes, self._region(), self._clock.now(), self._signing)

    def _may(self, by: Verifier, gate_id: str, configured: HealthCode) -> None:
        if gate_id not in configured.gates:
            raise invalid([Fault("gate_id", "CHOICE")])
        self._shifts.check(by.staff_id, by.roles, gate_id)

    def _told(
        self, by: Verifier, shown: Shown, state: State, configured: HealthCode, now: datetime
    ) -> Verdict:
        if state.valid_until < now:
            self._note(by, state.citizen_id, shown.gate_id, shown.direction, "REPORT_EXPIRED", configured, now)
            raise Problem("REPORT_EXPIRED")
        verdict = self._verdict(state, configured)
        self._scans.put(self._scan(by, shown, state.citizen_id, verdict, now))
        self._note(by, state.citizen_id, shown.gate_id, shown.direction, "OK", configured, now)
        return verdict

    def _later(
        self, by: Verifier, shown: Shown, configured: HealthCode, now: datetime
    ) -> HandedIn | tuple[Scan, Verdict]:
        if not now - _OLDEST <= shown.scanned_at <= now + timedelta(seconds=SKEW_S):
            return HandedIn("DATE_RANGE")
        state = self.bearer(shown.code, shown.scanned_at, SKEW_S)
        verdict = self._verdict(state, configured)
        return self._scan(by, shown, state.citizen_id, verdict, now, late=True), verdict

    def _verdict(self, state: State, configured: HealthCode) -> Verdict:
        """What is not known stops nobody for good and lets nobody pass: it says what to do."""
        grade = configured.grades.get(state.grade)
        if grade is None:
            return Verdict("cannot_decide", "", configured.pending, state.name_masked, state.id_masked)
        return Verdict(grade.result, grade.id, grade.advice, state.name_masked, state.id_masked)

    def _scan(
        self, by: Verifier, shown: Shown, citizen_id: str, verdict: Verdict, now: datetime, late: bool = False
    ) -> Scan:
        id = identity(shown.code, shown.gate_id, shown.direction, shown.scanned_at)
        return Scan(
            id, shown.gate_id, shown.direction, shown.scanned_at, now, citizen_id, by.staff_id, verdict.grade,
            verdict.result, late,
        )  # fmt: skip

    def _capped(self, by: Verifier, what: str, gate_id: str, wait: int) -> Problem:
        """Somebody may be collecting people: this day's first refusal is an alarm."""
        if self._tally.day(by.staff_id, f"{what}-alarm", 1) == 0:
            self._scans.put(Alert("cap", by.staff_id, (gate_id,) if gate_id else (), self._clock.now()))
        return Problem("RATE_LIMITED", retry_after=wait)

    def _note(
        self, by: Verifier, citizen_id: str, gate_id: str, direction: str, outcome: str, configured: HealthCode,
        now: datetime,
    ) -> None:  # fmt: skip
        """In the person's own record of who looked; a class 4 datum, but a gate goes on while PostgreSQL is away."""
        self._exchanges.record(
            Exchange(
                request_in_at=now, request_out_at=None, response_in_at=None, response_out_at=now,
                trace_id=by.trace_id, service=configured.service, system="",
                operation=f"gate.{direction or 'lookup'}",
                subject_tag=self._crypto.lookup(citizen_id, "ledger.subject"), caller_kind="verifier",
                purpose=f"gate {gate_id}" if gate_id else "gate", data_class=4, outcome=outcome, origin="hub",
            )
        )  # fmt: skip
