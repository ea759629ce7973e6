"""The officer's side: the list, one case with the fields of its step, and what may be done in it.

What is possible stands in the workflow; what an act does to the case, in steps.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from hub.cases import rules
from hub.cases.file import Files
from hub.cases.models import CaseRow, EventRow
from hub.cases.news import news
from hub.cases.seams import Seams
from hub.cases.steps import Steps
from hub.cases.views import CaseView, Entry
from hub.errors import Fault, Problem, invalid
from hub.settings.shapes import Text
from hub.settings.workflow_shapes import Procedure


@dataclass(frozen=True, slots=True)
class Officer:
    """Who stands at the desk. `office` is a department, or empty for the county as a whole."""

    id: str
    office: str
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list is asked for; `after` is promised_at and id of the last one that was seen."""

    status: str = ""
    service: str = ""
    mine: bool = False
    after: tuple[datetime, int] | None = None
    limit: int = 20


class Desk:
    """Takes a session and never commits."""

    def __init__(self, files: Files, seams: Seams, steps: Steps) -> None:
        self._files, self._seams, self._steps = files, seams, steps

    def page(self, session: Session, officer: Officer, asked: Asked) -> Sequence[Entry]:
        """The most urgent first: of those that are open, or of one step. No personal value is in it."""
        query = select(CaseRow)
        if asked.status:
            query = query.where(CaseRow.status == asked.status, CaseRow.submitted_at.is_not(None))
        else:
            query = query.where(CaseRow.ended_at.is_(None), CaseRow.submitted_at.is_not(None))
        if officer.office:
            query = query.where(CaseRow.department == officer.office)
        if asked.service:
            query = query.where(CaseRow.service == asked.service)
        if asked.mine:
            query = query.where(CaseRow.handler == officer.id)
        if asked.after:
            query = query.where(tuple_(CaseRow.promised_at, CaseRow.id) > asked.after)
        ordered = query.order_by(CaseRow.promised_at, CaseRow.id).limit(asked.limit)
        return [self._files.entry(row, officer.id) for row in session.scalars(ordered)]

    def one(self, session: Session, officer: Officer, receipt_no: str) -> CaseView:
        """With the fields this step needs. Raises NOT_FOUND, for another department's too."""
        return self._shown(session, self._row(session, officer, receipt_no), officer)

    def paper(self, session: Session, officer: Officer, receipt_no: str, file_id: str) -> bytes:
        """One of its papers, in the steps that show them. Raises NOT_FOUND, FILE_INFECTED, FILE_UNSCANNED."""
        shown = self.one(session, officer, receipt_no).papers
        if not any(each.get("file_id") == file_id for each in shown):
            raise Problem("NOT_FOUND")
        return self._seams.materials.read(session, file_id)

    def procedures(self, session: Session, officer: Officer, receipt_no: str) -> Mapping[str, Procedure]:
        """What may stop its clock. Raises NOT_FOUND."""
        return self._files.workflow(self._row(session, officer, receipt_no)).procedures

    def colleagues(self, session: Session, officer: Officer, receipt_no: str) -> Mapping[str, str]:
        """To whom it can be given: account and user name of everybody else who handles this department's cases."""
        row = self._row(session, officer, receipt_no)
        known = self._seams.colleagues(session, row.department)
        return {id: name for id, name in known.items() if id != row.handler}

    def pick_up(self, session: Session, officer: Officer, receipt_no: str) -> CaseView:
        row = self._row(session, officer, receipt_no, lock=True)
        act = rules.allowed(self._files.workflow(row), row.status, "pick-up", officer.permissions)
        row.handler = officer.id
        return self._done(session, row, officer, act.to, "picked_up", None, {})

    def accept(self, session: Session, officer: Officer, receipt_no: str) -> CaseView:
        row, to = self._at(session, officer, receipt_no, "accept")
        return self._done(session, row, officer, to, "accepted", news("accepted"), {})

    def request_correction(
        self,
        session: Session,
        officer: Officer,
        receipt_no: str,
        items: Sequence[Mapping[str, str]],
        days: int,
        again_because: str,
    ) -> CaseView:
        """All that is missing or wrong, in one list: {path, message}. A second list needs the reason why the first was
        not full. Raises CHOICE, REASON_REQUIRED."""
        row, to = self._at(session, officer, receipt_no, "request-correction")
        detail = self._steps.ask(session, row, items, days, again_because, officer.id)
        return self._done(session, row, officer, to, "correction_requested", None, detail)

    def accept_on_promise(
        self, session: Session, officer: Officer, receipt_no: str, days: int, missing: Sequence[str]
    ) -> CaseView:
        """容缺受理: accepted although papers are missing, which the applicant promised to bring within so many working
        days, and no later than the case itself is promised. Raises CHOICE for a paper nobody promised, DATE_RANGE,
        PROMISE_REFUSED for who did not keep an earlier promise."""
        row, to = self._at(session, officer, receipt_no, "accept-on-promise")
        promised = self._files.open(row, row.body_sealed)["promised"]
        if set(missing) != set(promised) or not missing:
            raise invalid([Fault("missing", "CHOICE")])
        if self._files.broke_a_promise(session, row):
            raise invalid([Fault("missing", "PROMISE_REFUSED")])
        make_up_at = self._files.workdays.after(self._files.moment(), days)
        if row.promised_at and make_up_at > row.promised_at:
            raise invalid([Fault("days", "DATE_RANGE")])
        row.make_up_at = make_up_at
        detail = {"missing": list(missing), "make_up_on": self._files.day(make_up_at)}
        return self._done(session, row, officer, to, "accepted_on_promise", news("accepted_on_promise"), detail)

    def pause(
        self, session: Session, officer: Officer, receipt_no: str, procedure: str, days: int, reason: str
    ) -> CaseView:
        """Only in a special procedure that the workflow names, for no longer than it allows. Raises CHOICE, RANGE."""
        row, to = self._at(session, officer, receipt_no, "pause")
        detail = self._steps.pause(session, row, procedure, days, reason)
        return self._done(session, row, officer, to, "paused", news("paused", detail["title"]), detail)

    def resume(self, session: Session, officer: Officer, receipt_no: str, outcome: str) -> CaseView:
        """The special procedure is over: the promise is later by as many working days as it took."""
        row, to = self._at(session, officer, receipt_no, "resume")
        self._steps.resume(session, row)
        return self._done(session, row, officer, to, "resumed", news("resumed"), {"outcome": outcome})

    def approve(self, session: Session, officer: Officer, receipt_no: str, document: Mapping[str, Any]) -> CaseView:
        """With the result document: its name and number, and its text or the licence that was issued. Raises REQUIRED
        without, NOT_FOUND for a licence that is not the applicant's, STATE_CONFLICT while promised papers are out."""
        row, to = self._at(session, officer, receipt_no, "approve")
        possible = rules.possible(self._files.workflow(row), row.status, officer.permissions)
        self._steps.grant(session, row, document, officer.id, possible)
        return self._decided(session, row, officer, to, True)

    def refuse(self, session: Session, officer: Officer, receipt_no: str, why: Mapping[str, str]) -> CaseView:
        """`why` has reason, basis and appeal, none of them empty. Raises REQUIRED."""
        row, to = self._at(session, officer, receipt_no, "refuse")
        self._steps.refuse(session, row, why, officer.id)
        return self._decided(session, row, officer, to, False)

    def reassign(self, session: Session, officer: Officer, receipt_no: str, to: str, reason: str) -> CaseView:
        """To a colleague. Raises CHOICE for who is none."""
        row = self._row(session, officer, receipt_no, lock=True)
        rules.allowed(self._files.workflow(row), row.status, "reassign", officer.permissions)
        if to not in self._seams.colleagues(session, row.department):
            raise invalid([Fault("to", "CHOICE")])
        row.handler = to
        self._files.note(session, row, "reassigned", "officer", officer.id, {"reason": reason})
        session.flush()
        return self._shown(session, row, officer)

    def undo(self, session: Session, officer: Officer, receipt_no: str, reason: str) -> CaseView:
        """A wrong decision taken back, by somebody else than who made it; the citizen is told. Raises
        SECOND_PERSON_REQUIRED."""
        row = self._row(session, officer, receipt_no, lock=True)
        act = rules.allowed(self._files.workflow(row), row.status, "undo", officer.permissions)
        result = self._files.result(session, row)
        decided_by = result.decided_by if result else self._last_actor(session, row)
        if act.second_person and decided_by == officer.id:
            raise Problem("SECOND_PERSON_REQUIRED")
        if result:
            result.undone_at = self._files.moment()
        return self._done(session, row, officer, act.to, "undone", news("undone"), {"reason": reason})

    def message(self, session: Session, officer: Officer, receipt_no: str, text: str) -> CaseView:
        """To the applicant, in the one thread; it is in the inbox, too."""
        row = self._row(session, officer, receipt_no, lock=True)
        self._files.note(session, row, "message", "officer", officer.id, {"text": text})
        self._files.tell(session, row, "case-progress", status=news("written"))
        session.flush()
        return self._shown(session, row, officer)

    def case(self, session: Session, officer: Officer, receipt_no: str) -> CaseRow:
        """The case itself, locked, for who goes on with it. Raises NOT_FOUND."""
        return self._row(session, officer, receipt_no, lock=True)

    def _decided(self, session: Session, row: CaseRow, officer: Officer, to: str, approved: bool) -> CaseView:
        shown = self._done(session, row, officer, to, "decided", None, {"approved": approved})
        self._steps.tell_decided(session, row, approved)
        return shown

    def _at(self, session: Session, officer: Officer, receipt_no: str, name: str) -> tuple[CaseRow, str]:
        """The case, locked, and where this act leads. It is the handler's to do; who comes first to one that has none
        becomes its handler. Raises STATE_CONFLICT, ROLE_REQUIRED."""
        row = self._row(session, officer, receipt_no, lock=True)
        workflow = self._files.workflow(row)
        act = rules.allowed(workflow, row.status, name, officer.permissions)
        if row.handler not in ("", officer.id):
            raise Problem("STATE_CONFLICT", extra={"case_status": row.status, "possible": ["reassign"]})
        row.handler = officer.id
        return row, act.to

    def _done(
        self,
        session: Session,
        row: CaseRow,
        officer: Officer,
        to: str,
        event: str,
        told: Text | None,
        detail: Mapping[str, Any],
    ) -> CaseView:
        """Moved, noted, and told where there is something to tell."""
        self._files.move(row, to)
        self._files.note(session, row, event, "officer", officer.id, detail)
        if told:
            self._files.tell(session, row, "case-progress", status=told)
        session.flush()
        return self._shown(session, row, officer)

    def _shown(self, session: Session, row: CaseRow, officer: Officer) -> CaseView:
        stage = self._files.workflow(row).stages[row.status]
        return self._files.view(session, row, officer.permissions, stage.shows)

    def _row(self, session: Session, officer: Officer, receipt_no: str, lock: bool = False) -> CaseRow:
        row = self._files.find(session, receipt_no, lock)
        if row.submitted_at is None or (officer.office and officer.office != row.department):
            raise Problem("NOT_FOUND")
        return row

    @staticmethod
    def _last_actor(session: Session, row: CaseRow) -> str:
        last = select(EventRow.actor).where(EventRow.case_id == row.id).order_by(EventRow.id.desc()).limit(1)
        return session.scalar(last) or ""
