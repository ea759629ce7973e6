"""The one place where a filing changes its state: the rule, the row, the line of its history, the word to the rest."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.errors import Problem
from hub.filings import rules
from hub.filings.models import FilingRow, MoveRow
from hub.filings.orders import Moved, Told
from hub.filings.rules import State, Step, Way

_READY_S, _HUB = 300.0, "hub"


class Moving:
    """`told` is called in the transaction of each change."""

    def __init__(self, clock: Clock, told: Told) -> None:
        self._clock, self.told = clock, told

    def to(
        self, session: Session, row: FilingRow, step: Step, way: Way | None, actor: str = _HUB, note: str = ""
    ) -> None:
        """`row` is locked by the caller. The same state again is no change: only its time is moved. Raises
        STATE_CONFLICT for a change that is not possible."""
        state = State(row.state)
        row.not_before = func.clock_timestamp() + timedelta(seconds=step.wait_s)
        if step.state is state:
            row.reason = step.reason
            return
        if not rules.may(state, step.state):
            raise Problem("STATE_CONFLICT", extra={"status": rules.shown(state), "possible": []})
        now = self._clock.now()
        row.state, row.reason, row.since, row.absent = step.state.value, step.reason, now, 0
        row.look += 1  # who looks for it in its former state comes too late
        seconds = _seconds(step.state, way)
        row.due = now + timedelta(seconds=seconds) if seconds else None
        row.owner = way.owner if way and step.state in rules.BY_HAND else ""
        row.live = row.live and step.state not in rules.DEAD
        self._tell(session, row, actor, note)

    def _tell(self, session: Session, row: FilingRow, actor: str, note: str) -> None:
        session.flush()
        session.add(MoveRow(filing_id=row.id, at=row.since, state=row.state, reason=row.reason, actor=actor, note=note))
        self.told(
            session,
            Moved(row.receipt_no, row.version, rules.shown(State(row.state)), row.department_receipt, row.reason,
                  row.since),
        )  # fmt: skip


def _seconds(state: State, way: Way | None) -> float:
    """By when it will have moved on, as it is told."""
    if way is None:
        return 0.0
    match state:
        case State.READY | State.INFLIGHT:
            return _READY_S
        case State.UNKNOWN:
            return way.human_s
        case State.CONFIRMED:
            return 3 * way.settle_s
        case _:
            return way.human_s if state in rules.BY_HAND else 0.0


def locked(session: Session, id: int) -> FilingRow:
    """The row, held until the transaction ends."""
    row = session.get(FilingRow, id, with_for_update=True, populate_existing=True)
    assert row is not None
    return row
