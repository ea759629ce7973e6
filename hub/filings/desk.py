"""What operations do with filings: list those a person must settle, settle one with a reason, read a history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.errors import Problem
from hub.filings import rules
from hub.filings.models import AttemptRow, FilingRow, MoveRow
from hub.filings.moving import Moving
from hub.filings.orders import Attempt, Move
from hub.filings.rules import State, Step, Way

Verdict = Literal["filed", "absent", "refused", "withdrawn"]
_AFTER = {
    "filed": State.CONFIRMED,
    "absent": State.READY,
    "refused": State.REJECTED,
    "withdrawn": State.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Open:
    """A filing nobody knows enough of. `state` is the outbox's own word."""

    receipt_no: str
    version: int
    system: str
    service: str
    state: str
    reason: str
    department_receipt: str
    owner: str
    since: datetime
    due: datetime | None


class Desk:
    def __init__(self, moving: Moving, way: Callable[[str], Way]) -> None:
        self._moving, self._way = moving, way

    def open(self, session: Session, system: str | None = None, limit: int = 100) -> Sequence[Open]:
        """Unknown ones and those in a person's hands; the longest waiting first."""
        states = [state.value for state in (State.UNKNOWN, *rules.BY_HAND)]
        query = select(FilingRow).where(FilingRow.state.in_(states)).order_by(FilingRow.since, FilingRow.id)
        if system is not None:
            query = query.where(FilingRow.system == system)
        return [
            Open(row.receipt_no, row.version, row.system, row.service, row.state, row.reason, row.department_receipt,
                 row.owner, row.since, row.due)
            for row in session.scalars(query.limit(limit))
        ]  # fmt: skip

    def settle(
        self, session: Session, receipt_no: str, verdict: Verdict, actor: str, reason: str, number: str = ""
    ) -> None:
        """What a person found out: `filed` (under the department's `number`), `absent` (send it again), `refused`,
        `withdrawn`. Raises NOT_FOUND, REASON_REQUIRED, STATE_CONFLICT with what is possible."""
        if not reason.strip() or (verdict == "filed" and not number.strip()):
            raise Problem("REASON_REQUIRED")
        query = select(FilingRow).where(FilingRow.receipt_no == receipt_no).order_by(FilingRow.version.desc()).limit(1)
        row = session.scalars(query.with_for_update()).first()
        if row is None:
            raise Problem("NOT_FOUND")
        state = State(row.state)
        if state not in rules.BY_HAND or not rules.may(state, _AFTER[verdict]):
            possible = [each for each, after in _AFTER.items() if state in rules.BY_HAND and rules.may(state, after)]
            raise Problem("STATE_CONFLICT", extra={"status": rules.shown(state), "possible": possible})
        if verdict == "filed":
            row.department_receipt = number.strip()
        if verdict == "absent":
            row.faults = 0
        way = self._way(row.system)
        step = Step(_AFTER[verdict], f"BY_HAND_{verdict.upper()}", way.settle_s if verdict == "filed" else 0.0)
        self._moving.to(session, row, step, way, actor, reason)

    def history(self, session: Session, receipt_no: str) -> tuple[Sequence[Move], Sequence[Attempt]]:
        """Every change of state and every try, oldest first. Raises NOT_FOUND."""
        versions = dict(
            session.execute(select(FilingRow.id, FilingRow.version).where(FilingRow.receipt_no == receipt_no)).all()
        )
        if not versions:
            raise Problem("NOT_FOUND")
        moves = session.scalars(select(MoveRow).where(MoveRow.filing_id.in_(versions)).order_by(MoveRow.id))
        tries = session.scalars(select(AttemptRow).where(AttemptRow.filing_id.in_(versions)).order_by(AttemptRow.id))
        return (
            [Move(row.at, versions[row.filing_id], row.state, row.reason, row.actor, row.note) for row in moves],
            [
                Attempt(row.n, row.account, row.worker, row.started_at, row.first_byte_out_at, row.ended_at, row.stage,
                        row.outcome, row.trace_id)
                for row in tries
            ],
        )  # fmt: skip

    def counts(self, session: Session) -> dict[str, int]:
        """How many filings are in each state."""
        return dict(session.execute(select(FilingRow.state, func.count()).group_by(FilingRow.state)).all())
