"""Who may send what: one open try for each account of a department, with a lease by the database's clock.

Every function is one short transaction of its caller's; none is open while a department speaks.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.filings.models import AttemptRow, FilingRow
from hub.filings.moving import Moving, locked
from hub.filings.rules import POISONED, State, Step, Times, Way

NOW = func.clock_timestamp()


def boot_s() -> float:
    """Seconds since this machine started, those it slept through included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to send one filing until `halt_at` (see `boot_s`)."""

    filing_id: int
    attempt_id: int
    n: int
    sent_before: int
    halt_at: float
    papers_done: int
    register_no: str
    order_sealed: bytes


def claim(
    session: Session, moving: Moving, system: str, slot: int, worker: str, way: Way, times: Times, trace_id: str
) -> Claim | None:
    """The filing of this system that has waited longest, for this account of ours; None when there is none, or the
    account is in use. Committed before a byte leaves."""
    began = boot_s()
    due = (FilingRow.system == system, FilingRow.state == State.READY.value, FilingRow.not_before <= NOW)
    query = select(FilingRow).where(*due).order_by(FilingRow.not_before, FilingRow.id).limit(1)
    row = session.scalars(query.with_for_update(skip_locked=True)).first()
    if row is None:
        return None
    values = {"filing_id": row.id, "n": row.tries + 1, "account": f"{system}#{slot}", "worker": worker,
              "lease_until": NOW + timedelta(seconds=times.lease_s), "started_at": NOW, "stage": "", "outcome": "",
              "trace_id": trace_id}  # fmt: skip
    taken = insert(AttemptRow).values(**values).on_conflict_do_nothing().returning(AttemptRow.id)
    attempt_id = session.scalar(taken)
    if attempt_id is None:  # somebody else sends under this account
        return None
    row.tries += 1
    moving.to(session, row, Step(State.INFLIGHT, ""), way)
    return Claim(
        row.id, attempt_id, row.tries, row.sent, began + times.lease_s - times.margin_s, row.papers_done,
        row.register_no, row.order_sealed,
    )  # fmt: skip


def still_mine(session: Session, attempt_id: int, margin_s: float) -> bool:
    """The fence, just before the first byte: the lease by the database's clock, and the byte on record."""
    mine = (
        AttemptRow.id == attempt_id,
        AttemptRow.ended_at.is_(None),
        AttemptRow.lease_until > NOW + timedelta(seconds=margin_s),
    )
    marked = update(AttemptRow).where(*mine).values(first_byte_out_at=NOW, stage="body_started")
    found: Any = session.execute(marked)
    return bool(found.rowcount)


@dataclass(frozen=True, slots=True)
class End:
    """How a try ended. `sent`: a byte left us; `fault`: it broke in our own hands; the rest is kept with the filing."""

    outcome: str
    stage: str
    raw: bytes
    step: Step
    sent: bool = False
    fault: bool = False
    kept: Mapping[str, Any] | None = None


def finish(session: Session, moving: Moving, claim: Claim, way: Way, end: End) -> bool:
    """Write the outcome. False when somebody declared us dead meanwhile: then it is noted, and nothing is changed."""
    mine = (AttemptRow.id == claim.attempt_id, AttemptRow.ended_at.is_(None))
    said = {"outcome": end.outcome, "stage": end.stage, "raw_digest": hashlib.sha256(end.raw).digest()}
    row = locked(session, claim.filing_id)  # first the filing, as everybody does
    found: Any = session.execute(update(AttemptRow).where(*mine).values(**said, ended_at=NOW))
    if not found.rowcount:
        late = {**said, "outcome": f"late: {end.outcome}"}
        session.execute(update(AttemptRow).where(AttemptRow.id == claim.attempt_id).values(**late))
        return False
    row.sent += end.sent
    row.faults += end.fault
    for name, value in (end.kept or {}).items():
        setattr(row, name, value)
    poisoned = end.step.state is State.READY and row.faults >= POISONED
    moving.to(session, row, Step(State.MANUAL, "POISONED") if poisoned else end.step, way)
    return True


def overdue(session: Session, limit: int = 200) -> Sequence[tuple[int, int, str]]:
    """Tries whose lease is over: attempt, filing, system."""
    query = (
        select(AttemptRow.id, AttemptRow.filing_id, FilingRow.system)
        .join(FilingRow, FilingRow.id == AttemptRow.filing_id)
        .where(AttemptRow.ended_at.is_(None), AttemptRow.lease_until < NOW)
        .limit(limit)
    )
    return [(attempt, filing, system) for attempt, filing, system in session.execute(query)]


def declare_dead(session: Session, moving: Moving, attempt_id: int, filing_id: int, way: Way) -> None:
    """Its sender did not come back. Who never passed the fence has sent nothing and cannot any more, which is certain;
    of the rest nobody knows."""
    row = locked(session, filing_id)
    open_ = (AttemptRow.id == attempt_id, AttemptRow.ended_at.is_(None), AttemptRow.lease_until < NOW)
    closed = update(AttemptRow).where(*open_).values(ended_at=NOW, outcome="LEASE_OVER")
    out = session.execute(closed.returning(AttemptRow.first_byte_out_at)).first()
    if out is None:
        return
    if out[0] is None:
        moving.to(session, row, Step(State.READY, "LEASE_OVER"), way)
        return
    row.sent += 1
    wait = way.settle_s if way.filing_class != "R4" else 0.0
    moving.to(session, row, Step(State.UNKNOWN, "LEASE_OVER", wait), way)


def waiting(session: Session) -> Sequence[str]:
    """Systems with something to send now."""
    query = select(FilingRow.system).where(FilingRow.state == State.READY.value, FilingRow.not_before <= NOW)
    return list(session.scalars(query.distinct()))


def to_look(session: Session, states: Sequence[State]) -> Sequence[str]:
    """Systems with something to look for now."""
    due = FilingRow.state.in_([state.value for state in states]), FilingRow.not_before <= NOW
    return list(session.scalars(select(FilingRow.system).where(*due).distinct()))


def waiting_long(session: Session, seconds: float) -> Sequence[tuple[str, int]]:
    """How many filings of which system have been ready for longer than that."""
    long = FilingRow.state == State.READY.value, FilingRow.created_at < NOW - timedelta(seconds=seconds)
    query = select(FilingRow.system, func.count()).where(*long).group_by(FilingRow.system)
    return [(system, count) for system, count in session.execute(query)]


def to_look_for(session: Session, system: str, states: Sequence[State], hold_s: float) -> FilingRow | None:
    """The filing that has waited longest to be looked for; for `hold_s` nobody else takes it."""
    due = (
        FilingRow.system == system,
        FilingRow.state.in_([state.value for state in states]),
        FilingRow.not_before <= NOW,
    )
    query = select(FilingRow).where(*due).order_by(FilingRow.not_before, FilingRow.id).limit(1)
    row = session.scalars(query.with_for_update(skip_locked=True)).first()
    if row is not None:
        row.look += 1
        row.not_before = NOW + timedelta(seconds=hold_s)
        session.flush()
    return row


def numbers_of_others(session: Session, row: FilingRow, numbers: Sequence[str]) -> frozenset[str]:
    """Which of these numbers of the department another filing of ours is known by."""
    query = select(FilingRow.department_receipt).where(
        FilingRow.system == row.system, FilingRow.department_receipt.in_(numbers), FilingRow.id != row.id
    )
    return frozenset(session.scalars(query))
