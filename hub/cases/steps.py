"""What an act does to a case, whoever does it: an officer at the desk, or the department in its own system.

That a decision needs its document, and a refusal its reason, basis and appeal route, is law and stands here. Takes a
session and never commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases import rules
from hub.cases.file import Files
from hub.cases.models import CaseRow, CorrectionRow, PauseRow, ResultRow
from hub.cases.news import news
from hub.cases.seams import Seams
from hub.cases.turns import Turns
from hub.errors import Fault, Problem, invalid

_WHY = ("reason", "basis", "appeal")


class Steps:
    """Each gives what the timeline says of it; moving the case on is the caller's."""

    def __init__(self, files: Files, seams: Seams, turns: Turns) -> None:
        self._files, self._seams, self._turns = files, seams, turns

    def ask(
        self,
        session: Session,
        row: CaseRow,
        items: Sequence[Mapping[str, str]],
        days: int,
        again_because: str,
        actor: str,
    ) -> dict[str, Any]:
        """All that is missing or wrong, in one list: {path, message}. A second list needs the reason why the first was
        not full. Raises CHOICE, REASON_REQUIRED."""
        rules.check_items(self._files.service(row), items)
        former = self._files.correction(session, row)
        if former is not None and not again_because:
            raise invalid([Fault("again_because", "REASON_REQUIRED")])
        now = self._files.moment()
        for each in items:
            if each["path"].startswith("materials."):  # what some office has is not asked for again without a reason
                kind = each["path"].removeprefix("materials.")
                ask_anew = self._seams.materials.handing.ask_anew
                ask_anew(session, row.citizen_id, row.receipt_no, kind, actor, again_because)
        due, number = self._files.workdays.after(now, days), former.number + 1 if former else 1
        session.add(
            CorrectionRow(
                case_id=row.id, number=number, items_sealed=self._files.seal(row, {"items": list(items)}),
                again_because=again_because, due_at=due, asked_at=now,
            )
        )  # fmt: skip
        what = "；".join(each["message"] for each in items)
        self._files.tell(session, row, "case-correction", what=what, due_on=self._files.day(due))
        return {"number": number, "items": list(items), **({"again_because": again_because} if again_because else {})}

    def pause(self, session: Session, row: CaseRow, procedure: str, days: int, reason: str) -> dict[str, Any]:
        """Only in a special procedure that the workflow names, for no longer than it allows. Raises CHOICE, RANGE."""
        named = self._files.workflow(row).procedures.get(procedure)
        if named is None:
            raise invalid([Fault("procedure", "CHOICE")])
        if not 0 < days <= named.days:
            raise invalid([Fault("days", "RANGE")])
        now = self._files.moment()
        until = self._files.workdays.after(now, days)
        sealed = self._files.seal(row, {"reason": reason})
        session.add(PauseRow(case_id=row.id, procedure=procedure, reason_sealed=sealed, started_at=now, until=until))
        title = dict(named.title)
        return {"procedure": procedure, "title": title, "reason": reason, "until": self._files.day(until)}

    def resume(self, session: Session, row: CaseRow) -> None:
        """The special procedure is over: the promise is later by as many working days as it took."""
        running = select(PauseRow).where(PauseRow.case_id == row.id, PauseRow.ended_at.is_(None))
        pause = session.scalars(running).one()
        pause.ended_at = self._files.moment()
        for name in ("promised_at", "legal_at", "make_up_at"):
            moment = getattr(row, name)
            if moment is not None:
                setattr(row, name, rules.longer(moment, pause.started_at, pause.ended_at, self._files.workdays))

    def grant(
        self, session: Session, row: CaseRow, document: Mapping[str, Any], by: str, possible: Sequence[str]
    ) -> None:
        """With the result document: its name and number, and its text or the licence that was issued. Raises REQUIRED
        without, NOT_FOUND for a licence that is not the applicant's, STATE_CONFLICT while promised papers are out."""
        if row.make_up_at is not None:
            left = [name for name in possible if name != "approve"]
            raise Problem("STATE_CONFLICT", extra={"case_status": row.status, "possible": left})
        missing = [Fault(f"document.{name}", "REQUIRED") for name in ("name", "number") if not document.get(name)]
        if not (document.get("text") or document.get("credential_id")):
            missing.append(Fault("document.text", "REQUIRED"))
        if missing:
            raise invalid(missing)
        licence = document.get("credential_id")
        if licence and not self._seams.holds_licence(session, row.subject, licence):
            raise invalid([Fault("document.credential_id", "NOT_FOUND")])
        self._decided(session, row, True, document, by)

    def refuse(self, session: Session, row: CaseRow, why: Mapping[str, str], by: str) -> None:
        """`why` has reason, basis and appeal, none of them empty. Raises REQUIRED."""
        missing = [Fault(name, "REQUIRED") for name in _WHY if not why.get(name, "").strip()]
        if missing:
            raise invalid(missing)
        self._decided(session, row, False, why, by)

    def tell_decided(self, session: Session, row: CaseRow, approved: bool) -> None:
        """And whoever waited for it in a bundle is next."""
        self._files.tell(session, row, "case-decided", result=news("approved" if approved else "refused"))
        self._turns.ended(session, row)

    def _decided(self, session: Session, row: CaseRow, approved: bool, document: Mapping[str, Any], by: str) -> None:
        session.add(
            ResultRow(
                case_id=row.id, approved=approved, document_sealed=self._files.seal(row, dict(document)),
                decided_by=by, decided_at=self._files.moment(),
            )
        )  # fmt: skip
        self._seams.tasks.withdraw(session, row.receipt_no, "decided")
        self._seams.materials.handing.ended(session, row.receipt_no)
