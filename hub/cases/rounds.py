"""What time alone does to a case: silence becomes acceptance, delay becomes cards and goes up, and nobody is not told.

`hub work` turns it; two at it do no harm. Takes a session and never commits.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from hub.cases import rules
from hub.cases.file import NOT_MADE_UP, Files
from hub.cases.models import UNHEARD, CaseRow, EventRow
from hub.cases.news import news

_MOST = 200
_log = structlog.get_logger("cases")


class Rounds:
    """One for the process."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def tick(self, session: Session) -> int:
        """Whatever is due by now, of at most so many cases; how many it were."""
        now = self._files.moment()
        due = select(CaseRow).where(CaseRow.next_at <= now).order_by(CaseRow.next_at).limit(_MOST)
        rows = session.scalars(due.with_for_update(skip_locked=True)).all()
        for row in rows:
            self._look(session, row, now)
        session.flush()
        return len(rows)

    def _look(self, session: Session, row: CaseRow, now: datetime) -> None:
        """All that is due, the oldest first; then when to look again."""
        if row.status not in self._files.workflow(row).stages:  # its workflow has changed since: for a person to see
            row.next_at = None
            _log.error("case_in_no_stage", service=row.service, status=row.status)
            return
        if row.unheard_at and row.unheard_at <= now:
            self._unheard(session, row)
        if row.silent_at and row.silent_at <= now:
            self._silence(session, row)
        if row.make_up_at and row.make_up_at <= now:
            self._not_made_up(session, row)
        while self._card(session, row, now):
            pass
        self._files.schedule(row)

    def unheard(self, session: Session) -> int:
        """How many open applications their department has not acknowledged although it had its time."""
        return session.scalar(select(func.count(CaseRow.id)).where(UNHEARD)) or 0

    def _unheard(self, session: Session, row: CaseRow) -> None:
        """No acknowledgement of the department in time: operations are alarmed, and the citizen is told so."""
        row.unheard_at = None
        self._files.note(session, row, "not_acknowledged", "hub")
        self._files.tell(session, row, "case-progress", status=news("unheard"))
        _log.error("case_not_acknowledged", service=row.service, filing=row.filing_state)

    def _silence(self, session: Session, row: CaseRow) -> None:
        """No notice of gaps in time: it is accepted, by law."""
        stage = self._files.workflow(row).stages[row.status]
        self._files.move(row, stage.acts[stage.silence_act].to)
        self._files.note(session, row, "accepted_by_silence", "hub", detail={"working_days": stage.silence_days})
        self._files.tell(session, row, "case-progress", status=news("silent"))

    def _not_made_up(self, session: Session, row: CaseRow) -> None:
        told = exists().where(EventRow.case_id == row.id, EventRow.event == NOT_MADE_UP)
        if not session.scalar(select(told)):
            self._files.note(session, row, NOT_MADE_UP, "hub")
            self._files.tell(session, row, "case-progress", status=news("not_made_up"))

    def _card(self, session: Session, row: CaseRow, now: datetime) -> bool:
        """The next card, if it is due."""
        workflow = self._files.workflow(row)
        if workflow.stages[row.status].clock != "runs" or row.promised_at is None:
            return False
        following = rules.next_card(row.card, row.raised, row.promised_at, workflow.cards, self._files.workdays)
        if following is None or following[0] > now:
            return False
        was_red = row.card == "red"
        _, row.card, row.raised = following
        if row.card == "red":
            to = workflow.cards.chain[row.raised - 1]
            self._files.note(session, row, "escalated" if was_red else "red_card", "hub", detail={"title": dict(to)})
            self._files.tell(session, row, "case-overdue", escalated_to=to)
        elif row.card == "yellow":
            self._files.note(session, row, "yellow_card", "hub")
            self._files.tell(session, row, "case-progress", status=news("yellow"))
        else:
            self._files.note(session, row, "warning", "hub")
        return True
