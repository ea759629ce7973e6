"""What is handed in: a new case, its papers, and its way into the desk's queue and to the department.

Takes a session and never commits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases import rules
from hub.cases.file import Files
from hub.cases.models import CaseRow
from hub.cases.seams import Seams
from hub.database import one_at_a_time
from hub.errors import Fault, Problem, invalid
from hub.filings.orders import Order
from hub.gateway.orders import Caller
from hub.paper import Paper
from hub.settings.shapes import Service


class Intake:
    """Everything of one submission stands in one transaction, or nothing."""

    def __init__(self, files: Files, seams: Seams) -> None:
        self._files, self._seams = files, seams

    def new(self, caller: Caller, service: Service, made: Callable[..., CaseRow] = CaseRow) -> CaseRow:
        """Not yet in the session."""
        now = self._files.moment()
        return made(
            receipt_no=rules.new_receipt_no(now), citizen_id=caller.subject, subject=caller.whose, service=service.id,
            service_version=service.version, workflow=service.workflow, department=service.department,
            status=rules.DRAFT, version=0, handler="", card="none", raised=0, filing_state="", department_receipt="",
            body_sealed=b"", created_at=now, since=now,
        )  # fmt: skip

    def send(self, session: Session, row: CaseRow, service: Service, body: dict[str, Any]) -> None:
        """Submitted, and the applicant is told. Raises ALREADY_SUBMITTED, what is wrong with a paper."""
        self.submit(session, row, service, body)
        self._files.tell(session, row, "case-received", promised_on=self._files.day(row.promised_at))

    def submit(self, session: Session, row: CaseRow, service: Service, body: dict[str, Any]) -> None:
        """Submitted; whoever calls tells the applicant. Raises PROMISE_REFUSED for who did not keep an earlier one."""
        rules.check_papers(service, [paper["type"] for paper in body["papers"]], body["promised"])
        if body["promised"] and self._files.broke_a_promise(session, row):
            raise invalid([Fault(f"materials.{type}", "PROMISE_REFUSED") for type in body["promised"]])
        if row.id is None:
            row.once_tag = self._once_tag(row, service, body["fields"])  # found out when it is written
        else:
            self.only_one(session, row, service, body["fields"])
        row.submitted_at = self._files.moment()
        self.enter(session, row, service, body, self._files.workflow(row).first, "received")

    def enter(
        self, session: Session, row: CaseRow, service: Service, body: dict[str, Any], status: str, event: str
    ) -> None:
        """Into the desk's queue, and on its way to the department, in one transaction."""
        papers = self.checked(session, row, service, body["papers"])
        body["papers"] = [asdict(paper) for paper in papers]
        filed = self._ready(row, service, body, status)
        if row.id is None:
            self._files.begin(session, row, event)
        else:
            session.flush()
            self._files.note(session, row, event, "applicant")
        self._ask_community(session, row, service, body["fields"])
        if filed:
            self._seams.filings.place(session, self._order(row, service, body["fields"], papers))

    def at_once(self, row: CaseRow, service: Service, body: dict[str, Any]) -> dict[str, Any] | None:
        """What `send` writes of a new case without papers, for a shared statement (accepting.py). None where more
        has to be looked at first."""
        workflow = self._files.workflow(row)
        if workflow.stages[workflow.first].tasks:
            return None
        rules.check_papers(service, (), ())
        row.once_tag = self._once_tag(row, service, body["fields"])
        row.submitted_at = self._files.moment()
        filed = self._ready(row, service, body, workflow.first)
        order = self._order(row, service, body["fields"], ()) if filed else None
        told = self._files.told(row, "case-received", promised_on=self._files.day(row.promised_at))
        return {
            **self._files.begun(row, "received"), "filing": order and self._seams.filings.row(order),
            "message": self._seams.messages.told(*told),
        }  # fmt: skip

    def _ready(self, row: CaseRow, service: Service, body: dict[str, Any], status: str) -> bool:
        """Sealed, its clock begun, in this step; whether it goes to a department."""
        row.body_sealed, row.version = self._files.seal(row, body), row.version + 1
        self._files.start_clock(row)
        filed = bool(service.system and service.operation)
        if filed:
            row.filing_state = "ready"
            row.unheard_at = self._files.workdays.after(self._files.moment(), service.heard_days)
        self._files.move(row, status)
        return filed

    def _ask_community(self, session: Session, row: CaseRow, service: Service, fields: Mapping[str, Any]) -> None:
        """Those on the spot, by the region the form names, see what names the case and no more."""
        stage = self._files.workflow(row).stages[row.status]
        told = {name: str(value) for name, value in rules.visible(service, fields, stage.shows + 1).items()}
        if row.version > 1:
            self._seams.tasks.withdraw(session, row.receipt_no, "corrected")
        region = str(fields.get("region", service.region))
        for kind in stage.tasks:
            office = self._seams.tasks.assign_about(session, kind, region, row.receipt_no, told, row.department)
            detail = {"task": kind, "office": office}
            self._files.note(session, row, "task_assigned", "community", detail=detail)

    def _order(self, row: CaseRow, service: Service, fields: Mapping[str, Any], papers: Sequence[Paper]) -> Order:
        return Order(
            receipt_no=row.receipt_no, service=service.id, system=service.system or "",
            operation=service.operation or "", citizen_id=row.citizen_id,
            subject_tag=self._files.tag(row.subject, "subject").hex(),
            natural_key=self._filed_once(row, service, fields),
            version=row.version, fields=fields,
            papers=_uploaded(papers),
        )  # fmt: skip

    def _filed_once(self, row: CaseRow, service: Service, fields: Mapping[str, Any]) -> str:
        """For the department: the same thing again on another day is another application."""
        key = _natural_key(service, fields)
        return f"{key} {self._files.day(row.submitted_at)}" if key else ""

    def checked(
        self, session: Session, row: CaseRow, service: Service, papers: Sequence[Mapping[str, str]]
    ) -> list[Paper]:
        """The papers as they are kept; each is given to the office in the record of the materials room."""
        licences = [
            Paper(each["type"], credential_id=each["credential_id"]) for each in papers if not each.get("file_id")
        ]
        whose = {row.citizen_id, row.subject}
        for each in licences:
            if not any(self._seams.holds_licence(session, one, each.credential_id) for one in whose):
                raise Problem("NOT_FOUND")
        wanted = [(each["type"], each["file_id"]) for each in papers if each.get("file_id")]
        if not wanted:
            return licences
        materials = self._seams.materials
        found = materials.check(session, row.citizen_id, wanted, materials.limits(service.id))
        for paper in found:
            materials.give(session, row.citizen_id, paper.file_id, row.receipt_no, row.department)
        return [*licences, *found]

    def only_one(self, session: Session, row: CaseRow, service: Service, fields: Mapping[str, Any]) -> None:
        """Raises ALREADY_SUBMITTED with the receipt number of the one there is."""
        tag = self._once_tag(row, service, fields)
        if tag is None:
            return
        one_at_a_time(session, tag)
        with session.no_autoflush:
            there = session.scalar(select(CaseRow.receipt_no).where(CaseRow.once_tag == tag))
        if there not in (None, row.receipt_no):
            raise Problem("ALREADY_SUBMITTED", extra={"receipt_no": there})
        row.once_tag = tag

    def _once_tag(self, row: CaseRow, service: Service, fields: Mapping[str, Any]) -> bytes | None:
        key = _natural_key(service, fields)
        return self._files.tag(f"{row.subject}\0{service.id}\0{key}", "once") if key else None


def _natural_key(service: Service, fields: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={fields.get(name, '')}" for name in service.once_by)


def _uploaded(papers: Sequence[Paper]) -> tuple[Paper, ...]:
    """A licence is looked up by whoever needs it; only what was uploaded goes along."""
    return tuple(each for each in papers if each.file_id)
