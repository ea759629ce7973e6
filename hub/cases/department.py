"""What a department says of a case by itself: an event with its own receipt number moves our case on and its clock.

Every event is kept with what became of it. Twice, late or out of order it changes nothing; one of a receipt number that
nobody knows yet waits for it; one that may not be done now, or lacks what the law wants, is refused and told to
operations. Takes a session and never commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.cases import rules
from hub.cases.file import Files
from hub.cases.models import CaseRow, DepartmentEventRow
from hub.cases.news import news
from hub.cases.steps import Steps
from hub.crypto import Crypto
from hub.database import one_at_a_time
from hub.errors import Problem
from hub.port import BadRow, Record
from hub.settings.shapes import Text

DATASET = "case_events"
APPLIED, LATE, UNKNOWN = "applied", "late", "RECEIPT_UNKNOWN"
_BY = ("case.write",)
_STEPS: Mapping[str, tuple[str, str, Text | None]] = {
    "accepted": ("accept", "accepted", news("accepted")),
    "paused": ("pause", "paused", news("paused_by_department")),
    "resumed": ("resume", "resumed", news("resumed")),
    "correction_wanted": ("request-correction", "correction_requested", None),
    "approved": ("approve", "decided", None),
    "refused": ("refuse", "decided", None),
}


class Department:
    """One for the process."""

    def __init__(self, files: Files, steps: Steps, crypto: Crypto) -> None:
        self._files, self._steps, self._crypto = files, steps, crypto
        self._log = structlog.get_logger()

    def told(self, session: Session, system: str, records: Sequence[Record]) -> list[BadRow]:
        """The events among these records; those that came to nothing are given back, for operations and the report."""
        refused = []
        ours = [record for record in records if record.dataset == DATASET]
        one_at_a_time(session, *(self._turn(system, _receipt(record)) for record in ours))
        for number, record in enumerate(records):
            if record.dataset == DATASET:
                outcome = self._one(session, system, record)
                if outcome not in (APPLIED, LATE):
                    self._log.warning("department_event_refused", system=system, code=outcome)
                    refused.append(BadRow(f"{DATASET}[{number}]", outcome))
        return refused

    def known(self, session: Session, system: str, row: CaseRow) -> None:
        """A case's department receipt became known: what was told of it before counts now, the oldest first."""
        one_at_a_time(session, self._turn(system, row.department_receipt))
        waiting = select(DepartmentEventRow).where(
            DepartmentEventRow.system == system,
            DepartmentEventRow.receipt_tag == self._files.tag(row.department_receipt, "department_receipt"),
            DepartmentEventRow.outcome == UNKNOWN,
        )
        for event in session.scalars(waiting.order_by(DepartmentEventRow.at, DepartmentEventRow.id)):
            fields = orjson.loads(self._crypto.open(event.fields_sealed, purpose_of(event)))
            event.outcome = self._put(session, row, event, fields)

    def _one(self, session: Session, system: str, record: Record) -> str:
        fields, receipt = record.fields, _receipt(record)
        event = self._kept(session, system, receipt, record)
        if event.outcome:
            return event.outcome  # it was here before
        row = self._case(session, system, receipt)
        event.outcome = UNKNOWN if row is None else self._put(session, row, event, fields)
        return event.outcome

    def _kept(self, session: Session, system: str, receipt: str, record: Record) -> DepartmentEventRow:
        event = DepartmentEventRow(
            system=system, key_tag=self._files.tag(f"{system}\0{record.key}", "department_event"),
            receipt_tag=self._files.tag(receipt, "department_receipt"), outcome="",
            at=datetime.fromisoformat(record.fields["at"]), seen_at=self._files.moment(), fields_sealed=b"",
        )  # fmt: skip
        event.fields_sealed = self._crypto.seal(orjson.dumps(dict(record.fields)), purpose_of(event))
        values = {
            name: getattr(event, name)
            for name in ("system", "key_tag", "receipt_tag", "outcome", "at", "seen_at", "fields_sealed")
        }
        session.execute(insert(DepartmentEventRow).values(values).on_conflict_do_nothing())
        return session.scalars(select(DepartmentEventRow).where(DepartmentEventRow.key_tag == event.key_tag)).one()

    def _case(self, session: Session, system: str, receipt: str) -> CaseRow | None:
        """Only a case that was filed with this very system."""
        if not receipt:
            return None
        query = select(CaseRow).where(CaseRow.department_receipt == receipt).with_for_update()
        return next((row for row in session.scalars(query) if self._files.service(row).system == system), None)

    def _put(self, session: Session, row: CaseRow, event: DepartmentEventRow, fields: Mapping[str, Any]) -> str:
        """What became of it. Nothing of one that is refused remains."""
        newest = select(func.max(DepartmentEventRow.at)).where(
            DepartmentEventRow.case_id == row.id, DepartmentEventRow.outcome == APPLIED
        )
        last = session.scalar(newest)
        event.case_id = row.id
        if last is not None and event.at <= last:
            return LATE
        try:
            with session.begin_nested():
                self._apply(session, row, fields)
        except Problem as problem:
            return problem.faults[0].code if problem.faults else problem.code
        return APPLIED

    def _apply(self, session: Session, row: CaseRow, fields: Mapping[str, Any]) -> None:
        """Raises STATE_CONFLICT where it may not be done now, and what the step itself lacks."""
        act, event, told = _STEPS[fields["step"]]
        for name in rules.way_to(self._files.workflow(row), row.status, act):
            if name != act:  # what the department must have done before, and did not say
                self._move(session, row, name)
        detail = self._effect(session, row, act, fields)
        to = rules.allowed(self._files.workflow(row), row.status, act, _BY).to
        self._files.move(row, to)
        row.unheard_at = None
        self._files.schedule(row)
        self._files.note(session, row, event, "department", detail={**detail, "happened_at": fields["at"]})
        if told:
            self._files.tell(session, row, "case-progress", status=told)
        if act in ("approve", "refuse"):
            self._steps.tell_decided(session, row, act == "approve")
        session.flush()

    def _move(self, session: Session, row: CaseRow, act: str) -> None:
        if act == "resume":
            self._steps.resume(session, row)
        self._files.move(row, rules.allowed(self._files.workflow(row), row.status, act, _BY).to)
        self._files.note(session, row, "resumed" if act == "resume" else "accepted", "department")

    def _effect(self, session: Session, row: CaseRow, act: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        actor = f"department:{row.department}"
        reason = str(fields.get("reason") or "")
        if act == "pause":
            return self._steps.pause(session, row, str(fields.get("procedure") or ""), fields.get("days") or 0, reason)
        if act == "resume":
            self._steps.resume(session, row)
        elif act == "request-correction":
            items = rules.items_of(str(fields.get("items") or ""))
            return self._steps.ask(session, row, items, fields.get("days") or rules.CORRECTION_DAYS, reason, actor)
        elif act == "approve":
            self._steps.grant(session, row, rules.document_of(fields), actor, ())
            return {"approved": True}
        elif act == "refuse":
            why = {name: str(fields.get(name) or "") for name in ("reason", "basis", "appeal")}
            self._steps.refuse(session, row, why, actor)
            return {"approved": False}
        return {}

    def _turn(self, system: str, receipt: str) -> bytes:
        return self._files.tag(f"{system}\0{receipt}", "department_turn")


def _receipt(record: Record) -> str:
    return str(record.fields.get("case_receipt") or "")


def purpose_of(event: DepartmentEventRow) -> str:
    return f"cases.department_event:{event.key_tag.hex()}"
