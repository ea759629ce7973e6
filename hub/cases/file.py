"""One case's file: opened, written on, moved to its next step, shown. Sealed; takes a session and never commits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import BigInteger, bindparam, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, make_transient_to_detached
from sqlalchemy.sql.dml import ReturningInsert

from hub.cases import rules
from hub.cases.models import BundleRow, CaseRow, CorrectionRow, EventRow, PartRow, PauseRow, ResultRow
from hub.cases.seams import Tell
from hub.cases.views import CaseView, Correction, Entry, Happened, Paused, Receipt
from hub.clock import CHINA, Clock
from hub.crypto import Crypto
from hub.database import plain, turn
from hub.errors import Problem
from hub.settings.shapes import Service, Snapshot, Text
from hub.settings.workflow_shapes import Stage, Workflow
from hub.workdays import Workdays

NOT_MADE_UP = "make_up_overdue"
_NONE: Text = {"zh": "", "en": ""}
_LINE = insert(plain(EventRow))
_CASE = plain(CaseRow)
_COLUMNS = {each.key: each.type for each in _CASE.columns if each.key != "id"}
_OF_LINE = ("event", "status", "by", "actor", "at", "promised_at", "detail_sealed")
_BEFORE: Mapping[str, Text] = {
    rules.DRAFT: {"zh": "草稿，尚未提交", "en": "Draft, not submitted yet"},
    rules.WAITING: {"zh": "等前面的事项办结后自动提交", "en": "Submitted by itself when those before it are granted"},
}


def _begun(once: bool) -> ReturningInsert[Any]:
    """A case and the first line of its timeline in one trip, after its turn where there may be one of it; nothing where
    there is one. Built once, as that costs more than to send it."""
    given = select(*(bindparam(name, type_=type) for name, type in _COLUMNS.items()))
    if once:
        given = given.select_from(select(func.pg_advisory_xact_lock(bindparam("turn", type_=BigInteger))).cte("turn"))
    fresh = insert(_CASE).from_select(list(_COLUMNS), given).on_conflict_do_nothing(index_elements=["once_tag"])
    case = fresh.returning(_CASE.c.id).cte("begun")
    told = [bindparam(f"line_{name}", type_=plain(EventRow).c[name].type) for name in _OF_LINE]
    line = insert(plain(EventRow)).from_select(["case_id", *_OF_LINE], select(case.c.id, *told))
    return line.returning(plain(EventRow).c.case_id)


_BEGUN, _BEGUN_ONCE = _begun(False), _begun(True)


class Files:
    """Knows the tables and what stands in them."""

    def __init__(
        self, now: Callable[[], Snapshot], crypto: Crypto, clock: Clock, workdays: Workdays, tell: Tell
    ) -> None:
        self._now, self._crypto, self._clock, self.workdays, self._tell = now, crypto, clock, workdays, tell

    def moment(self) -> datetime:
        return self._clock.now()

    def service(self, row: CaseRow) -> Service:
        """Raises SERVICE_DISABLED where configuration has lost it; the case itself is safe."""
        service = self._now().services.get(row.service)
        if service is None:
            raise Problem("SERVICE_DISABLED", origin="hub", note=f"no service {row.service}")
        return service

    def services(self, which: Callable[[Service], bool]) -> list[str]:
        return [id for id, service in self._now().services.items() if which(service)]

    def task_title(self, kind: str) -> Text:
        found = self._now().tasks.get(kind)
        return found.title if found else {"zh": kind}

    def workflow(self, row: CaseRow) -> Workflow:
        workflow = self._now().workflows.get(row.workflow)
        if workflow is None:
            raise Problem("SERVICE_DISABLED", origin="hub", note=f"no workflow {row.workflow}")
        return workflow

    def find(self, session: Session, receipt_no: str, lock: bool = False) -> CaseRow:
        """Raises NOT_FOUND."""
        query = select(CaseRow).where(CaseRow.receipt_no == receipt_no)
        row = session.scalars(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            raise Problem("NOT_FOUND")
        return row

    def tag(self, value: str, purpose: str) -> bytes:
        return self._crypto.lookup(value, f"cases.{purpose}")

    def seal(self, row: CaseRow, value: Any) -> bytes:
        return self._crypto.seal(orjson.dumps(value), purpose_of(row)) if value else b""

    def open(self, row: CaseRow, sealed: bytes) -> Any:
        return orjson.loads(self._crypto.open(sealed, purpose_of(row))) if sealed else {}

    def note(
        self, session: Session, row: CaseRow, event: str, by: str, actor: str = "", detail: Mapping[str, Any] = {}
    ) -> None:
        """One more line of the timeline, with the clock as it stands after it."""
        session.execute(_LINE, {"case_id": row.id, **self._line(row, event, by, actor, detail)})

    def begin(self, session: Session, row: CaseRow, event: str) -> None:
        """A case that is new, with the first line of its timeline, the applicant's. Raises ALREADY_SUBMITTED with the
        receipt number of the one there is."""
        made = self.begun(row, event)
        given = {**made["case"], **{f"line_{name}": value for name, value in made["line"].items()}}
        if row.once_tag:
            id = session.scalar(_BEGUN_ONCE, {**given, "turn": made["turn"]})
        else:
            id = session.scalar(_BEGUN, given)
        if id is None:
            there = session.scalar(select(CaseRow.receipt_no).where(CaseRow.once_tag == row.once_tag))
            raise Problem("ALREADY_SUBMITTED", extra={"receipt_no": there})
        row.id = id
        make_transient_to_detached(row)
        session.add(row)  # as if it had been found there

    def begun(self, row: CaseRow, event: str) -> dict[str, Any]:
        """What `begin` writes."""
        for name in _COLUMNS.keys() - row.__dict__.keys():
            setattr(row, name, None)
        case = {name: row.__dict__[name] for name in _COLUMNS}
        once = turn(row.once_tag) if row.once_tag else None
        return {"receipt_no": row.receipt_no, "turn": once, "case": case, "line": self._line(row, event, "applicant")}

    def _line(
        self, row: CaseRow, event: str, by: str, actor: str = "", detail: Mapping[str, Any] = {}
    ) -> dict[str, Any]:
        return {
            "event": event, "status": row.status, "by": by, "actor": actor, "at": self.moment(),
            "promised_at": row.promised_at, "detail_sealed": self.seal(row, dict(detail)),
        }  # fmt: skip

    def move(self, row: CaseRow, status: str) -> None:
        """To this step, from now on. Silence is counted anew, and what time alone will do next."""
        row.status, row.since = status, self.moment()
        stage = self.workflow(row).stages[status]
        row.silent_at = self.workdays.after(row.since, stage.silence_days) if stage.silence_days else None
        row.ended_at = row.since if stage.clock == "ended" else None
        if row.ended_at:
            row.unheard_at = None
            row.once_tag = None  # the next application for the same thing is welcome
        self.schedule(row, stage)

    def start_clock(self, row: CaseRow) -> None:
        """The promise counts from now."""
        row.clock_from, row.card, row.raised = self.moment(), "none", 0
        terms = rules.terms(self.service(row), row.clock_from, self.workdays)
        row.promised_at, row.legal_at = terms.promised_at, terms.legal_at

    def schedule(self, row: CaseRow, stage: Stage | None = None) -> None:
        """When time alone will change something next."""
        workflow = self.workflow(row)
        stage = stage or workflow.stages[row.status]
        make_up_ahead = row.make_up_at and row.make_up_at > self.moment() and stage.clock == "runs"
        due = [row.silent_at, row.unheard_at, row.make_up_at if make_up_ahead else None]
        if stage.clock == "runs" and row.promised_at:
            card = rules.next_card(row.card, row.raised, row.promised_at, workflow.cards, self.workdays)
            due.append(card[0] if card else None)
        row.next_at = min((each for each in due if each is not None), default=None)

    def tell(self, session: Session, row: CaseRow, kind: str, **values: str | Text) -> None:
        """To the applicant, and to whom the case is about where that is somebody else with an inbox."""
        self._tell(session, *self.told(row, kind, **values))

    def told(self, row: CaseRow, kind: str, **values: str | Text) -> tuple[str, str, dict[str, str | Text], str]:
        """What `tell` says: to whom, the kind of message, its values, what it is about."""
        told = {"service": self.service(row).title, "receipt_no": row.receipt_no, **values}
        return row.citizen_id, kind, told, row.receipt_no

    def day(self, moment: datetime | None) -> str:
        return moment.astimezone(CHINA).date().isoformat() if moment else ""

    def correction(self, session: Session, row: CaseRow) -> CorrectionRow | None:
        """The newest list."""
        newest = select(CorrectionRow).where(CorrectionRow.case_id == row.id).order_by(CorrectionRow.number.desc())
        return session.scalars(newest.limit(1)).one_or_none()

    def result(self, session: Session, row: CaseRow) -> ResultRow | None:
        """The decision in force."""
        query = select(ResultRow).where(ResultRow.case_id == row.id, ResultRow.undone_at.is_(None))
        return session.scalars(query.order_by(ResultRow.id.desc()).limit(1)).one_or_none()

    def broke_a_promise(self, session: Session, row: CaseRow) -> bool:
        """Whether papers that this applicant promised were late, in this or another case, not long ago."""
        late = exists().where(
            CaseRow.subject == row.subject, EventRow.case_id == CaseRow.id, EventRow.event == NOT_MADE_UP,
            EventRow.at > self.moment() - rules.NO_PROMISE,
        )  # fmt: skip
        return bool(session.scalar(select(late)))

    def view(
        self, session: Session, row: CaseRow, by: Iterable[str], shows: int | None = None, story: bool = True
    ) -> CaseView:
        """`by`: the applicant, or an officer's permissions; `shows`: up to which data class, None for all. Without its
        `story` (timeline, pauses, corrections, result) it is a receipt, and asks the database nothing."""
        service, workflow = self.service(row), self.workflow(row)
        body, stage = self.open(row, row.body_sealed), workflow.stages.get(row.status)
        fields = body["fields"] if shows is None else rules.visible(service, body["fields"], shows)
        chain = workflow.cards.chain
        return CaseView(
            receipt_no=row.receipt_no, bundle_no=self._bundle_no(session, row) if story else "",
            service=row.service, title=service.title, department=self._department(row),
            handler=self.number(row.handler), status=row.status,
            status_title=stage.title if stage else _BEFORE.get(row.status, _NONE),
            created_at=row.created_at, submitted_at=row.submitted_at, since=row.since,
            promised_at=row.promised_at, legal_at=row.legal_at, make_up_at=row.make_up_at,
            clock=stage.clock if stage else "waits", card=rules.shown_card(row.card),
            paused=self._pauses(session, row, workflow) if story else (),
            raised_to=chain[min(row.raised, len(chain)) - 1] if row.raised else None,
            fields=fields, papers=body["papers"] if shows is None or shows > 1 else [],
            promised_papers=body["promised"], timeline=self._timeline(session, row) if story else (),
            correction=self._correction(session, row) if story else None,
            result=self._result(session, row) if story else None,
            filing_state=row.filing_state, department_receipt=row.department_receipt,
            possible=rules.possible(workflow, row.status, by),
        )  # fmt: skip

    def receipt(self, row: CaseRow, body: Mapping[str, Any]) -> Receipt:
        """Of what is about to be kept: `body` as it was sealed."""
        return Receipt(
            row.receipt_no, row.status, row.promised_at, self._department(row), body["fields"], body["papers"]
        )

    def entry(self, row: CaseRow, officer: str = "") -> Entry:
        snapshot = self._now()
        service, workflow = snapshot.services.get(row.service), snapshot.workflows.get(row.workflow)
        stage = workflow.stages.get(row.status) if workflow else None
        return Entry(
            row.id, row.receipt_no, row.service, service.title if service else _NONE, row.status,
            stage.title if stage else _BEFORE.get(row.status, _NONE), row.submitted_at, row.promised_at,
            rules.shown_card(row.card), bool(officer) and row.handler == officer,
        )  # fmt: skip

    def number(self, staff_id: str) -> str:
        """What is told of an officer: a number of six digits."""
        return f"{int.from_bytes(self.tag(staff_id, 'officer')[:8], 'big') % 10**6:06d}" if staff_id else ""

    def _department(self, row: CaseRow) -> Text:
        department = self._now().departments.get(row.department)
        return department.name if department else _NONE

    def _timeline(self, session: Session, row: CaseRow) -> Sequence[Happened]:
        rows = session.scalars(select(EventRow).where(EventRow.case_id == row.id).order_by(EventRow.id))
        return [
            Happened(
                each.event, each.status, each.by, self.number(each.actor) if each.by == "officer" else "", each.at,
                each.promised_at, self._worded(self.open(row, each.detail_sealed)),
            )
            for each in rows
        ]  # fmt: skip

    def _worded(self, detail: dict[str, Any]) -> dict[str, Any]:
        """What an office was asked and what it answered, by their names too."""
        if "task" not in detail:
            return detail
        kind = self._now().tasks.get(detail["task"])
        said = kind.answers.get(detail.get("answer", "")) if kind else None
        return {**detail, "title": self.task_title(detail["task"]), **({"text": said} if said else {})}

    def _pauses(self, session: Session, row: CaseRow, workflow: Workflow) -> Sequence[Paused]:
        rows = session.scalars(select(PauseRow).where(PauseRow.case_id == row.id).order_by(PauseRow.id))
        return [
            Paused(
                each.procedure, workflow.procedures[each.procedure].title if each.procedure in workflow.procedures
                else _NONE, self.open(row, each.reason_sealed)["reason"], each.started_at, each.until, each.ended_at,
            )
            for each in rows
        ]  # fmt: skip

    def _correction(self, session: Session, row: CaseRow) -> Correction | None:
        newest = self.correction(session, row)
        if newest is None:
            return None
        items = self.open(row, newest.items_sealed)["items"]
        return Correction(newest.number, items, newest.due_at, newest.asked_at, newest.answered_at)

    def _bundle_no(self, session: Session, row: CaseRow) -> str:
        of_it = select(PartRow.bundle_id).where(PartRow.case_id == row.id).scalar_subquery()
        return session.scalar(select(BundleRow.receipt_no).where(BundleRow.id == of_it)) or ""

    def _result(self, session: Session, row: CaseRow) -> Mapping[str, Any] | None:
        found = self.result(session, row)
        if found is None:
            return None
        return {"approved": found.approved, "decided_at": found.decided_at, **self.open(row, found.document_sealed)}


def purpose_of(row: CaseRow) -> str:
    """What everything of a case is sealed for."""
    return f"cases.case:{row.receipt_no}"
