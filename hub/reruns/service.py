"""Many kept questions asked again, one after the other, by a job. A person begins, pauses, resumes and cancels it.

Bounded (C7): a department that is still away pauses it, a switch that goes off stops it before the next call, and a
switch that goes on starts nothing. Every question is asked at most once in one re-run; one that was being asked when
the worker died is `unknown` (C8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.database import Database
from hub.errors import Problem
from hub.jobs.service import Cancelled, Jobs
from hub.legs import Legs
from hub.legs.service import LEASE_S
from hub.reruns.asking import Asking, Outcome
from hub.reruns.models import ItemRow, RerunRow

TASK = "reruns.run"
MOST = 10_000
_ENOUGH = 5  # failures one after the other: the department is still away
_AWAY = frozenset({"DEPARTMENT_UNAVAILABLE", "DEPARTMENT_TIMEOUT", "DEPARTMENT_BUSY", "DEPARTMENT_DENIED"})
_MOVES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "pause": (("running",), "paused"),
    "resume": (("paused", "stopped"), "running"),
    "cancel": (("running", "paused", "stopped"), "cancelled"),
}


@dataclass(frozen=True, slots=True)
class Rerun:
    """`counts` is how many legs are in each state; `code` why it paused or stopped by itself."""

    id: int
    begun_at: datetime
    actor: str
    reason: str
    state: str
    code: str
    job_id: int | None
    counts: Mapping[str, int]


class Reruns:
    def __init__(self, database: Database, jobs: Jobs, legs: Legs, asking: Asking, clock: Clock) -> None:
        self._database, self._jobs, self._legs, self._asking, self._clock = database, jobs, legs, asking, clock
        jobs.register(TASK, self.run)

    def begin(
        self,
        session: Session,
        reason: str,
        actor: str,
        *,
        system: str | None = None,
        service: str | None = None,
        since: datetime,
        until: datetime,
    ) -> Rerun:
        """Ask again what this system (or service) did not answer in that time. Raises STATE_CONFLICT when there is
        nothing."""
        found = self._legs.to_ask_again(session, system, service, since, until, MOST)
        if not found:
            raise Problem("STATE_CONFLICT", extra={"status": "none", "possible": []})
        row = RerunRow(begun_at=self._clock.now(), actor=actor, reason=reason, state="running", code="", job_id=None)
        session.add(row)
        session.flush()
        values = [{"rerun_id": row.id, "leg_id": leg.id, "state": "waiting"} for leg in found]
        session.execute(insert(ItemRow), values)
        row.job_id = self._jobs.enqueue(session, TASK, rerun=row.id)
        return self.get(session, row.id)

    def get(self, session: Session, id: int) -> Rerun:
        """Raises NOT_FOUND."""
        session.flush()
        row = session.get(RerunRow, id)
        if row is None:
            raise Problem("NOT_FOUND")
        counted = select(ItemRow.state, func.count()).where(ItemRow.rerun_id == id).group_by(ItemRow.state)
        counts = {state: int(count) for state, count in session.execute(counted)}
        return Rerun(row.id, row.begun_at, row.actor, row.reason, row.state, row.code, row.job_id, counts)

    def move(self, session: Session, id: int, to: str) -> Rerun:
        """`pause`, `resume` or `cancel`. Raises STATE_CONFLICT with what is possible."""
        row = session.get(RerunRow, id, with_for_update=True)
        if row is None:
            raise Problem("NOT_FOUND")
        allowed, state = _MOVES[to]
        if row.state not in allowed:
            possible = [name for name, (sources, _) in _MOVES.items() if row.state in sources]
            raise Problem("STATE_CONFLICT", extra={"status": row.state, "possible": possible})
        row.state, row.code = state, ""
        if to == "resume":
            row.job_id = self._jobs.enqueue(session, TASK, rerun=id)
        return self.get(session, id)

    def run(self, cancelled: Cancelled, rerun: int) -> None:
        """The job. A second one of the same re-run finds other legs, or none: harmless."""
        failures = 0
        while not cancelled():
            leg_id = self._claim(rerun)
            if leg_id is None:
                return
            outcome = self._asked(leg_id)
            failures = failures + 1 if outcome.code in _AWAY else 0
            self._settle(rerun, leg_id, outcome, still_away=failures >= _ENOUGH)
        with self._database.session() as session:
            self._halt(session, rerun, "cancelled", "")

    def sweep(self, session: Session) -> None:
        """Legs whose worker died while it asked."""
        dead = (ItemRow.state == "asking") & (ItemRow.asked_at < func.clock_timestamp() - timedelta(seconds=LEASE_S))
        session.execute(update(ItemRow).where(dead).values(state="unknown", outcome="OUTCOME_UNKNOWN"))

    def _claim(self, rerun: int) -> UUID | None:
        """The next leg, marked as being asked and committed before anything is sent. None: nothing more to do now."""
        with self._database.session() as session:
            row = session.get(RerunRow, rerun, with_for_update=True)
            if row is None or row.state != "running":
                return None
            waiting = select(ItemRow).where(ItemRow.rerun_id == rerun, ItemRow.state == "waiting").limit(1)
            item = session.scalars(waiting.with_for_update(skip_locked=True)).first()
            if item is None:
                row.state = "done"
                return None
            item.state, item.asked_at = "asking", self._clock.now()
            return item.leg_id

    def _asked(self, leg_id: UUID) -> Outcome:
        try:
            return self._asking.ask(leg_id)
        except Problem as problem:  # it was answered meanwhile, or is kept no longer
            return Outcome("failed", problem.code, "")

    def _settle(self, rerun: int, leg_id: UUID, outcome: Outcome, *, still_away: bool) -> None:
        switched_off = outcome.code == "SERVICE_DISABLED"
        # Nothing was asked, so the leg still waits; a person resumes when it is on again.
        state = "waiting" if switched_off else outcome.state
        values: dict[str, Any] = {"state": state, "outcome": outcome.code, "trace_id": outcome.trace_id}
        here = (ItemRow.rerun_id == rerun) & (ItemRow.leg_id == leg_id) & (ItemRow.state == "asking")
        with self._database.session() as session:
            session.execute(update(ItemRow).where(here).values(**values))
            if switched_off or still_away:
                self._halt(session, rerun, "stopped" if switched_off else "paused", outcome.code)

    @staticmethod
    def _halt(session: Session, rerun: int, state: str, code: str) -> None:
        running = (RerunRow.id == rerun) & (RerunRow.state == "running")
        session.execute(update(RerunRow).where(running).values(state=state, code=code))
