"""The applicant's side of a case: drafted, submitted, corrected, withdrawn, asked about, looked at.

Whose case it is comes from the session, or from the mandate it acts under: another's receipt number is NOT_FOUND.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from hub.cases import rules
from hub.cases.accepting import Made, unmapped
from hub.cases.bundles import Bundles
from hub.cases.department import Department
from hub.cases.desk import Desk
from hub.cases.file import Files
from hub.cases.intake import Intake
from hub.cases.models import CaseRow, EventRow, PartRow
from hub.cases.news import news
from hub.cases.ratings import Ratings
from hub.cases.rounds import Rounds
from hub.cases.seams import Seams
from hub.cases.steps import Steps
from hub.cases.turns import Turns
from hub.cases.views import CaseView, Draft, Entry
from hub.catalogue import forms
from hub.clock import Clock
from hub.crypto import Crypto
from hub.errors import Problem
from hub.filings.orders import Moved
from hub.gateway.orders import Caller
from hub.settings.shapes import Service, Snapshot
from hub.tasks.service import TaskMoved
from hub.workdays import Workdays

APPLICANT = ("applicant",)
_NOTHING_THERE = ("", "rejected", "cancelled")
_SILENT = ("yellow", "red", "raised")
_HEARD = ("confirmed", "settled", "rejected", "cancelled")
_FILED = {
    "inflight": "handed_to_department",
    "confirmed": "delivered_to_department",
    "settled": "read_back",
    "unknown": "being_verified",
    "rejected": "rejected_by_department",
    "manual": "with_a_person",
}


class Cases:
    """One for the process. Takes a session and never commits."""

    def __init__(
        self, now: Callable[[], Snapshot], crypto: Crypto, clock: Clock, workdays: Workdays, seams: Seams
    ) -> None:
        self._seams = seams
        self.files = Files(now, crypto, clock, workdays, seams.messages.tell)
        self.intake = Intake(self.files, seams)
        self._turns = Turns(now, self.files, self.intake)
        steps = Steps(self.files, seams, self._turns)
        self.desk, self.department = Desk(self.files, seams, steps), Department(self.files, steps, crypto)
        self.bundles = Bundles(now, self.files, self.intake, self._turns, seams.messages.tell)
        self.rounds, self.ratings = Rounds(self.files), Ratings(self.files)

    def submit(
        self,
        session: Session,
        caller: Caller,
        service: Service,
        fields: Mapping[str, Any],
        papers: Sequence[Mapping[str, str]],
        promised: Sequence[str],
        draft: bool,
    ) -> CaseView:
        """A new case, or its draft, which is checked when it is submitted. `fields` passed the form and every guard
        unless it is a draft. A receipt without its story. Raises ALREADY_SUBMITTED, what is wrong with a paper."""
        row = self.intake.new(caller, service)
        body = {"fields": dict(fields), "papers": list(papers), "promised": list(promised)}
        if draft:
            row.body_sealed = self.files.seal(row, body)
            session.add(row)
            session.flush()
        else:
            self.intake.send(session, row, service, body)
        return self.files.view(session, row, APPLICANT, story=False)

    def at_once(self, caller: Caller, service: Service, fields: Mapping[str, Any]) -> Made | None:
        """`submit` of what has no papers, for Accepting. None where more than one statement has to be made."""
        row, body = self.intake.new(caller, service, unmapped), {"fields": dict(fields), "papers": [], "promised": []}
        rows = self.intake.at_once(row, service, body)
        return None if rows is None else Made(self.files.receipt(row, body), rows)

    def edit(
        self,
        session: Session,
        caller: Caller,
        receipt_no: str,
        fields: Mapping[str, Any] | None,
        papers: Sequence[Mapping[str, str]] | None,
        promised: Sequence[str] | None,
    ) -> CaseView:
        """A draft's fields or papers replaced. Raises STATE_CONFLICT once it is submitted."""
        row = self._mine(session, caller, receipt_no, lock=True)
        self._draft_only(row)
        body = self.files.open(row, row.body_sealed)
        new = {"fields": fields, "papers": papers, "promised": promised}
        body |= {name: value for name, value in new.items() if value is not None}
        row.body_sealed, row.since = self.files.seal(row, body), self.files.moment()
        return self.files.view(session, row, APPLICANT)

    def task_moved(self, session: Session, moved: TaskMoved) -> None:
        """What the community's office does, or does not do, stands in the timeline of the case it is about; of silence
        the applicant is told each time."""
        query = select(CaseRow).where(CaseRow.receipt_no == moved.about)
        row = session.scalars(query.with_for_update()).one_or_none()
        if row is None:
            return
        detail = {"task": moved.kind, "office": moved.office, **({"answer": moved.answer} if moved.answer else {})}
        self.files.note(session, row, f"task_{moved.act}", "community", detail=detail)
        if moved.act in _SILENT:
            told = news(f"task_{moved.act}", self.files.task_title(moved.kind))
            self.files.tell(session, row, "case-progress", status=told)

    def takes(self, service: Service) -> None:
        """Raises NOT_FOUND for a service that takes no applications."""
        if not service.workflow:
            raise Problem("NOT_FOUND")

    def drafted(self, session: Session, caller: Caller, receipt_no: str) -> Draft:
        """Raises NOT_FOUND, STATE_CONFLICT, the form's faults."""
        row = self._mine(session, caller, receipt_no)
        self._draft_only(row)
        service, body = self.files.service(row), self.files.open(row, row.body_sealed)
        return Draft(service, row.citizen_id, forms.load(service, body["fields"], "fields"), body["papers"])

    def shelf(self, session: Session, caller: Caller, receipt_no: str) -> tuple[Service, str]:
        """What a case is about, and on whose shelf its papers lie: who applied, also where somebody else goes on.
        Raises NOT_FOUND."""
        row = self._mine(session, caller, receipt_no)
        return self.files.service(row), row.citizen_id

    def send(self, session: Session, caller: Caller, receipt_no: str, fields: Mapping[str, Any]) -> CaseView:
        """A draft submitted; `fields` are what `drafted` gave, after every guard. Raises what `submit` raises."""
        row = self._mine(session, caller, receipt_no, lock=True)
        self._draft_only(row)
        service = self.files.service(row)
        body = self.files.open(row, row.body_sealed)
        body["fields"] = dict(fields)
        self.intake.send(session, row, service, body)
        return self.files.view(session, row, APPLICANT, story=False)

    def correct(
        self,
        session: Session,
        caller: Caller,
        receipt_no: str,
        fields: Mapping[str, Any],
        papers: Sequence[Mapping[str, str]],
    ) -> CaseView:
        """What was asked for, all of it and nothing else; the promise counts anew. After acceptance on a promise: the
        promised papers. Raises STATE_CONFLICT, FIELD_CLOSED, REQUIRED, the form's faults."""
        row = self._mine(session, caller, receipt_no, lock=True)
        if row.make_up_at is not None:
            return self._make_up(session, row, fields, papers)
        act = rules.allowed(self.files.workflow(row), row.status, "corrections", APPLICANT)
        asked, service = self.files.correction(session, row), self.files.service(row)
        items = self.files.open(row, asked.items_sealed)["items"] if asked else []
        rules.check_corrections(items, fields, [paper["type"] for paper in papers])
        body = self.files.open(row, row.body_sealed)
        own = {field.name for field in service.form}
        whole = {name: value for name, value in body["fields"].items() if name in own} | dict(fields)
        body["fields"] |= forms.load(service, whole, "fields")
        types = {paper["type"] for paper in papers}
        body["papers"] = [paper for paper in body["papers"] if paper["type"] not in types] + list(papers)
        if asked:
            asked.answered_at = self.files.moment()
        self.intake.enter(session, row, service, body, act.to, "corrected")
        return self.files.view(session, row, APPLICANT)

    def withdraw(self, session: Session, caller: Caller, receipt_no: str, reason: str) -> CaseView:
        """Raises STATE_CONFLICT when it is decided, or while nobody knows whether the department has it."""
        row = self._mine(session, caller, receipt_no)
        self._turns.lock(session, row)
        workflow = self.files.workflow(row)
        if row.status in rules.OF_APPLICANT:
            ended = rules.allowed(workflow, workflow.first, "withdrawal", APPLICANT).to
        else:
            ended = rules.allowed(workflow, row.status, "withdrawal", APPLICANT).to
        if row.filing_state not in _NOTHING_THERE:
            self._seams.filings.cancel(session, receipt_no)
        self.files.move(row, ended)
        self._seams.tasks.withdraw(session, row.receipt_no, "withdrawn")
        self._seams.materials.handing.ended(session, row.receipt_no)
        self.files.note(session, row, "withdrawn", "applicant", detail={"reason": reason} if reason else {})
        session.flush()
        self._turns.ended(session, row)
        return self.files.view(session, row, APPLICANT)

    def message(self, session: Session, caller: Caller, receipt_no: str, text: str) -> CaseView:
        """One thread between the applicant and the desk."""
        row = self._mine(session, caller, receipt_no, lock=True)
        if row.status in rules.OF_APPLICANT:
            raise rules.conflict(self.files.workflow(row), row.status, APPLICANT)
        self.files.note(session, row, "message", "applicant", detail={"text": text})
        session.flush()
        return self.files.view(session, row, APPLICANT)

    def rate(
        self, session: Session, caller: Caller, receipt_no: str, score: int, tags: Sequence[str], text: str
    ) -> CaseView:
        """Once, at the end. Raises STATE_CONFLICT."""
        row = self._mine(session, caller, receipt_no, lock=True)
        self.ratings.rate(session, row, score, tags, text)
        session.flush()
        return self.files.view(session, row, APPLICANT)

    def one(self, session: Session, caller: Caller, receipt_no: str) -> CaseView:
        """Raises NOT_FOUND, for another citizen's too."""
        return self.files.view(session, self._mine(session, caller, receipt_no), APPLICANT)

    def mine(self, session: Session, caller: Caller, before: int | None, limit: int) -> Sequence[Entry]:
        """The newest first; `before` is the id of the last one that was seen."""
        query = select(CaseRow).where(CaseRow.subject == caller.whose)
        if caller.acts_for:
            query = query.where(CaseRow.service.in_(self.files.services(caller.acts_for.covers)))
        if before is not None:
            query = query.where(CaseRow.id < before)
        return [self.files.entry(row) for row in session.scalars(query.order_by(CaseRow.id.desc()).limit(limit))]

    def leave(self, session: Session, citizen_id: str) -> None:
        """Who goes takes along what was never handed in; what was is the office's file and stays."""
        in_bundle = exists().where(PartRow.case_id == CaseRow.id)
        drafts = select(CaseRow.id).where(CaseRow.subject == citizen_id, CaseRow.status == rules.DRAFT, ~in_bundle)
        ids = session.scalars(drafts.with_for_update()).all()
        session.execute(delete(EventRow).where(EventRow.case_id.in_(ids)))
        session.execute(delete(CaseRow).where(CaseRow.id.in_(ids)))

    def filing_moved(self, session: Session, moved: Moved) -> None:
        """What the outbox says of a filing; of an older version than the newest, or of what is no case of this
        room, it changes nothing."""
        query = select(CaseRow).where(CaseRow.receipt_no == moved.receipt_no)
        row = session.scalars(query.with_for_update()).one_or_none()
        if row is None or moved.version != row.version or moved.state == row.filing_state:
            return
        row.filing_state = moved.state.lower()
        if row.filing_state in _HEARD:
            row.unheard_at = None
        known, row.department_receipt = row.department_receipt, moved.department_receipt or row.department_receipt
        if event := _FILED.get(row.filing_state):
            detail = {"department_receipt": moved.department_receipt} if moved.department_receipt else {}
            self.files.note(session, row, event, "department", detail={**detail, **_reason(moved)})
        if row.department_receipt != known and (system := self.files.service(row).system):
            session.flush()
            self.department.known(session, system, row)

    def _make_up(
        self, session: Session, row: CaseRow, fields: Mapping[str, Any], papers: Sequence[Mapping[str, str]]
    ) -> CaseView:
        body, service = self.files.open(row, row.body_sealed), self.files.service(row)
        owed = [{"path": f"materials.{type}"} for type in body["promised"]]
        rules.check_corrections(owed, fields, [paper["type"] for paper in papers])
        body["papers"] += [asdict(paper) for paper in self.intake.checked(session, row, service, papers)]
        body["promised"] = []
        row.body_sealed, row.make_up_at = self.files.seal(row, body), None
        self.files.schedule(row)
        self.files.note(session, row, "made_up", "applicant")
        session.flush()
        return self.files.view(session, row, APPLICANT)

    def _draft_only(self, row: CaseRow) -> None:
        if row.status != rules.DRAFT:
            raise rules.conflict(self.files.workflow(row), row.status, APPLICANT)

    def _mine(self, session: Session, caller: Caller, receipt_no: str, lock: bool = False) -> CaseRow:
        row = self.files.find(session, receipt_no, lock)
        service = self.files.service(row)
        if row.subject != caller.whose or (caller.acts_for and not caller.acts_for.covers(service)):
            raise Problem("NOT_FOUND")
        return row


def _reason(moved: Moved) -> dict[str, str]:
    return {"reason": moved.reason} if moved.reason else {}
